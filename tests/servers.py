"""Start the real server on a free port of the loopback, speak to it, and end exactly what was started."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from io import StringIO
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

from attendance.accounts.file import AccountsFile
from attendance.accounts.granting import Granting
from attendance.accounts.nouns import Account
from attendance.accounts.signing import Signing
from attendance.accounts.store import STORE_NAME, AccessStore
from attendance.accounts.visit import Visit
from attendance.audit import Audit
from attendance.clock import utc_now
from attendance.errors import AccountsError
from attendance.model import Grant, Role

ATTENDANCE = Path(sys.executable).with_name("attendance")
START_SECONDS = 60.0  # a machine that tests many things at once is slow
STOP_SECONDS = 12.0
ANSWER_SECONDS = 20.0


@dataclass
class Server:
    """A running `attendance serve`; its registry, data and log lie in `folder`; `token` is one of HR and ops."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    token: str = ""
    _known: set[int] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Return where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Return the event log so far."""
        path = self.folder / "logs" / "attendance.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the lines of the event log so far."""
        return [json.loads(line) for line in self.log.splitlines()]

    def workers(self) -> list[int]:
        """Return the process IDs of the workers."""
        pattern = re.compile(rf"^PPid:\s+{self.process.pid}$", re.MULTILINE)
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if pattern.search(status.read_text()):
                    found.append(int(status.parent.name))
            except OSError:  # it ended meanwhile
                continue
        self._known.update(found)
        return sorted(found)

    def answers(self) -> bool:
        """Tell whether it answers now."""
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON of an answer, over a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if is_json and content else {}

    def post(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
        """Send JSON; return the status and the JSON of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"} | headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Return the status of `/readyz` and what it tells ops."""
        return self.ask("GET", "/readyz", Authorization=f"Bearer {self.token}")

    def mark(self, employee_id: str, site: str = "london", **headers: str) -> tuple[int, dict[str, Any]]:
        """Mark somebody as present, over a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            return send_mark(connection, employee_id, site, **headers)
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """Stop it, and end what is left of it."""
        self.workers()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
        for worker in self._known:
            if is_worker(worker):
                os.kill(worker, signal.SIGKILL)


class Rush:
    """People who mark one after the other at several doors of a site, each once, and what became of each."""

    def __init__(self, server: Server, *, doors: int, kept: bool, site: str) -> None:
        self.acknowledged: set[str] = set()
        self.answers: list[dict[str, Any]] = []
        self.unanswered: set[str] = set()
        self.refused: dict[str, int] = {}
        self.torn: dict[str, str] = {}
        self._server = server
        self._kept = kept
        self._site = site
        self._over = Event()
        self._threads = [Thread(target=self._stand_at, args=(door,)) for door in range(doors)]

    def begin(self) -> None:
        """Open the doors."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Close the doors; return when the last of them is answered."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _stand_at(self, door: int) -> None:
        """Mark one person after the other."""
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=ANSWER_SECONDS)
        for number in count():
            if self._over.wait(0.005):
                break
            self._mark(connection, f"R{door}.{number}")
            if not self._kept:
                connection.close()
        connection.close()

    def _mark(self, connection: HTTPConnection, employee_id: str) -> None:
        """Mark one person, and keep what became of it."""
        try:
            request_mark(connection, employee_id, self._site)
            answer = connection.getresponse()
        except OSError:
            self.unanswered.add(employee_id)
            connection.close()
            return
        try:
            body = json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            self.torn[employee_id] = repr(error)
            connection.close()
            return
        if answer.status in {200, 201}:
            self.acknowledged.add(employee_id)
            self.answers.append(body)
        else:
            self.refused[employee_id] = answer.status


@contextmanager
def rushing(server: Server, *, doors: int = 4, kept: bool = False, site: str = "london") -> Iterator[Rush]:
    """Let people mark meanwhile, over fresh connections or over kept ones."""
    rush = Rush(server, doors=doors, kept=kept, site=site)
    rush.begin()
    try:
        yield rush
    finally:
        rush.end()


def granting_of(folder: Path) -> Granting:
    """Return the use case that changes the accounts of a folder."""
    return Granting(AccountsFile(folder / "accounts.yaml"), Audit(folder / "logs", now=utc_now), now=utc_now)


def add_token(folder: Path) -> str:
    """Return a new token for HR and ops at all sites of the folder."""
    grant = Grant(roles=frozenset({Role.HR, Role.OPS}), site_ids=None)
    return granting_of(folder).add_token(f"test-{time.monotonic_ns()}", grant, 1, by="test")


