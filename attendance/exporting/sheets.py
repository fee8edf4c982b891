"""Own what stands in the tables of days and months: a row for each employee and work date, as the sheets tell it."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import date, datetime

from attendance.clock import Month
from attendance.exporting.naming import heading, notes, stem
from attendance.exporting.table import Cell, CellKind, Column, Part, Row, Table
from attendance.model import Mark, Moment, Site
from attendance.reporting import Reporting
from attendance.reporting.reading import each
from attendance.timesheet import DaySheet, Entry, MonthSheet, Totals

ENTRY_COLUMNS: Sequence[Column] = (
    Column(name="Site"),
    Column(name="Date", kind=CellKind.DATE),
    Column(name="Employee_ID"),
    Column(name="Name"),
    Column(name="Status"),
    Column(name="Kind", kind=CellKind.STATE),
    Column(name="First", kind=CellKind.MOMENT),
    Column(name="Last", kind=CellKind.MOMENT),
    Column(name="Late", kind=CellKind.FLAG),
    Column(name="Worked", kind=CellKind.DURATION),
    Column(name="Visitor", kind=CellKind.FLAG),
    Column(name="Holiday"),
    Column(name="Amended_By"),
    Column(name="Reason"),
)
TOTAL_COLUMNS: Sequence[Column] = (
    Column(name="Site"),
    *(Column(name=name, kind=CellKind.NUMBER) for name in ("Present", "Absent", "Late", "Not_Marked", "Off")),
)


def day_table(
    reporting: Reporting, sites: Sequence[Site], on: date | None, *, known: datetime | date | None = None
) -> Table:
    """Return a work date at sites as a table; without one, of each site its own today.

    A site is read when its rows are asked for: SiteUnreadableError is raised then.
    """
    sheets = each(sites, lambda site: reporting.day_as_known(site, on, known))
    return Table(
        name="day",
        stem=stem(sites, on.isoformat() if on else "today"),
        title=f"{heading(sites)}, {f'{on:%A} {on.day} {on:%B %Y}' if on else 'today'}",
        columns=ENTRY_COLUMNS,
        parts=map(_of_day, sheets),
        notes=notes(known),
        total_columns=TOTAL_COLUMNS,
    )


def month_table(
    reporting: Reporting, sites: Sequence[Site], month: Month | None, *, known: datetime | date | None = None
) -> Table:
    """Return a month at sites as a table, a row for each date and employee; without one, of each site its present one.

    Each site is read as for a day.
    """
    sheets = each(sites, lambda site: reporting.month_as_known(site, month, known))
    return Table(
        name="month",
        stem=stem(sites, str(month) if month else "this-month"),
        title=f"{heading(sites)}, {f'{month.first:%B %Y}' if month else 'this month'}",
        columns=ENTRY_COLUMNS,
        parts=map(_of_month, sheets),
        notes=notes(known),
        total_columns=TOTAL_COLUMNS,
    )


def entry_row(site: Site, on: date, holiday: str | None, entry: Entry) -> Row:
    """Return the row of an entry, with who amended it last and why."""
    ruling = entry.ruling
    return (
        site.site_id,
        on,
        entry.employee_id,
        entry.name,
        entry.status,
        entry.state,
        _moment(entry.first),
        _moment(entry.last),
        entry.late,
        entry.worked,
        entry.visitor,
        holiday,
        ruling.by if ruling else None,
        ruling.reason if ruling else None,
    )


def _moment(mark: Mark | None) -> Moment | None:
    """Return when a mark was made."""
    return Moment(at=mark.marked_at, utc_offset=mark.utc_offset) if mark else None


def _of_day(sheet: DaySheet) -> Part:
    """Return what a table has of a day at a site."""
    rows = (entry_row(sheet.site, sheet.date, sheet.holiday, entry) for entry in sheet.entries)
    return Part(rows=rows, totals=totals_row(sheet.site, sheet.totals))


def _of_month(sheet: MonthSheet) -> Part:
    """Return what a table has of a month at a site."""
    return Part(rows=_month_rows(sheet), totals=totals_row(sheet.site, sheet.sum), month=sheet)


def _month_rows(sheet: MonthSheet) -> Iterator[Row]:
    """Yield a row for each date and employee of whom there is something to tell."""
    for number, day in enumerate(sheet.days):
        for person in sheet.people:
            entry = person.entries[number]
            if entry:
                yield entry_row(sheet.site, day.date, day.holiday, entry)


def totals_row(site: Site, totals: Totals) -> Sequence[Cell]:
    """Return the row of totals of a site."""
    return (site.site_id, *astuple(totals))
