"""Own what programs read of a day: who was there, at the sites that their token is good for."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, BeforeValidator, Field

from attendance.clock import read_date
from attendance.reporting import days_object
from attendance.timesheet import State
from attendance.web.access import LOOKS_BACK, CallerDep, sites_asked
from attendance.web.deps import ServicesDep
from attendance.web.document import problems

_TIME = "Local to the site, with its offset from UTC, as it stands in the ledger; null without a mark."


class DayTotals(BaseModel):
    """How many there were; who marked with a status that the site has no more is in none of them but `late`."""

    present: int = Field(description="Of the kinds present and left.")
    absent: int = Field(description="Who said so: nobody is absent for want of a mark.")
    late: int = Field(description="Those of `present` who came after the start and the grace.")
    not_marked: int
    off: int = Field(description="Who had not to come: it is no workday, or a public holiday.")


class DayEmployee(BaseModel):
    """A day of somebody."""

    employee_id: str
    name: str
    status: str | None = Field(description="Of the last mark; null without one.")
    kind: State = Field(description="What that status means, or why there is none; unknown: the site has it no more.")
    first: str | None = Field(description=_TIME)
    last: str | None = Field(description=_TIME)
    late: bool
    visitor: bool = Field(description="Whether the site has a roster on which this employee is not.")


class DaySite(BaseModel):
    """A day at a site: everybody on its roster, and who else marked."""

    site: str
    timezone: str
    date: str
    holiday: str | None = Field(description="The name of the public holiday.")
    totals: DayTotals
    employees: list[DayEmployee]


class DayAnswer(BaseModel):
    """A day at sites: for each the work date of this name, which begins and ends by its own clock."""

    date: str
    sites: list[DaySite]


DateKey = Annotated[
    date,
    BeforeValidator(read_date),
    Path(description="The work date, from 1900-01-01 to 2199-12-31.", examples=["2026-11-20"]),
]
SiteKeys = Annotated[
    list[str],
    Query(description="The keys of sites; without it, all that the token is good for.", examples=[["london"]]),
]

router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS_BACK)], responses=problems(401, 403, 404, 503))


@router.get("/days/{date}", response_model=DayAnswer, response_description="What the day was.")
def show_day(
    request: Request,
    date: DateKey,
    services: ServicesDep,
    caller: CallerDep,
    site: SiteKeys = [],  # noqa: B006  # it is not changed
) -> dict[str, Any]:
    """Tell who was there on a day."""
    chosen = sites_asked(request, caller, site)
    return days_object(date, [services.reporting.day(one, date) for one in chosen])
