"""Own the nouns that everybody speaks of, frozen; do nothing and read nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from attendance.clock import Month

Network = IPv4Network | IPv6Network


class Kind(StrEnum):
    """What a status means, whatever a site calls it."""

    PRESENT = "present"
    ABSENT = "absent"
    LEFT = "left"


class Role(StrEnum):
    """What somebody who signs in is there for: HR sees, amends and exports; ops run it; viewers see who is in."""

    HR = "hr"
    OPS = "ops"
    VIEWER = "viewer"


class MarkingRule(StrEnum):
    """How employees may mark at a site: from anywhere, from its networks, at its kiosks, there with a PIN, by code."""

    OPEN = "open"
    NETWORK = "network"
    KIOSK = "kiosk"
    PIN = "pin"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When people are expected: weekdays (Monday is 0), the time they start, the grace, the holidays' country code."""

    workdays: frozenset[int] = frozenset(range(5))
    start_time: time | None = None
    grace_minutes: int = 0
    holidays: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site of the registry. Paths are absolute; `statuses` maps each label to its kind, in the file's order."""

    site_id: str
    name: str
    timezone: str
    zone: tzinfo
    csv_path: Path
    roster_path: Path | None
    visitors: bool
    statuses: Mapping[str, Kind]
    day_start: time
    plan: Plan
    networks: Sequence[Network]
    marking: MarkingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Somebody who belongs to a site, from one date until another, both included; None is always."""

    employee_id: str
    name: str
    badge: str | None = None
    from_date: date | None = None
    until_date: date | None = None

    def belongs_on(self, on: date) -> bool:
        """Tell whether the employee belongs to the site on a date."""
        return (self.from_date is None or self.from_date <= on) and (self.until_date is None or on <= self.until_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One row of a ledger: the instant it was written (aware UTC, whole seconds), and the site's offset at it."""

    marked_at: datetime
    utc_offset: timedelta
    employee_id: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRequest:
    """Somebody wishes to be marked: who, under which name, with which status. The time is the ledger's to say."""

    employee_id: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The row that stands in the ledger for a request, and whether it stood there before."""

    mark: Mark
    work_date: date
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant (aware UTC, whole seconds) with the offset that the clock of the site has, or had, at it."""

    at: datetime
    utc_offset: timedelta


class AmendmentAction(StrEnum):
    """What a row among the amendments does."""

    AMENDED = "amended"
    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """One row among the amendments of a site: marks stay as they are, and reports lay these over them.

    `number` is the row's, as a spreadsheet counts (the header is row 1). `about` is what it speaks of: a work date; a
    moment: a mark of that instant, or one that was not made; a month, where it is closed or opened again. An empty
    status stands for "as if not marked". `reference` is the number of the request that is approved or declined, or the
    digest of the sheet of a month that is closed.
    """

    number: int
    written: Moment
    action: AmendmentAction
    about: date | Moment | Month
    employee_id: str
    name: str
    status: str
    by: str
    reason: str
    reference: str

    @property
    def counts(self) -> bool:
        """Tell whether it changes what a day is: asking for something does not."""
        return self.action in {AmendmentAction.AMENDED, AmendmentAction.APPROVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an account, a token or a kiosk may do: in which roles, at which sites; None is all of them."""

    roles: frozenset[Role]
    site_ids: frozenset[str] | None

    def reaches(self, site_id: str) -> bool:
        """Tell whether it is good for a site."""
        return self.site_ids is None or site_id in self.site_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that went on, but that ops must hear of: a stable code, the file, and what was found and done."""

    code: str
    path: Path
    detail: str
