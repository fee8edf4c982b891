"""Own the page on which HR gives and takes PINs: a new one is shown once, and stands nowhere else."""

from datetime import timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from attendance.accounts.store import ABSOLUTE_LIMIT
from attendance.errors import AttendanceError, GrantRefusedError
from attendance.model import Employee, Site
from attendance.roster import Roster
from attendance.web.access import GIVES_PINS, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, run_hashing
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render

_FORM = "pin_form"
_FORM_SECONDS = ABSOLUTE_LIMIT // timedelta(seconds=1)  # as long as anybody stays signed in
HOME = "/hr/sites/{site}/pins"
router = APIRouter(include_in_schema=False, dependencies=[Depends(GIVES_PINS)])


@router.get(HOME)
def show_pins(site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show the form that gives and takes PINs; run in a thread, since it asks the disk."""
    return _page(services, site, caller)


@router.post(HOME)
async def give(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Give an employee a new PIN, and show it this once; an earlier one is good no more.

    Each form is good once: a page that is loaded again neither shows a PIN nor makes another.
    """
    form = await read_form(request, "employee_id", "ticket")
    page = partial(_page, services, site, caller)
    try:
        employee, pin = await run_hashing(services, _give, services, site, form, caller.told)
    except AttendanceError as error:
        return page_or_problem(request, error, await run_in_threadpool(page, error=error, typed=form["employee_id"]))
    return await run_in_threadpool(page, employee=employee, pin=pin)


@router.post(f"{HOME}/remove")
async def remove(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Take a PIN away, also that of somebody who left the roster."""
    form = await read_form(request, "employee_id", "ticket")
    page = partial(_page, services, site, caller)
    try:
        await run_in_threadpool(_take, services, site, form["employee_id"], caller.told)
    except AttendanceError as error:
        return page_or_problem(request, error, await run_in_threadpool(page, error=error, typed=form["employee_id"]))
    return await run_in_threadpool(page, removed=form["employee_id"].strip())


def _give(services: Services, site: Site, form: dict[str, str], by: str) -> tuple[Employee, str]:
    """Return who was given a PIN, and the PIN; raise GrantRefusedError, and what the roster and its PINs raise."""
    roster = services.marking.roster(site) or Roster(employees={})  # without one the site is refused next
    services.giving.whose(site, roster, form["employee_id"])  # a slip does not use the form up
    if services.store.redeem(_FORM, form["ticket"]) != site.site_id:
        raise GrantRefusedError({"employee_id": "This PIN was shown already. Give a new one if it was lost."})
    return services.giving.give(site, roster, form["employee_id"], by=by)


def _take(services: Services, site: Site, typed: str, by: str) -> None:
    """Take a PIN away; raise GrantRefusedError where there is none, and what its file raises."""
    services.giving.take(site, typed, by=by)


def _page(  # noqa: PLR0913  # what one page may tell
    services: Services,
    site: Site,
    caller: Caller,
    *,
    employee: Employee | None = None,
    pin: str = "",
    removed: str = "",
    error: AttendanceError | None = None,
    typed: str = "",
) -> Response:
    """Return the page of the PINs of a site, with a form that is good once; asks the disk."""
    return render(
        "pins.html",
        status_of(error) if error else 200,
        site=site,
        caller=caller,
        employee=employee,
        pin=pin,
        removed=removed,
        error=error,
        fields=getattr(error, "fields", {}),
        typed=typed,
        ticket=services.store.issue(_FORM, site.site_id, _FORM_SECONDS),
        home=HOME.format(site=site.site_id),
    )
