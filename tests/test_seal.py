"""The seals of a ledger: a chain of digests that names the first byte which is not what it was."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.appendlog import AppendLog
from attendance.checking import check_seals
from attendance.codec import HEADER
from attendance.errors import Problem
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Site
from attendance.seal import Examined, Seal, Seals, examine
from tests.appendlog_kit import append, open_log, row
from tests.conftest import HandClock, Incidents

NOW = datetime(2026, 11, 23, 9, 1, tzinfo=UTC)
FIRST = len(HEADER + row("E1"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London is."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def log(path: Path, incidents: Incidents) -> AppendLog:
    """A log of three rows, the first of them sealed by itself, the last not sealed."""
    log = open_log(path, incidents)
    seals = Seals(path, report=incidents)
    append(log, row("E1"))
    seals.extend(log.chunks, [FIRST], NOW)
    append(log, row("E2"))
    seals.extend(log.chunks, [log.committed()], NOW)
    append(log, row("E3"))
    return log


def seals_file(path: Path) -> Path:
    """Return the file of the seals."""
    return path.with_name("london.seals.csv")


@given(
    sealed_at=st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)).map("{:%Y-%m-%dT%H:%M:%SZ}".format),  # noqa: DTZ001  # printed as UTC
    offset=st.integers(0, 10**18 - 1),
    digests=st.tuples(*[st.binary(min_size=32, max_size=32).map(bytes.hex)] * 2),
)
def test_a_seal_reads_as_it_was_written(sealed_at: str, offset: int, digests: tuple[str, str]) -> None:
    """Decoding undoes encoding."""
    sealed_at = sealed_at.rjust(20, "0")  # the year has four digits
    seal = Seal(sealed_at=sealed_at, offset=offset, digest=digests[0], previous=digests[1])

    assert Seal.decode(seal.encode()) == seal


@pytest.mark.parametrize("line", [b"", b"\n", b"2026-11-23T09:01:00Z,1,ab,cd\n", b"x" * 300])
def test_what_is_no_seal_is_none(line: bytes) -> None:
    """Half a line, other text."""
    assert Seal.decode(line) is None


def test_the_digest_is_what_the_documents_say(log: AppendLog, path: Path) -> None:
    """SHA-256 over the time, the offset and the digest before, a line feed, and the bytes since."""
    lines = [line.split(",") for line in seals_file(path).read_text().splitlines()]

    content = log.path.read_bytes()
    first = sha256(f"2026-11-23T09:01:00Z,{FIRST},{'0' * 64}\n".encode() + content[:FIRST]).hexdigest()
    second_head = f"2026-11-23T09:01:00Z,{2 * FIRST - len(HEADER)},{first}\n".encode()
    second = sha256(second_head + content[FIRST : 2 * FIRST - len(HEADER)]).hexdigest()
    assert lines[0] == ["Sealed_At", "Offset", "Digest", "Previous"]
    assert [line[2:] for line in lines[1:]] == [[first, "0" * 64], [second, first]]


@pytest.mark.usefixtures("log")
def test_a_sealed_ledger_agrees_with_its_seals(path: Path) -> None:
    """What is behind the last seal is not spoken of."""
    examined = examine(path, path.with_name("none"))

    assert examined == Examined(seals=2, sealed=2 * FIRST - len(HEADER), broken=None)


def test_the_seals_file_is_all_it_takes(log: AppendLog, path: Path) -> None:
    """The check of the documents, twenty lines of anybody's code, says the same as ours."""
    document = Path(__file__).parents[1].joinpath("docs", "ledger.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    said: list[str] = []
    names = {"__name__": "check", "print": said.append}
    exec(compile(code, "ledger.md", "exec"), names)  # noqa: S102  # the documents are executed
    check: Callable[..., None] = names["check"]  # type: ignore[assignment]  # it is defined there

    check(path, seals_file(path))
    path.write_bytes(log.path.read_bytes().replace(b"E2", b"E9"))
    with pytest.raises(SystemExit, match=f"not as sealed: bytes {FIRST} to 116"):
        check(path, seals_file(path))

    assert len(code.splitlines()) <= 20
    assert said == ["116 bytes are as they were sealed"]


@pytest.mark.parametrize(
    ("changed", "line", "byte"),
    [
        (lambda content: content.replace(b"E1,Ana", b"E1,Eva"), 2, len(HEADER) + 29),
        (lambda content: content.replace(b"E2,Ana", b"E2,Eva"), 3, FIRST + 29),
        (lambda content: content[: FIRST + 5], 3, FIRST + 5),
        (lambda content: b"\xef\xbb\xbf" + content, 1, 0),
        (lambda content: content.replace(row("E1"), b""), 2, len(HEADER) + 27),
    ],
)
def test_the_first_byte_and_row_of_a_change_are_named(
    make_site: Callable[..., Site], clock: HandClock, changed: Callable[[bytes], bytes], line: int, byte: int
) -> None:
    """The shadow, where it agrees with the seal, shows the byte; the row is counted as an editor does."""
    site = make_site()
    ledger = sealed(site, clock)
    path = site.csv_path
    path.write_bytes(changed(path.read_bytes()))

    found = check_seals(ledger)

    assert isinstance(found, Problem)
    assert found.line == line
    assert f"at byte {byte};" in found.message


def sealed(site: Site, clock: HandClock) -> Ledger:
    """Return a ledger of two rows, each sealed and copied."""
    ledger = Ledger(site, now=clock, report=Incidents())
    for employee_id in ("E1", "E2"):
        ledger.record([MarkRequest(employee_id=employee_id, name="Ana", status="Present")])
        Seals(site.csv_path, report=Incidents()).extend(ledger.log.chunks, [ledger.log.committed()], clock())
    while ledger.shadow.catch_up(ledger.log):
        pass
    return ledger


def test_without_a_shadow_the_stretch_is_named(make_site: Callable[..., Site], clock: HandClock) -> None:
    """A seal speaks of a minute: the change lies in it."""
    site = make_site()
    ledger = sealed(site, clock)
    ledger.shadow.path.unlink()
    site.csv_path.write_bytes(site.csv_path.read_bytes().replace(b"E2", b"E9"))

    found = check_seals(ledger)

    assert isinstance(found, Problem)
    assert f"at or behind byte {FIRST};" in found.message
    assert found.line == 3


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    "forge", [lambda lines: lines[:1] + lines[2:], lambda lines: [*lines, lines[1]], lambda lines: [*lines, b"?\n"]]
)
def test_a_chain_that_was_touched_is_told(path: Path, forge: Callable[[list[bytes]], list[bytes]]) -> None:
    """A line that was left out, repeated, or is none."""
    lines = seals_file(path).read_bytes().splitlines(keepends=True)
    seals_file(path).write_bytes(b"".join(forge(lines)))

    broken = examine(path, path).broken

    assert broken is not None
    assert broken.message == "a seal does not follow the last"


def test_sealing_twice_adds_nothing(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """A follower that comes late finds its work done."""
    seals = Seals(path, report=incidents)
    before = seals_file(path).read_bytes()

    seals.extend(log.chunks, [FIRST, seals.offset()], NOW)

    assert seals_file(path).read_bytes() == before


def test_without_seals_verification_says_so(make_site: Callable[..., Site], clock: HandClock) -> None:
    """Nothing was sealed yet."""
    site = make_site()
    ledger = Ledger(site, now=clock, report=print)
    ledger.record([MarkRequest(employee_id="E1", name="Ana", status="Present")])

    found = check_seals(ledger)

    assert isinstance(found, Problem)
    assert "there is no" in found.message
