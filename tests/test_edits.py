"""What something else made of a ledger is told by row: which it changed, removed and added."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import edits
from attendance.amendments import Amendments
from attendance.checking import check_site
from attendance.codec import HEADER
from attendance.edits import Edit, Edits, find_edits, kept_versions
from attendance.keeping import Follower
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Site
from tests.appendlog_kit import row
from tests.conftest import HandClock, Incidents

THREE = HEADER + row("E1") + row("E2", name='"Park, Jo"') + row("E3")
TIME = "2026-11-23T09:00:03+00:00"


@pytest.fixture
def compare(tmp_path: Path) -> Callable[[bytes], Edits]:
    """A comparison of what was made of a ledger of three rows, which has four now."""
    path = tmp_path / "london.csv"
    path.write_bytes(THREE + row("E4"))

    def compare(made: bytes) -> Edits:
        kept = tmp_path / "quarantine" / f"london.csv.replaced-{len(THREE)}"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(made)
        return find_edits(path, kept)

    return compare


@pytest.mark.parametrize(
    ("made", "summary"),
    [
        (THREE, "the same rows in another form"),
        (THREE.replace(b"E1", b"E9"), "1 changed (row 2)"),
        (THREE.replace(row("E1"), b""), "1 removed (row 2 of the ledger)"),
        (THREE + row("E5") + row("E6"), "2 added (row 5, 6)"),
        (
            THREE.replace(row("E1"), row("E5") + row("E1")).replace(row("E3"), b""),
            "1 removed (row 4 of the ledger); 1 added (row 2)",
        ),
        (b"", "cannot be compared by row"),
        (b"PK\x03\x04", "cannot be compared by row"),
    ],
)
def test_what_differs_is_summed_up(compare: Callable[[bytes], Edits], made: bytes, summary: str) -> None:
    """Numbers of rows only: this goes to the log. Rows that came after the ledger was put back are none of it."""
    assert compare(made).summary.startswith(summary)


@pytest.mark.parametrize(
    "save",
    [
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text.replace(",", ";").replace("Park; Jo", "Park, Jo"),
        lambda text: "\n".join(
            '"' + '","'.join(line.replace('"Park, Jo"', "Park; Jo").split(",")) + '"' for line in text.splitlines()
        ).replace("Park; Jo", "Park, Jo"),
    ],
)
def test_another_form_of_the_same_rows_is_no_edit(
    compare: Callable[[bytes], Edits], save: Callable[[str], str]
) -> None:
    """Byte order marks, line ends, semicolons and quotes alone change nothing that a row says."""
    assert compare(save(THREE.decode()).encode()).edits == []
    assert compare(save(THREE.decode()).strip("\ufeff").encode("utf-16")).edits == []


def test_an_edit_is_told_in_words(compare: Callable[[bytes], Edits]) -> None:
    """What it was, what it became."""
    told = compare(THREE.replace(b"E3,Ana", b"E3,Eva") + row("E7")).text()

    assert told.splitlines()[2:] == [
        f"row 4 changed: was {TIME},E3,Ana,Present; became {TIME},E3,Eva,Present",
        f"row 5 added: became {TIME},E7,Ana,Present",
    ]


def test_a_row_that_is_broken_is_a_change(compare: Callable[[bytes], Edits]) -> None:
    """It is told by what is wrong with it."""
    (edit,) = compare(THREE.replace(b"E1,Ana", b'E1,"Ana')).edits

    assert (edit.number, edit.kind) == (2, "changed")
    assert "quotes" in edit.became[0]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """It was put in the place of the ledger, and may lead anywhere."""
    (tmp_path / "london.csv").write_bytes(THREE)
    kept = tmp_path / "london.csv.replaced-10"
    kept.symlink_to("/etc/passwd")

    assert "symbolic link" in find_edits(tmp_path / "london.csv", kept).summary


def test_a_long_list_says_how_much_more_there_is(
    compare: Callable[[bytes], Edits], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a million lines."""
    monkeypatch.setattr(edits, "MAX_TOLD", 2)

    told = compare(THREE + b"".join(row(f"F{number}") for number in range(30)))

    assert told.text().endswith("Present\nand 28 more\n")
    assert told.summary.endswith("24, ...)")


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)), st.booleans())
def test_the_edits_lead_from_one_to_the_other(ours: list[int], theirs: list[int], quick: bool) -> None:  # noqa: FBT001  # drawn
    """Whoever takes away what was, and adds what became, has the other rows."""
    rows = [list(enumerate((str(value),) for value in values)) for values in (ours, theirs)]
    find: Callable[[Sequence[object], Sequence[object]], list[Edit]] = (
        edits._without_order if quick else edits._differences  # type: ignore[assignment]  # noqa: SLF001  # both ways
    )

    found = list(find(*rows))

    left = sorted(ours)
    for edit in found:
        if edit.was:
            left.remove(int(edit.was[0]))
    assert sorted(left + [int(edit.became[0]) for edit in found if edit.became]) == sorted(theirs)
    assert bool(found) == (ours != theirs) or quick


def test_only_what_was_kept_of_this_ledger_is_compared(tmp_path: Path) -> None:
    """Other sites lie beside it, and lists, and tails."""
    names = ["london.csv.replaced-7", "london.csv.replaced-7.1", "london.csv.replaced-7.txt", "london.csv.tail"]
    (tmp_path / "quarantine").mkdir()
    for name in [*names, "paris.csv.replaced-7", "greater-london.csv.replaced-7"]:
        (tmp_path / "quarantine" / name).touch()

    assert [path.name for path in kept_versions(tmp_path / "london.csv")] == names[:2]
    assert kept_versions(tmp_path / "elsewhere" / "london.csv") == []


def test_a_follower_lists_what_differs_and_check_tells_it(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents
) -> None:
    """In the log by number, in a file beside it by row, and in `attendance check` until somebody has looked."""
    site = make_site()
    ledger = Ledger(site, now=clock, report=incidents)
    ledger.record([MarkRequest(employee_id="E1", name="Ana", status="Present")])
    follower = Follower(ledger, now=clock, report=incidents)
    follower.follow()
    site.csv_path.write_bytes(site.csv_path.read_bytes().replace(b"Ana", b"Eva"))
    follower.follow()
    follower.follow()

    problems = list(check_site(site, ledger, Amendments(site, now=clock, report=incidents)))

    (kept,) = kept_versions(site.csv_path)
    assert incidents.codes == ["ledger_restored", "edits_found"]
    assert incidents.seen[1].detail == f"{kept}: 1 changed (row 2)"
    assert "became 2026-11-23T09:00:03+00:00,E1,Eva,Present" in kept.with_name(f"{kept.name}.txt").read_text()
    assert [(problem.path, problem.line) for problem in problems] == [(kept, 1), (kept, 2)]
    kept.unlink()
    assert list(check_site(site, ledger, Amendments(site, now=clock, report=incidents))) == []
