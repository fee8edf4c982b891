"""Own what programs read of marks: page by page as they stand in the ledgers, or all of them as a file."""

from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, BeforeValidator, Field

from attendance.clock import read_date
from attendance.codec import encode_timestamp
from attendance.errors import InvalidQueryError
from attendance.exporting import Format
from attendance.exporting.apart import Kind, Order, weight_of_ledgers, write_apart
from attendance.exporting.ledgers import marks_table
from attendance.reporting.marks import DatedMark, MarkPage, MarkReading
from attendance.web.access import LOOKS_BACK, CallerDep
from attendance.web.api.cursors import cursor_refused, read_cursor, written_cursor
from attendance.web.api.days import ChosenDep
from attendance.web.api.downloads import TABLES, OptionsDep, StillDep, TableForm, Taker, download
from attendance.web.deps import ServicesDep
from attendance.web.document import problems

MAX_MARKS = 10_000


class MarkRow(BaseModel):
    """A row of a ledger, with its site and the work date that it counts for; amendments are not in it."""

    site: str
    work_date: str
    timestamp: str = Field(description="Local to the site, with its offset from UTC.")
    employee_id: str
    name: str
    status: str


class MarksAnswer(BaseModel):
    """Some marks: site after site in the order in which they are asked for, each in the order of its ledger."""

    marks: list[MarkRow]
    cursor: str = Field(
        description="Send it to go on behind these marks. It stays good: also for what is marked later."
    )
    more: bool = Field(description="Whether there is more to read at once; if not, come again later.")


def _date_query(name: str, description: str) -> Any:
    """Return the parameter of a work date."""
    return Query(alias=name, description=description, examples=["2026-11-20"])


First = Annotated[date | None, BeforeValidator(read_date), _date_query("from", "From this work date on.")]
Last = Annotated[date | None, BeforeValidator(read_date), _date_query("to", "To this work date, included.")]
Cursor = Annotated[str, Query(description="From the answer before this one; without it, from the start.")]
Limit = Annotated[int, Query(ge=1, le=MAX_MARKS, description="At most so many marks, as JSON; files have all.")]

router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS_BACK)], responses=problems(401, 403, 404, 422, 503))


@router.get("/marks", response_model=MarksAnswer, responses=TABLES, response_description="Some marks, or all of them.")
def list_marks(  # noqa: PLR0913, PLR0917  # what is asked, of which, by whom, in which form
    chosen: ChosenDep,
    services: ServicesDep,
    caller: CallerDep,
    options: OptionsDep,
    still: StillDep,
    first: First = None,
    last: Last = None,
    cursor: Cursor = "",
    limit: Limit = 1000,
    form: TableForm = Format.JSON,
) -> Any:
    """Tell what was marked. A cursor gives the same marks again, while others are added behind."""
    if first and last and first > last:
        raise InvalidQueryError({"from": "From lies behind to."})
    reading, taker = MarkReading(services.marking.ledger), Taker(services=services, caller=caller, sites=chosen)
    table = marks_table(reading, chosen, first, last)
    if form is not Format.JSON:
        order = Order.of(
            registry=services.registry_file.current.path,
            kind=Kind.MARKS,
            sites=chosen,
            first=first,
            last=last,
            form=form,
            options=options,
            now=services.now(),
        )
        apart = partial(write_apart, order, weight_of_ledgers(chosen), still=still)
        return download(taker, table, form, options, apart=apart)
    try:
        page = reading.page(chosen, read_cursor(cursor), first, last, limit=limit)
    except ValueError:
        raise cursor_refused() from None
    if not cursor:
        taker.note(table.stem, form)
    return _answer(page)


def _answer(page: MarkPage) -> dict[str, Any]:
    """Return a page for JSON."""
    marks = [_row(dated) for dated in page.marks]
    return {"marks": marks, "cursor": written_cursor(page.positions), "more": page.more}


def _row(dated: DatedMark) -> dict[str, Any]:
    """Return a mark for JSON."""
    mark = dated.mark
    return {
        "site": dated.site.site_id,
        "work_date": dated.work_date.isoformat(),
        "timestamp": encode_timestamp(mark.marked_at, mark.utc_offset),
        "employee_id": mark.employee_id,
        "name": mark.name,
        "status": mark.status,
    }
