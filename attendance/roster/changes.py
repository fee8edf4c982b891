"""Own what differs between two rosters, person by person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from attendance.identity import clearly_different
from attendance.model import Employee

Span = tuple[date, date]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Somebody who stays, as they were and as they become."""

    was: Employee
    became: Employee

    @property
    def is_renamed(self) -> bool:
        """Tell whether the name changes."""
        return self.was.name != self.became.name

    @property
    def is_another(self) -> bool:
        """Tell whether the new name is clearly that of another person."""
        return self.is_renamed and clearly_different(self.was.name, self.became.name)

    @property
    def badge(self) -> str:
        """Return what happens to the badge, without telling it."""
        if self.was.badge == self.became.badge:
            return ""
        return "taken away" if not self.became.badge else "changed" if self.was.badge else "given"

    @property
    def spans(self) -> Iterator[Span]:
        """Yield the first and the last date of each time in which they belonged, and will not, or the other way."""
        (was_first, was_last), (first, last) = _span(self.was), _span(self.became)
        if first > was_last or was_first > last:
            yield from ((was_first, was_last), (first, last))
            return
        if was_first != first:
            yield min(was_first, first), max(was_first, first) - _DAY
        if was_last != last:
            yield min(was_last, last) + _DAY, max(was_last, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Who comes, who goes, and who changes; the others stay as they are."""

    added: Sequence[Employee] = ()
    removed: Sequence[Employee] = ()
    changed: Sequence[Change] = field(default=())
    unchanged: int = 0

    @property
    def any(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.added or self.removed or self.changed)

    @property
    def dated(self) -> Iterator[Span]:
        """Yield the times at which somebody comes to belong, or stays and belongs at other times; may overlap."""
        yield from map(_span, self.added)
        for change in self.changed:
            yield from change.spans

    @property
    def lost(self) -> Iterator[Span]:
        """Yield the times at which those belonged who are removed; may overlap."""
        yield from map(_span, self.removed)


def reach(spans: Iterable[Span], first: date, last: date) -> bool:
    """Tell whether one of the times has a date from the first to the last."""
    return any(begin <= last and first <= end for begin, end in spans)


def _span(one: Employee) -> Span:
    """Return the first and the last date on which somebody belongs."""
    return one.from_date or date.min, one.until_date or date.max


def changes_between(before: Mapping[str, Employee], after: Mapping[str, Employee]) -> Changes:
    """Return what differs between the employees of two rosters, by their IDs in lower case."""
    both = [Change(was=before[key], became=one) for key, one in after.items() if key in before]
    changed = [change for change in both if change.was != change.became]
    return Changes(
        added=[one for key, one in after.items() if key not in before],
        removed=[one for key, one in before.items() if key not in after],
        changed=changed,
        unchanged=len(both) - len(changed),
    )
