"""Own the page of a year of one employee: the heat map, the months with their totals, days, and what was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from attendance.clock import Month
from attendance.model import Site
from attendance.reporting.charts import Week, weeks
from attendance.timesheet import Entry, State, Totals, totals_of
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.deps import ServicesDep, SiteDep
from attendance.web.hr.glyphs import Glyph, glyphs
from attendance.web.hr.months import month_in
from attendance.web.hr.sheets import SHOWS, Show, ViewDep, read_known
from attendance.web.rendering import render

YEARS = range(1900, 2200)
SQUARE = 18

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A day in the heat map: where it lies, and what it looks like in a cell."""

    x: int
    y: int
    date: date
    glyph: Glyph


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """The heat map of a year: its squares, and above which of them each month begins."""

    width: int
    months: Sequence[tuple[int, str]]
    squares: Sequence[Square]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSum:
    """A month of somebody's year, with its totals, and the hours where the site knows when people leave."""

    month: Month
    totals: Totals
    worked: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which year is asked for (None: the present one of the site), and of which month alone its days are listed."""

    year: int | None
    month: Month | None

    def holds(self, on: date) -> bool:
        """Tell whether a date of the year is listed."""
        return self.month is None or Month.of(on) == self.month


async def span(
    year: Annotated[int | None, Query(ge=YEARS[0], le=YEARS[-1])] = None,
    month: Annotated[str, Query(max_length=7)] = "",
) -> Span:
    """Return which year and month are asked for; raise HTTPException where there is no such month."""
    only = month_in(month) if month else None
    return Span(year=only.year if only else year, month=only)


@router.get("/hr/sites/{site}/employees/{employee_id}")
def show_year(  # noqa: PLR0913  # what the page is asked by, and what it asks
    *,
    site: SiteDep,
    employee_id: str,
    asked: ViewDep,
    spans: Annotated[Span, Depends(span)],
    services: ServicesDep,
    caller: CallerDep,
) -> Response:
    """Show a year of an employee, and its days: those of a month or of a kind, if asked; run in a thread."""
    today = services.reporting.today(site)
    year = spans.year or today.year
    known = read_known(site, asked.known)
    person = services.reporting.year(site, employee_id, year, known_at=known.at)
    if person is None:
        raise HTTPException(404)
    told = {on: entry for on, entry in person.entries.items() if entry}
    return render(
        "year.html",
        caller=caller,
        site=site,
        person=person,
        year=year,
        years=[one for one in (year - 1, year + 1) if one in YEARS],
        today=today,
        view=asked,
        known=known,
        only=spans.month,
        heat=_heat(site, weeks(person.entries)),
        months=_months(told),
        days=[(on, one) for on, one in told.items() if spans.holds(on) and _listed(one, asked.show)],
        amended=[(on, one) for on, one in told.items() if one.trail],
    )


def _heat(site: Site, shown: Sequence[Week]) -> Heat:
    """Return the heat map: weeks from left to right, Monday on top."""
    glyph = glyphs(site)
    cells = [(x, y, cell) for x, week in enumerate(shown) for y, cell in enumerate(week.days) if cell]
    return Heat(
        width=len(shown) * SQUARE,
        months=[(x * SQUARE, f"{cell.date:%b}") for x, _, cell in cells if cell.date.day == 1],
        squares=[
            Square(x=x * SQUARE, y=y * SQUARE, date=cell.date, glyph=glyph(cell.entry))
            for x, y, cell in cells
            if cell.entry
        ],
    )


def _months(told: Mapping[date, Entry]) -> list[MonthSum]:
    """Return the months in which there is something to tell, with their totals."""
    by_month: dict[Month, list[Entry]] = {}
    for on, entry in told.items():
        by_month.setdefault(Month.of(on), []).append(entry)
    return [MonthSum(month=month, totals=totals_of(own), worked=_worked(own)) for month, own in by_month.items()]


def _worked(entries: Sequence[Entry]) -> timedelta | None:
    """Return the hours of days, or None where they are not known."""
    known = [entry.worked for entry in entries if entry.worked is not None]
    return sum(known, timedelta()) if known else None


def _listed(entry: Entry, show: Show | None) -> bool:
    """Tell whether a day stands in the list: of days off only those that are asked for, or that were changed."""
    if show is None:
        return entry.state not in {State.OFF, State.HOLIDAY} or bool(entry.marks or entry.trail)
    return SHOWS[show](entry)
