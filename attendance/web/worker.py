"""Own how a gunicorn worker speaks HTTP: bounded heads, a deadline for requests, and no life without its master."""

import asyncio
import ctypes
import gc
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from gunicorn.glogging import Logger
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn_worker import UvicornWorker

from attendance.errors import AttendanceError
from attendance.web.app import STOP, create_app
from attendance.web.uploads import MAX_UPLOAD_BYTES, UPLOAD_SECONDS, is_upload

MAX_HEAD_BYTES = 32 << 10
MAX_URL_BYTES = 8 << 10  # RFC 9110, 4.1 asks for at least 8,000 octets
MAX_REQUEST_BYTES = 1 << 20
"""A request with its body, chunk sizes and trailers; the application refuses a body long before this."""

MAX_PIPELINED = 32
REQUEST_SECONDS = 15.0
"""How long a request may take to arrive, from its first byte (or the connection) to its last."""

ANSWER_SECONDS = 15.0
"""How long a client may leave its answers unread while more of them wait."""

LEAVE_SECONDS = 0.5
"""How long a worker that stops waits for a request that is on its way."""

GARBAGE_THRESHOLD = 20_000
"""After so many new objects cycles among them are looked for; a mark makes none (docs/decisions/0009-hot-path.md)."""

LARGE_BYTES = 4 << 20
"""So large a block goes back to the system when it is free: a hash of a password takes 19 MiB (mallopt(3))."""

_PR_SET_PDEATHSIG = 1  # prctl(2)
_M_MMAP_THRESHOLD = -3  # malloc.h
_CODES = {
    HTTPStatus.BAD_REQUEST: "malformed_request",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "address_too_long",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "header_too_large",
}
_DETAILS = {
    HTTPStatus.BAD_REQUEST: "The request is not HTTP.",
    HTTPStatus.REQUEST_TIMEOUT: "The request took too long to arrive. Send it again.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is too large.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The header is too large. Delete the cookies of this site.",
}


