"""Own what a month was at a site: days by employees, derived as each day is; it reads nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from attendance.clock import Month
from attendance.model import Amendment, Employee, Mark, Moment, Site
from attendance.timesheet.day import Day, Entry, Totals, key_of, totals_of

_Own = dict[date, tuple[list[Mark], list[Amendment]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMonth:
    """A month of one employee: an entry for each date, in order.

    It is None where there is nothing to tell: the employee did not belong to the site, the day has not begun, or nobody
    knows who was expected.
    """

    employee_id: str
    name: str
    visitor: bool
    entries: Sequence[Entry | None]

    @property
    def totals(self) -> Totals:
        """Return on how many days they were what."""
        return totals_of(entry for entry in self.entries if entry)

    @property
    def worked(self) -> timedelta | None:
        """Return the hours of the month, or None where the site does not know when people leave."""
        known = [entry.worked for entry in self.entries if entry and entry.worked is not None]
        return sum(known, timedelta()) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSheet:
    """A month at a site: everybody who was on its roster on one of its dates, in its order, then others who marked.

    `days` has for each date the derivation of that day: its holiday, and why nobody is expected.
    """

    site: Site
    month: Month
    days: Sequence[Day]
    people: Sequence[PersonMonth]

    @property
    def totals(self) -> list[Totals]:
        """Return for each date how many there were."""
        return [totals_of(e for e in column if e) for column in zip(*(one.entries for one in self.people), strict=True)]


def month_sheet(  # noqa: PLR0913  # all that a month is derived from
    site: Site,
    month: Month,
    marks: Iterable[Mark],
    employees: Mapping[str, Employee] | None,
    amendments: Iterable[Amendment] = (),
    *,
    until: date,
) -> MonthSheet:
    """Return what a month was, from marks in the order of the ledger; those of other months are passed over.

    `employees` and `amendments` are as for a day; days after `until` have not begun: only who marked or is spoken of
    has an entry there.
    """
    days = {on: Day(site, on) for on in month.dates}
    known = {key: one for key, one in (employees or {}).items() if any(map(one.belongs_on, days))}
    people: dict[str, _Own] = {key: defaultdict(_nothing) for key in known}
    for on, mark in _dated(days, marks):
        people.setdefault(key_of(mark.employee_id, known), defaultdict(_nothing))[on][0].append(mark)
    for amendment in amendments:
        for on in _dates_of(days, amendment):
            people.setdefault(key_of(amendment.employee_id, known), defaultdict(_nothing))[on][1].append(amendment)
    has_roster = employees is not None
    sheets = [_person(days, known.get(key), own, until, has_roster=has_roster) for key, own in people.items()]
    return MonthSheet(site=site, month=month, days=list(days.values()), people=sheets)


def _nothing() -> tuple[list[Mark], list[Amendment]]:
    """Return neither marks nor amendments."""
    return [], []


def _person(
    days: Mapping[date, Day],
    employee: Employee | None,
    own: _Own,
    until: date,
    *,
    has_roster: bool,
) -> PersonMonth:
    """Return the month of an employee."""
    entries: list[Entry | None] = []
    for on, day in days.items():
        member = employee if employee and employee.belongs_on(on) else None
        marks, trail = own.get(on) or _nothing()
        if marks or trail or (member and on <= until):
            entries.append(day.entry(member, marks, trail, visitor=has_roster and member is None))
        else:
            entries.append(None)
    last = next(entry for entry in reversed(entries) if entry) if own else None
    who = employee or last
    assert who is not None  # noqa: S101  # nobody is in a sheet who neither belongs to the site nor is spoken of
    visitor = has_roster and employee is None
    return PersonMonth(employee_id=who.employee_id, name=who.name, visitor=visitor, entries=entries)


def _dated(days: Mapping[date, Day], marks: Iterable[Mark]) -> Iterator[tuple[date, Mark]]:
    """Yield marks with the work dates that they count for, those of the month."""
    for mark in marks:
        near = (mark.marked_at + mark.utc_offset).date()
        for on in (near, near - timedelta(days=1), near + timedelta(days=1)):
            if on in days and days[on].counts(mark):
                yield on, mark
                break


def _dates_of(days: Mapping[date, Day], amendment: Amendment) -> Iterator[date]:
    """Yield the date of the month of which an amendment speaks, if it does."""
    about = amendment.about
    if isinstance(about, Moment):
        near = (about.at + about.utc_offset).date()
        candidates = (near, near - timedelta(days=1), near + timedelta(days=1))
        yield from (on for on in candidates if on in days and days[on].is_about(amendment))
    elif isinstance(about, date) and about in days:
        yield about
