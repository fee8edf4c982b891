"""Listen to a stream of the live board over a raw connection, event by event."""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.servers import ANSWER_SECONDS, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: its kind, its ID (empty: it has none) and its object; and when it was here, by the steady clock."""

    kind: str
    places: str
    body: dict[str, Any]
    at_seconds: float


@dataclass
class Ear:
    """An open stream."""

    connection: socket.socket
    status: int = 0
    places: str = ""
    comments: int = 0
    ended: bool = False
    head: str = ""
    _rest: bytes = b""
    _lines: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Read the head of the answer."""
        while b"\r\n\r\n" not in self._rest:
            received = self.connection.recv(1 << 16)
            assert received, "the server closed the connection before it answered"
            self._rest += received
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.status = int(self.head.split(" ", 2)[1])

    def events(self, seconds: float) -> Iterator[Event]:
        """Yield the events of the next seconds, or until the stream ends."""
        deadline = time.monotonic() + seconds
        while True:
            yield from self._whole()
            left = deadline - time.monotonic()
            if self.ended or left <= 0:
                return
            self.connection.settimeout(max(left, 0.001))
            try:
                received = self.connection.recv(1 << 16)
            except TimeoutError:
                return
            except ConnectionError:
                received = b""
            self.ended = not received
            self._rest += received

    def wait_for(self, count: int, seconds: float = ANSWER_SECONDS) -> list[Event]:
        """Return so many events, as soon as they are here; fewer where they do not come."""
        found: list[Event] = []
        if count:
            for event in self.events(seconds):
                found.append(event)
                if len(found) == count:
                    break
        return found

    def wait_for_end(self, seconds: float) -> float:
        """Return after how many seconds the stream ended, or fail."""
        begun = time.monotonic()
        list(self.events(seconds))
        assert self.ended, f"the stream goes on after {seconds} s"
        return time.monotonic() - begun

    def _whole(self) -> Iterator[Event]:
        """Yield the events that are here, whole."""
        while True:
            size, found, rest = self._rest.partition(b"\r\n")
            length = int(size, 16) if found else 0
            if not found or len(rest) < length + 2:
                break
            self._rest = rest[length + 2 :]
            self.ended = self.ended or not length
            self._lines += rest[:length].decode().split("\n")[:-1]
        while "" in self._lines:
            end = self._lines.index("")
            event = self._event(self._lines[:end])
            del self._lines[: end + 1]
            if event:
                yield event

    def _event(self, lines: Sequence[str]) -> Event | None:
        """Return the event that lines say, if they say one."""
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        self.comments += any(line.startswith(":") for line in lines)
        if "data" not in fields:
            return None
        self.places = fields.get("id", self.places)
        body = json.loads(fields["data"])
        return Event(kind=fields["event"], places=fields.get("id", ""), body=body, at_seconds=time.monotonic())


@contextmanager
def listening(server: Server, *sites: str, last: str = "", **headers: str) -> Iterator[Ear]:
    """Open a stream of sites, from the places where it was before; whoever listens is the token, unless said so."""
    query = urlencode([("site", site) for site in sites])
    sent = headers or {"Authorization": f"Bearer {server.token}"}
    lines = [f"GET /api/live?{query} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in sent.items())]
    if last:
        lines.append(f"Last-Event-ID: {last}")
    with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        ear = Ear(connection)
        ear.begin()
        yield ear
