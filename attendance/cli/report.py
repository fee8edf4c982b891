"""Own the commands that tell what days and months were: tables or JSON, at one site or all; they change nothing."""

import sys
from collections.abc import Iterator
from datetime import date

import typer

from attendance.cli.grid import grid_lines
from attendance.cli.printing import print_json, print_table, talk, timestamp
from attendance.cli.readers import open_readers, readable
from attendance.cli.shared import InMonth, Json, KnownOn, OnDate, Sites, known_on, typed_date, typed_month
from attendance.exporting.objects import write_months
from attendance.model import Mark, Site
from attendance.reporting import days_object
from attendance.timesheet import DaySheet, Entry, MonthSheet, State, Totals

app = typer.Typer(no_args_is_help=True, help="Who was there: a day or a month, at one site or all.")

_WORDS = {State.NOT_MARKED: "not marked", State.OFF: "off", State.HOLIDAY: "holiday"}


@app.callback()
def _group() -> None:
    """Who was there: a day or a month, at one site or all."""


@app.command()
def day(
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    on: OnDate = "",
    as_known_on: KnownOn = "",
    as_json: Json = False,
) -> None:
    """Show of everybody whether they were there on a day, from when, late or not, or that they have not marked."""
    asked, known, readers = typed_date(on, "--date"), known_on(as_known_on), open_readers()
    reporting, chosen = readers.reporting, readers.chosen(sites)
    told = list(readable(chosen, lambda site: reporting.day_as_known(site, asked, known)))
    sheets = reporting.with_sightings(told, readers.registry.sites.values(), known)
    if as_json:
        print_json(days_object(asked, sheets))
    else:
        for sheet in sheets:
            _print_sheet(sheet)
    if len(sheets) < len(chosen):
        raise typer.Exit(1)


@app.command()
def month(
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    in_month: InMonth = "",
    as_known_on: KnownOn = "",
    as_json: Json = False,
) -> None:
    """Show a month: a sign for each employee and day, totals per employee and day, and what the signs mean."""
    asked, known, readers = typed_month(in_month), known_on(as_known_on), open_readers()
    reporting, chosen, read_sites = readers.reporting, readers.chosen(sites), []

    def read(site: Site) -> MonthSheet:
        sheet = reporting.month_as_known(site, asked, known)
        read_sites.append(site)
        return sheet

    sheets = readable(chosen, read)
    if as_json:
        write_months(asked, sheets, sys.stdout.buffer)
    else:
        for sheet in sheets:
            sys.stdout.write("\n".join([*grid_lines(sheet), "", ""]))
            _say_totals(sheet.site, sheet.sum)
    if len(read_sites) < len(chosen):
        raise typer.Exit(1)


def _print_sheet(sheet: DaySheet) -> None:
    """Print the table of a site, and its totals on stderr."""
    title = f"{sheet.site.name}, {sheet.date:%A} {sheet.date.day} {sheet.date:%B %Y}"
    rows = [_row(sheet, entry) for entry in sheet.entries]
    heading = f"{title}, {sheet.holiday}" if sheet.holiday else title
    print_table(heading, ("Name", "ID", "Status", "First", "Last", "Late"), rows)
    _say_totals(sheet.site, sheet.totals)


def _say_totals(site: Site, of: Totals) -> None:
    """Say on stderr how many there were."""
    talk.print(
        f"{site.name}: {of.present} present, {of.absent} absent, {of.late} late, "
        f"{of.not_marked} not marked, {of.off} off",
        markup=False,
    )


def _row(sheet: DaySheet, entry: Entry) -> tuple[str, ...]:
    """Return the row of an employee."""
    status, beside = entry.status or _WORDS[entry.state], ", ".join(_beside(entry))
    shown = f"{status} ({beside})" if beside else status
    times = [_time(sheet.date, mark) for mark in (entry.first, entry.last)]
    return (entry.name, entry.employee_id, shown, *times, "late" if entry.late else "")


def _beside(entry: Entry) -> Iterator[str]:
    """Yield what stands beside a status: whose it is, who amended it last, where somebody was seen who is missing."""
    if entry.visitor:
        yield "visitor"
    if entry.ruling:
        yield f"amended by {entry.ruling.by}"
    if entry.seen:
        yield f"seen at {entry.seen.site.name}, {timestamp(entry.seen.mark)[11:19]} there"


def _time(work_date: date, mark: Mark | None) -> str:
    """Return the local time of a mark, with how many days it lies behind the work date (+1: in the night after)."""
    if mark is None:
        return ""
    on, _, clock = timestamp(mark)[:19].partition("T")
    days = (date.fromisoformat(on) - work_date).days
    return f"{clock} {days:+d}" if days else clock
