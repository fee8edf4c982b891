"""Own how several sites are read for one answer: each in its turn, and whichever cannot be read is named."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from attendance.errors import LedgerError, RosterError, SiteUnreadableError
from attendance.model import Site

T = TypeVar("T")


@contextmanager
def naming(site: Site) -> Iterator[None]:
    """Say which site it is that cannot be read: raise SiteUnreadableError for a LedgerError or RosterError."""
    try:
        yield
    except (LedgerError, RosterError) as error:
        raise SiteUnreadableError(site.site_id, error) from error


def each(sites: Iterable[Site], read: Callable[[Site], T]) -> Iterator[T]:
    """Yield what is read of each site, one after another. Raise SiteUnreadableError."""
    for site in sites:
        with naming(site):
            found = read(site)
        yield found


def rows_of(site: Site, rows: Iterable[T]) -> Iterator[T]:
    """Yield rows that are read of a site while they are asked for. Raise SiteUnreadableError."""
    with naming(site):
        yield from rows
