"""Own what a failure looks like from outside: one table from error to status, the bodies, and the line in the log."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from attendance import errors
from attendance.audit import Action
from attendance.web.deps import services_of
from attendance.web.rendering import render, wants_html

STATUSES: Mapping[type[errors.AttendanceError], HTTPStatus] = {
    errors.UnknownSiteError: HTTPStatus.NOT_FOUND,
    errors.AmbiguousSiteError: HTTPStatus.CONFLICT,
    errors.MalformedRequestError: HTTPStatus.BAD_REQUEST,
    errors.CrossSiteError: HTTPStatus.FORBIDDEN,
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidQueryError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownEmployeeError: HTTPStatus.FORBIDDEN,
    errors.NameMismatchError: HTTPStatus.CONFLICT,
    errors.OutsideNetworkError: HTTPStatus.FORBIDDEN,
    errors.NotSignedInError: HTTPStatus.UNAUTHORIZED,
    errors.SignInFailedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.SecondFactorNeededError: HTTPStatus.FORBIDDEN,
    errors.InsecureConnectionError: HTTPStatus.FORBIDDEN,
    errors.LinkUsedError: HTTPStatus.FORBIDDEN,
    errors.EnrolmentFailedError: HTTPStatus.FORBIDDEN,
    errors.KioskNeededError: HTTPStatus.FORBIDDEN,
    errors.CodeNeededError: HTTPStatus.FORBIDDEN,
    errors.PinRefusedError: HTTPStatus.FORBIDDEN,
    errors.SignOnFailedError: HTTPStatus.FORBIDDEN,
    errors.TimeSkippedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TimeTwiceError: HTTPStatus.CONFLICT,
    errors.FutureError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MonthClosedError: HTTPStatus.CONFLICT,
    errors.MonthNotOverError: HTTPStatus.CONFLICT,
    errors.MonthNotClosedError: HTTPStatus.CONFLICT,
    errors.RequestsOpenError: HTTPStatus.CONFLICT,
    errors.AlreadyAskedError: HTTPStatus.CONFLICT,
    errors.UnknownRequestError: HTTPStatus.CONFLICT,
    errors.ClosedSheetDamagedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.UnknownGrantError: HTTPStatus.NOT_FOUND,
    errors.GrantRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UploadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UploadRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RosterChangedError: HTTPStatus.CONFLICT,
    errors.AccountsError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.AccessStorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.PinsError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RosterError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UnknownPersonError: HTTPStatus.NOT_FOUND,
    errors.SiteUnreadableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ExportFailedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFullError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.FlushFailedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotHomeError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.LedgerDamagedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ClockBehindError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyStreamsError: HTTPStatus.SERVICE_UNAVAILABLE,
}
RETRY_AFTER_SECONDS: Mapping[type[errors.AttendanceError], int] = {errors.StorageBusyError: 1}
DEFAULT_RETRY_AFTER_SECONDS = 10

_REFUSALS_TO_NOTE = (
    errors.KioskNeededError,
    errors.CodeNeededError,
    errors.LinkUsedError,
    errors.SignOnFailedError,
    errors.InsecureConnectionError,
)

# What a person is told where the framework itself refuses a request.
REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("malformed_request", "The request cannot be read. Send it again as a form or as JSON."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer this method."),
    413: ("too_large", "Not recorded: what was sent is too large for a mark."),
    503: ("stopping", "The server stops. Whether it was recorded is not known: trying again in a moment is safe."),
    415: ("unsupported_media_type", "Not recorded: send the mark as a form or as JSON."),
}

_SITE_KEY = re.compile(r"[a-z0-9-]{1,63}")
_OFFICE = re.compile(r"/(?:hr|account)(?:/|$)")
_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("attendance")


def status_of(error: errors.AttendanceError) -> HTTPStatus:
    """Return the HTTP status that an error is answered with."""
    return STATUSES[type(error)]


def headers_of(error: errors.AttendanceError) -> dict[str, str]:
    """Return the header fields that go with an error."""
    if isinstance(error, errors.TooManyAttemptsError):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, errors.NotSignedInError):
        return {"WWW-Authenticate": 'Bearer realm="attendance"'}
    if status_of(error) is not HTTPStatus.SERVICE_UNAVAILABLE:
        return {}
    return {"Retry-After": str(RETRY_AFTER_SECONDS.get(type(error), DEFAULT_RETRY_AFTER_SECONDS))}


def log_failure(error: errors.AttendanceError, site_id: str | None) -> None:
    """Leave one line from which ops can find the cause."""
    status = status_of(error)
    reason = getattr(error, "reason", None) or "; ".join(map(str, getattr(error, "problems", ())))
    level = _log.warning if status is HTTPStatus.SERVICE_UNAVAILABLE else _log.info
    told = _told(site=site_id, reason=reason, fields=list(getattr(error, "fields", ())))
    level("refused", code=error.code, status=int(status), **told)


def site_key(text: str | None) -> str | None:
    """Return what stands in the place of a site in an address, for the log, if it can be a site's key at all."""
    return text if text and _SITE_KEY.fullmatch(text) else None


