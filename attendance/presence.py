"""Own the proof that somebody stands at a site's door: codes that turn, and tickets; it refuses what is not fresh."""

import hmac
import json
import re
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

from attendance.clock import Clock

STEP = timedelta(seconds=30)
TICKET_LIFETIME = timedelta(minutes=5)

_CODE_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_TICKET = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,12})\.[A-Za-z0-9_-]{43}")


class Presence:
    """The codes and tickets of all sites, by a key that only the server knows (32 random bytes)."""

    def __init__(self, key: bytes, now: Clock) -> None:
        self._key = key
        self._now = now

    def code(self, site_id: str) -> str:
        """Return what the door of a site shows now: 22 characters that may stand in an address."""
        return self._code(site_id, self._step())

    def seconds_left(self) -> float:
        """Return for how long the present code is shown, more than 0 and 30 at most."""
        return (STEP - (self._now() - _EPOCH) % STEP) / _SECOND

    def is_fresh(self, site_id: str, code: str) -> bool:
        """Tell whether a code is the present one of a site, or the one before; any text may come in."""
        step = self._step()
        fresh = [_same(code, self._code(site_id, one)) for one in (step, step - 1)]
        return any(fresh)

    def ticket(self, site_id: str) -> str:
        """Return a new ticket: whoever holds it was at the site, and may mark there for five minutes."""
        expiry = str((self._now() + TICKET_LIFETIME - _EPOCH) // _SECOND)
        ticket_id = secrets.token_urlsafe(16)
        return self._signed(site_id, ticket_id, expiry)

    def read_ticket(self, site_id: str, text: str) -> str | None:
        """Return the random ID of a ticket that is ours, of this site and in time, else None; any text may come in.

        One that lasts too long was made before the clock was set back, and is not in time either.
        """
        found = _TICKET.fullmatch(text)
        if found is None or not _same(text, self._signed(site_id, found[1], found[2])):
            return None
        left = int(found[2]) * _SECOND - (self._now() - _EPOCH)
        return found[1] if timedelta() < left <= TICKET_LIFETIME + STEP else None

    def _step(self) -> int:
        """Return the number of the present step."""
        return (self._now() - _EPOCH) // STEP

    def _code(self, site_id: str, step: int) -> str:
        """Return the code of a site in a step: 128 bits."""
        return _text(self._mac("presence code", site_id, str(step))[:_CODE_BYTES])

    def _signed(self, site_id: str, ticket_id: str, expiry: str) -> str:
        """Return a ticket with its signature; the site stands in the signature alone."""
        return f"{ticket_id}.{expiry}.{_text(self._mac('presence ticket', site_id, ticket_id, expiry))}"

    def _mac(self, *words: str) -> bytes:
        """Return the HMAC-SHA256 (RFC 2104) of words; JSON keeps them apart whatever stands in them."""
        return hmac.digest(self._key, json.dumps(words).encode(), "sha256")


def _same(one: str, other: str) -> bool:
    """Tell whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def _text(mac: bytes) -> str:
    """Return bytes as they may stand in an address and in a cookie (base64url, RFC 4648, without padding)."""
    return urlsafe_b64encode(mac).rstrip(b"=").decode()
