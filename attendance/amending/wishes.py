"""Own what somebody wishes to be amended: who is meant, which date or moment, which status; it writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from attendance.clock import Clock, first_instant, instants_of, read_date, to_local, work_day, work_day_on
from attendance.errors import (
    FutureError,
    InvalidInputError,
    NameMismatchError,
    TimeSkippedError,
    TimeTwiceError,
    UnknownEmployeeError,
)
from attendance.identity import clean_employee_id, clean_name, clean_reason, clearly_different
from attendance.marking import Marking
from attendance.model import Mark, MarkRequest, Moment, Site

Which = Literal["", "first", "second"]

NAME_DAYS = (1, 7, 62)
"""So far from a date somebody is looked for among the marks of a site without a roster, ever farther until found."""

NAMED_DAYS = 7
"""No farther than this where the name was typed: only the spelling of the ID is looked for then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What should be amended, as it was typed.

    `on` is the work date. Without `at` the status of that date is meant. With it, the mark of that wall-clock time:
    where the day of the site turns at 04:00, 01:30 is in the night behind. `which` tells the first from the second
    where the clock shows the time twice. An empty status is "as if not marked". `name` is needed only where the site
    has no roster and the employee has not marked within two months.
    """

    employee_id: str
    on: date
    status: str
    reason: str
    at: time | None = None
    which: Which = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A wish that can be: under the ID and the name of the employee, about what, with a reason in order."""

    employee_id: str
    name: str
    work_date: date
    about: date | Moment
    status: str
    reason: str


class Wishes:
    """Judge wishes: `now` is the clock, and `marking` knows rosters, visitors and ledgers."""

    def __init__(self, marking: Marking, *, now: Clock) -> None:
        self._marking = marking
        self._now = now

    def judge(self, site: Site, wish: Wish) -> Sound:
        """Return the wish as it may be written.

        Raise InvalidInputError that names every field which cannot be, UnknownEmployeeError, NameMismatchError,
        TimeSkippedError, TimeTwiceError, FutureError, RosterError, LedgerError.
        """
        employee_id, reason = _cleaned(site, wish)
        about = self._about(site, wish)
        employee_id, name = self._employee(site, employee_id, wish)
        return Sound(
            employee_id=employee_id,
            name=name,
            work_date=wish.on,
            about=about,
            status=wish.status,
            reason=reason,
        )

    def _about(self, site: Site, wish: Wish) -> date | Moment:
        """Return the date or the moment that is meant."""
        now = self._now()
        try:
            read_date(wish.on.isoformat())
        except ValueError:
            raise InvalidInputError({"date": "Enter a date such as 2026-11-20."}) from None
        if wish.on > work_day(now, site.zone, site.day_start).date:
            raise FutureError("date")
        day = work_day_on(wish.on, site.zone, site.day_start)
        if day.starts_at == day.ends_at:  # the clock jumped over the whole of it
            raise _skipped(site, datetime.combine(wish.on, site.day_start))
        if wish.at is None:
            return wish.on
        moment = _moment(site, wish.on, wish.at, wish.which)
        if moment.at > now:
            raise FutureError("time")
        return moment

    def _employee(self, site: Site, employee_id: str, wish: Wish) -> tuple[str, str]:
        """Return under which ID and name somebody stands at a site on a date."""
        name = clean_name(wish.name) if wish.name.strip() else ""
        who = self._known(site, employee_id, wish.on)
        if who is None and site.roster_path is None:
            who = self._remembered(site, employee_id, name, wish.on)
        if who is None and site.visitors:
            asked = MarkRequest(employee_id=employee_id, name=name, status=next(iter(site.statuses)))
            admitted = self._marking.admit(site, asked)
            who = admitted.employee_id, admitted.name
        if who is None:
            raise UnknownEmployeeError(wish.on)
        if name and clearly_different(who[1], name):
            raise NameMismatchError
        return who

    def _known(self, site: Site, employee_id: str, on: date) -> tuple[str, str] | None:
        """Return the ID and name of an employee who belongs to the site on a date, or who marked there on it."""
        roster = self._marking.roster(site)
        employee = roster.employees.get(employee_id.casefold()) if roster else None
        if employee and employee.belongs_on(on):
            return employee.employee_id, employee.name
        marked = self._marked(site, employee_id, on, days=0)
        if marked:
            return marked.employee_id, marked.name
        if employee:  # who has left, or has not come yet, is no visitor
            raise UnknownEmployeeError(on)
        return None

    def _remembered(self, site: Site, employee_id: str, name: str, on: date) -> tuple[str, str]:
        """Return the ID and name of somebody who is on no roster, by the nearest mark or as typed.

        Raise InvalidInputError where neither is to be had.
        """
        spans = [days for days in NAME_DAYS if not name or days <= NAMED_DAYS]
        found = (self._marked(site, employee_id, on, days=days) for days in spans)
        marked = next(filter(None, found), None)
        if marked and not (name and clearly_different(marked.name, name)):
            return marked.employee_id, marked.name
        if not name:
            raise InvalidInputError({"name": "Enter the name: this ID has not marked here lately."})
        return employee_id, name

    def _marked(self, site: Site, employee_id: str, on: date, *, days: int) -> Mark | None:
        """Return the mark of an employee that is nearest to a date, no more than so many days away."""
        apart = timedelta(days=days)
        day = work_day_on(on, site.zone, site.day_start)
        marks = self._marking.ledger(site).read(day.starts_at - apart, day.ends_at + apart)
        return _nearest(marks, employee_id, day.starts_at)


