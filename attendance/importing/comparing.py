"""Own what becomes of each mark from elsewhere beside what stands in the ledger: new, there already, or too late."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from attendance.clock import WorkDay, work_day
from attendance.errors import RefusedRowError
from attendance.identity import clearly_different
from attendance.importing.rows import NumberedMark
from attendance.model import Mark, Site

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What becomes of the marks of a file: those that are new, and the rows of the others by their numbers."""

    new: list[NumberedMark] = field(default_factory=list)
    standing: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    refused: list[tuple[int, RefusedRowError]] = field(default_factory=list)


def compare(site: Site, brought: Sequence[NumberedMark], ledger: Iterable[Mark]) -> Comparison:
    """Compare marks in the order of their instants with those of the ledger from the first one's work date on.

    Both are gone through together, so each is judged by what was known at its instant. Whoever is stopped while adding
    may bring the same file again: what was added stands there, what was a repeat is one again.
    """
    timeline = _Timeline(site, ledger)
    comparison = Comparison()
    for item in brought:
        timeline.go_to(item.mark)
        if timeline.repeats(item.mark):
            comparison.repeated.append(item.number)
        elif timeline.takes_standing(item.mark):
            comparison.standing.append(item.number)
        elif error := timeline.objection(item.mark):
            comparison.refused.append((item.number, error))
        else:
            comparison.new.append(item)
            timeline.latest[item.mark.employee_id] = item.mark
    return comparison


class _Timeline:
    """The ledger read forward to an instant: the last mark of everybody on the work date, and what comes next.

    Rows of the instant itself wait in `_here`, in their order for each employee, until the file has come to them.
    """

    def __init__(self, site: Site, ledger: Iterable[Mark]) -> None:
        self.latest: dict[str, Mark] = {}
        self._site = site
        self._may_share_ids = site.roster_path is None or site.visitors  # as when somebody marks
        self._ahead = iter(ledger)
        self._next = next(self._ahead, None)
        self._here: defaultdict[str, list[Mark]] = defaultdict(list)
        self._here_at = _NEVER
        self._day: WorkDay | None = None

    def go_to(self, mark: Mark) -> None:
        """Read the ledger up to the instant of a mark, and know its work date."""
        if mark.marked_at == self._here_at:
            return
        for employee_id in self._here:
            self._pass(employee_id)
        self._here.clear()
        self._here_at = mark.marked_at
        while self._next and self._next.marked_at < mark.marked_at:
            self._turn_day(self._next)
            self.latest[self._next.employee_id] = self._next
            self._next = next(self._ahead, None)
        while self._next and self._next.marked_at == mark.marked_at:
            self._here[self._next.employee_id].append(self._next)
            self._next = next(self._ahead, None)
        self._turn_day(mark)

    def repeats(self, mark: Mark) -> bool:
        """Tell whether a mark says what the employee's last one on the work date says."""
        before = self.latest.get(mark.employee_id)
        return before is not None and before.status == mark.status and not self._is_another(before, mark)

    def takes_standing(self, mark: Mark) -> bool:
        """Tell whether a row of the same instant, ID and status stands in the ledger, and go past it."""
        here = self._here.get(mark.employee_id, [])
        found = next((index for index, standing in enumerate(here) if standing.status == mark.status), None)
        if found is None:
            return False
        self.latest[mark.employee_id] = here[found]
        del here[: found + 1]
        return True

    def objection(self, mark: Mark) -> RefusedRowError | None:
        """Return why a mark that does not stand in the ledger cannot be added, or None."""
        self._pass(mark.employee_id)
        before = self.latest.get(mark.employee_id)
        if before and self._is_another(before, mark):
            return _another_name()
        return _too_old() if self._next else None

    def _pass(self, employee_id: str) -> None:
        """Go past the rows of the employee at this instant."""
        if here := self._here.get(employee_id):
            self.latest[employee_id] = here[-1]
            here.clear()

    def _is_another(self, before: Mark, mark: Mark) -> bool:
        """Tell whether two people used one ID."""
        return self._may_share_ids and before.name != mark.name and clearly_different(before.name, mark.name)

    def _turn_day(self, mark: Mark) -> None:
        """Forget yesterday's marks where a mark begins another work date."""
        if self._day is None or mark.marked_at not in self._day:
            self._day = work_day(mark.marked_at, self._site.zone, self._site.day_start)
            self.latest.clear()


def _too_old() -> RefusedRowError:
    """Return why a mark that lies before the last row cannot be added."""
    return RefusedRowError(
        "it is older than the last row of the ledger, and rows only follow rows",
        "bring rows in before the first mark, or into a new file: see docs/operations.md",
    )


def _another_name() -> RefusedRowError:
    """Return why a mark under an ID that somebody else used on that date is refused."""
    return RefusedRowError(
        "somebody with clearly another name has this ID on the same work date", "correct the ID or the name"
    )
