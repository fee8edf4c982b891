"""Own the nouns that everybody speaks of, frozen; do nothing and read nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

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
    """Somebody who belongs to a site."""

    employee_id: str
    name: str
    badge: str | None = None


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
