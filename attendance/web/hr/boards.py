"""Own the pages of who is in now: at all sites, at one, and the list for an evacuation."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from attendance.clock import to_local
from attendance.identity import sort_key
from attendance.live import Places, Shown
from attendance.model import Kind, Site
from attendance.timesheet import DaySheet, Entry, State, due_at, sightings_in, with_sightings
from attendance.web.access import LOOKS, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, sites_sought, sites_within
from attendance.web.hr.sheets import OF_NOW, SHOWS, Show, View, ViewDep, page_of, sorted_entries
from attendance.web.hr.troubles import Trouble, troubles_of
from attendance.web.readiness import look_at
from attendance.web.rendering import render

MAX_FOUND = 50
"""So many people are shown whose name or ID holds what is sought."""

NOT_DUE = "not_due"

_TOTALS = (Show.PRESENT, Show.ABSENT, Show.LATE, Show.NOT_MARKED, Show.OFF)
_TOTALS_OF_LEAVING = (Show.IN_NOW, Show.LEFT, *_TOTALS)
"""Where people mark when they leave, `present` is not who is in."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteNow:
    """A site as a row among many: its day as it is now, until when nobody is missing, and what is wrong there."""

    shown: Shown
    due: datetime | None
    troubles: Sequence[Trouble]

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many of its people are what now; there is no `left` where nobody marks that."""
        if self.shown.sheet is None:
            return {}
        totals = self.shown.sheet.totals_now
        counts = {Show.IN_NOW: totals.present - totals.left, **asdict(totals)}
        return {name: count for name, count in counts.items() if name != Show.LEFT or _tells_leaving(self.shown.site)}


@router.get("/hr")
def show_sites(services: ServicesDep, caller: CallerDep, q: Annotated[str, Query(max_length=80)] = "") -> Response:
    """Show the sites of the account with who is in, and whoever is sought; run in a thread, since it asks the disk."""
    sites = sites_within(services, caller.grant)
    shown = [services.live.shown(site) for site in sites]
    dues = {one.site.site_id: _due(one) for one in shown}
    sought = {site.site_id for site in sites_sought(sites, q)}
    rows = [
        SiteNow(shown=one, due=dues[one.site.site_id], troubles=troubles_of(one, look_at(services, one.site)))
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
        sums=_sums(shown, dues),
        dues=dues,
        names=_TOTALS_OF_LEAVING if any(_tells_leaving(site) for site in sites) else _TOTALS,
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
    entries = sheet.entries if sheet else []
    shown_of = SHOWS[asked.show] if asked.show else None
    told = [one for one in filter(shown_of, entries) if asked.finds(one.employee_id, one.name)]
    return render(
        "board.html",
        now=services.now(),
        caller=caller,
        site=site,
        shown=shown,
        sheet=sheet,
        view=asked,
        due=_due(shown),
        filters=_filters(site, entries),
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
    entries = sorted(sheet.entries, key=lambda entry: (sort_key(entry.name), entry.employee_id)) if sheet else []
    inside = [entry for entry in entries if entry.state in {State.PRESENT, State.UNKNOWN}]
    elsewhere = {
        state: [entry for entry in entries if entry.state is state]
        for state in (State.LEFT, State.NOT_MARKED, State.ABSENT, State.HOLIDAY, State.OFF)
    }
    return render("muster.html", caller=caller, site=site, shown=shown, inside=inside, elsewhere=elsewhere)


def _tells_leaving(site: Site) -> bool:
    """Tell whether people mark there when they leave."""
    return Kind.LEFT in site.statuses.values()


def _filters(site: Site, entries: Sequence[Entry]) -> list[tuple[Show, int]]:
    """Return what can be shown of everybody at a site, with how many: the totals always, all else where there are."""
    always = _TOTALS_OF_LEAVING if _tells_leaving(site) else _TOTALS
    counts = [(show, sum(map(shows, entries))) for show, shows in SHOWS.items() if show in always or show not in OF_NOW]
    return [(show, count) for show, count in counts if count or show in always]


def _due(shown: Shown) -> datetime | None:
    """Return until when (local) nobody who has not marked is missing at a site, or None where that is over."""
    due = due_at(shown.site, shown.sheet.date, shown.site.zone) if shown.sheet else None
    if shown.sheet is None or due is None or shown.local > due:
        return None
    return to_local(due, shown.site.zone) if shown.sheet.totals.not_marked else None


def _sums(shown: Sequence[Shown], dues: Mapping[str, datetime | None]) -> Mapping[str, int]:
    """Return how many are what at all sites together; who is not due yet is apart from who has not marked."""
    sums: Counter[str] = Counter()
    for one in shown:
        if one.sheet:
            totals = one.sheet.totals_now
            sums.update(asdict(totals))
            sums[Show.IN_NOW] += totals.present - totals.left
            if dues[one.site.site_id]:
                sums[NOT_DUE] += totals.not_marked
                sums[Show.NOT_MARKED] -= totals.not_marked
    return sums


def _found(shown: Sequence[Shown], sought: View) -> Iterator[tuple[DaySheet, Entry]]:
    """Yield the people of sites whose name or ID holds what is sought, each with the day of the site."""
    for sheet in filter(None, (one.sheet for one in shown)):
        for entry in sheet.entries:
            if sought.finds(entry.employee_id, entry.name):
                yield sheet, entry


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
