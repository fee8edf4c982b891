"""Claims about days that are read from ledgers: only the rows of that day, each by its own offset, and their JSON."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from attendance.clock import Clock
from attendance.codec import HEADER, encode
from attendance.ledger import Ledger
from attendance.model import Kind, Mark, Plan, Site
from attendance.reporting import Reporting, days_object
from attendance.roster import Roster, RosterFile
from attendance.timesheet import DaySheet
from tests.conftest import HandClock, Incidents

FRIDAY = date(2026, 11, 20)


def row(text: str, employee_id: str = "E1", status: str = "Present") -> Mark:
    """Return the mark of a time as it stands in a ledger."""
    local = datetime.fromisoformat(text)
    offset = local.utcoffset()
    assert offset is not None
    return Mark(marked_at=local.astimezone(UTC), utc_offset=offset, employee_id=employee_id, name="Ana", status=status)


@pytest.fixture
def ledger_of(clock: HandClock, incidents: Incidents) -> Callable[..., Ledger]:
    """Return a maker of ledgers of a site, with these rows."""

    def make(site: Site, *marks: Mark) -> Ledger:
        site.csv_path.parent.mkdir(exist_ok=True)
        site.csv_path.write_bytes(HEADER + b"".join(map(encode, marks)))
        ledger = Ledger(site, now=clock, report=incidents)
        ledger.record([])  # as after a start: the file is in use
        return ledger

    return make


def day(ledger: Ledger, roster: Roster | None, on: date) -> DaySheet:
    """Return a day at the site of a ledger."""
    return Reporting(lambda _: ledger, lambda _: roster, lambda _: (), now=HandClock()).day(ledger.site, on)


def today(site: Site, *, now: Clock) -> date:
    """Return the present work date of a site."""
    return Reporting(lambda _: NotImplemented, lambda _: None, lambda _: (), now=now).today(site)


def ids(ledger: Ledger, on: date) -> list[str]:
    """Return the IDs of those who marked on a date."""
    return [entry.employee_id for entry in day(ledger, None, on).entries]


def test_a_day_has_the_rows_of_its_date(make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]) -> None:
    """Not those of the evening before or of the morning after."""
    ledger = ledger_of(
        make_site("kathmandu", "Asia/Kathmandu"),
        row("2026-11-19T23:59:59+05:45", "E1"),
        row("2026-11-20T00:00:00+05:45", "E2"),
        row("2026-11-20T23:59:59+05:45", "E3"),
        row("2026-11-21T00:00:00+05:45", "E4"),
    )

    assert ids(ledger, FRIDAY) == ["E2", "E3"]
    assert ids(ledger, date(2026, 11, 22)) == []


def test_a_day_of_a_site_without_a_file_has_nobody(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents
) -> None:
    """Looking makes no file."""
    site = make_site()

    assert day(Ledger(site, now=clock, report=incidents), None, FRIDAY).entries == []
    assert not site.csv_path.parent.exists()


def test_rows_from_before_a_move_are_found_by_their_own_dates(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]
) -> None:
    """The site was in London until that day's end and is in Kathmandu since: each row is on the date it tells."""
    marks = [
        row("2026-11-19T23:30:00+00:00", "E1"),
        row("2026-11-20T00:30:00+00:00", "E2"),
        row("2026-11-20T20:00:00+00:00", "E3"),
        row("2026-11-21T09:00:00+05:45", "E4"),
    ]
    ledger = ledger_of(make_site(timezone="Asia/Kathmandu"), *marks)

    assert ids(ledger, date(2026, 11, 19)) == ["E1"]
    assert ids(ledger, FRIDAY) == ["E2", "E3"]
    assert ids(ledger, date(2026, 11, 21)) == ["E4"]


