"""Own how a row from elsewhere becomes a mark of a site: by its columns, and never from an ID that was mangled."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from attendance.codec import HEADER
from attendance.errors import (
    ForeignTableError,
    InvalidInputError,
    NameMismatchError,
    RefusedRowError,
    UnknownEmployeeError,
)
from attendance.foreign import Row, Table
from attendance.importing.times import read_time
from attendance.mangled import WRITE_THE_ID, mangled
from attendance.model import Mark, MarkRequest, Site

Admit = Callable[[MarkRequest], MarkRequest]
"""Return a request as it may stand in the ledger, under the roster's ID and name; raise AttendanceError."""

COLUMNS = tuple(HEADER.decode().rstrip().split(","))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedMark:
    """A mark, and the number of its row in the file from which it comes."""

    number: int
    mark: Mark


class RowReader:
    """Read the rows of one table as marks of a site.

    `known_ids` gives the IDs of the roster, or of the ledger where there is none; it is asked once at most.
    `remarks` counts, for all rows that were read, what should be said about how.
    """

    def __init__(self, site: Site, table: Table, admit: Admit, known_ids: Callable[[], Collection[str]]) -> None:
        """Find the columns; raise ForeignTableError where one is missing."""
        self.remarks: Counter[str] = Counter()
        self._site = site
        self._columns = _columns(table, optional={"Name"} if site.roster_path else set())
        self._admit = admit
        self._ask_known_ids = known_ids
        self._admitted: dict[tuple[str, str, str], MarkRequest] = {}

    def read(self, row: Row) -> NumberedMark:
        """Return the mark that a row stands for; raise RefusedRowError."""
        if row.problem:
            raise RefusedRowError(row.problem, "mend the row, or leave it out")
        timestamp, employee_id, name, status = (
            row.fields[self._columns[title]].strip() if title in self._columns else "" for title in COLUMNS
        )
        reading = read_time(timestamp, self._site.zone)
        key = (employee_id, name, status)
        request = self._admitted.get(key)
        if request is None:
            request = self._admitted[key] = self._checked(employee_id, name, status)
        self.remarks.update(reading.remarks)
        mark = Mark(
            marked_at=reading.marked_at,
            utc_offset=reading.utc_offset,
            employee_id=request.employee_id,
            name=request.name,
            status=request.status,
        )
        return NumberedMark(number=row.number, mark=mark)

    def _checked(self, employee_id: str, name: str, status: str) -> MarkRequest:
        """Return what the fields stand for; raise RefusedRowError."""
        if status not in self._site.statuses:
            raise _wrong_status(status, list(self._site.statuses))
        self._refuse_mangled(employee_id)
        try:
            return self._admit(MarkRequest(employee_id=employee_id, name=name, status=status))
        except InvalidInputError as error:
            raise RefusedRowError(" ".join(error.fields.values()), "correct the row, or leave it out") from None
        except UnknownEmployeeError:
            raise RefusedRowError(
                "the roster of the site does not hold this ID", "correct the ID, or add it to the roster"
            ) from None
        except NameMismatchError:
            raise RefusedRowError(
                "this ID belongs to somebody with clearly another name", "correct the ID or the name"
            ) from None

    def _refuse_mangled(self, employee_id: str) -> None:
        """Raise RefusedRowError where the ID was not given out like this; an ID that is known is none of these."""
        looks_mangled = mangled(employee_id)
        if not (looks_mangled or employee_id.isdecimal()) or employee_id.casefold() in self._known:
            return
        if looks_mangled:
            raise RefusedRowError(looks_mangled, WRITE_THE_ID)
        if meant := self._known_by_value.get(employee_id.lstrip("0")):
            raise RefusedRowError(f"{employee_id} is not known, but {meant} is: were zeros cut off?", f"write {meant}")

    @cached_property
    def _known(self) -> Collection[str]:
        """Return the IDs that are known, in lower case."""
        return {employee_id.casefold() for employee_id in self._ask_known_ids()}

    @cached_property
    def _known_by_value(self) -> Mapping[str, str]:
        """Return the known IDs that are all digits, by what is left of them without leading zeros."""
        return {employee_id.lstrip("0"): employee_id for employee_id in self._known if employee_id.isdecimal()}


def unused_columns(table: Table) -> list[str]:
    """Return the titles of the columns that are passed over."""
    used = {table.column(title) for title in COLUMNS}
    return [title for index, title in enumerate(table.header) if index not in used]


def _columns(table: Table, optional: Collection[str]) -> dict[str, int]:
    """Return where each column stands; raise ForeignTableError with what was found where one is missing."""
    found = {title: index for title in COLUMNS if (index := table.column(title)) is not None}
    missing = [title for title in COLUMNS if title not in found and title not in optional]
    if missing:
        reason = f"row 1 names no column {' and no '.join(missing)}; it names {', '.join(map(repr, table.header))}"
        raise ForeignTableError(table.path, reason)
    return found


def _wrong_status(status: str, labels: list[str]) -> RefusedRowError:
    """Return why a status is refused, with the label that was meant if it is plain."""
    if not status:
        return RefusedRowError("Status is empty", f"write {' or '.join(labels)}")
    meant = [label for label in labels if label.casefold() == status.casefold()]
    hint = " or ".join(meant or labels)
    return RefusedRowError(f"{status!r} is no status of the site", f"write {hint}; `statuses:` in sites.yaml says them")
