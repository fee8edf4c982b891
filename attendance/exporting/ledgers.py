"""Own what stands in the tables of marks, amendments and rosters: the rows of these files, with their sites."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from attendance.codec import about_text
from attendance.exporting.naming import heading, notes, stem
from attendance.exporting.table import CellKind, Column, Part, Row, Table
from attendance.model import Amendment, Moment, Site
from attendance.reporting.marks import MarkReading
from attendance.reporting.reading import rows_of
from attendance.roster import Roster

MARK_COLUMNS: Sequence[Column] = (
    Column(name="Site"),
    Column(name="Work_Date", kind=CellKind.DATE),
    Column(name="Timestamp", kind=CellKind.MOMENT),
    Column(name="Employee_ID"),
    Column(name="Name"),
    Column(name="Status"),
)
AMENDMENT_COLUMNS: Sequence[Column] = (
    Column(name="Site"),
    Column(name="Row", kind=CellKind.NUMBER),
    Column(name="Timestamp", kind=CellKind.MOMENT),
    Column(name="Action"),
    Column(name="About"),
    Column(name="Employee_ID"),
    Column(name="Name"),
    Column(name="Status"),
    Column(name="By"),
    Column(name="Reason"),
    Column(name="Reference"),
)
ROSTER_COLUMNS: Sequence[Column] = (
    Column(name="Site"),
    Column(name="Employee_ID"),
    Column(name="Name"),
    Column(name="From", kind=CellKind.DATE),
    Column(name="Until", kind=CellKind.DATE),
)


def marks_table(reading: MarkReading, sites: Sequence[Site], first: date | None, last: date | None) -> Table:
    """Return the marks of the work dates between two, both included, as they stand in the ledgers."""
    told = [on.isoformat() for on in (first, last) if on]
    return Table(
        name="marks",
        stem=stem(sites, "marks", *told),
        title=f"{heading(sites)}, marks{_range(first, last)}",
        columns=MARK_COLUMNS,
        parts=(Part(rows=rows_of(site, _mark_rows(reading, site, first, last))) for site in sites),
        notes=notes(),
    )


def amendments_table(trail_of: Callable[[Site], Iterable[Amendment]], sites: Sequence[Site]) -> Table:
    """Return all rows among the amendments of sites, requests and closings too."""
    return Table(
        name="amendments",
        stem=stem(sites, "amendments"),
        title=f"{heading(sites)}, amendments",
        columns=AMENDMENT_COLUMNS,
        parts=(Part(rows=rows_of(site, _amendment_rows(trail_of, site))) for site in sites),
        notes=notes(),
    )


def roster_table(roster_of: Callable[[Site], Roster | None], sites: Sequence[Site]) -> Table:
    """Return who belongs to sites, leavers too; a site without a roster has no rows. Badges are left out."""
    return Table(
        name="roster",
        stem=stem(sites, "roster"),
        title=f"{heading(sites)}, roster",
        columns=ROSTER_COLUMNS,
        parts=(Part(rows=rows_of(site, _roster_rows(roster_of, site))) for site in sites),
    )


def _mark_rows(reading: MarkReading, site: Site, first: date | None, last: date | None) -> Iterator[Row]:
    """Yield the rows of marks."""
    for dated in reading.marks(site, first, last):
        mark = dated.mark
        moment = Moment(at=mark.marked_at, utc_offset=mark.utc_offset)
        yield site.site_id, dated.work_date, moment, mark.employee_id, mark.name, mark.status


def _amendment_rows(trail_of: Callable[[Site], Iterable[Amendment]], site: Site) -> Iterator[Row]:
    """Yield the rows of amendments."""
    for one in trail_of(site):
        who = (one.employee_id, one.name, one.status, one.by, one.reason, one.reference)
        yield (site.site_id, one.number, one.written, one.action, about_text(one.about), *who)


def _roster_rows(roster_of: Callable[[Site], Roster | None], site: Site) -> Iterator[Row]:
    """Yield the rows of a roster."""
    roster = roster_of(site)
    for one in roster.employees.values() if roster else ():
        yield site.site_id, one.employee_id, one.name, one.from_date, one.until_date


def _range(first: date | None, last: date | None) -> str:
    """Return between which dates, in words."""
    return (f" from {first}" if first else "") + (f" until {last}" if last else "")
