"""Workers and masters are killed under load, a holder of the lock is stopped, the lock file is deleted all the time."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from tests.faults.checker import rows_in
from tests.faults.killing import WORKERS, kill_workers
from tests.faults.recording import recording, write_recorded_site
from tests.servers import ATTENDANCE, Server, is_worker, rushing, serving, wait_until

ROUNDS = 20
MASTERS = 4
LEAVE_SECONDS = 3.0  # the promise is one second; a machine with other work to do may need more
LOCK_SECONDS = 3.0
DELETING_SECONDS = 8.0
LEDGER = Path("data/london.csv")
LOCK = Path("data/.london.csv.lock")


def employees_in(folder: Path) -> Counter[str]:
    """Return how many rows everybody has."""
    return Counter(row.employee_id for row in rows_in(folder / LEDGER))


@pytest.mark.parametrize("kept", [False, True], ids=["fresh connections", "kept connections"])
def test_kills_of_workers_lose_and_double_nothing(tmp_path: Path, figures: Counter[str], *, kept: bool) -> None:
    """At random moments one, two or all workers are killed, round after round; marks go on after each round."""
    write_recorded_site(tmp_path)
    random = Random(f"kills {kept}")  # noqa: S311 -- moments of a test
    killed = 0

    with serving(tmp_path, workers=WORKERS) as server:
        with rushing(server, doors=6, kept=kept) as rush:
            for number in range(ROUNDS):
                time.sleep(random.uniform(0.02, 0.25))
                killed += kill_workers(server, random, random.choice((1, 1, 2, WORKERS)))
                _mark_until_answered(server, f"AFTER{number}")
        unknown = rush.unanswered | set(rush.torn)
        before = employees_in(tmp_path)
        retried = {employee_id: server.mark(employee_id)[0] for employee_id in unknown}

    rows = employees_in(tmp_path)
    assert rush.acknowledged <= before.keys()
    assert not rush.refused
    assert {one for one, status in retried.items() if status == 200} == unknown & before.keys()
    assert set(rows.values()) == {1}
    assert rows.keys() == rush.acknowledged | unknown | {f"AFTER{number}" for number in range(ROUNDS)}
    assert len(rush.acknowledged) > 20 * ROUNDS
    figures["kills of workers: kills"] += killed
    figures["kills of workers: rows acknowledged"] += len(rush.acknowledged)
    figures["kills of workers: rows without an answer"] += len(unknown & before.keys())


def _mark_until_answered(server: Server, employee_id: str) -> None:
    """Mark somebody, and again where a worker died of the kill with the request in its hands."""

    def is_answered() -> bool:
        with suppress(OSError):
            return server.mark(employee_id)[0] in {200, 201}
        return False

    wait_until(is_answered, 10)


def test_kills_of_masters_lose_and_double_nothing(tmp_path: Path, figures: Counter[str]) -> None:
    """Under load master after master is killed: its workers leave, and the next one has the port and the rows."""
    write_recorded_site(tmp_path)

    with serving(tmp_path, workers=WORKERS) as first, rushing(first, doors=6, kept=True) as rush:
        _kill_master(first)
        for _ in range(MASTERS - 1):
            with serving(tmp_path, workers=WORKERS, port=first.port) as server:
                count = len(rush.acknowledged)
                wait_until(lambda count=count: len(rush.acknowledged) > count + 50, 15)
                _kill_master(server)
        rush.end()
    with serving(tmp_path, workers=WORKERS, port=first.port) as server:
        before = employees_in(tmp_path)
        half = sorted(rush.acknowledged)[::50]
        retried = [server.mark(employee_id)[0] for employee_id in half]

    assert rush.acknowledged <= before.keys()
    assert not rush.refused
    assert retried == [200] * len(half)
    assert before == employees_in(tmp_path)
    assert set(before.values()) == {1}
    figures["kills of masters: kills"] += MASTERS
    figures["kills of masters: rows acknowledged"] += len(rush.acknowledged)


def _kill_master(server: Server) -> None:
    """Kill a master, and make sure that its workers leave."""
    workers = server.workers()
    assert len(workers) == WORKERS
    server.process.kill()
    server.process.wait(5)
    wait_until(lambda: not any(map(is_worker, workers)), LEAVE_SECONDS)


def test_a_stopped_holder_of_the_lock_is_named_and_goes_on(tmp_path: Path) -> None:
    """Others are refused after three seconds, and the log names who holds the lock; continued, all is well."""
    write_recorded_site(tmp_path)

    with serving(tmp_path, workers=WORKERS) as server, rushing(server, doors=1, kept=True) as rush:
        wait_until(lambda: len(rush.acknowledged) > 10, 10)
        with _stopped_holder(server) as holder:
            answers = [_timed_mark(server, f"E{number}") for number in range(2)]
            ready = server.ready()
        acknowledged = len(rush.acknowledged)
        wait_until(lambda: len(rush.acknowledged) > acknowledged + 10, 10)
        again = server.mark("E0")
        refused = [line for line in server.events if line.get("code") == "storage_busy"]

    assert [(status, body["code"]) for status, body, _ in answers] == [(503, "storage_busy")] * 2
    assert all(LOCK_SECONDS <= seconds < 3 * LOCK_SECONDS for _, _, seconds in answers)
    assert [f"process {holder}" in line["reason"] for line in refused] == [True] * 2
    named = {"site": "london", "code": "storage_busy", "holder": f"process {holder}"}
    assert (ready[0], ready[1]["problems"]) == (503, [named])
    assert again[0] == 201
    assert not rush.refused
    rows = employees_in(tmp_path)
    assert rows.keys() == rush.acknowledged | rush.unanswered | {"E0"}
    assert set(rows.values()) == {1}


def _timed_mark(server: Server, employee_id: str) -> tuple[int, dict[str, object], float]:
    """Mark somebody; return the answer, and after how many seconds it came."""
    began = time.monotonic()
    status, body = server.mark(employee_id)
    return status, body, time.monotonic() - began


@contextmanager
def _stopped_holder(server: Server) -> Iterator[int]:
    """Stop a worker at a moment at which it holds the lock; continue it at the end."""
    stopped = 0
    try:
        for attempt in range(3000):
            stopped = server.workers()[attempt % WORKERS]
            os.kill(stopped, signal.SIGSTOP)
            wait_until(partial(_is_stopped, stopped), 5)
            if _holds_lock(stopped, server.folder / LOCK):
                break
            os.kill(stopped, signal.SIGCONT)
            time.sleep(0.001 * (attempt % 7))
        else:
            pytest.fail("no worker was ever stopped while it held the lock")
        yield stopped
    finally:
        os.kill(stopped, signal.SIGCONT)


def _is_stopped(process_id: int) -> bool:
    """Tell whether every thread of a process is stopped (proc_pid_stat(5))."""
    stats = [path.read_text() for path in Path(f"/proc/{process_id}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def _holds_lock(process_id: int, path: Path) -> bool:
    """Tell whether a process holds a flock on the file (proc_locks(5))."""
    inode = path.stat().st_ino
    locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    holders = (words[4] for words in locks if words[1] == "FLOCK" and words[5].endswith(f":{inode}"))
    return str(process_id) in holders


def test_there_is_one_writer_though_the_lock_file_is_deleted_again_and_again(
    tmp_path: Path, figures: Counter[str]
) -> None:
    """Three workers write while their lock file is deleted all the time: every answer agrees with one order of rows."""
    write_recorded_site(tmp_path)

    with serving(tmp_path, workers=WORKERS) as server, recording(server, seed=3) as recorder:
        wait_until(lambda: recorder.many(201) > 50, 10)
        with _deleting(tmp_path / LOCK) as deleted:
            time.sleep(DELETING_SECONDS)

    rows = recorder.check()
    assert recorder.codes() <= {"storage_busy"}
    assert len(rows) == recorder.many(201) > 200
    assert len(deleted) > 100
    assert not list((tmp_path / "data").glob("quarantine/*"))
    figures["lock file: times deleted"] += len(deleted)
    figures["lock file: marks answered"] += recorder.many(200) + recorder.many(201)


@contextmanager
def _deleting(path: Path) -> Iterator[list[float]]:
    """Delete a file as soon as it is there, again and again; give the times at which it was."""
    deleted: list[float] = []
    random = Random(4)  # noqa: S311 -- moments of a test
    over = Event()

    def go_on() -> None:
        while not over.wait(random.uniform(0, 0.01)):
            with suppress(FileNotFoundError):
                path.unlink()
                deleted.append(time.monotonic())

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield deleted
    finally:
        over.set()
        thread.join()


@pytest.mark.needs("strace")
@pytest.mark.parametrize("slow", ["unlink,unlinkat", "fsync", "fdatasync", "rename,renameat,renameat2", "link,linkat"])
def test_two_who_make_a_ledger_at_once_lose_nothing(tmp_path: Path, slow: str) -> None:
    """The lock file goes while the first ever mark is on its way, another mark overtakes it: both answers hold."""
    write_recorded_site(tmp_path)
    (tmp_path / "data").mkdir()
    delay = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={slow}:delay_enter=2s:when=1"]

    with _marking(tmp_path, "E1", delay) as first:
        wait_until((tmp_path / LOCK).exists, 20)
        time.sleep(0.3)  # most of what needs no disk is done by now
        (tmp_path / LOCK).unlink()
        with _marking(tmp_path, "E2", []) as second:
            second.wait(30)
        first.wait(30)

    answered = {one for one, process in (("E1", first), ("E2", second)) if process.returncode == 0}
    assert "E2" in answered
    assert employees_in(tmp_path) == Counter(answered)


@contextmanager
def _marking(folder: Path, employee_id: str, wrapper: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Mark somebody on the command line; the process does not outlive the block."""
    command = [*wrapper, str(ATTENDANCE), "mark", "london", employee_id, "Present", "--name", "Ana Park"]
    environment = os.environ | {"ATTENDANCE_SITES": str(folder / "sites.yaml")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()
