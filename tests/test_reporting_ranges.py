"""Ranges come to what the sheets of their days and months come to, whatever the clocks, the rows and HR did."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance.clock import Month, to_local, work_day_on
from attendance.codec import HEADER, encode
from attendance.ledger import Ledger
from attendance.model import Amendment, AmendmentAction, Employee, Incident, Kind, Mark, Moment, Plan, Site
from attendance.reporting import Reporting, Sources
from attendance.reporting import ranges as ranges_module
from attendance.reporting.engine import Engine, NotPlainError
from attendance.reporting.ranges import RangeDay, Ranges
from attendance.reporting.stretches import stretches
from attendance.roster import Roster
from attendance.timesheet import Totals
from tests.conftest import build_site

STATUSES = {"Present": Kind.PRESENT, "Here too": Kind.PRESENT, "Absent": Kind.ABSENT, "Left": Kind.LEFT}
CHANGES = {  # a date on which the clock is changed there, or a holiday
    "Europe/London": date(2026, 10, 25),
    "America/Santiago": date(2026, 9, 6),
    "America/Havana": date(2026, 11, 1),
    "Australia/Lord_Howe": date(2026, 10, 4),
    "Pacific/Chatham": date(2026, 4, 5),
    "Africa/Casablanca": date(2026, 2, 15),
    "Asia/Kathmandu": date(2026, 12, 25),
}
DAY_STARTS = [time(0), time(1, 30), time(4), time(12), time(23, 30)]
OTHER_OFFSET = timedelta(hours=-3)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A site with all that its sheets are derived from, and what now is."""

    site: Site
    marks: Sequence[Mark]
    employees: Mapping[str, Employee] | None = None
    amendments: Sequence[Amendment] = ()
    now: datetime = datetime(2027, 1, 1, tzinfo=UTC)

    @property
    def is_plain(self) -> bool:
        """Tell whether the engine can count it all: rows of the present zone, IDs as the roster has them."""
        offsets = all(to_local(mark.marked_at, self.site.zone).utcoffset() == mark.utc_offset for mark in self.marks)
        return offsets and (self.employees is None or "e2" not in {mark.employee_id for mark in self.marks})

    def told(self, first: date, last: date) -> tuple[list[RangeDay], dict[date, Totals]]:
        """Return what a range comes to, and what the months with it come to, date by date."""
        with TemporaryDirectory() as folder:
            site = replace(self.site, csv_path=Path(folder, "a.csv"))
            site.csv_path.write_bytes(HEADER + b"".join(map(encode, self.marks)))
            with closing(Ledger(site, now=self._now, report=refuse)) as ledger:
                roster = None if self.employees is None else Roster(employees=self.employees)
                sources = Sources(
                    ledger_of=lambda _: ledger,
                    roster_of=lambda _: roster,
                    amendments_of=lambda _: self.amendments,
                    now=self._now,
                )
                days, reporting = Ranges(sources).days(site, first, last), Reporting(sources)
                months = (reporting.month(site, month) for month in (Month.of(first), Month.of(last)))
                return days, {
                    on: one for month in months for on, one in zip(month.month.dates, month.totals, strict=True)
                }

    def _now(self) -> datetime:
        """Return what now is."""
        return self.now


def refuse(incident: Incident) -> None:
    """Fail where a ledger has something to report."""
    raise AssertionError(incident)


def mark(site: Site, at: datetime, employee_id: str = "E1", status: str = "Present") -> Mark:
    """Return a mark as it is written at a site."""
    offset = to_local(at, site.zone).utcoffset() or timedelta()
    return Mark(marked_at=at, utc_offset=offset, employee_id=employee_id, name='Ana "A", B', status=status)


