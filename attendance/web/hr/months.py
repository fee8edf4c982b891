"""Own the page of a month at a site: the grid of days by employees, its totals, and the way to what each cell was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from attendance.amendments import differs
from attendance.clock import Month, read_month
from attendance.model import Site
from attendance.timesheet import Entry, MonthSheet, PersonMonth, Totals
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep
from attendance.web.hr.glyphs import Glyph, glyphs, letters_of
from attendance.web.hr.sheets import OF_NOW, SHOWS, Show, Sort, View, ViewDep, page_of, read_known
from attendance.web.rendering import render

THIS, LAST = "this", "last"

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A month of one employee as it is shown: the address of their pages, and what stands in each cell."""

    employee_id: str
    name: str
    home: str
    visitor: bool
    cells: Sequence[Glyph | None]
    totals: Totals
    worked: timedelta | None


@router.get("/hr/sites/{site}/months")
def find_month(site: SiteDep, on: Annotated[str, Query(max_length=7)] = "") -> Response:
    """Lead from the form with a month to its page."""
    return RedirectResponse(f"/hr/sites/{site.site_id}/months/{month_in(on) if on else THIS}", 303)


@router.get("/hr/sites/{site}/months/{month}")
def show_month(site: SiteDep, month: str, asked: ViewDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show a month at a site; run in a thread, since it asks the disk."""
    chosen, known = _chosen(month, site, services), read_known(site, asked.known)
    sheet = services.reporting.month(site, chosen, known_at=known.at)
    closing = services.amending.closing(site, chosen)
    return render(
        "month.html",
        caller=caller,
        sheet=sheet,
        today=services.reporting.today(site),
        known=known,
        view=asked,
        letters=letters_of(site),
        before=_nearby(chosen, -1),
        after=_nearby(chosen, 1),
        closing=closing,
        differs=closing is not None and not closing.is_open and known.at is None and differs(closing, sheet),
        **_grid(sheet, asked),
    )


def _grid(sheet: MonthSheet, asked: View) -> dict[str, Any]:
    """Return what the grid shows: a page of those who are looked for, and the totals of all."""
    found = [one for one in sheet.people if asked.finds(one.employee_id, one.name) and _shown(one, asked.show)]
    if asked.sort in {Sort.NAME, Sort.ID}:
        found.sort(key=lambda one: (one.name if asked.sort is Sort.NAME else one.employee_id).casefold())
        found = found[::-1] if asked.down else found
    page = page_of(found, asked.page)
    glyph = glyphs(sheet.site)
    entries = [entry for one in sheet.people for entry in one.entries if entry]
    return {
        "page": page,
        "rows": [_row(one, glyph) for one in page.rows],
        "by_day": sheet.totals if sheet.people else [],
        "filters": [
            (show, count) for show, shows in SHOWS.items() if show not in OF_NOW and (count := sum(map(shows, entries)))
        ],
    }


def _row(one: PersonMonth, glyph: Callable[[Entry], Glyph]) -> Row:
    """Return a person's month as it is shown."""
    return Row(
        employee_id=one.employee_id,
        name=one.name,
        home=f"../employees/{quote(one.employee_id, safe='')}",
        visitor=one.visitor,
        cells=[glyph(entry) if entry else None for entry in one.entries],
        totals=one.totals,
        worked=one.worked,
    )


def _shown(one: PersonMonth, show: Show | None) -> bool:
    """Tell whether somebody has a day of the kind that is asked for."""
    return show is None or any(entry and SHOWS[show](entry) for entry in one.entries)


def month_in(address: str) -> Month:
    """Return the month that stands in an address; raise HTTPException where there can be no such page."""
    try:
        return read_month(address)
    except ValueError:
        raise HTTPException(404) from None


def _chosen(address: str, site: Site, services: Services) -> Month:
    """Return the month of an address: `this` and `last` are those of the site's own calendar."""
    if address not in {THIS, LAST}:
        return month_in(address)
    this = Month.of(services.reporting.today(site))
    return this if address == THIS else this.moved(-1)


def _nearby(month: Month, months: int) -> Month | None:
    """Return the month so many later, or None where there is no page of it."""
    try:
        return read_month(str(month.moved(months)))
    except ValueError:
        return None
