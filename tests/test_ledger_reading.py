"""A ledger finds the rows of a day by bisection, passes over what it cannot read, and knows who is in."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance.clock import find_zone
from attendance.codec import HEADER, encode
from attendance.ledger import Ledger
from attendance.model import Mark, MarkingRule, MarkRequest, Plan, Recorded, Site
from tests.appendlog_kit import ignore
from tests.conftest import HandClock, Incidents

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def mark(seconds: int, employee_id: str = "E1", name: str = "Ana", status: str = "Present") -> Mark:
    """Return a mark so many seconds after nine."""
    marked_at = NINE + timedelta(seconds=seconds)
    return Mark(marked_at=marked_at, utc_offset=timedelta(), employee_id=employee_id, name=name, status=status)


def write(site: Site, *lines: bytes) -> None:
    """Write a ledger of these lines."""
    site.csv_path.parent.mkdir(exist_ok=True)
    site.csv_path.write_bytes(HEADER + b"".join(lines))


def bytes_read() -> int:
    """Return how many bytes this process has read from files (proc_pid_io(5))."""
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """London."""
    return make_site()


@pytest.fixture
def ledger(site: Site, clock: HandClock, incidents: Incidents) -> Ledger:
    """The ledger of London."""
    return Ledger(site, now=clock, report=incidents)


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 100), st.booleans()), max_size=30),
    start=st.integers(-1, 60),
    length=st.integers(0, 60),
)
def test_bisection_finds_what_a_linear_scan_finds(
    rows: Sequence[tuple[int, int, bool]], start: int, length: int
) -> None:
    """Rows of any length, many in a second, with unreadable lines between them: none too many, none missed."""
    seconds, marks, lines = 0, [], []
    for step, width, readable in rows:
        seconds += step
        made = mark(seconds, name="é" * width)
        marks += [made] * readable
        lines.append(encode(made) if readable else b"x" * 50 * width + b"\n")
    lines.append(encode(mark(seconds)))  # a ledger whose last line is not a row is not opened at all
    from_at, until_at = NINE + timedelta(seconds=start), NINE + timedelta(seconds=start + length)

    with TemporaryDirectory() as folder:
        site = _site(Path(folder) / "london.csv")
        write(site)
        ledger = Ledger(site, now=HandClock(), report=ignore)
        ledger.record([])
        _append_behind_its_back(ledger, b"".join(lines))
        found = list(ledger.read(from_at, until_at))

    assert found == [made for made in [*marks, mark(seconds)] if from_at <= made.marked_at < until_at]


def test_the_board_is_everybodys_last_mark_of_today(ledger: Ledger, clock: HandClock) -> None:
    """In the order of those marks; who was in yesterday only is not on it."""
    for seconds, employee_id, status in (
        (-86_400, "E9", "Present"),
        (0, "E1", "Present"),
        (60, "E2", "Present"),
        (120, "E1", "Absent"),
        (180, "E3", "Present"),
    ):
        clock.now = NINE + timedelta(seconds=seconds)
        ledger.record([MarkRequest(employee_id=employee_id, name="Ana", status=status)])

    day, board = ledger.board()

    assert day == date(2026, 11, 23)
    assert board == [mark(60, "E2"), mark(120, "E1", status="Absent"), mark(180, "E3")]


def test_the_board_turns_with_the_work_date(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents
) -> None:
    """Where the day begins at 04:00 the night shift stays on the board until then."""
    ledger = Ledger(make_site(day_start=time(4)), now=clock, report=incidents)
    clock.now = datetime(2026, 11, 23, 23, tzinfo=UTC)
    (outcome,) = ledger.record([MarkRequest(employee_id="E1", name="Ana", status="Present")])
    clock.now = datetime(2026, 11, 24, 3, 59, 59, tzinfo=UTC)
    night = ledger.board()
    clock.move(seconds=1)

    assert isinstance(outcome, Recorded)
    assert night == (date(2026, 11, 23), [outcome.mark])
    assert ledger.board() == (date(2026, 11, 24), [])


def test_the_board_of_a_site_without_a_file_is_empty(ledger: Ledger, site: Site) -> None:
    """Looking makes no file."""
    assert ledger.board() == (date(2026, 11, 23), [])
    assert not site.csv_path.parent.exists()


def test_the_board_shows_what_other_processes_recorded(ledger: Ledger, site: Site, clock: HandClock) -> None:
    """It is read from the file each time, also after the file had to be put back."""
    other = Ledger(site, now=clock, report=ignore)
    ledger.record([MarkRequest(employee_id="E1", name="Ana", status="Present")])
    other.record([MarkRequest(employee_id="E2", name="Bo", status="Present")])
    site.csv_path.with_name("saved").write_bytes(b"\xef\xbb\xbf")
    site.csv_path.with_name("saved").rename(site.csv_path)
    other.record([MarkRequest(employee_id="E3", name="Cy", status="Present")])

    _, board = ledger.board()

    assert [shown.employee_id for shown in board] == ["E1", "E2", "E3"]


def test_a_line_that_cannot_be_read_is_passed_over_and_reported_once(
    ledger: Ledger, site: Site, clock: HandClock, incidents: Incidents
) -> None:
    """Somebody changed a row in place: the others count, ops hear where it is, and not at every look."""
    lines = [encode(mark(number, f"E{number}")) for number in range(3)]
    write(site, *lines)
    ledger.record([])
    write(site, lines[0], b"x" * (len(lines[1]) - 1) + b"\n", lines[2])
    reader = Ledger(site, now=clock, report=incidents)

    boards = [reader.board()[1] for _ in range(3)]

    assert boards == [[mark(0, "E0"), mark(2, "E2")]] * 3
    assert incidents.codes == ["row_unreadable"]
    assert f"byte {len(HEADER + lines[0] + lines[1])} " in incidents.seen[0].detail


def test_an_unreadable_line_is_reported_again_when_the_file_was_put_back(
    ledger: Ledger, site: Site, incidents: Incidents
) -> None:
    """What is read anew may be another file: a line that ends at the same byte is not the same line."""
    lines = [encode(mark(number, f"E{number}")) for number in range(3)]
    write(site, *lines)
    ledger.record([])
    write(site, lines[0], b"x" * (len(lines[1]) - 1) + b"\n", lines[2])
    ledger.board()
    site.csv_path.unlink()

    ledger.record([])
    ledger.board()

    assert incidents.codes == ["row_unreadable", "ledger_restored", "row_unreadable"]


def test_a_process_reads_each_row_once(ledger: Ledger, site: Site, clock: HandClock) -> None:
    """Neither its own rows nor those of others are read again for the next mark."""
    wishes = [MarkRequest(employee_id=f"E{number}", name="Ana", status="Present") for number in range(500)]
    other = Ledger(site, now=clock, report=ignore)
    ledger.record(wishes)
    other.record(wishes[:1])

    start = bytes_read()
    ledger.record(wishes[:1])
    other.record(wishes[:1])

    assert site.csv_path.stat().st_size > 20_000
    assert bytes_read() - start < 2_000


def test_a_line_without_end_is_passed_over(ledger: Ledger, site: Site, clock: HandClock, incidents: Incidents) -> None:
    """A line of a mebibyte in the middle of the file hides no row behind it."""
    rows = [encode(mark(number, f"E{number}")) for number in range(40_000)]
    write(site, rows[0], b"x" * (1 << 20) + b"\n", *rows[1:])
    clock.now = NINE + timedelta(hours=12)

    _, board = ledger.board()

    assert len(board) == 40_000
    assert incidents.codes == ["row_unreadable"]


def test_a_file_that_becomes_shorter_while_it_is_read_ends_there(ledger: Ledger, site: Site) -> None:
    """Somebody cuts the file between two looks: what is there is read, and nobody waits for the rest."""
    write(site, *(encode(mark(number)) for number in range(10_000)))
    marks = ledger.read(NINE, NINE + timedelta(days=1))
    first = next(marks)
    os.truncate(site.csv_path, len(HEADER) + 60)

    rest = list(marks)

    assert first == mark(0)
    assert len(rest) < 10_000


def test_a_cut_file_is_searched_as_far_as_it_goes(ledger: Ledger, site: Site) -> None:
    """The end of the file is gone between the look at its size and the search in it."""
    write(site, encode(mark(0)), encode(mark(1)))

    found = ledger._find(NINE + timedelta(seconds=1), 10**6)  # noqa: SLF001 -- no real race is that exact

    assert found == len(HEADER + encode(mark(0)))


@pytest.fixture(scope="module")
def ten_million_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of ten years: as many bytes as ten million short rows, in 300 MB that are mostly copies of one block."""
    path = tmp_path_factory.mktemp("big") / "london.csv"
    with path.open("wb") as file:
        file.write(HEADER)
        for day in range(-3000, 0):
            block = encode(mark(86_400 * day)) * 2500
            file.write(block)
        file.writelines(encode(mark(number, f"E{number}")) for number in range(1000))
    return path


