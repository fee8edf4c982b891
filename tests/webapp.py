"""Have the whole application in this process: sites in an empty folder, a clock set by hand, the log read back."""

import asyncio
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import Message

from attendance.config import Settings
from attendance.model import Grant, Role
from attendance.web.app import create_app
from tests.conftest import HandClock
from tests.servers import write_sites

PAGE = "/sites/london/attendance"
ANA = {"employee_id": "E0042", "name": "Ana Martín", "status": "Present"}
NOBODY = 65534
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
HEADER = "Timestamp,Employee_ID,Name,Status\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The application while it serves."""

    app: FastAPI
    client: TestClient
    folder: Path
    clock: HandClock

    def ledger(self, site_id: str = "london") -> str:
        """Return the text of a site's file, or nothing where there is none."""
        path = self.folder / "data" / f"{site_id}.csv"
        return path.read_bytes().decode() if path.exists() else ""

    def events(self) -> list[dict[str, Any]]:
        """Return the lines of the event log, each of which is JSON."""
        path = self.folder / "logs" / "attendance.log"
        return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def exports_noted(web: Web) -> list[dict[str, Any]]:
    """Return the lines of the audit that tell of what was taken away."""
    lines = map(json.loads, (web.folder / "logs" / "audit.log").read_text("ascii").splitlines())
    return [line for line in lines if line["action"] == "export"]


def exchange(  # noqa: PLR0913  # what is sent, by whom, how
    web: Web,
    path: str,
    received: Iterator[Mapping[str, Any]],
    *,
    peer: tuple[str, int] | None = None,
    cancel_after_seconds: float | None = None,
    method: str = "POST",
    **headers: str,
) -> list[Message]:
    """Send a request to a path as it is, with what is received; return what is sent. No client tidies path or body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return dict(next(received))

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        task = asyncio.ensure_future(web.app(scope, receive, send))
        if cancel_after_seconds is not None:
            await asyncio.sleep(cancel_after_seconds)
            task.cancel()
        await task

    named = {"host": "testserver", **{key.replace("_", "-"): value for key, value in headers.items()}}
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in named.items()],
        "client": peer,
        "server": ("testserver", 80),
    }
    assert web.client.portal is not None
    web.client.portal.call(run)
    return sent


@contextmanager
def serving_web(  # noqa: PLR0913  # how a client comes, and to what
    folder: Path,
    *,
    peer: str = "192.0.2.7",
    scheme: str = "http",
    trusted_proxy: str | None = None,
    sites: Mapping[str, str] | None = None,
    role: str | None = None,
    **more: Any,
) -> Iterator[Web]:
    """Serve sites (each as `write_sites` takes it; else the sites.yaml that is there, or London) to one client.

    With a role the client has a token; `more` are settings.
    """
    if sites or not (folder / "sites.yaml").exists():
        write_sites(folder, **(sites or {}))
    clock = HandClock()
    settings = Settings(sites=folder / "sites.yaml", log_dir=folder / "logs", trusted_proxy=trusted_proxy, **more)
    with log_put_back():
        app = create_app(settings, now=clock)
        with TestClient(
            app,
            base_url=f"{scheme}://testserver",
            client=(peer, 50000),
            raise_server_exceptions=False,
            follow_redirects=False,
        ) as client:
            if role:
                grant = Grant(roles=frozenset({Role(role)}), site_ids=None)
                token = app.state.services.granting.add_token(f"test-{role}", grant, 1, by="test")
                if os.geteuid() == 0:
                    os.chown(folder / "accounts.yaml", NOBODY, -1)  # who is also let in where the test is nobody
                client.headers["Authorization"] = f"Bearer {token}"
            yield Web(app=app, client=client, folder=folder, clock=clock)


@contextmanager
def log_put_back() -> Iterator[None]:
    """Take the handlers of the event log away again, which a process otherwise keeps to its end."""
    root, of_client = logging.getLogger(), logging.getLogger("httpx2")
    level = root.level
    of_client.setLevel(logging.WARNING)  # the test client would tell of every request
    try:
        yield
    finally:
        for handler in root.handlers[:]:
            if type(handler) is logging.StreamHandler or handler.__class__.__module__ == "attendance.eventlog":
                root.removeHandler(handler)
                handler.close()
        root.setLevel(level)
        of_client.setLevel(logging.NOTSET)
        logging.captureWarnings(capture=False)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be nobody for a moment: root may write everywhere, and then no test could lack a permission."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def write_roster(folder: Path, site_id: str, **people: str) -> None:
    """Write the roster of a site: each name under its ID."""
    path = folder / "data" / f"{site_id}.roster.csv"
    path.parent.mkdir(exist_ok=True)
    rows = [f"{employee_id},{name}\n" for employee_id, name in people.items()]
    path.write_text("Employee_ID,Name\n" + "".join(rows), encoding="utf-8")


def visible_text(answer: Response) -> str:
    """Return what a person reads in a page, with single spaces."""
    body = re.sub(r"(?s)<head>.*?</head>|<[^>]*>", " ", answer.text)
    return re.sub(r"\s+([,.])", r"\1", re.sub(r"\s+", " ", unescape(body))).strip()


def tags(answer: Response, element: str, **wanted: str) -> list[dict[str, str]]:
    """Return the attributes of the elements of a page, those that have the wanted ones."""
    found: list[dict[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            read = {key: value or "" for key, value in attrs}
            if tag == element and wanted.items() <= read.items():
                found.append(read)

    Reader().feed(answer.text)
    return found


def is_problem(answer: Response, status: int, code: str) -> bool:
    """Tell whether an answer is a problem of RFC 9457 with this status and code, joined to its request."""
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and (answer.status_code, body["status"], body["code"]) == (status, status, code)
        and body["request_id"] == answer.headers["x-request-id"]
        and bool(body["detail"] and body["title"])
    )
