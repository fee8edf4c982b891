"""Own the sheets of closed months: a month as a plain CSV file that anybody can read and check, and what differs."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from attendance.amendments.standing import Closing
from attendance.codec import encode_timestamp
from attendance.errors import ClosedSheetDamagedError, LedgerError
from attendance.files import Signs, make_folder, replace_durably, signs_at, storage_errors
from attendance.model import Mark
from attendance.timesheet import Entry, MonthSheet

COLUMNS = ("Date", "Employee_ID", "Name", "Status", "Kind", "First", "Last", "Late", "Worked", "Amended")
_COMPARED = tuple(column for column in COLUMNS if column not in {"Date", "Employee_ID", "Name"})

_Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A day of somebody that differs: by its columns as it was closed and as it is; empty where it is not in a sheet.

    `columns` are the names of those that differ, in the order of the sheet.
    """

    date: date
    employee_id: str
    name: str
    was: _Cells
    became: _Cells

    @property
    def columns(self) -> list[str]:
        """Return which columns differ."""
        return [column for column in _COMPARED if self.was.get(column, "") != self.became.get(column, "")]


def encode_sheet(sheet: MonthSheet) -> bytes:
    """Return a month as CSV in UTF-8: a row for each date and employee of whom there is something to tell.

    They are in the order of dates, then of IDs, so that nothing but what it says decides about its bytes.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        _cells(on, entry)
        for on, _, entry in sorted(
            (
                (day.date, (entry.employee_id.casefold(), entry.employee_id), entry)
                for person in sheet.people
                for day, entry in zip(sheet.days, person.entries, strict=True)
                if entry
            ),
            key=lambda row: row[:2],
        )
    )
    return text.getvalue().encode()


def write_sheet(path: Path, content: bytes) -> str:
    """Put a sheet at the path, flushed, its folder too, and return its digest.

    What stands there and is another is kept in quarantine: nobody was told that it counts. Raise OSError.
    """
    make_folder(path.parent)
    present = None
    with suppress(FileNotFoundError):
        present = path.read_bytes()
    replace_durably(path, [content], path.name if present not in {None, content} else "")
    return sha256(content).hexdigest()


def read_sheet(closing: Closing) -> bytes:
    """Return the sheet of a closed month as it was closed; raise ClosedSheetDamagedError if it is not, LedgerError."""
    problem = closed_problem(closing)
    if problem:
        raise ClosedSheetDamagedError(f"{closing.sheet_path} {problem}")
    with storage_errors():
        return closing.sheet_path.read_bytes()


def closed_problem(closing: Closing) -> str | None:
    """Return what is wrong with the sheet of a closed month, or None."""
    try:
        digest = sha256(closing.sheet_path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return "is gone"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if digest == closing.digest else "is not the one that was closed: its SHA-256 is another"


def closed_problem_now(closing: Closing) -> str | None:
    """Return what is wrong with the sheet of a closed month, reading it only where something changed it since."""
    try:
        return _problem_by(closing, signs_at(closing.sheet_path))
    except OSError:
        return closed_problem(closing)


@lru_cache(maxsize=10_000)
def _problem_by(closing: Closing, _signs: Signs | None) -> str | None:
    """Return what is wrong with a sheet that has these signs."""
    return closed_problem(closing)


def differences(closed: bytes, present: bytes) -> Iterator[Difference]:
    """Yield the days of employees in which two sheets differ, in the order of dates and IDs; a new name is none."""
    was, became = _rows_apart(closed, present), _rows_apart(present, closed)
    for key in sorted(was.keys() | became.keys()):
        one, other = was.get(key, {}), became.get(key, {})
        told = other or one
        found = Difference(
            date=date.fromisoformat(told["Date"]),
            employee_id=told["Employee_ID"],
            name=told["Name"],
            was=one,
            became=other,
        )
        if found.columns:
            yield found


def differs(closing: Closing, sheet: MonthSheet) -> bool:
    """Tell whether a month is not as it was closed: at a different day of somebody, or a closed sheet not to be read.

    The digest answers it for a month that is as it was; only another one asks the disk.
    """
    present = encode_sheet(sheet)
    if sha256(present).hexdigest() == closing.digest:
        return False
    try:
        return any(differences(read_sheet(closing), present))
    except LedgerError:
        return True


def _rows_apart(sheet: bytes, other: bytes) -> dict[tuple[str, str], _Cells]:
    """Return the rows of a sheet, by date and ID, whose lines are not in the other: no field holds a line end."""
    (header, *lines), (other_header, *others) = (one.decode().split("\n") for one in (sheet, other))
    shared = set(others) if header == other_header else set()
    rows = csv.DictReader([header, *(line for line in lines if line not in shared)])
    return {(row["Date"], row["Employee_ID"]): row for row in rows}


def _cells(on: date, entry: Entry) -> Sequence[str]:
    """Return the row of an employee's day."""
    return (
        on.isoformat(),
        entry.employee_id,
        entry.name,
        entry.status or "",
        entry.state,
        _timestamp(entry.first),
        _timestamp(entry.last),
        "yes" if entry.late else "",
        _worked(entry),
        "yes" if entry.amended else "",
    )


def _worked(entry: Entry) -> str:
    """Return the time that was worked, as 7:30:00, where the site knows it."""
    if entry.worked is None:
        return ""
    minutes, seconds = divmod(int(entry.worked.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _timestamp(mark: Mark | None) -> str:
    """Return the time of a mark as it stands in the ledger."""
    return encode_timestamp(mark.marked_at, mark.utc_offset) if mark else ""
