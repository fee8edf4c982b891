"""Own the memory of a flush that failed: nothing is acknowledged until the log was verified, whoever deletes what."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from attendance.appendlog.lockfile import CommitState, LockFile
from attendance.errors import FlushFailedError
from attendance.files import FILE_MODE, hidden, stat_at


class FailedFlush:
    """Whether a flush of the log at `path` failed: the lock file says it, and a file of its own.

    Every method raises OSError.
    """

    def __init__(self, path: Path, lock: LockFile) -> None:
        self._path = path
        self._lock = lock
        self._note = str(hidden(path, "flush-failed"))  # looked for at every commit: no Path is made
        self._unsaid: CommitState | None = None

    def is_known(self, state: CommitState | None) -> bool:
        """Tell whether a flush failed and the log was not verified since."""
        return (state is not None and state.poisoned) or os.path.lexists(self._note)

    def refuse(self, state: CommitState | None) -> None:
        """Raise FlushFailedError if a flush failed and the log was not verified since."""
        if self.is_known(state):
            raise FlushFailedError(f"an earlier flush of {self._path} failed; run `attendance check --recover SITE`")

    def note(self, state: CommitState) -> None:
        """Write down that a flush failed; `state` is what was committed before (the lock is held)."""
        with suppress(OSError):
            Path(self._note).touch(mode=FILE_MODE)
        self._unsaid = replace(state, poisoned=True)
        with suppress(OSError):  # if it cannot be said now, it is said before anything else is done
            self._lock.write(self._unsaid)
            self._unsaid = None

    def recall(self, state: CommitState | None) -> CommitState | None:
        """Return the last state, after saying in it what could not be said at once (the lock is held)."""
        if self._unsaid:
            found = stat_at(self._path)
            if found and found.st_ino == self._unsaid.inode:
                state = replace(state if state and state.inode == found.st_ino else self._unsaid, poisoned=True)
                self._lock.write(state)
            self._unsaid = None
        return state

    def forget(self) -> None:
        """The log was verified, or begun anew (the lock is held)."""
        Path(self._note).unlink(missing_ok=True)
