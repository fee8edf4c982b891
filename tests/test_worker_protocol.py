"""Claims about the protocol of a worker by itself, under uvicorn in this process: bounds of one request and of many."""

import asyncio
import contextlib
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from attendance.web.worker import BoundedProtocol
from tests.servers import exchange, free_port, wait_until

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body and answer with its length."""
    del scope
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length, more = length + len(message["body"]), message["more_body"]
    answer = str(length).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server of this protocol on the loopback, in a thread."""
    chosen = free_port()
    config = uvicorn.Config(application, port=chosen, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = Thread(target=lambda: asyncio.run(server.serve()))
    with pytest.MonkeyPatch.context() as quiet:
        quiet.setattr(server, "capture_signals", contextlib.nullcontext)  # a thread has no signals
        thread.start()
        wait_until(lambda: server.started, 10)
        yield chosen
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        pytest.param(GET + CLOSE, [200], id="a request"),
        pytest.param(GET + b"\r\n" + GET + CLOSE, [200, 200], id="two at once"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + CLOSE + b"abc", [200], id="a body"),
        pytest.param(GET + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + GET + CLOSE, [200, 200], id="an upgrade"),
        pytest.param(b"\x16\x03\x01 not HTTP\r\n\r\n", [400], id="garbage"),
        pytest.param(GET + b"\r\n" + b"garbage\r\n\r\n", [200], id="garbage behind a request"),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", [414], id="a long address"),
        pytest.param(b"GET /" + b"a" * 90_000, [414], id="an address without end"),
        pytest.param(GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n", [431], id="a large head"),
        pytest.param(GET + b"X: y\r\n" * 20_000, [431], id="a head without end"),
    ],
)
def test_each_request_is_answered_within_its_bounds(port: int, sent: bytes, statuses: list[int]) -> None:
    """What is within the bounds is answered in its order; the first that is not ends the connection with its status."""
    answer = exchange(port, sent)

    assert [int(part.split(b" ", 1)[0]) for part in answer.split(b"HTTP/1.1 ")[1:]] == statuses
