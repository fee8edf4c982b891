"""Own how people come in: the one-time link, the sign-in page, its second step, and the way out."""

import re
from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.accounts.nouns import Account
from attendance.accounts.signing import SECOND_STEP_SECONDS, SignedIn
from attendance.accounts.sso import ANSWER_SECONDS, SingleSignOn
from attendance.accounts.visit import Visit
from attendance.errors import AccessStorageError, AccountsError, AttendanceError, GrantRefusedError, SignOnFailedError
from attendance.model import Grant, Role
from attendance.web.access import ANYBODY, VisitDep, caller_of
from attendance.web.cookies import (
    DEVICE,
    LONGEST_SECONDS,
    SECOND_STEP,
    SESSION,
    SIGN_ON,
    drop_cookie,
    read_cookie,
    set_cookie,
)
from attendance.web.deps import Services, ServicesDep, run_hashing
from attendance.web.errors import on_attendance_error, page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render

SIGN_IN = "/sign-in"
MAX_NEXT = 2000
_LOCAL = re.compile(r"/(?:[\w.~!$&'()*+,;=:@%-][\w.~!$&'()*+,;=:@%/?-]*)?", re.ASCII)  # no //, no \\, no control
_NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(include_in_schema=False, dependencies=[Depends(ANYBODY)])


@router.get(SIGN_IN)
async def show_sign_in(request: Request, services: ServicesDep, _: VisitDep, next: str = "") -> Response:  # noqa: A002  # in the address
    """Show the sign-in page, or go on where somebody is signed in already."""
    caller = await run_in_threadpool(caller_of, request)
    if caller and caller.account:
        return _onward(next, caller.grant)
    return await run_in_threadpool(_page, services, next)


@router.post(SIGN_IN)
async def sign_in(request: Request, services: ServicesDep, visit: VisitDep) -> Response:
    """Take name and password, and go on: to the second step, or in."""
    form = await read_form(request, "name", "password", "next")
    try:
        outcome = await run_hashing(services, services.signing.sign_in, form["name"], form["password"], visit)
    except AttendanceError as error:
        page = await run_in_threadpool(_page, services, form["next"], form["name"], error)
        return page_or_problem(request, error, page)
    if isinstance(outcome, SignedIn):
        return entered(request, outcome, form["next"])
    page = _second_page(form["next"])
    set_cookie(page, request, SECOND_STEP, outcome.ticket, SECOND_STEP_SECONDS)
    return page


@router.post(f"{SIGN_IN}/code")
async def confirm(request: Request, services: ServicesDep, visit: VisitDep) -> Response:
    """Take the code of the second factor."""
    form = await read_form(request, "code", "next")
    ticket = read_cookie(request, SECOND_STEP)
    try:
        outcome = await run_in_threadpool(services.signing.confirm, ticket, form["code"], visit)
    except AttendanceError as error:
        return page_or_problem(request, error, _second_page(form["next"], error=error))
    answer = entered(request, outcome, form["next"])
    drop_cookie(answer, request, SECOND_STEP)
    return answer


@router.get(f"{SIGN_IN}/sso")
async def go_to_provider(request: Request, services: ServicesDep, _: VisitDep, next: str = "") -> Response:  # noqa: A002  # in the address
    """Send the browser to the provider of the single sign-on."""
    address, secret = await _sso(services).begin(f"{request.base_url}{SIGN_IN[1:]}/sso/callback", local_path(next))
    answer = RedirectResponse(address, 303, _NO_STORE)
    set_cookie(answer, request, SIGN_ON, secret, ANSWER_SECONDS)
    return answer


