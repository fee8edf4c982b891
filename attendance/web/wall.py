"""Own the display on the wall: who is in at its site, by first names alone; it takes no mark and tells no times."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from attendance.model import Kind, Site
from attendance.reporting.first_names import first_names, in_order
from attendance.timesheet import State
from attendance.web.access import ANYBODY, AT_KIOSK, VisitDep, kiosk_at
from attendance.web.deps import Services, ServicesDep, SiteDep
from attendance.web.enrolling import enrol_device, enrolment_page
from attendance.web.rendering import render

HOME = "/sites/{site}/board"
CROWDS = (("few", 12), ("some", 40), ("many", 110))
"""So many names fit on a screen in letters of a size; more are shown in the smallest, screen by screen."""

router = APIRouter(include_in_schema=False)


@router.get(HOME, dependencies=[Depends(ANYBODY)])
def show_wall(request: Request, site: SiteDep, services: ServicesDep) -> Response:
    """Show who is in on a device of the site, else ask for the code that makes it one; it asks the disk."""
    if kiosk_at(request, site.site_id) is None:
        return enrolment_page(site, services, _home(site))
    return _page("wall.html", site, services)


@router.post(HOME, dependencies=[Depends(ANYBODY)])
async def enrol(request: Request, site: SiteDep, services: ServicesDep, visit: VisitDep) -> Response:
    """Make the device one of the site's, by the code that HR or ops were shown."""
    return await enrol_device(request, site, services, visit, _home(site))


@router.get(f"{HOME}/people", dependencies=[Depends(AT_KIOSK)])
def show_people(site: SiteDep, services: ServicesDep) -> Response:
    """Show the part of the page that changes; it asks the disk."""
    return _page("wall_people.html", site, services)


def _home(site: Site) -> str:
    """Return the address of the site's display."""
    return HOME.format(site=site.site_id)


def _page(template: str, site: Site, services: Services) -> Response:
    """Return who is in, or that it cannot be told now."""
    shown = services.live.shown(site)
    sheet, now = shown.sheet if shown.problem is None else None, services.now()
    if sheet is None:
        return render(template, site=site, now=now, local=shown.local, home=_home(site), sheet=None)
    names = in_order(first_names([one.name for one in sheet.entries if one.state is State.PRESENT]))
    return render(
        template,
        site=site,
        now=now,
        local=shown.local,
        home=_home(site),
        sheet=sheet,
        names=names,
        crowd=next((crowd for crowd, most in CROWDS if len(names) <= most), "crowd"),
        has_left=sum(one.state is State.LEFT for one in sheet.entries) if Kind.LEFT in site.statuses.values() else None,
    )
