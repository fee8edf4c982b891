"""Claims about days that are read from ledgers: only the rows of that day, each by its own offset, and their JSON."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from attendance.clock import Clock, Month
from attendance.codec import HEADER, encode
from attendance.ledger import Ledger
from attendance.model import Amendment, Kind, Mark, Plan, Site
from attendance.reporting import Reporting, Sources, days_object
from attendance.roster import Roster, RosterFile
from attendance.timesheet import DaySheet, State
from tests.conftest import HandClock, Incidents
from tests.sheet_kit import amendment

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
    return Reporting(
        Sources(ledger_of=lambda _: ledger, roster_of=lambda _: roster, amendments_of=lambda _: (), now=HandClock())
    ).day(ledger.site, on)


def telling(
    ledger: Ledger, roster: Roster | None = None, *said: Amendment, now: datetime = datetime(2026, 11, 23, tzinfo=UTC)
) -> Reporting:
    """Return what tells of the site of a ledger."""
    return Reporting(
        Sources(ledger_of=lambda _: ledger, roster_of=lambda _: roster, amendments_of=lambda _: said, now=lambda: now)
    )


def roster_file(folder: Path, *people: str) -> Roster:
    """Return a roster of these rows."""
    path = folder / "some.roster.csv"
    path.write_text("\n".join(["Employee_ID,Name", *people, ""]), encoding="utf-8")
    return RosterFile(path).current()


def today(site: Site, *, now: Clock) -> date:
    """Return the present work date of a site."""
    return Reporting(
        Sources(ledger_of=lambda _: NotImplemented, roster_of=lambda _: None, amendments_of=lambda _: (), now=now)
    ).today(site)


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


def over(now: HandClock, incidents: Incidents, *said: Amendment) -> Reporting:
    """Return what tells of sites with their rosters and ledgers as they stand in their files."""

    def roster_of(site: Site) -> Roster | None:
        return RosterFile(site.roster_path).current() if site.roster_path else None

    def said_of(site: Site) -> Sequence[Amendment]:
        return said if site.site_id == "rome" else ()

    return Reporting(
        Sources(
            ledger_of=lambda site: Ledger(site, now=now, report=incidents),
            roster_of=roster_of,
            amendments_of=said_of,
            now=now,
        )
    )


@pytest.fixture
def abroad(make_site: Callable[..., Site], ledger_of: Callable[..., Ledger], tmp_path: Path) -> dict[str, Site]:
    """London, where Ana has not marked on Friday, and three sites where she did: two of them take visitors."""
    roster_file(tmp_path, "E1,Ana")
    (tmp_path / "others.csv").write_text("Employee_ID,Name\nR1,Rea\n", encoding="utf-8")
    sites = {"london": make_site(roster_path=tmp_path / "some.roster.csv")}
    for site_id, zone, visitors, at in (
        ("oslo", "Europe/Oslo", False, "08:00:00+01:00"),
        ("rome", "Europe/Rome", True, "09:00:00+01:00"),
        ("tokyo", "Asia/Tokyo", True, "18:00:00+09:00"),
    ):
        sites[site_id] = make_site(site_id, zone, visitors=visitors, roster_path=tmp_path / "others.csv")
        ledger_of(sites[site_id], row(f"2026-11-20T{at}"))
    return sites


def test_who_is_missing_is_looked_for_at_the_sites_that_are_named(
    abroad: dict[str, Site], clock: HandClock, incidents: Incidents
) -> None:
    """And take visitors; at no other one, whatever is marked there."""
    reporting, london = over(clock, incidents), abroad["london"]

    def seen(*others: str) -> str | None:
        (entry,) = reporting.day(london, FRIDAY, others=[abroad[other] for other in others]).entries
        return entry.seen.site.site_id if entry.seen else None

    asked: list[tuple[str, ...]] = [(), ("oslo",), ("tokyo",), ("oslo", "tokyo", "rome", "london")]
    assert [seen(*others) for others in asked] == [None, None, "tokyo", "rome"]


def test_who_was_seen_is_told_as_it_was_known_and_amended(
    abroad: dict[str, Site], clock: HandClock, incidents: Incidents
) -> None:
    """Neither by a mark of later, nor by one that HR of the other site took away."""
    taken = amendment("2026-11-20T09:00:00+01:00", "", written="2026-11-23T08:00:00+00:00")
    london, others = abroad["london"], [abroad["rome"]]
    reporting = over(clock, incidents, taken)

    found = [
        reporting.day(london, FRIDAY, known_at=known_at, others=others).entries[0].seen is not None
        for known_at in (datetime(2026, 11, 20, 7, tzinfo=UTC), datetime(2026, 11, 20, 9, tzinfo=UTC), None)
    ]

    assert found == [False, True, False]


def test_nobody_is_seen_at_a_site_that_cannot_be_read(
    abroad: dict[str, Site], clock: HandClock, incidents: Incidents
) -> None:
    """Their own site tells all the same that they are missing."""
    abroad["rome"].csv_path.unlink()
    abroad["rome"].csv_path.mkdir()

    (entry,) = over(clock, incidents).day(abroad["london"], FRIDAY, others=abroad.values()).entries

    assert (entry.state, entry.seen and entry.seen.site.site_id) == (State.NOT_MARKED, "tokyo")


def test_sheets_of_several_dates_are_each_looked_up_on_their_own(
    abroad: dict[str, Site], clock: HandClock, incidents: Incidents
) -> None:
    """Who was in Rome on Friday was not there on Thursday; a sheet that is there already is not read again."""
    reporting = over(clock, incidents)
    sheets = [reporting.day(abroad["london"], on) for on in (FRIDAY, date(2026, 11, 19))]
    rome = reporting.day(abroad["rome"], FRIDAY)
    abroad["rome"].csv_path.unlink()

    told = reporting.with_sightings([*sheets, rome], [abroad["rome"]])

    assert [sheet.entries[0].seen is not None for sheet in told] == [True, False, False]


def many(site: Site, count: int) -> list[Mark]:
    """Return marks of 500 people, one every five minutes from the beginning of 2026 on."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Mark(
            marked_at=start + timedelta(minutes=5 * number),
            utc_offset=timedelta(),
            employee_id=f"E{number % 500}",
            name="Ana",
            status=next(iter(site.statuses)),
        )
        for number in range(count)
    ]


