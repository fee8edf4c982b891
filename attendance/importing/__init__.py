"""Own the use case of an import: bring rows from elsewhere into a site's ledger, all that are sound or none at all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from attendance.clock import Clock, work_day
from attendance.errors import RefusedRowError
from attendance.foreign import Table, read_table
from attendance.importing.comparing import Comparison, compare
from attendance.importing.rows import Admit, NumberedMark, RowReader, unused_columns
from attendance.ledger import Ledger
from attendance.model import Mark, Site
from attendance.roster import Roster

__all__ = ["Importing", "Outcome"]

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an import comes to; rows are told by their numbers in the file.

    `new` are the marks to add, `standing` the rows that stand in the ledger already, `repeated` those that say again
    what the employee's last mark of the work date says. `written` tells whether the new marks were added.
    """

    new: Sequence[NumberedMark]
    standing: Sequence[int]
    repeated: Sequence[int]
    refused: Sequence[tuple[int, RefusedRowError]]
    remarks: Sequence[str]
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """What a file brings: its marks in the order of their instants, the rows that are none, and remarks."""

    marks: Sequence[NumberedMark]
    refused: Sequence[tuple[int, RefusedRowError]]
    remarks: Sequence[str]


class Importing:
    """Bring rows from elsewhere into one site's ledger.

    `admit` says who somebody is and whether they may mark here, as for a mark; `now` is the clock.
    """

    def __init__(self, site: Site, ledger: Ledger, *, roster: Roster | None, admit: Admit, now: Clock) -> None:
        self._site = site
        self._ledger = ledger
        self._roster = roster
        self._admit = admit
        self._now = now

    def preview(self, path: Path) -> Outcome:
        """Return what would become of the rows of a file, and add nothing. Raise ForeignTableError, LedgerError."""
        brought = self._read(path)
        standing = self._ledger.read(self._begin_at(brought.marks), _NEVER)
        return _outcome(brought, compare(self._site, brought.marks, standing), written=False)

    def write(self, path: Path, *, leave_out: bool) -> Outcome:
        """Add the new marks of a file, flushed; none while rows are refused, unless those are to be left out.

        What stands in the ledger is looked at under the lock under which it is added to. Raise ForeignTableError, or
        LedgerError: then a part may have been added, and the same file may be brought again.
        """
        brought = self._read(path)
        with self._ledger.exclusive(self._begin_at(brought.marks)) as standing:
            comparison = compare(self._site, brought.marks, standing)
            written = leave_out or not (brought.refused or comparison.refused)
            if written:
                self._ledger.add(item.mark for item in comparison.new)
        return _outcome(brought, comparison, written=written)

    def _read(self, path: Path) -> _Brought:
        """Return what a file brings."""
        table = read_table(path)
        reader = RowReader(self._site, table, self._admit, self._known_ids)
        latest_at = self._now()
        marks: list[NumberedMark] = []
        refused: list[tuple[int, RefusedRowError]] = []
        for row in table.rows():
            try:
                item = reader.read(row)
                _refuse_future(item.mark, latest_at)
                marks.append(item)
            except RefusedRowError as error:
                refused.append((row.number, error))
        remarks = [f"{count} rows: {remark}" for remark, count in reader.remarks.items()] + _about_columns(table)
        if any(one.mark.marked_at > other.mark.marked_at for one, other in pairwise(marks)):
            marks.sort(key=lambda item: item.mark.marked_at)  # stable: rows of one instant keep their order
            remarks.append("the rows were not in the order of their times; they are sorted")
        return _Brought(marks=marks, refused=refused, remarks=remarks)

    def _known_ids(self) -> Collection[str]:
        """Return the IDs of the roster, or of the ledger where there is none."""
        if self._roster is not None:
            return self._roster.employees
        return {mark.employee_id for mark in self._ledger.read(_EVER, _NEVER)}

    def _begin_at(self, marks: Sequence[NumberedMark]) -> datetime:
        """Return where the first mark's work date begins: what was marked on it before decides about repeats."""
        if not marks:
            return _NEVER
        return work_day(marks[0].mark.marked_at, self._site.zone, self._site.day_start).starts_at


def _outcome(brought: _Brought, comparison: Comparison, *, written: bool) -> Outcome:
    """Return what was found and done."""
    return Outcome(
        new=comparison.new,
        standing=comparison.standing,
        repeated=comparison.repeated,
        refused=sorted([*brought.refused, *comparison.refused], key=lambda refused: refused[0]),
        remarks=brought.remarks,
        written=written,
    )


def _refuse_future(mark: Mark, now: datetime) -> None:
    """Raise RefusedRowError where a mark has not been made yet: no other could follow it until then."""
    if mark.marked_at > now:
        raise RefusedRowError("Timestamp lies in the future", "correct it; is the clock of this machine right?")


def _about_columns(table: Table) -> list[str]:
    """Return what is to be said of the columns."""
    unused = unused_columns(table)
    return [f"columns that are passed over: {', '.join(map(repr, unused))}"] if unused else []
