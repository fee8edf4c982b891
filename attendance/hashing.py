"""Own how secrets are kept: argon2id for what a person chooses, SHA-256 for what is random; none can be read back."""

import unicodedata
from functools import cache
from hashlib import sha256
from secrets import token_urlsafe

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

# OWASP's "Password Storage Cheat Sheet" names 19 MiB, two passes, one lane: 26 ms of one core here. 46 MiB in one pass
# took 55 ms, and a door at eight in the morning has a queue.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 << 10, parallelism=1),))
_SECRET_BYTES = 16


def hash_typed(text: str) -> str:
    """Return the argon2id hash of a password or PIN, which begins with `$argon2id$`; it takes a processor a while."""
    return _HASHER.hash(_bytes(text))


def is_typed(text: str, typed_hash: str | None) -> bool:
    """Tell whether a password or PIN is that of the hash; where there is none, take as long to say that it is not."""
    try:
        matches = _HASHER.verify(_bytes(text), typed_hash or _of_nobody())
    except UnknownHashError:
        return False
    return matches and typed_hash is not None


def is_typed_hash(text: str) -> bool:
    """Tell whether a text can be a hash of ours."""
    return text.startswith("$argon2id$") and text.count("$") == 5 and text.isprintable()  # noqa: PLR2004  # PHC string


def new_secret() -> str:
    """Return 128 random bits as 22 characters that may stand in a header or a cookie."""
    return token_urlsafe(_SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a random secret in hex: it is too long to be guessed, so a fast hash will do."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def normalized(text: str) -> str:
    """Return the text as it is whatever keyboard it was typed on (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def _bytes(text: str) -> bytes:
    """Return what is hashed of a password or PIN, whatever characters a client put into it."""
    return normalized(text).encode("utf-8", "surrogatepass")


@cache
def _of_nobody() -> str:
    """Return a hash that no text has."""
    return _HASHER.hash(token_urlsafe(_SECRET_BYTES))