def test_a_month_reads_its_own_bytes(make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]) -> None:
    """Of ten months one, but for a few probes."""
    site = make_site("accra", "Africa/Accra")
    ledger = ledger_of(site, *many(site, 90_000))
    reporting = telling(ledger)
    reporting.month(site, Month(2026, 2))

    before = _bytes_read()
    found = reporting.month(site, Month(2026, 3))

    assert sum(one.present for one in found.totals) == sum(len(mark_day) for mark_day in _by_day(site, 90_000))
    assert _bytes_read() - before < site.csv_path.stat().st_size / 3


def _by_day(site: Site, count: int) -> list[set[str]]:
    """Return who marked on each date of March."""
    days: dict[date, set[str]] = {}
    for mark in many(site, count):
        days.setdefault(mark.marked_at.date(), set()).add(mark.employee_id)
    return [who for on, who in days.items() if on.month == 3]


@pytest.mark.parametrize(
    ("known_at", "status"),
    [
        ("2026-11-20T08:59:59", None),
        ("2026-11-20T09:00:00", "Present"),
        ("2026-11-20T16:59:59", "Present"),
        ("2026-11-20T17:00:00", "Absent"),
        ("2026-11-23T11:59:59", "Absent"),
        ("2026-11-23T12:00:00", "Present"),
        ("2030-01-01T00:00:00", "Present"),
    ],
)
def test_what_was_written_later_was_not_known(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger], tmp_path: Path, known_at: str, status: str | None
) -> None:
    """Neither marks nor what HR said of them: not in the day, nor in the month, nor in the year."""
    ledger = ledger_of(make_site(), row("2026-11-20T09:00:00+00:00"), row("2026-11-20T17:00:00+00:00", status="Absent"))
    said = amendment("2026-11-20T17:00:00+00:00", "", written="2026-11-23T12:00:00+00:00")
    reporting = telling(ledger, roster_file(tmp_path, "E1,Ana"), said, now=datetime(2026, 11, 24, tzinfo=UTC))
    at = datetime.fromisoformat(f"{known_at}+00:00")

    (entry,) = reporting.day(ledger.site, FRIDAY, known_at=at).entries
    (person,) = reporting.month(ledger.site, Month(2026, 11), known_at=at).people
    year = reporting.year(ledger.site, "E1", 2026, known_at=at)

    assert entry.status == status
    assert person.entries[19] == entry
    assert year is not None
    assert year.entries[FRIDAY] == entry


def test_days_that_had_not_begun_were_not_known(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger], tmp_path: Path
) -> None:
    """A month as known on its 20th ends there; as known in years to come it ends today."""
    ledger = ledger_of(make_site())
    reporting = telling(ledger, roster_file(tmp_path, "E1,Ana"), now=datetime(2026, 11, 24, 12, tzinfo=UTC))
    told = []

    for known_at in (datetime(2026, 11, 20, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC), None):
        (person,) = reporting.month(ledger.site, Month(2026, 11), known_at=known_at).people
        told.append(sum(entry is not None for entry in person.entries))

    assert told == [20, 24, 24]


