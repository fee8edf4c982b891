"""Own the page of what employees ask for, over all sites of the account: HR approves or declines, once each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.amendments import work_date_of
from attendance.clock import Month
from attendance.errors import AttendanceError, InvalidInputError, LedgerError, RosterError, UnknownRequestError
from attendance.model import Amendment, AmendmentAction, Site
from attendance.timesheet import Entry
from attendance.web.access import LOOKS_BACK, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, sites_within
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render

MAX_OPEN = 50
MAX_ANSWERED = 50
SHOWN_FOR = timedelta(days=30)
_ANSWERS = {AmendmentAction.APPROVED, AmendmentAction.DECLINED}

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request at a site, with its answer if it has one; `entry` is what is recorded now, where that was read."""

    site: Site
    request: Amendment
    on: date
    answer: Amendment | None = None
    was_read: bool = False
    entry: Entry | None = None

    @property
    def key(self) -> str:
        """Return what tells it from all others on the page."""
        return f"{self.site.site_id}-{self.request.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """A request that could not be answered, and why."""

    site: Site
    number: int
    error: AttendanceError
    reason: str

    @property
    def key(self) -> str:
        """Return what tells the request from all others on the page."""
        return f"{self.site.site_id}-{self.number}"


@router.get("/hr/requests")
def show_requests(
    services: ServicesDep, caller: CallerDep, site: str = "", number: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Show what is asked for and what was answered, the one of just now first; run in a thread: it asks the disk."""
    return _page(services, caller, told=(site, number))


@router.post("/hr/sites/{site}/requests/{number}")
async def answer(request: Request, site: SiteDep, number: int, services: ServicesDep, caller: CallerDep) -> Response:
    """Approve or decline a request; who comes second is told what the first one said."""
    form = await read_form(request, "answer", "reason")
    try:
        row = await run_in_threadpool(_answer, services, site, number, form, caller.told)
    except AttendanceError as error:
        failed = _Failed(site=site, number=number, error=error, reason=form["reason"])
        return page_or_problem(request, error, await run_in_threadpool(_page, services, caller, failed))
    return RedirectResponse(f"/hr/requests?site={site.site_id}&number={row.reference}", 303)


def _answer(services: Services, site: Site, number: int, form: Mapping[str, str], by: str) -> Amendment:
    """Return the row of the answer; raise AttendanceError."""
    if form["answer"] == "approve":
        return services.amending.approve(site, number, by=by)
    if form["answer"] == "decline":
        return services.amending.decline(site, number, by=by, reason=form["reason"])
    raise InvalidInputError({"answer": "Approve or decline."})


def _page(
    services: Services, caller: Caller, failed: _Failed | None = None, *, told: tuple[str, int] = ("", 0)
) -> Response:
    """Return the page of the requests; asks the disk."""
    waiting: list[Asked] = []
    answered: list[Asked] = []
    broken: list[Site] = []
    for site in sites_within(services, caller.grant):
        try:
            for one in _asked(services, site):
                (answered if one.answer else waiting).append(one)
        except LedgerError:
            broken.append(site)
    # What could not be answered is shown, though it may have come from its day's page and be none of the oldest.
    waiting.sort(key=lambda one: (failed is None or one.key != failed.key, one.request.written.at))
    answered.sort(key=lambda one: one.answer.written.at if one.answer else one.request.written.at, reverse=True)
    since = services.now() - SHOWN_FOR
    late = isinstance(failed.error, UnknownRequestError) if failed else False
    sought = (failed.site.site_id, failed.number) if failed and late else told
    return render(
        "requests.html",
        status_of(failed.error) if failed else 200,
        caller=caller,
        waiting=list(_with_entries(services, waiting[:MAX_OPEN])),
        left_out=max(0, len(waiting) - MAX_OPEN),
        answered=[one for one in answered if one.answer and one.answer.written.at >= since][:MAX_ANSWERED],
        broken=broken,
        failed=failed,
        told=next((one for one in answered if (one.site.site_id, one.request.number) == sought), None),
    )


def _asked(services: Services, site: Site) -> Iterator[Asked]:
    """Yield the requests of a site, each with its answer; raise LedgerError."""
    rows: Sequence[Amendment] = services.amending.trail(site)
    answers = {row.reference: row for row in rows if row.action in _ANSWERS}
    for row in rows:
        if row.action is AmendmentAction.REQUESTED and not isinstance(row.about, Month):
            answer = answers.get(str(row.number))
            yield Asked(site=site, request=row, on=work_date_of(site, row.about), answer=answer)


def _with_entries(services: Services, asked: Sequence[Asked]) -> Iterator[Asked]:
    """Yield requests with what is recorded of their days now, where that can be read; each day is read once."""
    days: dict[tuple[str, date], list[Asked]] = {}
    for one in asked:
        days.setdefault((one.site.site_id, one.on), []).append(one)
    entries: dict[str, Entry | None] = {}
    for same in days.values():
        people = [one.request.employee_id for one in same]
        with suppress(LedgerError, RosterError):
            known = services.reporting.people_day(same[0].site, same[0].on, people)
            entries |= {one.key: person.entry for one, person in zip(same, known, strict=True)}
    for one in asked:
        yield replace(one, was_read=one.key in entries, entry=entries.get(one.key))
