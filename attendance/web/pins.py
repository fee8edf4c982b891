"""Own the page on which HR gives and takes PINs: a new one is shown once, and stands nowhere else."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from attendance.errors import AttendanceError, GrantRefusedError
from attendance.model import Employee, Site
from attendance.pins import PinFile
from attendance.roster import Roster
from attendance.web.access import GIVES_PINS, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep
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
        employee, pin = await run_in_threadpool(_give, services, site, form["employee_id"], caller.told)
    except AttendanceError as error:
        return page_or_problem(request, error, _page(site, caller, error=error, typed=form["employee_id"]))
    return _page(site, caller, employee=employee, pin=pin)


@router.post(f"{HOME}/remove")
async def remove(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Take a PIN away, also that of somebody who left the roster."""
    form = await read_form(request, "employee_id")
    try:
        await run_in_threadpool(_remove, services, site, form["employee_id"].strip(), caller.told)
    except AttendanceError as error:
        return page_or_problem(request, error, _page(site, caller, error=error, typed=form["employee_id"]))
    return _page(site, caller, removed=form["employee_id"].strip())


def _give(services: Services, site: Site, typed: str, by: str) -> tuple[Employee, str]:
    """Return who was given a PIN, and the PIN; raise what the roster and its PINs raise."""
    roster, pins = _files(services, site)
    employee = roster.resolve(typed.strip())
    pin = pins.new(employee.employee_id)
    services.audit.note("pin_set", who=by, site=site.site_id, employee_id=employee.employee_id)
    return employee, pin


def _remove(services: Services, site: Site, employee_id: str, by: str) -> None:
    """Take a PIN away; raise GrantRefusedError where there is none, and what its file raises."""
    if not _files(services, site)[1].remove(employee_id):
        raise GrantRefusedError({"employee_id": "Nobody with this ID has a PIN here."})
    services.audit.note("pin_removed", who=by, site=site.site_id, employee_id=employee_id)


def _files(services: Services, site: Site) -> tuple[Roster, PinFile]:
    """Return the roster of a site and its PINs; raise RosterError, GrantRefusedError."""
    roster = services.marking.roster(site)
    if roster is None or site.roster_path is None:
        raise GrantRefusedError({"employee_id": "This site has no roster, so nobody has a PIN here."})
    return roster, services.proving.pins(site.roster_path)


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
