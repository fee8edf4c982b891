"""Own tables as JSON: one object, with a line for each row, so that it is written and can be read row by row."""

import json
from typing import IO

from attendance.exporting.cells import IN_DATA, formed, text_cell
from attendance.exporting.table import Table


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
