"""Own the page that follows the sun: all sites of an account over one day of UTC."""

from datetime import date, datetime, timedelta

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from attendance.clock import to_local
from attendance.errors import LedgerError, RosterError
from attendance.model import Site
from attendance.reporting.charts import sun, sun_dates
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.deps import Services, ServicesDep, sites_within
from attendance.web.hr.charts import AREA_HEIGHT, AXIS_WIDTH, ROW_HEIGHT, SunLine, axis, sun_line
from attendance.web.hr.sheets import TODAY, date_in, nearby
from attendance.web.hr.troubles import trouble
from attendance.web.rendering import render

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


@router.get("/hr/sun")
def find_sun(on: str = "") -> Response:
    """Lead from the form with a date to its page."""
    return RedirectResponse(f"/hr/sun/{date_in(on) if on else TODAY}", 303)


@router.get("/hr/sun/{date}")
def show_sun(date: str, services: ServicesDep, caller: CallerDep) -> Response:
    """Show all sites of the account over a day of UTC; run in a thread, since it asks the disk."""
    now = services.now()
    utc_day = now.date() if date == TODAY else date_in(date)
    sites = sites_within(services, caller.grant)
    lines = [_line(services, site, number, utc_day, now) for number, site in enumerate(sites)]
    return render(
        "sun.html",
        caller=caller,
        now=now,
        on=utc_day,
        lines=lines,
        now_x=axis(utc_day)(now) if utc_day == now.date() else None,
        begun=utc_day <= now.date(),
        clocks=[to_local(now, site.zone) for site in sites],
        before=nearby(utc_day, -1),
        after=nearby(utc_day, 1),
        size={"row": ROW_HEIGHT, "area": AREA_HEIGHT, "width": AXIS_WIDTH},
    )


def _line(services: Services, site: Site, number: int, utc_day: date, now: datetime) -> SunLine:
    """Return the row of a site; one that cannot be read does not hide the others."""
    try:
        sheets = [services.reporting.day(site, on) for on in sun_dates(site, utc_day)]
    except (LedgerError, RosterError) as error:
        return SunLine(site=site, y=number * ROW_HEIGHT, problem=trouble(error.code))
    (row,) = sun(sheets, utc_day, until=now + timedelta(seconds=1))
    return sun_line(row, number, utc_day, now)
