"""Own the page on which employees ask at a kiosk for what they forgot to mark; it tells nothing of what is recorded."""

from collections.abc import Mapping
from datetime import date, timedelta

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from attendance.clock import to_local
from attendance.errors import AttendanceError, InvalidInputError, UnknownEmployeeError
from attendance.model import Amendment, Employee, MarkingRule, Site
from attendance.roster import Roster
from attendance.web.access import AT_KIOSK, require_kiosk
from attendance.web.deps import Services, ServicesDep, SiteDep, run_hashing
from attendance.web.errors import headers_of, page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render
from attendance.web.wishes import FIELDS, both_moments, read_wish

HOME = "/sites/{site}/forgotten"
DAYS = 31
"""So many days back somebody can ask."""

IDLE_SECONDS = 90
SHOWN_SECONDS = 12

router = APIRouter(include_in_schema=False, dependencies=[Depends(AT_KIOSK)])


@router.get(HOME)
def show_form(site: SiteDep, services: ServicesDep) -> Response:
    """Show the form, with yesterday chosen."""
    _require_asking(site)
    return _form(site, services, {"date": str(services.reporting.today(site) - timedelta(days=1)), "scope": "day"})


@router.post(HOME)
async def ask(request: Request, site: SiteDep, services: ServicesDep) -> Response:
    """Take a request; HR answers it."""
    _require_asking(site)
    form = await read_form(request, "employee_id", "pin", "date", *FIELDS)
    try:
        employee, kiosk = await _identified(request, site, services, form)
        asked = await run_in_threadpool(_ask, site, services, employee, form, kiosk)
    except AttendanceError as error:
        return page_or_problem(request, error, await run_in_threadpool(_form, site, services, form, error))
    return _page("forgotten_asked.html", 201, site, services, asked=asked, back_seconds=SHOWN_SECONDS)


def asks_here(site: Site) -> bool:
    """Tell whether employees can ask at the kiosk of a site: where it knows the people."""
    return site.roster_path is not None and site.marking in {MarkingRule.KIOSK, MarkingRule.PIN}


def _require_asking(site: Site) -> None:
    """Refuse a site at which nobody can ask: there is nothing at this address."""
    if not asks_here(site):
        raise HTTPException(404)


async def _identified(
    request: Request, site: Site, services: Services, form: Mapping[str, str]
) -> tuple[Employee, str]:
    """Return who asks and the name of the kiosk, as for a mark: with the PIN, where the site has them.

    Raise InvalidInputError, UnknownEmployeeError, PinRefusedError, TooManyAttemptsError, RosterError, PinsError.
    """
    kiosk = (await run_in_threadpool(require_kiosk, request, site.site_id)).name
    roster = await run_in_threadpool(_roster, services, site)
    typed = form["employee_id"].strip()
    if not typed:
        raise InvalidInputError({"employee_id": "Type your ID or scan your badge."})
    try:
        employee_id = roster.find(typed).employee_id
    except UnknownEmployeeError:
        if site.marking is not MarkingRule.PIN:
            raise
        employee_id = typed  # the check of the PIN takes as long, and says the same
    if site.marking is MarkingRule.PIN:
        await run_hashing(services, services.proving.check_pin, site, roster, employee_id, form["pin"], kiosk)
    return roster.resolve(employee_id), kiosk


def _roster(services: Services, site: Site) -> Roster:
    """Return the roster of the site, which has one; raise RosterError."""
    return services.marking.roster(site) or Roster(employees={})


def _ask(site: Site, services: Services, employee: Employee, form: Mapping[str, str], kiosk: str) -> Amendment:
    """Return the request that was written, or that waits already; raise AttendanceError."""
    dates = _dates(services.reporting.today(site))
    on = next((on for on in dates if str(on) == form["date"]), None)
    if on is None:
        raise InvalidInputError({"date": f"Choose one of the last {DAYS} days."})
    wish = read_wish(site, employee.employee_id, employee.name, on, form)
    services.proving.count_request(kiosk)
    return services.amending.ask(site, wish, by=f"kiosk {kiosk}")


def _dates(today: date) -> list[date]:
    """Return the dates for which somebody can ask, the last one first."""
    return [today - timedelta(days=back) for back in range(1, DAYS + 1)]


def _form(site: Site, services: Services, filled: Mapping[str, str], error: AttendanceError | None = None) -> Response:
    """Return the form; a PIN that was typed never comes back."""
    dates = _dates(services.reporting.today(site))
    filled = dict.fromkeys(("employee_id", "date", *FIELDS), "") | dict(filled) | {"pin": ""}
    on = next((on for on in dates if str(on) == filled["date"]), dates[0])
    page = _page(
        "forgotten.html",
        status_of(error) if error else 200,
        site,
        services,
        dates=dates,
        filled=filled,
        error=error,
        fields=getattr(error, "fields", {}),
        candidates=both_moments(site, on, filled),
        back_seconds=IDLE_SECONDS,
    )
    if error:
        page.headers.update(headers_of(error))
    return page


def _page(template: str, status: int, site: Site, services: Services, **context: object) -> Response:
    """Return a page of the kiosk: the site, its time, and its content."""
    now = services.now()
    home = f"/sites/{site.site_id}/kiosk"
    address = HOME.format(site=site.site_id)
    local = to_local(now, site.zone)
    return render(template, status, site=site, now=now, local=local, home=home, address=address, **context)
