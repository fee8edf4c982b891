"""One home writes a log: another machine or container is refused until that one was silent for long enough."""

import errno
import time
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.appendlog import AppendLog
from attendance.appendlog.lease import Lease, Watch, this_home
from attendance.appendlog.lockfile import LockFile
from attendance.errors import NotHomeError, StorageBusyError
from tests.appendlog_kit import append, open_log, refuse, row
from tests.conftest import Incidents

ELSEWHERE = Lease(home=b"another home....", host="other-host")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London is."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def log(path: Path, incidents: Incidents) -> AppendLog:
    """The log of London, at home here, with one row; another home is watched for a twentieth of a second."""
    log = open_log(path, incidents, lease_seconds=0.05)
    append(log, row("E1"))
    return log


def lock_file(path: Path) -> LockFile:
    """Return the lock file of the log."""
    return LockFile(path.with_name(".london.csv.lock"), 1)


def move_elsewhere(path: Path, beat: int = 0) -> None:
    """Let another home write the log."""
    with (lock := lock_file(path)).held():
        lock.write_lease(Lease(home=ELSEWHERE.home, host=ELSEWHERE.host, beat=beat))


@given(st.binary(min_size=16, max_size=16), st.text(max_size=80), st.integers(0, (1 << 64) - 1))
def test_a_lease_reads_as_it_was_left(home: bytes, host: str, beat: int) -> None:
    """But for a name that is too long, or ends in zeros; half a lease is none."""
    lease = Lease(home=home, host=host.encode(errors="ignore").decode().strip("\0"), beat=beat)

    read = Lease.unpack(lease.pack())

    assert read is not None
    assert (read.home, read.beat) == (home, beat)
    assert lease.host.startswith(read.host)
    assert Lease.unpack(lease.pack()[:-1]) is None


def test_this_home_is_the_same_for_all_processes_of_it() -> None:
    """It is made of the boot and of the table of processes, not of the process."""
    first = this_home()
    this_home.cache_clear()

    assert this_home() == first


def test_without_proc_the_name_of_the_machine_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox hides it."""
    this_home.cache_clear()
    refuse(monkeypatch, "stat", errno.ENOENT)

    first = this_home()
    this_home.cache_clear()
    assert this_home() == first
    this_home.cache_clear()


def test_another_home_is_refused_by_name(log: AppendLog, path: Path) -> None:
    """Nothing is written, and ops are told who writes."""
    move_elsewhere(path)

    with pytest.raises(NotHomeError, match="looked after by another server") as refused:
        append(log, row("E2"))
    with pytest.raises(NotHomeError):
        log.require_sound()

    assert "other-host" in refused.value.reason
    assert row("E2") not in path.read_bytes()


def test_a_home_that_is_silent_is_taken_over(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Watched for the whole time and never heard: then it is gone, and that is said."""
    move_elsewhere(path)
    with pytest.raises(NotHomeError):
        append(log)
    time.sleep(0.1)

    append(log, row("E2"))

    assert row("E2") in path.read_bytes()
    assert incidents.codes == ["home_moved"]
    log.require_sound()


def test_a_home_that_beats_is_not_taken_over(log: AppendLog, path: Path) -> None:
    """Each sign of life begins the time anew."""
    for beat in range(4):
        move_elsewhere(path, beat)
        with pytest.raises(NotHomeError):
            append(log)
        time.sleep(0.1)


def test_what_the_other_home_writes_is_a_sign_of_life(log: AppendLog, path: Path) -> None:
    """A commit says as much as a beat."""
    move_elsewhere(path)
    for committed in (100, 200):
        with (lock := lock_file(path)).held():
            state, _ = lock.read()
            assert state is not None
            lock.write(type(state)(inode=state.inode, committed=committed, generation=1, changed_ns=1))
        with pytest.raises(NotHomeError):
            append(log)
        time.sleep(0.1)


def test_a_beat_changes_the_lease_and_nothing_else(log: AppendLog, path: Path) -> None:
    """The other home sees another number."""
    before, content = lock_file(path).peek(), path.read_bytes()

    log.beat()

    state, lease = lock_file(path).peek()
    assert before[0] == state
    assert before[1] != lease
    assert lease is not None
    assert lease.home == this_home().home
    assert path.read_bytes() == content


def test_a_home_that_says_goodbye_need_not_be_waited_for(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """An orderly stop leaves no lease."""
    log.leave()

    assert lock_file(path).peek()[1] is None
    append(log, row("E2"))
    assert incidents.codes == []


def test_nobody_says_goodbye_for_another(log: AppendLog, path: Path) -> None:
    """A server that was refused stops, and the other one's lease stays."""
    move_elsewhere(path)

    log.leave()

    assert lock_file(path).peek()[1] == ELSEWHERE


def test_goodbye_to_a_log_that_was_never_used_makes_nothing(path: Path, incidents: Incidents) -> None:
    """No folder, no lock."""
    open_log(path, incidents).leave()

    assert not path.parent.exists()


def test_a_recovery_moves_in(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """The operator who says `--recover` here knows that the other machine is gone."""
    move_elsewhere(path)

    log.recover()

    append(open_log(path, incidents), row("E2"))
    assert row("E2") in path.read_bytes()


def test_goodbye_does_not_wait_for_ever(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Somebody holds the lock."""
    with log.exclusive(), pytest.raises(StorageBusyError):
        open_log(path, incidents, lock_seconds=0).leave()


def test_a_watch_begins_when_it_first_looks() -> None:
    """Whatever was before is not known."""
    watch = Watch()

    first = watch.silent_seconds("sign")
    time.sleep(0.1)

    assert first == 0.0
    assert watch.silent_seconds("sign") >= 0.1
    assert watch.silent_seconds("another") == 0.0


def test_a_recovery_does_not_take_a_log_from_a_home_that_lives(log: AppendLog, path: Path) -> None:
    """It watches for as long as it takes, hears signs of life, and refuses."""
    over = Event()

    def live() -> None:
        beat = 0
        while not over.wait(0.01):
            beat += 1
            move_elsewhere(path, beat)

    move_elsewhere(path)
    living = Thread(target=live)
    living.start()
    try:
        with pytest.raises(NotHomeError):
            log.recover()
    finally:
        over.set()
        living.join()


def test_there_is_nothing_to_distrust_before_the_first_commit(path: Path, incidents: Incidents) -> None:
    """No state is written."""
    open_log(path, incidents).distrust()

    assert lock_file(path).peek()[0] is None
