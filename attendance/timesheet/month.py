"""Own what a month was at a site: days by employees, derived as each day is; it reads nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from attendance.clock import Month
from attendance.model import Amendment, Employee, Mark, Moment, Site
from attendance.timesheet.day import Day, key_of
from attendance.timesheet.nouns import Entry, State, Totals, totals_of

Own = dict[date, tuple[list[Mark], list[Amendment]]]
"""What is told of one employee, by the dates of which it speaks."""

_Spoken = TypeVar("_Spoken", Mark, Amendment)


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
    def sum(self) -> Totals:
        """Return how often anybody was what, over all days."""
        return totals_of(entry for person in self.people for entry in person.entries if entry)

    @property
    def totals(self) -> list[Totals]:
        """Return for each date how many there were."""
        columns = [[one.entries[number] for one in self.people] for number in range(len(self.days))]
        return [totals_of(entry for entry in column if entry) for column in columns]


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
    days, known = {on: Day(site, on) for on in month.dates}, employees or {}
    people: dict[str, Own] = {key: {} for key, one in known.items() if any(map(one.belongs_on, days))}
    for on, mark in dated(days, marks):
        people.setdefault(key_of(mark.employee_id, known), {}).setdefault(on, ([], []))[0].append(mark)
    for on, amendment in dated(days, amendments):
        people.setdefault(key_of(amendment.employee_id, known), {}).setdefault(on, ([], []))[1].append(amendment)
    has_roster = employees is not None
    sheets = [_person(days, known.get(key), own, until, has_roster=has_roster) for key, own in people.items()]
    return MonthSheet(site=site, month=month, days=list(days.values()), people=sheets)


def _person(
    days: Mapping[date, Day],
    employee: Employee | None,
    own: Own,
    until: date,
    *,
    has_roster: bool,
) -> PersonMonth:
    """Return the month of an employee."""
    entries = list(entries_over(days, employee, own, until, has_roster=has_roster))
    who = employee or next(entry for entry in reversed(entries) if entry)
    visitor = has_roster and not (employee and any(map(employee.belongs_on, days)))
    return PersonMonth(employee_id=who.employee_id, name=who.name, visitor=visitor, entries=entries)


def entries_over(
    days: Mapping[date, Day], employee: Employee | None, own: Own, until: date, *, has_roster: bool
) -> Iterator[Entry | None]:
    """Yield for each date what it was for somebody of whom these are the marks and amendments."""
    unmarked: dict[State | None, Entry] = {}  # such a day is as any other, but for why nobody was expected
    for on, day in days.items():
        if on in own:
            yield day.entry(employee, *own[on], has_roster=has_roster)
        elif employee is not None and on <= until and employee.belongs_on(on):
            if day.off not in unmarked:
                unmarked[day.off] = day.entry(employee, [], [], has_roster=has_roster)
            yield unmarked[day.off]
        else:
            yield None


def dated(days: Mapping[date, Day], spoken: Iterable[_Spoken]) -> Iterator[tuple[date, _Spoken]]:
    """Yield marks or amendments with the dates of which they speak, those of the days."""
    for one in spoken:
        for on in _dates_near(one):
            if on in days and days[on].is_of(one):
                yield on, one
                break


def _dates_near(spoken: Mark | Amendment) -> Iterator[date]:
    """Yield of which work dates a mark or an amendment may speak: of that on its clock, or of one beside."""
    if isinstance(spoken, Mark):
        near = (spoken.marked_at + spoken.utc_offset).date()
    elif isinstance(spoken.about, Moment):
        near = (spoken.about.at + spoken.about.utc_offset).date()
    else:
        if isinstance(spoken.about, date):
            yield spoken.about
        return
    yield near
    yield near - timedelta(days=1)
    yield near + timedelta(days=1)
