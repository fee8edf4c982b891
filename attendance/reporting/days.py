"""Own what days and months were: read the rows that they need from ledgers and amendments, and derive the sheets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import takewhile

from attendance.clock import Clock, Month, WorkDay, work_day, work_day_on
from attendance.ledger import Ledger
from attendance.model import Amendment, Employee, Mark, Site
from attendance.roster import Roster
from attendance.timesheet import (
    DaySheet,
    MonthSheet,
    day_sheet,
    is_of_another_zone,
    month_sheet,
    sightings_in,
    with_sightings,
)

OFFSETS_APART = timedelta(days=2)
"""No two offsets that a row can hold are further apart."""


class Reporting:
    """Tell what days and months were at sites: from each its marks, roster and amendments, as they are or as they were.

    `known_at` is an instant: what was written after it is not looked at, neither marks nor amendments.
    """

    def __init__(
        self,
        ledger_of: Callable[[Site], Ledger],
        roster_of: Callable[[Site], Roster | None],
        amendments_of: Callable[[Site], Sequence[Amendment]],
        *,
        now: Clock,
    ) -> None:
        self._ledger_of = ledger_of
        self._roster_of = roster_of
        self._amendments_of = amendments_of
        self._now = now

    def today(self, site: Site) -> date:
        """Return the present work date of a site."""
        return work_day(self._now(), site.zone, site.day_start).date

    def day(
        self, site: Site, work_date: date, *, known_at: datetime | None = None, others: Iterable[Site] = ()
    ) -> DaySheet:
        """Return what a work date was at a site, reading the rows of that day only.

        Who is missing is looked for among the visitors of the `others`. Raise LedgerError, RosterError.
        """
        sheet = self._day(site, work_date, known_at)
        hosts = [other for other in others if other.visitors and other.site_id != site.site_id]
        return with_sightings(sheet, sightings_in(self._day(host, work_date, known_at) for host in hosts))

    def month(self, site: Site, month: Month, *, known_at: datetime | None = None) -> MonthSheet:
        """Return what a month was at a site, reading the rows of that month only; raise LedgerError, RosterError."""
        first, last = (work_day_on(on, site.zone, site.day_start) for on in (month.dates[0], month.dates[-1]))
        span = WorkDay(date=first.date, starts_at=first.starts_at, ends_at=last.ends_at)
        marks = self._marks(site, span, known_at)
        amendments = self._amendments(site, known_at)
        return month_sheet(site, month, marks, self._employees(site), amendments, until=self.today(site))

    def _day(self, site: Site, work_date: date, known_at: datetime | None) -> DaySheet:
        """Return what a work date was at a site, by what that site alone knows."""
        marks = self._marks(site, work_day_on(work_date, site.zone, site.day_start), known_at)
        return day_sheet(site, work_date, marks, self._employees(site), self._amendments(site, known_at))

    def _employees(self, site: Site) -> Mapping[str, Employee] | None:
        """Return the roster of a site, if it has one; raise RosterError."""
        roster = self._roster_of(site)
        return roster.employees if roster else None

    def _amendments(self, site: Site, known_at: datetime | None) -> Iterator[Amendment]:
        """Yield the amendments of a site that were written by an instant."""
        return (one for one in self._amendments_of(site) if known_at is None or one.written.at <= known_at)

    def _marks(self, site: Site, span: WorkDay, known_at: datetime | None) -> Iterator[Mark]:
        """Yield the marks that may count for work dates, those that were written by an instant.

        Around a move of the site to another zone the neighbouring days are read too: rows count by their own offsets.
        """
        ledger = self._ledger_of(site)
        starts_at, ends_at = span.starts_at - OFFSETS_APART, span.ends_at + OFFSETS_APART
        # A site moves on: behind a row of the present zone stand only such rows.
        first = next(ledger.read(starts_at, ends_at), None)
        if first is None or not is_of_another_zone(site, first):
            starts_at, ends_at = span.starts_at, span.ends_at
        marks = ledger.read(starts_at, ends_at)
        return marks if known_at is None else takewhile(lambda mark: mark.marked_at <= known_at, marks)
