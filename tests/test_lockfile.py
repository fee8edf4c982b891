"""The lock file lets in one writer at a time, is free when its holder dies, and is not believed when it is torn."""

import errno
import fcntl
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.appendlog.lockfile import CommitState, LockFile
from attendance.codec import HEADER
from attendance.errors import StorageBusyError
from tests.appendlog_kit import append, hold, limited, open_log, row, running, wait_for
from tests.conftest import Incidents

numbers = st.integers(0, 2**64 - 1)
states = st.builds(
    CommitState,
    inode=numbers,
    committed=numbers,
    generation=numbers,
    changed_ns=st.integers(0, (1 << 63) - 1),
    poisoned=st.booleans(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def lock_path(path: Path) -> Path:
    """Where the log's lock file is."""
    return path.with_name(".london.csv.lock")


@pytest.fixture
def held_by_a_thread(lock_path: Path) -> Iterator[tuple[LockFile, Event]]:
    """A lock that another thread holds, with what lets it go."""
    lock, held, let_go = LockFile(lock_path, 0.05), Event(), Event()

    def hold_it() -> None:
        with lock.held():
            held.set()
            let_go.wait(20)

    thread = Thread(target=hold_it)
    thread.start()
    held.wait(20)
    yield lock, let_go
    let_go.set()
    thread.join()


def descriptors_of(path: Path) -> int:
    """Return how often this process has the file open."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and link.exists()]
    return links.count(path)


@given(states)
def test_a_state_reads_as_it_was_left(state: CommitState) -> None:
    """What the last writer left is what the next one finds."""
    assert CommitState.unpack(state.pack()) == state


@given(states, st.data())
def test_a_torn_state_is_no_state(state: CommitState, data: st.DataObject) -> None:
    """One byte that is not what was written, or missing, or too much: nothing is believed."""
    packed = state.pack()
    at = data.draw(st.integers(0, len(packed) - 1))
    flipped = packed[at] ^ data.draw(st.integers(1, 255))

    for torn in (packed[:at], packed[:at] + bytes([flipped]) + packed[at + 1 :], packed + b"\0"):
        assert CommitState.unpack(torn) is None


@pytest.mark.parametrize("garbage", [b"", b"\0" * 37, b"half", os.urandom(37), os.urandom(5000)])
def test_a_lock_file_full_of_garbage_is_no_obstacle(
    path: Path, lock_path: Path, incidents: Incidents, garbage: bytes
) -> None:
    """Emptied, cut off or overwritten: the log looks at its file, and goes on."""
    log = open_log(path, incidents)
    append(log, row("E1"))
    lock_path.write_bytes(garbage)

    append(log, row("E2"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert log.committed() == path.stat().st_size
    assert incidents.codes == []


@pytest.mark.parametrize("committed", [0, 5, len(HEADER) + 3, 10**9])
def test_a_state_that_says_a_wrong_size_cuts_no_row(path: Path, incidents: Incidents, committed: int) -> None:
    """Where no row ends at the committed bytes, or the file ends before them, the file tells, and ops hear of it."""
    log = open_log(path, incidents)
    append(log, row("E1"), row("E2"))
    state = CommitState(inode=path.stat().st_ino, committed=committed, generation=1, changed_ns=1)
    path.with_name(".london.csv.lock").write_bytes(state.pack())

    append(log, row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3")
    assert incidents.codes == ["ledger_edited"]


def test_one_thread_at_a_time(lock_path: Path, held_by_a_thread: tuple[LockFile, Event]) -> None:
    """A second thread of the process waits as a second process does, and no longer than it should."""
    lock, let_go = held_by_a_thread

    with pytest.raises(StorageBusyError) as caught, lock.held():
        pass
    let_go.set()
    with LockFile(lock_path, 20).held():
        pass

    assert "another thread" in caught.value.reason


def test_a_stopped_holder_is_named(path: Path, incidents: Incidents, tmp_path: Path) -> None:
    """A process that is stopped while it holds the lock: the others give up after the timeout, and say who it is."""
    with running(hold, path, tmp_path / "ready") as process:
        wait_for(tmp_path / "ready")
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)

        with pytest.raises(StorageBusyError) as caught:
            append(open_log(path, incidents, lock_seconds=0.1), row("E1"))

    assert f"process {process.pid}" in caught.value.reason
    assert path.read_bytes() == HEADER


def test_the_lock_of_a_killed_holder_is_free(path: Path, incidents: Incidents, tmp_path: Path) -> None:
    """The kernel lets go for a process that dies, and nobody has to wait for a timeout."""
    with running(hold, path, tmp_path / "ready") as process:
        wait_for(tmp_path / "ready")
        process.kill()
        process.join()

        append(open_log(path, incidents, lock_seconds=0), row("E1"))

    assert path.read_bytes() == HEADER + row("E1")


@pytest.mark.parametrize("instead", [Path.touch, Path.exists], ids=["another", "nothing"])
def test_who_waits_for_a_lock_file_that_was_deleted_takes_the_new_one(
    lock_path: Path, held_by_a_thread: tuple[LockFile, Event], instead: Callable[[Path], object]
) -> None:
    """A lock on a file that has no name any more would lock out nobody."""
    _, let_go = held_by_a_thread
    patient = LockFile(lock_path, 20)

    def wait() -> None:
        with patient.held():
            patient.write(CommitState(inode=1, committed=2, generation=3, changed_ns=4))

    thread = Thread(target=wait)
    thread.start()
    while descriptors_of(lock_path) < 2:
        sleep(0.001)
    lock_path.unlink()
    instead(lock_path)
    let_go.set()
    thread.join()

    assert patient.peek() == (CommitState(inode=1, committed=2, generation=3, changed_ns=4), None)
    patient.close()


@pytest.mark.parametrize("open_before", [False, True])
def test_deleting_the_lock_file_lets_in_no_second_writer(
    path: Path, lock_path: Path, incidents: Incidents, tmp_path: Path, *, open_before: bool
) -> None:
    """While one process writes the lock file is deleted: who makes a new one still finds the log itself locked."""
    log = open_log(path, incidents, lock_seconds=0.1)
    if open_before:
        append(log)
    with running(hold, path, tmp_path / "ready") as process:
        wait_for(tmp_path / "ready")
        lock_path.unlink()

        with pytest.raises(StorageBusyError) as caught:
            append(log, row("E1"))

    append(log, row("E1"))
    assert f"process {process.pid}" in caught.value.reason
    assert path.read_bytes() == HEADER + row("E1")


def test_a_holder_that_the_system_does_not_tell_is_another_process(
    path: Path, incidents: Incidents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox may hide the list of locks (proc_locks(5)): the error is the same but for the name."""
    read_text = Path.read_text

    def hidden(asked: Path, encoding: str | None = None, errors: str | None = None) -> str:
        if asked == Path("/proc/locks"):
            raise FileNotFoundError
        return read_text(asked, encoding, errors)

    with running(hold, path, tmp_path / "ready"):
        wait_for(tmp_path / "ready")
        monkeypatch.setattr(Path, "read_text", hidden)

        with pytest.raises(StorageBusyError) as caught:
            append(open_log(path, incidents, lock_seconds=0), row("E1"))

    assert caught.value.reason.endswith("is held by another process")


def test_a_lock_that_fails_is_let_go(lock_path: Path) -> None:
    """Something stops us between having the lock and knowing that it stands at its path: nobody else is locked out."""
    lock = LockFile(lock_path, 0)
    with lock.held():
        pass
    folder = lock_path.parent.rename(lock_path.parent.with_name("moved"))
    lock_path.parent.write_bytes(b"")

    with pytest.raises(NotADirectoryError), lock.held():
        pass

    with LockFile(folder / lock_path.name, 0).held():
        pass


def test_a_lock_without_any_file_is_let_go(lock_path: Path) -> None:
    """The folder cannot even be made: the next try says so again, and does not wait for the first."""
    lock_path.parent.write_bytes(b"")
    lock = LockFile(lock_path, 0)

    for _ in range(2):
        with pytest.raises(FileExistsError), lock.held():
            pass


def test_a_state_of_which_only_a_part_was_written_is_an_error(lock_path: Path) -> None:
    """The disk, or the limit of a file, is full in the middle of it."""
    lock = LockFile(lock_path, 1)

    with lock.held(), limited(resource.RLIMIT_FSIZE, 10), pytest.raises(OSError, match="No space left"):
        lock.write(CommitState(inode=1, committed=2, generation=3, changed_ns=4))


def test_a_lock_that_cannot_be_let_go_is_closed(lock_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for this process: neither its own threads nor another one."""
    lock = LockFile(lock_path, 0)
    real = fcntl.flock

    def stubborn(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_UN:
            raise OSError(errno.ENOLCK, "No locks available")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", stubborn)
    with pytest.raises(OSError, match="No locks"), lock.held():
        pass
    monkeypatch.undo()

    with LockFile(lock_path, 0).held():
        pass
    with lock.held():
        pass
