"""Own what days, months and ranges of sites are derived from: whoever tells of them takes it as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attendance.clock import Clock
from attendance.ledger import Ledger
from attendance.model import Amendment, Site
from attendance.roster import Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the marks, the roster and the amendments of a site are had, and what now is."""

    ledger_of: Callable[[Site], Ledger]
    roster_of: Callable[[Site], Roster | None]
    amendments_of: Callable[[Site], Sequence[Amendment]]
    now: Clock
