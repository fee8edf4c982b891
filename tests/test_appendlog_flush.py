"""After a failed flush nothing more is acknowledged, by any process, until the file was verified."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog
from attendance.codec import HEADER
from attendance.errors import FlushFailedError, LedgerDamagedError, StorageUnavailableError
from tests.appendlog_kit import append, open_log, quarantined, refuse, row, running, watch, write_error_code
from tests.conftest import Incidents


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London is."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def log(path: Path, incidents: Incidents) -> AppendLog:
    """The log of London, which holds a row."""
    log = open_log(path, incidents)
    append(log, row("E1"))
    return log


@pytest.fixture
def flush_fails() -> Iterator[pytest.MonkeyPatch]:
    """A disk that refuses every flush, until this is undone."""
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, "fdatasync", errno.EIO)
        yield patch


@pytest.fixture
def poisoned(log: AppendLog, flush_fails: pytest.MonkeyPatch) -> AppendLog:
    """The log, after the flush of its second row failed; the disk works again."""
    with pytest.raises(FlushFailedError, match="disk"):
        append(log, row("E2"))
    flush_fails.undo()
    return log


def test_nothing_is_acknowledged_after_a_failed_flush(
    poisoned: AppendLog, path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither this log nor another of the same file takes marks, and the flush is not tried again."""
    flushes: list[object] = []
    watch(monkeypatch, "fdatasync", flushes.append)

    for log in (poisoned, open_log(path, incidents), poisoned):
        with pytest.raises(FlushFailedError) as caught:
            append(log, row("E3"))
        assert "attendance check --recover SITE" in caught.value.reason
        with pytest.raises(FlushFailedError):
            log.require_sound()

    assert flushes == []
    assert path.read_bytes() == HEADER + row("E1") + row("E2")


def test_boards_go_on_after_a_failed_flush(poisoned: AppendLog) -> None:
    """What was acknowledged is shown, and nothing else."""
    shown = poisoned.read(len(HEADER), poisoned.committed())

    assert shown == row("E1")


@pytest.mark.usefixtures("poisoned")
def test_other_processes_see_the_failed_flush(path: Path, tmp_path: Path) -> None:
    """Another worker of the same site refuses as well."""
    with running(write_error_code, path, tmp_path / "answer") as process:
        process.join()

    assert (tmp_path / "answer").read_bytes() == b"flush_failed"


def test_a_verified_file_takes_marks_again(poisoned: AppendLog, path: Path, incidents: Incidents) -> None:
    """What was not acknowledged is moved to quarantine, what was stays; then all workers go on."""
    other = open_log(path, incidents)

    committed = other.recover()
    poisoned.require_sound()
    append(poisoned, row("E3"))
    append(other, row("E4"))

    assert committed == len(HEADER + row("E1"))
    assert path.read_bytes() == HEADER + row("E1") + row("E3") + row("E4")
    assert quarantined(path) == {"london.csv.tail": row("E2")}
    assert incidents.codes == ["tail_cut"]


