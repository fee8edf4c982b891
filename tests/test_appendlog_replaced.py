"""A log that something else deleted, replaced or changed is noticed before the next append; both versions are kept."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog
from attendance.appendlog.lockfile import CommitState
from attendance.codec import HEADER
from attendance.errors import LedgerDamagedError, StorageBusyError, StorageUnavailableError
from tests.appendlog_kit import append, keep_open, open_log, quarantined, row, running, wait_for, watch
from tests.conftest import Incidents

SPREADSHEET = b"\xef\xbb\xbf" + (HEADER + row("E1") + row("E2")).replace(b"\n", b"\r\n")
EDITED = HEADER + row("E1", name="Anna") + row("E2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London is."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def log(path: Path, incidents: Incidents) -> AppendLog:
    """The log of London, which this process has open and which holds two rows."""
    log = open_log(path, incidents)
    append(log, row("E1"), row("E2"))
    return log


def save_over(path: Path, content: bytes) -> None:
    """Save as an editor or a spreadsheet does: another file is renamed over the old one."""
    path.with_name("saved").write_bytes(content)
    path.with_name("saved").rename(path)


@pytest.mark.parametrize("take_away", [Path.unlink, lambda path: path.rename(path.with_name("2026.csv"))])
def test_a_file_that_is_taken_away_is_put_back(
    log: AppendLog, path: Path, incidents: Incidents, take_away: Callable[[Path], object]
) -> None:
    """Whoever deletes or moves the file of a running server loses nothing, and nothing goes into the dead file."""
    take_away(path)

    append(log, row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3")
    assert incidents.codes == ["ledger_restored"]
    assert quarantined(path) == {}
    assert log.committed() == path.stat().st_size


@pytest.mark.parametrize("saved", [SPREADSHEET, EDITED, b"", HEADER, b"PK\x03\x04 not even text"])
def test_a_file_that_is_saved_over_is_put_back(log: AppendLog, path: Path, incidents: Incidents, saved: bytes) -> None:
    """The last good content stays the ledger; what was saved over it is kept for HR to look at, whatever it is."""
    save_over(path, saved)

    append(log, row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3")
    assert quarantined(path) == {f"london.csv.replaced-{len(HEADER + row('E1') + row('E2'))}": saved}
    assert incidents.codes == ["ledger_restored"]


def test_every_version_that_was_saved_over_is_kept(log: AppendLog, path: Path) -> None:
    """A spreadsheet that saves again does not overwrite what it saved before."""
    for saved in (EDITED, SPREADSHEET, EDITED):
        save_over(path, saved)
        append(log)

    assert list(quarantined(path).values()) == [EDITED, SPREADSHEET, EDITED]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("2026.csv")])
def test_what_is_no_file_is_moved_out_of_the_way(
    log: AppendLog, path: Path, incidents: Incidents, make: Callable[[Path], object]
) -> None:
    """The file was moved, and a folder, a pipe or a link to it stands in its place."""
    path.rename(path.with_name("2026.csv"))
    make(path)

    append(log, row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3")
    assert os.path.lexists(path.parent / "quarantine" / "london.csv.replaced-116")
    assert not path.is_symlink()
    assert incidents.codes == ["ledger_restored"]


def test_another_process_that_has_the_file_open_is_enough(path: Path, incidents: Incidents, tmp_path: Path) -> None:
    """The worker that notices never had the file open: it takes it from one that has."""
    with running(keep_open, path, tmp_path / "ready"):
        wait_for(tmp_path / "ready")
        append(open_log(path, incidents), row("E1"))
        save_over(path, SPREADSHEET)

        append(open_log(path, incidents), row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E3")
    assert quarantined(path) == {"london.csv.replaced-75": SPREADSHEET}
    assert incidents.codes == ["ledger_restored"]


@pytest.mark.parametrize("aside", ["london.csv.bak", "london.csv~"])
def test_a_file_that_is_moved_aside_is_put_back_by_whoever_writes_next(
    path: Path, incidents: Incidents, tmp_path: Path, aside: str
) -> None:
    """The next writer never had it open, another process has: it is found there under the name it has now."""
    with running(keep_open, path, tmp_path / "ready"):
        wait_for(tmp_path / "ready")
        append(open_log(path, incidents), row("E1"))
        path.rename(path.with_name(aside))

        append(open_log(path, incidents), row("E3"))

    assert path.read_bytes() == HEADER + row("E1") + row("E3")
    assert path.with_name(aside).read_bytes() == HEADER + row("E1")
    assert incidents.codes == ["ledger_restored"]


def test_another_worker_goes_on_with_the_file_that_was_put_back(
    log: AppendLog, path: Path, incidents: Incidents
) -> None:
    """Who had the dead file open reads and writes the new one, and is told that what it knew may be wrong."""
    other = open_log(path, incidents)
    append(other)
    before = other.generation
    save_over(path, SPREADSHEET)
    append(log, row("E3"))

    seen = other.read(len(HEADER), other.committed())
    append(other, row("E4"))

    assert seen == row("E1") + row("E2") + row("E3")
    assert path.read_bytes() == HEADER + seen + row("E4")
    assert incidents.codes == ["ledger_restored"]
    assert other.generation not in {0, before}


def test_a_file_is_never_put_back_from_another_sites(path: Path, incidents: Incidents) -> None:
    """The system gives the inode of a deleted file to the next new one: that may be the file of another site."""
    paris = open_log(path.with_name("paris.csv"), incidents)
    append(paris, row("F1"), row("F2"))
    state = CommitState(inode=paris.path.stat().st_ino, committed=len(HEADER + row("F1")), generation=1, changed_ns=1)
    path.with_name(".london.csv.lock").write_bytes(state.pack())

    append(open_log(path, incidents), row("E1"))

    assert path.read_bytes() == HEADER + row("E1")
    assert incidents.codes == ["ledger_replaced"]


def test_an_open_file_that_was_shortened_is_no_source(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Before the file was replaced somebody cut a row off it: it no longer has what was committed."""
    os.truncate(path, path.stat().st_size - len(row("E2")))
    save_over(path, EDITED)

    append(log, row("E3"))

    assert path.read_bytes() == EDITED + row("E3")
    assert incidents.codes == ["ledger_replaced"]


