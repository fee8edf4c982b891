"""Own what programs read of a day: who was there, at the sites that their token is good for."""

from datetime import date
from functools import partial
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, Field

from attendance.clock import read_date
from attendance.exporting import Format
from attendance.exporting.apart import Kind, Order, weight_of_day, write_apart
from attendance.exporting.objects import write_days
from attendance.exporting.sheets import day_table
from attendance.model import AmendmentAction, Site
from attendance.reporting.reading import each
from attendance.timesheet import State
from attendance.web.access import LOOKS_BACK, CallerDep, sites_asked
from attendance.web.api.downloads import (
    MEDIA_TYPES,
    TABLES,
    OptionsDep,
    StillDep,
    TableForm,
    Taker,
    download,
    spooled,
)
from attendance.web.deps import KnownDep, ServicesDep, SiteKeys, sites_within
from attendance.web.document import problems

_TIME = "Of a mark, as amended: local to the site, with its offset from UTC; null without one."


class DayTotals(BaseModel):
    """How many there were; who marked with a status that the site has no more is in none of them but `late`."""

    present: int = Field(description="Of the kinds present and left.")
    absent: int = Field(description="Who said so: nobody is absent for want of a mark.")
    late: int = Field(description="Those of `present` who came after the start and the grace.")
    not_marked: int
    off: int = Field(description="Who had not to come: it is no workday, a public holiday, or they belong elsewhere.")


class TrailRow(BaseModel):
    """An amendment that speaks of a day of somebody: what HR says of it, or was asked to say."""

    written: str = Field(description="When it was written, local to the site, with the offset from UTC.")
    action: AmendmentAction = Field(description="Those that are requested or declined change nothing.")
    about: str = Field(description="A work date; or a moment, local to the site, with the offset from UTC.")
    status: str | None = Field(description="What counts in the place of what was marked; null: as if not marked.")
    by: str = Field(description="Who wrote it.")
    reason: str


class SeenAt(BaseModel):
    """Where somebody who is missing marked as a visitor on the same work date."""

    site: str
    timestamp: str = Field(description="Of their first mark there, local to that site, with the offset from UTC.")


class DayEmployee(BaseModel):
    """A day of somebody."""

    employee_id: str
    name: str
    status: str | None = Field(description="Of the last mark, or what an amendment says of the date; null without.")
    kind: State = Field(description="What that status means, or why there is none; unknown: the site has it no more.")
    first: str | None = Field(description=_TIME)
    last: str | None = Field(description=_TIME)
    late: bool
    worked_seconds: int | None = Field(description="From coming to leaving; null where nobody marks that they left.")
    visitor: bool = Field(description="Whether the site has a roster on which this employee is not on this date.")
    amended: bool = Field(description="Whether an amendment has a say in this; `trail` tells which.")
    trail: list[TrailRow] = Field(description="Every amendment that speaks of this day, in the order of writing.")
    seen: SeenAt | None = Field(description="Of who was not there: at which other site that the token is good for.")


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


def chosen_sites(
    request: Request,
    caller: CallerDep,
    site: SiteKeys = [],  # noqa: B006  # it is not changed
) -> list[Site]:
    """Return the sites that are asked for; raise ForbiddenError, UnknownSiteError."""
    return sites_asked(request, caller, site)


ChosenDep = Annotated[list[Site], Depends(chosen_sites)]

router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS_BACK)], responses=problems(401, 403, 404, 422, 503))


@router.get("/days/{date}", response_model=DayAnswer, responses=TABLES, response_description="What the day was.")
def show_day(  # noqa: PLR0913, PLR0917  # what is asked, of which, by whom, in which form
    date: DateKey,
    chosen: ChosenDep,
    services: ServicesDep,
    caller: CallerDep,
    known: KnownDep,
    options: OptionsDep,
    still: StillDep,
    form: TableForm = Format.JSON,
) -> Response:
    """Tell who was there on a day."""
    reporting = services.reporting
    others = [] if form is not Format.JSON else [one for one in sites_within(services, caller.grant) if one.visitors]
    order = Order.of(
        registry=services.registry_file.current.path,
        kind=Kind.DAY,
        sites=chosen,
        others=others,
        first=date,
        known=known,
        form=form,
        options=options,
        now=services.now(),
    )
    apart = partial(write_apart, order, weight_of_day(chosen, others), still=still)
    if form is not Format.JSON:
        taker = Taker(services=services, caller=caller, sites=chosen)
        return download(taker, day_table(reporting, chosen, date, known=known), form, options, apart=apart)

    def write(out: IO[bytes]) -> None:
        sheets = list(each(chosen, lambda site: reporting.day_as_known(site, date, known)))
        write_days(date, reporting.with_sightings(sheets, others, known), out)

    return spooled(MEDIA_TYPES[form], write, apart=apart)
