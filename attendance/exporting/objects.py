"""Own tables, days and months as JSON: one object, with a line for each row or site, written as they are read."""

import json
from collections.abc import Iterable
from datetime import date
from typing import IO, Any

from attendance.clock import Month
from attendance.exporting.cells import IN_DATA, formed, text_cell
from attendance.exporting.table import Table
from attendance.reporting.objects import month_object, sheet_object
from attendance.timesheet import DaySheet, MonthSheet


def write_json(table: Table, out: IO[bytes]) -> None:
    """Write the name and title of the table and its rows, each an object with all keys."""
    keys = [column.key for column in table.columns]
    head = f'{{"table": {_json(table.name)}, "title": {_json(text_cell(table.title))}, "rows": ['
    out.write(head.encode())
    between = "\n"
    for cells in formed(table.columns, table.rows, IN_DATA):
        out.write((between + _json(dict(zip(keys, cells, strict=True)))).encode())
        between = ",\n"
    out.write(b"\n]}\n")


def _json(value: object) -> str:
    """Return a value as JSON on one line, letters of every script as they are."""
    return json.dumps(value, ensure_ascii=False)


def write_days(asked: date, sheets: Iterable[DaySheet], out: IO[bytes]) -> None:
    """Write a work date at sites for programs."""
    _write_sites("date", asked.isoformat(), map(sheet_object, sheets), out)


def write_months(asked: Month | None, sheets: Iterable[MonthSheet], out: IO[bytes]) -> None:
    """Write months for programs, each as soon as it is read; without a month that was asked for, null stands there."""
    _write_sites("month", str(asked) if asked else None, map(month_object, sheets), out)


def _write_sites(key: str, asked: str | None, sites: Iterable[dict[str, Any]], out: IO[bytes]) -> None:
    """Write what is told of sites, and of which date."""
    out.write(f'{{"{key}": {_json(asked)}, "sites": ['.encode())
    between = "\n"
    for site in sites:
        out.write((between + _json(site)).encode())
        between = ",\n"
    out.write(b"\n]}\n")
