"""Own the pages of a site's roster: who is on it, an uploaded one shown as its changes, and its being put in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.audit import Action
from attendance.clock import Month
from attendance.errors import AttendanceError, ForbiddenError, RosterError
from attendance.model import Employee, Site
from attendance.roster import Span, reach
from attendance.rostering import Preview
from attendance.web.access import KEEPS_ROSTERS, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render
from attendance.web.uploads import received

HOME = "/hr/sites/{site}/roster"
MAX_BYTES = 8 << 20
MAX_SHOWN = 500
_TOO_LARGE = "Take out columns that are not needed, or put the file in its place on the server."

router = APIRouter(include_in_schema=False, dependencies=[Depends(KEEPS_ROSTERS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the roster, and what today is for them: nothing, before they begin, or after they have left."""

    employee: Employee
    today: str


@router.get(HOME)
def show_roster(  # noqa: PLR0913  # what was done is told in the address
    site: SiteDep,
    services: ServicesDep,
    caller: CallerDep,
    *,
    q: Annotated[str, Query(max_length=80)] = "",
    added: Annotated[int | None, Query(ge=0)] = None,
    removed: Annotated[int, Query(ge=0)] = 0,
    changed: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Show who is on the roster, those who are looked for; run in a thread, since it asks the disk."""
    done = None if added is None else (added, removed, changed)
    return _page(services, site, caller, sought=q.strip(), done=done)


@router.get(f"{HOME}.csv")
def download(site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Send the roster as a file to be edited; badges are not in it, and stay as they are when it comes back."""
    roster = services.marking.roster(site)
    if roster is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    content, stem = services.rostering.copy(roster), f"{site.site_id}.roster"
    services.audit.note(Action.EXPORT, who=caller.told, what=stem, format="csv", sites=site.site_id)
    named = f'attachment; filename="{stem}.csv"'
    return Response(content, headers={"Content-Disposition": named}, media_type="text/csv; charset=utf-8")


@router.post(HOME)
async def propose(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show what an uploaded roster would change; nothing changes yet."""
    _require_all(services, site, caller)
    try:
        async with received(request, MAX_BYTES, _TOO_LARGE) as upload:
            ledger = services.marking.ledger(site)
            preview = await run_in_threadpool(services.rostering.propose, site, upload, ledger)
    except AttendanceError as error:
        return page_or_problem(request, error, await run_in_threadpool(_page, services, site, caller, error=error))
    return await run_in_threadpool(_preview_page, services, site, caller, preview)


@router.post(f"{HOME}/apply")
async def put_in_force(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Put the roster in force that was shown."""
    _require_all(services, site, caller)
    form = await read_form(request, "basis", "proposal", "missing")
    put = partial(services.rostering.apply, keep_leavers=form["missing"] != "remove", by=caller.told)
    try:
        done = await run_in_threadpool(put, site, form["basis"], form["proposal"])
    except AttendanceError as error:
        return page_or_problem(request, error, await run_in_threadpool(_page, services, site, caller, error=error))
    counts = f"added={len(done.added)}&removed={len(done.removed)}&changed={len(done.changed)}"
    return RedirectResponse(f"{HOME.format(site=site.site_id)}?{counts}", 303)


def _preview_page(services: Services, site: Site, caller: Caller, preview: Preview) -> Response:
    """Return the page of what an upload would change, in months that are closed too; asks the disk."""
    closed = [] if preview.was_broken else _closed_months(services, site)
    return render(
        "roster_preview.html",
        caller=caller,
        site=site,
        preview=preview,
        last_day=services.rostering.last_day(site),
        home=HOME.format(site=site.site_id),
        closed_dated=_reached(closed, list(preview.changes.dated)),
        closed_lost=_reached(closed, list(preview.changes.lost)),
    )


def _closed_months(services: Services, site: Site) -> list[tuple[Site, Month]]:
    """Return every month that is closed at a site or at another one with the same roster; asks the disk."""
    return [(one, month) for one in _sharing(services, site) for month in services.amending.closed_months(one)]


def _reached(closed: Sequence[tuple[Site, Month]], spans: Sequence[Span]) -> list[tuple[Site, Month]]:
    """Return the closed months in which somebody belongs who did not, or the other way."""
    return [(site, month) for site, month in closed if reach(spans, month.first, month.dates[-1])]


def _sharing(services: Services, site: Site) -> list[Site]:
    """Return the sites with the roster of this one, itself among them."""
    return [one for one in services.registry_file.current.sites.values() if one.roster_path == site.roster_path]


def _require_all(services: Services, site: Site, caller: Caller) -> None:
    """Raise ForbiddenError where the roster is that of a site too which the caller may not change."""
    if site.roster_path and not all(caller.grant.reaches(one.site_id) for one in _sharing(services, site)):
        raise ForbiddenError(is_token=caller.account is None)


def _page(  # noqa: PLR0913  # what one page may tell
    services: Services,
    site: Site,
    caller: Caller,
    *,
    sought: str = "",
    done: tuple[int, int, int] | None = None,
    error: AttendanceError | None = None,
) -> Response:
    """Return the page of the roster; asks the disk."""
    broken: Sequence[str] = ()
    people: list[Person] = []
    try:
        roster = services.marking.roster(site)
        people = [_person(services, site, one) for one in roster.employees.values()] if roster else []
    except RosterError as found:
        broken = [f"Row {one.line}: {one.message.rstrip('.')}." for one in found.problems]
    words = sought.casefold().split()
    found_people = [one for one in people if _is_sought(one.employee, words)]
    return render(
        "roster.html",
        status_of(error) if error else 200,
        caller=caller,
        site=site,
        home=HOME.format(site=site.site_id),
        people=found_people[:MAX_SHOWN],
        found=len(found_people),
        total=len(people),
        sought=sought,
        broken=broken,
        done=done,
        error=error,
        problems=getattr(error, "reasons", ()),
        fields={"file": "", **getattr(error, "fields", {})},
        today=services.rostering.last_day(site),
    )


def _person(services: Services, site: Site, employee: Employee) -> Person:
    """Return somebody with what today is for them."""
    if services.marking.belongs(site, employee):
        return Person(employee=employee, today="")
    not_begun = employee.from_date is not None and employee.from_date > services.rostering.last_day(site)
    return Person(employee=employee, today="has not begun" if not_begun else "has left")


def _is_sought(employee: Employee, words: Sequence[str]) -> bool:
    """Tell whether every word that is looked for stands in the name or the ID."""
    told = f"{employee.name} {employee.employee_id}".casefold()
    return all(word in told for word in words)
