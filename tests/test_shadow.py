"""The shadow is a copy of what was committed, and the log is mended from it; whoever touches either is noticed."""

import os
import shutil
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog, Shadow
from attendance.appendlog.log import MAX_APPEND_BYTES
from attendance.codec import HEADER
from attendance.errors import LedgerDamagedError, StorageFullError
from attendance.files import OpenFile
from attendance.ledger import LINES
from tests.appendlog_kit import append, limited, open_log, quarantined, row
from tests.conftest import Incidents

THREE = HEADER + row("E1") + row("E2") + row("E3")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London is."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def shadow(path: Path, incidents: Incidents) -> Shadow:
    """Its shadow."""
    return Shadow(path, LINES, report=incidents)


@pytest.fixture
def log(path: Path, shadow: Shadow, incidents: Incidents) -> AppendLog:
    """The log of London: three rows, of which the shadow has the first two."""
    log = open_log(path, incidents, shadow=shadow)
    append(log, row("E1"), row("E2"))
    follow(shadow, log)
    append(log, row("E3"))
    return log


def follow(shadow: Shadow, log: AppendLog) -> None:
    """Copy all that there is."""
    while shadow.catch_up(log):
        pass


def again(path: Path, incidents: Incidents) -> AppendLog:
    """Return the log as another process opens it."""
    return open_log(path, incidents, shadow=Shadow(path, LINES, report=incidents))


def test_the_copy_is_the_log_to_the_byte(log: AppendLog, shadow: Shadow, path: Path) -> None:
    """After the follower came by, nothing is left to copy."""
    before = shadow.is_level_with(log)
    follow(shadow, log)

    assert not before
    assert shadow.is_level_with(log)
    assert shadow.path.read_bytes() == path.read_bytes() == THREE


def test_a_long_log_is_copied_piece_by_piece(path: Path, shadow: Shadow, incidents: Incidents) -> None:
    """No piece is larger than one append, and each is whole lines."""
    log = open_log(path, incidents, shadow=shadow)
    lines = row("E1") * (MAX_APPEND_BYTES // len(row("E1")))
    for _ in range(3):
        append(log, lines)

    follow(shadow, log)

    assert shadow.path.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "edited",
    [
        THREE.replace(b"E1,Ana", b"E1,Eva"),  # of the same length
        THREE.replace(b"E1,Ana", b"E1,Maria"),
        HEADER + row("E0") + THREE[len(HEADER) :],
        HEADER + row("E2") + row("E3"),
        THREE.replace(b",", b";"),
        b"\xef\xbb\xbf" + THREE.replace(b"\n", b"\r\n"),
        THREE.decode().encode("utf-16"),
    ],
)
def test_an_edit_in_place_is_undone(path: Path, log: AppendLog, incidents: Incidents, edited: bytes) -> None:
    """An editor writes over the file itself: the rows come back, what it wrote is kept, the next mark goes on."""
    path.write_bytes(edited)

    append(again(path, incidents), row("E4"))

    kept_row = row("E3") if b"E3,Ana,Present\n" in edited and b";" not in edited else b""
    assert path.read_bytes() == THREE.removesuffix(row("E3")) + kept_row + row("E4")
    assert list(quarantined(path).values()) == [edited]
    assert incidents.codes == ["ledger_restored"] + ["rows_lost"] * (not kept_row)
    assert append(log) == path.stat().st_size


