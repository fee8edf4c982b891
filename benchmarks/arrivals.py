"""Own the open loop: marks come when they are due, whatever became of those before, and are timed from that instant.

It is a process of its own, `python -m benchmarks.arrivals PLAN`, on one epoll: the timers of an event loop count whole
milliseconds, and a mark may be over in one.
"""

import json
import math
import os
import random
import re
import secrets
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate

from benchmarks.errors import LoadError
from benchmarks.load import MOST_OF_A_CORE
from benchmarks.servers import CHECKOUT, Server

SILENT_SECONDS = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_RECORDED = b"HTTP/1.1 201 "
_HEAD = (
    "POST /sites/s0/attendance HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """So many marks come to the site s0 of a server, so many a second on average; all at once, if that is infinite.

    Who finds all connections taken waits for one, and that counts. Two plans of the same seed have the same instants.
    Everybody comes once; or the same `people`, far more than connections, come in turn, again and again, and mark
    themselves Present and Absent: nobody comes again before their last mark was answered, since one worker may answer
    a thousand while another waits for the disk.
    """

    port: int
    marks: int
    per_second: float = math.inf
    seed: int = 0
    people: int | None = None
    connections: int = 256

    def instants(self) -> Iterator[float]:
        """Yield when each mark is due, in seconds from the beginning: a Poisson process."""
        chance = random.Random(self.seed)  # noqa: S311  # nobody has to be kept from guessing them
        return accumulate(chance.expovariate(self.per_second) for _ in range(self.marks))

    def requests(self) -> Iterator[tuple[int, bytes]]:
        """Yield who marks, by number, and what is sent for the mark."""
        crowd = "again" if self.people else secrets.token_hex(4)
        for number in range(self.marks):
            again, person = divmod(number, self.people or self.marks)
            body = json.dumps(
                {"employee_id": f"{crowd}-{person}", "name": "Ana Park", "status": "Absent" if again % 2 else "Present"}
            )
            yield person, (_HEAD.format(length=len(body)) + body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long marks took, in seconds from the instant at which each was due; and how busy their sender was.

    `busy` is the part of one core that the sender used.
    """

    p50_seconds: float
    p99_seconds: float
    p999_seconds: float
    busy: float


def send(
    server: Server, *, marks: int, per_second: float = math.inf, seed: int = 0, people: int | None = None
) -> Waits:
    """Send marks from a process of its own, as `Plan` says.

    Raise LoadError if one was not recorded, or if that process was too busy to send each when it was due.
    """
    plan = Plan(port=server.port, marks=marks, per_second=per_second, seed=seed, people=people)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.arrivals", json.dumps(asdict(plan))],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LoadError(f"{server.name}: {done.stderr}")
    waits = Waits(**json.loads(done.stdout))
    if math.isfinite(per_second) and waits.busy > MOST_OF_A_CORE:
        raise LoadError(f"{server.name}: the sender was busy for {waits.busy:.0%}: it may have been the bottleneck.")
    return waits


class _Door:
    """A kept connection, with what was read of an answer, and when the mark that waits for it was due."""

    def __init__(self, port: int) -> None:
        self.due_seconds = 0.0
        self.person = 0
        self._received = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def is_answered(self) -> bool:
        """Read on, and tell whether the answer is whole; raise LoadError if it is not a 201."""
        received = self.socket.recv(1 << 16)
        self._received += received
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        is_whole = length is not None and len(body) >= int(length[1])
        if not received or (is_whole and not head.startswith(_RECORDED)):
            raise LoadError(f"A mark failed: {self._received.decode(errors='replace')}")
        if is_whole:
            self._received = b""
        return is_whole


class Crowd:
    """Everybody who comes by a plan, at kept connections that are used in turn."""

    def __init__(self, plan: Plan) -> None:
        self.waits_seconds: list[float] = []
        self._plan = plan
        self._epoll = select.epoll()
        # Each is used about once a second, so that none is idle for so long that the server closes it.
        doors = [_Door(plan.port) for _ in range(int(max(1.0, min(plan.per_second, plan.marks, plan.connections))))]
        self._doors = {door.socket.fileno(): door for door in doors}
        self._free = deque(doors)
        self._waiting: set[int] = set()
        for descriptor in self._doors:
            self._epoll.register(descriptor, select.EPOLLIN)

    def mark(self) -> None:
        """Send every mark when it is due, wait for the last answer, and close the connections; raise LoadError."""
        begin = time.perf_counter()
        try:
            for instant, (person, request) in zip(self._plan.instants(), self._plan.requests(), strict=True):
                door = self._free_door(begin + instant, person)
                door.socket.sendall(request)
            while len(self._free) < len(self._doors):
                self._read(SILENT_SECONDS)
        finally:
            self._epoll.close()
            for door in self._doors.values():
                door.socket.close()

    def _free_door(self, due_seconds: float, person: int) -> _Door:
        """Read answers until an instant, and on until a connection is free and the person not waiting; return it."""
        self._read(0)
        while (pause_seconds := due_seconds - time.perf_counter()) > 0:
            self._read(pause_seconds)
        while not self._free or person in self._waiting:
            self._read(SILENT_SECONDS)
        door = self._free.popleft()
        door.due_seconds, door.person = due_seconds, person
        self._waiting.add(person)
        return door

    def _read(self, pause_seconds: float) -> None:
        """Read the answers that are there; wait for one for so long."""
        if pause_seconds and not select.select([self._epoll], [], [], pause_seconds)[0]:  # to the microsecond
            if pause_seconds == SILENT_SECONDS:
                raise LoadError(f"There was no answer for {SILENT_SECONDS} s.")
            return
        for descriptor, _ in self._epoll.poll(0):
            door = self._doors[descriptor]
            if door.is_answered():
                self.waits_seconds.append(time.perf_counter() - door.due_seconds)
                self._waiting.remove(door.person)
                self._free.append(door)


def percentile(ascending: Sequence[float], part: float) -> float:
    """Return the smallest value that so large a part of all does not exceed (the nearest rank)."""
    return ascending[max(0, math.ceil(part * len(ascending)) - 1)]


def main() -> None:
    """Carry out the plan that stands in the first argument, and print the waits, both as JSON."""
    crowd = Crowd(Plan(**json.loads(sys.argv[1])))
    begun, busy_seconds = time.perf_counter(), time.process_time()
    crowd.mark()
    busy = (time.process_time() - busy_seconds) / (time.perf_counter() - begun)
    ascending = sorted(crowd.waits_seconds)
    p50, p99, p999 = (percentile(ascending, part) for part in (0.5, 0.99, 0.999))
    sys.stdout.write(json.dumps(asdict(Waits(p50_seconds=p50, p99_seconds=p99, p999_seconds=p999, busy=busy))))


if __name__ == "__main__":
    main()
