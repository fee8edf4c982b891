"""Own what programs call: the mark as JSON, and the site that an employee belongs to."""

import json
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, NoReturn

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from attendance.errors import InvalidInputError, MalformedRequestError
from attendance.model import MarkRequest
from attendance.web import deps
from attendance.web.access import MARKS, Rule, rules_of
from attendance.web.admitting import admit
from attendance.web.document import problems
from attendance.web.rendering import is_json, mark_answer


class MarkBody(BaseModel):
    """A mark as JSON. The server says where and when: other fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    employee_id: str = Field(examples=["E0042"], description="Up to 64 of A-Z, a-z, 0-9, dot, hyphen, underscore.")
    name: str = Field(default="", examples=["Ana Martín"], description="Not needed where the site has a roster.")
    status: str = Field(examples=["Present"], description="One of the site's statuses.")
    pin: str = Field(default="", description="At a site with `marking: pin` the PIN; elsewhere it says nothing.")


class MarkAnswer(BaseModel):
    """The row that stands in the ledger, and where it counts."""

    site: str
    timezone: str
    timestamp: str = Field(description="Local to the site, with its offset from UTC.")
    work_date: str
    employee_id: str
    name: str
    status: str
    repeated: bool = Field(description="True where this mark stood there before; nothing was added.")


class JsonRoute(APIRoute):
    """A route that answers JSON only; a form at the same address belongs to the pages.

    Its endpoint gets the request and the parameters of the path, and resolves what it needs itself: that FastAPI does
    so from the signature takes as much time as all the rest of a mark (docs/performance.md).
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match where the path does and the body is JSON."""
        match, found = super().matches(scope)
        return (match, found) if match is Match.FULL and is_json(Headers(scope=scope)) else (Match.NONE, {})

    @cached_property
    def rules(self) -> Sequence[Rule]:
        """Return who may call it."""
        return rules_of(self)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what is raised is answered further out, as for every route."""
        request = Request(scope, receive, send)
        for rule in self.rules:
            await rule(request)
        response: Response = await self.endpoint(request, **request.path_params)
        await response(scope, receive, send)


_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": MarkBody.model_json_schema()}}}}
_STOOD: dict[int | str, dict[str, Any]] = {200: {"model": MarkAnswer, "description": "Stood there before."}}
_MARK: dict[str, Any] = {
    "status_code": 201,
    "response_model": MarkAnswer,
    "response_description": "Recorded.",
    "responses": _STOOD | problems(400, 403, 404, 409, 413, 415, 422, 429, 503),
    "openapi_extra": _BODY,
    "dependencies": [Depends(MARKS)],
}

router = APIRouter(route_class=JsonRoute)


@router.post("/sites/{site}/attendance", **_MARK)
async def mark(request: Request, site: deps.SiteKey) -> Response:
    """Record a mark at a site."""
    here, services = await deps.site(request, site), await deps.services(request)
    wish, pin = read_mark(await request.body())
    await admit(request, here, wish, pin)
    return mark_answer(here, await services.marking.mark(here, wish, await deps.address(request)))


@router.post("/attendance", **_MARK)
async def mark_somewhere(request: Request) -> Response:
    """Record a mark at the employee's own site, as the rosters and networks tell it."""
    services, address = await deps.services(request), await deps.address(request)
    wish, pin = read_mark(await request.body())
    may_mark = partial(MARKS.admits, request)
    site = await run_in_threadpool(services.marking.resolve_site, wish.employee_id, address, may_mark)
    await admit(request, site, wish, pin)
    return mark_answer(site, await services.marking.mark(site, wish, address))


def read_mark(body: bytes) -> tuple[MarkRequest, str]:
    """Return the mark that a JSON body asks for, and the PIN; raise MalformedRequestError or InvalidInputError."""
    read = _read_quickly(body) or _read_slowly(body)
    return MarkRequest(employee_id=read.employee_id, name=read.name, status=read.status), read.pin


def _read_quickly(body: bytes) -> MarkBody | None:
    """Return the fields of a body that is nothing but right, in one pass; None if it needs a closer look."""
    try:
        read = MarkBody.model_validate_json(body)
    except ValidationError:
        return None
    # A field is a key and a text, each in two quotes: where there are more, a text holds one or a key stands twice.
    return read if body.count(b'"') == 4 * len(read.model_fields_set) else None


def _read_slowly(body: bytes) -> MarkBody:
    """Return the fields of a body that is strange in some way, or raise what is wrong with it in words of ours."""
    try:
        return MarkBody.model_validate(json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse_constant))
    except ValidationError as error:
        raise _invalid(error) from None
    except (ValueError, RecursionError):  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise MalformedRequestError("the body is not JSON") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, or refuse one that names a key twice: which of the two would be meant?"""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedRequestError("a key stands twice")
    return made


def _refuse_constant(_: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError


def _invalid(error: ValidationError) -> InvalidInputError | MalformedRequestError:
    """Return what is wrong by field, without an echo of what was sent."""
    problems: dict[str, str] = {}
    for part in error.errors(include_url=False, include_context=False, include_input=False):
        field = str(part["loc"][0]) if part["loc"] else ""
        if field not in MarkBody.model_fields:
            return MalformedRequestError("there is a field that a mark does not have, or it is no object")
        problems[field] = f"{field} is missing." if part["type"] == "missing" else f"{field} is a text."
    return InvalidInputError(problems)
