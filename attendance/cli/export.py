"""Own the commands that write tables to files or to stdout; a file is whole or not there, and is noted in the audit."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from attendance.audit import Action
from attendance.cli.outputs import Output, watched
from attendance.cli.readers import open_readers
from attendance.cli.shared import (
    InMonth,
    KnownOn,
    OnDate,
    SiteId,
    Sites,
    audit,
    known_on,
    typed_date,
    typed_month,
    typist,
)
from attendance.errors import UnknownPersonError
from attendance.exporting import Format, Options, Separator, Table, export
from attendance.exporting.ledgers import amendments_table, marks_table, roster_table
from attendance.exporting.people import person_table
from attendance.exporting.sheets import day_table, month_table
from attendance.model import Site
from attendance.reporting.reading import naming

app = typer.Typer(no_args_is_help=True, help="Write tables: CSV, XLSX, Parquet, JSON or a calendar.")

In = Annotated[Format, typer.Option("--format", help="In which form.")]
To = Annotated[
    str,
    typer.Option("--output", metavar="FILE", help="Into which file; it is replaced as a whole. Without it, to stdout."),
]
Bom = Annotated[bool, typer.Option("--bom", help="CSV: begin with a byte order mark, for old spreadsheets.")]
By = Annotated[Separator, typer.Option("--separator", help="CSV: what parts the cells.")]


@app.callback()
def _group() -> None:
    """Write tables: CSV, XLSX, Parquet, JSON or a calendar."""


@app.command()
def day(  # noqa: PLR0913  # each is an option
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    on: OnDate = "",
    as_known_on: KnownOn = "",
    form: In = Format.CSV,
    output: To = "-",
    bom: Bom = False,
    separator: By = Separator.COMMA,
) -> None:
    """Write what a day was for everybody, a row for each."""
    asked, known, readers = typed_date(on, "--date"), known_on(as_known_on), open_readers()
    chosen = readers.chosen(sites)
    _write(day_table(readers.reporting, chosen, asked, known=known), chosen, form, output, _options(separator, bom=bom))


@app.command()
def month(  # noqa: PLR0913  # each is an option
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    in_month: InMonth = "",
    as_known_on: KnownOn = "",
    form: In = Format.CSV,
    output: To = "-",
    bom: Bom = False,
    separator: By = Separator.COMMA,
) -> None:
    """Write a month, a row for each date and employee; a workbook has the month as a grid too."""
    asked, known, readers = typed_month(in_month), known_on(as_known_on), open_readers()
    chosen = readers.chosen(sites)
    table = month_table(readers.reporting, chosen, asked, known=known)
    _write(table, chosen, form, output, _options(separator, bom=bom))


@app.command()
def marks(  # noqa: PLR0913  # each is an option
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="From this work date on.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="To this work date, included.")] = "",
    form: In = Format.CSV,
    output: To = "-",
    bom: Bom = False,
    separator: By = Separator.COMMA,
) -> None:
    """Write the rows of ledgers with their sites and work dates, as they were marked."""
    bounds, readers = (typed_date(first, "--from"), typed_date(last, "--to")), open_readers()
    chosen = readers.chosen(sites)
    _write(marks_table(readers.marks, chosen, *bounds), chosen, form, output, _options(separator, bom=bom))


@app.command()
def amendments(
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    form: In = Format.CSV,
    output: To = "-",
    bom: Bom = False,
    separator: By = Separator.COMMA,
) -> None:
    """Write everything that was amended, asked for, answered and closed."""
    readers = open_readers()
    chosen = readers.chosen(sites)
    _write(amendments_table(readers.amending.trail, chosen), chosen, form, output, _options(separator, bom=bom))


@app.command()
def roster(
    *,
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    form: In = Format.CSV,
    output: To = "-",
    bom: Bom = False,
    separator: By = Separator.COMMA,
) -> None:
    """Write who belongs to which site, from when until when."""
    readers = open_readers()
    chosen = readers.chosen(sites)
    _write(roster_table(readers.marking.roster, chosen), chosen, form, output, _options(separator, bom=bom))


@app.command()
def person(  # noqa: PLR0913  # each is an option
    site_id: SiteId,
    employee_id: Annotated[str, typer.Argument(metavar="EMPLOYEE_ID")],
    *,
    year: Annotated[
        int | None, typer.Option(min=1900, max=2199, help="Which year; without it, the present one of the site.")
    ] = None,
    as_known_on: KnownOn = "",
    form: In = Format.CSV,
    output: To = "-",
    bom: Bom = False,
    separator: By = Separator.COMMA,
) -> None:
    """Write a year of one employee, a row for each date; as `ics` it is a calendar."""
    known, readers = known_on(as_known_on), open_readers()
    site = readers.registry.resolve(site_id)
    wanted = year or readers.reporting.today(site).year
    with naming(site):
        sheet = readers.reporting.year(site, employee_id, wanted, known_at=readers.reporting.known_at(site, known))
    if sheet is None:
        raise UnknownPersonError
    table = person_table(site, wanted, sheet, known=known)
    _write(table, [site], form, output, _options(separator, bom=bom))


def _options(separator: Separator, *, bom: bool) -> Options:
    """Return what was chosen of a CSV file."""
    return Options(separator=separator, byte_order_mark=bom)


def _write(table: Table, sites: Sequence[Site], form: Format, output: str, options: Options) -> None:
    """Write a table where it was wished, and note who took it away; raise typer.BadParameter, ExportFailedError."""
    if form is Format.ICAL and table.events is None:
        raise typer.BadParameter("a calendar has one person: `attendance export person`", param_hint="--format")
    if output == "-" and not form.is_text and sys.stdout.isatty():
        raise typer.BadParameter(f"a terminal cannot show {form}: name a file", param_hint="--output")
    with Output(output) as out, watched(table, len(sites), shown=output != "-" or not sys.stdout.isatty()) as seen:
        export(seen, form, out, options)
    site_ids = ",".join(site.site_id for site in sites)
    audit().note(Action.EXPORT, who=typist(), what=table.stem, format=form.value, sites=site_ids)
