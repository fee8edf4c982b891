"""Own the work dates of a range in stretches that are alike, so that plain arithmetic tells a row's date: pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from attendance.clock import to_local, work_day_on
from attendance.model import Site
from attendance.timesheet import due_at

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Work dates of a site in a row, each as long as the other, with the same offset from UTC all along.

    `due` is how long after its beginning each date's last instant in time is, or None. A date on which the clock is
    changed is a stretch of its own: from `changes_at` on rows have `offset_after`.
    """

    first: date
    days: int
    starts_at: datetime
    length: timedelta
    offset: timedelta
    changes_at: datetime
    offset_after: timedelta
    due: timedelta | None

    @property
    def ends_at(self) -> datetime:
        """Return the instant at which it is over."""
        return self.starts_at + self.days * self.length

    @property
    def dates(self) -> list[date]:
        """Return its work dates."""
        return [self.first + timedelta(days=number) for number in range(self.days)]

    @property
    def halves(self) -> tuple["Stretch", "Stretch"]:
        """Return it in two parts; it has more than one day."""
        half = self.days // 2
        first = replace(self, days=half)
        later = self.first + timedelta(days=half)
        return first, replace(self, first=later, days=self.days - half, starts_at=first.ends_at)


class _Likeness(NamedTuple):
    """In what two work dates must be alike to stand in one stretch."""

    length: timedelta
    offset: timedelta
    offset_after: timedelta
    due: timedelta | None


def stretches(site: Site, first: date, last: date) -> Iterator[Stretch]:
    """Yield the work dates between two, both included, in as few stretches as can be."""
    pending: Stretch | None = None
    for number in range((last - first).days + 1):
        on = first + timedelta(days=number)
        starts_at, like = _day(site, on)
        if pending and _likeness(pending) == like and pending.ends_at == starts_at and not _changes(like):
            pending = replace(pending, days=pending.days + 1)
            continue
        if pending:
            yield pending
        pending = Stretch(first=on, days=1, starts_at=starts_at, changes_at=starts_at, **like._asdict())
        if _changes(like):
            pending = replace(pending, changes_at=_change_in(site, pending))
    if pending:
        yield pending


def _changes(like: _Likeness) -> bool:
    """Tell whether the clock is changed on a date."""
    return like.offset != like.offset_after


def _likeness(stretch: Stretch) -> _Likeness:
    """Return in what a date must be like those of a stretch."""
    return _Likeness(stretch.length, stretch.offset, stretch.offset_after, stretch.due)


def _day(site: Site, on: date) -> tuple[datetime, _Likeness]:
    """Return when a work date begins, and what it is like."""
    day = work_day_on(on, site.zone, site.day_start)
    due = due_at(site, on, site.zone)
    last = max(day.starts_at, day.ends_at - _SECOND)
    before, after = (to_local(at, site.zone).utcoffset() or timedelta() for at in (day.starts_at, last))
    return day.starts_at, _Likeness(day.ends_at - day.starts_at, before, after, due - day.starts_at if due else None)


def _change_in(site: Site, stretch: Stretch) -> datetime:
    """Return the instant at which the clock is changed on the one date of a stretch, by bisection."""
    before, after = stretch.starts_at, stretch.ends_at
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        before, after = (
            (middle, after) if to_local(middle, site.zone).utcoffset() == stretch.offset else (before, middle)
        )
    return after