class _RefusedError(Exception):
    """Leave the parser's callback; the parser turns it into an error of its own."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 by httptools, which has no limits of its own: it would gather a header of any size, for any time."""

    _received_bytes = 0
    _max_bytes = MAX_REQUEST_BYTES
    _in_head = False
    _arriving = True
    _leaving = False
    _deaf = False
    _status = HTTPStatus.BAD_REQUEST
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent
        """Expect a first request within the deadline."""
        super().connection_made(transport)
        self._expect(REQUEST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect_nothing()
        _cancel(self._stalled)
        if self._answering is not None and not self._answering.response_complete:
            # Where requests are pipelined, the parent tells only the last of them that the client is gone.
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; refuse what grows too large, and wait for the rest of a request within the deadline."""
        if self._deaf:
            self.flow.pause_reading()
            return
        self._received_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self._refuse(self._status)
        if self._in_head and self._received_bytes > MAX_HEAD_BYTES:
            long_url = len(self.url) > MAX_URL_BYTES
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG if long_url else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._received_bytes > self._max_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif self._arriving and self._deadline is None and not self.transport.is_closing():
            self._expect(REQUEST_SECONDS)

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        self._in_head = self._arriving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Go on with a request whose head is small enough, unless too many wait before it already."""
        if len(self.url) > MAX_URL_BYTES:
            self._status = HTTPStatus.REQUEST_URI_TOO_LONG
            raise _RefusedError
        if sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise _RefusedError
        if len(self.pipeline) >= MAX_PIPELINED or self.parser.get_method() == b"CONNECT":
            raise _RefusedError
        if self.parser.should_upgrade():
            return  # `_feed` begins it anew
        self._in_head = False
        if is_upload(self.url.partition(b"?")[0].decode("latin-1")):
            self._max_bytes = MAX_UPLOAD_BYTES
            self._expect_nothing()
            self._expect(UPLOAD_SECONDS)
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is here."""
        if self.parser.should_upgrade():
            return
        self._received_bytes = 0
        self._max_bytes = MAX_REQUEST_BYTES
        self._arriving = False
        self._expect_nothing()
        super().on_message_complete()

    def shutdown(self) -> None:
        """Close the connection; but a request that is on its way may still arrive, and is answered.

        Streams, which would go on for ever, end first.
        """
        if STOP in self.app_state:
            self.app_state[STOP]()
        if not self._arriving:
            super().shutdown()
            return
        self._leaving = True
        if self.cycle is not None:
            self.cycle.keep_alive = False
        self._expect_nothing()
        self._expect(LEAVE_SECONDS)

    def pause_writing(self) -> None:
        """Wait for a client that does not read its answer, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        _cancel(self._stalled)
        super().resume_writing()

    def _feed(self, data: bytes) -> None:
        """Parse bytes; where another protocol is asked for, begin the request anew without that wish (RFC 9110, 7.8).

        The parser would take the body for that other protocol, and be of no use for the requests behind it.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                version = self.parser.get_http_version().encode()
                lines = (b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade")
                head = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version) + b"".join(lines) + b"\r\n"
                data = head + data[upgrade.args[0] :]
                self.parser = HttpRequestParser(self)
            else:
                return

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Begin to answer a request."""
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _expect(self, seconds: float) -> None:
        """Set the deadline."""
        self._deadline = self.loop.call_later(seconds, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _expect_nothing(self) -> None:
        """Lift the deadline."""
        _cancel(self._deadline)
        self._deadline = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Take nothing more, answer with a problem where nobody could take it for another answer, and close."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        unanswered = cycle is not None and not cycle.response_complete
        in_body = cycle is not None and self._arriving and not self._in_head
        if cycle is not None and unanswered and not in_body:  # the answer to the request before is the last one
            cycle.keep_alive = False
            self._deaf = True
            self.flow.pause_reading()
            self._expect_nothing()
            return
        if cycle is None or not in_body or (unanswered and cycle is self._answering and not cycle.response_started):
            self.transport.write(_problem(status))
        self.transport.close()


def _problem(status: HTTPStatus) -> bytes:
    """Return an answer in the form of RFC 9457, the last of its connection."""
    body = json.dumps(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status,
            "code": _CODES[status],
            "detail": _DETAILS[status],
        }
    ).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    """Cancel a timer, if there is one."""
    if timer is not None:
        timer.cancel()


def load_app() -> FastAPI:
    """Return the application for gunicorn; say what keeps it from starting, without a traceback."""
    try:
        app = create_app()
    except AttendanceError as error:
        raise SystemExit(str(error)) from None
    gc.collect()
    gc.freeze()  # what stands now stays: no worker searches it for garbage, and its pages remain shared
    gc.set_threshold(GARBAGE_THRESHOLD)
    return app


class AttendanceWorker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """Serve with the bounded protocol, and leave as soon as the master is gone, so that a new one can bind the port."""

    sockets: list[Any]
    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012  # as its parent has it
        "loop": "uvloop",
        "http": BoundedProtocol,
        "ws": "none",
        "proxy_headers": False,  # the application believes the one proxy that is configured, and nobody else
        "server_header": False,
        "access_log": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # gunicorn tells of starts and stops already

    def init_process(self) -> None:
        """Ask the kernel to end this process with its master (prctl(2)), then serve."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        with suppress(AttributeError):  # another C library
            libc.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        if os.getppid() != self.ppid:  # it was gone before we could ask
            sys.exit(0)
        # The event loop lets go of a socket before it closes its descriptor, but not of gunicorn's wrapper: that would
        # close the number once more, which may be a ledger's by then.
        self.sockets = [listener.sock for listener in self.sockets]
        # The master kills after the whole of it: be gone before, in good order.
        self.config.timeout_graceful_shutdown = max(1, self.cfg.graceful_timeout - 2)
        super().init_process()

    def _install_sigquit_handler(self) -> None:
        """Stop when the master says so by SIGQUIT (it was interrupted): the parent would hear it and go on serving."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, signal.raise_signal, signal.SIGTERM)


class EventLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Let gunicorn and uvicorn speak through the event log, which gunicorn.conf.py has opened before them."""

    def setup(self, cfg: Any) -> None:
        """Take the handlers of the event log; there is no access log."""
        self.loglevel = logging.INFO
        self.error_log.setLevel(logging.INFO)
        self.error_log.handlers = logging.getLogger().handlers
        self.error_log.propagate = False
        self.access_log.handlers = []
        self.access_log.propagate = False
        del cfg

    def reopen_files(self) -> None:
        """The event log follows its file by itself."""
