"""One machine or container writes a file, on a local disk: a second one is refused, and what is no local disk too."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.checker import check_rows
from tests.servers import ATTENDANCE, Server, serving, wait_until

SITES = "sites:\n  london:\n    name: London\n    timezone: Europe/London\n    csv: data/london.csv\n"
IN_A_CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a registry."""
    (tmp_path / "sites.yaml").write_text(SITES)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """A server that has recorded a mark, and so is at home here."""
    with serving(folder) as server:
        assert server.mark("E1")[0] == 201
        yield server


def run(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the registry of the folder."""
    environment = os.environ | {"ATTENDANCE_SITES": str(folder / "sites.yaml")} | settings
    return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=60, check=False)


def mark_elsewhere(folder: Path, employee_id: str) -> subprocess.CompletedProcess[str]:
    """Mark somebody from another container."""
    return run(folder, *IN_A_CONTAINER, str(ATTENDANCE), "mark", "london", employee_id, "Present", "--name", "Ana")


@pytest.mark.needs("root", "unshare")
def test_a_second_container_is_refused_while_the_first_lives(server: Server) -> None:
    """It is told who writes; nothing is written; the first goes on."""
    refused = mark_elsewhere(server.folder, "E2")

    assert refused.returncode == 1
    assert "looked after by another server" in refused.stderr
    assert server.mark("E3")[0] == 201
    assert [row.employee_id for row in check_rows(server.folder / "data" / "london.csv", [])] == ["E1", "E3"]


@pytest.mark.needs("root", "unshare")
def test_after_an_orderly_stop_another_one_takes_over_at_once(server: Server) -> None:
    """The server says goodbye."""
    server.stop()

    taken = mark_elsewhere(server.folder, "E2")

    assert taken.returncode == 0, taken.stderr


@pytest.mark.needs("root", "unshare")
def test_a_killed_home_is_taken_over_after_its_silence(folder: Path) -> None:
    """A container was killed with all that is in it: the next server refuses for a while, then goes on by itself."""
    with subprocess.Popen(
        [*IN_A_CONTAINER, sys.executable, "-c", SLEEPER, str(folder / "sites.yaml")],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "recorded\n"
        killed.kill()
        killed.wait()  # what it holds is killed with it, before its input ends
    with serving(folder) as server:
        refused = server.mark("E2")
        readiness = server.ready()

        wait_until(lambda: server.mark("E2")[0] in {200, 201}, 40)

        assert (refused[0], refused[1]["code"]) == (503, "not_home")
        assert {"site": "london", "code": "not_home"} in readiness[1]["problems"]
        assert [event["event"] for event in server.events if event["event"] == "home_moved"]
    assert [row.employee_id for row in check_rows(folder / "data" / "london.csv", [])] == ["E1", "E2"]


@pytest.mark.needs("root", "unshare")
def test_a_home_that_slept_is_stopped_before_it_writes(folder: Path) -> None:
    """Its machine was suspended, another one took over, it wakes up: it is refused, and no row is lost or doubled."""
    sleeper = subprocess.Popen(
        [*IN_A_CONTAINER, sys.executable, "-c", SLEEPER, str(folder / "sites.yaml")],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert sleeper.stdin is not None
    assert sleeper.stdout is not None
    try:
        assert sleeper.stdout.readline() == "recorded\n"
        with serving(folder) as server:
            wait_until(lambda: server.mark("E2")[0] in {200, 201}, 40)
            sleeper.stdin.write("\n")
            sleeper.stdin.flush()
            assert sleeper.stdout.readline() == "not_home\n"
            assert server.mark("E3")[0] == 201
    finally:
        sleeper.send_signal(signal.SIGKILL)
        sleeper.communicate()
    rows = check_rows(folder / "data" / "london.csv", [])
    assert [row.employee_id for row in rows] == ["E1", "E2", "E3"]


SLEEPER = """
import sys
from pathlib import Path
from attendance.clock import utc_now
from attendance.errors import LedgerError
from attendance.ledger import Ledger
from attendance.model import MarkRequest
from attendance.registry import load_registry

ledger = Ledger(load_registry(Path(sys.argv[1])).resolve("london"), now=utc_now, report=lambda incident: None)
for employee_id in ("E1", "E9"):
    try:
        ledger.record([MarkRequest(employee_id=employee_id, name="Ana", status="Present")])
        print("recorded", flush=True)
    except LedgerError as error:
        print(error.code, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def fuse_mounted(image: Path, point: Path) -> Iterator[None]:
    """Mount a new file system through FUSE."""
    with image.open("wb") as file:
        file.truncate(200 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    point.mkdir()
    subprocess.run(["fuse2fs", image, point, "-o", "fakeroot"], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", point], check=True)


@pytest.mark.needs("root", "fuse2fs", "mkfs.ext4")
def test_a_ledger_on_fuse_is_refused_at_start_unless_a_setting_allows_it(folder: Path) -> None:
    """By its line in the registry, with what to do; the setting lets it pass."""
    with fuse_mounted(folder / "image", folder / "data"):
        refused = run(folder, str(ATTENDANCE), "serve")
        allowed = run(folder, str(ATTENDANCE), "check", ATTENDANCE_NETWORK_STORAGE="true")

    assert refused.returncode == 1
    assert "sites.yaml:5:10: " in refused.stderr
    assert "network file system (fuse" in refused.stderr
    assert allowed.returncode == 0, allowed.stdout
