"""Own the page on which HR gives and takes PINs: a new one is shown once, and stands nowhere else."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from attendance.errors import AttendanceError
from attendance.model import Employee, Site
from attendance.roster import Roster
from attendance.web.access import GIVES_PINS, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, run_hashing
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render

HOME = "/hr/sites/{site}/pins"
router = APIRouter(include_in_schema=False, dependencies=[Depends(GIVES_PINS)])


@router.get(HOME)
async def show_pins(site: SiteDep, caller: CallerDep) -> Response:
    """Show the form that gives and takes PINs."""
    return _page(site, caller)


@router.post(HOME)
async def give(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Give an employee a new PIN, and show it this once; an earlier one is good no more."""
    form = await read_form(request, "employee_id")
    try:
        employee, pin = await run_hashing(services, _give, services, site, form["employee_id"], caller.told)
    except AttendanceError as error:
        return page_or_problem(request, error, _page(site, caller, error=error, typed=form["employee_id"]))
    return _page(site, caller, employee=employee, pin=pin)


@router.post(f"{HOME}/remove")
async def remove(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Take a PIN away, also that of somebody who left the roster."""
    form = await read_form(request, "employee_id")
    try:
        await run_in_threadpool(_take, services, site, form["employee_id"], caller.told)
    except AttendanceError as error:
        return page_or_problem(request, error, _page(site, caller, error=error, typed=form["employee_id"]))
    return _page(site, caller, removed=form["employee_id"].strip())


def _give(services: Services, site: Site, typed: str, by: str) -> tuple[Employee, str]:
    """Return who was given a PIN, and the PIN; raise what the roster and its PINs raise."""
    roster = services.marking.roster(site) or Roster(employees={})  # without one the site is refused next
    return services.giving.give(site, roster, typed, by=by)


def _take(services: Services, site: Site, typed: str, by: str) -> None:
    """Take a PIN away; raise GrantRefusedError where there is none, and what its file raises."""
    services.giving.take(site, typed, by=by)


def _page(  # noqa: PLR0913  # what one page may tell
    site: Site,
    caller: Caller,
    *,
    employee: Employee | None = None,
    pin: str = "",
    removed: str = "",
    error: AttendanceError | None = None,
    typed: str = "",
) -> Response:
    """Return the page of the PINs of a site."""
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
        home=HOME.format(site=site.site_id),
    )
