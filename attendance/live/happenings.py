"""Own what happens at a site while somebody watches, and what it is as JSON."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attendance.codec import encode_timestamp
from attendance.live.places import Place
from attendance.model import Mark, Site
from attendance.reporting.objects import entry_object
from attendance.timesheet import DaySheet, Entry, TotalsNow

_TOLD = ("employee_id", "name", "status", "kind", "first", "last", "late", "visitor")
"""What is told of a person; why HR amended something is not for everybody who sees a board."""


class What(StrEnum):
    """What changed at a site, other than by a mark: read its day again."""

    DAY = "day"
    ROSTER = "roster"
    AMENDMENTS = "amendments"
    FILE = "file"
    MANY = "many"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened at a site: a `board`, a `mark` or a `changed`; and up to where it leads."""

    kind: str
    site_id: str
    place: Place
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The present day of a site as far as it was followed, or the code of why it cannot be told."""

    site: Site
    local: datetime
    place: Place
    sheet: DaySheet | None
    problem: str | None = None


def board(shown: Shown, what: What | None = None) -> Happening:
    """Return the totals of a site as they are now; with `what` they changed otherwise than by marks that were told."""
    sheet = shown.sheet
    body: dict[str, Any] = {
        "site": shown.site.site_id,
        "timezone": shown.site.timezone,
        "date": sheet.date.isoformat() if sheet else None,
        "offset_seconds": int((shown.local.utcoffset() or timedelta()).total_seconds()),
        "holiday": sheet.holiday if sheet else None,
        "totals": asdict(sheet.totals_now) if sheet else None,
        "problem": shown.problem,
        "position": shown.place.offset,
    }
    if what:
        body["what"] = str(what)
    return Happening(
        kind="changed" if what else "board", site_id=shown.site.site_id, place=shown.place, body=_json(body)
    )


def marked(site: Site, mark: Mark, entry: Entry, totals: TotalsNow, place: Place) -> Happening:
    """Return a row that was committed, with what the day is now for whoever marked, and for the site."""
    person = entry_object(entry)
    body = {
        "site": site.site_id,
        "timestamp": encode_timestamp(mark.marked_at, mark.utc_offset),
        **{key: person[key] for key in _TOLD},
        "totals": asdict(totals),
        "position": place.offset,
    }
    return Happening(kind="mark", site_id=site.site_id, place=place, body=_json(body))


def _json(body: dict[str, Any]) -> str:
    """Return JSON on one line."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
