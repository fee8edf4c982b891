"""A disk that is full, closed or out of descriptors stops marks with a clear error, alters nothing, and is got over."""

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog
from attendance.codec import HEADER
from attendance.errors import StorageFullError, StorageUnavailableError
from tests.appendlog_kit import append, limited, open_log, quarantined, refuse, row, running, write_error_code
from tests.conftest import Incidents

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a disk")
NOBODY = 65534


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
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("room", [0, 1, 20, 60], ids="room for {} bytes".format)
def test_a_file_size_limit_leaves_the_file_as_it_was(log: AppendLog, path: Path, room: int) -> None:
    """Whatever part of the rows could still be written is taken back, and the site goes on when there is space."""
    before = path.read_bytes()
    with limited(resource.RLIMIT_FSIZE, len(before) + room), pytest.raises(StorageFullError):
        append(log, row("E2"), row("E3"))
    after = path.read_bytes()

    append(log, row("E2"))

    assert after == before
    assert path.read_bytes() == before + row("E2")
    assert quarantined(path) == {}


@needs_root
def test_a_full_disk_leaves_the_file_as_it_was(small_disk: Path, incidents: Incidents) -> None:
    """Everything else on the disk has taken the space: marks are refused until it is back, and nothing is lost."""
    path = small_disk / "london.csv"
    log = open_log(path, incidents)
    append(log, row("E1"))
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(1 << 16))
    lines = b"".join(row(f"E{number}") for number in range(200))

    with pytest.raises(StorageFullError) as caught:
        append(log, lines)
    full = path.read_bytes()
    (small_disk / "ballast").unlink()
    append(log, lines)

    assert "No space" in caught.value.reason
    assert full == HEADER + row("E1")
    assert path.read_bytes() == HEADER + row("E1") + lines
    assert incidents.codes == []


def test_a_log_that_finds_no_space_is_not_half_made(path: Path, incidents: Incidents) -> None:
    """Not even the header could be written: no file is there, and no part of one beside it."""
    log = open_log(path, incidents)

    with limited(resource.RLIMIT_FSIZE, 20), pytest.raises(StorageFullError):
        append(log, row("E1"))
    left = [entry.name for entry in path.parent.iterdir()]
    append(log, row("E1"))

    assert left == [".london.csv.lock"]
    assert path.read_bytes() == HEADER + row("E1")


def test_nothing_is_cut_that_could_not_be_kept(log: AppendLog, path: Path) -> None:
    """The quarantine finds no space for a torn tail: then the tail stays where it is, and marks wait."""
    with path.open("ab") as file:
        file.write(bytes(200))
    torn = path.read_bytes()

    with limited(resource.RLIMIT_FSIZE, 100), pytest.raises(StorageFullError):
        append(log, row("E2"))
    full, kept = path.read_bytes(), quarantined(path)
    append(log, row("E2"))

    assert (full, kept) == (torn, {})
    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert quarantined(path) == {"london.csv.tail": bytes(200)}


def test_what_took_the_files_place_stays_until_the_file_can_be_put_back(log: AppendLog, path: Path) -> None:
    """Without space for a copy nothing is moved; with it the file is put back."""
    path.rename(path.with_name("moved.csv"))
    path.write_bytes(b"something else")

    with limited(resource.RLIMIT_FSIZE, 50), pytest.raises(StorageFullError):
        append(log, row("E2"))
    full, kept = path.read_bytes(), quarantined(path)
    append(log, row("E2"))

    assert (full, kept) == (b"something else", {})
    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert quarantined(path) == {"london.csv.replaced-75": b"something else"}


def test_a_state_that_finds_no_space_is_no_state(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """A new lock file takes only half of the state: the site goes on when there is space."""
    path.with_name(".london.csv.lock").unlink()

    with limited(resource.RLIMIT_FSIZE, 20), pytest.raises(StorageFullError):
        append(log, row("E2"))
    full = path.read_bytes()
    append(log, row("E2"))

    assert full == HEADER + row("E1")
    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert incidents.codes == []


def test_a_write_that_cannot_be_taken_back_is_mended_later(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk takes half of the rows and then refuses everything: the next writer mends the end of the file."""
    with monkeypatch.context() as patch, limited(resource.RLIMIT_FSIZE, path.stat().st_size + len(row("E2")) + 9):
        refuse(patch, "ftruncate", errno.EIO)
        with pytest.raises(StorageUnavailableError):
            append(log, row("E2"), row("E3"))
    torn = path.read_bytes()

    append(log, row("E4"))

    assert torn == HEADER + row("E1") + row("E2") + row("E3")[:9]
    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E4")
    assert quarantined(path) == {"london.csv.tail": row("E3")[:9]}


@needs_root
def test_a_read_only_disk_stops_marks_and_not_boards(small_disk: Path, incidents: Incidents) -> None:
    """The system mounts a failing disk read-only: what is committed can be read on, and marks go on afterwards."""
    log = open_log(small_disk / "london.csv", incidents)
    append(log, row("E1"))
    log.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    with pytest.raises(StorageUnavailableError) as caught:
        append(log, row("E2"))
    shown = log.read(len(HEADER), log.committed())
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    append(log, row("E2"))

    assert "Read-only" in caught.value.reason
    assert shown == row("E1")
    assert (small_disk / "london.csv").read_bytes() == HEADER + row("E1") + row("E2")


@pytest.mark.usefixtures("log")
def test_a_folder_without_permission_stops_marks(path: Path, tmp_path: Path) -> None:
    """The folder belongs to somebody else: the error says so, and the file stays as it is."""
    answer = tmp_path / "answer"
    path.parent.chmod(0)

    with running(write_error_code, path, answer, NOBODY if os.getuid() == 0 else None) as process:
        process.join()

    path.parent.chmod(0o750)
    assert answer.read_bytes() == b"storage_unavailable"
    assert path.read_bytes() == HEADER + row("E1")


def test_too_many_open_files_stop_marks(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """A process that can open nothing more refuses marks where it must open a file, and goes on when it can again."""
    other = open_log(path, incidents)

    with limited(resource.RLIMIT_NOFILE, 3):
        for use in (lambda: append(other, row("E2")), other.committed, lambda: other.read(0, 9)):
            with pytest.raises(StorageUnavailableError) as caught:
                use()
        append(log, row("E3"))
    append(other, row("E2"))

    assert "Too many open files" in caught.value.reason
    assert path.read_bytes() == HEADER + row("E1") + row("E3") + row("E2")


def test_a_folder_that_is_moved_away_with_its_lock_file_takes_no_row_along(
    log: AppendLog, path: Path, incidents: Incidents
) -> None:
    """The whole folder goes while the log is open: its rows are put back at the path, and it is said."""
    path.parent.rename(path.parent.with_name("old"))

    append(log, row("E2"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert incidents.codes == ["ledger_restored"]


def test_a_state_that_cannot_be_left_does_not_take_back_what_was_flushed(
    log: AppendLog, path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are durable, so they are acknowledged; the next writer finds them behind the last state."""
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", _refuse_write)
        append(log, row("E2"))
    append(open_log(path, incidents), row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3")
    assert incidents.codes == ["rows_kept"]


def _refuse_write(*_: object) -> int:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "change", [Path.unlink, lambda path: os.truncate(path, 40), lambda path: path.rename(path.with_name("x"))]
)
def test_a_look_tells_that_something_else_touched_the_file(
    log: AppendLog, path: Path, change: Callable[[Path], object]
) -> None:
    """Whoever looks hears of it before the next append, and nothing is changed by the look."""
    assert log.untouched() is not None

    change(path)

    assert log.untouched() is None
    assert log.untouched() is None
