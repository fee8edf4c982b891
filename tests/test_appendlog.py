"""The append log makes its file, appends whole rows after a flush, and mends what a stopped writer left behind."""

import gc
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog
from attendance.codec import HEADER
from tests.appendlog_kit import append, open_log, row, watch
from tests.conftest import Incidents


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London shall be; not even its folder is there."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def log(path: Path, incidents: Incidents) -> AppendLog:
    """The log of London."""
    return open_log(path, incidents)


def test_a_new_log_is_a_header_in_a_new_folder(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """The first use makes the folder and the file, closed to strangers, and leaves nothing else but the lock file."""
    with log.exclusive() as size:
        content = path.read_bytes()

    assert (content, size) == (HEADER, len(HEADER))
    assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0
    assert {entry.name for entry in path.parent.iterdir()} == {"london.csv", ".london.csv.lock"}
    assert incidents.codes == []


def test_a_new_log_outlasts_a_power_cut(log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new folder's name, the new file's bytes and the new file's name are flushed, in that order."""
    flushed: list[str] = []
    watch(monkeypatch, "fsync", lambda given: flushed.append(Path(f"/proc/self/fd/{given}").readlink().name))

    append(log)

    twice = [path.parent.name, path.parent.parent.name]  # without a state, whoever made them may have been stopped
    assert flushed == [path.parent.parent.name, ".london.csv.new", path.parent.name, *twice]


@pytest.mark.parametrize("begun", [b"", b"Time", HEADER[:-1]])
def test_a_torn_header_is_written_again(log: AppendLog, path: Path, begun: bytes) -> None:
    """Somebody made an empty file, or was stopped while making it."""
    path.parent.mkdir()
    path.write_bytes(begun)

    append(log, row("E1"))

    assert path.read_bytes() == HEADER + row("E1")


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, lambda left: left.symlink_to("elsewhere")])
def test_a_half_made_file_left_over_is_in_nobodys_way(
    log: AppendLog, path: Path, make: Callable[[Path], object]
) -> None:
    """A process was killed while making the file; whatever stands where it is made is thrown away, never waited for."""
    path.parent.mkdir()
    left = path.with_name(".london.csv.new")
    make(left)

    append(log, row("E1"))

    assert path.read_bytes() == HEADER + row("E1")
    assert not os.path.lexists(left)
    assert not path.with_name("elsewhere").exists()


def test_rows_follow_rows(log: AppendLog, path: Path) -> None:
    """Each append stands behind the one before, also twice under one lock."""
    append(log, row("E1"))
    with log.exclusive() as size:
        log.append(row("E2"))
        log.append(row("E3") + row("E4"))

    assert size == len(HEADER + row("E1"))
    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3") + row("E4")
    assert log.committed() == path.stat().st_size


def test_an_append_returns_after_its_flush(log: AppendLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was acknowledged was flushed after it was written, and counts as committed only then."""
    append(log)
    events: list[str] = []
    watch(monkeypatch, "write", lambda *_: events.append("write"))
    watch(monkeypatch, "fdatasync", lambda _: events.append(f"flush at {log.committed()}"))

    append(log, row("E1"))

    assert events == ["write", f"flush at {len(HEADER)}"]
    assert log.committed() == len(HEADER + row("E1"))


def test_a_short_write_is_continued(log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may take fewer bytes than it was given (write(2)); never is a half row left."""
    append(log)
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))

    append(log, row("E1"), row("E2"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2")


def test_two_writers_see_each_others_rows(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Two logs of one file, as two processes have them, take turns, and neither has anything to mend."""
    other = open_log(path, incidents)

    append(log, row("E1"))
    size = append(other, row("E2"))
    append(log, row("E3"))

    assert size == len(HEADER + row("E1"))
    assert other.read(size, other.committed()) == row("E2") + row("E3")
    assert incidents.codes == []
    assert log.generation == other.generation


def test_where_nothing_is_nothing_is_committed(log: AppendLog, path: Path) -> None:
    """Looking at a site that nobody has marked at makes no file."""
    assert log.committed() == 0
    assert not path.parent.exists()


def test_what_is_not_there_is_not_committed(log: AppendLog, path: Path) -> None:
    """Somebody cut the file in place: nobody is told that there is more than there is."""
    append(log, row("E1"), row("E2"))
    os.truncate(path, len(HEADER + row("E1")))

    assert log.committed() == len(HEADER + row("E1"))


def test_who_holds_the_log_reads_what_it_appends_to(log: AppendLog, path: Path) -> None:
    """The file is taken away while a group is decided: it is decided by the rows that it will stand behind."""
    append(log, row("E1"))
    with log.exclusive() as size:
        path.unlink()
        seen = log.read(len(HEADER), size)
        log.append(row("E2"))
    append(log, row("E3"))

    assert seen == row("E1")
    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3")


def test_a_closed_log_opens_again(log: AppendLog) -> None:
    """Letting go of the descriptors loses nothing."""
    append(log, row("E1"))
    log.close()
    log.close()

    size = append(log, row("E2"))

    assert log.read(len(HEADER), log.committed()) == row("E1") + row("E2")
    assert size == len(HEADER + row("E1"))


def test_no_descriptor_is_left_behind(path: Path, incidents: Incidents) -> None:
    """However often a log is opened, restored, read and closed, the process has no more files open than before."""
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        log = open_log(path, incidents)
        append(log, row(f"E{number}"))
        path.rename(path.with_name("taken"))
        append(log, row(f"F{number}"))
        open_log(path, incidents).read(0, 10)
        log.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert incidents.codes == ["ledger_restored"] * 20


def test_a_reader_is_not_disturbed_by_a_restoration(log: AppendLog, path: Path) -> None:
    """One thread reads while another finds the file replaced, over and over: it reads the right bytes each time."""
    append(log, row("E1"))
    end = log.committed()

    def read_often() -> set[bytes]:
        return {log.read(len(HEADER), end) for _ in range(3000)}

    with ThreadPoolExecutor(2) as executor:
        readers = [executor.submit(read_often) for _ in range(2)]
        while not all(reader.done() for reader in readers):
            path.with_name("copy").write_bytes(path.read_bytes())
            path.with_name("copy").rename(path)
            append(log)

    assert [reader.result() for reader in readers] == [{row("E1")}] * 2
