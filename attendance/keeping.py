"""Own what follows every ledger and its amendments: shadow, seals, signs of life, lists of edits; watch the clock."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

from attendance.appendlog import BEAT_SECONDS, Followed
from attendance.clock import Clock
from attendance.edits import find_edits, kept_versions
from attendance.errors import LedgerError
from attendance.files import hidden, quarantine, replace_durably, stat_at, storage_errors
from attendance.ledger import CLOCK_HOLD
from attendance.model import Incident
from attendance.seal import Seals

IDLE_SECONDS = 0.5
"""A shadow is behind by no more than this, a round, in which every ledger that moved is flushed, and a rest."""

BUSY_SECONDS = 0.1
REST_ROUNDS = 4
LONGEST_REST_SECONDS = 5.0
"""The keeper rests four times as long as it worked, at most 5 s: it takes a fifth of one processor.

Where thousands of ledgers move at once their shadows are behind by so much; other homes hear of this one in time.
"""

SEAL_SECONDS = 60.0
SCRUB_BYTES = 1 << 20
"""So much of one ledger is compared with its shadow in each round."""


class Follower:
    """Follow one ledger, or its amendments: copy what was committed, seal it, and give signs of life."""

    def __init__(self, followed: Followed, *, now: Clock, report: Callable[[Incident], None]) -> None:
        self._followed = followed
        self._seals = Seals(followed.path, report=report)
        self._now = now
        self._report = report
        self._stopped_by: dict[str, str] = {}
        self._begun = False
        self._scrubbed = 0
        self._explained_ns = 0
        self._told_sealed = 0
        self._beat_seconds = self._sealed_seconds = -SEAL_SECONDS

    def follow(self) -> bool:
        """Do what is due, and tell whether the ledger moved; what stops one of its tasks is reported once."""
        if not self._is_begun():
            return False
        level = self._is_level()
        for task in (self._beat, self._copy, self._seal, self._explain):
            try:
                task()
            except LedgerError as error:
                self._stopped(task.__name__, f"{error.code}, {error.reason}")
            except Exception as error:  # noqa: BLE001  # the edge of the thread: one defect must not stop the rest
                self._stopped(task.__name__, repr(error))
            else:
                self._stopped_by.pop(task.__name__, None)
        return not level and not self._stopped_by

    def scrub(self) -> None:
        """Compare the next piece of the ledger with the shadow: an edit in the moment of a commit shows nowhere else.

        Raise LedgerError.
        """
        size = self._followed.shadow.intact()
        start = self._scrubbed if self._scrubbed < size else 0
        end = min(start + SCRUB_BYTES, size)
        if size and self._followed.log.read(start, end) != b"".join(self._followed.shadow.chunks(start, end)):
            self._followed.log.distrust()
        self._scrubbed = end

    def close(self) -> None:
        """Copy and seal what is not yet, and let go of the files but those of the ledger."""
        self._sealed_seconds = -SEAL_SECONDS
        self.follow()
        self._seals.close()

    def _is_begun(self) -> bool:
        """Tell whether anything was ever written: at most sites nothing is amended for long, and that costs nothing."""
        if not self._begun:
            path = self._followed.path
            self._begun = any(map(os.path.lexists, (path, self._followed.shadow.path, hidden(path, "lock"))))
        return self._begun

    def _is_level(self) -> bool:
        """Tell whether there is nothing to copy, as far as can be told."""
        with suppress(LedgerError):
            return self._followed.shadow.is_level_with(self._followed.log)
        return True

    def _stopped(self, task: str, reason: str) -> None:
        """Report what stops a task, unless it is what stopped it before."""
        if self._stopped_by.get(task) != reason:
            self._tell("follower_stopped", f"{task.strip('_')} is not kept up: {reason}")
        self._stopped_by[task] = reason

    def _copy(self) -> None:
        """Bring the shadow up to the ledger."""
        while not self._followed.shadow.is_level_with(self._followed.log) and self._followed.shadow.catch_up(
            self._followed.log
        ):
            pass

    def _seal(self) -> None:
        """Seal what was committed, once a minute, each work date by itself."""
        if time.monotonic() - self._sealed_seconds < SEAL_SECONDS:
            return
        size = self._followed.shadow.intact()  # sealed is what was copied: nobody edits it in between
        if not size:
            return
        sealed = self._seals.offset()
        if size > sealed:
            self._seals.extend(self._followed.shadow.chunks, [*self._followed.turns(sealed, size), size], self._now())
        elif size < sealed != self._told_sealed:
            self._tell("seal_broken", f"{sealed} bytes were sealed, and it has {size}; see `attendance verify`")
            self._told_sealed = sealed
        self._sealed_seconds = time.monotonic()

    def _beat(self) -> None:
        """Give a sign of life."""
        if time.monotonic() - self._beat_seconds >= BEAT_SECONDS and self._followed.log.committed():
            self._followed.log.beat()
            self._beat_seconds = time.monotonic()

    def _explain(self) -> None:
        """List the rows in which a version that was kept differs, beside it, once."""
        with storage_errors():
            folder = stat_at(quarantine(self._followed.path))
            if folder is None or folder.st_mtime_ns == self._explained_ns:
                return
            self._explained_ns = folder.st_mtime_ns  # what is kept from now on changes it again
            for kept in kept_versions(self._followed.path):
                told = kept.with_name(f"{kept.name}.txt")
                if not told.exists():
                    edits = find_edits(self._followed.path, kept, self._followed.lines.header)
                    replace_durably(told, [edits.text().encode()])
                    self._tell("edits_found", f"{kept}: {edits.summary}")

    def _tell(self, code: str, detail: str) -> None:
        """Report an incident of this ledger."""
        self._report(Incident(code=code, path=self._followed.path, detail=detail))


class Keeper:
    """Follow ledgers in a thread; of all processes that lock the file `leader_path` one does it, then another.

    Two at once would do no harm: every follower begins where the file that it writes ends.
    """

    def __init__(
        self, followers: Iterable[Follower], leader_path: Path, *, now: Clock, report: Callable[[Incident], None]
    ) -> None:
        self._to_follow = followers
        self._leader_path = leader_path
        self._now = now
        self._report = report
        self._ahead_seconds: float | None = None
        self._descriptor = -1
        self._over = Event()
        self._thread = Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Follow to the end, and stop."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        """Follow round by round, as soon as this process leads."""
        while not self._leads():
            if self._over.wait(2 * IDLE_SECONDS):
                return
        followers = list(self._to_follow)  # thousands take memory, which only this process needs
        pause, scrubbed = 0.0, cycle(followers)
        while not self._over.wait(pause):
            begun_seconds = time.thread_time()  # to wait for a lock or the disk is no work
            self._watch_clock()
            moved = [follower.follow() for follower in followers]
            with suppress(LedgerError, StopIteration):  # an error is told by the follower itself
                next(scrubbed).scrub()
            rest = min(REST_ROUNDS * (time.thread_time() - begun_seconds), LONGEST_REST_SECONDS)
            pause = max(rest, BUSY_SECONDS if any(moved) else IDLE_SECONDS)
        for follower in followers:
            follower.close()
        os.close(self._descriptor)

    def _watch_clock(self) -> None:
        """Tell when the clock was set: rows are written with the time that it says, and nobody would know."""
        # This one is never set, and goes on while the machine sleeps (clock_gettime(2)).
        ahead_seconds = self._now().timestamp() - time.clock_gettime(time.CLOCK_BOOTTIME)
        by_seconds = ahead_seconds - (ahead_seconds if self._ahead_seconds is None else self._ahead_seconds)
        if abs(by_seconds) > CLOCK_HOLD.total_seconds():
            detail = f"the clock of the machine was set by {by_seconds:+.0f} s; rows have the time that it says"
            self._report(Incident(code="clock_set", path=self._leader_path, detail=detail))
        self._ahead_seconds = ahead_seconds

    def _leads(self) -> bool:
        """Tell whether this process holds the lock of the leader, which it keeps until it ends."""
        with suppress(OSError):
            if self._descriptor < 0:
                self._descriptor = os.open(self._leader_path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
