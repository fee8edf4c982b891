"""Own what a day was at a site: it derives who was there from marks, roster and plan alone, and reads nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property

from attendance.clock import WorkDay, first_instant, fixed_zone, instants_of, to_local, work_day_on
from attendance.holiday import holiday_on
from attendance.model import Employee, Kind, Mark, Site


class State(StrEnum):
    """What a day was for somebody: the kind of their last mark, or why there is none."""

    PRESENT = "present"
    ABSENT = "absent"
    LEFT = "left"
    NOT_MARKED = "not_marked"
    OFF = "off"
    HOLIDAY = "holiday"
    UNKNOWN = "unknown"
    """The last mark has a status that the site does not have any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A day of one employee; `worked` is None where the site has no status of the kind `left`."""

    employee_id: str
    name: str
    state: State
    first: Mark | None
    last: Mark | None
    late: bool
    visitor: bool
    worked: timedelta | None

    @property
    def status(self) -> str | None:
        """Return the status of the last mark."""
        return self.last.status if self.last else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many there were: `present` counts who left again, and `late` is a part of it; `off` counts holidays."""

    present: int
    absent: int
    late: int
    not_marked: int
    off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    """A work date at a site: an entry for everybody on the roster, in its order, then for others who marked."""

    site: Site
    date: date
    holiday: str | None
    entries: Sequence[Entry]

    @property
    def totals(self) -> Totals:
        """Return how many were there."""
        count = Counter(entry.state for entry in self.entries)
        return Totals(
            present=count[State.PRESENT] + count[State.LEFT],
            absent=count[State.ABSENT],
            late=sum(entry.late for entry in self.entries),
            not_marked=count[State.NOT_MARKED],
            off=count[State.OFF] + count[State.HOLIDAY],
        )


def day_sheet(site: Site, work_date: date, marks: Iterable[Mark], employees: Mapping[str, Employee] | None) -> DaySheet:
    """Return what a work date was, from marks in the order of the ledger; those of other work dates are passed over.

    `employees` is the roster, by IDs in small letters. Without one only those who marked are known.
    """
    day = _Day(site, work_date)
    known = employees or {}
    marked: dict[str, list[Mark]] = {employee.employee_id: [] for employee in known.values()}
    for mark in marks:
        if day.counts(mark):
            employee = known.get(mark.employee_id.casefold())
            marked.setdefault(employee.employee_id if employee else mark.employee_id, []).append(mark)
    entries = [
        day.entry(known.get(key.casefold()), own, visitor=employees is not None and key.casefold() not in known)
        for key, own in marked.items()
    ]
    return DaySheet(site=site, date=work_date, holiday=day.holiday, entries=entries)


def is_of_another_zone(site: Site, mark: Mark) -> bool:
    """Tell whether a row was written with an offset that the site's zone has not at that instant.

    The site was in another zone then, or that zone had other rules: what the row says of its own offset stays true.
    """
    return to_local(mark.marked_at, site.zone).utcoffset() != mark.utc_offset


def due_at(site: Site, work_date: date, zone: tzinfo) -> datetime | None:
    """Return the last instant (aware UTC) that is in time on a work date, or None where the plan has no start.

    A start before the turn of the day lies on the next local date. Where the clock shows it twice, the second counts,
    so that nobody is late who could read the clock otherwise; where it is skipped, the instant of the skip does.
    """
    start_time = site.plan.start_time
    if start_time is None:
        return None
    start = datetime.combine(work_date + timedelta(days=start_time < site.day_start), start_time)
    shown = instants_of(start, zone)
    return (shown[-1] if shown else first_instant(start, zone)) + timedelta(minutes=site.plan.grace_minutes)


class _Day:
    """One work date at a site while it is derived."""

    def __init__(self, site: Site, work_date: date) -> None:
        self._site = site
        self._date = work_date
        self._days: dict[tzinfo, tuple[WorkDay, datetime | None]] = {}
        self._zones: dict[tuple[datetime, timedelta], tzinfo] = {}

    @cached_property
    def holiday(self) -> str | None:
        """Return the name of the public holiday, if it is one."""
        code = self._site.plan.holidays
        return holiday_on(code, self._date) if code else None

    @cached_property
    def off(self) -> State | None:
        """Return why nobody is expected, or None; a holiday on a day that is off anyway changes nothing."""
        if self._date.weekday() not in self._site.plan.workdays:
            return State.OFF
        return State.HOLIDAY if self.holiday else None

    def counts(self, mark: Mark) -> bool:
        """Tell whether a mark counts for this work date, by the offset in its own row."""
        return mark.marked_at in self._as_at(mark)[0]

    def entry(self, employee: Employee | None, marks: Sequence[Mark], *, visitor: bool) -> Entry:
        """Return the entry of an employee of the roster, or of somebody else who marked."""
        state = self._state(marks)
        expected = not visitor and self.off is None and state in {State.PRESENT, State.LEFT}
        return Entry(
            employee_id=employee.employee_id if employee else marks[-1].employee_id,
            name=employee.name if employee else marks[-1].name,
            state=state,
            first=marks[0] if marks else None,
            last=marks[-1] if marks else None,
            late=expected and self._came_late(marks),
            visitor=visitor,
            worked=self._worked(marks) if Kind.LEFT in self._site.statuses.values() else None,
        )

    def _state(self, marks: Sequence[Mark]) -> State:
        """Return what the day was for somebody; nobody is absent when nobody is expected."""
        if not marks:
            return self.off or State.NOT_MARKED
        kind = self._kind(marks[-1])
        if kind is None:
            return State.UNKNOWN
        return self.off if kind is Kind.ABSENT and self.off else State(kind)

    def _came_late(self, marks: Sequence[Mark]) -> bool:
        """Tell whether the first mark of the kind `present` came too late."""
        came = next((mark for mark in marks if self._kind(mark) is Kind.PRESENT), None)
        due = self._as_at(came)[1] if came else None
        return came is not None and due is not None and came.marked_at > due

    def _worked(self, marks: Sequence[Mark]) -> timedelta:
        """Return the time from each coming to the next leaving; without a leaving it is not counted."""
        worked, came_at = timedelta(), None
        for mark in marks:
            kind = self._kind(mark)
            if kind is Kind.PRESENT:
                came_at = came_at or mark.marked_at
            elif kind is Kind.LEFT and came_at:
                worked, came_at = worked + (mark.marked_at - came_at), None
            elif kind is Kind.ABSENT:
                came_at = None
        return worked

    def _kind(self, mark: Mark) -> Kind | None:
        """Return what the status of a mark means."""
        return self._site.statuses.get(mark.status)

    def _as_at(self, mark: Mark) -> tuple[WorkDay, datetime | None]:
        """Return the work date and the last instant that is in time, in the zone in which a mark was written."""
        minute = mark.marked_at.replace(second=0), mark.utc_offset  # a zone changes with a minute, not within
        zone = self._zones.get(minute)
        if zone is None:
            elsewhere = is_of_another_zone(self._site, mark)
            zone = self._zones[minute] = fixed_zone(mark.utc_offset) if elsewhere else self._site.zone
        if zone not in self._days:
            in_zone = work_day_on(self._date, zone, self._site.day_start), due_at(self._site, self._date, zone)
            self._days[zone] = in_zone
        return self._days[zone]
