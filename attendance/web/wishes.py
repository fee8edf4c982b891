"""Own how a form says what a day was: which status, for the whole day or at a time, and why; it names each mistake."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from attendance.amending import Which, Wish
from attendance.clock import instants_of, to_local, work_day_on
from attendance.errors import InvalidInputError
from attendance.identity import clean_reason
from attendance.model import Moment, Site

NOT_MARKED = "-"
"""What a form says for `as if not marked`: no status is called so."""

FIELDS = ("status", "scope", "time", "which", "reason")

_WHICH: Mapping[str, Which] = {"first": "first", "second": "second"}
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?:[:.]([0-5]\d))?", re.ASCII)


def read_wish(site: Site, employee_id: str, name: str, on: date, form: Mapping[str, str]) -> Wish:
    """Return the wish that a form holds; raise InvalidInputError that names every field which is not in order."""
    problems: dict[str, str] = {}
    if form["status"] not in {*site.statuses, NOT_MARKED}:
        problems["status"] = "Choose what it was."
    if form["scope"] not in {"day", "time"}:
        problems["scope"] = "Choose the whole day or one time of it."
    at = _read_time(form["time"])
    if form["scope"] == "time" and at is None:
        problems["time"] = "Write the time as 09:30, from 00:00 to 23:59."
    try:
        reason = clean_reason(form["reason"])
    except InvalidInputError as error:
        problems |= error.fields
    if problems:
        raise InvalidInputError(problems)
    which = _WHICH.get(form["which"], "")
    status = "" if form["status"] == NOT_MARKED else form["status"]
    if form["scope"] == "day":
        at, which = None, ""
    return Wish(employee_id=employee_id, name=name, on=on, at=at, which=which, status=status, reason=reason)


def both_moments(site: Site, on: date, form: Mapping[str, str]) -> Sequence[Moment]:
    """Return both moments of a work date at which the clock of the site showed the time in a form; nothing, if once."""
    at = _read_time(form["time"]) if form["scope"] == "time" else None
    if at is None:
        return ()
    day = work_day_on(on, site.zone, site.day_start)
    walls = (datetime.combine(on + timedelta(days=later), at) for later in (0, 1))
    shown = [one for wall in walls for one in instants_of(wall, site.zone) if one in day]
    moments = [Moment(at=one, utc_offset=to_local(one, site.zone).utcoffset() or timedelta()) for one in shown]
    return moments if len(moments) > 1 else ()


def _read_time(text: str) -> time | None:
    """Return the time that was typed as hours and minutes, seconds if there are some, or None."""
    found = _TIME.fullmatch(text.strip())
    return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None
