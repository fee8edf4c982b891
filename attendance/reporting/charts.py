"""Own the figures behind charts: arrivals over a day, all sites over one axis, a year in weeks; it draws nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from attendance.clock import WorkDay, fixed_zone, to_local, work_day, work_day_on
from attendance.model import Kind, Mark, Site
from attendance.timesheet import DaySheet, Entry, is_of_another_zone

QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A quarter of an hour: when it begins (aware UTC, and as the site's clock shows it), who came in it, how late.

    `over` is when it ends, as the site's clock shows it.
    """

    starts_at: datetime
    local: datetime
    over: datetime
    count: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From an instant (aware UTC) on, so many were in."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SunDay:
    """A work date of a site on the axis: the part of it that lies there, and when the first came (aware UTC)."""

    date: date
    starts_at: datetime
    ends_at: datetime
    came_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SunRow:
    """A site over a day of UTC: its work dates, and how many were in, from the beginning of the axis on.

    Each step holds until the next, and the last until the end, or until the instant that was given as the present.
    `people` are those on its roster, None where it has none.
    """

    site: Site
    days: Sequence[SunDay]
    steps: Sequence[Step]
    people: int | None

    @property
    def peak(self) -> int:
        """Return how many were in at once, at most."""
        return max(step.count for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A date of a year, with what it was; None where there is nothing to tell."""

    date: date
    entry: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week from Monday to Sunday, by its number in ISO 8601; None for days that are not of the year."""

    number: int
    days: Sequence[Cell | None]


def arrivals(sheet: DaySheet) -> Sequence[Bar]:
    """Return for each quarter of an hour of a work date who came in it: 96 bars, 92 or 100 where the clock is changed.

    Somebody came at their first mark of the kind `present`, if they were there at all. Quarters are those of elapsed
    time, so an hour that is repeated has its bars twice, and one that is skipped has none.
    """
    came = [(mark.marked_at, entry.late) for entry in sheet.entries if (mark := _coming(sheet.site, entry))]
    zone, day = _axis(sheet)
    start = min((_quarter(at) for at, _ in came), default=day.starts_at)
    start, end = min(start, _quarter(day.starts_at)), max((day.ends_at, *(at + QUARTER for at, _ in came)))
    counts, lates = Counter(_quarter(at) for at, _ in came), Counter(_quarter(at) for at, late in came if late)
    return [
        Bar(
            starts_at=at,
            local=to_local(at, zone),
            over=to_local(at + QUARTER, zone),
            count=counts[at],
            late=lates[at],
        )
        for at in _quarters(start, end)
    ]


def sun_dates(site: Site, utc_day: date) -> list[date]:
    """Return the work dates of a site that lie, at least in part, on a day of UTC: two, one, or three."""
    starts_at, ends_at = _utc(utc_day)
    first = work_day(starts_at, site.zone, site.day_start).date
    last = work_day(ends_at - timedelta(seconds=1), site.zone, site.day_start).date
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def sun(sheets: Iterable[DaySheet], utc_day: date, *, until: datetime | None = None) -> Sequence[SunRow]:
    """Return how many were in at sites over a day of UTC, from 00:00 to 24:00; one row for each site of the sheets.

    The sheets are those of `sun_dates`, in any order. Somebody is in from a mark of the kind `present` until one of
    another kind, else until their work date is over; whom HR ruled not to have been there is not. `until` is the
    present instant: nothing is told of what comes after it.
    """
    by_site: dict[str, list[DaySheet]] = {}
    for sheet in sheets:
        by_site.setdefault(sheet.site.site_id, []).append(sheet)
    starts_at, ends_at = _utc(utc_day)
    told_until = ends_at if until is None else min(ends_at, until)
    return [
        _sun_row(sorted(own, key=lambda sheet: sheet.date), starts_at, ends_at, told_until) for own in by_site.values()
    ]


def weeks(entries: Mapping[date, Entry | None]) -> Sequence[Week]:
    """Return dates with what they were, in order and without gaps, as weeks from Monday to Sunday."""
    mondays = dict.fromkeys(on - timedelta(days=on.weekday()) for on in entries)
    return [
        Week(
            number=monday.isocalendar().week,
            days=[
                Cell(date=on, entry=entries[on]) if on in entries else None
                for on in (monday + timedelta(days=number) for number in range(7))
            ],
        )
        for monday in mondays
    ]


def _coming(site: Site, entry: Entry) -> Mark | None:
    """Return the mark with which somebody came who was there."""
    if not entry.was_there:
        return None
    return next((mark for mark in entry.marks if site.statuses.get(mark.status) is Kind.PRESENT), None)


def _axis(sheet: DaySheet) -> tuple[tzinfo, WorkDay]:
    """Return the zone of a sheet and its work date in it: that of its first row, where the site has moved since."""
    first = next((entry.first for entry in sheet.entries if entry.first), None)
    moved = first is not None and is_of_another_zone(sheet.site, first)
    zone = fixed_zone(first.utc_offset) if first and moved else sheet.site.zone
    return zone, work_day_on(sheet.date, zone, sheet.site.day_start)


def _quarter(at: datetime) -> datetime:
    """Return the quarter of an hour in which an instant lies; offsets of today are whole quarters."""
    return at - (at - _EPOCH) % QUARTER


def _quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the quarters from one instant until before another."""
    while start < end:
        yield start
        start += QUARTER


def _utc(day: date) -> tuple[datetime, datetime]:
    """Return when a day of UTC begins and ends."""
    starts_at = datetime.combine(day, time(), UTC)
    return starts_at, starts_at + timedelta(days=1)


def _sun_row(sheets: Sequence[DaySheet], starts_at: datetime, ends_at: datetime, told_until: datetime) -> SunRow:
    """Return the row of one site."""
    days, changes = [], Counter({starts_at: 0})
    for sheet in sheets:
        _, day = _axis(sheet)
        own = [one for entry in sheet.entries for one in _changes(sheet.site, entry, day.ends_at)]
        begins, ends = max(day.starts_at, starts_at), min(day.ends_at, ends_at)
        if begins < ends:
            came_at = min((at for at, change in own if change > 0), default=None)
            days.append(SunDay(date=sheet.date, starts_at=begins, ends_at=ends, came_at=came_at))
        for at, change in own:
            changes[max(at, starts_at)] += change
    count, steps = 0, []
    for at in sorted(at for at in changes if at == starts_at or at < told_until):
        count += changes[at]
        if changes[at] or at == starts_at:
            steps.append(Step(at=at, count=count))
    return SunRow(site=sheets[0].site, days=days, steps=steps, people=_people(sheets))


def _people(sheets: Sequence[DaySheet]) -> int | None:
    """Return how many are on the roster of a site that has one, at most on these work dates."""
    if sheets[0].site.roster_path is None:
        return None
    return max(sum(not entry.visitor for entry in sheet.entries) for sheet in sheets)


def _changes(site: Site, entry: Entry, day_ends_at: datetime) -> Iterator[tuple[datetime, int]]:
    """Yield when somebody came (1) and went (-1)."""
    if entry.ruled and not entry.was_there:
        return
    is_in = False
    for mark in entry.marks:
        kind = site.statuses.get(mark.status)
        if kind is not None and is_in is not (kind is Kind.PRESENT):
            is_in = not is_in
            yield mark.marked_at, 1 if is_in else -1
    if is_in:
        yield max(day_ends_at, entry.marks[-1].marked_at), -1
