"""Own sessions, tickets, keys and used codes, shared by all workers: it refuses what is over, and keeps no secret.

Of sessions and tickets only the SHA-256 is stored: whoever reads the file can sign in with none of them. SHA-256 is
enough for 128 random bits (OWASP ASVS 5.0, 11.4.1); it would not be for a password. What the file does hold is the key
of the codes at the doors, and for a quarter of an hour a second factor that is being set up.

Nothing lasts longer because the clock was set back: what lies as far in the future as it may last is over too.
"""

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attendance.accounts.database import Database
from attendance.clock import Clock

STORE_NAME = ".access.db"

IDLE_LIMIT = timedelta(minutes=60)
"""A session ends when nothing was asked for so long; up to SEEN_EVERY earlier, since that is how often it is noted."""

ABSOLUTE_LIMIT = timedelta(hours=12)
"""A session ends so long after the sign-in, whatever was asked: a working day."""

SEEN_EVERY = timedelta(minutes=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in: the account, the fingerprint that the account had then, and since when (aware UTC)."""

    account: str
    fingerprint: str
    opened_at: datetime


class AccessStore:
    """What all workers must know of sign-ins. Every method may raise AccessStorageError; none holds a lock for long."""

    def __init__(self, path: Path, *, now: Clock) -> None:
        self.database = Database(path)
        self._now = now

    def instant(self) -> int:
        """Return the present instant in microseconds since 1970, which a database compares exactly."""
        return _microseconds(self._now() - _EPOCH)

    def open_session(self, account: str, fingerprint: str) -> str:
        """Open a session for an account and return its secret, 128 random bits (ASVS 5.0, 7.2.3)."""
        secret = secrets.token_urlsafe(16)
        with self.database.writing() as rows:
            now = self.instant()
            rows.execute(
                "DELETE FROM sessions WHERE seen_at <= ? OR opened_at <= ?",
                (now - _microseconds(IDLE_LIMIT), now - _microseconds(ABSOLUTE_LIMIT)),
            )
            rows.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", (digest(secret), account, fingerprint, now, now)
            )
        return secret

    def session(self, secret: str, *, is_use: bool = True) -> Session | None:
        """Return the session that has this secret while it lasts, and note that it was used if it was; else None."""
        with self.database.reading() as rows:
            found = rows.execute(
                "SELECT account, fingerprint, opened_at, seen_at FROM sessions WHERE digest = ?", (digest(secret),)
            ).fetchone()
        if found is None:
            return None
        account, fingerprint, opened_at, seen_at = found
        now = self.instant()
        if not _within(opened_at, now, ABSOLUTE_LIMIT) or not _within(seen_at, now, IDLE_LIMIT):
            self.close_session(secret)
            return None
        if is_use and not _within(seen_at, now, SEEN_EVERY):
            with self.database.writing() as rows:
                rows.execute("UPDATE sessions SET seen_at = ? WHERE digest = ?", (now, digest(secret)))
        return Session(account=account, fingerprint=fingerprint, opened_at=_EPOCH + opened_at * _MICROSECOND)

    def close_session(self, secret: str) -> None:
        """End a session, in all workers at once."""
        with self.database.writing() as rows:
            rows.execute("DELETE FROM sessions WHERE digest = ?", (digest(secret),))

    def close_sessions(self, account: str, *, but: str | None = None) -> None:
        """End all sessions of an account but the one with this secret, in all workers at once."""
        spared = digest(but) if but is not None else b""
        with self.database.writing() as rows:
            rows.execute("DELETE FROM sessions WHERE account = ? AND digest != ?", (account, spared))

    def issue(self, purpose: str, payload: str, seconds: int, secret: str | None = None) -> str:
        """Make a ticket that is good once, for so many seconds, and return its secret, which is made unless given.

        A ticket of the same purpose and secret is replaced.
        """
        secret = secrets.token_urlsafe(16) if secret is None else secret
        with self.database.writing() as rows:
            self._put(rows, purpose, secret, payload, seconds)
        return secret

    def peek(self, purpose: str, secret: str) -> str | None:
        """Return the payload of a ticket while it is good; else None."""
        with self.database.reading() as rows:
            return self._good(rows, purpose, secret)

    def redeem(self, purpose: str, secret: str) -> str | None:
        """Return the payload of a ticket while it is good, and use it up: only one caller ever gets it; else None."""
        if self.peek(purpose, secret) is None:  # a stranger's guess costs no write
            return None
        with self.database.writing() as rows:
            payload = self._good(rows, purpose, secret)
            rows.execute("DELETE FROM tickets WHERE purpose = ? AND digest = ?", (purpose, digest(secret)))
        return payload

    def bind(self, purpose: str, secret: str, payload: str, seconds: int) -> str:
        """Return the payload that the first caller gave for this secret; for so many seconds it stands for all."""
        with self.database.writing() as rows:
            standing = self._good(rows, purpose, secret)
            if standing is None:
                self._put(rows, purpose, secret, payload, seconds)
        return payload if standing is None else standing

    def key(self, name: str) -> bytes:
        """Return the 32 random bytes of this name, made when they are first asked for and the same for all workers."""
        ask = "SELECT value FROM keys WHERE name = ?"
        with self.database.reading() as rows:
            found = rows.execute(ask, (name,)).fetchone()
        if found is None:
            with self.database.writing() as rows:
                rows.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (name, secrets.token_bytes(32)))
                found = rows.execute(ask, (name,)).fetchone()
        return bytes(found[0])

    def use_step(self, account: str, step: int) -> bool:
        """Tell whether a step of time is newer than any that the account used, and use it (RFC 6238, 5.2)."""
        with self.database.writing() as rows:
            found = rows.execute("SELECT step FROM steps WHERE account = ?", (account,)).fetchone()
            if found is not None and step <= found[0]:
                return False
            rows.execute("INSERT OR REPLACE INTO steps VALUES (?, ?)", (account, step))
        return True

    def _good(self, rows: sqlite3.Connection, purpose: str, secret: str) -> str | None:
        """Return the payload of a ticket while it is good; else None."""
        found = rows.execute(
            "SELECT payload, issued_at, expires_at FROM tickets WHERE purpose = ? AND digest = ?",
            (purpose, digest(secret)),
        ).fetchone()
        if found is None:
            return None
        payload, issued_at, expires_at = found
        return str(payload) if abs(self.instant() - issued_at) < expires_at - issued_at else None

    def _put(self, rows: sqlite3.Connection, purpose: str, secret: str, payload: str, seconds: int) -> None:
        """Store a ticket, and throw away those that are over."""
        now = self.instant()
        rows.execute("DELETE FROM tickets WHERE expires_at <= ?", (now,))
        rows.execute(
            "INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?)",
            (purpose, digest(secret), payload, now, now + seconds * 1_000_000),
        )


def digest(secret: str) -> bytes:
    """Return what is stored of a secret, whatever characters a client put into it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _microseconds(length: timedelta) -> int:
    """Return a length of time in microseconds."""
    return length // _MICROSECOND


def _within(then: int, now: int, limit: timedelta) -> bool:
    """Tell whether two instants are less than the limit apart."""
    return abs(now - then) < _microseconds(limit)