def test_a_ledger_of_many_years_is_opened_by_reading_its_end(ten_million_rows: Path, clock: HandClock) -> None:
    """Of 300 MB the end is read once to know where rows end, then today, and a row here and there to find it."""
    clock.now = NINE + timedelta(hours=1)
    site = _site(ten_million_rows)
    first, second = (Ledger(site, now=clock, report=ignore) for _ in range(2))
    wish = [MarkRequest(employee_id="E7", name="Ana", status="Present")]

    start = bytes_read()
    (unknown,) = first.record(wish)
    adopted = bytes_read()
    (known,) = second.record(wish)
    opened = bytes_read()
    _, board = second.board()
    shown = bytes_read()

    assert ten_million_rows.stat().st_size > 300_000_000
    assert isinstance(unknown, Recorded)
    assert unknown == known == Recorded(mark=mark(7, "E7"), work_date=date(2026, 11, 23), repeated=True)
    assert len(board) == 1000
    assert adopted - start < 3_000_000  # and once more, to be written again before it is flushed
    assert opened - adopted < 700_000
    assert shown - opened < 700_000


def _site(path: Path) -> Site:
    """Return London with its ledger at the path."""
    return Site(
        site_id="london",
        name="London",
        timezone="Europe/London",
        zone=find_zone("Europe/London"),
        csv_path=path,
        roster_path=None,
        visitors=False,
        statuses={},
        day_start=time(),
        plan=Plan(),
        networks=(),
        marking=MarkingRule.OPEN,
    )


def _append_behind_its_back(ledger: Ledger, lines: bytes) -> None:
    """Put lines into the file as if each of them had been appended, rows or not."""
    with ledger.log.exclusive():
        ledger.log.append(lines)


def test_ids_of_a_ledger_that_cannot_be_read_are_none(site: Site, ledger: Ledger) -> None:
    """Those who look for IDs of the past are told of the ledger elsewhere, as nobody can mark then either."""
    write(site, encode(mark(0, "Ana-1")), encode(mark(1, "BO-2")))
    known = ledger.recent_ids()
    site.csv_path.unlink()
    ledger.close()
    for beside in site.csv_path.parent.glob(".london.csv*"):
        beside.unlink()
    site.csv_path.mkdir()

    assert known == {"ana-1", "bo-2"}
    assert ledger.recent_ids() == set()
