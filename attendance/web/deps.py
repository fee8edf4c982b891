"""Own the way from a request to what it is about: the site, the address it came from, the services of the process."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request

from attendance.clock import Clock
from attendance.marking import Address, Marking
from attendance.model import Site
from attendance.registry import RegistryFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the handlers of one process share; made when the process starts to serve."""

    registry_file: RegistryFile
    marking: Marking
    now: Clock


async def services(request: Request) -> Services:
    """Return the services of this process."""
    found: Services = request.app.state.services
    return found


async def site(request: Request, site: str) -> Site:
    """Return the site that the address names; raise UnknownSiteError."""
    found: Services = request.app.state.services
    return found.registry_file.current.resolve(site)


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


ServicesDep = Annotated[Services, Depends(services)]
SiteDep = Annotated[Site, Depends(site)]
AddressDep = Annotated[Address | None, Depends(address)]
