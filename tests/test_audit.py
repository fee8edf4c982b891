"""Claims about the audit log: one event is one line that nobody can forge, and no trouble with it stops anybody."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from attendance.audit import FILE_NAME, MAX_CHARACTERS, Action, Audit, read_audit
from attendance.errors import AuditUnreadableError
from attendance.eventlog import dropped_lines, open_log
from tests.access_kit import modes
from tests.conftest import HandClock
from tests.webapp import log_put_back, unprivileged

HOSTILE = 'a\nb\r\x1b[2J\u2028\u202e\u0085\ud800\x00"{"action": "forged"}\x7f'
WRITER = """
import sys
from pathlib import Path
from attendance.audit import Audit
from attendance.clock import utc_now
audit = Audit(Path(sys.argv[1]), now=utc_now)
for number in range(200):
    audit.note("token_added", who=sys.argv[2], number=number, text="x" * 200)
"""


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Leave the logging of this process as it was."""
    with log_put_back():
        yield


@pytest.fixture
def audit(tmp_path: Path, clock: HandClock) -> Audit:
    """An audit log in a folder that is not there yet."""
    return Audit(tmp_path / "logs", now=clock)


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the events as they stand in the file; every line of it must be JSON in ASCII."""
    raw = (folder / "logs" / FILE_NAME).read_bytes()
    assert raw.isascii()
    assert raw.endswith(b"\n")
    return [json.loads(line) for line in raw.split(b"\n")[:-1]]


def test_an_event_is_a_line_of_json_with_who_from_where_what_and_when(tmp_path: Path, clock: HandClock) -> None:
    """The time is UTC to the microsecond; what belongs to the action follows."""
    clock.now = datetime(2026, 11, 22, 22, 10, 28, 123456, tzinfo=UTC)
    audit = Audit(tmp_path / "logs", now=clock)

    audit.note(Action.SIGN_IN, who="anna", address="192.0.2.7", factor="totp", tries=2)
    clock.now = clock.now.replace(microsecond=0)
    audit.note(Action.TOKEN_ADDED, who="anna", site="london", outcome="forbidden")

    path = tmp_path / "logs" / FILE_NAME
    first = (
        '{"at": "2026-11-22T22:10:28.123456Z", "action": "sign_in", "outcome": "done", "who": "anna", '
        '"address": "192.0.2.7", "site": null, "factor": "totp", "tries": 2}'
    )
    second = (
        '{"at": "2026-11-22T22:10:28.000000Z", "action": "token_added", "outcome": "forbidden", "who": "anna", '
        '"address": null, "site": "london"}'
    )
    assert path.read_text(encoding="ascii").splitlines() == [first, second]


def test_the_file_is_for_its_owner_and_group(tmp_path: Path, audit: Audit) -> None:
    """The folder is made too."""
    mask = os.umask(0)
    try:
        audit.note(Action.SIGN_OUT, who="anna")
    finally:
        os.umask(mask)

    assert modes(tmp_path) == {"logs": 0o750}
    assert modes(tmp_path / "logs") == {FILE_NAME: 0o640}


def test_no_value_can_forge_a_line(tmp_path: Path, audit: Audit) -> None:
    """Line ends, escapes of a terminal and halves of characters are escaped, in every field; the time is ours."""
    details: dict[str, object] = {"at": "1999-01-01T00:00:00Z", HOSTILE: HOSTILE, "list": [HOSTILE]}

    audit.note(Action.REFUSED, who=HOSTILE, address=HOSTILE, site=HOSTILE, outcome=HOSTILE, **details)

    (event,) = lines(tmp_path)
    assert event["at"] == "2026-11-23T09:00:03.000000Z"
    assert [event[name] for name in ("who", "address", "site", "outcome", HOSTILE)] == [HOSTILE] * 5


def test_a_value_is_cut_off_behind_two_hundred_characters(tmp_path: Path, audit: Audit) -> None:
    """Whoever is refused does not decide how large the file grows."""
    audit.note(Action.REFUSED, who="x" * 1_000_000, tried=["y"] * 1_000_000)

    (event,) = lines(tmp_path)
    assert (len(event["who"]), len(event["tried"])) == (MAX_CHARACTERS, MAX_CHARACTERS)


def test_lines_of_several_processes_never_mix(tmp_path: Path) -> None:
    """Four processes write two hundred lines each at the same time: every line is whole, and in its order."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "logs")]

    writers = [subprocess.Popen([*command, name]) for name in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0] * 4

    found = read_audit(tmp_path / "logs")
    by_writer = {name: [event["number"] for event in found if event["who"] == name] for name in "abcd"}
    assert by_writer == {name: list(range(200)) for name in "abcd"}
    assert found.unreadable == 0


