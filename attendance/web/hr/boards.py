"""Own the pages of who is in now: at all sites, at one, and the list for an evacuation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from attendance.live import Places, Shown
from attendance.model import Site
from attendance.timesheet import DaySheet, Entry, State, sightings_in, with_sightings
from attendance.web.access import LOOKS, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, sites_sought, sites_within
from attendance.web.hr.sheets import SHOWS, Show, View, ViewDep, page_of, sorted_entries
from attendance.web.hr.troubles import Trouble, troubles_of
from attendance.web.readiness import look_at
from attendance.web.rendering import render

MAX_FOUND = 50
"""So many people are shown whose name or ID holds what is sought."""

_TOTALS = (Show.PRESENT, Show.LATE, Show.ABSENT, Show.NOT_MARKED, Show.OFF)

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteNow:
    """A site as a row among many: its day as it is now, and what is wrong there."""

    shown: Shown
    troubles: Sequence[Trouble]


@router.get("/hr")
def show_sites(services: ServicesDep, caller: CallerDep, q: Annotated[str, Query(max_length=80)] = "") -> Response:
    """Show the sites of the account with who is in, and whoever is sought; run in a thread, since it asks the disk."""
    sites = sites_within(services, caller.grant)
    shown = [services.live.shown(site) for site in sites]
    sought = {site.site_id for site in sites_sought(sites, q)}
    rows = [
        SiteNow(shown=one, troubles=troubles_of(one, look_at(services, one.site)))
        for one in shown
        if one.site.site_id in sought
    ]
    found = list(islice(_found(shown, View(q=q.strip())), MAX_FOUND + 1)) if q.strip() else []
    return render(
        "hr.html",
        now=services.now(),
        caller=caller,
        rows=rows,
        total=len(sites),
        sums={name: sum(getattr(one.sheet.totals, name) for one in shown if one.sheet) for name in _TOTALS},
        names=_TOTALS,
        sought=q,
        found=found[:MAX_FOUND],
        more_found=len(found) > MAX_FOUND,
        places=_places(shown),
    )


@router.get("/hr/sites/{site}")
def show_board(site: SiteDep, asked: ViewDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show who is in at one site, and who is not; run in a thread, since it asks the disk."""
    shown = services.live.shown(site)
    sheet = _with_sightings(services, shown.sheet, sites_within(services, caller.grant))
    asked = replace(asked, known="")
    entries = [entry for entry in sheet.entries if asked.finds(entry.employee_id, entry.name)] if sheet else []
    counts = [(show, sum(map(shows, entries))) for show, shows in SHOWS.items()]
    told = list(filter(SHOWS[asked.show], entries)) if asked.show else entries
    return render(
        "board.html",
        now=services.now(),
        caller=caller,
        site=site,
        shown=shown,
        sheet=sheet,
        view=asked,
        filters=[(show, count) for show, count in counts if count or show in _TOTALS],
        all=len(entries),
        page=page_of(sorted_entries(told, asked), asked.page),
        troubles=troubles_of(shown, look_at(services, site)),
        places=_places([shown]),
    )


@router.get("/hr/sites/{site}/muster")
def show_muster(site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show who is in the house, to be called out after an evacuation; run in a thread, since it asks the disk."""
    shown = services.live.shown(site)
    sheet = _with_sightings(services, shown.sheet, sites_within(services, caller.grant))
    entries = sorted(sheet.entries, key=lambda entry: (entry.name.casefold(), entry.employee_id)) if sheet else []
    inside = [entry for entry in entries if entry.state in {State.PRESENT, State.UNKNOWN}]
    elsewhere = {
        state: [entry for entry in entries if entry.state is state]
        for state in (State.LEFT, State.NOT_MARKED, State.ABSENT, State.HOLIDAY, State.OFF)
    }
    return render("muster.html", caller=caller, site=site, shown=shown, inside=inside, elsewhere=elsewhere)


def _found(shown: Sequence[Shown], sought: View) -> Iterator[tuple[Site, Entry]]:
    """Yield the people of sites whose name or ID holds what is sought."""
    for one in shown:
        for entry in one.sheet.entries if one.sheet else ():
            if sought.finds(entry.employee_id, entry.name):
                yield one.site, entry


def _with_sightings(services: Services, sheet: DaySheet | None, others: Sequence[Site]) -> DaySheet | None:
    """Return a sheet with where those who are missing were seen on the same work date, at others that are given."""
    if sheet is None:
        return None
    hosts = [other for other in others if other.visitors and other != sheet.site]
    shown = (services.live.shown(host).sheet for host in hosts)
    return with_sightings(sheet, sightings_in(one for one in shown if one and one.date == sheet.date))


def _places(shown: Sequence[Shown]) -> Places:
    """Return up to where a page tells of sites: from there its stream goes on."""
    return Places(by_site={one.site.site_id: one.place for one in shown})
