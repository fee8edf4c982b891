"""Own what the commands that report and export read: the sites that were named, their sheets, marks and amendments."""

from collections.abc import Sequence
from dataclasses import dataclass

from attendance.amending import Amending
from attendance.cli.services import open_amending, open_marking
from attendance.cli.shared import open_registry
from attendance.clock import utc_now
from attendance.marking import Marking
from attendance.model import Site
from attendance.registry import Registry
from attendance.reporting import Reporting
from attendance.reporting.marks import MarkReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is read, by one registry and the machine's clock; what is noticed is said on stderr."""

    registry: Registry
    marking: Marking
    amending: Amending
    reporting: Reporting
    marks: MarkReading

    def chosen(self, site_ids: Sequence[str]) -> list[Site]:
        """Return the sites of these keys, once each, or all; raise UnknownSiteError."""
        named = [self.registry.resolve(site_id) for site_id in dict.fromkeys(site_ids)]
        return named or list(self.registry.sites.values())


def open_sources() -> Sources:
    """Return what is read; raise SettingsError, RegistryError."""
    registry = open_registry()
    marking = open_marking(registry)
    amending = open_amending(marking)
    return Sources(
        registry=registry,
        marking=marking,
        amending=amending,
        reporting=Reporting(marking.ledger, marking.roster, amending.trail, now=utc_now),
        marks=MarkReading(marking.ledger),
    )
