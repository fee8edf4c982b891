"""Own the way from a request to what it is about: the site, the address it came from, the services of the process."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from ipaddress import ip_address
from typing import Annotated, ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, Path, Query, Request

from attendance.accounts.enrolling import Enrolling
from attendance.accounts.file import AccountsFile
from attendance.accounts.first import FirstLink
from attendance.accounts.granting import Granting
from attendance.accounts.second_factor import SecondFactor
from attendance.accounts.signing import Signing
from attendance.accounts.sso import SingleSignOn
from attendance.accounts.store import AccessStore
from attendance.amending import Amending
from attendance.audit import Audit
from attendance.clock import Clock, read_instant_or_date
from attendance.errors import InvalidQueryError
from attendance.giving import Giving
from attendance.live import Live
from attendance.marking import Address, Marking
from attendance.model import Grant, Site
from attendance.proving import Proving
from attendance.registry import RegistryFile
from attendance.reporting import Reporting
from attendance.rostering import Rostering

KNOWN_HINT = "Write an instant with its offset, such as 2026-11-20T18:00:00+00:00, or a date, such as 2026-11-20."
P = ParamSpec("P")
T = TypeVar("T")
SiteKeys = Annotated[
    list[str],
    Query(description="The keys of sites; without it, all that the token is good for.", examples=[["london"]]),
]
SiteKey = Annotated[str, Path(description="The key of the site in the registry.", examples=["london"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the handlers of one process share; made when the process starts to serve."""

    registry_file: RegistryFile
    marking: Marking
    amending: Amending
    reporting: Reporting
    live: Live
    accounts: AccountsFile
    store: AccessStore
    granting: Granting
    signing: Signing
    second_factor: SecondFactor
    sso: SingleSignOn | None
    enrolling: Enrolling
    first_link: FirstLink
    proving: Proving
    giving: Giving
    rostering: Rostering
    audit: Audit
    hashing: CapacityLimiter
    now: Clock


def services_of(request: Request) -> Services:
    """Return the services of this process."""
    found: Services = request.app.state.services
    return found


async def services(request: Request) -> Services:
    """Return the services of this process."""
    return services_of(request)


async def run_hashing(services: Services, what: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what hashes a password or PIN in a thread, a few at once: a hash takes 19 MiB and a processor a while.

    Whoever guesses a lot waits for others who do, and neither pages nor marks wait for them.
    """
    return await run_sync(partial(what, *args, **kwargs), limiter=services.hashing)


async def site(request: Request, site: SiteKey) -> Site:
    """Return the site that the address names; raise UnknownSiteError."""
    return services_of(request).registry_file.current.resolve(site)


def sites_within(services: Services, grant: Grant) -> list[Site]:
    """Return the sites that a grant is good for, in the order of the registry."""
    return [site for site in services.registry_file.current.sites.values() if grant.reaches(site.site_id)]


def sites_sought(sites: Iterable[Site], sought: str) -> list[Site]:
    """Return the sites whose names, keys or zones hold all of the words."""
    words = sought.casefold().split()
    return [
        one for one in sites if all(word in f"{one.name} {one.site_id} {one.timezone}".casefold() for word in words)
    ]


async def address(request: Request) -> Address | None:
    """Return the address that the request came from, the trusted proxy passed over; None where it has none."""
    return _address(request.client.host) if request.client else None


@lru_cache(maxsize=4096)
def _address(host: str) -> Address | None:
    """Return the address that is written so, or None."""
    try:
        return ip_address(host)
    except ValueError:
        return None


async def known_on(
    as_known_on: Annotated[
        str,
        Query(
            description="Tell what was known on a past instant, with its offset from UTC, or at the end of a work date "
            "of each site: neither marks nor amendments that were written later.",
            examples=["2026-11-20T18:00:00Z"],
        ),
    ] = "",
) -> datetime | date | None:
    """Return the instant (aware UTC) or the work date of which the sheet shall tell what was known; None is now.

    Raise InvalidQueryError.
    """
    try:
        return read_instant_or_date(as_known_on) if as_known_on else None
    except ValueError:
        raise InvalidQueryError({"as_known_on": KNOWN_HINT}) from None


KnownDep = Annotated[datetime | date | None, Depends(known_on)]
"""For `Reporting.known_at`, which makes an instant of it for each site."""

ServicesDep = Annotated[Services, Depends(services)]
SiteDep = Annotated[Site, Depends(site)]
AddressDep = Annotated[Address | None, Depends(address)]
