"""Claims about the start of the server: what stops it is said at once, and whose address it believes."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.servers import ATTENDANCE, free_port, serving, wait_until, write_sites

GUNICORN = ATTENDANCE.with_name("gunicorn")
CONFIGURATION = Path(__file__).parent.parent / "deploy" / "gunicorn.conf.py"
START_SECONDS = 5.0

COMMANDS = pytest.mark.parametrize(
    "command", [[ATTENDANCE, "serve"], [GUNICORN, "--config", CONFIGURATION]], ids=["attendance serve", "gunicorn"]
)


def _start(folder: Path, command: list[Path | str], **settings: str) -> tuple[int, str]:
    """Run a command that should fail to start; return its exit code and what it said on stderr."""
    environment = os.environ | {"ATTENDANCE_PORT": str(free_port()), **settings}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def _spoken(text: str) -> str:
    """Return what was said without the line ends that a narrow terminal would need."""
    return text.replace("\n", "")


@COMMANDS
def test_a_broken_registry_stops_the_start_with_its_line(tmp_path: Path, command: list[Path | str]) -> None:
    """Both ways to start say file, line, column and what to do, without a traceback."""
    write_sites(tmp_path, london="timezone: Europe/Lodon")

    code, said = _start(tmp_path, command)

    assert code == 1
    assert "sites.yaml:5:15: " in _spoken(said)
    assert "Europe/London" in said
    assert "Traceback" not in said


@COMMANDS
def test_a_missing_registry_stops_the_start(tmp_path: Path, command: list[Path | str]) -> None:
    """In an empty folder both ways to start say which file is missing."""
    code, said = _start(tmp_path, command)

    assert code == 1
    assert "sites.yaml" in _spoken(said)
    assert "Traceback" not in said


@COMMANDS
def test_bad_settings_stop_the_start_with_their_names(tmp_path: Path, command: list[Path | str]) -> None:
    """Every setting that cannot be used is named at once."""
    write_sites(tmp_path)

    code, said = _start(tmp_path, command, ATTENDANCE_PORT="eighty", ATTENDANCE_WORKERS="0")

    assert code == 1
    assert "ATTENDANCE_PORT" in said
    assert "ATTENDANCE_WORKERS" in said
    assert "Traceback" not in said


def test_a_port_in_use_is_said_and_ends_the_start(tmp_path: Path) -> None:
    """A second server at the same address ends with an error that names the address; the first one goes on."""
    write_sites(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, said = _start(tmp_path, [ATTENDANCE, "serve"], ATTENDANCE_PORT=str(port))

    assert code == 1
    assert f"Connection in use: ('127.0.0.1', {port})" in said
    assert "Traceback" not in said


def test_the_server_answers_soon_after_its_start(tmp_path: Path) -> None:
    """A start, with everything compiled by the one before, answers within seconds."""
    write_sites(tmp_path)
    took_seconds = []
    for _ in range(4):
        began = time.monotonic()
        with serving(tmp_path):
            took_seconds.append(time.monotonic() - began)
        if min(took_seconds[1:], default=START_SECONDS) < START_SECONDS:
            break

    assert min(took_seconds[1:]) < START_SECONDS


def test_ctrl_c_ends_the_server_quietly(tmp_path: Path) -> None:
    """SIGINT to all its processes, as a terminal sends it, ends the server without a traceback."""
    write_sites(tmp_path)
    environment = os.environ | {"ATTENDANCE_PORT": str(free_port()), "ATTENDANCE_LOG_DIR": str(tmp_path / "logs")}
    talk = tmp_path / "talk"
    with talk.open("wb") as file:
        process = subprocess.Popen(
            [ATTENDANCE, "serve"], cwd=tmp_path, env=environment, stderr=file, start_new_session=True
        )
    wait_until(lambda: talk.read_text().count("Booting worker") == 2, 15)
    time.sleep(0.5)

    os.killpg(process.pid, signal.SIGINT)
    code = process.wait(10)

    assert code == 0
    assert "Stop with Ctrl+C" in talk.read_text()
    assert "Traceback" not in talk.read_text()


@pytest.mark.parametrize(("trusted", "status"), [("", 403), ("127.0.0.1", 201)], ids=["nobody", "us"])
def test_a_forwarded_address_is_believed_from_the_trusted_proxy_only(tmp_path: Path, trusted: str, status: int) -> None:
    """X-Forwarded-For opens a site's network to nobody, unless the proxy that sends it is the configured one."""
    write_sites(tmp_path, london='timezone: Europe/London; networks: ["203.0.113.0/24"]')

    with serving(tmp_path, ATTENDANCE_TRUSTED_PROXY=trusted) as server:
        bare, _ = server.mark("E0001")
        forwarded, _ = server.mark("E0001", **{"X-Forwarded-For": "203.0.113.7"})

    assert bare == 403
    assert forwarded == status
