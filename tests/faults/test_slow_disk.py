"""Claims about a disk that takes its time: the event loop stays live, the queue is bounded, nobody else waits."""

import json
import resource
import select
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from attendance.appendlog.groupcommit import MAX_WAITING
from tests.faults.checker import check_rows
from tests.faults.clerk import Clerk, calm, row_of, write_two_sites
from tests.faults.strikes import struck
from tests.servers import Server, read_all, serving, wait_until

TOO_MANY = 100
MEANWHILE = 30
ANSWER_SECONDS = 60.0
FOR_LONG = "fdatasync:delay_enter=600s:when=1"
"""A flush does not begin until the strike is over, however fast this machine is."""


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Allow this process so many open connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, MAX_WAITING + TOO_MANY + 500)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _send_mark(server: Server, stack: ExitStack, number: int) -> socket.socket:
    """Send a mark over a connection that ends with its answer, and do not wait for that."""
    client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_SECONDS))
    body = json.dumps({"employee_id": f"S{number}", "name": "Ana Park", "status": "Present"}).encode()
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    client.sendall(head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return client


def _answer(client: socket.socket) -> tuple[int, bytes, dict[str, Any]]:
    """Return the status, the head and the JSON of an answer, once it is there."""
    head, _, body = read_all(client).partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head.lower(), json.loads(body)


def _answered(clients: Sequence[socket.socket]) -> int:
    """Return for how many of them something of an answer is there."""
    poll = select.poll()
    for client in clients:
        poll.register(client, select.POLLIN)
    return len(poll.poll(0))


def _is_written(path: Path, rows: int) -> bool:
    """Tell whether more than so many rows stand in the file, flushed or not."""
    return path.read_bytes().count(b"\n") > 1 + rows


@pytest.mark.needs("root", "strace")
@pytest.mark.usefixtures("_many_files")
def test_a_slow_flush_holds_up_the_marks_of_its_site_alone(tmp_path: Path) -> None:
    """While a flush lasts, health and another site are answered; so many marks may wait, and those get their rows."""
    path = write_two_sites(tmp_path)
    (tmp_path / "disk").mkdir()

    with serving(tmp_path, workers=1) as server, ExitStack() as stack, calm(server):
        london, oslo = Clerk(server), Clerk(server, "oslo")
        assert london.mark() == oslo.mark() == "recorded"
        with struck(server.workers(), path, FOR_LONG):
            people = [_send_mark(server, stack, 0)]
            wait_until(lambda: _is_written(path, len(london.rows)), ANSWER_SECONDS)
            people += [_send_mark(server, stack, number) for number in range(1, 1 + MAX_WAITING + TOO_MANY)]
            meanwhile = {(server.ask("GET", "/healthz")[0], oslo.mark()) for _ in range(MEANWHILE)}
            wait_until(lambda: _answered(people) == TOO_MANY, ANSWER_SECONDS)
            held = not _answered(people[:1])
        answers = [_answer(client) for client in people]
        assert london.mark() == oslo.mark() == "recorded"

    assert held
    assert meanwhile == {(200, "recorded")}
    refused = Counter((body["code"], b"retry-after: 1" in head) for status, head, body in answers if status == 503)
    assert refused == {("storage_busy", True): TOO_MANY}
    rows = [row_of(body) for status, _, body in answers if status == 201]
    assert len(rows) == 1 + MAX_WAITING
    assert len(check_rows(path, rows + london.rows)) == len(rows + london.rows)
    assert len(check_rows(tmp_path / "data" / "oslo.csv", oslo.rows)) == len(oslo.rows)