def test_what_was_known_at_the_end_of_a_date_is_by_the_clock_of_the_site(make_site: Callable[..., Site]) -> None:
    """The last moment before the next work date begins there; an instant is one everywhere."""
    kathmandu, night = make_site("kathmandu", "Asia/Kathmandu"), make_site(day_start=time(4))
    reporting = Reporting(
        Sources(
            ledger_of=lambda _: NotImplemented, roster_of=lambda _: None, amendments_of=lambda _: (), now=HandClock()
        )
    )
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)

    tick = timedelta(microseconds=1)
    assert reporting.known_at(kathmandu, FRIDAY) == datetime(2026, 11, 20, 18, 15, tzinfo=UTC) - tick
    assert reporting.known_at(night, FRIDAY) == datetime(2026, 11, 21, 4, tzinfo=UTC) - tick
    assert (reporting.known_at(kathmandu, at), reporting.known_at(night, None)) == (at, None)


def test_a_year_of_somebody_has_their_rows_alone(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger], tmp_path: Path
) -> None:
    """Under their ID in any case, from the first to the last of its dates by the clock of the site."""
    ledger = ledger_of(
        make_site("kathmandu", "Asia/Kathmandu"),
        row("2024-12-31T23:59:59+05:45"),
        row("2025-01-01T00:00:00+05:45"),
        row("2025-05-04T09:00:00+05:45", "e1"),
        row("2025-05-05T09:00:00+05:45", "E11"),
        row("2025-05-06T09:00:00+05:45", "XE1"),
        row("2025-12-31T23:59:59+05:45"),
        row("2026-01-01T00:00:00+05:45"),
    )
    roster = roster_file(tmp_path, "E1,Ana")
    now = datetime(2026, 2, 1, tzinfo=UTC)

    found = telling(ledger, roster, now=now).year(ledger.site, "e1", 2025)
    typed = telling(ledger, None, now=now).year(ledger.site, "E1", 2025)
    other = telling(ledger, roster, now=now).year(ledger.site, "E2", 2025)

    assert found is not None
    assert typed is not None
    marked = [f"{on:%m-%d}" for on, entry in found.entries.items() if entry and entry.marks]
    assert marked == ["01-01", "05-04", "12-31"]
    assert [f"{on:%m-%d}" for on, entry in typed.entries.items() if entry] == ["01-01", "12-31"]
    assert (found.employee_id, found.totals.present, other) == ("E1", 3, None)


def test_a_name_that_looks_like_an_id_is_a_name(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]
) -> None:
    """Only the second column says whose row it is, however the others are quoted."""
    marks = [
        Mark(marked_at=row(text).marked_at, utc_offset=timedelta(), employee_id=who, name=name, status=status)
        for text, who, name, status in (
            ("2026-05-04T09:00:00+00:00", "E2", "E1", "Present"),
            ("2026-05-05T09:00:00+00:00", "E2", "Ana,E1,x", "Present"),
            ("2026-05-06T09:00:00+00:00", "E1", 'Ana ",E1,"', "Present"),
        )
    ]
    ledger = ledger_of(make_site(), *marks)

    found = list(ledger.read_of("E1", marks[0].marked_at, datetime(2027, 1, 1, tzinfo=UTC)))

    assert found == marks[2:]


def test_the_rows_of_somebody_are_those_among_all(
    make_site: Callable[..., Site], ledger_of: Callable[..., Ledger]
) -> None:
    """Over many reads of the file, from the first to the last; one that cannot be read is passed over."""
    site = make_site("accra", "Africa/Accra")
    marks = many(site, 20_000)
    ledger = ledger_of(site, *marks)
    span = (marks[1_000].marked_at, marks[19_000].marked_at)
    site.csv_path.write_bytes(
        site.csv_path.read_bytes().replace(b"2026-02-01T00:00:00+00:00,E428,", b"x" * 25 + b",E428,")
    )

    for who in (0, 428, 499):
        found = list(ledger.read_of(f"e{who}", *span))
        assert found == [mark for mark in ledger.read(*span) if mark.employee_id == f"E{who}"]
        assert len(found) == 36 - (who == 428)


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
                        "worked_seconds": 27_000,
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
                        "worked_seconds": 0,
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
                        "worked_seconds": 0,
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
