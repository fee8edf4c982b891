"""Claims about every system call of a commit: it may fail, or be the last one of the process, and no mark is lost."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from attendance.model import Site
from tests.faults.calls import KINDS, Fault, Marker, answers_of_a_new_process, flushes_of, marking, recover
from tests.faults.checker import check_rows
from tests.faults.subject import Groups

MakeSite = Callable[..., Site]
MOST = 200
HEADER = b"Timestamp,Employee_ID,Name,Status\n"
HALF_ROW = b"2026-11-23T11:59:59+00:00,E77,An"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happened before the fault, and the kinds of calls that belong to what happens under it."""

    kinds: set[str]
    earlier: tuple[str, ...] = ()
    stays: bool = False
    before: Groups = ()
    spoil: Callable[[Path], object] = lambda _: None

    @contextmanager
    def begun(self, site: Site) -> Iterator[None]:
        """Mark those who are marked earlier; the process that did it lives on, with the ledger open, if it stays."""
        with marking(site, [[one] for one in self.earlier], []) as witness:
            if not self.stays:
                witness.go_on()
            yield


def _tear(path: Path) -> None:
    """Leave half a row at the end, as a power cut does."""
    with path.open("ab") as file:
        file.write(HALF_ROW)


def _replace(path: Path) -> None:
    """Put another file in the place of the ledger, as an editor does."""
    path.with_name("another").write_bytes(HEADER + b"saved,by,an,editor\n")
    path.with_name("another").rename(path)


_COMMIT = {"fdatasync", "flock", "fstat", "pread64", "pwrite64", "write"}
SCENARIOS = {
    "creation": Scenario(kinds=_COMMIT | {"close", "fsync", "mkdir", "openat", "rename", "unlink"}),
    "fresh process": Scenario(kinds=_COMMIT | {"close", "openat"}, earlier=("E1",)),
    "third commit": Scenario(kinds=_COMMIT, before=[["E1"], ["E2"]]),
    "torn tail": Scenario(
        kinds=_COMMIT | {"close", "fsync", "ftruncate", "mkdir", "openat"}, before=[["E1"]], spoil=_tear
    ),
    "replaced file": Scenario(
        kinds=_COMMIT | {"close", "fsync", "link", "mkdir", "openat", "rename", "unlink"},
        earlier=("E1",),
        stays=True,
        before=[["E2"]],
        spoil=_replace,
    ),
}
HARMLESS = {"read", "ioctl", "lseek", "getdents64", "readlink", "fadvise64", "writev"}  # writev is the answer
_CHANGING = {
    "fdatasync", "flock", "fsync", "ftruncate", "link", "mkdir", "openat", "pwrite64", "rename", "unlink", "write",
}  # fmt: skip
_ERRORS = {
    "flock": ["ENOLCK"],
    "mkdir": ["EIO", "ENOSPC"],
    "openat": ["EIO", "EMFILE", "ENOSPC"],
    "pwrite64": ["EIO", "ENOSPC", "EDQUOT"],
    "write": ["EIO", "ENOSPC", "EDQUOT"],
}


def _cases() -> list[tuple[str, str, str]]:
    """Return each scenario with each kind of its calls and each fault of that kind."""
    cases = []
    for name, scenario in SCENARIOS.items():
        for kind in sorted(scenario.kinds):
            cases += [(name, kind, error) for error in _ERRORS.get(kind, ["EIO"])]
            cases += [(name, kind, kill) for kill in ("killed before", "killed after") if kind in _CHANGING]
        cases += [(name, "writev", "killed before")]
    return cases


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize("case", _cases(), ids=" ".join)
def test_no_failing_call_loses_or_doubles_a_mark(
    case: tuple[str, str, str], tmp_path: Path, make_site: MakeSite, figures: Counter[str]
) -> None:
    """Whichever call of a kind fails or is the last one, acknowledged rows stay, and all can be marked in the end."""
    name, kind, what = case
    scenario = SCENARIOS[name]
    for number in range(1, MOST):
        site = make_site(csv_path=tmp_path / str(number) / "data" / "london.csv")
        with scenario.begun(site):
            struck = _strike(site, scenario, Fault(kind=kind, what=what, when=number))

            _others_go_on(site, struck)
            _all_can_mark(site, struck, scenario.earlier)
        if not struck.was_struck():
            break
    figures["system calls failed or last"] += number - 1
    assert 1 < number < MOST - 1


