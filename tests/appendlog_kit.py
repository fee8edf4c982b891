"""What the tests of the append log and of the ledger share: rows, logs, limits, and processes that write and die."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog, Shadow
from attendance.appendlog.log import Patience
from attendance.clock import utc_now
from attendance.codec import HEADER, decode, is_row
from attendance.errors import AttendanceError, StorageBusyError
from attendance.ledger import LINES, Ledger
from attendance.model import Incident, MarkRequest, Recorded, Site

_SPAWN = get_context("spawn")  # as gunicorn's workers: nothing is open yet when they begin


def row(employee_id: str, name: str = "Ana", status: str = "Present") -> bytes:
    """Return a row of Monday 23 November 2026, 09:00:03 in London."""
    return f"2026-11-23T09:00:03+00:00,{employee_id},{name},{status}\n".encode()


def open_log(
    path: Path,
    report: Callable[[Incident], None],
    *,
    lock_seconds: float = 3.0,
    lease_seconds: float = 60.0,
    shadow: Shadow | None = None,
) -> AppendLog:
    """Return an append log of rows, as a ledger opens it."""
    patience = Patience(lock_seconds=lock_seconds, lease_seconds=lease_seconds)
    return AppendLog(path, LINES, report=report, shadow=shadow, patience=patience)


def append(log: AppendLog, *rows: bytes) -> int:
    """Append rows, and return the size that the log had before; without rows, only have the log in order."""
    with log.exclusive() as size:
        if rows:
            log.append(b"".join(rows))
    return size


def quarantined(path: Path) -> dict[str, bytes]:
    """Return what stands in quarantine beside the path: the bytes by name."""
    folder = path.parent / "quarantine"
    return {kept.name: kept.read_bytes() for kept in sorted(folder.iterdir())} if folder.exists() else {}


def rows_of(path: Path) -> list[bytes]:
    """Return the rows of a ledger; make sure that it is a header and whole rows, and that instants never go back."""
    content = path.read_bytes()
    assert content.startswith(HEADER)
    assert content.endswith(b"\n")
    rows = [line + b"\n" for line in content[len(HEADER) :].split(b"\n")[:-1]]
    assert [line for line in rows if not is_row(line)] == []
    instants = [decode(line).marked_at for line in rows]
    assert instants == sorted(instants)
    return rows


def watch(monkeypatch: pytest.MonkeyPatch, name: str, note: Callable[..., object]) -> None:
    """Have `note` called with the arguments before each call of a function of `os`."""
    real: Callable[..., object] = getattr(os, name)

    def watched(*arguments: object, **named: object) -> object:
        note(*arguments)
        return real(*arguments, **named)

    monkeypatch.setattr(os, name, watched)


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Have a function of `os` fail with an error of this number (errno(3))."""

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, name, refused)


@contextmanager
def limited(which: int, limit: int) -> Iterator[None]:
    """Lower a limit of this process (setrlimit(2)) for a while."""
    before = resource.getrlimit(which)
    resource.setrlimit(which, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(which, before)


@contextmanager
def running(target: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    """Run a function of this module in a process of its own, which does not outlive the block."""
    process = _SPAWN.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def run_all(*calls: tuple[Callable[..., None], Sequence[object]]) -> None:
    """Run functions of this module at the same time, each in its own process, and make sure that none failed."""
    processes = [_SPAWN.Process(target=target, args=tuple(arguments), daemon=True) for target, arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)


def wait_for(path: Path) -> None:
    """Return as soon as there is something in the file at the path."""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.002)


# What other processes do.


def ignore(_: Incident) -> None:
    """Hear of an incident, and do nothing."""


def append_and_die_before_the_flush(path: Path, lines: bytes) -> None:
    """Be killed after the bytes were written and before they are flushed."""
    log = open_log(path, ignore)
    append(log)
    watch(pytest.MonkeyPatch(), "fdatasync", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    append(log, lines)


def hold(path: Path, ready_path: Path) -> None:
    """Hold the log's lock for ever; not for the first time, as most who hold it."""
    log = open_log(path, ignore)
    append(log)
    with log.exclusive():
        ready_path.write_bytes(b"held")
        time.sleep(60)


def keep_open(path: Path, ready_path: Path) -> None:
    """Have the log open, without its lock."""
    log = open_log(path, ignore)
    append(log)
    ready_path.write_bytes(b"open")
    time.sleep(60)


def write_error_code(path: Path, answer_path: Path, user_id: int | None = None) -> None:
    """Write down the code of the error with which an append is refused, or `none`; as another user if one is given."""
    answer = os.open(answer_path, os.O_WRONLY | os.O_CREAT)
    if user_id is not None:
        os.setuid(user_id)
    try:
        append(open_log(path, ignore), row("E9"))
        os.write(answer, b"none")
    except AttendanceError as error:
        os.write(answer, error.code.encode())


def mark_all(site: Site, employee_ids: Sequence[str], acknowledged_path: Path, group: int = 1, stay: str = "") -> None:
    """Mark employees present in groups, and write down each who was answered, as soon as that was.

    With something to say at the end, say it and live on, as a worker of a server does.
    """
    answers = os.open(acknowledged_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ledger = Ledger(site, now=utc_now, report=ignore)
    for start in range(0, len(employee_ids), group):
        chosen = employee_ids[start : start + group]
        _record_patiently(ledger, [MarkRequest(employee_id=one, name="Ana", status="Present") for one in chosen])
        os.write(answers, "".join(f"{one}\n" for one in chosen).encode())
    if stay:
        acknowledged_path.with_suffix(".done").write_text(stay, encoding="ascii")
        time.sleep(60)
    os.close(answers)


def _record_patiently(ledger: Ledger, requests: Sequence[MarkRequest]) -> None:
    """Record marks; on a machine that is busy with other things try a few times, as everybody may."""
    for _ in range(10):
        with suppress(StorageBusyError):
            outcomes = ledger.record(requests)
            assert all(isinstance(outcome, Recorded) for outcome in outcomes)
            return
    raise AssertionError("the lock was never to be had")
