"""Own what stands on the tablet at the door: the kiosk, the names to tap, the code that turns; it knows no person."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timezone
from functools import partial
from io import BytesIO
from math import ceil
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from attendance.clock import to_local
from attendance.errors import AttendanceError, InvalidInputError, UnknownEmployeeError
from attendance.identity import looks_like
from attendance.model import Employee, MarkingRule, MarkRequest, Recorded, Site
from attendance.web.access import ANYBODY, AT_KIOSK, VisitDep, kiosk_at
from attendance.web.admitting import admit
from attendance.web.deps import AddressDep, Services, ServicesDep, SiteDep
from attendance.web.enrolling import enrol_device, enrolment_page
from attendance.web.errors import headers_of, log_failure, problem_of, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import mark_answer, render, wants_html

MAX_PEOPLE = 24
SHOWN_SECONDS = 4
ERROR_SECONDS = 8
IDLE_SECONDS = 20
HOME = "/sites/{site}/kiosk"
_NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(include_in_schema=False)


@router.get(HOME, dependencies=[Depends(ANYBODY)])
async def show_kiosk(request: Request, site: SiteDep, services: ServicesDep) -> Response:
    """Show the kiosk on a device that is one, else ask for the code that makes it one."""
    if kiosk_at(request, site.site_id) is None:
        return enrolment_page(site, services, _home(site))
    if site.marking is MarkingRule.CODE:
        return await run_in_threadpool(_door, request, site, services)
    return _idle(site, services)


@router.post(HOME, dependencies=[Depends(ANYBODY)])
async def enrol(request: Request, site: SiteDep, services: ServicesDep, visit: VisitDep) -> Response:
    """Make the device a kiosk of the site, by the code that HR or ops were shown."""
    return await enrol_device(request, site, services, visit, _home(site))


@router.post(f"{HOME}/mark", dependencies=[Depends(AT_KIOSK)])
async def mark(request: Request, site: SiteDep, services: ServicesDep, address: AddressDep) -> Response:
    """Record a mark of somebody who stands at the kiosk; nothing of it stays on the device."""
    form = await read_form(request, "employee_id", "name", "status", "pin", of_mark=True)
    try:
        employee_id = await run_in_threadpool(_meant, services, site, form["employee_id"])
        wish = MarkRequest(employee_id=employee_id, name=form["name"], status=form["status"])
        await admit(request, site, wish, form["pin"])
        recorded = await services.marking.mark(site, wish, address)
    except AttendanceError as error:
        log_failure(error, site.site_id)
        return _refusal(site, services, error) if wants_html(request) else problem_of(error)
    return _confirmation(site, services, recorded) if wants_html(request) else mark_answer(site, recorded)


@router.get(f"{HOME}/people", dependencies=[Depends(AT_KIOSK)])
async def show_people(site: SiteDep, services: ServicesDep, q: Annotated[str, Query(max_length=80)] = "") -> Response:
    """Show the people of the roster whose names or IDs begin with the letters, to be tapped."""
    found = await run_in_threadpool(_people, services, site, q)
    left_out = max(0, len(found) - MAX_PEOPLE)
    context = {"people": found[:MAX_PEOPLE], "left_out": left_out, "sought": q, "back_seconds": 2 * IDLE_SECONDS}
    return _page("kiosk_people.html", 200, site, services, **context)


@router.post(f"{HOME}/people", dependencies=[Depends(AT_KIOSK)])
async def choose(request: Request, site: SiteDep, services: ServicesDep) -> Response:
    """Show the kiosk with the ID of a name that was tapped; with JavaScript nothing is sent for that."""
    form = await read_form(request, "employee_id")
    return _idle(site, services, form["employee_id"])


@router.post(f"{HOME}/person", dependencies=[Depends(AT_KIOSK)])
async def name_of(request: Request, site: SiteDep, services: ServicesDep) -> Response:
    """Return whose ID or badge this is, to be read before the tap; the number of a badge stands in no address."""
    form = await read_form(request, "employee_id")
    name = await run_in_threadpool(_name_of, services, site, form["employee_id"])
    return JSONResponse({"name": name}, headers=_NO_STORE)


@router.get(f"{HOME}/code", dependencies=[Depends(AT_KIOSK)])
async def show_code(request: Request, site: SiteDep, services: ServicesDep) -> Response:
    """Return the code that the door shows now, as a drawing."""
    drawing, _ = await run_in_threadpool(_drawing, request, site, services)
    return Response(drawing, headers=_NO_STORE, media_type="image/svg+xml")


def _home(site: Site) -> str:
    """Return the address of the site's kiosk."""
    return HOME.format(site=site.site_id)


