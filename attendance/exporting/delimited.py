"""Own tables as CSV: UTF-8, a line for each row, parted by commas, semicolons or tabs."""

import csv
from io import TextIOWrapper
from typing import IO

from attendance.exporting.cells import IN_TEXT, formed, text_cell
from attendance.exporting.options import Options
from attendance.exporting.table import Table

BYTE_ORDER_MARK = "\ufeff"


def write_csv(table: Table, out: IO[bytes], options: Options) -> None:
    """Write the header and the rows; with a byte order mark in front where it is wished, for old spreadsheets."""
    text = TextIOWrapper(out, encoding="utf-8", newline="")
    try:
        if options.byte_order_mark:
            text.write(BYTE_ORDER_MARK)
        writer = csv.writer(text, delimiter=options.separator.character, lineterminator="\n")
        writer.writerow([text_cell(column.name) for column in table.columns])
        writer.writerows(formed(table.columns, table.rows, IN_TEXT))
        text.flush()
    finally:
        text.detach()  # the stream is the caller's to close
