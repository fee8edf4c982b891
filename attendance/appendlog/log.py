"""Own the bytes of one append-only file: append under the lock, flush, notice what others did, repair the tail."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import get_ident

from attendance.appendlog.files import (
    OpenFile,
    find_open,
    keep_bytes,
    replace_durably,
    stat_at,
    storage_errors,
    sync_folder,
)
from attendance.appendlog.lines import Lines
from attendance.appendlog.lockfile import CommitState, LockFile, new_generation
from attendance.errors import FlushFailedError, LedgerDamagedError
from attendance.model import Incident

MAX_APPEND_BYTES = 1 << 20
"""The most that one append may hold. No more than one append is ever unflushed: only that much can be torn."""

LOCK_TIMEOUT_SECONDS = 3.0


class AppendLog:
    """One durable append-only file of lines, shared by any number of processes and threads.

    `header` is its first line; `is_line` tells whether a line is one that was appended through here; `report` hears of
    everything that was found and mended. Nothing is opened before the first use, so a log may be made before a fork.
    """

    def __init__(
        self,
        path: Path,
        *,
        header: bytes,
        is_line: Callable[[bytes], bool],
        report: Callable[[Incident], None],
        lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    ) -> None:
        self.path = path
        self.generation = 0
        """Another number (in `exclusive`) when the bytes may not be those that were read before: forget those."""
        self._lines = Lines(header=header, is_line=is_line)
        self._report = report
        self._lock = LockFile(path.with_name(f".{path.name}.lock"), lock_timeout_seconds)
        self._file = OpenFile()
        self._unsaid: CommitState | None = None
        self._size = 0
        self._holder = 0

    @contextmanager
    def exclusive(self) -> Iterator[int]:
        """Hold the file alone; give the number of its bytes, all of them committed, and allow `append`.

        Raise StorageBusyError, StorageFullError, StorageUnavailableError, FlushFailedError or LedgerDamagedError.
        """
        with storage_errors(), self._lock.held():
            self._size = self._ready()
            self._holder = get_ident()
            try:
                yield self._size
            finally:
                self._holder = 0

    def append(self, lines: bytes) -> None:
        """Append whole lines, together at most MAX_APPEND_BYTES, and return when they were flushed (in `exclusive`).

        After an error of the write the file is cut back to what it was. Raise what `exclusive` raises.
        """
        try:
            self._file.append(lines)
        except OSError:
            os.ftruncate(self._file.descriptor, self._size)
            raise
        self._flush(self._size)
        self._size += len(lines)
        with suppress(OSError):  # the rows are durable, and the next writer finds them behind the last state
            self._lock.write(self._state(self._size))

    def committed(self) -> int:
        """Return how many bytes no power cut can take back; what lies behind them must not be shown.

        Takes no lock unless the state is not to be had. Raise what `exclusive` raises.
        """
        with storage_errors():
            state, found = self._lock.peek(), stat_at(self.path)
        if state is None and found is None:
            return 0
        if state and found and state.inode == found.st_ino and state.committed <= found.st_size:
            return state.committed
        with self.exclusive() as size:
            return size

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from offset `start` until before `end`, fewer where the file is shorter.

        In `exclusive` they are those of the file that is appended to, else those of the file that stands at the path:
        another process may have had to put it there. Raise LedgerDamagedError or StorageUnavailableError.
        """
        with storage_errors():
            file = self._file
            if self._holder != get_ident() and file.inode != self.path.lstat().st_ino:
                # It is not kept: this may be any thread, and only the lock's holder changes which file is open.
                file = OpenFile.at(self.path, os.O_RDONLY)
            return file.read(start, end)

    def close(self) -> None:
        """Let go of the descriptors; the next use opens them again."""
        self._file = OpenFile()
        self._lock.close()

    def verify(self) -> int:
        """Take marks again after a failed flush, and return the committed bytes.

        Whatever was not acknowledged is cut off and kept in quarantine, since what memory shows of it may never have
        reached the disk. What was acknowledged is read again, from the disk as far as the system allows, and must be
        whole rows. Raise what `exclusive` raises.
        """
        with storage_errors(), self._lock.held():
            state = self._last_state()
            if state and state.poisoned:
                self._verify(state)
            return self._ready()

    def require_sound(self) -> None:
        """Raise FlushFailedError while nothing is acknowledged, or StorageUnavailableError; change and lock nothing."""
        with storage_errors():
            self._refuse_poisoned(self._lock.peek())

    def was_touched(self) -> bool:
        """Tell whether something else replaced, removed or cut the file since the last commit; change and lock nothing.

        Raise StorageUnavailableError.
        """
        with storage_errors():
            state, found = self._lock.peek(), stat_at(self.path)
        return state is not None and (found is None or found.st_ino != state.inode or found.st_size < state.committed)

    def _refuse_poisoned(self, state: CommitState | None) -> None:
        """Raise FlushFailedError if a flush failed and the file was not verified since."""
        if state and state.poisoned:
            raise FlushFailedError(f"an earlier flush of {self.path} failed; run `attendance check --recover SITE`")

    # Everything below is called with the lock held.

    def _ready(self) -> int:
        """Return the size of the file, every byte of it committed; mend first what stands in the way."""
        if self._file.inode:
            self._lock.claim(self._file.descriptor)
        state = self._last_state()
        self._refuse_poisoned(state)
        found = stat_at(self.path)
        if state and found and self._is_as_left(state, found):
            return state.committed
        if state is None and self._file.inode and (found is None or found.st_ino != self._file.inode):
            # The state went with it: the rows that we have still open are those that were committed.
            end = self._lines.whole_until(self._file, len(self._lines.header), self._file.size())
            return self._restore(self._file, self._state(end), found)
        if state and (found is None or found.st_ino != state.inode):
            source = self._still_open(state)
            return self._restore(source, state, found) if source else self._settle(None, found, replaced=True)
        return self._settle(state, found)

    def _last_state(self) -> CommitState | None:
        """Return the last state, after saying in it that a flush failed where that could not be said at once."""
        state = self._lock.read()
        if self._unsaid:
            found = stat_at(self.path)
            if found and found.st_ino == self._unsaid.inode:
                state = replace(state if state and state.inode == found.st_ino else self._unsaid, poisoned=True)
                self._lock.write(state)
            self._unsaid = None
        return state

    def _is_as_left(self, state: CommitState, found: os.stat_result) -> bool:
        """Tell whether nothing happened since the last commit but what this process did or has seen."""
        return (
            state.inode == found.st_ino == self._file.inode
            and state.generation == self.generation
            and state.committed == found.st_size
        )

    def _still_open(self, state: CommitState) -> OpenFile | None:
        """Return the file that was taken away or replaced, with all that was committed, if it can still be had."""
        file = self._file if self._file.inode == state.inode else find_open(self.path, state.inode)
        if file and self._lines.begin(file) and self._lines.end_at(file, state.committed):
            return file
        return None

    def _restore(self, source: OpenFile, state: CommitState, found: os.stat_result | None) -> int:
        """Put back what was committed, and keep what took its place."""
        name = f"{self.path.name}.replaced" if found else ""
        fresh, kept = replace_durably(self.path, source.chunks(0, state.committed), name)
        size = self._have(fresh)
        self.generation = new_generation()
        self._lock.write(self._state(size))
        self._tell(
            "ledger_restored", f"the file had been taken away or replaced; kept instead of it: {kept or 'nothing'}"
        )
        return size

    def _settle(self, state: CommitState | None, found: os.stat_result | None, *, replaced: bool = False) -> int:
        """Take the file at the path as it is, mend its end, and return its committed size; `state` is None or its."""
        size = self._begin(found)
        if state and state.committed <= size and self._lines.end_at(self._file, state.committed):
            self.generation, committed = state.generation, state.committed
            end = self._lines.whole_until(self._file, committed, size)
            if end > committed:
                self._tell("rows_kept", f"{end - committed} bytes of rows stood behind the last commit")
        else:
            self.generation, end = new_generation(), self._adopted(size)
            committed = end
            if state:
                self._tell("ledger_edited", f"something else changed it: {state.committed} bytes were committed")
            elif replaced:
                self._tell("ledger_replaced", "it was taken away or replaced, and no process has it open any more")
        self._cut(end, size)
        self._flush(committed)
        if state is None:  # whoever made it may have been stopped before its name was durable
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        self._lock.write(self._state(end))
        return end

    def _begin(self, found: os.stat_result | None) -> int:
        """Open the file, make it if it is not there, and return its size; it begins with its header."""
        if found is None:
            replace_durably(self.path, [self._lines.header])
        size = self._open()
        if size < len(self._lines.header) and self._lines.header.startswith(self._file.read(0, size)):
            replace_durably(self.path, [self._lines.header])  # made empty, or somebody was stopped while making it
            size = self._open()
        if not self._lines.begin(self._file):
            raise LedgerDamagedError(f"{self.path} does not begin with its header; put a good copy in its place")
        return size

    def _open(self) -> int:
        """Work on the file that stands at the path from now on, and return its size."""
        return self._have(OpenFile.at(self.path, os.O_RDWR))

    def _have(self, file: OpenFile) -> int:
        """Work on this file from now on, and return its size once nobody else writes to it."""
        self._lock.claim(file.descriptor)
        self._file = file
        return file.size()

    def _adopted(self, size: int) -> int:
        """Return where the lines end in a file of which no state is known: only its last append can be torn."""
        start = self._lines.start_after(self._file, size - MAX_APPEND_BYTES)
        end = self._lines.whole_until(self._file, start, size)
        other = self._file.read(end, size).partition(b"\0")[0]
        if b"\n" in other or not self._lines.end_at(self._file, end):
            raise LedgerDamagedError(f"{self.path} holds a line at byte {end} that is not a row; mend it")
        return end

    def _cut(self, end: int, size: int) -> None:
        """Cut the file off at `end`, after what goes was kept in quarantine."""
        if end < size:
            kept = keep_bytes(self.path, self._file.chunks(end, size), f"{self.path.name}.tail")
            os.ftruncate(self._file.descriptor, end)
            self._tell("tail_cut", f"{size - end} bytes behind the last row that counts were moved to {kept}")

    def _flush(self, committed: int) -> None:
        """Flush once. A flush that failed is never tried again: the next would say OK and the data be gone."""
        try:
            os.fdatasync(self._file.descriptor)
        except OSError as error:
            self._unsaid = replace(self._state(committed), poisoned=True)
            with suppress(OSError):  # if it cannot be said now, it is said before anything else is done
                self._lock.write(self._unsaid)
                self._unsaid = None
            raise FlushFailedError(
                f"{self.path}: {error.strerror}; then run `attendance check --recover SITE`"
            ) from error

    def _verify(self, state: CommitState) -> None:
        """Cut off what was not acknowledged, read the rest again, and lift the poison."""
        found = stat_at(self.path)
        if found and found.st_ino == state.inode:
            size = self._open()
            self._cut(min(state.committed, size), size)
            os.posix_fadvise(self._file.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            end = self._lines.whole_until(self._file, len(self._lines.header), state.committed)
            if end < state.committed or not self._lines.begin(self._file):
                raise LedgerDamagedError(f"{self.path} holds a line at byte {end} that is not a row; mend it")
        # Of another number, so that all open the file anew and flush: an old descriptor would tell of this error again.
        self._lock.write(replace(state, generation=new_generation(), poisoned=False))

    def _state(self, committed: int) -> CommitState:
        """Return the state that says of the open file that so many bytes are committed."""
        return CommitState(inode=self._file.inode, committed=committed, generation=self.generation)

    def _tell(self, code: str, detail: str) -> None:
        """Report an incident of this file."""
        self._report(Incident(code=code, path=self.path, detail=detail))
