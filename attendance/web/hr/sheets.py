"""Own what the pages of sheets share: dates in addresses, who is shown in which order, and as known when."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.exceptions import HTTPException

from attendance.clock import first_instant, instants_of, read_date, to_local
from attendance.identity import sort_key
from attendance.model import Site
from attendance.timesheet import Entry, State
from attendance.web.deps import Services

ON_ONE_PAGE = 500
ON_EACH_PAGE = 200
TODAY = "today"

_WALL = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::\d\d)?)?", re.ASCII)
_PRESENT = {State.PRESENT, State.LEFT}

T = TypeVar("T")


class Show(StrEnum):
    """Who of a sheet is shown; a total links to the rows that it counts."""

    IN_NOW = "in"
    LEFT = "left"
    PRESENT = "present"
    ABSENT = "absent"
    LATE = "late"
    NOT_MARKED = "not_marked"
    OFF = "off"
    AMENDED = "amended"
    VISITOR = "visitor"
    UNKNOWN = "unknown"


SHOWS: Mapping[Show, Callable[[Entry], bool]] = {
    Show.IN_NOW: lambda entry: entry.state is State.PRESENT,
    Show.LEFT: lambda entry: entry.state is State.LEFT,
    Show.PRESENT: lambda entry: entry.state in _PRESENT,
    Show.ABSENT: lambda entry: entry.state is State.ABSENT,
    Show.LATE: lambda entry: entry.late,
    Show.NOT_MARKED: lambda entry: entry.state is State.NOT_MARKED,
    Show.OFF: lambda entry: entry.state in {State.OFF, State.HOLIDAY},
    Show.AMENDED: lambda entry: entry.amended,
    Show.VISITOR: lambda entry: entry.visitor,
    Show.UNKNOWN: lambda entry: entry.state is State.UNKNOWN,
}
"""Which entries each of them shows."""

OF_NOW = frozenset({Show.IN_NOW, Show.LEFT})
"""What is counted only of a day that goes on."""


class Sort(StrEnum):
    """By what rows are sorted; else they stand as in the roster."""

    NAME = "name"
    ID = "id"
    STATUS = "status"
    FIRST = "first"
    LAST = "last"
    HOURS = "hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody asks to see of a sheet: which rows, sorted how, whose names hold `q`, as known when."""

    show: Show | None = None
    sort: Sort | None = None
    down: bool = False
    q: str = ""
    known: str = ""
    page: int = 1

    def link(self, **changes: Any) -> str:
        """Return the address of the same page seen otherwise; a change begins at its first page again."""
        other = replace(self, **{"page": 1, **changes})
        asked = {
            "show": other.show,
            "sort": other.sort,
            "down": "1" if other.down else "",
            "q": other.q,
            "known": other.known,
            "page": other.page if other.page > 1 else "",
        }
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    def finds(self, employee_id: str, name: str) -> bool:
        """Tell whether somebody is looked for: each word stands in the name or the ID."""
        told = f"{name} {employee_id}".casefold()
        return all(word in told for word in self.q.casefold().split())


async def view(  # noqa: PLR0913  # all that can be asked of a sheet
    *,
    show: Show | None = None,
    sort: Sort | None = None,
    down: bool = False,
    q: Annotated[str, Query(max_length=80)] = "",
    known: Annotated[str, Query(max_length=32)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> View:
    """Return what somebody asks to see."""
    return View(show=show, sort=sort, down=down, q=q.strip(), known=known.strip(), page=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """As known when a sheet is shown: the instant (None: as it is now), its local time, what is wrong with the wish."""

    at: datetime | None = None
    local: datetime | None = None
    wrong: str = ""


def read_known(site: Site, text: str) -> Known:
    """Return the instant that a wall-clock time of a site means, and for a date alone its last second.

    Where the clock shows it twice the later one is meant: nothing is left out that was known by then.
    """
    if not text:
        return Known()
    found = _WALL.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        at_time = time.fromisoformat(found[2]) if found[2] else time(23, 59, 59)
        wall = datetime.combine(read_date(found[1]), at_time)
    except ValueError:
        return Known(wrong="Enter a date and a time of day, such as 2026-11-20T09:00.")
    at = (instants_of(wall, site.zone) or (first_instant(wall, site.zone),))[-1]
    return Known(at=at, local=to_local(at, site.zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Those of many rows that are shown together: the page of this number, of so many."""

    rows: Sequence[T]
    total: int
    number: int
    count: int


def page_of(rows: Sequence[T], number: int) -> Page[T]:
    """Return the rows of a page; up to ON_ONE_PAGE stand together."""
    if len(rows) <= ON_ONE_PAGE:
        return Page(rows=rows, total=len(rows), number=1, count=1)
    count = -(-len(rows) // ON_EACH_PAGE)
    number = min(number, count)
    first = (number - 1) * ON_EACH_PAGE
    return Page(rows=rows[first : first + ON_EACH_PAGE], total=len(rows), number=number, count=count)


def sorted_entries(entries: Iterable[Entry], asked: View) -> list[Entry]:
    """Return the entries of a day in the order that is asked for; who has nothing to sort by stands last."""
    rows = list(entries)
    if asked.sort is None:
        return rows
    key = _KEYS[asked.sort]
    told = sorted((one for one in rows if key(one) is not None), key=key, reverse=asked.down)
    return told + [one for one in rows if key(one) is None]


_STATES = {state: number for number, state in enumerate(State)}
_KEYS: Mapping[Sort, Callable[[Entry], Any]] = {
    Sort.NAME: lambda entry: sort_key(entry.name),
    Sort.ID: lambda entry: entry.employee_id.casefold(),
    Sort.STATUS: lambda entry: (_STATES[entry.state], entry.late, entry.status or ""),
    Sort.FIRST: lambda entry: entry.first and entry.first.marked_at,
    Sort.LAST: lambda entry: entry.last and entry.last.marked_at,
    Sort.HOURS: lambda entry: entry.worked,
}


def date_in(address: str) -> date:
    """Return the date that stands in an address; raise HTTPException where there can be no such page."""
    try:
        return read_date(address)
    except ValueError:
        raise HTTPException(404) from None


def work_date_in(address: str, site: Site, services: Services) -> date:
    """Return the work date that stands in an address, the site's present one for `today`; raise HTTPException."""
    return services.reporting.today(site) if address == TODAY else date_in(address)


def nearby(on: date, days: int) -> date | None:
    """Return the date so many days later, or None where there is no page of it."""
    try:
        return read_date((on + timedelta(days=days)).isoformat())
    except ValueError:
        return None


ViewDep = Annotated[View, Depends(view)]
