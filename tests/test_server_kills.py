"""Claims about processes that are killed: nothing acknowledged is lost, and the service comes back by itself."""

import os
import signal
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.servers import is_worker, rushing, serving, wait_until, whole_rows, write_sites

KILLS = 4
LEAVE_SECONDS = 2.0  # the promise is one second; a machine with other work to do may need a little more


def test_killed_workers_lose_no_acknowledged_mark(tmp_path: Path) -> None:
    """Under SIGKILL after SIGKILL the rest goes on, new workers come, and an unanswered mark can be sent again."""
    write_sites(tmp_path)

    with serving(tmp_path, workers=2) as server:
        with rushing(server) as rush:
            for _ in range(KILLS):
                time.sleep(0.3)
                killed = server.workers()[0]
                os.kill(killed, signal.SIGKILL)
                wait_until(lambda gone=killed: gone not in server.workers() and len(server.workers()) == 2, 10)
                assert server.answers()
        before = {row[1] for row in whole_rows(tmp_path / "data" / "london.csv")}
        unknown = rush.unanswered | set(rush.torn)  # a kill may strike between the head of an answer and its body
        retried = {employee_id: server.mark(employee_id)[0] for employee_id in unknown}

    assert len(rush.acknowledged) > 100
    assert not rush.refused
    assert rush.acknowledged <= before
    assert {one for one, status in retried.items() if status == 200} == unknown & before
    assert set(retried.values()) <= {200, 201}
    after = [row[1] for row in whole_rows(tmp_path / "data" / "london.csv")]
    assert sorted(after) == sorted(rush.acknowledged | unknown)


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_workers_leave_with_a_killed_master(tmp_path: Path, busy: bool) -> None:  # noqa: FBT001  # a parameter
    """No worker outlives a killed master by more than a moment, and a new server binds the same port at once."""
    write_sites(tmp_path)

    with serving(tmp_path) as server:
        workers = server.workers()
        with rushing(server, doors=2) if busy else nullcontext() as rush:
            time.sleep(0.5)
            server.process.kill()
            server.process.wait(5)
            wait_until(lambda: not any(map(is_worker, workers)), LEAVE_SECONDS)
        with serving(tmp_path, port=server.port) as successor:
            status, _ = successor.mark("E0001")

    assert status == 201
    rows = {row[1] for row in whole_rows(tmp_path / "data" / "london.csv")}
    assert "E0001" in rows
    if rush:
        assert rush.acknowledged
        assert rush.acknowledged <= rows
        assert not rush.refused | rush.torn
