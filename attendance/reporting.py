"""Own what is told of marks over sites: who is in now, and what a day was."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from attendance.clock import Clock, to_local, work_day, work_day_on
from attendance.codec import encode_timestamp
from attendance.errors import LedgerError
from attendance.ledger import Ledger
from attendance.model import Mark, Site
from attendance.roster import Roster
from attendance.timesheet import DaySheet, Entry, day_sheet, is_of_another_zone

OFFSETS_APART = timedelta(days=2)
"""No two offsets that a row can hold are further apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Who is in at a site: everybody's last mark of the present work date, or the code of why that cannot be told."""

    site: Site
    local: datetime
    work_date: date | None
    marks: Sequence[Mark]
    problem: str | None = None

    @property
    def counts(self) -> Counter[str]:
        """Return how many have which status."""
        return Counter(mark.status for mark in self.marks)

    def at(self, mark: Mark) -> datetime:
        """Return when somebody marked, local to the site as it was then."""
        return mark.marked_at.astimezone(timezone(mark.utc_offset))


def board(ledger: Ledger, *, now: Clock) -> Board:
    """Return the board of a ledger's site; asks the disk."""
    site, local = ledger.site, to_local(now(), ledger.site.zone)
    try:
        work_date, marks = ledger.board()
    except LedgerError as error:
        return Board(site=site, local=local, work_date=None, marks=(), problem=error.code)
    return Board(site=site, local=local, work_date=work_date, marks=marks)


def today(site: Site, *, now: Clock) -> date:
    """Return the present work date of a site."""
    return work_day(now(), site.zone, site.day_start).date


def day(ledger: Ledger, roster: Roster | None, work_date: date) -> DaySheet:
    """Return what a work date was at the site of a ledger, reading the rows of that day only; raise LedgerError.

    Around a move of the site to another zone the neighbouring days are read too: rows count by their own offsets.
    """
    site = ledger.site
    asked = work_day_on(work_date, site.zone, site.day_start)
    starts_at, ends_at = asked.starts_at - OFFSETS_APART, asked.ends_at + OFFSETS_APART
    # A site moves on: behind a row of the present zone stand only such rows.
    first = next(ledger.read(starts_at, ends_at), None)
    if first is None or not is_of_another_zone(site, first):
        starts_at, ends_at = asked.starts_at, asked.ends_at
    return day_sheet(site, work_date, ledger.read(starts_at, ends_at), roster.employees if roster else None)


def days_object(asked: date | None, sheets: Sequence[DaySheet]) -> dict[str, Any]:
    """Return sheets for JSON: the date that was asked for, or None where it was each site's own today."""
    return {"date": asked.isoformat() if asked else None, "sites": [_sheet_object(sheet) for sheet in sheets]}


def _sheet_object(sheet: DaySheet) -> dict[str, Any]:
    """Return a sheet for JSON."""
    return {
        "site": sheet.site.site_id,
        "timezone": sheet.site.timezone,
        "date": sheet.date.isoformat(),
        "holiday": sheet.holiday,
        "totals": asdict(sheet.totals),
        "employees": [_entry_object(entry) for entry in sheet.entries],
    }


def _entry_object(entry: Entry) -> dict[str, Any]:
    """Return an entry for JSON."""
    return {
        "employee_id": entry.employee_id,
        "name": entry.name,
        "status": entry.status,
        "kind": str(entry.state),
        "first": _timestamp(entry.first),
        "last": _timestamp(entry.last),
        "late": entry.late,
        "visitor": entry.visitor,
    }


def _timestamp(mark: Mark | None) -> str | None:
    """Return the time of a mark as it stands in the ledger."""
    return encode_timestamp(mark.marked_at, mark.utc_offset) if mark else None