@pytest.mark.parametrize("in_the_way", ["full disk", "folder", "file"])
def test_what_cannot_be_written_is_counted_and_told_and_stops_nobody(
    tmp_path: Path, audit: Audit, in_the_way: str
) -> None:
    """It is an error in the event log, with the reason; when the obstacle is gone, lines are written again."""
    obstacle = tmp_path / "logs" if in_the_way == "folder" else tmp_path / "logs" / FILE_NAME
    obstacle.parent.mkdir(exist_ok=True)
    obstacle.symlink_to("/dev/full" if in_the_way == "full disk" else "nowhere/else")
    open_log(tmp_path / "events", to_stderr=False)
    before = dropped_lines()

    audit.note(Action.SIGN_IN, who="anna")

    event = json.loads((tmp_path / "events" / "attendance.log").read_bytes())
    assert dropped_lines() == before + 1
    assert (event["event"], event["level"], event["action"]) == ("audit_dropped", "error", "sign_in")
    assert event["reason"]
    obstacle.unlink()
    audit.note(Action.SIGN_OUT, who="anna")
    assert [event["action"] for event in lines(tmp_path)] == ["sign_out"]


def test_half_a_line_costs_no_other_line(tmp_path: Path, audit: Audit) -> None:
    """After a full disk the next line begins on its own."""
    audit.note(Action.SIGN_IN, who="anna")
    with (tmp_path / "logs" / FILE_NAME).open("ab") as file:
        file.write(b'{"at": "2026-11')

    audit.note(Action.SIGN_OUT, who="anna")

    found = read_audit(tmp_path / "logs")
    assert [event["action"] for event in found] == ["sign_in", "sign_out"]
    assert found.unreadable == 1


def test_a_line_that_is_written_in_part_is_counted_as_dropped(tmp_path: Path) -> None:
    """A limit of the file's size cuts a write(2) short, as a disk that fills up does."""
    program = """
import resource, signal, sys
from pathlib import Path
from attendance.audit import Audit
from attendance.clock import utc_now
from attendance.eventlog import dropped_lines
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
audit = Audit(Path(sys.argv[1]), now=utc_now)
audit.note("sign_in", who="anna")
size = (Path(sys.argv[1]) / "audit.log").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
audit.note("sign_in", who="bob")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
audit.note("sign_in", who="carl")
sys.exit(dropped_lines())
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path], check=False, capture_output=True, timeout=60)

    assert done.returncode == 1, done.stderr
    assert [event["who"] for event in read_audit(tmp_path)] == ["anna", "carl"]


# Reading


def write(path: Path, *numbers: int) -> None:
    """Write events with these numbers, compressed where the name says so."""
    events = [{"at": f"2026-11-{number:02}T00:00:00Z", "number": number} for number in numbers]
    content = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def test_rotated_files_are_read_the_oldest_first(tmp_path: Path) -> None:
    """By their numbers, not by their names; one that is just being compressed counts once, others not at all."""
    write(tmp_path / "audit.log.10.gz", 1, 2)
    write(tmp_path / "audit.log.9.gz", 3)
    (tmp_path / "audit.log.2.gz").write_bytes(b"\x1f\x8b")
    write(tmp_path / "audit.log.2", 4)
    write(tmp_path / "audit.log.1", 5)
    write(tmp_path / "audit.log", 6, 7)
    write(tmp_path / "audit.log.bak", 8)

    assert [event["number"] for event in read_audit(tmp_path)] == [1, 2, 3, 4, 5, 6, 7]


def test_what_is_no_event_is_passed_over_and_counted(tmp_path: Path) -> None:
    """Each reading counts anew; empty lines are nothing."""
    bad = [
        b"{",
        b"[]",
        b'"at"',
        b"17",
        b"{}",
        b'{"at": 3}',
        b'{"at": "now"}',
        b'{"at": "2026-11-01"}',
        b"\xff",
        b"[" * 99_999,
    ]
    (tmp_path / "audit.log").write_bytes(b"\n\n".join([*bad, b'{"at": "2026-11-01T00:00:00Z"}']))

    found = read_audit(tmp_path)

    assert [len(list(found)), len(list(found))] == [1, 1]
    assert found.unreadable == len(bad)


def test_a_compressed_file_that_is_cut_off_hides_no_other(tmp_path: Path) -> None:
    """What is before the cut can be read, and the cut is counted."""
    write(tmp_path / "audit.log.2.gz", *range(1, 20))
    whole = (tmp_path / "audit.log.2.gz").read_bytes()
    (tmp_path / "audit.log.2.gz").write_bytes(whole[:-4])
    (tmp_path / "audit.log.3.gz").write_bytes(b"no gzip")
    write(tmp_path / "audit.log", 20)

    found = read_audit(tmp_path)

    assert [event["number"] for event in found][-1] == 20
    assert found.unreadable == 2


def test_there_may_be_no_log(tmp_path: Path) -> None:
    """Nothing happened yet."""
    assert list(read_audit(tmp_path / "nowhere")) == []
    assert list(read_audit(tmp_path)) == []


@pytest.mark.parametrize("mode", [(0o700, 0o000), (0o000, 0o644)])
def test_a_log_that_may_not_be_read_is_told(tmp_path: Path, audit: Audit, mode: tuple[int, int]) -> None:
    """Whoever asks hears as whom to ask."""
    audit.note(Action.SIGN_IN, who="anna")
    tmp_path.chmod(0o755)
    folder = tmp_path / "logs"
    for path, one in zip((folder / FILE_NAME, folder), reversed(mode), strict=True):
        path.chmod(one)

    with unprivileged(), pytest.raises(AuditUnreadableError, match="cannot be read"):
        list(read_audit(folder))