def _strike(site: Site, scenario: Scenario, *faults: Fault) -> Marker:
    """Return what became of a process that marks two people under the faults."""
    with marking(site, scenario.before, [["E3"], ["E4"]]) as marker:
        scenario.spoil(site.csv_path)
        marker.go_on_under(*faults)
    return marker


def _others_go_on(site: Site, struck: Marker) -> None:
    """Make sure that the process refused one mark at most, unless a flush failed: then it refused all from there on.

    The flush that failed was the last one that it tried.
    """
    codes = [answer.code for answer in struck.answers]
    refused = [code for code in codes if code not in {"recorded", "repeated"}]
    if "flush_failed" in codes:
        assert refused == codes[codes.index("flush_failed") :], struck.trace
        assert "(INJECTED)" in flushes_of(struck.trace, site.csv_path)[-1], struck.trace
    else:
        assert len(refused) <= 1, (refused, struck.trace)


def _all_can_mark(site: Site, struck: Marker, earlier: tuple[str, ...]) -> None:
    """Make sure that a new process records everybody once, if need be after an operator had the file verified."""
    everybody = ["E9", *earlier, *struck.expected]

    answers = answers_of_a_new_process(site, everybody)
    if answers[0].code == "flush_failed":
        assert {answer.code for answer in answers} == {"flush_failed"}
        recover(site)
        answers = answers_of_a_new_process(site, everybody)

    assert {answer.code for answer in answers} <= {"recorded", "repeated"}, struck.trace
    rows = check_rows(site.csv_path, {*struck.acknowledged, *(answer.row for answer in answers if answer.row)})
    assert Counter(row.employee_id for row in rows) == Counter(everybody), struck.trace


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_kind_of_call_is_struck(scenario: str, tmp_path: Path, make_site: MakeSite) -> None:
    """The kinds listed for a scenario are those that it really makes, so none is left out or struck in vain."""
    site = make_site(csv_path=tmp_path / "data" / "london.csv")
    kinds = {word.lstrip("?"): kind for kind, words in KINDS.items() for word in words.split(",")}

    with SCENARIOS[scenario].begun(site):
        marker = _strike(site, SCENARIOS[scenario], Fault(kind="rmdir", what="EIO"))

    found = {match[1] for line in marker.trace if (match := re.match(r"(?:\[pid +\d+\] )?(\w+)\(", line))}
    assert {kinds.get(call, call) for call in found} - HARMLESS == SCENARIOS[scenario].kinds


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="write", what="ENOSPC"),
        Fault(kind="fsync", what="EIO", when=2),
        Fault(kind="rename", what="EIO"),
    ],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize("what", ["EIO", "killed before", "killed after"])
def test_a_failure_of_cleaning_up_does_no_harm(fault: Fault, what: str, tmp_path: Path, make_site: MakeSite) -> None:
    """Where a file could not be made and what is left of it cannot be removed, the next mark goes on by itself."""
    site = make_site(csv_path=tmp_path / "data" / "london.csv")
    removal = Fault(kind="unlink", what=what, when=2)  # the first is that of what another process might have left

    struck = _strike(site, SCENARIOS["creation"], fault, removal)

    assert not struck.acknowledged or what == "EIO"
    assert sum("(INJECTED)" in line for line in struck.trace) == (2 if what == "EIO" else 1)
    assert struck.was_struck()
    _others_go_on(site, struck)
    _all_can_mark(site, struck, ())
