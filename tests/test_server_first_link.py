"""Claims about the first start: who may see the one-time link, and how often it works."""

import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from attendance.accounts.file import FILE_NAME, AccountsFile
from tests.servers import ATTENDANCE, START_SECONDS, Server, free_port, serving, wait_until, write_sites

PASSWORD = "correct horse battery"  # noqa: S105  # it opens nothing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a registry of one site."""
    write_sites(tmp_path)
    return tmp_path


@contextmanager
def serving_on_a_terminal(folder: Path) -> Iterator[tuple[Server, int]]:
    """Serve on a terminal; give the server, and the descriptor from which what it says can be read."""
    screen, terminal = pty.openpty()
    port = free_port()
    environment = os.environ | {"ATTENDANCE_PORT": str(port), "ATTENDANCE_WORKERS": "2", "COLUMNS": "200"}
    process = subprocess.Popen(
        [ATTENDANCE, "serve"], cwd=folder, env=environment, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    os.set_blocking(screen, False)
    server = Server(folder, port, process)
    try:
        wait_until(server.answers, START_SECONDS)
        wait_until(lambda: len(server.workers()) == 2, START_SECONDS)
        yield server, screen
    finally:
        server.end()
        os.close(screen)


def seen(screen: int) -> str:
    """Return what stands on the screen by now."""
    shown = b""
    time.sleep(0.1)
    with suppress(BlockingIOError):
        while piece := os.read(screen, 1 << 16):
            shown += piece
    return shown.decode()


def make(server: Server, path: str, name: str) -> int:
    """Send the form of the link, and return the status."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        form = urlencode({"name": name, "password": PASSWORD})
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.address}
        connection.request("POST", path, form, headers=kind)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_terminal_shows_the_link_which_works_once(folder: Path) -> None:
    """Whoever started the server makes the first account with it; then the link opens nothing, nor is it offered."""
    with serving_on_a_terminal(folder) as (server, screen):
        found = re.search(r"first account: http://127\.0\.0\.1:\d+(/first-account/[\w-]+)", seen(screen))
        assert found is not None
        opened = server.ask("GET", found[1])[0]
        made = [make(server, found[1], name) for name in ("ana", "jo")]
        late = server.ask("GET", found[1])[0]
    with serving_on_a_terminal(folder) as (_, screen):
        again = seen(screen)

    assert (opened, made, late) == (200, [303, 403], 403)
    assert set(AccountsFile(folder / FILE_NAME).current().accounts) == {"ana"}
    assert "first-account" not in again
    assert not (folder / ".first-account").exists()


def test_a_log_never_holds_the_link(folder: Path) -> None:
    """Where stderr is no terminal, it may be kept and read by many: it says only in which file the link stands."""
    with serving(folder) as server:
        link = (folder / ".first-account").read_text().strip()
        secret = link.rpartition("/")[2]
        opened = server.ask("GET", f"/first-account/{secret}")[0]
        log = server.log

    said = (folder / "server.err").read_text()
    assert str(folder / ".first-account") in said
    assert (folder / ".first-account").stat().st_mode & 0o777 == 0o600
    assert (opened, secret in said, secret in log) == (200, False, False)


def test_a_broken_list_of_accounts_stops_no_mark(folder: Path) -> None:
    """The server starts, says what is wrong, and takes marks; nobody signs in."""
    (folder / FILE_NAME).write_text("accounts: {ana: {}}\n")
    (folder / FILE_NAME).chmod(0o600)

    with serving(folder) as server:
        marked = server.mark("E1")[0]

    said = (folder / "server.err").read_text()
    assert marked == 201
    assert f"{folder / FILE_NAME}:1:12: there is no `roles`" in said
    assert "Traceback" not in said


def test_a_folder_in_the_place_of_the_link_stops_no_server(folder: Path) -> None:
    """What keeps the link from being written is said, and marks go on."""
    (folder / ".first-account").mkdir()

    with serving(folder) as server:
        marked = server.mark("E1")[0]

    assert marked == 201
    assert "Is a directory" in (folder / "server.err").read_text()
