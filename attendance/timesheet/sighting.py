"""Own where those who are missing were seen: as visitors, in the sheets of other sites; it reads nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from attendance.identity import clearly_different
from attendance.timesheet.nouns import DaySheet, Entry, Sighting

Sightings = Mapping[str, Sequence[Sighting]]
"""Who was there as a visitor, by IDs in small letters."""


def sightings_in(sheets: Iterable[DaySheet]) -> Sightings:
    """Return the visitors in sheets who were there, each with their first mark."""
    found: dict[str, list[Sighting]] = {}
    for sheet in sheets:
        for entry in sheet.entries:
            if entry.visitor and entry.was_there and entry.first:
                sighting = Sighting(site=sheet.site, mark=entry.first)
                found.setdefault(entry.employee_id.casefold(), []).append(sighting)
    return found


def with_sightings(sheet: DaySheet, sightings: Sightings) -> DaySheet:
    """Return a sheet that tells of those of its own people who were not there where they were seen first, if they were.

    The same ID with clearly another name is somebody else: rosters of two sites may share one.
    """
    return replace(sheet, entries=[_with_sighting(entry, sightings) for entry in sheet.entries])


def _with_sighting(entry: Entry, sightings: Sightings) -> Entry:
    """Return the entry of somebody with where they were seen."""
    if entry.visitor or entry.was_there:
        return entry
    named = sightings.get(entry.employee_id.casefold(), ())
    theirs = [one for one in named if not clearly_different(one.mark.name, entry.name)]
    return replace(entry, seen=min(theirs, key=lambda one: one.mark.marked_at)) if theirs else entry
