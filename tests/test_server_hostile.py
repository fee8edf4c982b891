"""Claims about hostile and odd HTTP at the real server: it is refused cheaply, and other people's marks go on."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import product

import pytest

from tests.servers import Server, exchange, memory_bytes, read_all, send_mark, serving, wait_until, write_sites

GROWTH_BYTES = 8 << 20
FLOOD_BYTES = 64 << 20
CHUNKED = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
JSON = b"Content-Type: application/json\r\n"
PAUSES = (0.0, 0.002, 0.004, 0.008, 0.02)
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LAST = b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all of these claims: what one client did must not show to the next."""
    folder = tmp_path_factory.mktemp("hostile")
    write_sites(folder)
    with serving(folder) as server:
        for number in range(20):
            server.mark(f"W{number}")  # so that every worker has what it needs, before its memory is looked at
        yield server


@pytest.fixture(autouse=True)
def _others_go_on(server: Server) -> Iterator[None]:
    """Whatever a client did, the workers are the same as before, nothing broke, and people mark."""
    workers, before = server.workers(), memory_bytes(server.workers())
    yield
    assert server.mark(f"E{time.monotonic_ns()}")[0] == 201
    assert server.workers() == workers
    assert memory_bytes(workers) - before < GROWTH_BYTES
    assert "Traceback" not in server.log


def _status(answer: bytes) -> int:
    """Return the status of the first answer, 0 where the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def _flood(server: Server, head: bytes, piece: bytes) -> tuple[int, bytes]:
    """Send a head and then the same bytes until the server closes; return how many went out, and the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        sent_bytes = 0
        try:
            connection.sendall(head)
            while sent_bytes < FLOOD_BYTES:
                connection.sendall(piece)
                sent_bytes += len(piece)
        except ConnectionError:
            pass
        return sent_bytes, read_all(connection)


def test_a_huge_address_is_refused(server: Server) -> None:
    """A URL of 200 kB is answered 414, alone and behind another request."""
    huge = b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"

    assert _status(exchange(server.port, huge)) == 414
    behind = exchange(server.port, GET + b"\r\n" + huge)
    assert _status(behind) == 200
    assert b"HTTP/1.1 414 " in behind or behind.count(b"HTTP/1.1 ") == 1


