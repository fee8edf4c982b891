"""Own the pages that close a month and open it again: the digest, the sheet that was closed, what differs since."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.amendments import Difference, read_sheet, work_date_of
from attendance.audit import Action
from attendance.clock import Month, read_month
from attendance.errors import AttendanceError, LedgerError, MonthNotClosedError, RosterError
from attendance.model import Amendment, Site
from attendance.web.access import LOOKS_BACK, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render

HOME = "/hr/sites/{site}/months/{month}"
MAX_DIFFERENCES = 200

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


async def month(month: str) -> Month:
    """Return the month that the address names; what is none is at no address."""
    try:
        return read_month(month)
    except ValueError:
        raise HTTPException(404) from None


MonthDep = Annotated[Month, Depends(month)]


@router.get(f"{HOME}/closing")
def show_closing(site: SiteDep, month: MonthDep, services: ServicesDep, caller: CallerDep, done: str = "") -> Response:
    """Show whether a month is closed, and what was closed; run in a thread, since it asks the disk."""
    return _page(services, caller, site, month, done=done)


@router.post(f"{HOME}/close")
async def close(site: SiteDep, month: MonthDep, request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """Close a month: the page of the closing asked before."""
    await read_form(request)
    try:
        await run_in_threadpool(services.amending.close, site, month, by=caller.told)
    except AttendanceError as error:
        page = await run_in_threadpool(_page, services, caller, site, month, error=error)
        return page_or_problem(request, error, page)
    return RedirectResponse(f"{_home(site, month)}/closing?done=closed", 303)


@router.post(f"{HOME}/reopen")
async def reopen(
    site: SiteDep, month: MonthDep, request: Request, services: ServicesDep, caller: CallerDep
) -> Response:
    """Open a closed month again, with a reason; what was closed stays."""
    form = await read_form(request, "reason")
    try:
        await run_in_threadpool(services.amending.reopen, site, month, by=caller.told, reason=form["reason"])
    except AttendanceError as error:
        page = await run_in_threadpool(_page, services, caller, site, month, error=error, typed=form["reason"])
        return page_or_problem(request, error, page)
    return RedirectResponse(f"{_home(site, month)}/closing?done=reopened", 303)


@router.get(f"{HOME}/closing/sheet")
def download(site: SiteDep, month: MonthDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Send the sheet that was closed, to the byte: its digest is the one in the row of the closing."""
    closing = services.amending.closing(site, month)
    if closing is None:
        raise MonthNotClosedError(month.first)
    sheet, stem = read_sheet(closing), f"{site.site_id}-{month}-closed"
    services.audit.note(Action.EXPORT, who=caller.told, what=stem, format="csv", sites=site.site_id)
    headers = {"Content-Disposition": f'attachment; filename="{stem}.csv"'}
    return Response(sheet, headers=headers, media_type="text/csv; charset=utf-8")


def _home(site: Site, month: Month) -> str:
    """Return the address of the month's page."""
    return HOME.format(site=site.site_id, month=month)


def _page(  # noqa: PLR0913  # what one page may tell
    services: Services,
    caller: Caller,
    site: Site,
    month: Month,
    *,
    error: AttendanceError | None = None,
    typed: str = "",
    done: str = "",
) -> Response:
    """Return the page of the closing of a month; asks the disk."""
    closing = services.amending.closing(site, month)
    trouble = None
    differences: list[Difference] = []
    try:
        differences = list(services.amending.differences(site, month)) if closing else []
    except (LedgerError, RosterError) as found:
        trouble = str(found)
    asked = [row for row in services.amending.requests(site) if _is_about(site, row, month)]
    return render(
        "month_closing.html",
        status_of(error) if error else 200,
        caller=caller,
        site=site,
        month=month,
        home=_home(site, month),
        closing=closing,
        is_over=services.reporting.today(site) > month.dates[-1],
        asked=asked,
        trouble=trouble,
        differences=differences[:MAX_DIFFERENCES],
        left_out=max(0, len(differences) - MAX_DIFFERENCES),
        error=error,
        fields=getattr(error, "fields", {}),
        typed=typed,
        done=done if closing and (done == "closed") is not closing.is_open else "",
    )


def _is_about(site: Site, row: Amendment, month: Month) -> bool:
    """Tell whether a request speaks of a date of a month."""
    return not isinstance(row.about, Month) and Month.of(work_date_of(site, row.about)) == month
