"""Claims about the product without its checkout: a wheel, an empty environment, an empty folder."""

import os
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.servers import START_SECONDS, STOP_SECONDS, free_port

ROOT = Path(__file__).parent.parent


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Build the wheel, install it with its pinned dependencies into an empty environment, and return its bin folder."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    wheel = next((tmp_path / "dist").glob("attendance-*.whl"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    pip = [str(tmp_path / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pins = ROOT / "requirements" / "app.txt"
    subprocess.run([*pip, "--require-hashes", "-r", pins], check=True, capture_output=True, timeout=300)
    subprocess.run([*pip, "--no-deps", wheel], check=True, capture_output=True, timeout=120)
    return tmp_path / "venv" / "bin"


def test_the_wheel_serves_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """`attendance init` and `attendance serve` are all that an empty folder needs; a mark stands in its file."""
    folder = tmp_path / "empty"
    folder.mkdir()
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "ATTENDANCE_PORT": str(port)}
    subprocess.run([installed / "attendance", "init"], cwd=folder, env=environment, check=True, timeout=60)
    with (tmp_path / "talk").open("wb") as talk:
        server = subprocess.Popen([installed / "attendance", "serve"], cwd=folder, env=environment, stderr=talk)

    try:
        answer, page = _mark(port), _page(port)
    finally:
        server.terminate()
        code = server.wait(STOP_SECONDS)

    rows = (folder / "data" / "head-office.csv").read_text(encoding="utf-8").splitlines()
    assert answer == 201
    assert "Head office" in page
    assert rows[1].endswith(",E1,Ana,Present")
    assert code == 0
    assert (folder / "logs" / "attendance.log").exists()


def _mark(port: int) -> int:
    """Mark by form as soon as the server answers, and return the status."""
    form = "employee_id=E1&name=Ana&status=Present"
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/sites/head-office/attendance", form, headers)
            return connection.getresponse().status
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        finally:
            connection.close()


def _page(port: int) -> str:
    """Return the list of sites and make sure that its style sheet is served."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        page = connection.getresponse().read().decode()
        connection.request("GET", page.partition('rel="stylesheet" href="')[2].partition('"')[0])
        assert connection.getresponse().status == 200
        return page
    finally:
        connection.close()
