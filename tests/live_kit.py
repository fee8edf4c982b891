"""What the tests of the live board share: sites with ledgers that are written to, and somebody who listens."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from attendance.ledger import Ledger
from attendance.live import Happening, Live, LiveDay, Watch
from attendance.model import Amendment, MarkRequest, Site
from attendance.reporting import Sources
from attendance.roster import Roster, RosterFile
from tests.conftest import HandClock, Incidents


@dataclass
class Office:
    """One site, as a process of its own knows it: it marks, and its day is followed."""

    site: Site
    clock: HandClock
    incidents: Incidents
    amendments: list[Amendment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.site, now=self.clock, report=self.incidents)
        self.followed = Ledger(self.site, now=self.clock, report=self.incidents)  # as another process has it
        self.roster_file = RosterFile(self.site.roster_path) if self.site.roster_path else None

    @property
    def sources(self) -> Sources:
        """Return what its day is derived from."""
        return Sources(
            ledger_of=lambda _: self.followed, roster_of=self.roster, amendments_of=self.trail, now=self.clock
        )

    def roster(self, site: Site) -> Roster | None:
        """Return its roster."""
        assert site == self.site
        return self.roster_file.current() if self.roster_file else None

    def trail(self, site: Site) -> Sequence[Amendment]:
        """Return its amendments."""
        assert site == self.site
        return self.amendments

    def mark(self, *employee_ids: str, status: str = "Present", name: str = "Ana Park") -> None:
        """Mark people, all in one flush."""
        self.ledger.record([MarkRequest(employee_id=one, name=name, status=status) for one in employee_ids])

    def write_roster(self, *rows: str) -> None:
        """Write its roster."""
        assert self.site.roster_path
        self.site.roster_path.parent.mkdir(exist_ok=True)
        self.site.roster_path.write_text("Employee_ID,Name\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")


@dataclass(eq=False)
class Listener:
    """Somebody who hears of a live day what happens."""

    heard: list[Happening] = field(default_factory=list)

    def __call__(self, happening: Happening) -> None:
        """Hear of it."""
        self.heard.append(happening)

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was heard since the last time: the kind, and what is told."""
        taken = [(one.kind, json.loads(one.body)) for one in self.heard]
        self.heard.clear()
        return taken

    def kinds(self) -> list[str]:
        """Return the kinds of what was heard since the last time; of a change, what changed."""
        return [body.get("what", kind) for kind, body in self.take()]


def told(watch: Watch) -> list[tuple[str, dict[str, Any]]]:
    """Return what a watch has to tell: the kind, and what is told."""
    return [(happening.kind, json.loads(happening.body)) for happening, _ in watch.take()]


def live_of(office: Office, **options: Any) -> Live:
    """Return what a process keeps of one site."""
    return Live(office.sources, report=office.incidents, **options)


MakeOffice = Callable[..., Office]

__all__ = ["Listener", "LiveDay", "MakeOffice", "Office", "live_of", "told"]
