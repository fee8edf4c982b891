"""Own what an employee sees: the list of sites, the page of a site, and what becomes of a mark sent by its form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response

from attendance.clock import to_local
from attendance.errors import AttendanceError, CodeNeededError
from attendance.model import MarkingRule, MarkRequest, Recorded, Site
from attendance.presence import TICKET_LIFETIME
from attendance.web.access import ANYBODY, MARKS, kiosk_at, ticket_at
from attendance.web.admitting import admit
from attendance.web.cookies import PRESENCE, set_cookie
from attendance.web.deps import AddressDep, Services, ServicesDep, SiteDep, sites_sought
from attendance.web.errors import headers_of, log_failure, problem_of, status_of
from attendance.web.forms import read_form
from attendance.web.remembering import Remembered, forget, read_remembered, remember
from attendance.web.rendering import mark_answer, render, wants_html

MAX_LISTED_SITES = 40  # with style and script, their page stays under 30 kB
_FIELDS = ("employee_id", "name", "status")
_ELSEWHERE = {MarkingRule.KIOSK, MarkingRule.PIN, MarkingRule.CODE}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """What stands in the form: typed before, or `known` from the cookie of this device."""

    employee_id: str = ""
    name: str = ""
    remember: bool = False
    known: bool = False
    forgotten: bool = False


router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[Depends(ANYBODY)])
async def list_sites(services: ServicesDep, q: Annotated[str, Query(max_length=80)] = "") -> Response:
    """Show the sites with their local times, all or those that are looked for."""
    return _site_list(services, q)


@router.get("/attendance", dependencies=[Depends(ANYBODY)])
async def find_site(request: Request, services: ServicesDep, address: AddressDep) -> Response:
    """Go to the page of the site that this device is at or was at, or show the list."""
    sites = services.registry_file.current.sites
    here = [site.site_id for site in services.marking.sites_at(address)]
    remembered = read_remembered(request)
    known = here if len(here) == 1 else [remembered.site_id] if remembered else []
    if known and known[0] in sites:
        return RedirectResponse(f"/sites/{known[0]}/attendance", 303, {"Cache-Control": "no-store"})
    return _site_list(services, "")


@router.post("/attendance", dependencies=[Depends(ANYBODY)])
async def refuse_form() -> Response:
    """Refuse a form: only programs may leave open at which site they mark, and they send JSON."""
    raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


@router.get("/sites/{site}/attendance", dependencies=[Depends(ANYBODY)])
async def show_site(  # noqa: PLR0913  # what the framework brings, and what may stand in the address
    request: Request, site: SiteDep, services: ServicesDep, address: AddressDep, *, someone: str = "", code: str = ""
) -> Response:
    """Show the form of a site, filled with who is remembered on this device; for someone else it is empty.

    Where it could not work, say how one marks there.
    """
    if site.marking in _ELSEWHERE:
        elsewhere = await run_in_threadpool(_elsewhere, request, site, services, code)
        if elsewhere:
            return elsewhere
    who = None if someone else read_remembered(request)
    filled = _Filled(employee_id=who.employee_id, name=who.name, remember=True, known=True) if who else _Filled()
    if someone != "forget":
        return _form(site, services, filled, is_outside=services.marking.is_outside(site, address))
    page = _form(site, services, _Filled(forgotten=True))
    forget(page, request)
    return page


@router.post("/sites/{site}/attendance", dependencies=[Depends(MARKS)])
async def mark(request: Request, site: SiteDep, services: ServicesDep, address: AddressDep) -> Response:
    """Record a mark that was sent by the form, and say what was recorded."""
    form = await read_form(request, *_FIELDS, "pin", ticks=("remember",), of_mark=True)
    wish = MarkRequest(employee_id=form["employee_id"], name=form["name"], status=form["status"])
    try:
        await admit(request, site, wish, form["pin"])
        recorded = await services.marking.mark(site, wish, address)
    except AttendanceError as error:
        log_failure(error, site.site_id)
        if isinstance(error, CodeNeededError) and wants_html(request):
            return _how(site, services, error)
        filled = _Filled(employee_id=wish.employee_id, name=wish.name, remember="remember" in form)
        return _form(site, services, filled, error) if wants_html(request) else problem_of(error)
    return _confirmation(request, site, recorded, form) if wants_html(request) else mark_answer(site, recorded)


@router.get("/clock", dependencies=[Depends(ANYBODY)])
async def clock(services: ServicesDep, site: Annotated[list[str], Query(max_length=MAX_LISTED_SITES)]) -> JSONResponse:
    """Return the present instant (milliseconds since 1970) and the offsets (seconds) of the sites asked for."""
    now = services.now()
    sites = services.registry_file.current.sites
    offsets = {key: _offset_seconds(to_local(now, sites[key].zone).utcoffset()) for key in site if key in sites}
    return JSONResponse({"now": int(now.timestamp() * 1000), "offsets": offsets}, headers={"Cache-Control": "no-store"})


def _offset_seconds(offset: timedelta | None) -> int:
    """Return an offset in seconds."""
    return int((offset or timedelta()).total_seconds())


def _site_list(services: Services, sought: str) -> Response:
    """Return the page that lists the sites whose names, IDs or zones hold the words."""
    now = services.now()
    every = services.registry_file.current.sites.values()
    found = [(site, to_local(now, site.zone)) for site in sites_sought(every, sought)]
    return render(
        "sites.html",
        now=now,
        sites=found[:MAX_LISTED_SITES],
        left_out=max(0, len(found) - MAX_LISTED_SITES),
        total=len(every),
        sought=sought,
    )


def _elsewhere(request: Request, site: Site, services: Services, code: str) -> Response | None:
    """Return where one who asks for the page of a site goes on instead, if not with its form; asks the disk.

    A kiosk goes to its own page. A phone that brings a fresh code gets a ticket, and the address without the code.
    """
    home = f"/sites/{site.site_id}"
    if site.marking is not MarkingRule.CODE:
        if kiosk_at(request, site.site_id):
            return RedirectResponse(f"{home}/kiosk", 303, {"Cache-Control": "no-store"})
        return _how(site, services)
    if code:
        presence = services.proving.presence()
        if not presence.is_fresh(site.site_id, code):
            return _how(site, services, is_old=True)
        answer = RedirectResponse(f"{home}/attendance", 303, {"Cache-Control": "no-store"})
        set_cookie(answer, request, PRESENCE, presence.ticket(site.site_id), int(TICKET_LIFETIME.total_seconds()))
        return answer
    try:
        ticket_at(request, site)
    except CodeNeededError:
        return _how(site, services)
    return None


def _how(site: Site, services: Services, error: CodeNeededError | None = None, *, is_old: bool = False) -> Response:
    """Return the page that says how one marks at a site, where it is not by a form, and why a scan was no good."""
    now = services.now()
    status = 403 if error or is_old else 200
    told = str(error) if error else None
    return render("how.html", status, site=site, now=now, local=to_local(now, site.zone), is_old=is_old, error=told)


def _form(
    site: Site, services: Services, filled: _Filled, error: AttendanceError | None = None, *, is_outside: bool = False
) -> Response:
    """Return the page of a site: its clock, the fields, a button for each status."""
    now = services.now()
    fields: dict[str, str] = getattr(error, "fields", {})
    page = render(
        "attendance.html",
        status_of(error) if error else 200,
        site=site,
        now=now,
        local=to_local(now, site.zone),
        filled=filled,
        is_outside=is_outside,
        asks_name=site.roster_path is None or "name" in fields,
        error=str(error) if error else None,
        fields=fields,
    )
    if error:
        page.headers.update(headers_of(error))
    return page


def _confirmation(request: Request, site: Site, recorded: Recorded, form: Mapping[str, str]) -> Response:
    """Return the page that says what stands in the ledger."""
    mark = recorded.mark
    page = render(
        "recorded.html",
        200 if recorded.repeated else 201,
        site=site,
        mark=mark,
        kind=site.statuses[mark.status],
        local=mark.marked_at.astimezone(timezone(mark.utc_offset)),
        repeated=recorded.repeated,
    )
    known = read_remembered(request)
    if "remember" in form:
        remember(page, request, Remembered(site_id=site.site_id, employee_id=mark.employee_id, name=mark.name))
    elif known and known.employee_id == mark.employee_id:  # the tick was taken away
        forget(page, request)
    return page
