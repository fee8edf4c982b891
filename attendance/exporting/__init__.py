"""Own every table that leaves as a file: what stands in it, and how each form is written; it knows no HTTP."""

from typing import IO

from attendance.exporting.delimited import write_csv
from attendance.exporting.events import Event
from attendance.exporting.ical import write_ical
from attendance.exporting.objects import write_json
from attendance.exporting.options import Format, Options, Separator
from attendance.exporting.parquet import write_parquet
from attendance.exporting.table import CellKind, Column, Part, Table
from attendance.exporting.workbook import write_xlsx

__all__ = ["CellKind", "Column", "Event", "Format", "Options", "Part", "Separator", "Table", "export"]

_PLAIN = Options()


def export(table: Table, form: Format, out: IO[bytes], options: Options = _PLAIN) -> None:
    """Write a table to a stream, row by row; what cannot be read while it is written is raised, and `out` is not whole.

    A calendar needs the events of the table. Raise LedgerError, RosterError, ValueError.
    """
    match form:
        case Format.CSV:
            write_csv(table, out, options)
        case Format.XLSX:
            write_xlsx(table, out)
        case Format.PARQUET:
            write_parquet(table, out)
        case Format.JSON:
            write_json(table, out)
        case Format.ICAL:
            write_ical(table, out)
