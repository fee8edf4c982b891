"""Own what stands by the rows of amendments: open requests, closed months, and which work date a row is about."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from attendance.clock import Month, fixed_zone, to_local, work_day
from attendance.model import Amendment, AmendmentAction, Moment, Site
from attendance.registry import closed_folder

_ANSWERS = {AmendmentAction.APPROVED, AmendmentAction.DECLINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """That a month was closed, by its row; where the sheet of it lies; and the row that opened it again, if one did."""

    closed: Amendment
    sheet_path: Path
    reopened: Amendment | None = None

    @property
    def closed_at(self) -> Moment:
        """Return when it was closed."""
        return self.closed.written

    @property
    def by(self) -> str:
        """Return who closed it."""
        return self.closed.by

    @property
    def digest(self) -> str:
        """Return the SHA-256 of its sheet, as `sha256sum` prints it."""
        return self.closed.reference

    @property
    def is_open(self) -> bool:
        """Tell whether it was opened again, so that it can be amended."""
        return self.reopened is not None


def open_requests(rows: Iterable[Amendment]) -> list[Amendment]:
    """Return the requests that nobody has answered, in the order of their writing."""
    waiting: dict[str, Amendment] = {}
    for row in rows:
        if row.action is AmendmentAction.REQUESTED:
            waiting[str(row.number)] = row
        elif row.action in _ANSWERS:
            waiting.pop(row.reference, None)
    return list(waiting.values())


def was_answered(rows: Iterable[Amendment], number: int) -> bool:
    """Tell whether somebody has answered the request of this number."""
    return any(row.action in _ANSWERS and row.reference == str(number) for row in rows)


def closings(site: Site, rows: Iterable[Amendment]) -> Iterator[Closing]:
    """Yield every closing, in order, each with the sheet of its own: `2026-10.csv`, then `2026-10.2.csv`.

    The last one of each month comes last, and tells whether the month was opened again.
    """
    times: Counter[Month] = Counter()
    last: dict[Month, Closing] = {}
    for row in rows:
        if not isinstance(row.about, Month):
            continue
        if row.action is AmendmentAction.CLOSED:
            times[row.about] += 1
            if row.about in last:
                yield last.pop(row.about)
            last[row.about] = Closing(closed=row, sheet_path=sheet_path(site, row.about, times[row.about]))
        elif row.about in last:
            last[row.about] = replace(last[row.about], reopened=row)
    yield from last.values()


def closing_of(site: Site, rows: Iterable[Amendment], month: Month) -> Closing | None:
    """Return the last closing of a month, or None where it was never closed."""
    found = None
    for closing in closings(site, rows):
        if closing.closed.about == month:
            found = closing
    return found


def next_sheet_path(site: Site, rows: Iterable[Amendment], month: Month) -> Path:
    """Return where the sheet of the next closing of a month will lie."""
    times = sum(row.action is AmendmentAction.CLOSED and row.about == month for row in rows)
    return sheet_path(site, month, times + 1)


def sheet_path(site: Site, month: Month, times: int) -> Path:
    """Return where the sheet lies of a month that was closed so many times."""
    return closed_folder(site.csv_path) / (f"{month}.csv" if times == 1 else f"{month}.{times}.csv")


def work_date_of(site: Site, about: date | Moment) -> date:
    """Return the work date of which an amendment speaks; of a moment it is that of a mark which has its offset."""
    if not isinstance(about, Moment):
        return about
    elsewhere = to_local(about.at, site.zone).utcoffset() != about.utc_offset
    return work_day(about.at, fixed_zone(about.utc_offset) if elsewhere else site.zone, site.day_start).date
