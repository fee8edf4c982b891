"""Own what a table is that can be exported: columns of a kind, and rows that come as they are asked for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from attendance.exporting.events import Event
from attendance.model import Moment
from attendance.timesheet import MonthSheet, State


class CellKind(StrEnum):
    """What the cells of a column hold, each of them or nothing (None)."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    """An instant with the offset of its site: shown as the local time there."""
    DURATION = "duration"
    FLAG = "flag"
    STATE = "state"
    """What a day was: a word, and in workbooks a colour beside it."""


Cell = str | int | date | Moment | timedelta | bool | State | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its name, as in the header of a ledger, and what its cells hold."""

    name: str
    kind: CellKind = CellKind.TEXT

    @property
    def key(self) -> str:
        """Return the name under which programs find it, with the unit where it has one: `worked_seconds`."""
        return f"{self.name.lower()}_seconds" if self.kind is CellKind.DURATION else self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a table has of one site. `totals` is a row for the table of totals, and `month` a sheet for a grid."""

    rows: Iterable[Row]
    totals: Row | None = None
    month: MonthSheet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its rows come part by part, once, so that no more than a part of it is in memory.

    `stem` is what its file is called, without an ending; `title` and `notes` stand above it where a person reads it;
    `total_columns` are those of the rows of totals. `events` are what a calendar shows of it, if it can.
    """

    name: str
    stem: str
    title: str
    columns: Sequence[Column]
    parts: Iterable[Part]
    notes: Sequence[str] = ()
    total_columns: Sequence[Column] = ()
    events: Iterable[Event] | None = None

    @property
    def rows(self) -> Iterator[Row]:
        """Yield the rows of all parts."""
        for part in self.parts:
            yield from part.rows
