"""Own what days and months were: read the rows that they need from ledgers and amendments, and derive the sheets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from attendance.clock import Month, WorkDay, work_day, work_day_on
from attendance.errors import LedgerError, RosterError
from attendance.model import Amendment, Employee, Mark, Site
from attendance.reporting.sources import Sources
from attendance.timesheet import (
    Day,
    DaySheet,
    Entry,
    MonthSheet,
    PersonYear,
    day_sheet,
    is_of_another_zone,
    month_sheet,
    person_year,
    sightings_in,
    with_sightings,
)
from attendance.timesheet.day import key_of

OFFSETS_APART = timedelta(days=2)
"""No two offsets that a row can hold are further apart."""

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDay:
    """A day of one employee: what it was, as far as it is known, and their marks as they were recorded."""

    site: Site
    date: date
    employee: Employee | None
    entry: Entry | None
    marks: Sequence[Mark]

    @property
    def name(self) -> str:
        """Return the name of the employee: as on the roster, else as they marked; nothing where neither is known."""
        known = self.employee or self.entry
        return known.name if known else ""


class Reporting:
    """Tell what days and months were at sites: from each its marks, roster and amendments, as they are or as they were.

    `known_at` is an instant: what was written after it is not looked at, neither marks nor amendments.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def today(self, site: Site) -> date:
        """Return the present work date of a site."""
        return work_day(self._sources.now(), site.zone, site.day_start).date

    def known_at(self, site: Site, known: datetime | date | None) -> datetime | None:
        """Return the instant of which somebody asks what was known: one, or the last one of a work date of the site."""
        if known is None or isinstance(known, datetime):
            return known
        return work_day_on(known, site.zone, site.day_start).ends_at - _TICK

    def day(
        self, site: Site, work_date: date, *, known_at: datetime | None = None, others: Iterable[Site] = ()
    ) -> DaySheet:
        """Return what a work date was at a site, reading the rows of that day only.

        Who is missing is looked for among the visitors of the `others`. Raise LedgerError, RosterError.
        """
        sheet = self._day(site, work_date, known_at)
        return self.with_sightings([sheet], others, known_at)[0]

    def with_sightings(
        self, sheets: Sequence[DaySheet], others: Iterable[Site], known: datetime | date | None = None
    ) -> list[DaySheet]:
        """Return sheets with where their missing people were seen on the same work date, as visitors of the `others`.

        A sheet that is among the sheets is not read again. Nobody is seen where a site cannot be read: that somebody is
        missing at their own is true all the same.
        """
        here = {(sheet.site.site_id, sheet.date): sheet for sheet in sheets}
        hosts = [other for other in others if other.visitors]
        seen = {}
        for on in {sheet.date for sheet in sheets}:
            found = (here.get((host.site_id, on)) or self._day_or_none(host, on, known) for host in hosts)
            seen[on] = sightings_in(sheet for sheet in found if sheet)
        return [with_sightings(sheet, seen[sheet.date]) for sheet in sheets]

    def person_day(self, site: Site, work_date: date, employee_id: str, *, before: int | None = None) -> PersonDay:
        """Return what a work date was for one employee, reading the rows of that day; raise LedgerError, RosterError.

        Who is on the roster is known by the ID in any case, others by the ID as they typed it. With `before` it is what
        the day was before the amendment of that number.
        """
        return self.people_day(site, work_date, [employee_id], before=before)[0]

    def people_day(
        self, site: Site, work_date: date, employee_ids: Sequence[str], *, before: int | None = None
    ) -> list[PersonDay]:
        """Return what a work date was for several employees, in their order, as `person_day` does; read once."""
        roster, day = self._employees(site), Day(site, work_date)
        known = roster or {}
        keys = [key_of(employee_id, known) for employee_id in employee_ids]
        people: dict[str, tuple[list[Mark], list[Amendment]]] = {key: ([], []) for key in keys}
        for mark in self._marks(site, work_day_on(work_date, site.zone, site.day_start), None):
            if (own := people.get(key_of(mark.employee_id, known))) and day.is_of(mark):
                own[0].append(mark)
        for amendment in self._amendments(site, None):
            if (own := people.get(key_of(amendment.employee_id, known))) and (not before or amendment.number < before):
                own[1].append(amendment)
        return [_person_day(site, work_date, key, people[key], roster) for key in keys]

    def month(self, site: Site, month: Month, *, known_at: datetime | None = None) -> MonthSheet:
        """Return what a month was at a site, reading the rows of that month only; raise LedgerError, RosterError."""
        first, last = (work_day_on(on, site.zone, site.day_start) for on in (month.dates[0], month.dates[-1]))
        span = WorkDay(date=first.date, starts_at=first.starts_at, ends_at=last.ends_at)
        marks = self._marks(site, span, known_at)
        amendments = self._amendments(site, known_at)
        until = self._until(site, known_at)
        return month_sheet(site, month, marks, self._employees(site), amendments, until=until)

    def day_as_known(self, site: Site, on: date | None, known: datetime | date | None) -> DaySheet:
        """Return what a work date was at a site, or its today; of it what was known; raise LedgerError, RosterError."""
        return self.day(site, on or self.today(site), known_at=self.known_at(site, known))

    def month_as_known(self, site: Site, month: Month | None, known: datetime | date | None) -> MonthSheet:
        """Return what a month was at a site, or its present one, as `day_as_known` does."""
        return self.month(site, month or Month.of(self.today(site)), known_at=self.known_at(site, known))

    def year(self, site: Site, employee_id: str, year: int, *, known_at: datetime | None = None) -> PersonYear | None:
        """Return what a year was for one employee of a site, or None where nobody is known by the ID.

        Who is on the roster is known by the ID in any case, others by the ID as they typed it. Raise LedgerError,
        RosterError.
        """
        first, last = (work_day_on(on, site.zone, site.day_start) for on in (date(year, 1, 1), date(year, 12, 31)))
        span = WorkDay(date=first.date, starts_at=first.starts_at, ends_at=last.ends_at)
        marks, amendments = self._marks(site, span, known_at, of=employee_id), self._amendments(site, known_at)
        return person_year(
            site,
            year,
            employee_id,
            marks,
            employees=self._employees(site),
            amendments=amendments,
            until=self._until(site, known_at),
        )

    def _until(self, site: Site, known_at: datetime | None) -> date:
        """Return the work date that was the last to have begun, as far as was known."""
        now = self._sources.now()
        return work_day(min(now, known_at or now), site.zone, site.day_start).date

    def _day_or_none(self, site: Site, work_date: date, known: datetime | date | None) -> DaySheet | None:
        """Return what a work date was at a site, or None where that cannot be told."""
        try:
            return self._day(site, work_date, self.known_at(site, known))
        except (LedgerError, RosterError):
            return None

    def _day(self, site: Site, work_date: date, known_at: datetime | None) -> DaySheet:
        """Return what a work date was at a site, by what that site alone knows."""
        marks = self._marks(site, work_day_on(work_date, site.zone, site.day_start), known_at)
        return day_sheet(site, work_date, marks, self._employees(site), self._amendments(site, known_at))

    def _employees(self, site: Site) -> Mapping[str, Employee] | None:
        """Return the roster of a site, if it has one; raise RosterError."""
        roster = self._sources.roster_of(site)
        return roster.employees if roster else None

    def _amendments(self, site: Site, known_at: datetime | None) -> Iterator[Amendment]:
        """Yield the amendments of a site that were written by an instant."""
        return (one for one in self._sources.amendments_of(site) if known_at is None or one.written.at <= known_at)

    def _marks(self, site: Site, span: WorkDay, known_at: datetime | None, *, of: str | None = None) -> Iterator[Mark]:
        """Yield the marks that may count for work dates, those that were written by an instant, `of` one employee.

        Around a move of the site to another zone the neighbouring days are read too: rows count by their own offsets.
        """
        ledger = self._sources.ledger_of(site)
        starts_at, ends_at = span.starts_at - OFFSETS_APART, span.ends_at + OFFSETS_APART
        # A site moves on: behind a row of the present zone stand only such rows.
        first = next(ledger.read(starts_at, ends_at), None)
        if first is None or not is_of_another_zone(site, first):
            starts_at, ends_at = span.starts_at, span.ends_at
        marks = ledger.read(starts_at, ends_at) if of is None else ledger.read_of(of, starts_at, ends_at)
        return marks if known_at is None else takewhile(lambda mark: mark.marked_at <= known_at, marks)


def _person_day(
    site: Site,
    work_date: date,
    key: str,
    spoken: tuple[Sequence[Mark], Sequence[Amendment]],
    roster: Mapping[str, Employee] | None,
) -> PersonDay:
    """Return a day of somebody, from their own marks and amendments."""
    marks, amendments = spoken
    employee = (roster or {}).get(key)
    own = {key: employee} if employee else None if roster is None else {}
    entry = next(iter(day_sheet(site, work_date, marks, own, amendments).entries), None)
    return PersonDay(site=site, date=work_date, employee=employee, entry=entry, marks=marks)