def test_a_worker_opens_the_file_anew_after_it_was_verified(
    log: AppendLog, path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A descriptor from before the error would tell of the error once more (fsync(2))."""
    idle = open_log(path, incidents)
    append(idle)
    refuse(monkeypatch, "fdatasync", errno.EIO)
    with pytest.raises(FlushFailedError):
        append(log, row("E2"))
    monkeypatch.undo()
    log.recover()
    before = idle.generation

    append(idle, row("E3"))

    assert idle.generation == log.generation != before
    assert path.read_bytes() == HEADER + row("E1") + row("E3")


def test_a_sound_file_is_verified_as_it_is(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Where no flush failed there is nothing to do, not even where nothing is."""
    log.require_sound()

    assert log.recover() == len(HEADER + row("E1"))
    assert open_log(path.with_name("paris.csv"), incidents).recover() == len(HEADER)
    assert incidents.codes == []


@pytest.mark.parametrize("damage", [bytes(len(HEADER)), b"", HEADER + bytes(9), HEADER + row("E1")[:-1] + b"\r"])
def test_damaged_rows_are_not_verified(poisoned: AppendLog, path: Path, damage: bytes) -> None:
    """What was acknowledged cannot be read any more: marks are refused until a good copy stands there."""
    content = HEADER + row("E1") + row("E2")
    with path.open("r+b") as file:
        file.write(damage)
        file.truncate(len(content) if damage else 0)

    with pytest.raises(LedgerDamagedError):
        poisoned.recover()
    with pytest.raises(FlushFailedError):
        append(poisoned, row("E3"))

    kept = path.read_bytes() + b"".join(quarantined(path).values())
    assert kept == damage + content[len(damage) :] if damage else kept == b""


def test_a_good_copy_in_its_place_is_taken_over(poisoned: AppendLog, path: Path, incidents: Incidents) -> None:
    """Ops put a backup there while marks were refused, and restarted the server."""
    poisoned.close()
    path.with_name("backup").write_bytes(HEADER + row("E1"))
    path.with_name("backup").rename(path)

    committed = poisoned.recover()
    append(poisoned, row("E3"))

    assert committed == len(HEADER + row("E1"))
    assert path.read_bytes() == HEADER + row("E1") + row("E3")
    assert incidents.codes == ["ledger_replaced"]


def test_a_file_that_was_deleted_meanwhile_is_put_back(poisoned: AppendLog, path: Path, incidents: Incidents) -> None:
    """Somebody thinks that deleting the file helps: what was acknowledged comes back."""
    path.unlink()

    committed = poisoned.recover()

    assert path.read_bytes() == HEADER + row("E1")
    assert committed == path.stat().st_size
    assert incidents.codes == ["ledger_restored"]


@pytest.mark.usefixtures("poisoned")
def test_a_verification_whose_flush_fails_lifts_nothing(
    path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is still broken: marks stay refused."""
    log = open_log(path, incidents)
    refuse(monkeypatch, "fdatasync", errno.EIO)

    with pytest.raises(FlushFailedError):
        log.recover()
    monkeypatch.undo()

    with pytest.raises(FlushFailedError):
        append(log, row("E3"))
    assert log.committed() == len(HEADER + row("E1"))


def test_a_failed_flush_of_kept_rows_counts_them_as_lost(
    log: AppendLog, path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a killed writer left could not be flushed: they are not acknowledged as repeats."""
    with path.open("ab") as file:
        file.write(row("E2"))
    refuse(monkeypatch, "fdatasync", errno.EIO)

    with pytest.raises(FlushFailedError):
        append(open_log(path, incidents))
    with pytest.raises(FlushFailedError):
        append(log)

    assert log.committed() == len(HEADER + row("E1"))


def test_deleting_the_lock_file_lifts_nothing(poisoned: AppendLog, path: Path, incidents: Incidents) -> None:
    """Somebody cleans up: that a flush failed is written in a file of its own too, and only a verification ends it."""
    path.with_name(".london.csv.lock").unlink()

    for log in (open_log(path, incidents), poisoned):
        with pytest.raises(FlushFailedError):
            append(log)
    poisoned.recover()
    append(poisoned, row("E3"))

    assert row("E3") in path.read_bytes()
    assert not path.with_name(".london.csv.flush-failed").exists()


class TestUnsaid:
    """A failed flush on a disk that does not even take the note of it."""

    @pytest.fixture
    def unsaid(self, log: AppendLog, flush_fails: pytest.MonkeyPatch) -> AppendLog:
        """The log, after a flush and the note of it failed; the disk works again."""
        refuse(flush_fails, "pwrite", errno.EROFS)
        with pytest.raises(FlushFailedError):
            append(log, row("E2"))
        flush_fails.undo()
        (log.path.parent / ".london.csv.flush-failed").unlink()
        return log

    def test_is_said_before_anything_else(self, unsaid: AppendLog, path: Path, incidents: Incidents) -> None:
        """The next use of the log tells the other processes, and acknowledges nothing."""
        with pytest.raises(FlushFailedError):
            append(unsaid)
        with pytest.raises(FlushFailedError):
            append(open_log(path, incidents))

        assert path.read_bytes() == HEADER + row("E1") + row("E2")

    def test_is_said_as_soon_as_the_disk_takes_it(self, unsaid: AppendLog, monkeypatch: pytest.MonkeyPatch) -> None:
        """Until then the system's error is the answer."""
        refuse(monkeypatch, "pwrite", errno.EROFS)
        with pytest.raises(StorageUnavailableError):
            append(unsaid)
        monkeypatch.undo()

        with pytest.raises(FlushFailedError):
            append(unsaid)

    def test_is_verified_like_any_other(self, unsaid: AppendLog, path: Path) -> None:
        """What was not acknowledged is cut off, although no state said so."""
        committed = unsaid.recover()

        assert path.read_bytes() == HEADER + row("E1")
        assert committed == path.stat().st_size
        assert quarantined(path) == {"london.csv.tail": row("E2")}

    def test_is_said_without_a_state_too(self, unsaid: AppendLog, path: Path) -> None:
        """The lock file was deleted meanwhile."""
        path.with_name(".london.csv.lock").unlink()

        with pytest.raises(FlushFailedError):
            append(unsaid)

        assert unsaid.committed() == len(HEADER + row("E1"))

    @pytest.mark.parametrize("instead", [None, HEADER + row("E1") + row("E7")])
    def test_is_forgotten_with_its_file(self, unsaid: AppendLog, path: Path, instead: bytes | None) -> None:
        """The file of the failed flush is gone: what was acknowledged is put back into a new one."""
        path.unlink()
        if instead:
            path.write_bytes(instead)

        append(unsaid, row("E3"))

        assert path.read_bytes() == HEADER + row("E1") + row("E3")


def test_the_lock_is_free_after_every_failure(poisoned: AppendLog, path: Path, incidents: Incidents) -> None:
    """A refusal holds nobody up: the next process is refused at once, not after the lock's timeout."""
    impatient = open_log(path, incidents, lock_seconds=0)

    for log in (poisoned, impatient, poisoned, impatient):
        with pytest.raises(FlushFailedError):
            append(log)