def sign_in(folder: Path, role: str) -> str:
    """Return a new session of an account with this role at all sites of the folder."""
    file, audit = AccountsFile(folder / "accounts.yaml"), Audit(folder / "logs", now=utc_now)
    account = file.current().accounts.get(f"test-{role}")
    if account is None:
        grant = Grant(roles=frozenset({Role(role)}), site_ids=None)
        account = Granting(file, audit, now=utc_now).add_account(
            Account(name=f"test-{role}", grant=grant), None, by="test"
        )
    signing = Signing(file, AccessStore(folder / STORE_NAME, now=utc_now), audit, now=utc_now)
    return signing.let_in(account, Visit(address=None)).session


def make_kiosk(folder: Path, site_id: str) -> str:
    """Return the secret of a new kiosk of a site of the folder."""
    granting = Granting(AccountsFile(folder / "accounts.yaml"), Audit(folder / "logs", now=utc_now), now=utc_now)
    return granting.add_kiosk(f"test-{time.monotonic_ns()}", site_id, by="test", address=None)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    folder: Path, *, workers: int = 2, port: int | None = None, under: Sequence[str] = (), **settings: str
) -> Iterator[Server]:
    """Serve the sites.yaml of the folder with real workers, started by `under` if that is given; stop them at the end.

    What it is started by must become the server, as setpriv does.
    """
    port = port or free_port()
    environment = os.environ | {
        "ATTENDANCE_PORT": str(port),
        "ATTENDANCE_WORKERS": str(workers),
        "ATTENDANCE_SITES": str(folder / "sites.yaml"),
        "ATTENDANCE_LOG_DIR": str(folder / "logs"),
        **settings,
    }
    token = ""
    with suppress(AccountsError):  # a test broke the file
        token = add_token(folder)
    with (folder / "server.err").open("wb") as talk:
        process = subprocess.Popen([*under, ATTENDANCE, "serve"], cwd=folder, env=environment, stderr=talk, stdout=talk)
    server = Server(folder, port, process, token)
    try:
        wait_until(server.answers, START_SECONDS)
        wait_until(lambda: len(server.workers()) == workers, START_SECONDS)
        yield server
    finally:
        server.end()


def wait_until(condition: object, seconds: float) -> None:
    """Wait until the condition is true, or fail."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} was not true within {seconds} seconds")
        time.sleep(0.05)


def write_sites(folder: Path, **blocks: str) -> None:
    """Write a sites.yaml with these sites: each value is the rest of its block, parted by `; `."""
    lines = ["sites:"]
    for site_id, block in (blocks or {"london": "timezone: Europe/London"}).items():
        lines += [f"  {site_id}:", f"    name: {site_id.title()}", f"    csv: data/{site_id}.csv"]
        lines += [f"    {part}" for part in block.split("; ")]
    (folder / "sites.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def request_mark(connection: HTTPConnection, employee_id: str, site: str = "london", **headers: str) -> None:
    """Send the mark of somebody who is present, under the name of Ana Park."""
    body = json.dumps({"employee_id": employee_id, "name": "Ana Park", "status": "Present"})
    path = f"/sites/{site}/attendance"
    connection.request("POST", path, body, headers={"Content-Type": "application/json"} | headers)


def send_mark(
    connection: HTTPConnection, employee_id: str, site: str = "london", **headers: str
) -> tuple[int, dict[str, Any]]:
    """Mark somebody over an open connection; return the status and the JSON of the answer."""
    request_mark(connection, employee_id, site, **headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def whole_rows(path: Path) -> list[list[str]]:
    """Return the rows of a ledger, after checking that it is a header and whole rows whose instants do not go back."""
    content = path.read_text(encoding="utf-8")
    assert content.startswith("Timestamp,Employee_ID,Name,Status\n")
    assert content.endswith("\n")
    assert "\0" not in content
    rows = list(csv.reader(StringIO(content)))[1:]
    assert {len(row) for row in rows} <= {4}
    instants = [datetime.fromisoformat(row[0]) for row in rows]
    assert instants == sorted(instants)
    return rows


def is_worker(process_id: int) -> bool:
    """Tell whether the process is there and is gunicorn's."""
    try:
        return b"gunicorn" in Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return False


def memory_bytes(process_ids: list[int]) -> int:
    """Return how much memory the processes hold together."""
    kilobytes = 0
    for process_id in process_ids:
        found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{process_id}/status").read_text(), re.MULTILINE)
        assert found
        kilobytes += int(found[1])
    return kilobytes << 10


def exchange(port: int, *parts: bytes, seconds: float = ANSWER_SECONDS) -> bytes:
    """Send bytes as they are, and return what came back until the server closed the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with suppress(ConnectionError):  # it may refuse before it has read everything
            for part in parts:
                connection.sendall(part)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    received = b""
    with suppress(ConnectionError):
        while chunk := connection.recv(1 << 16):
            received += chunk
    return received