def test_many_header_lines_are_refused(server: Server) -> None:
    """Five thousand header lines are answered 431."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 50) for number in range(5000))

    assert _status(exchange(server.port, GET + lines + b"\r\n")) == 431


def test_a_header_of_megabytes_is_refused(server: Server) -> None:
    """A header line of 7 MB is answered 431, or closed, as soon as it is too long."""
    assert _status(exchange(server.port, GET + b"X: " + b"a" * 7_000_000 + b"\r\n\r\n")) in {431, 0}


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (GET, b"X: " + b"a" * 1000 + b"\r\n"),
        (b"GET /", b"a" * 1000),
        (CHUNKED + JSON + b"\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n"),
        (CHUNKED + JSON + b"\r\n0\r\n", b"X: " + b"a" * 1000 + b"\r\n"),
        (CHUNKED + JSON + b"\r\n1;", b"a" * 1000),
        (b"", (GET + b"\r\n") * 1000),
    ],
    ids=["header lines", "address", "chunks", "trailers", "chunk extension", "pipelined requests"],
)
def test_endless_input_is_cut_off(server: Server, head: bytes, piece: bytes) -> None:
    """Whatever goes on without an end is refused long before it fills the memory, and the connection is closed."""
    sent_bytes, answer = _flood(server, head, piece)

    assert sent_bytes < FLOOD_BYTES
    assert _status(answer) in {0, 200, 413, 414, 431}


def test_endless_chunks_are_too_large_for_a_mark(server: Server) -> None:
    """A body that never ends is answered 413 once, as soon as it is larger than a mark can be."""
    answer = exchange(server.port, CHUNKED + JSON + b"\r\n", *[b"4000\r\n" + b"a" * 0x4000 + b"\r\n"] * 80)

    assert _status(answer) == 413
    assert answer.count(b"HTTP/1.1 ") == 1
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "too_large"


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100],
    ids=["a TLS greeting", "a word", "a version", "zeros"],
)
def test_garbage_is_no_request(server: Server, garbage: bytes) -> None:
    """What is not HTTP is answered 400 with a problem, and the connection is closed."""
    answer = exchange(server.port, garbage)

    assert _status(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "malformed_request"


@pytest.mark.parametrize(
    "line",
    [
        b"HEAD /healthz HTTP/1.1",
        b"HEAD /sites/london/attendance HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"OPTIONS /sites/london/attendance HTTP/1.1",
        b"PUT /sites/london/attendance HTTP/1.1",
        b"DELETE / HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"CONNECT example.org:443 HTTP/1.1",
        b"BREW /attendance HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET http://example.org HTTP/1.1",
        b"GET /\xff\xfe HTTP/1.1",
        b"GET /sites/%00/attendance HTTP/1.1",
        b"GET /healthz HTTP/1.0",
    ],
)
def test_odd_requests_never_fail(server: Server, line: bytes) -> None:
    """A method or an address that nobody expects gets an answer of its own, never a 500."""
    status = _status(exchange(server.port, line + b"\r\nHost: x\r\n" + LAST))

    assert 200 <= status < 500


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    """Requests that are sent without waiting for answers are answered one after the other."""
    paths = [b"/healthz", b"/nothing", b"/sites/london/attendance"] * 5
    requests = b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)

    answer = exchange(server.port, requests + GET + LAST)

    statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 404, 200] * 5 + [200]


def test_garbage_behind_a_mark_does_not_take_its_answer(server: Server) -> None:
    """A mark whose connection goes on with something that is not HTTP is answered for itself, then closed."""
    body = json.dumps({"employee_id": f"G{time.monotonic_ns()}", "name": "Ana Park", "status": "Present"}).encode()
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % len(body)

    answer = exchange(server.port, head + body + b"\x16\x03\x01 what is this\r\n\r\n")

    assert _status(answer) == 201
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_client_that_asks_first_is_told_to_continue(server: Server) -> None:
    """`Expect: 100-continue` gets its 100, and then the answer to the mark."""
    body = json.dumps({"employee_id": f"C{time.monotonic_ns()}", "name": "Ana Park", "status": "Present"}).encode()
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + JSON
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n" % len(body) + LAST)
        asked = connection.recv(100)
        connection.sendall(body)
        answer = read_all(connection)

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert _status(answer) == 201


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_is_answered_in_plain_http(server: Server, protocol: str) -> None:
    """Who asks for another protocol gets the page in this one, and can go on with a mark."""
    upgrade = {"Connection": "Upgrade", "Upgrade": protocol, "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)

    connection.request("GET", "/healthz", headers=upgrade)
    answer = connection.getresponse()
    status, _ = answer.status, answer.read()
    marked, _ = send_mark(connection, f"U{time.monotonic_ns()}", **upgrade)
    again, _ = send_mark(connection, f"V{time.monotonic_ns()}")
    connection.close()

    assert (status, marked, again) == (200, 201, 201)


def test_a_client_that_goes_away_leaves_no_traceback(server: Server) -> None:
    """A connection that is closed or reset in a head, in a body, or before the answer is nobody's error."""
    body = b'{"employee_id": "E1", "name": "Ana Park", "status": "Present"}'
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % len(body)
    pipelined = (head + body) * 10

    ends = (struct.pack("ii", 0, 0), struct.pack("ii", 1, 0))  # an orderly end, and a reset
    for sent, lingering, pause in product((head[:40], head + body[:20], head + body, pipelined), ends, PAUSES):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
            connection.sendall(sent)
            time.sleep(pause)

    wait_until(lambda: server.log.count('"client_gone"') >= 2, 5)
    assert "unexpected_error" not in server.log
    assert "Exception" not in server.log
