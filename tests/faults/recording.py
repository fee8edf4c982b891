"""Clients and readers that record what happened: each mark with its times and its answer, and each board."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import NamedTuple

from tests.faults.checker import Row
from tests.faults.histories import Board, Operation, check_history
from tests.servers import ANSWER_SECONDS, ATTENDANCE, Server, write_sites

CLIENTS = 8
REGULARS = [f"E{number}" for number in range(1, 6)]
"""So few that many mark for the same one at the same time."""

_OFTEN = 0.7  # a mark is a regular's
_TWICE = 0.2  # a button is tapped twice
_PUNCTUATION = str.maketrans("01", ".'")  # says nothing about whose name it is


class _Wish(NamedTuple):
    """What a client wishes to be recorded."""

    employee_id: str
    status: str


class Recorder:
    """Clients who mark at the site `london` of a server, readers of its board, and what became of each."""

    def __init__(self, server: Server, *, seed: int, clients: int = CLIENTS) -> None:
        self.operations: list[Operation] = []
        self.boards: list[Board] = []
        self.mistakes: list[str] = []
        self.busy = 0
        self.path = server.folder / "data" / "london.csv"
        self._server = server
        self._numbers = count()
        self._over = Event()
        self._threads = [Thread(target=self._client, args=(number, seed)) for number in range(clients)]
        self._threads += [Thread(target=self._reader), Thread(target=self._follower)]

    def begin(self) -> None:
        """Let all of them begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let all of them end; when the last one is answered, look at a last board."""
        if self._over.is_set():
            return
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._look()

    def check(self) -> list[Row]:
        """Return the rows of the ledger; fail where the history is not one of marks that came one by one."""
        assert not self.mistakes, self.mistakes[0]
        return check_history(self.path, self.operations, self.boards)

    def codes(self) -> set[str]:
        """Return the codes of the refusals."""
        return {str(one.body.get("code")) for one in self.operations if one.status_code >= 400}

    def many(self, status_code: int) -> int:
        """Return how many marks were answered so; 0 stands for no answer."""
        return sum(one.status_code == status_code for one in self.operations)

    def _client(self, number: int, seed: int) -> None:
        """Mark again and again; what was not answered is sent again. Every second client keeps its connections."""
        random = Random(seed * 100 + number)  # noqa: S311 -- what a test does
        connections = [HTTPConnection("127.0.0.1", self._server.port, timeout=ANSWER_SECONDS) for _ in range(2)]
        again: _Wish | None = None
        for visit in count():
            if self._over.wait(0.02 if again else 0.002):
                break
            employee_id = random.choice(REGULARS) if random.random() < _OFTEN else f"V{number}.{visit}"
            wish = again or _Wish(employee_id, random.choice(("Present", "Absent")))
            taps = connections if random.random() < _TWICE else connections[:1]
            again = None if self._mark(taps, wish) else wish
            if number % 2 == 0:
                _close(connections)
        _close(connections)

    def _mark(self, connections: Sequence[HTTPConnection], wish: _Wish) -> bool:
        """Send a mark over each of the connections at once; tell whether all were answered."""
        sent = [self._send(connection, wish) for connection in connections]
        done = [_answered(connection, one) for connection, one in zip(connections, sent, strict=True)]
        self.operations += done
        return all(one.status_code for one in done)

    def _send(self, connection: HTTPConnection, wish: _Wish) -> Operation:
        """Send a mark, under a name that no other one has and that is the same person's."""
        name = "Ana Park " + f"{next(self._numbers):b}".translate(_PUNCTUATION)
        body = json.dumps({"employee_id": wish.employee_id, "name": name, "status": wish.status})
        operation = Operation(employee_id=wish.employee_id, name=name, status=wish.status, sent=time.monotonic_ns())
        try:
            connection.request("POST", "/sites/london/attendance", body, {"Content-Type": "application/json"})
        except OSError:
            connection.close()  # then there is no answer either
        return operation

    def _reader(self) -> None:
        """Look at the board again and again."""
        while not self._over.wait(0.05):
            self._look()

    def _look(self) -> None:
        """Look at the board."""
        environment = os.environ | {"ATTENDANCE_SITES": str(self._server.folder / "sites.yaml")}
        command = [str(ATTENDANCE), "board", "london", "--json"]
        asked = time.monotonic_ns()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        answered = time.monotonic_ns()
        if "too many people are marking" in done.stderr:
            self.busy += 1  # refused, as a mark may be
            return
        if done.returncode:
            self.mistakes.append(f"there was no board: {done.stderr}")
            return
        told = json.loads(done.stdout)
        rows = tuple(Row(*(mark[key] for key in _KEYS)) for mark in told["marks"])
        self.boards.append(Board(asked=asked, answered=answered, work_date=told["work_date"], rows=rows))

    def _follower(self) -> None:
        """Read the file again and again, as docs/ledger.md allows: whole lines that were seen never change."""
        seen = b""
        while not self._over.wait(0.02):
            content = self.path.read_bytes() if self.path.exists() else b""
            if not content.startswith(seen):
                self.mistakes.append(f"whole lines of the ledger changed, or went: {len(seen)} bytes of them")
                break
            seen = content[: content.rfind(b"\n") + 1]


_KEYS = ("timestamp", "employee_id", "name", "status")


@contextmanager
def recording(server: Server, *, seed: int) -> Iterator[Recorder]:
    """Let clients mark and readers look meanwhile, and record it all."""
    recorder = Recorder(server, seed=seed)
    recorder.begin()
    try:
        yield recorder
    finally:
        recorder.end()


def write_recorded_site(folder: Path) -> None:
    """Write the registry of a server that is recorded; the day of its site does not turn meanwhile."""
    zone = "Etc/UTC" if 6 <= time.gmtime().tm_hour < 18 else "Etc/GMT-12"
    write_sites(folder, london=f"timezone: {zone}")


def _close(connections: Sequence[HTTPConnection]) -> None:
    """Close connections; each is opened again when it is used."""
    for connection in connections:
        connection.close()


def _answered(connection: HTTPConnection, sent: Operation) -> Operation:
    """Return the operation with its answer, if there comes a whole one."""
    try:
        with connection.getresponse() as answer:
            body = json.loads(answer.read())
    except (OSError, HTTPException, ValueError):
        connection.close()
        return sent
    return Operation(
        employee_id=sent.employee_id,
        name=sent.name,
        status=sent.status,
        sent=sent.sent,
        answered=time.monotonic_ns(),
        status_code=answer.status,
        body=body,
    )
