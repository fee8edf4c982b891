"""Check a history: what clients sent and were answered, and what boards showed, against the ledger that is left.

A site's ledger is a list that only grows, and every mark and every board is decided at one moment between the question
and its answer (linearizability: Herlihy and Wing, 1990). Each mark is sent under a name of its own, so a row tells who
sent it. The order of the rows is known, so the check is exact and takes one pass: a row was there at the moment of
whoever was answered with it, and not yet at the moment of whoever was answered as if it were not.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import Row, check_rows

ROW_OR_NONE = {"stopping", "flush_failed", "unexpected_error"}
"""Codes of refusals that leave open whether the mark was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A mark that a client sent, and its answer; without one, `answered` is infinite and `status_code` is 0.

    Times are of a clock that never steps, in any unit.
    """

    employee_id: str
    name: str
    status: str
    sent: float
    answered: float = math.inf
    status_code: int = 0
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        """Return the row that it was answered with."""
        return Row(*(str(self.body.get(key)) for key in ("timestamp", "employee_id", "name", "status")))

    @property
    def is_acknowledged(self) -> bool:
        """Tell whether the answer was a row."""
        return self.status_code in {200, 201}

    @property
    def is_refused(self) -> bool:
        """Tell whether the answer was that nothing was recorded."""
        return self.status_code >= 400 and self.body.get("code") not in ROW_OR_NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a board showed: everybody's last mark of a work date, in the order of the marks."""

    asked: float
    answered: float
    work_date: str
    rows: tuple[Row, ...]


class _Times:
    """When each row of a ledger came, as far as the witnesses tell."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._there: dict[int, tuple[float, object]] = {}
        self._missing: dict[int, tuple[float, object]] = {}

    def there(self, position: int, at: float, witness: object) -> None:
        """Note that somebody saw the row, or another behind it, at this time at the latest."""
        self._there[position] = min(self._there.get(position, (math.inf, None)), (at, witness), key=_time_of)

    def missing(self, position: int, at: float, witness: object) -> None:
        """Note that the row was not there yet for somebody, at this time at the earliest."""
        self._missing[position] = max(self._missing.get(position, (-math.inf, None)), (at, witness), key=_time_of)

    def check(self) -> None:
        """Fail where a row was there before a moment at which it, or one before it, was not."""
        latest: tuple[float, object] = (-math.inf, None)
        for position, row in enumerate(self._rows):
            latest = max(latest, self._missing.get(position, latest), key=_time_of)
            seen_at, witness = self._there.get(position, (math.inf, None))
            assert latest[0] <= seen_at, f"no order explains both: {row} was there for {witness}, not for {latest[1]}"


def check_history(path: Path, operations: Sequence[Operation], boards: Sequence[Board]) -> list[Row]:
    """Return the rows of a ledger; fail where they, the answers and the boards cannot have come one by one."""
    rows = check_rows(path, (one.row for one in operations if one.is_acknowledged))
    _check_senders(rows, operations)
    _check_answers(operations)
    _check_repeats(rows)
    times = _Times(rows)
    _note_operations(times, rows, operations)
    _note_boards(times, rows, boards)
    times.check()
    return rows


def _check_senders(rows: Sequence[Row], operations: Sequence[Operation]) -> None:
    """Fail where a row is of no operation, of a refused one, or not the only one of its operation."""
    senders = {one.name: one for one in operations}
    assert len(senders) == len(operations), "two operations have one name"
    for name, count in Counter(row.name for row in rows).items():
        assert name in senders, f"nobody sent a mark as {name!r}"
        assert count == 1, f"{senders[name]} has {count} rows"
        assert not senders[name].is_refused, f"{senders[name]} was refused and has a row"
        assert senders[name].status_code != 200, f"{senders[name]} was answered with another row and has one"
    for row in rows:
        sender = senders[row.name]
        assert (row.employee_id, row.status) == (sender.employee_id, sender.status), f"{row} is not what {sender} sent"


def _check_answers(operations: Sequence[Operation]) -> None:
    """Fail where an acknowledgement speaks of something else than was asked, or not truly of a repeat."""
    for one in operations:
        if not one.is_acknowledged:
            continue
        row = one.row
        assert (row.employee_id, row.status) == (one.employee_id, one.status), f"{one} is answered with another's row"
        assert one.body.get("repeated") is (one.status_code == 200), f"{one} does not say what it is"
        assert (row.name == one.name) is (one.status_code == 201), f"{one} is answered with the wrong row"
        assert one.body.get("work_date") == _work_date(row), f"{one} counts for another date"


def _check_repeats(rows: Sequence[Row]) -> None:
    """Fail where a row repeats the last one of the same employee and work date."""
    last: dict[str, Row] = {}
    for row in rows:
        before = last.get(row.employee_id)
        is_repeat = before and (before.status, _work_date(before)) == (row.status, _work_date(row))
        assert not is_repeat, f"{row} repeats {before}"
        last[row.employee_id] = row


def _note_operations(times: _Times, rows: Sequence[Row], operations: Sequence[Operation]) -> None:
    """Note what operations tell of the time of rows."""
    positions = {row: position for position, row in enumerate(rows)}
    own = {row.name: position for row, position in positions.items()}
    successors = _successors(rows)
    for one in operations:
        if one.name in own:
            times.missing(own[one.name], one.sent, one)
        if one.is_acknowledged:
            times.there(positions[one.row], one.answered, one)
        if one.status_code == 200:
            times.missing(successors[positions[one.row]], one.sent, one)


def _note_boards(times: _Times, rows: Sequence[Row], boards: Sequence[Board]) -> None:
    """Note what boards tell of the time of rows; fail where one shows what a ledger never held."""
    positions = {row: position for position, row in enumerate(rows)}
    for board in boards:
        strangers = [row for row in board.rows if row not in positions]
        assert not strangers, f"a board showed {strangers[0]}, which is not in the ledger"
        first = next((at for at, row in enumerate(rows) if _work_date(row) == board.work_date), len(rows))
        end = max((positions[row] + 1 for row in board.rows), default=first)
        assert list(board.rows) == _last_marks(rows[first:end]), f"{board} is no state of the ledger"
        if board.rows:
            times.there(end - 1, board.answered, board)
        times.missing(end, board.asked, board)


def _last_marks(rows: Sequence[Row]) -> list[Row]:
    """Return everybody's last row, in the order of those rows."""
    latest: dict[str, Row] = {}
    for row in rows:
        latest.pop(row.employee_id, None)
        latest[row.employee_id] = row
    return list(latest.values())


def _successors(rows: Sequence[Row]) -> list[int]:
    """Return for each row where the next one of the same employee stands, or how many rows there are."""
    next_at: dict[str, int] = {}
    successors = [len(rows)] * len(rows)
    for position in range(len(rows) - 1, -1, -1):
        employee_id = rows[position].employee_id
        successors[position] = next_at.get(employee_id, len(rows))
        next_at[employee_id] = position
    return successors


def _work_date(row: Row) -> str:
    """Return the work date of a row at a site whose day begins at midnight."""
    return row.timestamp[:10]


def _time_of(noted: tuple[float, object]) -> float:
    """Return the time of a note."""
    return noted[0]