def _nearest(marks: Iterable[Mark], employee_id: str, to: datetime) -> Mark | None:
    """Return of the marks with an ID, in whatever case, the one that is nearest to an instant."""
    key = employee_id.casefold()
    own = (mark for mark in marks if mark.employee_id.casefold() == key)
    return min(own, key=lambda mark: abs(mark.marked_at - to), default=None)


def _cleaned(site: Site, wish: Wish) -> tuple[str, str]:
    """Return the ID and the reason in order; raise InvalidInputError that names every field which is not."""
    problems: dict[str, str] = {}
    employee_id = reason = ""
    try:
        employee_id = clean_employee_id(wish.employee_id)
    except InvalidInputError as error:
        problems |= error.fields
    try:
        reason = clean_reason(wish.reason)
    except InvalidInputError as error:
        problems |= error.fields
    try:
        if wish.name.strip():
            clean_name(wish.name)
    except InvalidInputError as error:
        problems |= error.fields
    if wish.status and wish.status not in site.statuses:
        problems["status"] = f"Choose {' or '.join(site.statuses)}, or nothing."
    if problems:
        raise InvalidInputError(problems)
    return employee_id, reason


def _moment(site: Site, on: date, at: time, which: Which) -> Moment:
    """Return the moment of a work date at which the clock of the site shows a time.

    Raise TimeSkippedError, TimeTwiceError.
    """
    day = work_day_on(on, site.zone, site.day_start)
    walls = [datetime.combine(on + timedelta(days=later), at.replace(microsecond=0)) for later in (0, 1)]
    instants = [instant for wall in walls for instant in instants_of(wall, site.zone) if instant in day]
    if not instants:
        raise _skipped(site, walls[at < site.day_start])
    shown = [to_local(instant, site.zone) for instant in instants]
    moments = [
        Moment(at=instant, utc_offset=local.utcoffset() or timedelta())
        for instant, local in zip(instants, shown, strict=True)
    ]
    if len(moments) == 1:
        return moments[0]
    if not which:
        raise TimeTwiceError(moments, shown)
    return moments[0] if which == "first" else moments[-1]


def _skipped(site: Site, wall: datetime) -> TimeSkippedError:
    """Return the error that tells how the clock of the site jumped over a wall-clock time."""
    jumped_at = first_instant(wall, site.zone)
    return TimeSkippedError(
        to_local(jumped_at - timedelta(minutes=1), site.zone) + timedelta(minutes=1), to_local(jumped_at, site.zone)
    )