@pytest.mark.parametrize("saved", [EDITED, HEADER, HEADER + row("E7")])
def test_a_well_formed_file_is_taken_over_where_no_process_has_the_old_one(
    log: AppendLog, path: Path, incidents: Incidents, saved: bytes
) -> None:
    """Somebody put a good copy in its place while the server was down."""
    log.close()
    save_over(path, saved)

    append(open_log(path, incidents), row("E3"))

    assert path.read_bytes() == saved + row("E3")
    assert incidents.codes == ["ledger_replaced"]


@pytest.mark.parametrize("saved", [SPREADSHEET, SPREADSHEET[3:], b"other\n", row("E1"), EDITED + b"total,2\n"])
def test_what_is_no_ledger_is_never_appended_to(log: AppendLog, path: Path, incidents: Incidents, saved: bytes) -> None:
    """While the server was down what is no ledger was put there: marks are refused, the file stays as it is."""
    log.close()
    save_over(path, saved)

    with pytest.raises(LedgerDamagedError) as caught:
        append(open_log(path, incidents), row("E3"))

    assert str(path) in caught.value.reason
    assert path.read_bytes() == saved
    assert quarantined(path) == {}


def test_a_file_that_was_deleted_while_nobody_had_it_begins_anew(
    log: AppendLog, path: Path, incidents: Incidents
) -> None:
    """Rotated while the server was down: the next mark makes a new file, and ops hear of it."""
    log.close()
    path.unlink()

    append(open_log(path, incidents), row("E3"))

    assert path.read_bytes() == HEADER + row("E3")
    assert incidents.codes == ["ledger_replaced"]


@pytest.mark.parametrize(
    ("left", "stays"),
    [
        (HEADER + row("E1"), HEADER + row("E1")),
        (HEADER + row("E1") + row("E2")[:20], HEADER + row("E1")),
        (HEADER, HEADER),
        (HEADER[:7], HEADER),
        (b"", HEADER),
        (EDITED, EDITED),
        (HEADER + row("E1") + row("E2", name="Bo") + row("E3"), HEADER + row("E1") + row("E2", name="Bo") + row("E3")),
    ],
    ids=["after a row", "within a row", "the header", "within the header", "empty", "longer", "a row more"],
)
def test_a_file_that_was_changed_in_place_stays_whole_rows(
    log: AppendLog, path: Path, incidents: Incidents, left: bytes, stays: bytes
) -> None:
    """An editor that writes into the file moves the ends of rows: never is a row cut in two or joined to another."""
    other = open_log(path, incidents)
    append(other)
    before = other.generation
    path.write_bytes(left)

    append(log, row("E9"))
    size = append(other)

    assert path.read_bytes() == stays + row("E9")
    assert size == len(stays + row("E9"))
    assert incidents.codes[-1] in {"ledger_edited", "tail_cut"}
    assert "ledger_edited" in incidents.codes
    assert other.generation not in {0, before}


