"""Own how a cell is written: every text of every export goes through `text_cell`, and no formula comes out of it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from attendance.codec import encode_timestamp
from attendance.exporting.table import Cell, CellKind, Column, Row
from attendance.identity import FORMULA_STARTS
from attendance.model import Moment

# What a program that opens a table may pass over, or take for the border of a cell: blanks, quotes, what is invisible;
# and every separator, since a file with commas may be opened as one with semicolons.
_PASSED_OVER = r"[\s\"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*"
_FORMULA = re.compile(rf"((?:^|[,;|]){_PASSED_OVER})(?=[{re.escape(FORMULA_STARTS)}])")
_SUSPECT = re.compile(f"[{re.escape(FORMULA_STARTS)}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_BREAKERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def text_cell(text: str) -> str:
    """Return a text as it may stand in a file that somebody opens in a spreadsheet.

    Where a formula could begin, an apostrophe stands before it: at the start, and behind every separator, since the
    program that opens the file may part its cells in another way (OWASP, CSV injection). TAB, CR and other control
    characters become spaces, so that a cell has one line. What was made safe once is not changed again.
    """
    if text.isalnum() or not _SUSPECT.search(text):  # as most are
        return text
    return _FORMULA.sub(r"\1'", _SURROGATES.sub("\ufffd", _LINE_BREAKERS.sub(" ", text)))


def local_time(moment: Moment) -> str:
    """Return a moment as it stands in a ledger."""
    return encode_timestamp(moment.at, moment.utc_offset)


def hours_label(duration: timedelta) -> str:
    """Return a duration as people and spreadsheets read it: `8:30:00`, `100:00:00`."""
    seconds = int(duration.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def seconds_of(duration: timedelta) -> int:
    """Return a duration in whole seconds, as programs read it."""
    return int(duration.total_seconds())


Form = Callable[[Any], object]
"""Return what a writer takes for a cell that holds something."""

IN_TEXT: Mapping[CellKind, Form] = {
    CellKind.TEXT: text_cell,
    CellKind.NUMBER: str,
    CellKind.DATE: date.isoformat,
    CellKind.MOMENT: local_time,
    CellKind.DURATION: hours_label,
    CellKind.FLAG: lambda flag: "yes" if flag else "no",
    CellKind.STATE: str,
}
"""Cells of a file of text that a person may open."""

IN_DATA: Mapping[CellKind, Form] = {
    **IN_TEXT,
    CellKind.NUMBER: int,
    CellKind.DURATION: seconds_of,
    CellKind.FLAG: bool,
}
"""Cells of a file that programs read."""


def formed(columns: Sequence[Column], rows: Iterable[Row], forms: Mapping[CellKind, Form]) -> Iterator[list[object]]:
    """Yield rows as a writer takes them; a cell without anything stays None."""
    by_column = [forms[column.kind] for column in columns]
    for row in rows:
        yield [_formed(form, cell) for form, cell in zip(by_column, row, strict=True)]


def _formed(form: Form, cell: Cell) -> object:
    """Return a cell as a writer takes it."""
    return None if cell is None else form(cell)
