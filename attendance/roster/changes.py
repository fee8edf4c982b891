"""Own what differs between two rosters, person by person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from attendance.identity import clearly_different
from attendance.model import Employee


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
