"""Own what a day was: derived from marks, amendments, roster and plan alone; it reads nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from attendance.clock import WorkDay, first_instant, fixed_zone, instants_of, to_local, work_day_on
from attendance.holiday import holiday_on
from attendance.model import Amendment, Employee, Kind, Mark, Moment, Site


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
class Sighting:
    """Where somebody who is missing at their home site marked as a visitor on the same date, with their first mark."""

    site: Site
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A day of one employee; `worked` is None where the site has no status of the kind `left`.

    `status` is that of the last mark, or what an amendment says of the date; `first` and `last` are marks, as amended.
    `trail` has every amendment that speaks of this day of theirs, in the order of writing, requests too.
    """

    employee_id: str
    name: str
    state: State
    status: str | None
    first: Mark | None
    last: Mark | None
    late: bool
    visitor: bool
    worked: timedelta | None
    trail: Sequence[Amendment] = ()
    seen: Sighting | None = None

    @property
    def amended(self) -> bool:
        """Tell whether an amendment has a say in this."""
        return any(amendment.counts for amendment in self.trail)


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
        return totals_of(self.entries)


def totals_of(entries: Iterable[Entry]) -> Totals:
    """Return how many of the entries were what."""
    seen = list(entries)
    count = Counter(entry.state for entry in seen)
    return Totals(
        present=count[State.PRESENT] + count[State.LEFT],
        absent=count[State.ABSENT],
        late=sum(entry.late for entry in seen),
        not_marked=count[State.NOT_MARKED],
        off=count[State.OFF] + count[State.HOLIDAY],
    )


def day_sheet(  # noqa: PLR0913  # all that a day is derived from
    site: Site,
    work_date: date,
    marks: Iterable[Mark],
    employees: Mapping[str, Employee] | None,
    amendments: Iterable[Amendment] = (),
    *,
    sightings: Mapping[str, Sighting] = MappingProxyType({}),
) -> DaySheet:
    """Return what a work date was, from marks in the order of the ledger; those of other work dates are passed over.

    `employees` is the roster, by IDs in small letters: who belongs to the site on that date is in the sheet. Without
    one only those are known who marked, or of whom an amendment speaks. `sightings` has visitors at other sites, by IDs
    in small letters too.
    """
    day = Day(site, work_date)
    known = {key: employee for key, employee in (employees or {}).items() if employee.belongs_on(work_date)}
    people: dict[str, tuple[list[Mark], list[Amendment]]] = {key: ([], []) for key in known}
    for mark in marks:
        if day.counts(mark):
            people.setdefault(key_of(mark.employee_id, known), ([], []))[0].append(mark)
    for amendment in amendments:
        if day.is_about(amendment):
            people.setdefault(key_of(amendment.employee_id, known), ([], []))[1].append(amendment)
    has_roster = employees is not None
    entries = [
        day.entry(known.get(key), own, trail, visitor=has_roster and key not in known, seen=sightings.get(key))
        for key, (own, trail) in people.items()
    ]
    return DaySheet(site=site, date=work_date, holiday=day.holiday, entries=entries)


def key_of(employee_id: str, employees: Mapping[str, Employee]) -> str:
    """Return under what somebody stands in a sheet: as in the roster, else under the ID as it was typed."""
    folded = employee_id.casefold()
    return folded if folded in employees else employee_id


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


