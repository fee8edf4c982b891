"""Own the commands that tell what days were: tables or JSON, for one site or all; they change nothing."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated

import typer

from attendance.cli.printing import print_json, print_table, talk, timestamp
from attendance.cli.services import open_marking, open_reporting
from attendance.cli.shared import Json, KnownOn, known_on, open_registry
from attendance.clock import read_date
from attendance.errors import AttendanceError, LedgerError, RosterError
from attendance.model import Mark, Site
from attendance.reporting import Reporting, days_object
from attendance.timesheet import DaySheet, Entry, State

app = typer.Typer(no_args_is_help=True, help="Who was there: a day, at one site or all.")

_WORDS = {State.NOT_MARKED: "not marked", State.OFF: "off", State.HOLIDAY: "holiday"}


@app.callback()
def _group() -> None:
    """Who was there: a day, at one site or all."""


@app.command()
def day(
    *,
    sites: Annotated[
        list[str], typer.Option("--site", help="At which sites: keys of sites.yaml; without it, at all of them.")
    ] = [],  # noqa: B006  # typer makes a new one each time
    on: Annotated[
        str, typer.Option("--date", metavar="DATE", help="Which day, as 2026-11-20; without it, each site's own today.")
    ] = "",
    as_known_on: KnownOn = "",
    as_json: Json = False,
) -> None:
    """Show of everybody whether they were there on a day, from when, late or not, or that they have not marked."""
    asked, known = _date(on), known_on(as_known_on)
    registry = open_registry()
    chosen = [registry.resolve(site_id) for site_id in dict.fromkeys(sites)] or list(registry.sites.values())
    reporting = open_reporting(open_marking(registry))
    outcomes = [_sheet(reporting, site, asked, known) for site in chosen]
    told = [one for one in outcomes if isinstance(one, DaySheet)]
    sheets = reporting.with_sightings(told, registry.sites.values(), known)
    if as_json:
        print_json(days_object(asked, sheets))
    else:
        for sheet in sheets:
            _print_sheet(sheet)
    if len(sheets) < len(chosen):
        raise typer.Exit(1)


def _date(text: str) -> date | None:
    """Return the date that was typed, if any; raise typer.BadParameter."""
    try:
        return read_date(text) if text else None
    except ValueError:
        raise typer.BadParameter("write a date such as 2026-11-20", param_hint="--date") from None


def _sheet(reporting: Reporting, site: Site, asked: date | None, known: datetime | date | None) -> DaySheet | None:
    """Return the day of a site, or say on stderr why it cannot be told: the other sites are told all the same."""
    try:
        return reporting.day(site, asked or reporting.today(site), known_at=reporting.known_at(site, known))
    except (RosterError, LedgerError) as error:
        talk.print(f"{site.name} is left out:", *_reasons(error), style="red", markup=False)
        return None


def _reasons(error: AttendanceError) -> Iterator[str]:
    """Yield why a day cannot be told."""
    yield from map(str, error.problems) if isinstance(error, RosterError) else [getattr(error, "reason", str(error))]


def _print_sheet(sheet: DaySheet) -> None:
    """Print the table of a site, and its totals on stderr."""
    title = f"{sheet.site.name}, {sheet.date:%A} {sheet.date.day} {sheet.date:%B %Y}"
    rows = [_row(sheet, entry) for entry in sheet.entries]
    heading = f"{title}, {sheet.holiday}" if sheet.holiday else title
    print_table(heading, ("Name", "ID", "Status", "First", "Last", "Late"), rows)
    of = sheet.totals
    talk.print(
        f"{sheet.site.name}: {of.present} present, {of.absent} absent, {of.late} late, "
        f"{of.not_marked} not marked, {of.off} off",
        markup=False,
    )


def _row(sheet: DaySheet, entry: Entry) -> tuple[str, ...]:
    """Return the row of an employee."""
    status = entry.status or _WORDS[entry.state]
    shown = f"{status} (visitor)" if entry.visitor else status
    times = [_time(sheet.date, mark) for mark in (entry.first, entry.last)]
    return (entry.name, entry.employee_id, shown, *times, "late" if entry.late else "")


def _time(work_date: date, mark: Mark | None) -> str:
    """Return the local time of a mark, with how many days it lies behind the work date (+1: in the night after)."""
    if mark is None:
        return ""
    on, _, clock = timestamp(mark)[:19].partition("T")
    days = (date.fromisoformat(on) - work_date).days
    return f"{clock} {days:+d}" if days else clock
