"""Own the use case of an edited copy of a ledger: tell how it differs, and which amendments would say the same.

It writes nothing: rows of a ledger stay, and whoever wishes so amends. What a spreadsheet changed by itself is told,
and never proposed.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from attendance.clock import Clock, to_local, work_day
from attendance.codec import HEADER
from attendance.errors import MAX_REASONS, ForeignTableError, InvalidInputError, RefusedRowError, UploadRefusedError
from attendance.foreign import Row, Table, read_table
from attendance.identity import clean_employee_id
from attendance.importing.times import read_time
from attendance.ledger import Ledger
from attendance.mangled import made_of, mangled
from attendance.model import Amendment, Mark, Moment, Site
from attendance.proposing.nouns import Comparison, Proposal, read_proposal

__all__ = ["Comparison", "Proposal", "Proposing", "read_proposal"]

MAX_ROWS = 100_000
"""So many rows may a copy have: each takes memory until all are compared."""

MORE_ROWS = 50_000
"""So many rows may the ledger have on the days of a copy beyond twice as many as the copy has."""

_COLUMNS = HEADER.decode().rstrip("\n").split(",")
_NAMES = "names are corrected on the roster, and old rows keep the name under which they were written"
_WITHOUT_SECONDS = re.compile(r"[^:]*:\d\d(?:[Zz ]|[+-]\d\d.*)?")

_Key = tuple[datetime, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """A row of a copy that can be read."""

    number: int
    at: datetime
    utc_offset: timedelta
    employee_id: str
    name: str
    status: str
    by_minute: bool

    @property
    def key(self) -> _Key:
        """Return which row of a ledger it is."""
        return self.at, self.employee_id.casefold()


@dataclass(slots=True, kw_only=True)
class _Sides:
    """The rows of both by what identifies them, and what is told."""

    ours: dict[_Key, list[Mark]]
    theirs: dict[_Key, list[_Copied]]
    told: list[tuple[int, str]] = field(default_factory=list)
    same: int = 0


class Proposing:
    """Compare edited copies with one site's ledger; `now` is the clock."""

    def __init__(self, site: Site, ledger: Ledger, *, now: Clock) -> None:
        self._site = site
        self._ledger = ledger
        self._now = now

    def compare(self, copy: Path, amendments: Iterable[Amendment]) -> Comparison:
        """Return how a copy differs. Rows may be in any order, and differ in form: quotes, offsets, capitals of an ID.

        Only the work dates from its first row to its last are compared, so a copy of a month is enough. Raise
        UploadRefusedError where nothing can be compared, or far too much is wrong or there at all; LedgerError.
        """
        told: list[tuple[int, str]] = []
        theirs = list(self._copied(_table(copy), told))
        if not theirs:
            raise _nothing_to_compare(told)
        first, last = min(row.at for row in theirs), max(row.at for row in theirs)
        sides = _Sides(ours=defaultdict(list), theirs=defaultdict(list), told=told)
        for row in theirs:
            sides.theirs[row.key].append(row)
        for mark in self._standing(first, last, len(theirs)):
            sides.ours[mark.marked_at, mark.employee_id.casefold()].append(mark)
        _match_minutes(sides)
        proposals = [*self._changed(sides), *self._only_here(sides)]
        said = _said(amendments)
        fresh = [one for one in proposals if said.get(_key_of(one)) != one.status]
        return Comparison(
            proposals=sorted(fresh, key=lambda one: (one.at, one.employee_id)),
            told=sorted(sides.told),
            amended=len(proposals) - len(fresh),
            same=sides.same,
            first=to_local(first, self._site.zone),
            last=to_local(last, self._site.zone),
        )

    def _copied(self, table: Table, told: list[tuple[int, str]]) -> Iterator[_Copied]:
        """Yield the rows of a copy that can be read, and tell of the others; raise UploadRefusedError."""
        columns = _columns(table)
        now = self._now()
        for row in _rows(table):
            try:
                copied = self._read(row, [row.fields[at].strip() for at in columns if not row.problem])
                if copied.at > now:
                    raise RefusedRowError("Timestamp lies in the future", "correct it")
                yield copied
            except RefusedRowError as error:
                told.append((row.number, str(error)))
                if len(told) >= MAX_REASONS:
                    raise _told_first(f"{MAX_REASONS:,} rows cannot be read.", told) from None

    def _read(self, row: Row, cells: Sequence[str]) -> _Copied:
        """Return what a row says; raise RefusedRowError."""
        if row.problem:
            raise RefusedRowError(row.problem, "mend the row")
        timestamp, employee_id, name, status = cells
        if not _is_id(employee_id):
            reason = mangled(employee_id) or "this can be no ID"
            raise RefusedRowError(reason, "format the column as text before the file is opened")
        reading = read_time(timestamp, self._site.zone)
        return _Copied(
            number=row.number,
            at=reading.marked_at,
            utc_offset=reading.utc_offset,
            employee_id=employee_id,
            name=name,
            status=status,
            by_minute=_WITHOUT_SECONDS.fullmatch(timestamp) is not None,
        )

    def _standing(self, first: datetime, last: datetime, rows: int) -> Iterator[Mark]:
        """Yield the marks of the work dates from one instant to another; raise UploadRefusedError for too many."""
        starts_at = work_day(first, self._site.zone, self._site.day_start).starts_at
        ends_at = work_day(last, self._site.zone, self._site.day_start).ends_at
        limit = 2 * rows + MORE_ROWS
        marks = self._ledger.read(starts_at, ends_at)
        yield from islice(marks, limit)
        if next(marks, None) is not None:
            days = f"from {to_local(first, self._site.zone):%Y-%m-%d} to {to_local(last, self._site.zone):%Y-%m-%d}"
            reason = f"The file leaves out most rows of the days {days}: is a date in it wrong? Send whole months."
            raise UploadRefusedError([reason])

    def _changed(self, sides: _Sides) -> Iterator[Proposal]:
        """Yield what rows say otherwise that stand in both."""
        for key in sides.ours.keys() & sides.theirs.keys():
            ours, theirs = sides.ours[key], sides.theirs[key]
            mark, row = ours[-1], theirs[-1]
            if [one.status for one in ours] == [one.status for one in theirs]:
                if _plain(mark.name) != _plain(row.name):
                    sides.told.append((row.number, f"the name was {mark.name}: {_NAMES}"))
                sides.same += len(theirs)
            elif mark.status == row.status:
                sides.told.append((row.number, "the row stands there another number of times: nothing changes"))
            elif self._is_status(sides, row):
                yield _proposal(mark, mark.status, row.status, row.number)

    def _only_here(self, sides: _Sides) -> Iterator[Proposal]:
        """Yield what stands on one side alone: rows that were removed, and rows that were added."""
        removed = {key: marks for key, marks in sides.ours.items() if key not in sides.theirs}
        added = {key: rows for key, rows in sides.theirs.items() if key not in sides.ours}
        _tell_of_ids(sides, removed, added)
        for marks in removed.values():
            yield _proposal(marks[-1], marks[-1].status, "", 0)
        for rows in added.values():
            if self._is_status(sides, rows[-1]):
                yield _proposal(rows[-1], "", rows[-1].status, rows[-1].number)

    def _is_status(self, sides: _Sides, row: _Copied) -> bool:
        """Tell whether the site has the status of a row, or tell of the row."""
        if row.status in self._site.statuses:
            return True
        sides.told.append((row.number, f"its status is none of this site: write {' or '.join(self._site.statuses)}"))
        return False


