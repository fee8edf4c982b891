"""Own how guesses are slowed, by counters that all workers share: it refuses an attempt that comes too early.

Nobody is locked out: each wrong attempt beyond a few doubles the wait for the next, up to a limit (OWASP ASVS 5.0,
6.3.1). A counter sinks with time, by `free` in `forget_seconds`, so that what many people mistype at one address or
kiosk over a day never adds up to a wait; and it is forgotten when nothing was tried for `forget_seconds`.
"""

import math
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from attendance.accounts.store import AccessStore, digest
from attendance.errors import TooManyAttemptsError

_SECOND = 1_000_000
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How fast may be guessed: so many attempts at once, then a wait that doubles from first to most.

    `shared` counters belong to many people: who succeeds takes back the own attempt only, else whoever has one right
    password or PIN could go on guessing others.
    """

    name: str
    free: int
    first_seconds: float
    most_seconds: float
    forget_seconds: int
    shared: bool = False

    @property
    def most_level(self) -> int:
        """Return the count from which on the wait grows no more."""
        return self.free + math.ceil(math.log2(self.most_seconds / self.first_seconds))

    def wait(self, level: float) -> float:
        """Return how many seconds lie between the last attempt and the next, where so many were wrong."""
        beyond = math.ceil(level) - self.free
        return min(self.first_seconds * 2.0**beyond, self.most_seconds) if beyond >= 0 else 0.0


ACCOUNT = Limit(name="account", free=5, first_seconds=1, most_seconds=15 * 60, forget_seconds=_DAY)
"""A stranger at an account. At most 96 guesses a day after the first: hopeless against 8 characters."""

DEVICE = Limit(name="device", free=5, first_seconds=1, most_seconds=15 * 60, forget_seconds=_DAY)
"""A device that signed in to the account before: its own counter, so that no stranger can lock the owner out (OWASP,
Slow Down Online Guessing Attacks with Device Cookies)."""

ADDRESS = Limit(name="address", free=20, first_seconds=1, most_seconds=5 * 60, forget_seconds=_DAY, shared=True)
"""An address that tries many accounts. An office has one address, so more is free and the wait stays short."""

EMPLOYEE = Limit(name="employee", free=5, first_seconds=2, most_seconds=5 * 60, forget_seconds=_DAY)
"""The PIN of an employee: at most 288 guesses a day among a million, at a kiosk where people stand."""

KIOSK = Limit(name="kiosk", free=30, first_seconds=1, most_seconds=30, forget_seconds=3600, shared=True)
"""A kiosk at which PINs of many employees are tried. A queue stands before it, so it never waits for long."""

ENROLMENT = Limit(name="enrolment", free=10, first_seconds=1, most_seconds=5 * 60, forget_seconds=_DAY, shared=True)
"""An address that tries codes that would make a device a kiosk."""

ASKING = Limit(name="asking", free=200, first_seconds=5, most_seconds=5 * 60, forget_seconds=_DAY, shared=True)
"""A kiosk at which employees ask for what they forgot to mark. All of an office may ask after a day on which the kiosk
was away; who asks for others all day leaves HR no more than some hundred requests."""

_LIMITS = (ACCOUNT, DEVICE, ADDRESS, EMPLOYEE, KIOSK, ENROLMENT, ASKING)
_LONGEST_FORGET = max(limit.forget_seconds for limit in _LIMITS)


def pin_counter(roster_path: Path | None, employee_id: str) -> tuple[Limit, str]:
    """Return what counts the wrong PINs of somebody on a roster, in whatever case their ID was typed."""
    return EMPLOYEE, f"{roster_path} {employee_id.casefold()}"


class Attempts:
    """The counters: `begin` before a secret is looked at, `succeed` if it was right. All raise AccessStorageError."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store

    def begin(self, *counted: tuple[Limit, str]) -> None:
        """Count an attempt as wrong on all counters, in advance: so attempts at the same time cannot pass together.

        Raise TooManyAttemptsError if one of them must wait, with the longest wait; then nothing is counted.
        """
        with self._store.database.writing() as rows:
            now = self._store.instant()
            waits = [_wait(rows, limit, key, now) for limit, key in counted]
            wait = max(waits, default=0)
            if not wait:
                rows.execute("DELETE FROM attempts WHERE at <= ?", (now - _LONGEST_FORGET * _SECOND,))
                for limit, key in counted:
                    level = min(_level(rows, limit, key, now) + 1, limit.most_level)
                    rows.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?)", (_name(limit, key), level, now))
        if wait:
            raise TooManyAttemptsError(-(-wait // _SECOND))

    def succeed(self, *counted: tuple[Limit, str]) -> None:
        """Forget the counters of an attempt that was right; of shared ones take back the attempt itself."""
        with self._store.database.writing() as rows:
            for limit, key in counted:
                taken = 1 if limit.shared else limit.most_level
                rows.execute("UPDATE attempts SET level = level - ? WHERE digest = ?", (taken, _name(limit, key)))
                rows.execute("DELETE FROM attempts WHERE digest = ? AND level <= 0", (_name(limit, key),))

    def forgive(self, *counted: tuple[Limit, str]) -> None:
        """Forget counters, shared ones too: whoever looks after the accounts wishes so."""
        with self._store.database.writing() as rows:
            rows.executemany("DELETE FROM attempts WHERE digest = ?", [(_name(*one),) for one in counted])


def _name(limit: Limit, key: str) -> bytes:
    """Return under which name a counter is kept: hashed, since people type passwords into the field for the name."""
    return digest(f"{limit.name}\0{key}")


def _wait(rows: sqlite3.Connection, limit: Limit, key: str, now: int) -> int:
    """Return for how many microseconds the next attempt must wait.

    Where the clock was set back the whole wait begins again: it is never shortened, and never longer than it was.
    """
    rows.execute("UPDATE attempts SET at = ? WHERE digest = ? AND at > ?", (now, _name(limit, key), now))
    found = rows.execute("SELECT level, at FROM attempts WHERE digest = ?", (_name(limit, key),)).fetchone()
    if found is None:
        return 0
    level, at = found
    return max(0, int(at) + round(limit.wait(level) * _SECOND) - now)


def _level(rows: sqlite3.Connection, limit: Limit, key: str, now: int) -> float:
    """Return how many wrong attempts count now; the time that passed has taken some away."""
    found = rows.execute("SELECT level, at FROM attempts WHERE digest = ?", (_name(limit, key),)).fetchone()
    if found is None:
        return 0.0
    level, at = float(found[0]), int(found[1])
    seconds = (now - at) / _SECOND
    if seconds >= limit.forget_seconds:
        return 0.0
    return max(0.0, level - seconds * limit.free / limit.forget_seconds)
