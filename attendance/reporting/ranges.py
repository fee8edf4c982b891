"""Own what long ranges of work dates were at sites, in totals: the engine counts what is plain, the rest is derived.

The totals of a date are those of its day's sheet and of its column in the month's, amendments included: days that have
not begun are told of who marked or is spoken of only.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import accumulate

from attendance.amendments import work_date_of
from attendance.clock import Month, to_local
from attendance.ledger import Ledger
from attendance.model import Amendment, Employee, Kind, Mark, Site
from attendance.reporting.days import OFFSETS_APART, Reporting
from attendance.reporting.engine import Counted, Engine, Group, NotPlainError, Row
from attendance.reporting.marks import MarkReading
from attendance.reporting.sources import Sources
from attendance.reporting.stretches import Stretch, stretches
from attendance.timesheet import Day, Entry, Totals, is_of_another_zone, totals_of
from attendance.timesheet.day import key_of

PART_BYTES = 12 << 20
"""So much of a file is counted at once: its people fit into the cache of a processor."""

WORKERS = min(4, os.cpu_count() or 1)
_NAMES = ("present", "absent", "late", "not_marked", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeDay:
    """A work date of a range at a site: how many people were what, and how many marks were made, as they were made.

    `counted`: whether the engine counted it, or it was derived row by row.
    """

    date: date
    totals: Totals
    marks: int
    counted: bool


def added(totals: Iterable[Totals]) -> Totals:
    """Return totals together; of several dates they count people once for each date."""
    every = list(totals)
    return Totals(**{name: sum(getattr(one, name) for one in every) for name in _NAMES})


class Ranges:
    """Tell what ranges of work dates were at sites; what it is made of is as for `Reporting`."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._reporting = Reporting(sources)

    def days(self, site: Site, first: date, last: date) -> list[RangeDay]:
        """Return every work date between two, both included; raise LedgerError, RosterError."""
        roster = self._sources.roster_of(site)
        today = self._reporting.today(site)
        told = _Told(site, roster.employees if roster else None, self._sources.amendments_of(site), today)
        rows = _Rows(self._sources.ledger_of(site))
        with ExitStack() as stack:
            engine = stack.enter_context(Engine(site.statuses, told.employees.values() if roster else None))
            pool = stack.enter_context(ThreadPoolExecutor(WORKERS))
            parts = [part for stretch in stretches(site, first, last) for part in rows.parts(stretch)]
            found = list(pool.map(partial(_counted, told, engine, rows), parts))
        days: list[RangeDay] = []
        for part, counted in zip(parts, found, strict=True):
            days += told.days(part, counted) if counted else self._derived(site, part, today)
        return days

    def _derived(self, site: Site, stretch: Stretch, today: date) -> Iterator[RangeDay]:
        """Yield the days of a stretch as their sheets tell them."""
        reading = MarkReading(self._sources.ledger_of)
        marks = Counter(dated.work_date for dated in reading.marks(site, stretch.dates[0], stretch.dates[-1]))
        for on in stretch.dates:
            entries = self._reporting.day(site, on).entries
            begun = (entry for entry in entries if on <= today or entry.trail or entry.marks)
            yield RangeDay(date=on, totals=totals_of(begun), marks=marks[on], counted=False)


