"""Histories of many clients at a real server: everything that was answered and shown can have come one by one."""

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.faults.killing import WORKERS, kill_workers
from tests.faults.recording import recording, write_recorded_site
from tests.servers import Server, is_worker, serving, wait_until

CALM_SECONDS = 6.0
ROUNDS = 6  # before the master, and as many after it


def kill_again_and_again(server: Server, random: Random) -> int:
    """Kill workers at random moments, and return how many it were."""
    killed = 0
    for _ in range(ROUNDS):
        time.sleep(random.uniform(0.05, 0.6))
        killed += kill_workers(server, random, random.choice((1, 1, 2)))
    return killed


def test_a_calm_history_can_have_come_one_by_one(tmp_path: Path, figures: Counter[str]) -> None:
    """Without a fault every mark is answered, and repeats, changes, double taps and boards agree with one order."""
    write_recorded_site(tmp_path)

    with serving(tmp_path, workers=WORKERS) as server, recording(server, seed=1) as recorder:
        time.sleep(CALM_SECONDS)

    rows = recorder.check()
    assert recorder.many(201) == len(rows) > 200
    assert recorder.many(200) > 100
    assert recorder.many(201) + recorder.many(200) == len(recorder.operations)
    assert len(recorder.boards) >= 2
    assert recorder.busy == 0
    figures["histories: marks answered"] += len(recorder.operations)
    figures["histories: boards seen"] += len(recorder.boards)


def test_a_history_with_kills_can_have_come_one_by_one(tmp_path: Path, figures: Counter[str]) -> None:
    """Workers are killed again and again, and the master once: what was answered and shown still holds."""
    write_recorded_site(tmp_path)
    random = Random(20261122)  # noqa: S311 -- moments of a test

    with ExitStack() as stack:
        first = stack.enter_context(serving(tmp_path, workers=WORKERS))
        recorder = stack.enter_context(recording(first, seed=2))
        killed = kill_again_and_again(first, random)
        orphans = first.workers()
        first.process.kill()
        first.process.wait(5)
        wait_until(lambda: not any(map(is_worker, orphans)), 5)
        with serving(tmp_path, workers=WORKERS, port=first.port) as second:
            killed += kill_again_and_again(second, random)
            recorder.end()

    rows = recorder.check()
    assert recorder.codes() <= {"storage_busy"}
    assert recorder.many(201) > 200
    assert recorder.many(0) > 0
    figures["histories: marks answered"] += recorder.many(200) + recorder.many(201)
    figures["histories: marks without an answer"] += recorder.many(0)
    figures["histories: rows without an answer"] += len(rows) - recorder.many(201)
    figures["histories: boards seen"] += len(recorder.boards)
    figures["histories: kills"] += killed + 1
