"""Own a month as lines on a terminal: a sign for each employee and day, totals at both ends, the meaning of signs."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple

from rich.cells import cell_len

from attendance.cli.printing import printable
from attendance.reporting.legend import LEGEND, sign_of
from attendance.timesheet import MonthSheet, PersonMonth

_TOTALS = ("Present", "Absent", "Late", "Not marked", "Off")
_MAX_NAME = 28


def grid_lines(month: MonthSheet) -> Iterator[str]:
    """Yield the lines of a month; it is wider than 80 columns, and no line is ever folded."""
    yield f"{printable(month.site.name)}, {month.month.first:%B %Y}"
    for day in month.days:
        if day.holiday:
            yield f"{day.date.day} {month.month.first:%B}: {printable(day.holiday)}"
    yield ""
    yield from _lines([*_head(month), *map(_row, month.people), *_sums(month)])
    yield ""
    yield LEGEND


def _head(month: MonthSheet) -> Iterator[list[str]]:
    """Yield the cells of the numbers of the days with the names of the columns, and of the weekdays."""
    yield ["Name", "ID", *(str(day.date.day) for day in month.days), *_TOTALS]
    yield ["", "", *(f"{day.date:%a}"[:2] for day in month.days)]


def _row(person: PersonMonth) -> list[str]:
    """Return the cells of an employee."""
    name = _cut(f"{person.name} (visitor)" if person.visitor else person.name)
    return [name, printable(person.employee_id), *map(sign_of, person.entries), *map(str, astuple(person.totals))]


def _sums(month: MonthSheet) -> Iterator[list[str]]:
    """Yield the cells of how many there were on each day."""
    columns = [astuple(totals) for totals in month.totals]
    for number, name in enumerate(_TOTALS):
        yield [name, "", *(str(column[number]) for column in columns)]


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with each cell in its column, as wide as its widest."""
    widths = [max(map(cell_len, column)) for column in zip(*(_filled(row, len(rows[0])) for row in rows), strict=True)]
    for row in rows:
        yield " ".join(text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=False)).rstrip()


def _filled(row: Sequence[str], length: int) -> list[str]:
    """Return a row of so many cells."""
    return [*row, *[""] * (length - len(row))]


def _cut(name: str) -> str:
    """Return a name as it fits into its column."""
    shown = printable(name)
    if cell_len(shown) <= _MAX_NAME:
        return shown
    while cell_len(shown) >= _MAX_NAME:
        shown = shown[:-1]
    return f"{shown}…"