class Day:
    """One work date at a site while it is derived."""

    def __init__(self, site: Site, work_date: date) -> None:
        self.date = work_date
        self._site = site
        self._days: dict[tzinfo, tuple[WorkDay, datetime | None]] = {}
        self._zones: dict[tuple[datetime, timedelta], tzinfo] = {}

    @cached_property
    def holiday(self) -> str | None:
        """Return the name of the public holiday, if it is one."""
        code = self._site.plan.holidays
        return holiday_on(code, self.date) if code else None

    @cached_property
    def off(self) -> State | None:
        """Return why nobody is expected, or None; a holiday on a day that is off anyway changes nothing."""
        if self.date.weekday() not in self._site.plan.workdays:
            return State.OFF
        return State.HOLIDAY if self.holiday else None

    def counts(self, mark: Mark) -> bool:
        """Tell whether a mark counts for this work date, by the offset in its own row."""
        return mark.marked_at in self._as_at(mark.marked_at, mark.utc_offset)[0]

    def is_about(self, amendment: Amendment) -> bool:
        """Tell whether an amendment speaks of this work date, or of a moment that counts for it."""
        about = amendment.about
        if isinstance(about, Moment):
            return about.at in self._as_at(about.at, about.utc_offset)[0]
        return about == self.date

    def entry(
        self,
        employee: Employee | None,
        marks: Sequence[Mark],
        trail: Sequence[Amendment] = (),
        *,
        visitor: bool,
        seen: Sighting | None = None,
    ) -> Entry:
        """Return the entry of an employee of the roster, or of somebody else who marked or is spoken of."""
        ruling = None
        who = employee or (marks or trail)[-1]
        if trail:
            marks, ruling = _amended(marks, trail)
        status = ruling if ruling is not None else marks[-1].status if marks else ""
        state = self._state(status)
        expected = not visitor and self.off is None and ruling is None and state in {State.PRESENT, State.LEFT}
        return Entry(
            employee_id=who.employee_id,
            name=who.name,
            state=state,
            status=status or None,
            first=marks[0] if marks else None,
            last=marks[-1] if marks else None,
            late=expected and self._came_late(marks),
            visitor=visitor,
            worked=self._worked(marks) if Kind.LEFT in self._site.statuses.values() else None,
            trail=trail,
            seen=seen if state not in {State.PRESENT, State.LEFT} else None,
        )

    def _state(self, status: str) -> State:
        """Return what the day was for somebody with a status or none; nobody is absent when nobody is expected."""
        if not status:
            return self.off or State.NOT_MARKED
        kind = self._site.statuses.get(status)
        if kind is None:
            return State.UNKNOWN
        return self.off if kind is Kind.ABSENT and self.off else State(kind)

    def _came_late(self, marks: Sequence[Mark]) -> bool:
        """Tell whether the first mark of the kind `present` came too late."""
        came = next((mark for mark in marks if self._kind(mark) is Kind.PRESENT), None)
        due = self._as_at(came.marked_at, came.utc_offset)[1] if came else None
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

    def _as_at(self, instant: datetime, utc_offset: timedelta) -> tuple[WorkDay, datetime | None]:
        """Return the work date and the last instant that is in time, in the zone in which a row was written."""
        minute = instant.replace(second=0), utc_offset  # a zone changes with a minute, not within
        zone = self._zones.get(minute)
        if zone is None:
            elsewhere = to_local(instant, self._site.zone).utcoffset() != utc_offset
            zone = self._zones[minute] = fixed_zone(utc_offset) if elsewhere else self._site.zone
        if zone not in self._days:
            in_zone = work_day_on(self.date, zone, self._site.day_start), due_at(self._site, self.date, zone)
            self._days[zone] = in_zone
        return self._days[zone]


def _amended(marks: Sequence[Mark], trail: Sequence[Amendment]) -> tuple[Sequence[Mark], str | None]:
    """Return marks as amendments make them, and the status that the date has by the last word, or None.

    What was written last counts: of a date, it decides the date; of a moment, it stands in the place of what was marked
    at that instant, and the date is again what the marks say.
    """
    counted, ruling = list(marks), None
    for amendment in trail:
        if not amendment.counts:
            continue
        if not isinstance(amendment.about, Moment):
            ruling = amendment.status
            continue
        at, ruling = amendment.about, None
        counted = [mark for mark in counted if mark.marked_at != at.at]
        if amendment.status:
            counted.append(
                Mark(
                    marked_at=at.at,
                    utc_offset=at.utc_offset,
                    employee_id=amendment.employee_id,
                    name=amendment.name,
                    status=amendment.status,
                )
            )
    return sorted(counted, key=lambda mark: mark.marked_at), ruling
