"""Own what the commands that report and export read with: the sites that were named, and what tells of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from attendance.amending import Amending
from attendance.cli.printing import talk
from attendance.cli.services import open_amending, open_marking
from attendance.cli.shared import open_registry
from attendance.errors import AttendanceError, LedgerError, RosterError
from attendance.marking import Marking
from attendance.model import Site
from attendance.registry import Registry
from attendance.reporting import Reporting
from attendance.reporting.marks import MarkReading

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """What they read with, by one registry and the machine's clock; what is noticed is said on stderr."""

    registry: Registry
    marking: Marking
    amending: Amending
    reporting: Reporting
    marks: MarkReading

    def chosen(self, site_ids: Sequence[str]) -> list[Site]:
        """Return the sites of these keys, once each, or all; raise UnknownSiteError."""
        named = [self.registry.resolve(site_id) for site_id in dict.fromkeys(site_ids)]
        return named or list(self.registry.sites.values())


def open_readers() -> Readers:
    """Return what they read with; raise SettingsError, RegistryError."""
    registry = open_registry()
    marking = open_marking(registry)
    amending = open_amending(marking)
    return Readers(
        registry=registry,
        marking=marking,
        amending=amending,
        reporting=Reporting(amending.sources),
        marks=MarkReading(marking.ledger),
    )


def readable(sites: Iterable[Site], read: Callable[[Site], T]) -> Iterator[T]:
    """Yield what is read of each site, or say on stderr why it is left out: the others are told all the same."""
    for site in sites:
        try:
            found = read(site)
        except (RosterError, LedgerError) as error:
            talk.print(f"{site.name} is left out:", *_reasons(error), style="red", markup=False)
        else:
            yield found


def _reasons(error: AttendanceError) -> Iterator[str]:
    """Yield why a day cannot be told."""
    yield from map(str, error.problems) if isinstance(error, RosterError) else [getattr(error, "reason", str(error))]
