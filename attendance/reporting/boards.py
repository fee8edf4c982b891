"""Own who is in at a site now."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone

from attendance.clock import Clock, to_local
from attendance.errors import LedgerError
from attendance.ledger import Ledger
from attendance.model import Mark, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Who is in at a site: everybody's last mark of the present work date, or the code of why that cannot be told."""

    site: Site
    local: datetime
    work_date: date | None
    marks: Sequence[Mark]
    problem: str | None = None

    @property
    def counts(self) -> Counter[str]:
        """Return how many have which status."""
        return Counter(mark.status for mark in self.marks)

    def at(self, mark: Mark) -> datetime:
        """Return when somebody marked, local to the site as it was then."""
        return mark.marked_at.astimezone(timezone(mark.utc_offset))


def board(ledger: Ledger, *, now: Clock) -> Board:
    """Return the board of a ledger's site; asks the disk."""
    site, local = ledger.site, to_local(now(), ledger.site.zone)
    try:
        work_date, marks = ledger.board()
    except LedgerError as error:
        return Board(site=site, local=local, work_date=None, marks=(), problem=error.code)
    return Board(site=site, local=local, work_date=work_date, marks=marks)
