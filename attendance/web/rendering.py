"""Own how pages are made: the templates, the addresses of static files, and who wants a page at all."""

import re
from datetime import date, datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from attendance.clock import offset_label
from attendance.marking import answer
from attendance.model import Recorded, Site

_STATIC = files("attendance.web") / "static"
_OUTCOME = re.compile(r"(?:Not recorded|Nothing was (?:written|done|changed|told))[:.] ")


def static_version() -> str:
    """Return a name for the present content of all static files, so that they can be cached for ever."""
    digest = sha256()
    for file in sorted(_STATIC.iterdir(), key=lambda file: file.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def static_path() -> str:
    """Return the address of the static files."""
    return f"/static/{static_version()}"


class CachedFiles(StaticFiles):
    """Static files at an address that changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file; a browser never has to ask for it again."""
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def spoken_date(local: date) -> str:
    """Return the date as a person says it: `Sunday 22 November 2026`."""
    return f"{local:%A} {local.day} {local:%B %Y}"


def short_date(on: date) -> str:
    """Return the date as it stands in a narrow place: `Sun 22 Nov`."""
    return f"{on:%a} {on.day} {on:%b}"


def wall(instant: datetime, utc_offset: timedelta) -> datetime:
    """Return the local time (aware) of an instant by the offset that a row has."""
    return instant.astimezone(timezone(utc_offset))


def hours(worked: timedelta) -> str:
    """Return a time span as hours and minutes: `7:30`; seconds are left out."""
    minutes = int(worked.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02}"


def cause_alone(error: Exception) -> str:
    """Return why something was refused, without the words that nothing was recorded: those stand above it."""
    cause = _OUTCOME.sub("", str(error), count=1)
    return cause[:1].upper() + cause[1:]


@cache
def _templates() -> Environment:
    """Return the templates: everything is escaped, and a value that is missing is an error."""
    environment = Environment(
        loader=PackageLoader("attendance.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_path()
    environment.filters["offset_label"] = offset_label
    environment.filters["spoken_date"] = spoken_date
    environment.filters["short_date"] = short_date
    environment.filters["wall"] = wall
    environment.filters["hours"] = hours
    environment.filters["cause_alone"] = cause_alone
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    environment.filters["offset_seconds"] = lambda local: int(local.utcoffset().total_seconds())
    return environment


def render(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page; it may speak of one person, so no cache keeps it."""
    page = _templates().get_template(template).render(context)
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def mark_answer(site: Site, recorded: Recorded) -> Response:
    """Return the row as it was written, for a program: 201 for a new one, 200 for a repeat."""
    status = 200 if recorded.repeated else 201
    return Response(to_json(answer(site, recorded)), status, media_type="application/json")


def wants_html(request: Request) -> bool:
    """Tell whether a browser asks: programs do not say `text/html`, and who sends JSON reads JSON."""
    headers = Headers(scope=request.scope)
    return "text/html" in headers.get("accept", "") and not is_json(headers)


def is_json(headers: Headers) -> bool:
    """Tell whether the body is declared to be JSON."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