def _meant(services: Services, site: Site, typed: str) -> str:
    """Return the ID that is meant by an ID or a badge, or what was typed; raise InvalidInputError, RosterError."""
    roster = services.marking.roster(site)
    if not typed.strip():
        first = "Type your ID or scan your badge first, then tap." if roster else "Type your ID first, then tap."
        raise InvalidInputError({"employee_id": first})
    try:
        return roster.find(typed).employee_id if roster else typed
    except UnknownEmployeeError:
        return typed


def _name_of(services: Services, site: Site, typed: str) -> str:
    """Return the name of whoever has this ID or badge, or nothing; with PINs it is not told which IDs there are.

    Raise RosterError.
    """
    roster = None if site.marking is MarkingRule.PIN else services.marking.roster(site)
    with suppress(UnknownEmployeeError):
        if roster and services.marking.belongs(site, employee := roster.find(typed)):
            return employee.name
    return ""


def _people(services: Services, site: Site, sought: str) -> Sequence[Employee]:
    """Return who is looked for, by their names, else by a badge; everybody, if nobody is. Raise RosterError.

    Who has not begun or has left is not there to be tapped.
    """
    roster = services.marking.roster(site)
    belongs = partial(services.marking.belongs, site)
    known = list(filter(belongs, roster.employees.values())) if roster else []
    found = [one for one in known if looks_like(one.name, sought) or one.employee_id.casefold() == sought.casefold()]
    if roster and not found:
        with suppress(UnknownEmployeeError):
            found += filter(belongs, [roster.find(sought)])  # a badge was scanned where names are typed
    return sorted(found, key=lambda one: one.name.casefold())


def _drawing(request: Request, site: Site, services: Services) -> tuple[str, float]:
    """Return the QR code of the address that opens the site's page now, and for how many seconds it is shown."""
    presence = services.proving.presence()
    address = f"{request.base_url}sites/{site.site_id}/attendance?code={presence.code(site.site_id)}"
    drawing = BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawing, kind="svg", scale=5, light="#fff", omitsize=True, xmldecl=False, title="QR code"
    )
    return drawing.getvalue().decode().strip(), presence.seconds_left()


def _door(request: Request, site: Site, services: Services) -> Response:
    """Return the page that shows the code; asks the disk."""
    drawing, seconds = _drawing(request, site, services)
    return _page("kiosk_door.html", 200, site, services, drawing=drawing, back_seconds=ceil(seconds))


def _idle(site: Site, services: Services, employee_id: str = "") -> Response:
    """Return the kiosk that waits for somebody."""
    seconds = IDLE_SECONDS if employee_id else 3 * IDLE_SECONDS
    return _page("kiosk.html", 200, site, services, employee_id=employee_id, back_seconds=seconds)


def _confirmation(site: Site, services: Services, recorded: Recorded) -> Response:
    """Return what stands in the ledger, to be read from two metres."""
    found = recorded.mark
    return _page(
        "kiosk_answer.html",
        200 if recorded.repeated else 201,
        site,
        services,
        mark=found,
        kind=site.statuses[found.status],
        marked=found.marked_at.astimezone(timezone(found.utc_offset)),
        repeated=recorded.repeated,
        error=None,
        back_seconds=SHOWN_SECONDS,
    )


def _refusal(site: Site, services: Services, error: AttendanceError) -> Response:
    """Return why nothing was recorded."""
    fields: dict[str, str] = getattr(error, "fields", {})
    told = " ".join(fields.values()) or str(error).removeprefix("Not recorded: ")
    page = _page(
        "kiosk_answer.html", status_of(error), site, services, error=told, mark=None, back_seconds=ERROR_SECONDS
    )
    page.headers.update(headers_of(error))
    return page


def _page(template: str, status: int, site: Site, services: Services, **context: object) -> Response:
    """Return a page of the kiosk: the site, its time, and its content."""
    now = services.now()
    return render(template, status, site=site, now=now, local=to_local(now, site.zone), home=_home(site), **context)
