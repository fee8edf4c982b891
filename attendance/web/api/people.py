"""Own what programs read of one person: a year at a site, as JSON, as a table, or as a calendar."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from attendance.errors import UnknownPersonError
from attendance.exporting import Format
from attendance.exporting.people import person_table
from attendance.model import Site
from attendance.reporting.objects import own_object
from attendance.reporting.reading import naming
from attendance.timesheet import PersonYear
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.api.days import DayTotals
from attendance.web.api.downloads import PERSONAL, OptionsDep, PersonForm, Taker, download
from attendance.web.api.months import OwnDay
from attendance.web.deps import KnownDep, ServicesDep, SiteDep
from attendance.web.document import problems


class YearAnswer(BaseModel):
    """A year of somebody at a site."""

    site: str
    timezone: str
    year: int
    employee_id: str
    name: str
    totals: DayTotals = Field(description="On how many days they were what.")
    days: list[OwnDay] = Field(description="Those of which there is something to tell.")


Year = Annotated[
    int | None, Query(ge=1900, le=2199, description="Without it, the present one of the site.", examples=[2026])
]
EmployeeId = Annotated[str, Path(description="As on the roster, in any case.", examples=["E0042"])]

router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS_BACK)], responses=problems(401, 403, 404, 422, 503))


@router.get(
    "/sites/{site}/employees/{employee_id}",
    response_model=YearAnswer,
    responses=PERSONAL,
    response_description="What the year was.",
)
def show_year(  # noqa: PLR0913, PLR0917  # who, when, by whom, in which form
    employee_id: EmployeeId,
    site: SiteDep,
    services: ServicesDep,
    caller: CallerDep,
    known: KnownDep,
    options: OptionsDep,
    year: Year = None,
    form: PersonForm = Format.JSON,
) -> Any:
    """Tell what a year was for somebody."""
    reporting = services.reporting
    wanted = year or reporting.today(site).year
    with naming(site):
        sheet = reporting.year(site, employee_id, wanted, known_at=reporting.known_at(site, known))
    if sheet is None:
        raise UnknownPersonError
    if form is Format.JSON:
        return _answer(site, wanted, sheet)
    taker = Taker(services=services, caller=caller, sites=[site])
    return download(taker, person_table(site, wanted, sheet, known=known), form, options)


def _answer(site: Site, year: int, sheet: PersonYear) -> dict[str, Any]:
    """Return a year for JSON."""
    return {
        "site": site.site_id,
        "timezone": site.timezone,
        "year": year,
        "employee_id": sheet.employee_id,
        "name": sheet.name,
        "totals": asdict(sheet.totals),
        "days": [{"date": on.isoformat(), **own_object(entry)} for on, entry in sheet.entries.items() if entry],
    }
