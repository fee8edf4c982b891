"""The checker of histories is worth something: each kind of wrong history is refused, and the right ones are not."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.checker import Row
from tests.faults.histories import Board, Operation, check_history

DATE = "2026-11-23"


def row(second: int, employee_id: str, name: str, status: str = "Present") -> Row:
    """Return a row of some second after nine."""
    return Row(f"{DATE}T09:00:{second:02}+00:00", employee_id, name, status)


A = row(1, "E1", "Ana")
B = row(1, "E2", "Bo")
C = row(2, "E1", "Cleo", "Absent")
D = row(3, "E1", "Dan")
ROWS = [A, B, C, D]


def mark(own: Row, sent: float, answered: float) -> Operation:
    """Return the operation that was answered with its own row."""
    unanswered = Operation(employee_id=own.employee_id, name=own.name, status=own.status, sent=sent)
    return answer(unanswered, own, answered, 201)


def answer(one: Operation, own: Row, answered: float, status_code: int) -> Operation:
    """Return the operation with the answer that this row stands for it."""
    body = dict(zip(("timestamp", "employee_id", "name", "status"), own, strict=True))
    told = body | {"work_date": own.timestamp[:10], "repeated": status_code == 200}
    return replace(one, answered=answered, status_code=status_code, body=told)


def repeat(name: str, known: Row, sent: float, answered: float) -> Operation:
    """Return an operation under some name that was answered with a row that stood there."""
    asked = Operation(employee_id=known.employee_id, name=name, status=known.status, sent=sent)
    return answer(asked, known, answered, 200)


def board(asked: float, answered: float, *rows: Row) -> Board:
    """Return what a board showed."""
    return Board(asked=asked, answered=answered, work_date=DATE, rows=rows)


def lost(name: str, status: str = "Absent", **changes: object) -> Operation:
    """Return an operation of E1 that was not acknowledged."""
    return replace(Operation(employee_id="E1", name=name, status=status, sent=45), **changes)  # type: ignore[arg-type]  # as the caller wrote it


MARKS = [mark(A, 10, 20), mark(B, 11, 21), mark(C, 30, 40), mark(D, 50, 60)]
BOARDS = [board(1, 5), board(22, 25, A, B), board(41, 45, B, C), board(61, 65, B, D)]


def check(folder: Path, rows: Sequence[Row], operations: Sequence[Operation], boards: Sequence[Board]) -> None:
    """Check a history with a ledger of these rows."""
    path = folder / "london.csv"
    lines = ["Timestamp,Employee_ID,Name,Status", *map(",".join, rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert check_history(path, operations, boards) == list(rows)


RIGHT = {
    "one after the other": ([], []),
    "repeats at the right time": ([repeat("R", A, 12, 15), repeat("S", C, 41, 49), repeat("T", A, 22, 35)], []),
    "a repeat that is late is of its time": ([repeat("R", A, 12, 70), repeat("S", C, 12, 70)], []),
    "a mark that had no answer and no row": ([lost("R")], []),
    "a mark that was refused": ([lost("R", answered=48, status_code=503, body={"code": "storage_busy"})], []),
    "boards while marks are on their way": ([], [board(12, 13), board(12, 13, A), board(12, 70, B, C)]),
}


@pytest.mark.parametrize("claim", RIGHT)
def test_a_right_history_passes(tmp_path: Path, claim: str) -> None:
    """What can have come one by one is not refused."""
    operations, boards = RIGHT[claim]

    check(tmp_path, ROWS, MARKS + operations, BOARDS + boards)


def test_rows_of_unanswered_marks_count(tmp_path: Path) -> None:
    """A mark without an answer may have its row, also long after it was sent, and others may be answered with it."""
    unanswered = Operation(employee_id="E1", name="Cleo", status="Absent", sent=30)

    check(tmp_path, ROWS, [*MARKS[:2], unanswered, MARKS[3], repeat("R", C, 41, 49)], BOARDS)


E = row(4, "E1", "Eve", "Absent")
NOBODY = row(4, "E3", "Nobody")
WRONG_ROWS: dict[str, tuple[Sequence[Row], str]] = {
    "an acknowledged row is lost": ([A, C, D], "acknowledged rows are lost"),
    "a field is not as it was acknowledged": ([A, B, C._replace(name="Cleopatra"), D], "acknowledged rows are lost"),
    "a row is there twice": ([A, B, B, C, D], "there twice"),
    "a mark has two rows": ([*ROWS, B._replace(timestamp=D.timestamp)], "has 2 rows"),
    "a row that nobody sent": ([*ROWS, NOBODY], "nobody sent"),
    "a repeat is a row": ([*ROWS, E, E._replace(name="Fay")], "repeats"),
}


@pytest.mark.parametrize("claim", WRONG_ROWS)
def test_a_wrong_ledger_is_refused(tmp_path: Path, claim: str) -> None:
    """Whatever was answered, the ledger does not hold it."""
    rows, reason = WRONG_ROWS[claim]

    with pytest.raises(AssertionError, match=reason):
        check(tmp_path, rows, [*MARKS, lost("Eve"), lost("Fay")], BOARDS)


WRONG_OPERATIONS = {
    "a repeat names a row that was long not the last": (repeat("R", A, 41, 49), "no order explains"),
    "a repeat names a row before that was there": (repeat("R", D, 41, 49), "no order explains"),
    "a repeat is answered with another's row": (replace(repeat("R", A, 12, 15), employee_id="E2"), "another's row"),
    "a repeat is answered with another status": (replace(repeat("R", C, 41, 49), status="Present"), "another's row"),
    "a repeat does not say that it is one": (replace(repeat("R", A, 12, 15), status_code=201), "does not say"),
    "a new row is not its own": (answer(repeat("R", A, 12, 15), A, 15, 201), "wrong row"),
    "a refused mark is a row": (
        lost("Eve", answered=48, status_code=503, body={"code": "storage_busy"}),
        "was refused",
    ),
    "a mark is a repeat and a row": (answer(lost("Eve"), C, 49, 200), "has one"),
    "a mark counts for another date": (
        replace(repeat("R", A, 12, 15), body={**repeat("R", A, 12, 15).body, "work_date": "2026-11-22"}),
        "another date",
    ),
}


@pytest.mark.parametrize("claim", WRONG_OPERATIONS)
def test_a_wrong_answer_is_refused(tmp_path: Path, claim: str) -> None:
    """No order of the marks explains the answer."""
    operation, reason = WRONG_OPERATIONS[claim]
    rows = [*ROWS, E] if operation.name == "Eve" else ROWS

    with pytest.raises(AssertionError, match=reason):
        check(tmp_path, rows, [*MARKS, operation], BOARDS)


def test_an_order_against_real_time_is_refused(tmp_path: Path) -> None:
    """A mark was answered before another was sent, and stands behind it."""
    late = [mark(A, 30, 40), mark(B, 10, 20)]

    with pytest.raises(AssertionError, match="no order explains"):
        check(tmp_path, [A, B], late, [])


def test_one_order_holds_for_all_readers(tmp_path: Path) -> None:
    """A repeat saw the new row, and after that answer a board still showed the old one."""
    long_ones = [mark(A, 10, 20), mark(B, 11, 21), mark(C, 30, 90)]
    new, old = repeat("R", C, 40, 50), board(55, 60, A, B)

    check(tmp_path, ROWS[:3], [*long_ones, new], [])
    check(tmp_path, ROWS[:3], long_ones, [old])
    with pytest.raises(AssertionError, match="no order explains"):
        check(tmp_path, ROWS[:3], [*long_ones, new], [old])


WRONG_BOARDS = {
    "a row that went again": (board(61, 65, B, D, NOBODY), "not in the ledger"),
    "a row that was not sent yet": (board(22, 25, B, C), "no order explains"),
    "a row that was answered is missing": (board(41, 45, A, B), "no order explains"),
    "everybody is missing": (board(61, 65), "no order explains"),
    "somebody is missing": (board(61, 65, D), "no state of the ledger"),
    "the order is wrong": (board(61, 65, D, B), "no state of the ledger"),
    "a mark that was not the last": (board(61, 65, A, B, D), "no state of the ledger"),
}


@pytest.mark.parametrize("claim", WRONG_BOARDS)
def test_a_wrong_board_is_refused(tmp_path: Path, claim: str) -> None:
    """A board showed what never stood in the ledger, or stood there at another time."""
    wrong, reason = WRONG_BOARDS[claim]

    with pytest.raises(AssertionError, match=reason):
        check(tmp_path, ROWS, MARKS, [*BOARDS, wrong])
