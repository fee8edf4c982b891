"""Whatever something else does to the file of a running server, the committed rows come back and marks go on."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.checker import Row, check_rows
from tests.office import libreoffice
from tests.servers import ATTENDANCE, Server, serving, wait_until

IDS = ("00123", "1E5", "E0042", "7", "2-3", "1.10")
SITES = "sites:\n  london:\n    name: London\n    timezone: Europe/London\n    csv: data/london.csv\n"
TO_CSV = "csv:Text - txt - csv (StarCalc):{separator},34,{charset},1,,0,false,{as_shown},false"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Two workers that serve London, and have recorded six marks which the shadow has too."""
    (tmp_path / "sites.yaml").write_text(SITES)
    with serving(tmp_path) as server:
        for employee_id in IDS:
            assert server.mark(employee_id)[0] == 201
        wait_until(lambda: shadow(server) == ledger(server).read_bytes(), 10)
        yield server


def ledger(server: Server) -> Path:
    """Return the file of London."""
    return server.folder / "data" / "london.csv"


def shadow(server: Server) -> bytes:
    """Return the shadow as far as it is made."""
    path = server.folder / "data" / ".london.csv.shadow"
    return path.read_bytes() if path.exists() else b""


def quarantine(server: Server) -> list[bytes]:
    """Return what was kept, but for the lists."""
    folder = server.folder / "data" / "quarantine"
    return [path.read_bytes() for path in sorted(folder.glob("*")) if path.suffix != ".txt"]


def events(server: Server, code: str) -> list[str]:
    """Return what the log tells of an incident."""
    return [event["detail"] for event in server.events if event["event"] == code]


def check(server: Server) -> subprocess.CompletedProcess[str]:
    """Run `attendance check` as ops do."""
    environment = os.environ | {"ATTENDANCE_SITES": str(server.folder / "sites.yaml")}
    return subprocess.run([ATTENDANCE, "check"], env=environment, capture_output=True, text=True, check=False)


def mark_and_check(server: Server, before: list[Row]) -> None:
    """Mark somebody; all rows of before are there and in their order, and the new one, and a repeat is known."""
    status, body = server.mark("NEW")
    again = server.mark("00123")[0]

    rows = check_rows(ledger(server), before)
    assert (status, again) == (201, 200)
    assert rows == [*before, Row(body["timestamp"], "NEW", body["name"], "Present")]


def replace(path: Path, content: bytes) -> None:
    """Save as most programs do: another file takes the name."""
    path.with_name("saved").write_bytes(content)
    path.with_name("saved").rename(path)


def add(path: Path, content: bytes) -> None:
    """Append by hand."""
    with path.open("ab") as file:
        file.write(content)


def delete_all(path: Path) -> None:
    """Delete the file and its lock, but not what is hidden better."""
    path.unlink()
    path.with_name(".london.csv.lock").unlink()


EDITS: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "moved": lambda path: path.rename(path.with_name("london-2026.csv")),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:90]),
    "emptied": lambda path: path.write_bytes(b""),
    "one byte": lambda path: path.write_bytes(path.read_bytes().replace(b"E0042", b"E0043")),
    "a row less": lambda path: path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2])),
    "replaced": lambda path: replace(path, path.read_bytes().replace(b"E0042", b"E0043")),
    "replaced by nothing": lambda path: replace(path, b""),
    "rows of yesterday": lambda path: add(path, b"2026-01-01T09:00:00+00:00,E9,Eva,Present\n"),
    "half a row": lambda path: add(path, b"2026-01-01T09:00"),
    "all deleted": delete_all,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_of_a_running_servers_file_is_undone(server: Server, edit: Callable[[Path], object]) -> None:
    """At the next mark nothing is lost, and nothing goes into a dead file."""
    before = check_rows(ledger(server), [])

    edit(ledger(server))

    mark_and_check(server, before)
    wait_until(lambda: server.ready()[0] == 200, 10)


@pytest.mark.parametrize("name", ["one byte", "deleted", "replaced"])
def test_an_edit_is_undone_without_a_mark(server: Server, name: str) -> None:
    """Within a second or two, since the follower looks."""
    good = ledger(server).read_bytes()

    EDITS[name](ledger(server))

    wait_until(lambda: ledger(server).exists() and ledger(server).read_bytes() == good, 10)
    wait_until(lambda: events(server, "ledger_restored"), 10)


@pytest.mark.parametrize("name", ["one byte", "replaced"])
def test_an_edit_is_listed_by_row(server: Server, name: str) -> None:
    """By number in the log, as a warning in readiness, in words in `attendance check`, until it is deleted."""
    EDITS[name](ledger(server))
    wait_until(lambda: events(server, "edits_found"), 10)

    told, ready, listed = events(server, "edits_found"), server.ready(), check(server)
    for kept in (ledger(server).parent / "quarantine").iterdir():
        kept.unlink()

    assert "1 changed (row 4)" in told[0]
    assert ready[0] == 200
    assert {"site": "london", "code": "edits_found"} in ready[1]["warnings"]
    assert listed.returncode == 1
    assert re.search(r"row 4 changed: was \S+,E0042,[\w ]+,Present; became \S+,E0043,", listed.stdout)
    assert check(server).returncode == 0
    assert server.ready()[1]["warnings"] == []


def test_a_stopped_servers_file_is_mended_when_it_starts(server: Server) -> None:
    """Nobody had it open: it comes from the shadow."""
    before = check_rows(ledger(server), [])
    server.stop()
    ledger(server).write_bytes(ledger(server).read_bytes().replace(b"1E5", b"100000"))

    with serving(server.folder) as again:
        mark_and_check(again, before)
        wait_until(lambda: events(again, "edits_found"), 10)


@pytest.mark.needs("soffice")
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize(
    "target",
    [
        TO_CSV.format(separator=44, charset=76, as_shown="true"),
        TO_CSV.format(separator=59, charset=76, as_shown="false"),
        TO_CSV.format(separator=9, charset="65535", as_shown="true"),
        "xlsx",
    ],
    ids=["commas", "semicolons", "UTF-16", "xlsx"],
)
def test_a_file_saved_by_libreoffice_is_undone(server: Server, tmp_path: Path, target: str, *, in_place: bool) -> None:
    """It changes IDs such as 00123 and 1E5: nothing is appended to what it wrote, and HR is told which rows differ."""
    before = check_rows(ledger(server), [])
    good = ledger(server).read_bytes()
    saved = libreoffice(ledger(server), tmp_path / "office", target).read_bytes()
    assert saved != good

    if in_place:
        ledger(server).write_bytes(saved)
    else:
        replace(ledger(server), saved)

    mark_and_check(server, before)
    assert quarantine(server) == [saved]
    wait_until(lambda: events(server, "edits_found"), 10)
    told = events(server, "edits_found")[0]
    assert "spreadsheet" in told if target == "xlsx" else "changed" in told