@router.get(f"{SIGN_IN}/sso/callback")
async def come_from_provider(request: Request, services: ServicesDep, visit: VisitDep) -> Response:
    """Take the answer of the provider, and let in whom it vouches for."""
    query = dict(request.query_params)
    if len(query) != len(request.query_params.multi_items()):
        raise SignOnFailedError("a parameter of the answer stands twice")
    signed = await _sso(services).finish(state_cookie=read_cookie(request, SIGN_ON), query=query)
    outcome = await run_in_threadpool(services.signing.sign_on, signed.names, visit)
    answer = entered(request, outcome, signed.next_path)
    drop_cookie(answer, request, SIGN_ON)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, services: ServicesDep, visit: VisitDep) -> Response:
    """End the session, here and in every worker; where that cannot be written, at least this browser forgets it."""
    answer: Response = RedirectResponse(f"{SIGN_IN}?next=", 303, _NO_STORE)
    try:
        await run_in_threadpool(services.signing.sign_out, read_cookie(request, SESSION), visit)
    except AccessStorageError as error:
        answer = await on_attendance_error(request, error)
    drop_cookie(answer, request, SESSION)
    return answer


@router.get("/first-account/{secret}")
async def show_first(secret: str, services: ServicesDep, _: VisitDep) -> Response:
    """Show the form that makes the first account."""
    await run_in_threadpool(services.first_link.require, secret)
    return render("first.html", name="", error=None, fields={})


@router.post("/first-account/{secret}")
async def make_first(request: Request, secret: str, services: ServicesDep, visit: VisitDep) -> Response:
    """Make the first account, for HR and ops of all sites, and sign it in."""
    form = await read_form(request, "name", "password")
    try:
        outcome = await run_hashing(services, _make_first, services, secret, form, visit)
    except GrantRefusedError as error:
        page = render("first.html", status_of(error), name=form["name"], error=error, fields=error.fields)
        return page_or_problem(request, error, page)
    return entered(request, outcome, "/hr")


def _sso(services: Services) -> SingleSignOn:
    """Return the single sign-on, or raise 404 where none is configured."""
    if services.sso is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return services.sso


def _make_first(services: Services, secret: str, form: dict[str, str], visit: Visit) -> SignedIn:
    """Make the first account and open its session; raise LinkUsedError, GrantRefusedError."""
    services.first_link.require(secret)
    grant = Grant(roles=frozenset({Role.HR, Role.OPS}), site_ids=None)
    account = services.granting.add_account(
        Account(name=form["name"].strip().lower(), grant=grant),
        form["password"],
        by="one-time link",
        first=True,
        address=visit.told,
    )
    services.first_link.withdraw()
    return services.signing.let_in(account, visit)


def local_path(text: str) -> str:
    """Return an address of this server, or nothing: it never leads elsewhere, whatever a browser makes of it."""
    return text if len(text) <= MAX_NEXT and _LOCAL.fullmatch(text) else ""


def entered(request: Request, outcome: SignedIn, next_path: str) -> Response:
    """Return the way in, with the cookies of a new session."""
    answer = _onward(next_path, outcome.account.grant)
    set_cookie(answer, request, SESSION, outcome.session)
    set_cookie(answer, request, DEVICE, outcome.device, LONGEST_SECONDS)
    return answer


def _onward(next_path: str, grant: Grant) -> Response:
    """Return the way to where somebody wanted to go, or to the first page of their role."""
    first = "/hr" if grant.roles & {Role.HR, Role.VIEWER} else "/hr/kiosks"
    return RedirectResponse(local_path(next_path) or first, 303, _NO_STORE)


def _page(services: Services, next_path: str, name: str = "", error: AttendanceError | None = None) -> Response:
    """Return the sign-in page, which says so where nobody can sign in yet; asks the disk."""
    status = status_of(error) if error else 200
    nobody = False
    with suppress(AccountsError):  # whoever signs in is told
        nobody = not services.accounts.current().accounts
    sso = services.sso is not None
    return render("sign_in.html", status, next=local_path(next_path), name=name, error=error, sso=sso, nobody=nobody)


def _second_page(next_path: str, error: AttendanceError | None = None) -> Response:
    """Return the page that asks for the code of the second factor."""
    return render("second_step.html", status_of(error) if error else 200, next=local_path(next_path), error=error)
