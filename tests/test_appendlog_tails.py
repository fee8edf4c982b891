"""What a stopped writer or a power cut leaves at the end of a log is mended: whole rows stay, the rest is moved."""

from pathlib import Path

import pytest

from attendance.appendlog import AppendLog, Lines
from attendance.appendlog.log import MAX_APPEND_BYTES
from attendance.codec import HEADER
from attendance.errors import LedgerDamagedError
from tests.appendlog_kit import append, append_and_die_before_the_flush, open_log, quarantined, row, running, watch
from tests.conftest import Incidents

TAILS = {
    "a half row": (b"", b"2026-11-23T09:00:03+00:00,E2,An"),
    "a row without its line feed": (b"", row("E2")[:-1]),
    "NULs": (b"", bytes(4096)),
    "a half row and NULs": (b"", b"2026-11" + bytes(100)),
    "a row and a half one": (row("E2"), row("E3")[:9]),
    "a row and NULs": (row("E2"), bytes(70)),
    "a hole of NULs before a row": (row("E2"), bytes(50) + row("E3")),
    "NULs before a row": (b"", bytes(50) + row("E3")),
}
FOREIGN = {
    "another line": (b"", b"hello\n"),
    "a row that a spreadsheet saved": (b"", row("E2")[:-1] + b"\r\n"),
    "a line between rows": (row("E2"), b"\n" + row("E3")),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of London shall be; not even its folder is there."""
    return tmp_path / "data" / "london.csv"


@pytest.fixture
def log(path: Path, incidents: Incidents) -> AppendLog:
    """The log of London."""
    return open_log(path, incidents)


def lose_the_state(path: Path) -> None:
    """Delete the lock file, so that nothing is known of the log."""
    path.with_name(f".{path.name}.lock").unlink()


@pytest.mark.parametrize(("whole", "torn"), [*TAILS.values(), *FOREIGN.values()], ids=[*TAILS, *FOREIGN])
def test_what_a_stopped_writer_left_is_mended(
    log: AppendLog, path: Path, incidents: Incidents, whole: bytes, torn: bytes
) -> None:
    """Whole rows behind the committed ones stay; from the first NUL, half row or other line on all is moved."""
    append(log, row("E1"))
    with path.open("ab") as file:
        file.write(whole + torn)

    size = append(open_log(path, incidents), row("E4"))

    assert path.read_bytes() == HEADER + row("E1") + whole + row("E4")
    assert size == len(HEADER + row("E1") + whole)
    assert quarantined(path) == {"london.csv.tail": torn}
    assert incidents.codes == (["rows_kept"] if whole else []) + ["tail_cut"]


def test_a_nul_is_never_part_of_a_line(path: Path, incidents: Incidents) -> None:
    """Also where whoever knows the lines would take one: a hole of NULs was never written by anybody."""
    log = AppendLog(path, Lines(header=b"Head\n", is_line=lambda line: line.endswith(b"\n")), report=incidents)
    append(log, b"one\n")
    with path.open("ab") as file:
        file.write(b"two\nth\0\0ee\nfour\n")

    append(log, b"five\n")

    assert path.read_bytes() == b"Head\none\ntwo\nfive\n"


@pytest.mark.parametrize(("whole", "torn"), TAILS.values(), ids=TAILS)
def test_a_power_cut_leaves_no_half_row(
    log: AppendLog, path: Path, incidents: Incidents, whole: bytes, torn: bytes
) -> None:
    """The same without any state: after a power cut the lock file may be gone."""
    append(log, row("E1"))
    lose_the_state(path)
    with path.open("ab") as file:
        file.write(whole + torn)

    append(open_log(path, incidents), row("E4"))

    assert path.read_bytes() == HEADER + row("E1") + whole + row("E4")
    assert quarantined(path) == {"london.csv.tail": torn}


@pytest.mark.parametrize(("whole", "foreign"), FOREIGN.values(), ids=FOREIGN)
def test_without_a_state_another_line_is_never_cut(
    log: AppendLog, path: Path, incidents: Incidents, whole: bytes, foreign: bytes
) -> None:
    """No power cut writes such a line: somebody did, so nothing is appended and nothing is taken away."""
    append(log, row("E1"))
    lose_the_state(path)
    content = path.read_bytes() + whole + foreign
    path.write_bytes(content)

    with pytest.raises(LedgerDamagedError) as caught:
        append(open_log(path, incidents), row("E4"))

    assert f"line at byte {len(HEADER + row('E1') + whole)} that is not a row" in caught.value.reason
    assert path.read_bytes() == content
    assert quarantined(path) == {}


@pytest.mark.parametrize("torn", [b"", bytes(MAX_APPEND_BYTES)], ids=["nothing", "a whole append of NULs"])
def test_of_a_big_file_only_the_last_append_can_be_torn(log: AppendLog, path: Path, torn: bytes) -> None:
    """Without a state the last mebibyte tells where whole rows end."""
    rows = row("E2") * 30_000
    path.parent.mkdir()
    path.write_bytes(HEADER + rows + torn)

    append(log, row("E4"))

    assert path.read_bytes() == HEADER + rows + row("E4")
    assert list(quarantined(path).values()) == ([torn] if torn else [])


@pytest.mark.parametrize("end", [b"", bytes(9)], ids=["nothing", "NULs"])
def test_one_endless_line_is_no_torn_append(log: AppendLog, path: Path, end: bytes) -> None:
    """Where no row ends in the last mebibyte nothing is cut, since half a line would be left, and nothing appended."""
    content = HEADER + b"x" * 2 * MAX_APPEND_BYTES + end
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(LedgerDamagedError):
        append(log, row("E4"))

    assert path.read_bytes() == content


def test_a_long_tail_of_whole_rows_is_kept(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """After a power cut the state may be older than the file by many appends."""
    append(log, row("E1"))
    with path.open("ab") as file:
        file.write(row("E2") * 30_000)

    size = append(open_log(path, incidents))

    assert size == len(HEADER + row("E1") + row("E2") * 30_000)
    assert incidents.codes == ["rows_kept"]


def test_unflushed_rows_are_not_shown_and_then_kept(path: Path, incidents: Incidents) -> None:
    """A writer is killed between its write and its flush: a reader sees nothing of it, the next writer flushes it."""
    log = open_log(path, incidents)
    append(log, row("E1"))
    with running(append_and_die_before_the_flush, path, row("E2")) as process:
        process.join()

    shown = log.committed()
    size = append(log)

    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert (shown, size) == (len(HEADER + row("E1")), path.stat().st_size)
    assert log.committed() == size


def test_kept_rows_are_flushed_before_they_count(
    log: AppendLog, path: Path, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a killed writer left are answered as repeats: so they are flushed first."""
    append(log, row("E1"))
    with path.open("ab") as file:
        file.write(row("E2"))
    flushed: list[int] = []
    watch(monkeypatch, "fdatasync", lambda _: flushed.append(log.committed()))

    append(open_log(path, incidents))

    assert flushed[0] == len(HEADER + row("E1"))
    assert log.committed() == path.stat().st_size


def test_without_a_state_a_reader_has_the_end_mended_first(log: AppendLog, path: Path, incidents: Incidents) -> None:
    """Nobody knows what of the file was flushed: so it is flushed before it is shown."""
    append(log, row("E1"))
    lose_the_state(path)
    with path.open("ab") as file:
        file.write(row("E2") + bytes(9))

    committed = open_log(path, incidents).committed()

    assert path.read_bytes() == HEADER + row("E1") + row("E2")
    assert committed == path.stat().st_size


def test_rows_that_belong_before_the_last_one_are_no_rows_of_ours(path: Path, incidents: Incidents) -> None:
    """Somebody appends yesterday's rows by hand: days are found by bisection, so they may not stand there."""
    append(open_log(path, incidents), row("E1"))
    yesterday = row("E0").replace(b"2026-11-23", b"2026-11-22")
    with path.open("ab") as file:
        file.write(row("E2") + yesterday + row("E3"))

    append(open_log(path, incidents), row("E4"))

    assert path.read_bytes() == HEADER + row("E1") + row("E2") + row("E4")
    assert quarantined(path) == {"london.csv.tail": yesterday + row("E3")}
    assert incidents.codes == ["rows_kept", "tail_cut"]
