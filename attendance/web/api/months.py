"""Own what programs read of a month: days by employees, at the sites that their token is good for."""

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from attendance.clock import Month, read_month
from attendance.exporting import Format
from attendance.exporting.apart import Kind, Order, weight_of_ledgers, write_apart
from attendance.exporting.objects import write_months
from attendance.exporting.sheets import month_table
from attendance.reporting.reading import each
from attendance.timesheet import State
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.api.days import ChosenDep, DayTotals, TrailRow
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
from attendance.web.deps import KnownDep, ServicesDep
from attendance.web.document import problems

TIME = "Of a mark, as amended: local to the site, with its offset from UTC; null without one."


class OwnDay(BaseModel):
    """A day of somebody."""

    date: str
    status: str | None = Field(description="Of the last mark, or what an amendment says of the date; null without.")
    kind: State = Field(description="What that status means, or why there is none; unknown: the site has it no more.")
    first: str | None = Field(description=TIME)
    last: str | None = Field(description=TIME)
    late: bool
    worked_seconds: int | None = Field(description="From coming to leaving; null where nobody marks that they left.")
    visitor: bool = Field(description="Whether the site has a roster on which this employee is not on this date.")
    amended: bool = Field(description="Whether an amendment has a say in this; `trail` tells which.")
    trail: list[TrailRow] = Field(description="Every amendment that speaks of this day, in the order of writing.")


class MonthEmployee(BaseModel):
    """A month of somebody."""

    employee_id: str
    name: str
    visitor: bool = Field(description="Whether the site has a roster on which this employee never was.")
    totals: DayTotals = Field(description="On how many days they were what.")
    worked_seconds: int | None
    days: list[OwnDay | None] = Field(description="One for each day of the month; null: nothing is to be told.")


class MonthDay(BaseModel):
    """A date of the month, for all employees of the site."""

    date: str
    workday: bool = Field(description="Whether people are expected: false at weekends and on public holidays.")
    holiday: str | None = Field(description="The name of the public holiday.")
    totals: DayTotals


class MonthSite(BaseModel):
    """A month at a site: everybody who was on its roster, and who else marked."""

    site: str
    timezone: str
    month: str
    totals: DayTotals = Field(description="Summed up over all days.")
    days: list[MonthDay]
    employees: list[MonthEmployee]


class MonthAnswer(BaseModel):
    """A month at sites."""

    month: str
    sites: list[MonthSite]


def _first_of(text: str) -> date:
    """Return the first date of a month that is written as 2026-11; raise ValueError."""
    return read_month(text).first


MonthKey = Annotated[
    date,
    BeforeValidator(_first_of),
    WithJsonSchema({"type": "string", "pattern": r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$"}),
    Path(description="The month, from 1900-01 to 2199-12.", examples=["2026-11"]),
]

router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS_BACK)], responses=problems(401, 403, 404, 422, 503))


@router.get("/months/{month}", response_model=MonthAnswer, responses=TABLES, response_description="What it was.")
def show_month(  # noqa: PLR0913, PLR0917  # what is asked, of which, by whom, in which form
    month: MonthKey,
    chosen: ChosenDep,
    services: ServicesDep,
    caller: CallerDep,
    known: KnownDep,
    options: OptionsDep,
    still: StillDep,
    form: TableForm = Format.JSON,
) -> Response:
    """Tell who was there in a month, day by day; as a workbook it is a grid as well."""
    reporting, asked = services.reporting, Month.of(month)
    order = Order.of(
        registry=services.registry_file.current.path,
        kind=Kind.MONTH,
        sites=chosen,
        first=month,
        known=known,
        form=form,
        options=options,
        now=services.now(),
    )
    apart = partial(write_apart, order, weight_of_ledgers(chosen), still=still)
    if form is not Format.JSON:
        taker = Taker(services=services, caller=caller, sites=chosen)
        return download(taker, month_table(reporting, chosen, asked, known=known), form, options, apart=apart)

    sheets = each(chosen, lambda site: reporting.month_as_known(site, asked, known))
    return spooled(MEDIA_TYPES[form], partial(write_months, asked, sheets), apart=apart)