def test_an_edit_with_its_old_time_is_noticed(log: AppendLog, path: Path, shadow: Shadow, incidents: Incidents) -> None:
    """The time of the last change can be set; when that was done cannot."""
    follow(shadow, log)
    before = path.stat()
    path.write_bytes(THREE.replace(b"Ana", b"Eva"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    append(log)

    assert path.read_bytes() == THREE
    assert incidents.codes == ["ledger_restored"]


def test_a_change_of_rights_changes_nothing(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """The content is compared, and is what it was."""
    path.chmod(0o600)

    append(log, row("E4"))
    append(again(path, incidents), row("E5"))

    assert path.read_bytes() == THREE + row("E4") + row("E5")
    assert incidents.codes == []


@pytest.mark.parametrize("lost", ["london.csv", "london.csv .london.csv.lock"])
def test_a_deleted_file_comes_back(path: Path, log: AppendLog, incidents: Incidents, lost: str) -> None:
    """No process had it open: all that was copied comes back, and what was not is told to the byte."""
    log.close()
    for name in lost.split():
        path.with_name(name).unlink()

    append(again(path, incidents), row("E4"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E4")
    assert incidents.codes == ["ledger_restored"] + ["rows_lost"] * (lost == "london.csv")
    assert list(quarantined(path).items()) == [("london.csv.replaced-116-lost-41", b"")] * (lost == "london.csv")


def test_a_file_whose_state_is_lost_is_compared(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Somebody deleted the lock file and edited the ledger: the shadow is what was committed."""
    log.close()
    path.with_name(".london.csv.lock").unlink()
    path.write_bytes(THREE.replace(b"E1,Ana", b"E1,Eva"))

    append(again(path, incidents), row("E4"))

    assert path.read_bytes() == THREE + row("E4")
    assert incidents.codes == ["ledger_restored"]


@pytest.mark.parametrize(
    "touched", [HEADER + row("E9") + row("E2"), HEADER + row("E1"), b"", b"\0" * 99, HEADER + row("E1") + row("E2")]
)
def test_a_shadow_that_was_touched_is_not_believed(
    log: AppendLog, path: Path, shadow: Shadow, incidents: Incidents, touched: bytes
) -> None:
    """The log, of which all is as it was left, is the truth; the shadow is made anew."""
    shadow.path.write_bytes(touched)
    path.chmod(0o600)

    append(again(path, incidents), row("E4"))
    follow(shadow, log)

    assert shadow.path.read_bytes() == path.read_bytes() == THREE + row("E4")
    assert "ledger_restored" not in incidents.codes


def test_a_shadow_that_was_deleted_is_made_anew(path: Path, log: AppendLog, shadow: Shadow) -> None:
    """It is a copy: deleting it, with its lock, loses nothing."""
    shadow.close()
    for file in path.parent.glob(".london.csv.shadow*"):
        file.unlink()

    fresh = Shadow(path, LINES, report=print)
    follow(fresh, log)

    assert fresh.path.read_bytes() == THREE


def test_without_space_for_the_copy_back_nothing_is_lost(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """The edited file stays until the good one can be put in its place."""
    edited = THREE.replace(b"E1,Ana", b"E1,Eva")
    path.write_bytes(edited)

    with limited(1, 50), pytest.raises(StorageFullError):  # RLIMIT_FSIZE
        append(log)
    full = path.read_bytes()
    append(log)

    assert full == edited
    assert path.read_bytes() == THREE
    assert list(quarantined(path).values()) == [edited]
    assert incidents.codes == ["ledger_restored"]


def test_a_recovery_compares_with_the_shadow(path: Path, log: AppendLog, shadow: Shadow, incidents: Incidents) -> None:
    """A failed flush left other bytes on the disk than were acknowledged: the shadow has them."""
    follow(shadow, log)
    path.with_name(".london.csv.flush-failed").touch()
    path.write_bytes(THREE.replace(b"E2,Ana", b"\0\0\0\0\0\0"))

    log.recover()

    assert path.read_bytes() == THREE
    assert incidents.codes == ["ledger_restored"]


def test_a_recovery_without_a_shadow_says_what_is_damaged(path: Path, incidents: Incidents) -> None:
    """There is nothing to put back: marks stay refused."""
    log = open_log(path, incidents)
    append(log, row("E1"))
    path.with_name(".london.csv.flush-failed").touch()
    path.write_bytes(HEADER + row("E1").replace(b"Ana", b"\0\0\0"))

    with pytest.raises(LedgerDamagedError):
        log.recover()


def test_an_idle_process_does_not_put_back_what_it_has_open(
    path: Path, log: AppendLog, shadow: Shadow, incidents: Incidents
) -> None:
    """It holds an edited file that was replaced since, and the lock file is gone: the shadow decides."""
    follow(shadow, log)
    idle = again(path, incidents)
    path.write_bytes(THREE.replace(b"E1,Ana", b"E1,Eva"))
    os.utime(path)
    with path.open("rb") as edited:  # as the idle process does
        append(log, row("E4"))
        follow(shadow, log)
        append(log, row("E5"))
        idle._file = OpenFile(os.dup(edited.fileno()))  # noqa: SLF001  # it looked before the edit was found
        path.with_name(".london.csv.lock").unlink()

        append(idle, row("E6"))

    assert path.read_bytes() == THREE + row("E4") + row("E5") + row("E6")


def test_a_killed_restoration_is_not_undone(path: Path, log: AppendLog, shadow: Shadow, incidents: Incidents) -> None:
    """The good file stands there already, and the state still speaks of the edited one, which somebody has open."""
    follow(shadow, log)
    state = path.with_name(".london.csv.lock").read_bytes()
    path.write_bytes(THREE.replace(b"E1,Ana", b"E1,Eva"))
    with path.open("rb"):
        path.with_name("fresh").write_bytes(THREE)
        path.with_name("fresh").rename(path)
        path.with_name(".london.csv.lock").write_bytes(state)

        append(again(path, incidents), row("E4"))

    assert path.read_bytes() == THREE + row("E4")


def test_an_edited_file_that_is_moved_away_is_not_put_back(path: Path, log: AppendLog, shadow: Shadow) -> None:
    """What is still open is compared with the shadow too."""
    follow(shadow, log)
    path.write_bytes(THREE.replace(b"E1,Ana", b"E1,Eva"))
    path.rename(path.with_name("london.bak"))

    append(log, row("E4"))

    assert path.read_bytes() == THREE + row("E4")


def test_everything_deleted_comes_back_while_somebody_has_it_open(
    path: Path, log: AppendLog, incidents: Incidents
) -> None:
    """The whole folder was removed, and the next writer never had the file open."""
    assert log.committed() == len(THREE)
    shutil.rmtree(path.parent)

    noticed = log.untouched()
    append(again(path, incidents), row("E4"))

    assert noticed is None
    assert path.read_bytes() == THREE + row("E4")


def test_what_is_not_copied_yet_comes_back_where_the_last_copied_row_is_edited(
    path: Path, log: AppendLog, shadow: Shadow, incidents: Incidents
) -> None:
    """An edit of the same length moved nothing: what was committed stands where it stood."""
    follow(shadow, log)
    append(log, row("E4"))
    append(log, row("E5"))
    good = path.read_bytes()
    path.write_bytes(good.replace(b"E3,Ana", b"E3,Eva"))

    append(log, row("E6"))

    assert path.read_bytes() == good + row("E6")
    assert incidents.codes == ["ledger_restored"]


def test_a_gap_of_any_size_is_kept(path: Path, log: AppendLog, shadow: Shadow, incidents: Incidents) -> None:
    """Many rows were added since the last copy, and one byte of the first row is edited."""
    lines = row("E7") * (MAX_APPEND_BYTES // len(row("E7")))
    for _ in range(2):
        append(log, lines)
    good = path.read_bytes()
    path.write_bytes(good.replace(b"E1,Ana", b"E1,Eva"))

    append(log)

    assert path.read_bytes() == good
    assert incidents.codes == ["ledger_restored"]
    assert shadow.intact() < len(THREE)


def test_a_shadow_that_is_longer_than_the_log_is_begun_anew(path: Path, log: AppendLog, shadow: Shadow) -> None:
    """Whatever led to it: the follower goes on."""
    follow(shadow, log)
    log.close()
    path.with_name(".london.csv.lock").unlink()
    path.unlink()
    shorter = open_log(path, print)
    append(shorter, row("E1"))

    follow(shadow, shorter)

    assert shadow.path.read_bytes() == path.read_bytes() == HEADER + row("E1")