def _table(copy: Path) -> Table:
    """Return the table of a file; raise UploadRefusedError."""
    try:
        return read_table(copy)
    except ForeignTableError as error:
        raise _unreadable(error) from None


def _rows(table: Table) -> Iterator[Row]:
    """Yield the rows of a table; raise UploadRefusedError."""
    try:
        yield from table.rows(MAX_ROWS)
    except ForeignTableError as error:
        raise _unreadable(error) from None


def _unreadable(error: ForeignTableError) -> UploadRefusedError:
    """Return why a file was not taken that is no table for us."""
    return UploadRefusedError([f"The file cannot be read: {error.reason}."])


def _columns(table: Table) -> list[int]:
    """Return where our columns stand, in our order; raise UploadRefusedError where one does not, or twice."""
    try:
        found = {title: table.column(title) for title in _COLUMNS}
    except ForeignTableError as error:
        raise _unreadable(error) from None
    missing = [title for title, at in found.items() if at is None]
    if missing:
        raise UploadRefusedError([f"Row 1 names no column {' and no '.join(missing)}."])
    return [at for at in found.values() if at is not None]


def _nothing_to_compare(told: Sequence[tuple[int, str]]) -> UploadRefusedError:
    """Return the error that tells why there is nothing to compare."""
    if not told:
        return UploadRefusedError(["The file has no row below its header."])
    return _told_first("No row can be compared.", told)