class _Rows:
    """The rows of a ledger while a range of it is told: where those of a stretch lie is looked up once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[datetime, int] = {}

    def bounds(self, stretch: Stretch) -> tuple[int, int]:
        """Return between which offsets the rows of a stretch lie."""
        return self._offset(stretch.starts_at), self._offset(stretch.ends_at)

    def parts(self, stretch: Stretch) -> Iterator[Stretch]:
        """Yield a stretch in parts that are not too large to be counted at once."""
        start, end = self.bounds(stretch)
        if stretch.days == 1 or (end - start <= PART_BYTES and not self.begins_elsewhere(stretch)):
            yield stretch
            return
        for half in stretch.halves:
            yield from self.parts(half)

    def begins_elsewhere(self, stretch: Stretch) -> bool:
        """Tell whether rows about a stretch begin with one of another zone: whatever follows may be of another date."""
        around = next(self._ledger.read(stretch.starts_at - OFFSETS_APART, stretch.ends_at + OFFSETS_APART), None)
        return around is not None and is_of_another_zone(self._ledger.site, around)

    def pieces(self, stretch: Stretch) -> Iterator[bytes]:
        """Yield the bytes of the rows of a stretch."""
        return self._ledger.log.chunks(*self.bounds(stretch))

    def _offset(self, instant: datetime) -> int:
        """Return where the rows from an instant on begin."""
        if instant not in self._known:
            self._known[instant] = self._ledger.offset_at(instant)
        return self._known[instant]


def _counted(told: "_Told", engine: Engine, rows: _Rows, stretch: Stretch) -> Counted | None:
    """Return what the engine counts, or None where rows must be read one by one."""
    start, end = rows.bounds(stretch)
    if rows.begins_elsewhere(stretch):
        return None
    if start == end:
        return Counted(groups=(), rows=())
    try:
        counted = engine.count(stretch, rows.pieces(stretch), told.apart(stretch))
    except NotPlainError:
        return None
    return None if told.is_misspelled(counted.groups) else counted


class _Told:
    """What is told of a site beside its marks: who belongs to it, what was amended, what today is there."""

    def __init__(
        self, site: Site, employees: Mapping[str, Employee] | None, amendments: Iterable[Amendment], today: date
    ) -> None:
        self.site = site
        self.employees = employees or {}
        self._has_roster = employees is not None
        self._today = today
        self._trails: dict[date, dict[str, list[Amendment]]] = {}
        for amendment in amendments:
            if not isinstance(amendment.about, Month):
                on, key = work_date_of(site, amendment.about), key_of(amendment.employee_id, self.employees)
                self._trails.setdefault(on, {}).setdefault(key, []).append(amendment)

    def apart(self, stretch: Stretch) -> Iterator[tuple[date, str]]:
        """Yield the employees and dates of a stretch of which amendments speak: their marks are needed as they are."""
        for on in stretch.dates:
            for key in self._trails.get(on, ()):
                yield on, self.employees[key].employee_id if key in self.employees else key

    def is_misspelled(self, groups: Iterable[Group]) -> bool:
        """Tell whether a mark has an ID of the roster in other capitals than there: it is theirs all the same."""
        for group in groups:
            for stranger in group.strangers:
                employee = self.employees.get(stranger.casefold())
                if employee and employee.employee_id != stranger:
                    return True
        return False

    def days(self, stretch: Stretch, counted: Counted) -> Iterator[RangeDay]:
        """Yield the days of a stretch: what was counted, who did not mark, and what was amended."""
        groups, rows = defaultdict(list), defaultdict(list)
        for group in counted.groups:
            groups[group.date].append(group)
        for row in counted.rows:
            rows[row.date].append(row)
        for on, members in zip(stretch.dates, self._members(stretch), strict=True):
            day = Day(self.site, on)
            entries = self._amended(day, rows[on])
            waited_for = members - sum(not entry.visitor for entry in entries)
            is_known = self._has_roster and on <= self._today
            told = _totals(day, groups[on], waited_for if is_known else None)
            marks = len(rows[on]) + sum(group.marks for group in groups[on])
            yield RangeDay(date=on, totals=added([told, totals_of(entries)]), marks=marks, counted=True)

    def _members(self, stretch: Stretch) -> Iterator[int]:
        """Yield for each date of a stretch how many belong to the site."""
        changes = [0] * (stretch.days + 1)
        for one in self.employees.values():
            begin = max(0, (one.from_date - stretch.first).days) if one.from_date else 0
            end = min(stretch.days, (one.until_date - stretch.first).days + 1) if one.until_date else stretch.days
            if begin < end:
                changes[begin] += 1
                changes[end] -= 1
        return accumulate(changes[:-1])

    def _amended(self, day: Day, rows: Sequence[Row]) -> list[Entry]:
        """Return the entries of those of whom amendments speak."""
        marks: dict[str, list[Mark]] = {}
        for row in rows:
            utc_offset = to_local(row.marked_at, self.site.zone).utcoffset() or timedelta()
            mark = Mark(
                marked_at=row.marked_at,
                utc_offset=utc_offset,
                employee_id=row.employee_id,
                name="",
                status=row.status,
            )
            marks.setdefault(key_of(row.employee_id, self.employees), []).append(mark)
        return [
            day.entry(self.employees.get(key), marks.get(key, ()), trail, has_roster=self._has_roster)
            for key, trail in self._trails.get(day.date, {}).items()
        ]


def _totals(day: Day, groups: Iterable[Group], waited_for: int | None) -> Totals:
    """Return how many people of a day were what; `waited_for` belong to the site, None where nobody knows."""
    count = Counter[str]()
    for group in groups:
        is_there = group.kind in {Kind.PRESENT, Kind.LEFT}
        if is_there:
            count["present"] += group.people
        elif group.kind is Kind.ABSENT:
            count["off" if day.off else "absent"] += group.people
        if is_there and group.late and group.is_member and not day.off:
            count["late"] += group.people
        if group.is_member and waited_for:
            waited_for -= group.people
    count["off" if day.off else "not_marked"] += waited_for or 0
    return Totals(**{name: count[name] for name in _NAMES})
