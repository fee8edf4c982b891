"""Own from where somebody comes who is not known yet: the address, and the device."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The address, the secret of the device if somebody signed in there before, and of a session that stands there."""

    address: Address | None
    device: str = ""
    session: str = ""

    @property
    def told(self) -> str | None:
        """Return the address for the audit."""
        return None if self.address is None else str(self.address)

    @property
    def network(self) -> str:
        """Return what guesses are counted by: with IPv6 everybody has a whole /64 (RFC 6177)."""
        if isinstance(self.address, IPv6Address):
            mapped = self.address.ipv4_mapped
            return str(mapped or ip_network((self.address, 64), strict=False))
        return str(self.address)
