"""Own what is true of every request: an ID for the log, no post from another site, and the headers a browser obeys."""

import asyncio
from collections.abc import Sequence
from random import getrandbits

import structlog
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attendance.errors import CrossSiteError
from attendance.web.errors import REFUSALS, log_failure, log_refusal, problem, problem_of, site_key
from attendance.web.uploads import is_upload

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
OWN_SITES = {b"same-origin", b"none"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
_NO_STORE = (b"cache-control", b"no-store")
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class _Answer:
    """An answer on its way to the server, with our headers."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self.request_id = request_id
        self.begun = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Send a part of the answer; the first one has the headers."""
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [*message["headers"], *_HEADERS, (b"x-request-id", self.request_id.encode())]
            if self._scope["scheme"] == "https":  # known by now: the trusted proxy's word is in the scope
                message["headers"].append(_HSTS)
            if not any(name == b"cache-control" for name, _ in message["headers"]):
                message["headers"].append(_NO_STORE)  # only static files may be kept, and they say so
        await self._send(message)


class Hygiene:
    """Wrap the application; kept in plain ASGI, since it is on the way of every mark."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._counting = RequestBodyLimitMiddleware(app, max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # the server sends no body for it, whatever the application says
            scope = {**scope, "method": "GET"}
        answer = _Answer(scope, send, f"{getrandbits(64):016x}")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=answer.request_id)
        app = self._app if scope["method"] in SAFE_METHODS else self._for_unsafe(scope)
        try:
            await app(scope, receive, answer.send)
        except asyncio.CancelledError:  # a stop waited as long as it could
            if not answer.begun:
                log_refusal(503, _site_id(scope["path"]))
                await problem(503, *REFUSALS[503])(scope, receive, answer.send)

    def _for_unsafe(self, scope: Scope) -> ASGIApp:
        """Return what answers a request that may change something: the application, or a refusal."""
        if _is_cross_site(scope["headers"]):
            error = CrossSiteError()
            log_failure(error, _site_id(scope["path"]))
            return problem_of(error)
        if is_upload(scope["path"]):
            return self._app  # it has limits of its own, once a rule has let the caller in
        length = _values(scope["headers"], b"content-length")
        if len(length) != 1 or not length[0].isdigit():
            return self._counting
        if int(length[0].lstrip(b"0")[:20] or b"0") > self._max_body_bytes:
            log_refusal(413, _site_id(scope["path"]))
            return problem(413, *REFUSALS[413])  # the framework would say it in plain text
        return self._app  # more than it says does not come: the parser takes it for the next request


def _is_cross_site(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Tell whether a browser says that the page which sent this is not ours; programs say nothing of the kind.

    Of several values none may be foreign: a proxy may have added one.
    """
    sites = _values(headers, b"sec-fetch-site")
    if sites:
        return not OWN_SITES.issuperset(sites)
    host = next(iter(_values(headers, b"host")), b"")
    return any(origin.partition(b"://")[2] != host or not host for origin in _values(headers, b"origin"))


def _values(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    """Return every value of a header field."""
    return [value for name, value in headers if name == wanted]


def _site_id(path: str) -> str | None:
    """Return the site that a path speaks of, for the log; no such site need be there."""
    _, _, rest = path.partition("/sites/")
    return site_key(rest.partition("/")[0])