def test_a_move_to_the_west_repeats_a_part_of_a_date(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]
) -> None:
    """From Auckland to Honolulu: what both call Friday is Friday's."""
    marks = [row("2026-11-20T08:00:00+13:00", "E1"), row("2026-11-19T10:00:00-10:00", "E2")]
    marks += [row("2026-11-20T09:00:00-10:00", "E3")]
    ledger = ledger_of(make_site("honolulu", "Pacific/Honolulu"), *marks)

    assert (ids(ledger, FRIDAY), ids(ledger, date(2026, 11, 19))) == (["E1", "E3"], ["E2"])


def test_a_day_reads_its_own_bytes(make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]) -> None:
    """A long ledger costs what a short one does, but for a few probes."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    offset = timedelta()
    marks = [
        Mark(
            marked_at=start + timedelta(minutes=5 * number),
            utc_offset=offset,
            employee_id=f"E{number % 500}",
            name="Ana",
            status="Present",
        )
        for number in range(60_000)
    ]
    ledger = ledger_of(make_site("accra", "Africa/Accra"), *marks)
    day(ledger, None, date(2026, 3, 3))

    before = _bytes_read()
    found = day(ledger, None, date(2026, 3, 4))

    assert len(found.entries) == 288
    assert _bytes_read() - before < ledger.site.csv_path.stat().st_size / 3


def _bytes_read() -> int:
    """Return how many bytes this process has read from files (proc_pid_io(5))."""
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


def test_todays_are_those_of_the_sites(make_site: Callable[..., Site], clock: HandClock) -> None:
    """Three dates at one instant, and a day that has not begun yet."""
    clock.now = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)

    zones = ["Pacific/Kiritimati", "Europe/London", "Pacific/Pago_Pago"]
    found = [today(make_site(timezone=zone), now=clock).day for zone in zones]

    assert found == [21, 20, 19]
    assert today(make_site(day_start=time(12)), now=clock).day == 19


def test_the_json_of_a_day(make_site: Callable[..., Site], ledger_of: Callable[..., Ledger], tmp_path: Path) -> None:
    """The shape that programs rely on."""
    path = tmp_path / "london.roster.csv"
    path.write_text("Employee_ID,Name\nE1,Ana Martín\nE2,Jo\n", encoding="utf-8")
    site = make_site(plan=Plan(start_time=time(9)), statuses={"In": Kind.PRESENT, "Out": Kind.LEFT})
    marks = [row("2026-11-20T09:30:00+00:00", "E1", "In"), row("2026-11-20T17:00:00+00:00", "E1", "Out")]
    marks += [row("2026-11-20T18:00:00+00:00", "V1", "Gone")]
    ledger = ledger_of(site, *marks)

    sheet = day(ledger, RosterFile(path).current(), FRIDAY)

    assert days_object(FRIDAY, [sheet]) == {
        "date": "2026-11-20",
        "sites": [
            {
                "site": "london",
                "timezone": "Europe/London",
                "date": "2026-11-20",
                "holiday": None,
                "totals": {"present": 1, "absent": 0, "late": 1, "not_marked": 1, "off": 0},
                "employees": [
                    {
                        "employee_id": "E1",
                        "name": "Ana Martín",
                        "status": "Out",
                        "kind": "left",
                        "first": "2026-11-20T09:30:00+00:00",
                        "last": "2026-11-20T17:00:00+00:00",
                        "late": True,
                        "visitor": False,
                        "amended": False,
                        "trail": [],
                        "seen": None,
                    },
                    {
                        "employee_id": "E2",
                        "name": "Jo",
                        "status": None,
                        "kind": "not_marked",
                        "first": None,
                        "last": None,
                        "late": False,
                        "visitor": False,
                        "amended": False,
                        "trail": [],
                        "seen": None,
                    },
                    {
                        "employee_id": "V1",
                        "name": "Ana",
                        "status": "Gone",
                        "kind": "unknown",
                        "first": "2026-11-20T18:00:00+00:00",
                        "last": "2026-11-20T18:00:00+00:00",
                        "late": False,
                        "visitor": True,
                        "amended": False,
                        "trail": [],
                        "seen": None,
                    },
                ],
            }
        ],
    }
    assert days_object(None, [])["date"] is None
