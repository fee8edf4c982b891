"""Own what a year was for one employee at a site, derived as each day is; it reads nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from attendance.clock import Month
from attendance.model import Amendment, Employee, Mark, Site
from attendance.timesheet.day import Day, key_of
from attendance.timesheet.month import Own, dated, entries_over
from attendance.timesheet.nouns import Entry, Totals, totals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonYear:
    """A year of one employee: an entry for each of its dates, in order; None where there is nothing to tell."""

    employee_id: str
    name: str
    entries: Mapping[date, Entry | None]

    @property
    def totals(self) -> Totals:
        """Return on how many days they were what."""
        return totals_of(entry for entry in self.entries.values() if entry)


def person_year(  # noqa: PLR0913  # all that a year is derived from
    site: Site,
    year: int,
    employee_id: str,
    marks: Iterable[Mark],
    *,
    employees: Mapping[str, Employee] | None,
    amendments: Iterable[Amendment] = (),
    until: date,
) -> PersonYear | None:
    """Return what a year was for an employee, from marks in the order of the ledger; those of others are passed over.

    All else is as for a month. None where nobody is known by the ID: neither on the roster, nor by a mark or amendment.
    """
    known = employees or {}
    key = key_of(employee_id, known)
    days = {on: Day(site, on) for number in range(1, 13) for on in Month(year, number).dates}
    own: Own = {}
    for on, mark in dated(days, (mark for mark in marks if key_of(mark.employee_id, known) == key)):
        own.setdefault(on, ([], []))[0].append(mark)
    for on, amendment in dated(days, (one for one in amendments if key_of(one.employee_id, known) == key)):
        own.setdefault(on, ([], []))[1].append(amendment)
    employee = known.get(key)
    told = entries_over(days, employee, own, until, has_roster=employees is not None)
    entries = dict(zip(days, told, strict=True))
    who = employee or next((entry for entry in reversed(entries.values()) if entry), None)
    return PersonYear(employee_id=who.employee_id, name=who.name, entries=entries) if who else None
