"""Own what somebody who is signed in can do about their own account: password, second factor, other sessions."""

from collections.abc import Mapping
from types import MappingProxyType

import segno
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.accounts.nouns import Account
from attendance.accounts.second_factor import second_factor_uri
from attendance.accounts.signing import SignedIn
from attendance.accounts.visit import Visit
from attendance.errors import AttendanceError, NotSignedInError, SignInFailedError
from attendance.web.access import OWN_ACCOUNT, Caller, CallerDep, VisitDep
from attendance.web.deps import Services, ServicesDep, run_hashing
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render
from attendance.web.signing import entered

HOME = "/account"
DONE = {
    "password": "The password is changed. Your other browsers are signed out.",
    "elsewhere": "All other browsers are signed out.",
    "factor": "The second factor is set up.",
}
"""What `?done=` says on the page; another word says nothing."""
FACTOR = f"{HOME}/second-factor"
router = APIRouter(include_in_schema=False, dependencies=[Depends(OWN_ACCOUNT)])


@router.get(HOME)
async def show_account(caller: CallerDep, done: str = "") -> Response:
    """Show what the account may do, the forms to change it, and what has just been done."""
    return _page(caller, done=DONE.get(done, ""))


@router.post(f"{HOME}/password")
async def change_password(request: Request, services: ServicesDep, caller: CallerDep, visit: VisitDep) -> Response:
    """Set another password; all sessions of the account end, and this browser gets a new one."""
    form = await read_form(request, "present", "password")
    try:
        outcome = await run_hashing(services, _change_password, services, _account(caller), form, visit)
    except SignInFailedError as error:
        return page_or_problem(request, error, _page(caller, error, {"present": str(error)}))
    except AttendanceError as error:
        return page_or_problem(request, error, _page(caller, error, getattr(error, "fields", {})))
    return entered(request, outcome, f"{HOME}?done=password")


@router.post(f"{HOME}/sign-out-elsewhere")
async def sign_out_elsewhere(services: ServicesDep, caller: CallerDep, visit: VisitDep) -> Response:
    """End all sessions of the account but this one."""
    await run_in_threadpool(services.signing.sign_out_elsewhere, caller.name, caller.session, visit)
    return RedirectResponse(f"{HOME}?done=elsewhere", 303)


@router.get(FACTOR)
async def show_second_factor(services: ServicesDep, caller: CallerDep) -> Response:
    """Show the QR code that an authenticator app reads, until the app's first code came."""
    if _account(caller).totp:
        return RedirectResponse(HOME, 303)
    return await run_in_threadpool(_factor_page, services, caller)


@router.post(FACTOR)
async def set_second_factor(request: Request, services: ServicesDep, caller: CallerDep, visit: VisitDep) -> Response:
    """Take the first code of the app: it proves that the app has the secret. Other sessions of the account end."""
    form = await read_form(request, "code")
    try:
        outcome = await run_in_threadpool(_adopt, services, _account(caller), form["code"], visit)
    except AttendanceError as error:
        page = await run_in_threadpool(_factor_page, services, caller, error)
        return page_or_problem(request, error, page)
    return entered(request, outcome, f"{HOME}?done=factor")


def _change_password(services: Services, account: Account, form: dict[str, str], visit: Visit) -> SignedIn:
    """Set the password of somebody who typed the present one; return their new session."""
    services.signing.prove(account, form["present"], visit)
    return services.signing.let_in(
        services.granting.set_password(account.name, form["password"], by=account.name), visit
    )


def _adopt(services: Services, account: Account, code: str, visit: Visit) -> SignedIn:
    """Put the second factor in force, where there is none; return the new session."""
    if account.totp:
        raise NotSignedInError
    return services.signing.let_in(services.second_factor.adopt(account, code, services.granting), visit)


def _account(caller: Caller) -> Account:
    """Return the account of somebody who signed in; the rule of these routes lets nobody else in."""
    if caller.account is None:
        raise NotSignedInError
    return caller.account


def _page(
    caller: Caller,
    error: AttendanceError | None = None,
    fields: Mapping[str, str] = MappingProxyType({}),
    *,
    done: str = "",
) -> Response:
    """Return the page of an account."""
    status, account = status_of(error) if error else 200, _account(caller)
    return render("account.html", status, caller=caller, account=account, error=error, fields=fields, done=done)


def _factor_page(services: Services, caller: Caller, error: AttendanceError | None = None) -> Response:
    """Return the page with the QR code, drawn here: the secret goes to nobody else."""
    account = _account(caller)
    secret = services.second_factor.pending(account)
    code = segno.make(second_factor_uri(account.name, secret), error="m")
    drawing = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True, title="QR code")
    status = status_of(error) if error else 200
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render("second_factor.html", status, caller=caller, drawing=drawing, secret=spaced, error=error)