@pytest.mark.parametrize("left", [SPREADSHEET, EDITED.replace(b"\n", b"\r\n"), b"x" + EDITED, EDITED + b"note\n"])
def test_what_was_changed_in_place_into_no_ledger_is_never_appended_to(log: AppendLog, path: Path, left: bytes) -> None:
    """There is no good copy at hand: marks are refused, the file stays as it is."""
    path.write_bytes(left)

    with pytest.raises(LedgerDamagedError):
        append(log, row("E9"))

    assert path.read_bytes() == left


@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("2026.csv"), lambda path: path.symlink_to("/dev/zero")]
)
def test_what_is_no_file_is_refused_and_not_waited_for(
    path: Path, incidents: Incidents, make: Callable[[Path], object]
) -> None:
    """A folder, a pipe, a link or a device where the ledger should be: marks and boards are refused with the reason."""
    path.parent.mkdir()
    path.with_name("2026.csv").write_bytes(HEADER)
    make(path)
    log = open_log(path, incidents)
    uses: list[Callable[[], object]] = [lambda: append(log, row("E1")), log.committed, lambda: log.read(0, 9)]

    for use in uses:
        with pytest.raises(LedgerDamagedError) as caught:
            use()
        assert "not a plain file" in caught.value.reason

    assert path.with_name("2026.csv").read_bytes() == HEADER


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a device")
def test_a_device_is_refused(path: Path, incidents: Incidents) -> None:
    """Nothing is ever written to a device."""
    path.parent.mkdir()
    os.mknod(path, 0o20600, os.makedev(1, 3))

    with pytest.raises(LedgerDamagedError):
        append(open_log(path, incidents), row("E1"))


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda lock: lock.symlink_to("elsewhere")])
def test_a_lock_file_that_is_no_file_is_refused_and_not_waited_for(
    path: Path, incidents: Incidents, make: Callable[[Path], object]
) -> None:
    """What stands where the lock file should be stops marks with a clear error; nobody hangs."""
    path.parent.mkdir()
    make(path.with_name(".london.csv.lock"))
    log = open_log(path, incidents)

    with pytest.raises(StorageUnavailableError):
        append(log, row("E1"))

    assert not path.exists()
    assert not path.with_name("elsewhere").exists()


def test_a_file_where_the_folder_should_be_is_refused(path: Path, incidents: Incidents) -> None:
    """The folder of the ledgers cannot be made."""
    path.parent.write_bytes(b"")
    log = open_log(path, incidents)

    with pytest.raises(StorageUnavailableError):
        append(log, row("E1"))
    with pytest.raises(StorageUnavailableError):
        log.committed()


def test_what_somebody_else_put_back_meanwhile_stays(
    log: AppendLog, path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock file was deleted, so two restore at once: the slower one does not undo the work of the other."""
    good = path.read_bytes()
    save_over(path, SPREADSHEET)

    def restore(where: object, *_: object) -> None:
        if where == path.parent and path.read_bytes() == SPREADSHEET:  # about to hold the folder
            save_over(path, good + row("E3"))
            path.with_name(".london.csv.lock").unlink()

    watch(monkeypatch, "open", restore)
    with pytest.raises(StorageBusyError):
        append(log, row("E4"))
    append(log, row("E4"))

    assert path.read_bytes() == good + row("E3") + row("E4")
    assert "ledger_restored" not in incidents.codes


def test_discarding_what_is_not_there_does_nothing(path: Path, incidents: Incidents) -> None:
    """A copy that somebody deleted is begun anew."""
    log = open_log(path, incidents)

    log.discard()
    append(log, row("E1"))

    assert path.read_bytes() == HEADER + row("E1")
    assert quarantined(path) == {}


@pytest.mark.usefixtures("log")
def test_who_opens_late_sees_what_another_lock_file_let_in(
    path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock file is deleted between the look at the state and the opening: the rows of the other are not cut off."""
    late = open_log(path, incidents)
    done: list[int] = []

    def write(where: object, *_: object) -> None:
        if where == path and not done:
            done.append(1)
            path.with_name(".london.csv.lock").unlink()
            append(open_log(path, incidents), row("E3"))

    watch(monkeypatch, "open", write)
    size = append(late, row("E4"))

    assert size == len(HEADER + row("E1") + row("E2") + row("E3"))
    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E3") + row("E4")
