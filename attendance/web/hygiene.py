"""Own what is true of every request: an ID for the log, no post from another site, and the headers a browser obeys."""

import asyncio
from collections.abc import Mapping
from random import getrandbits

import structlog
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attendance.errors import CrossSiteError
from attendance.web.errors import REFUSALS, log_failure, log_refusal, problem, problem_of, site_key

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
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


class _Answer:
    """An answer on its way to the server, with our headers."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.request_id = request_id
        self.begun = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Send a part of the answer; the first one has the headers."""
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [*message["headers"], *_HEADERS, (b"x-request-id", self.request_id.encode())]
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
        answer = _Answer(send, f"{getrandbits(64):016x}")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=answer.request_id)
        if scope["method"] == "HEAD":  # the server sends no body for it, whatever the application says
            scope = {**scope, "method": "GET"}
        app = self._app if scope["method"] in SAFE_METHODS else self._for_unsafe(scope)
        try:
            await app(scope, receive, answer.send)
        except asyncio.CancelledError:  # a stop waited as long as it could
            if not answer.begun:
                log_refusal(503, _site_id(scope["path"]))
                await problem(503, *REFUSALS[503])(scope, receive, answer.send)

    def _for_unsafe(self, scope: Scope) -> ASGIApp:
        """Return what answers a request that may change something: the application, or a refusal."""
        headers = dict[bytes, bytes](reversed(scope["headers"]))  # of two with one name the first counts
        if _is_cross_site(headers):
            error = CrossSiteError()
            log_failure(error, _site_id(scope["path"]))
            return problem_of(error)
        length = headers.get(b"content-length", b"")
        if not length.isdigit():
            return self._counting
        if int(length[:20]) > self._max_body_bytes:
            log_refusal(413, _site_id(scope["path"]))
            return problem(413, *REFUSALS[413])  # the framework would say it in plain text
        return self._app  # more than it says does not come: the parser takes it for the next request


def _is_cross_site(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a browser says that the page which sent this is not ours; programs say nothing of the kind."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in {b"same-origin", b"none"}
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")


def _site_id(path: str) -> str | None:
    """Return the site that a path speaks of, for the log; no such site need be there."""
    _, _, rest = path.partition("/sites/")
    return site_key(rest.partition("/")[0])
