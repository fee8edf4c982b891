"""Own the pages of the kiosks: which there are, a code for a new one, and how one is taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from attendance.accounts.enrolling import CODE_SECONDS
from attendance.clock import to_local
from attendance.errors import AttendanceError, UnknownGrantError
from attendance.model import Site
from attendance.web.access import KEEPS_KIOSKS, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep, sites_sought, sites_within
from attendance.web.errors import page_or_problem, status_of
from attendance.web.forms import read_form
from attendance.web.rendering import render

MAX_SHOWN_SITES = 40

router = APIRouter(include_in_schema=False)


@router.get("/hr/kiosks", dependencies=[Depends(KEEPS_KIOSKS)])
def show_kiosks(
    services: ServicesDep, caller: CallerDep, q: Annotated[str, Query(max_length=80)] = "", removed: str = ""
) -> Response:
    """Show the kiosks of the account's sites, those that are looked for; run in a thread, since it asks the disk."""
    return _kiosks(services, caller, sought=q, removed=removed == "1")


@router.post("/hr/sites/{site}/kiosks", dependencies=[Depends(KEEPS_KIOSKS)])
async def give_code(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show a code that makes one device a kiosk of the site."""
    form = await read_form(request, "name", "q")
    try:
        code = await run_in_threadpool(services.enrolling.code, form["name"], site.site_id, by=caller.told)
    except AttendanceError as error:
        page = await run_in_threadpool(
            _kiosks, services, caller, sought=form["q"], error=error, chosen=site, typed=form["name"]
        )
        return page_or_problem(request, error, page)
    address = f"{request.base_url}sites/{site.site_id}/kiosk"
    minutes = CODE_SECONDS // 60
    return render(
        "kiosk_code.html", caller=caller, site=site, name=form["name"], code=code, address=address, minutes=minutes
    )


@router.post("/hr/sites/{site}/kiosks/{name}/revoke", dependencies=[Depends(KEEPS_KIOSKS)])
def revoke_kiosk(site: SiteDep, name: str, services: ServicesDep, caller: CallerDep) -> Response:
    """Make a kiosk of the site an ordinary device again; run in a thread, since it asks the disk."""
    kiosks = [kiosk.name for kiosk in services.accounts.current().kiosks.values() if kiosk.site_id == site.site_id]
    if name not in kiosks:
        raise UnknownGrantError("kiosk", kiosks)
    services.granting.revoke_kiosk(name, by=caller.told)
    return RedirectResponse("/hr/kiosks?removed=1", 303)


def _kiosks(  # noqa: PLR0913  # what one page may tell
    services: Services,
    caller: Caller,
    *,
    sought: str,
    error: AttendanceError | None = None,
    chosen: Site | None = None,
    typed: str = "",
    removed: bool = False,
) -> Response:
    """Return the page of the kiosks: the sites that are looked for, each with its own."""
    sites = sites_within(services, caller.grant)
    found = sites_sought(sites, sought)[:MAX_SHOWN_SITES]
    kiosks = services.accounts.current().kiosks.values()
    shown = [
        (site, [(one, to_local(one.enrolled_at, site.zone)) for one in kiosks if one.site_id == site.site_id])
        for site in (found if chosen is None or chosen in found else [chosen])
    ]
    return render(
        "kiosks.html",
        status_of(error) if error else 200,
        caller=caller,
        shown=shown,
        total=len(sites),
        sought=sought,
        error=error,
        fields=getattr(error, "fields", {}),
        chosen=chosen,
        typed=typed,
        removed=removed,
    )
