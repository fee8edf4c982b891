"""Own the year of one person as a table and as a calendar: what stands in the sheet, and nothing of others."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from attendance.clock import fixed_zone, offset_label, to_local
from attendance.exporting.events import Event
from attendance.exporting.naming import notes, stem
from attendance.exporting.sheets import ENTRY_COLUMNS, TOTAL_COLUMNS, entry_row, totals_row
from attendance.exporting.table import Part, Row, Table
from attendance.holiday import holiday_on
from attendance.model import Mark, Site
from attendance.reporting.legend import WORDS
from attendance.timesheet import Entry, PersonYear, State


def person_table(site: Site, year: int, sheet: PersonYear, *, known: datetime | date | None = None) -> Table:
    """Return a year of somebody as a table, a row for each date of which there is something to tell."""
    return Table(
        name="person",
        stem=stem([site], sheet.employee_id, str(year)),
        title=f"{sheet.name} ({sheet.employee_id}), {site.name}, {year}",
        columns=ENTRY_COLUMNS,
        parts=[Part(rows=_rows(site, sheet), totals=totals_row(site, sheet.totals))],
        notes=notes(known),
        total_columns=TOTAL_COLUMNS,
        events=[event for on, entry in _told(sheet) if (event := _event(site, on, entry))],
    )


def _told(sheet: PersonYear) -> Iterator[tuple[date, Entry]]:
    """Yield the dates of which there is something to tell, in order."""
    return ((on, entry) for on, entry in sheet.entries.items() if entry)


def _rows(site: Site, sheet: PersonYear) -> Iterator[Row]:
    """Yield the rows of a year."""
    for on, entry in _told(sheet):
        yield entry_row(site, on, _holiday(site, on), entry)


def _holiday(site: Site, on: date) -> str | None:
    """Return the name of the public holiday."""
    return holiday_on(site.plan.holidays, on) if site.plan.holidays else None


def _event(site: Site, on: date, entry: Entry) -> Event | None:
    """Return what a calendar shows of a day: a time from the first mark to the last, else the date; no days off."""
    if entry.state is State.OFF and not entry.status:
        return None
    first, last = entry.first, entry.last
    is_time = entry.was_there and first is not None and last is not None and first.marked_at < last.marked_at
    return Event(
        about=f"{site.site_id} {entry.employee_id.casefold()} {on}",
        date=on,
        stamped_at=_stamp(on, entry),
        summary=_summary(site, on, entry),
        description="; ".join(_details(site, entry)),
        starts_at=first.marked_at if first and is_time else None,
        ends_at=last.marked_at if last and is_time else None,
    )


def _summary(site: Site, on: date, entry: Entry) -> str:
    """Return what a day was, in a few words."""
    holiday = _holiday(site, on) if entry.state is State.HOLIDAY else None
    told = entry.status or holiday or WORDS[entry.state].capitalize()
    return f"{told} (late)" if entry.late else told


def _details(site: Site, entry: Entry) -> Sequence[str]:
    """Return when somebody marked, by the clock of the site, and what was amended."""
    told = [_clock(mark) for mark in dict.fromkeys((entry.first, entry.last)) if mark]
    amended = [f"Amended by {entry.ruling.by}: {entry.ruling.reason}"] if entry.ruling else []
    return [f"{site.name}, {' to '.join(told)}", *amended] if told else [site.name, *amended]


def _clock(mark: Mark) -> str:
    """Return a time of day with its offset."""
    local = to_local(mark.marked_at, fixed_zone(mark.utc_offset))
    return f"{local:%H:%M:%S} ({offset_label(local)})"


def _stamp(on: date, entry: Entry) -> datetime:
    """Return when what is told of a day was last changed: by a mark, an amendment, or by the date itself."""
    changes = [entry.last.marked_at] if entry.last else []
    changes += [one.written.at for one in entry.trail]
    return max(changes, default=datetime.combine(on, time(), UTC))