def amendment(number: int, about: date | Moment, employee_id: str, status: str, action: AmendmentAction) -> Amendment:
    """Return a row of amendments."""
    return Amendment(
        number=number,
        written=Moment(at=datetime(2026, 12, 31, tzinfo=UTC), utc_offset=timedelta()),
        action=action,
        about=about,
        employee_id=employee_id,
        name="Ana",
        status=status,
        by="hr",
        reason="asked",
        reference="",
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, date]:
    """Draw a site around a change of its clock, with what people and HR did there, and the date of the change."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    plan = Plan(
        start_time=draw(st.sampled_from([None, time(0), time(2), time(9)])),
        grace_minutes=draw(st.sampled_from([0, 10, 1440])),
        holidays=draw(st.sampled_from([None, "GB-ENG"])),
    )
    site = build_site(timezone=zone, day_start=draw(st.sampled_from(DAY_STARTS)), statuses=STATUSES, plan=plan)
    noon, on = datetime.combine(CHANGES[zone], time(12), UTC), CHANGES[zone]
    ids = st.sampled_from(["E1", "E2", "E3", "V1", "e2"] if draw(st.booleans()) else ["E1", "E2", "E3", "V1"])
    labels = st.sampled_from([*STATUSES, "Formerly"])
    minutes = sorted(draw(st.lists(st.integers(-5 * 1440, 5 * 1440), max_size=40)))
    marks = [mark(site, noon + timedelta(minutes=minute), draw(ids), draw(labels)) for minute in minutes]
    moved = draw(st.integers(0, len(marks))) if draw(st.booleans()) else 0
    marks = [replace(one, utc_offset=OTHER_OFFSET) for one in marks[:moved]] + marks[moved:]
    days = st.integers(-5, 5).map(lambda number: on + timedelta(days=number))
    moments = st.sampled_from(marks).map(lambda one: Moment(at=one.marked_at, utc_offset=one.utc_offset))
    abouts = st.one_of(days, moments) if marks else days
    actions = st.sampled_from([AmendmentAction.AMENDED, AmendmentAction.APPROVED, AmendmentAction.REQUESTED])
    spoken = draw(st.lists(st.tuples(abouts, ids, st.sampled_from([*STATUSES, ""]), actions), max_size=6))
    amendments = [amendment(number, *one) for number, one in enumerate(spoken, start=2)]
    bounds = st.one_of(st.none(), days)
    roster = [
        Employee(employee_id=f"E{n}", name="Ana", from_date=draw(bounds), until_date=draw(bounds)) for n in (1, 2)
    ]
    employees = {one.employee_id.casefold(): one for one in roster} if draw(st.booleans()) else None
    now = noon + timedelta(days=draw(st.integers(-3, 9)))
    return Case(site=site, marks=marks, employees=employees, amendments=amendments, now=now), on


@settings(max_examples=40, deadline=None)
@given(cases())
def test_a_range_is_what_the_months_are(drawn: tuple[Case, date]) -> None:
    """Date by date the same totals, by the engine wherever all is plain; every mark is counted once."""
    case, on = drawn
    first, last = on - timedelta(days=9), on + timedelta(days=9)

    days, months = case.told(first, last)

    assert [day.date for day in days] == [first + timedelta(days=number) for number in range(19)]
    assert {day.date: day.totals for day in days} == {day.date: months[day.date] for day in days}
    assert sum(day.marks for day in days) == len(case.marks)
    assert all(day.counted for day in days) or not case.is_plain


@pytest.mark.parametrize("zone", sorted(CHANGES))
@pytest.mark.parametrize("day_start", DAY_STARTS)
def test_stretches_are_the_work_dates(zone: str, day_start: time) -> None:
    """A year in stretches has every date once, each with the instants of its work date, and few stretches."""
    site = build_site(timezone=zone, day_start=day_start, plan=Plan(start_time=time(9)))

    found = list(stretches(site, date(2026, 1, 1), date(2026, 12, 31)))

    assert [on for one in found for on in one.dates] == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert all(before.ends_at == after.starts_at for before, after in pairwise(found))
    for one in found:
        for number, on in enumerate(one.dates):
            assert one.starts_at + number * one.length == work_day_on(on, site.zone, day_start).starts_at
    assert len(found) <= 9


def test_a_stretch_knows_the_instant_of_its_change() -> None:
    """London, the last Sunday of October: at one o'clock of UTC; and a date before it has none."""
    found = list(stretches(build_site(), date(2026, 10, 24), date(2026, 10, 26)))

    assert [(one.first.day, one.length // timedelta(hours=1)) for one in found] == [(24, 24), (25, 25), (26, 24)]
    assert found[1].changes_at == datetime(2026, 10, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        b"2026-11-20T09:00:00+01:00,E1,Ana,Present\n",
        b"2026-11-20T09:00:00+00:00,E1,Ana\n",
        b"2026-11-20T09:00:00+00:00,E1,Ana,Present,more\n",
        b"yesterday+00:00,E1,Ana,Present\n",
        b'2026-11-20T09:00:00+00:00,E1,"Ana,Present\n',
        b"2026-11-20T09:00:00+00:00,E1,\xff,Present\n",
        b"2026-11-22T09:00:00+00:00,E1,Ana,Present\n",
    ],
)
def test_what_is_not_plain_is_said(line: bytes) -> None:
    """Another offset, no row, a row of another date: the engine counts nothing of it in silence."""
    site = build_site()
    (stretch,) = stretches(site, date(2026, 11, 20), date(2026, 11, 20))

    with Engine(site.statuses, None) as engine, pytest.raises(NotPlainError):
        engine.count(stretch, [b"2026-11-20T08:00:00+00:00,E1,Ana,Present\n", line], [])


def test_an_engine_that_cannot_read_lets_its_feeder_go() -> None:
    """What is handed to it may be far longer than a pipe: nobody waits for ever behind a row that it refuses."""
    site = build_site()
    (stretch,) = stretches(site, date(2026, 11, 20), date(2026, 11, 20))

    with Engine(site.statuses, None) as engine, pytest.raises(NotPlainError):
        engine.count(stretch, [b"no row\n", *[b"2026-11-20T08:00:00+00:00,E1,Ana,Present\n" * 1000] * 1000], [])


def test_what_cannot_be_read_is_raised() -> None:
    """A ledger that fails while it is read does not look like one that ends there."""

    def pieces() -> Iterator[bytes]:
        yield b"2026-11-20T08:00:00+00:00,E1,Ana,Present\n"
        raise OSError

    site = build_site()
    (stretch,) = stretches(site, date(2026, 11, 20), date(2026, 11, 20))

    with Engine(site.statuses, None) as engine, pytest.raises(OSError):  # noqa: PT011  # it has no text
        engine.count(stretch, pieces(), [])


def test_large_ledgers_are_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part ends where a work date does, so nobody is counted twice."""
    site = build_site("london", "Europe/London")
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    marks = [mark(site, noon + timedelta(hours=12 * n), f"E{n % 3}") for n in range(50)]
    whole, months = Case(site=site, marks=marks).told(date(2026, 11, 1), date(2026, 11, 30))

    monkeypatch.setattr(ranges_module, "PART_BYTES", 200)
    parts, _ = Case(site=site, marks=marks).told(date(2026, 11, 1), date(2026, 11, 30))

    assert parts == whole
    assert {day.date: day.totals for day in parts} == months
    assert sum(day.totals.present for day in parts) == 50


def test_of_two_marks_in_one_second_the_later_line_counts() -> None:
    """As in a sheet."""
    site = build_site("london", "Europe/London", statuses=STATUSES)
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    marks = [mark(site, at, f"E{n}", status) for n in range(300) for status in ("Present", "Absent")]

    (day,), _ = Case(site=site, marks=marks).told(date(2026, 11, 20), date(2026, 11, 20))

    assert (day.totals.present, day.totals.absent, day.marks) == (0, 300, 600)
