"""Own what sheets are made of: a day of somebody, a day of a site, how many there were; it derives nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum

from attendance.model import Amendment, Mark, Moment, Site


class State(StrEnum):
    """What a day was for somebody: the kind of their last mark, or why there is none."""

    PRESENT = "present"
    ABSENT = "absent"
    LEFT = "left"
    NOT_MARKED = "not_marked"
    OFF = "off"
    HOLIDAY = "holiday"
    UNKNOWN = "unknown"
    """The last mark has a status that the site does not have any more."""


THERE = frozenset({State.PRESENT, State.LEFT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where somebody who is missing at their home site marked as a visitor on the same date, with their first mark."""

    site: Site
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A day of one employee; `worked` is None where the site has no status of the kind `left`.

    `status` is that of the last mark, or what an amendment says of the date; `marks` are as amended, and none where an
    amendment says of the date that it is as if not marked. `trail` has every amendment that speaks of this day of
    theirs, in the order of writing, requests too.
    """

    employee_id: str
    name: str
    state: State
    status: str | None
    late: bool
    visitor: bool
    worked: timedelta | None
    marks: Sequence[Mark] = ()
    trail: Sequence[Amendment] = ()
    seen: Sighting | None = None

    @property
    def first(self) -> Mark | None:
        """Return the first mark of the day."""
        return self.marks[0] if self.marks else None

    @property
    def last(self) -> Mark | None:
        """Return the last mark of the day."""
        return self.marks[-1] if self.marks else None

    @property
    def ruling(self) -> Amendment | None:
        """Return the amendment that has the last say in this, if one has."""
        return next((amendment for amendment in reversed(self.trail) if amendment.counts), None)

    @property
    def amended(self) -> bool:
        """Tell whether an amendment has a say in this."""
        return self.ruling is not None

    @property
    def ruled(self) -> bool:
        """Tell whether the status is what an amendment says of the date, and not that of the last mark."""
        return self.ruling is not None and not isinstance(self.ruling.about, Moment)

    @property
    def was_there(self) -> bool:
        """Tell whether they were there, if only for a while: they are among the present ones of the totals."""
        return self.state in THERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many there were: `present` counts who left again, and `late` is a part of it; `off` counts holidays."""

    present: int
    absent: int
    late: int
    not_marked: int
    off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsNow(Totals):
    """The same of a day that goes on: `left` is the part of `present` that is not there any more."""

    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    """A work date at a site: an entry for everybody on the roster, in its order, then for others who marked."""

    site: Site
    date: date
    holiday: str | None
    entries: Sequence[Entry]

    @property
    def totals(self) -> Totals:
        """Return how many were there."""
        return totals_of(self.entries)

    @property
    def totals_now(self) -> TotalsNow:
        """Return how many were there, and how many of them left again."""
        return totals_now_of(self.entries)


def totals_of(entries: Iterable[Entry]) -> Totals:
    """Return how many of the entries were what."""
    seen = list(entries)
    count = Counter(entry.state for entry in seen)
    return Totals(
        present=count[State.PRESENT] + count[State.LEFT],
        absent=count[State.ABSENT],
        late=sum(entry.late for entry in seen),
        not_marked=count[State.NOT_MARKED],
        off=count[State.OFF] + count[State.HOLIDAY],
    )


def totals_now_of(entries: Iterable[Entry]) -> TotalsNow:
    """Return how many of the entries are what now."""
    seen = list(entries)
    left = sum(entry.state is State.LEFT for entry in seen)
    return TotalsNow(**asdict(totals_of(seen)), left=left)
