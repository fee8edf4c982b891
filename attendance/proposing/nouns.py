"""Own what an edited copy of a ledger proposes: which moments should say what, and what else is to be told of it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO

from attendance.amending import Which, Wish
from attendance.clock import instants_of, to_local, work_day
from attendance.codec import decode_timestamp, encode_timestamp
from attendance.errors import MalformedRowError, UploadRefusedError
from attendance.model import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An amendment that would say what a copy says: the status at a moment, empty for a row that is not in it.

    `was` is the status in the ledger, empty where there is no row; `number` is the row's in the copy, 0 for none.
    """

    at: datetime
    utc_offset: timedelta
    employee_id: str
    name: str
    was: str
    status: str
    number: int = 0

    @property
    def local(self) -> datetime:
        """Return the time as the clock at the site showed it."""
        return (self.at + self.utc_offset).replace(tzinfo=None)

    @property
    def kind(self) -> str:
        """Return `changed`, `removed` or `added`."""
        return "removed" if not self.status else "changed" if self.was else "added"

    def wish(self, site: Site, reason: str) -> Wish:
        """Return what should be amended, by the clock of the site."""
        local = to_local(self.at, site.zone).replace(tzinfo=None)
        shown = instants_of(local, site.zone)
        which: Which = "" if len(shown) < 2 else "first" if self.at == shown[0] else "second"  # noqa: PLR2004  # twice
        return Wish(
            employee_id=self.employee_id,
            name=self.name,
            on=work_day(self.at, site.zone, site.day_start).date,
            at=local.time(),
            which=which,
            status=self.status,
            reason=reason,
        )

    def __str__(self) -> str:
        """Return it as one line of CSV, which `read_proposal` reads."""
        line = StringIO()
        cells = (self.employee_id, self.name, self.status, self.was, self.number)
        csv.writer(line, lineterminator="").writerow((encode_timestamp(self.at, self.utc_offset), *cells))
        return line.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a copy differs from the ledger on the work dates that it covers.

    `told` are rows, by their numbers in the copy, that differ in what cannot be amended, or that cannot be read;
    `amended` is how many differences are amendments already, `same` how many rows are no differences.
    """

    proposals: Sequence[Proposal] = ()
    told: Sequence[tuple[int, str]] = ()
    amended: int = 0
    same: int = 0
    first: datetime | None = None
    last: datetime | None = None


def read_proposal(line: str) -> Proposal:
    """Return the proposal that a line of CSV is; raise UploadRefusedError for anything else."""
    try:
        timestamp, employee_id, name, status, was, number = next(csv.reader([line], strict=True))
        at, utc_offset = decode_timestamp(timestamp)
        return Proposal(
            at=at,
            utc_offset=utc_offset,
            employee_id=employee_id,
            name=name,
            was=was,
            status=status,
            number=int(number),
        )
    except (ValueError, csv.Error, StopIteration, MalformedRowError):
        raise UploadRefusedError(["This is not a row that was shown. Upload the file again."]) from None
