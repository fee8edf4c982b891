"""Many processes amend, answer and close at once, and are killed: no acknowledged row is lost, one answer is heard."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from attendance.amending import Amending
from attendance.amendments import closed_problem
from attendance.clock import Month, utc_now
from attendance.model import AmendmentAction, Site
from tests.amending_kit import (
    amend_all,
    amend_and_die_before,
    answer_all,
    close_and_die_before,
    close_the_month,
    open_amending,
    rows_in_file,
    wish,
)
from tests.appendlog_kit import quarantined, run_all, running, wait_for
from tests.conftest import HandClock

PROCESSES = 8


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """London without a roster."""
    return make_site()


@pytest.fixture
def amending(site: Site) -> Amending:
    """The use case there, with the present time, as the other processes have it."""
    return open_amending(site, clock=HandClock(utc_now()))


def test_each_employee_has_one_row_whoever_amends_them(site: Site, tmp_path: Path) -> None:
    """Eight processes wish the same for the same people, in different orders."""
    everybody = [f"E{number:03}" for number in range(40)]
    orders = [Random(number).sample(everybody, len(everybody)) for number in range(PROCESSES)]  # noqa: S311 -- an order

    run_all(*((amend_all, (site, order, tmp_path / f"answered{number}")) for number, order in enumerate(orders)))

    rows = rows_in_file(site)
    assert Counter(row.employee_id for row in rows) == Counter(everybody)
    assert [row.number for row in rows] == list(range(2, 42))


def test_each_request_is_answered_once_whoever_answers(site: Site, amending: Amending, tmp_path: Path) -> None:
    """Eight processes approve and decline the same requests; each is told of the rows that are theirs."""
    asked = [amending.ask(site, wish(f"E{number}"), by="kiosk front-door").number for number in range(25)]
    paths = [tmp_path / f"answers{number}" for number in range(PROCESSES)]

    run_all(*((answer_all, (site, asked, "x" * number, path)) for number, path in enumerate(paths, start=1)))

    answers = [row for row in rows_in_file(site) if row.action is not AmendmentAction.REQUESTED]
    heard = [int(number) for path in paths for number in path.read_text(encoding="ascii").split()]
    assert Counter(row.reference for row in answers) == Counter(map(str, asked))
    assert Counter(heard) == Counter(row.number for row in answers)
    assert amending.requests(site) == []


def test_a_month_is_closed_once_whoever_closes_it(site: Site, amending: Amending, tmp_path: Path) -> None:
    """One gets the row, the others are told; the sheet is that of the row."""
    paths = [tmp_path / f"answer{number}" for number in range(4)]

    run_all(*((close_the_month, (site, 2025, 10, path)) for path in paths))

    (row,) = rows_in_file(site)
    answers = sorted(path.read_text(encoding="ascii") for path in paths)
    closing = amending.closing(site, Month(2025, 10))
    assert answers == ["2", "month_closed", "month_closed", "month_closed"]
    assert closing is not None
    assert sha256(closing.sheet_path.read_bytes()).hexdigest() == row.reference
    assert [path.name for path in closing.sheet_path.parent.iterdir()] == ["2025-10.csv"]


def test_a_killed_process_loses_no_acknowledged_row(site: Site, tmp_path: Path) -> None:
    """Processes are killed at random moments; the next one finds the lock free and the file whole."""
    random = Random(20261127)  # noqa: S311 -- moments of a test
    paths: list[Path] = []
    for turn in range(3):
        with ExitStack() as stack:
            processes = []
            for number in range(3):
                paths.append(tmp_path / f"answered{turn}{number}")
                everybody = [f"E{turn}{number}-{index}" for index in range(2000)]
                processes.append(stack.enter_context(running(amend_all, site, everybody, paths[-1])))
            for path in paths[-3:]:
                wait_for(path)
            for process in processes:
                time.sleep(random.uniform(0, 0.03))
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
    acknowledged = {
        line for path in paths for line in path.read_text(encoding="ascii").rpartition("\n")[0].splitlines()
    }

    amend_all(site, ["E9"], tmp_path / "last")

    found = Counter(row.employee_id for row in rows_in_file(site))
    assert len(acknowledged) >= len(paths)
    assert acknowledged <= found.keys()
    assert set(found.values()) == {1}


@pytest.mark.parametrize(("name", "rows"), [("write", ["E1"]), ("fdatasync", ["E1", "E2"])])
def test_who_is_killed_while_appending_leaves_whole_rows(
    site: Site, amending: Amending, name: str, rows: list[str]
) -> None:
    """Before the write there is nothing of the row; before the flush it is kept, as soon as anybody reads or amends."""
    with running(amend_and_die_before, site, name) as process:
        process.join()
        assert process.exitcode == -signal.SIGKILL
    seen = [row.employee_id for row in amending.trail(site)]

    amending.amend(site, wish("E3"), by="anna")

    assert seen == rows  # whoever reads has it flushed first
    assert [row.employee_id for row in rows_in_file(site)] == [*rows, "E3"]


# The calls of a closing, in their order: the sheet is written, flushed, renamed, its folder flushed; then the row.
@pytest.mark.parametrize(
    ("name", "call", "sheet"),
    [
        ("mkdir", 1, False),
        ("write", 1, False),
        ("fsync", 2, False),
        ("rename", 1, False),
        ("fsync", 3, True),
        ("write", 2, True),
        ("fdatasync", 1, True),
    ],
)
def test_who_is_killed_while_closing_closes_nothing_by_half(  # what strikes, and when
    site: Site, amending: Amending, name: str, call: int, *, sheet: bool
) -> None:
    """The month is open as before, whatever lies there; closing it again is all that is to be done."""
    month = Month(2025, 10)
    with running(close_and_die_before, site, name, call) as process:
        process.join()
        assert process.exitcode == -signal.SIGKILL
    path = site.csv_path.with_name("london.closed") / "2025-10.csv"
    left = path.exists()
    open_before = amending.closing(site, month) is None
    kept_row = name == "fdatasync"  # all of it stands there, so the next one keeps it

    if not kept_row:
        amending.close(site, month, by="jo")
    else:
        amending.amend(site, wish("E9"), by="jo")

    closing = amending.closing(site, month)
    assert (left, open_before) == (sheet, not kept_row)
    assert closing is not None
    assert closed_problem(closing) is None
    assert closing.by == ("anna" if kept_row else "jo")
    assert quarantined(path) == {}
