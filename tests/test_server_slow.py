"""Claims about clients that are slow or say nothing: each is shown out, and nobody else has to wait for them."""

import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from attendance.web.worker import ANSWER_SECONDS, REQUEST_SECONDS
from tests.servers import Server, exchange, memory_bytes, read_all, serving, wait_until, write_sites

IDLE = 2000
SLOW = 20
GROWTH_BYTES = 48 << 20  # 2,000 connections and what is held for them
SLACK_SECONDS = 5.0
MARK_SECONDS = 3.0


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Allow this process so many open connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * IDLE)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _connect(server: Server, stack: ExitStack, count: int, sent: bytes = b"") -> list[socket.socket]:
    """Open connections that begin with the same bytes, and stay open until the end of the test."""
    clients = []
    for _ in range(count):
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", server.port))
        client.sendall(sent)
        clients.append(client)
    return clients


def _send_on(client: socket.socket, piece: bytes) -> bool:
    """Send something more; tell whether the server is still there."""
    try:
        client.send(piece, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return True


def _descriptors(server: Server) -> int:
    """Return how many descriptors the workers have open together."""
    return sum(len(list(Path(f"/proc/{worker}/fd").iterdir())) for worker in server.workers())


@pytest.mark.usefixtures("_many_files")
def test_slow_and_silent_clients_are_shown_out_and_nobody_waits_for_them(tmp_path: Path) -> None:
    """Slow heads, slow bodies, unread answers and 2,000 silent connections end by the deadline; marks go on at once."""
    write_sites(tmp_path)
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    with serving(tmp_path) as server, ExitStack() as stack:
        page = exchange(server.port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        style = re.search(rb'/static/[^"]+\.css', page)
        assert style
        ask = b"GET " + style[0] + b" HTTP/1.1\r\nHost: x\r\n\r\n"
        server.mark("E0")
        before_bytes, before_files = memory_bytes(server.workers()), _descriptors(server)

        began = time.monotonic()
        silent = _connect(server, stack, IDLE)
        slow_heads = _connect(server, stack, SLOW, head)
        slow_bodies = _connect(server, stack, SLOW, head + b"Content-Length: 1000\r\n\r\n")
        unread = _connect(server, stack, 2, ask)
        opened_at = time.monotonic()
        wait_until(lambda: _descriptors(server) > before_files + IDLE, SLACK_SECONDS)

        waits, most_bytes, number = [], 0, 0
        while time.monotonic() < opened_at + max(REQUEST_SECONDS, ANSWER_SECONDS) + SLACK_SECONDS:
            number += 1
            asked = time.monotonic()
            assert server.mark(f"E{number}")[0] == 201
            waits.append(time.monotonic() - asked)
            most_bytes = max(most_bytes, memory_bytes(server.workers()))
            for client in slow_heads:
                _send_on(client, b"X-%d: y\r\n" % number)
            for client in slow_bodies:
                _send_on(client, b" ")
            for client in unread:
                _send_on(client, ask * 24)
            time.sleep(0.1)
            if _descriptors(server) < before_files + SLOW:
                break
        took_seconds = time.monotonic() - opened_at
        wait_until(lambda: not any(_send_on(client, b" ") for client in unread), SLACK_SECONDS)
        answers = [read_all(client) for client in (*silent[:5], *slow_heads[:5], *slow_bodies[:5])]

    assert REQUEST_SECONDS - (opened_at - began) - 1 < took_seconds < REQUEST_SECONDS + SLACK_SECONDS
    assert max(waits) < MARK_SECONDS
    assert most_bytes - before_bytes < GROWTH_BYTES
    assert {answer.partition(b"\r\n")[0] for answer in answers} <= {b"HTTP/1.1 408 Request Timeout", b""}
    assert answers[0] != b""
    assert "Traceback" not in server.log
