"""Own a roster with all of its columns, as its file has them: read it, fill in what an upload leaves out, write it."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from attendance.errors import MAX_REASONS, UploadRefusedError
from attendance.foreign import Table
from attendance.model import Employee
from attendance.roster.rows import FIRST_COLUMNS, OPTIONAL_COLUMNS

MAX_COLUMNS = 64
MAX_ROWS = 200_000
"""So many rows may an upload have: a larger roster is put in its place on the server."""

_KNOWN = (*FIRST_COLUMNS, *OPTIONAL_COLUMNS)
_FORMULA = re.compile(r"[=@\t＝＠]|[+＋−－-](?![\d\s()./-]*$)")  # in full width too; a phone number is none
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterTable:
    """Rows of cells under their titles; `numbers` are those of the rows in the file from which they come."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = field(default=())

    def by_id(self) -> dict[str, Mapping[str, str]]:
        """Return each row by its ID in lower case, its cells by their titles."""
        return {row[0].strip(" ").casefold(): dict(zip(self.titles, row, strict=True)) for row in self.rows}

    def filled_from(self, other: "RosterTable") -> "RosterTable":
        """Return the same people with the columns too that only the other table has, as they are there."""
        more = [title for title in other.titles if title not in self.titles]
        there = other.by_id()
        rows = [[*row, *(there.get(_key(row), {}).get(title, "") for title in more)] for row in self.rows]
        return RosterTable(titles=[*self.titles, *more], rows=rows, numbers=self.numbers)

    def with_leavers(self, other: "RosterTable", leavers: Sequence[Employee]) -> "RosterTable":
        """Return it with people of another table too, each with the day of leaving that they have."""
        titles = [*self.titles, *([] if "Until" in self.titles else ["Until"])]
        there = other.by_id()
        more = []
        for one in leavers:
            cells = {**there[one.employee_id.casefold()], "Until": str(one.until_date)}
            more.append([cells.get(title, "") for title in titles])
        rows = [[*row, *[""] * (len(titles) - len(row))] for row in self.rows]
        return RosterTable(titles=titles, rows=[*rows, *more], numbers=self.numbers)

    def encode(self) -> bytes:
        """Return the content of a file."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.titles, *self.rows])
        return text.getvalue().encode()

    def row_numbers(self) -> Mapping[int, int]:
        """Return, by the last line of each row as it is written, the row's number in the file from which it comes."""
        lines, line = {}, 1 + sum(title.count("\n") for title in self.titles)
        for number, row in zip(self.numbers, self.rows, strict=False):
            line += 1 + sum(cell.count("\n") for cell in row)
            lines[line] = number
        return lines


def decode_table(content: bytes) -> RosterTable:
    """Return the table in the bytes of a roster's file; an empty one where they are none."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        rows = []
    titles = rows[0] if rows and tuple(rows[0][:2]) == FIRST_COLUMNS else list(FIRST_COLUMNS)
    width = len(titles)
    kept = [(row + [""] * width)[:width] for row in rows[1:] if any(row)]
    return RosterTable(titles=titles, rows=kept)


def uploaded_table(table: Table) -> RosterTable:
    """Return what a file brings that something else saved: ID and name first, our columns under our titles.

    Raise UploadRefusedError with the rows that cannot be read, the first MAX_REASONS of them, and ForeignTableError
    where a column stands twice, or for more than MAX_ROWS rows.
    """
    ours = {title: at for title in _KNOWN if (at := table.column(title)) is not None}
    missing = [title for title in FIRST_COLUMNS if title not in ours]
    if missing:
        raise UploadRefusedError([f"Row 1 names no column {' and no '.join(missing)}."])
    others = [at for at, title in enumerate(table.header) if title and at not in ours.values()]
    if len(ours) + len(others) > MAX_COLUMNS:
        raise UploadRefusedError([f"The file has more than {MAX_COLUMNS} columns."])
    columns = [*ours.values(), *others]
    titles = [*ours, *(table.header[at] for at in others)]
    problems = [f"Row 1: {wrong}."] if (wrong := _wrong_cell(titles)) else []
    rows, numbers = [], []
    for row in table.rows(MAX_ROWS):
        cells = [row.fields[at] for at in columns] if not row.problem else []
        if wrong := row.problem or _wrong_cell(cells):
            problems.append(f"Row {row.number}: {wrong}.")
            if len(problems) >= MAX_REASONS:
                break
        rows.append(cells)
        numbers.append(row.number)
    if problems:
        raise UploadRefusedError(problems)
    return RosterTable(titles=titles, rows=rows, numbers=numbers)


def _wrong_cell(cells: Sequence[str]) -> str:
    """Return what is wrong with a cell that nothing else looks at, or nothing."""
    if any(map(_FORMULA.match, cells)):
        return "a cell is a formula, or looks like one (it begins with = + - or @)"
    return "a cell holds a character that cannot be seen" if any(map(_CONTROL.search, cells)) else ""


def _key(row: Sequence[str]) -> str:
    """Return the ID of a row, in lower case."""
    return row[0].strip(" ").casefold()
