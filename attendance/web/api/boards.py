"""Own what programs read: the sites that their token is good for, and who is in."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from attendance.clock import to_local
from attendance.codec import encode_timestamp
from attendance.model import Kind
from attendance.web.access import LOOKS, CallerDep
from attendance.web.deps import ServicesDep, SiteDep, sites_within
from attendance.web.document import problems


class SiteAnswer(BaseModel):
    """A site that the token is good for."""

    site: str
    name: str
    timezone: str
    local_time: str = Field(description="Now, local to the site, with its offset from UTC.")


class BoardMark(BaseModel):
    """Somebody's last mark of the present work date."""

    timestamp: str
    employee_id: str
    name: str
    status: str
    kind: Kind | None = Field(description="What the status means; null where the site has no such status any more.")


class BoardAnswer(BaseModel):
    """Who is in at a site now."""

    site: str
    timezone: str
    work_date: str
    marks: list[BoardMark]


router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS)], responses=problems(401, 403, 503))


@router.get("/sites", response_description="The sites, in the order of the registry.")
async def list_sites(services: ServicesDep, caller: CallerDep) -> list[SiteAnswer]:
    """List the sites that the token is good for, with their local times."""
    now = services.now()
    return [
        SiteAnswer(
            site=site.site_id,
            name=site.name,
            timezone=site.timezone,
            local_time=to_local(now, site.zone).isoformat(timespec="seconds"),
        )
        for site in sites_within(services, caller.grant)
    ]


@router.get("/sites/{site}/board", responses=problems(404), response_description="The last marks, one of each.")
def show_board(site: SiteDep, services: ServicesDep) -> BoardAnswer:
    """Tell who is in: everybody's last mark of the present work date."""
    work_date, marks = services.marking.ledger(site).board()  # run in a thread, since it asks the disk
    rows = [
        BoardMark(
            timestamp=encode_timestamp(mark.marked_at, mark.utc_offset),
            employee_id=mark.employee_id,
            name=mark.name,
            status=mark.status,
            kind=site.statuses.get(mark.status),
        )
        for mark in marks
    ]
    return BoardAnswer(site=site.site_id, timezone=site.timezone, work_date=work_date.isoformat(), marks=rows)