def _told_first(headline: str, told: Sequence[tuple[int, str]]) -> UploadRefusedError:
    """Return the error that says something of many rows, with the first of them."""
    reasons = [headline, *(f"Row {number}: {reason}" for number, reason in told[:20])]
    return UploadRefusedError(reasons, headline=headline)


def _match_minutes(sides: _Sides) -> None:
    """Let rows whose seconds a spreadsheet left out stand for those of the same minute: that is another form."""
    minutes: dict[_Key, list[_Key]] = defaultdict(list)
    for at, employee_id in sides.ours:
        minutes[at.replace(second=0), employee_id].append((at, employee_id))
    for key in [key for key, rows in sides.theirs.items() if key not in sides.ours and rows[0].by_minute]:
        meant = [one for one in minutes.get(key, ()) if one not in sides.theirs]
        if len(meant) == 1:
            sides.theirs[meant[0]] = sides.theirs.pop(key)


def _tell_of_ids(sides: _Sides, removed: dict[_Key, list[Mark]], added: dict[_Key, list[_Copied]]) -> None:
    """Take those rows out of both whose ID alone is another, and tell of them: a spreadsheet does that, or a slip."""
    there: dict[tuple[datetime, str, str], _Key] = {
        (marks[-1].marked_at, _plain(marks[-1].name), marks[-1].status): key for key, marks in removed.items()
    }
    for key, rows in list(added.items()):
        row = rows[-1]
        meant = there.get((row.at, _plain(row.name), row.status))
        if meant is None or meant not in removed:
            continue
        was = removed.pop(meant)[-1].employee_id
        del added[key]
        made = made_of([key[1]], {meant[1]})
        why = "did a spreadsheet change it?" if made else "an ID is not amended: amend both people on this day instead"
        sides.told.append((row.number, f"the ID was {was}: {why}"))


def _said(amendments: Iterable[Amendment]) -> Mapping[_Key, str]:
    """Return the status that amendments gave to moments of employees, the last word of each."""
    return {
        (one.about.at, one.employee_id.casefold()): one.status
        for one in amendments
        if one.counts and isinstance(one.about, Moment)
    }


def _proposal(row: Mark | _Copied, was: str, status: str, number: int) -> Proposal:
    """Return a proposal about the moment of a row."""
    at = row.marked_at if isinstance(row, Mark) else row.at
    return Proposal(
        at=at,
        utc_offset=row.utc_offset,
        employee_id=row.employee_id,
        name=row.name,
        was=was,
        status=status,
        number=number,
    )


def _key_of(proposal: Proposal) -> _Key:
    """Return of which row of a ledger a proposal speaks."""
    return proposal.at, proposal.employee_id.casefold()


def _is_id(text: str) -> bool:
    """Tell whether a text can be an ID."""
    try:
        clean_employee_id(text)
    except InvalidInputError:
        return False
    return True


def _plain(name: str) -> str:
    """Return a name without what a program may change in its form."""
    return " ".join(unicodedata.normalize("NFC", name).split())
