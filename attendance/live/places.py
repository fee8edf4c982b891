"""Own the place up to which somebody has heard of each site: written short, and read back from whoever comes again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

MAX_PLACES_BYTES = 4096
"""A longer one is not sent: it comes back in a header field, for which proxies leave 8 kB in all."""

_PLACE = re.compile(r"([0-9a-f]{1,8})\.([0-9a-f]{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """So many bytes of a site's ledger were heard of, while its day was of this edition."""

    edition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The places of several sites."""

    by_site: Mapping[str, Place]

    def __str__(self) -> str:
        """Return them as they are sent; nothing, where that would be too long."""
        parts = [f"{place.edition:x}.{place.offset:x}" for place in self.by_site.values()]
        text = "-".join([f"{_digest(list(self.by_site)):x}", *parts])
        return text if len(text) <= MAX_PLACES_BYTES else ""

    @classmethod
    def read(cls, text: str, site_ids: Sequence[str]) -> "Places":
        """Return what was sent of these sites, in this order; nothing of what is none, or of other sites."""
        digest, *parts = text[: MAX_PLACES_BYTES + 1].split("-")
        found = [_PLACE.fullmatch(part) for part in parts]
        if digest != f"{_digest(site_ids):x}" or len(found) != len(site_ids):
            return cls(by_site={})
        return cls(
            by_site={
                site_id: Place(edition=int(one[1], 16), offset=int(one[2], 16))
                for site_id, one in zip(site_ids, found, strict=True)
                if one
            }
        )


def _digest(site_ids: Sequence[str]) -> int:
    """Return a number for sites in this order."""
    return crc32(" ".join(site_ids).encode())
