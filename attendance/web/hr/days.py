"""Own the pages of days: all sites on one screen, and one site's day with everybody in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response

from attendance.clock import to_local, work_day_on
from attendance.errors import LedgerError, RosterError
from attendance.model import Site
from attendance.timesheet import DaySheet, Entry
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, sites_within
from attendance.web.hr.charts import arrivals_chart
from attendance.web.hr.sheets import (
    OF_NOW,
    SHOWS,
    TODAY,
    Show,
    ViewDep,
    date_in,
    nearby,
    page_of,
    read_known,
    sorted_entries,
    work_date_in,
)
from attendance.web.hr.troubles import Trouble, trouble
from attendance.web.rendering import render

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])

_ALWAYS = {Show.PRESENT, Show.ABSENT, Show.LATE, Show.NOT_MARKED, Show.OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDay:
    """A day at one of many sites: its local time, and its sheet, or why that cannot be told."""

    site: Site
    local: datetime
    date: date
    begun: bool
    sheet: DaySheet | None
    problem: Trouble | None = None


@router.get("/hr/days")
def find_day(on: Annotated[str, Query(max_length=10)] = "") -> Response:
    """Lead from the form with a date to its page."""
    return RedirectResponse(f"/hr/days/{date_in(on) if on else TODAY}", 303)


@router.get("/hr/days/{date}")
def show_days(date: str, services: ServicesDep, caller: CallerDep) -> Response:
    """Show a day at all sites of the account, for each its own; run in a thread, since it asks the disk."""
    asked = None if date == TODAY else date_in(date)
    days = [_site_day(services, site, asked) for site in sites_within(services, caller.grant)]
    dates = sorted({day.date for day in days})
    return render(
        "days.html",
        caller=caller,
        now=services.now(),
        asked=asked,
        dates=dates,
        days=days,
        before=nearby(dates[0], -1) if dates else None,
        after=nearby(dates[-1], 1) if dates else None,
    )


@router.get("/hr/sites/{site}/days")
def find_day_of_site(site: SiteDep, on: Annotated[str, Query(max_length=10)] = "") -> Response:
    """Lead from the form with a date to its page."""
    return RedirectResponse(f"/hr/sites/{site.site_id}/days/{date_in(on) if on else TODAY}", 303)


@router.get("/hr/sites/{site}/days/{date}")
def show_day(site: SiteDep, date: str, asked: ViewDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show a day at a site with everybody in it; run in a thread, since it asks the disk."""
    on, known = work_date_in(date, site, services), read_known(site, asked.known)
    sheet = services.reporting.day(site, on, known_at=known.at, others=sites_within(services, caller.grant))
    begun = on <= services.reporting.today(site)
    told = _told(sheet.entries, begun=begun)
    shown = [one for one in told if asked.finds(one.employee_id, one.name)]
    if asked.show:
        shown = list(filter(SHOWS[asked.show], shown))
    span = work_day_on(on, site.zone, site.day_start)
    return render(
        "day.html",
        caller=caller,
        now=services.now(),
        local=to_local(services.now(), site.zone),
        sheet=sheet,
        begun=begun,
        starts=to_local(span.starts_at, site.zone),
        ends=to_local(span.ends_at, site.zone),
        chart=arrivals_chart(sheet),
        view=asked,
        known=known,
        filters=_filters(told),
        all=len(told),
        page=page_of(sorted_entries(shown, asked), asked.page),
        before=nearby(on, -1),
        after=nearby(on, 1),
    )


def _told(entries: Sequence[Entry], *, begun: bool) -> Sequence[Entry]:
    """Return the entries that a day tells of: before it has begun only those of whom something is written already."""
    return entries if begun else [one for one in entries if one.first or one.trail]


def _filters(entries: Sequence[Entry]) -> list[tuple[Show, int]]:
    """Return how many entries each filter would show, those that show any and the five of the totals."""
    counts = [(show, sum(map(shows, entries))) for show, shows in SHOWS.items() if show not in OF_NOW]
    return [(show, count) for show, count in counts if count or show in _ALWAYS]


def _site_day(services: Services, site: Site, asked: date | None) -> SiteDay:
    """Return a day at a site, its present one without a date; one that cannot be read does not hide the others."""
    today = services.reporting.today(site)
    on = asked or today
    sheet, problem = None, None
    try:
        sheet = services.reporting.day(site, on)
    except (LedgerError, RosterError) as error:
        problem = trouble(error.code)
    local = to_local(services.now(), site.zone)
    return SiteDay(site=site, local=local, date=on, begun=on <= today, sheet=sheet, problem=problem)
