"""Own what is true of every request: an ID for the log, no post from another site, and the headers a browser obeys."""

import asyncio
import secrets

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attendance.errors import CrossSiteError
from attendance.web.errors import REFUSALS, log_failure, log_refusal, problem, problem_of, site_key

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


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
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            headers.update(_HEADERS)
        await self._send(message)


class Hygiene:
    """Wrap the application; kept in plain ASGI, since it is on the way of every mark."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, secrets.token_hex(8))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=answer.request_id)
        if scope["method"] == "HEAD":  # the server sends no body for it, whatever the application says
            scope = {**scope, "method": "GET"}
        app = self._app
        if scope["method"] not in SAFE_METHODS:
            app = self._refusal(Headers(scope=scope), _site_id(scope["path"])) or app
        try:
            await app(scope, receive, answer.send)
        except asyncio.CancelledError:  # a stop waited as long as it could
            if not answer.begun:
                log_refusal(503, _site_id(scope["path"]))
                await problem(503, *REFUSALS[503])(scope, receive, answer.send)

    def _refusal(self, headers: Headers, site_id: str | None) -> ASGIApp | None:
        """Return the answer to a request that goes no further, or None."""
        if _is_cross_site(headers):
            error = CrossSiteError()
            log_failure(error, site_id)
            return problem_of(error)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._max_body_bytes:
            log_refusal(413, site_id)
            return problem(413, *REFUSALS[413])  # the framework would say it in plain text
        return None


def _is_cross_site(headers: Headers) -> bool:
    """Tell whether a browser says that the page which sent this is not ours; programs say nothing of the kind."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _site_id(path: str) -> str | None:
    """Return the site that a path speaks of, for the log; no such site need be there."""
    _, _, rest = path.partition("/sites/")
    return site_key(rest.partition("/")[0])
