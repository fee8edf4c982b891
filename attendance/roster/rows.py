"""Own how a row of a roster is read: an employee, or what is wrong with the row in words for whoever mends it."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from attendance.clock import read_date
from attendance.errors import InvalidInputError
from attendance.identity import clean_employee_id, clean_name
from attendance.mangled import WRITE_THE_ID, mangled
from attendance.model import Employee

FIRST_COLUMNS = ("Employee_ID", "Name")
OPTIONAL_COLUMNS = ("Badge", "From", "Until")

_BADGE = re.compile(r"[!-~]([ -~]{0,62}[!-~])?")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns stand that are read and may be missing; None where one is."""

    badge: int | None
    from_date: int | None
    until_date: int | None


class _WrongRowError(Exception):
    """A row is wrong; the text says how."""


def read_rows(text: str) -> Iterator[tuple[int, Employee | str]]:
    """Yield each row's line with its employee, or with what is wrong with it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header[:2]) != FIRST_COLUMNS:
            yield 1, "the first row must be Employee_ID,Name, parted by commas"
            return
        twice = [title for title in OPTIONAL_COLUMNS if header.count(title) > 1]
        if twice:
            yield 1, f"the column {twice[0]} stands twice"
            return
        columns = Columns(*(header.index(title) if title in header else None for title in OPTIONAL_COLUMNS))
        for fields in reader:
            if any(fields):
                yield reader.line_num, _employee(fields, columns)
    except csv.Error as error:
        yield reader.line_num, f"this is not CSV: {error}"


def _employee(fields: Sequence[str], columns: Columns) -> Employee | str:
    """Return the employee of a row, or what is wrong with it."""
    employee_id, name = [*fields, ""][:2]
    badge = _field(fields, columns.badge)
    try:
        if badge and not _BADGE.fullmatch(badge):
            return "a badge has 1 to 64 plain characters (ASCII) and no space at its ends"
        from_date = _date(_field(fields, columns.from_date), "From")
        until_date = _date(_field(fields, columns.until_date), "Until")
        if from_date and until_date and until_date < from_date:
            return "Until lies before From"
        return Employee(
            employee_id=_clean_id(employee_id),
            name=clean_name(name),
            badge=badge or None,
            from_date=from_date,
            until_date=until_date,
        )
    except InvalidInputError as error:
        return " ".join(error.fields.values())
    except _WrongRowError as error:
        return str(error)


def _field(fields: Sequence[str], at: int | None) -> str:
    """Return a field, or an empty one where the row or the file has none."""
    return fields[at] if at is not None and at < len(fields) else ""


def _date(text: str, title: str) -> date | None:
    """Return a date, None for an empty field; raise _WrongRowError for what a spreadsheet made of one."""
    text = text.strip(" ")
    if not text:
        return None
    try:
        return read_date(text)
    except ValueError:
        raise _WrongRowError(
            f"{title} is no date that is written as 2026-11-20; a spreadsheet writes dates its own way: format the "
            "column as text, and write them again"
        ) from None


def _clean_id(text: str) -> str:
    """Return an ID; raise InvalidInputError, or _WrongRowError where a spreadsheet made it impossible."""
    try:
        return clean_employee_id(text)
    except InvalidInputError:
        if text.strip(" ")[:1].isdigit() and (reason := mangled(text.strip(" "))):
            raise _WrongRowError(f"{reason}: {WRITE_THE_ID}") from None
        raise
