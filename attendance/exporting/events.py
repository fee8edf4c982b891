"""Own what a calendar shows of a table: a date, or the time between two instants."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A date in the calendar of somebody, or a time on it, if both instants (aware UTC) are given.

    `about` tells it apart from all others, at every export in the same way; `stamped_at` is when it was last changed.
    """

    about: str
    date: date
    stamped_at: datetime
    summary: str
    description: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
