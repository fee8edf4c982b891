"""Own who belongs to a site: read its roster file again whenever it changed, and refuse a broken one by row."""

import csv
import io
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from attendance.errors import InvalidInputError, Problem, RosterError, UnknownEmployeeError
from attendance.identity import clean_employee_id, clean_name
from attendance.model import Employee

MAX_BYTES = 64 << 20  # about a million people
_COLUMNS = ("Employee_ID", "Name")
_BADGE = re.compile(r"[!-~]([ -~]{0,62}[!-~])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The employees of one site, by their IDs and by their badges in lower case: no two differ by case alone."""

    employees: Mapping[str, Employee]
    badges: Mapping[str, Employee] = field(default_factory=dict)

    def resolve(self, employee_id: str) -> Employee:
        """Return the employee with this ID, in whatever case it was typed; raise UnknownEmployeeError."""
        try:
            return self.employees[employee_id.casefold()]
        except KeyError:
            raise UnknownEmployeeError from None

    def find(self, typed: str) -> Employee:
        """Return the employee with this ID, or else with this badge; raise UnknownEmployeeError.

        It is for kiosks, which stand at the door: elsewhere a badge that was read says nothing about who holds it.
        """
        key = typed.strip(" ").casefold()
        employee = self.employees.get(key) or self.badges.get(key)
        if employee is None:
            raise UnknownEmployeeError
        return employee


_NOBODY = Roster(employees={}, badges={})


class RosterFile:
    """The roster of one site as its file stands now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int] | None, Roster | RosterError] = (None, _NOBODY)

    def current(self) -> Roster:
        """Return the roster, read again if the file changed since the last call; raise RosterError."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            known, outcome = self._read
            if version != known:
                outcome = self._load()
                self._read = (version, outcome)  # together: several sites ask at once, each in its thread
        except OSError as error:
            outcome = self._unreadable(error)
        if isinstance(outcome, RosterError):
            raise RosterError(outcome.problems)
        return outcome

    def _load(self) -> Roster | RosterError:
        """Return the roster, or what is wrong with it: a large broken one is not read again for every mark."""
        try:
            return load_roster(self._path)
        except RosterError as error:
            return error

    def _unreadable(self, error: OSError) -> RosterError:
        """Return the failure that an error of the operating system means."""
        message = f"the roster cannot be read: {error.strerror}"
        hint = "write a CSV file with the columns Employee_ID,Name, or remove `roster:` from the site"
        problem = Problem(path=self._path, line=1, column=1, message=message, hint=hint)
        return RosterError([problem])


def load_roster(path: Path) -> Roster:
    """Read a roster file: UTF-8 CSV with the columns Employee_ID and Name first, and Badge, if it is there, behind.

    Other columns are passed over. Raise RosterError with every row that is wrong, or OSError.
    """
    mistakes: list[tuple[int, str]] = []
    employees: dict[str, Employee] = {}
    badges: dict[str, tuple[int, Employee]] = {}
    for line, row in _rows(path):
        if isinstance(row, str):
            mistakes.append((line, row))
            continue
        if employees.setdefault(row.employee_id.casefold(), row) is not row:
            mistakes.append((line, f"the ID {row.employee_id} stands twice"))
        if row.badge and badges.setdefault(row.badge.casefold(), (line, row))[1] is not row:
            mistakes.append((line, "this badge stands twice"))
    mistakes += _taken_for_ids(badges, employees)
    if mistakes:
        hint = "mend this row; the roster is used again as soon as the file is right"
        found = [Problem(path=path, line=line, column=1, message=text, hint=hint) for line, text in sorted(mistakes)]
        raise RosterError(found)
    by_badge = {badge: employee for badge, (_, employee) in badges.items()}
    return Roster(employees=MappingProxyType(employees), badges=MappingProxyType(by_badge))


def _taken_for_ids(
    badges: Mapping[str, tuple[int, Employee]], employees: Mapping[str, Employee]
) -> Iterator[tuple[int, str]]:
    """Yield the lines of badges that are the IDs of others: at a kiosk they would stand for those."""
    for badge, (line, holder) in badges.items():
        if badge in employees and badge != holder.employee_id.casefold():
            yield line, "this badge is the ID of somebody else"


def _rows(path: Path) -> Iterator[tuple[int, Employee | str]]:
    """Yield each row's line with its employee, or with what is wrong with it."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        yield 1, "the roster is no plain file"
        return
    if found.st_size > MAX_BYTES:
        yield 1, f"the roster is larger than {MAX_BYTES} bytes"
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        yield 1, "the roster is not UTF-8; in a spreadsheet, save it as `CSV UTF-8`"
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header[:2]) != _COLUMNS:
            yield 1, "the first row must be Employee_ID,Name, parted by commas"
            return
        if header.count("Badge") > 1:
            yield 1, "the column Badge stands twice"
            return
        badge_at = header.index("Badge") if "Badge" in header else None
        for fields in reader:
            if any(fields):
                yield reader.line_num, _employee(fields, badge_at)
    except csv.Error as error:
        yield reader.line_num, f"this is not CSV: {error}"


def _employee(fields: list[str], badge_at: int | None) -> Employee | str:
    """Return the employee of a row, or what is wrong with it."""
    employee_id, name = [*fields, ""][:2]
    badge = fields[badge_at] if badge_at is not None and badge_at < len(fields) else ""
    if badge and not _BADGE.fullmatch(badge):
        return "a badge has 1 to 64 plain characters (ASCII) and no space at its ends"
    try:
        return Employee(employee_id=clean_employee_id(employee_id), name=clean_name(name), badge=badge or None)
    except InvalidInputError as error:
        return " ".join(error.fields.values())
