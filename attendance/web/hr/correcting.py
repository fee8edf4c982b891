"""Own the page of one person's day: what it was, what was marked, who changed it and why, and the form for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.amendments import work_date_of
from attendance.clock import Month, instants_of, read_date
from attendance.errors import AttendanceError, InvalidInputError
from attendance.identity import clean_employee_id
from attendance.model import Amendment, Mark, Site
from attendance.reporting import PersonDay
from attendance.web.access import LOOKS_BACK, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render
from attendance.web.wishes import FIELDS, both_moments, read_wish

HOME = "/hr/sites/{site}/employees/{employee_id}/days/{date}"
router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The day of an employee that the address names, and who asks for it."""

    site: Site
    employee_id: str
    on: date
    services: Services
    caller: Caller

    @property
    def address(self) -> str:
        """Return the address of the page."""
        return HOME.format(site=self.site.site_id, employee_id=quote(self.employee_id), date=self.on)


async def here(
    site: SiteDep,
    employee_id: str,
    date: str,
    services: ServicesDep,
    caller: CallerDep,
) -> Here:
    """Return what the address names; what is no ID or no date is at no address."""
    try:
        on, clean_id = read_date(date), clean_employee_id(employee_id)
    except (ValueError, InvalidInputError):
        raise HTTPException(404) from None
    return Here(site=site, employee_id=clean_id, on=on, services=services, caller=caller)


HereDep = Annotated[Here, Depends(here)]


@router.get(HOME)
def show_day(
    here: HereDep,
    done: Annotated[int, Query(ge=0)] = 0,
    time: Annotated[str, Query(max_length=8)] = "",
    which: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """Show a day of somebody, and what was changed just now; run in a thread, since it asks the disk."""
    filled = {"time": time, "which": which, "scope": "time" if time else "day"}
    return _page(here, filled, done=done)


@router.post(HOME)
async def correct(request: Request, here: HereDep) -> Response:
    """Correct what the day was, with a reason; the marks stay as they are."""
    form = await read_form(request, "name", *FIELDS)
    try:
        row = await run_in_threadpool(_correct, here, form)
    except AttendanceError as error:
        return page_or_problem(request, error, await run_in_threadpool(_page, here, form, error))
    return RedirectResponse(f"{here.address}?done={row.number}", 303)


def _correct(here: Here, form: Mapping[str, str]) -> Amendment:
    """Return the row that was written for a form; raise AttendanceError."""
    known = here.services.reporting.person_day(here.site, here.on, here.employee_id)
    wish = read_wish(here.site, here.employee_id, known.name or form["name"], here.on, form)
    return here.services.amending.amend(here.site, wish, by=here.caller.told)


def _page(
    here: Here,
    filled: Mapping[str, str] = MappingProxyType({}),
    error: AttendanceError | None = None,
    *,
    done: int = 0,
) -> Response:
    """Return the page of a day of somebody; asks the disk."""
    services, site = here.services, here.site
    filled = dict.fromkeys(("name", *FIELDS), "") | dict(filled)
    known = services.reporting.person_day(site, here.on, here.employee_id)
    if known.employee is None and known.entry is None and site.roster_path is not None:
        raise HTTPException(404)
    month = Month.of(here.on)
    closing = services.amending.closing(site, month)
    return render(
        "person_day.html",
        status_of(error) if error else 200,
        caller=here.caller,
        here=here,
        known=known,
        site=site,
        month=month,
        is_closed=closing is not None and not closing.is_open,
        is_future=here.on > services.reporting.today(site),
        done=_told(known, done),
        before=services.reporting.person_day(site, here.on, here.employee_id, before=done) if done else None,
        error=error,
        fields=getattr(error, "fields", {}),
        filled=filled,
        candidates=both_moments(site, here.on, filled),
        waiting=[row for row in services.amending.requests(site) if _is_of(here, row)],
        marks=[(mark, _which(site, mark)) for mark in known.marks],
    )


def _is_of(here: Here, row: Amendment) -> bool:
    """Tell whether a row speaks of the day of the employee that is shown."""
    same = row.employee_id.casefold() == here.employee_id.casefold()
    return same and not isinstance(row.about, Month) and work_date_of(here.site, row.about) == here.on


def _which(site: Site, mark: Mark) -> str:
    """Return what tells a mark from another one of the same time by the clock: first or second, else nothing."""
    shown = instants_of((mark.marked_at + mark.utc_offset).replace(tzinfo=None), site.zone)
    return ("first", "second")[shown.index(mark.marked_at)] if len(shown) > 1 and mark.marked_at in shown else ""


def _told(known: PersonDay, number: int) -> Amendment | None:
    """Return the row of this day that was written just now, if it is one."""
    trail = known.entry.trail if known.entry else ()
    return next((row for row in trail if row.number == number and row.counts), None)
