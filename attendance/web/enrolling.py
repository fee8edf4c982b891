"""Own how a device becomes one of a site's: the page that asks for the code of HR, and what enters it."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.accounts.visit import Visit
from attendance.clock import to_local
from attendance.errors import AttendanceError
from attendance.model import Site
from attendance.web.cookies import KIOSK, LONGEST_SECONDS, set_cookie
from attendance.web.deps import Services
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render


def enrolment_page(site: Site, services: Services, home: str, error: AttendanceError | None = None) -> Response:
    """Return the page that asks for the code of HR; it is sent to `home`."""
    now = services.now()
    status = status_of(error) if error else 200
    local = to_local(now, site.zone)
    return render("kiosk_enrolment.html", status, site=site, now=now, local=local, home=home, error=error)


async def enrol_device(request: Request, site: Site, services: Services, visit: Visit, home: str) -> Response:
    """Make the device a kiosk of the site by the code that HR or ops were shown, and lead it to `home`."""
    form = await read_form(request, "code")
    try:
        enrolled = await run_in_threadpool(services.enrolling.enrol, site.site_id, form["code"], visit)
    except AttendanceError as error:
        return page_or_problem(request, error, enrolment_page(site, services, home, error))
    answer = RedirectResponse(home, 303, {"Cache-Control": "no-store"})
    set_cookie(answer, request, KIOSK, enrolled.secret, LONGEST_SECONDS)
    return answer