def log_refusal(status: int, site_id: str | None) -> None:
    """Leave one line of a request that was refused before anybody read what it wishes."""
    _log.info("refused", code=_refusal(status)[0], status=status, **_told(site=site_id))


def problem(status: int, code: str, detail: str, **more: object) -> JSONResponse:
    """Return an answer in the form of RFC 9457, with a stable code and never an echo of what was sent."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return JSONResponse(body | {"request_id": request_id} | more, status, media_type="application/problem+json")


def problem_of(error: errors.AttendanceError) -> JSONResponse:
    """Return the answer to a program for an expected failure."""
    more = {name: getattr(error, name) for name in ("fields", "candidates") if hasattr(error, name)}
    answer = problem(status_of(error), error.code, str(error), **more)
    answer.headers.update(headers_of(error))
    return answer


def _error_page(request: Request, status: int, detail: str) -> Response:
    """Return the page of what did not work, with the way on: for whom a rule has seen, or by the address alone."""
    headline = "There is no such page" if status == HTTPStatus.NOT_FOUND else "That did not work"
    caller = getattr(request.state, "caller", None)
    at_office = _OFFICE.match(request.url.path) is not None
    return render("error.html", status, headline=headline, detail=detail, caller=caller, at_office=at_office)


def _note_refusal(request: Request, error: errors.AttendanceError) -> None:
    """Note who was refused what only some may; where the use case did so, with the name, it is not noted again."""
    held = "authorization" in request.headers
    if isinstance(error, _REFUSALS_TO_NOTE) or (isinstance(error, errors.NotSignedInError) and held):
        address = request.client.host if request.client else None
        site_id = site_key(request.path_params.get("site"))
        services_of(request).audit.note(Action.REFUSED, who="?", address=address, site=site_id, outcome=error.code)


def page_or_problem(request: Request, error: errors.AttendanceError, page: Response) -> Response:
    """Return the page of a form that was refused, or for a program the problem; and leave a line."""
    log_failure(error, site_key(request.path_params.get("site")))
    _note_refusal(request, error)
    if not wants_html(request):
        return problem_of(error)
    page.headers.update(headers_of(error))
    return page


async def on_attendance_error(request: Request, error: Exception) -> Response:
    """Answer an expected failure."""
    assert isinstance(error, errors.AttendanceError)  # noqa: S101  # the framework calls it for nothing else
    log_failure(error, site_key(request.path_params.get("site")))
    _note_refusal(request, error)
    if not wants_html(request):
        return problem_of(error)
    if request.method == "GET" and (elsewhere := _way_in(request, error)):
        return RedirectResponse(elsewhere, 303, {"Cache-Control": "no-store"})
    page = _error_page(request, status_of(error), str(error))
    page.headers.update(headers_of(error))
    return page


def _way_in(request: Request, error: errors.AttendanceError) -> str | None:
    """Return where a browser goes that may see a page as soon as something is done first."""
    if isinstance(error, errors.SecondFactorNeededError):
        return "/account/second-factor"
    if isinstance(error, errors.ForbiddenError) and request.url.path == "/hr":
        return "/hr/kiosks" if request.state.caller.keeps_kiosks else None
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/sign-in?next={quote(wanted, safe='')}" if isinstance(error, errors.NotSignedInError) else None


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses, in our words."""
    assert isinstance(error, HTTPException)  # noqa: S101  # the framework calls it for nothing else
    code, detail = _refusal(error.status_code)
    log_refusal(error.status_code, request.path_params.get("site"))
    if wants_html(request):
        answer: Response = _error_page(request, error.status_code, detail)
    else:
        answer = problem(error.status_code, code, detail)
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = _allowed(request)
    return answer


def _allowed(request: Request) -> str:
    """Return every method that the address answers (RFC 9110, 10.2.1); the framework names those of one route."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in routes for method in route.methods} or {"GET"}  # static files are no route
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Answer parameters that the framework could not read, without the echo that it would send."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # the framework calls it for nothing else
    return await on_http_error(request, HTTPException(400))


async def on_client_gone(request: Request, error: Exception) -> Response:
    """End a request whose sender went away before all of it was here; nothing was recorded, and nobody reads this."""
    assert isinstance(error, ClientDisconnect)  # noqa: S101  # the framework calls it for nothing else
    _log.info("client_gone", **_told(site=request.path_params.get("site")))
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def on_unexpected_error(request: Request, error: Exception) -> Response:
    """Answer a defect of ours; the server logs its traceback after this."""
    _log.error("unexpected_error", error=type(error).__name__)
    detail = "Something went wrong here. Whether it was recorded is not known: trying again is safe."
    if wants_html(request):
        return _error_page(request, 500, detail)
    return problem(500, "unexpected_error", detail)


def _refusal(status: int) -> tuple[str, str]:
    """Return the code and the words for a status of the framework."""
    return REFUSALS.get(status, ("refused", "The request was refused."))


def _told(**values: object) -> dict[str, object]:
    """Return what there is to tell of these."""
    return {name: value for name, value in values.items() if value}
