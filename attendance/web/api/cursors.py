"""Own the cursor of marks: up to which byte of each site's ledger somebody has read, as an opaque text."""

import binascii
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from attendance.errors import InvalidQueryError

MAX_BYTES = 64 << 10
"""Thousands of sites stay far below; whoever makes up a cursor unpacks no more."""


def written_cursor(positions: Mapping[str, int]) -> str:
    """Return the cursor of offsets in the ledgers of sites; that of 200 sites is shorter than an address may be."""
    packed = zlib.compress(json.dumps(positions, separators=(",", ":")).encode(), 9)
    return urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str) -> dict[str, int]:
    """Return the offsets of a cursor, or none for an empty one; raise InvalidQueryError for what is no cursor."""
    if not cursor:
        return {}
    try:
        packed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        positions = json.loads(zlib.decompressobj().decompress(packed, MAX_BYTES))
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        raise cursor_refused() from None
    if not isinstance(positions, dict) or not all(type(one) is int and one >= 0 for one in positions.values()):
        raise cursor_refused()
    return positions


def cursor_refused() -> InvalidQueryError:
    """Return the refusal of a cursor."""
    return InvalidQueryError(
        {"cursor": "This is no cursor of ours, or the files are others by now. Begin without one."}
    )
