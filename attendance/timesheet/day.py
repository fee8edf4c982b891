"""Own what a day was: derived from marks, amendments, roster and plan alone; it reads nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property

from attendance.clock import WorkDay, first_instant, fixed_zone, instants_of, to_local, work_day_on
from attendance.holiday import holiday_on
from attendance.model import Amendment, Employee, Kind, Mark, Moment, Site
from attendance.timesheet.nouns import THERE, DaySheet, Entry, State


def day_sheet(
    site: Site,
    work_date: date,
    marks: Iterable[Mark],
    employees: Mapping[str, Employee] | None,
    amendments: Iterable[Amendment] = (),
) -> DaySheet:
    """Return what a work date was, from marks in the order of the ledger; those of other work dates are passed over.

    `employees` is the roster, by IDs in small letters: who belongs to the site on that date is in the sheet, before
    others who marked or of whom an amendment speaks. Without a roster only these are known.
    """
    day, known = Day(site, work_date), employees or {}
    people: dict[str, tuple[list[Mark], list[Amendment]]] = {
        key: ([], []) for key, employee in known.items() if employee.belongs_on(work_date)
    }
    for mark in marks:
        if day.is_of(mark):
            people.setdefault(key_of(mark.employee_id, known), ([], []))[0].append(mark)
    for amendment in amendments:
        if day.is_of(amendment):
            people.setdefault(key_of(amendment.employee_id, known), ([], []))[1].append(amendment)
    entries = [
        day.entry(known.get(key), own, trail, has_roster=employees is not None) for key, (own, trail) in people.items()
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
        self._tells_leaving = Kind.LEFT in site.statuses.values()
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

    def is_of(self, spoken: Mark | Amendment) -> bool:
        """Tell whether a mark counts for this work date, or an amendment speaks of it or of a moment within it.

        By the offset in its own row: it is that of the site's clock at that instant.
        """
        if isinstance(spoken, Mark):
            return spoken.marked_at in self._as_at(spoken.marked_at, spoken.utc_offset)[0]
        about = spoken.about
        if isinstance(about, Moment):
            return about.at in self._as_at(about.at, about.utc_offset)[0]
        return about == self.date

    def entry(
        self,
        employee: Employee | None,
        marks: Sequence[Mark],
        trail: Sequence[Amendment] = (),
        *,
        has_roster: bool,
    ) -> Entry:
        """Return the entry of somebody who is on the roster, or who marked, or of whom an amendment speaks.

        Whoever does not belong to a site with a roster on this date is a visitor there, leavers too.
        """
        visitor = has_roster and not (employee and employee.belongs_on(self.date))
        who = employee or (marks or trail)[-1]
        counted, ruling = _amended(marks, trail) if trail else (marks, None)
        status = ruling if ruling is not None else counted[-1].status if counted else ""
        state = self._state(status, is_expected=not visitor)
        is_due = ruling is None and not visitor and not self.off and state in THERE
        return Entry(
            employee_id=who.employee_id,
            name=who.name,
            state=state,
            status=status or None,
            late=is_due and self._came_late(counted),
            visitor=visitor,
            worked=self._worked(counted if ruling is None or state in THERE else ()),
            marks=counted,
            trail=trail,
        )

    def _state(self, status: str, *, is_expected: bool) -> State:
        """Return what the day was for somebody with a status or none; nobody is absent when nobody is expected."""
        if not status:
            return self.off or (State.NOT_MARKED if is_expected else State.OFF)
        kind = self._site.statuses.get(status)
        if kind is None:
            return State.UNKNOWN
        return self.off if kind is Kind.ABSENT and self.off else State(kind)

    def _came_late(self, marks: Sequence[Mark]) -> bool:
        """Tell whether the first mark of the kind `present` came too late."""
        came = next((mark for mark in marks if self._kind(mark) is Kind.PRESENT), None)
        due = self._as_at(came.marked_at, came.utc_offset)[1] if came else None
        return came is not None and due is not None and came.marked_at > due

    def _worked(self, marks: Sequence[Mark]) -> timedelta | None:
        """Return the time from each coming to the next leaving; without a leaving it is not counted.

        None where the site has no status for leaving: it does not know how long anybody was there.
        """
        if not self._tells_leaving:
            return None
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
        here, steady_offset = self._here
        if utc_offset == steady_offset and instant in here[0]:
            return here
        minute = instant.replace(second=0), utc_offset  # a zone changes with a minute, not within
        zone = self._zones.get(minute)
        if zone is None:
            elsewhere = to_local(instant, self._site.zone).utcoffset() != utc_offset
            zone = self._zones[minute] = fixed_zone(utc_offset) if elsewhere else self._site.zone
        if zone not in self._days:
            self._days[zone] = self._in_zone(zone)
        return self._days[zone]

    @cached_property
    def _here(self) -> tuple[tuple[WorkDay, datetime | None], timedelta | None]:
        """Return the same in the zone of the site, and its offset if the clock is not changed on this date.

        It is not where it has one offset at both ends: no zone changes twice within two days (a test says so).
        """
        here = self._in_zone(self._site.zone)
        first, last = (to_local(at, self._site.zone).utcoffset() for at in (here[0].starts_at, here[0].ends_at))
        return here, first if first == last else None

    def _in_zone(self, zone: tzinfo) -> tuple[WorkDay, datetime | None]:
        """Return the work date and the last instant that is in time, in a zone."""
        return work_day_on(self.date, zone, self._site.day_start), due_at(self._site, self.date, zone)


def _amended(marks: Sequence[Mark], trail: Sequence[Amendment]) -> tuple[Sequence[Mark], str | None]:
    """Return marks as amendments make them, and the status that the date has by the last word, or None.

    What was written last counts: of a date, it decides the date; of a moment, it stands in the place of what was marked
    at that instant, and the date is again what the marks say. Where a date is as if not marked, no mark counts.
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
    return [] if ruling == "" else sorted(counted, key=lambda mark: mark.marked_at), ruling
