"""Own the bytes of one append-only file: append under the lock, flush, notice what others did, mend it, say so."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import get_ident

from attendance.appendlog.failedflush import FailedFlush
from attendance.appendlog.home import Home
from attendance.appendlog.lease import LEASE_SECONDS
from attendance.appendlog.lines import Lines
from attendance.appendlog.lockfile import CommitState, LockFile, new_generation
from attendance.appendlog.position import Position, peek_position
from attendance.appendlog.repair import MAX_APPEND_BYTES, Copy, Good, Repair, Sound
from attendance.errors import FlushFailedError, LedgerDamagedError, NotHomeError, StorageBusyError
from attendance.files import (
    OpenFile,
    hidden,
    keep_bytes,
    keep_file,
    replace_durably,
    stat_at,
    storage_errors,
    sync_folder,
)
from attendance.model import Incident

__all__ = ["MAX_APPEND_BYTES", "AppendLog", "Patience"]


_PAUSES_SECONDS = [0.005] * 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long others are waited for: whoever holds the lock, and another home that may be gone.

    Without `lease_seconds` the log has no lease.
    """

    lock_seconds: float = 3.0
    lease_seconds: float | None = None


PATIENCE = Patience()
LEASED = Patience(lease_seconds=LEASE_SECONDS)


class AppendLog:
    """One durable append-only file of lines, shared by any number of processes and threads.

    `lines` says what it is made of; `report` hears of everything that was found and mended; `shadow` is a copy to mend
    from. Nothing is opened before the first use, so a log may be made before a fork.
    """

    def __init__(
        self,
        path: Path,
        lines: Lines,
        *,
        report: Callable[[Incident], None],
        shadow: Copy | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self.path = path
        self.generation = 0
        """Another number (in `exclusive`) when the bytes may not be those that were read before: forget those."""
        self._lines = lines
        self._repair = Repair(path=path, lines=lines, shadow=shadow)
        self._report = report
        self._lock = LockFile(hidden(path, "lock"), patience.lock_seconds)
        self._failed_flush = FailedFlush(path, self._lock)
        self._home = Home(path=path, lock=self._lock, seconds=patience.lease_seconds, report=report)
        self._file = OpenFile()
        self._size = 0
        self._holder = 0

    @contextmanager
    def exclusive(self) -> Iterator[int]:
        """Hold the file alone; give the number of its bytes, all of them committed, and allow `append`.

        Raise StorageBusyError, StorageFullError, StorageUnavailableError, FlushFailedError, LedgerDamagedError or
        NotHomeError.
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
            with suppress(OSError):  # else the next writer has to look whether it is what it was
                self._lock.write(self._state(self._size))
            raise
        self._flush(self._size)
        self._size += len(lines)
        with suppress(OSError):  # the rows are durable, and the next writer finds them behind the last state
            self._lock.write(self._state(self._size))

    def committed(self) -> int:
        """Return how many bytes no power cut can take back; what lies behind them must not be shown.

        Takes no lock unless the state is not to be had for a moment. Raise what `exclusive` raises.
        """
        return self.position().committed

    def version(self) -> tuple[int, int]:
        """Return the generation of the committed bytes and their number, as `committed` does.

        While the generation is the same, those that were read before are what they were. Raise what `exclusive` raises.
        """
        found = self.position()
        return found.generation, found.committed

    def position(self) -> Position:
        """Return how far the log is committed, as `committed` does, and under which generation."""
        with storage_errors():
            for pause_seconds in _PAUSES_SECONDS:  # a writer may be about to leave it
                if found := peek_position(self.path):
                    return found
                time.sleep(pause_seconds)
        with self.exclusive() as size:
            return Position(generation=self.generation, committed=size)

    def peek(self) -> Position | None:
        """Return what `position` returns, or None where that is not to be had at once; raise StorageUnavailableError.

        It waits for nothing, and mends nothing.
        """
        with storage_errors():
            return peek_position(self.path)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from offset `start` until before `end`, fewer where the file is shorter.

        In `exclusive` they are those of the file that is appended to, else those of the file that stands at the path:
        another process may have had to put it there. Raise LedgerDamagedError or StorageUnavailableError.
        """
        with storage_errors():
            file = self._file
            if self._holder != get_ident() and file.inode != self.path.lstat().st_ino:
                # It is not kept: this may be any thread, and only the lock's holder changes which file is open.
                file = OpenFile.reading(self.path)
            return file.read(start, end)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from offset `start` until before `end` in pieces.

        Raise LedgerDamagedError where the file is shorter, or StorageUnavailableError.
        """
        with storage_errors():
            file = OpenFile.reading(self.path)  # one file for all, whatever is put at the path meanwhile
            for piece in file.chunks(start, end):
                yield piece
                start += len(piece)
        if start < end:
            raise LedgerDamagedError(f"{self.path} is shorter than it was: something else cut it")

    def close(self) -> None:
        """Let go of the descriptors; the next use opens them again."""
        self._file = OpenFile()
        self._lock.close()

    def recover(self) -> int:
        """Take marks again after a failed flush, here from now on, and return the committed bytes.

        Whatever was not acknowledged is cut off and kept in quarantine, since what memory shows of it may never have
        reached the disk. What was acknowledged is read again, from the disk as far as the system allows, must be whole
        rows, and is compared with the shadow. Without the lock file nobody knows what was acknowledged: whole rows are
        kept then, and that is told. Another home is watched for as long as it takes to know that it is gone. Raise what
        `exclusive` raises.
        """
        self._wait_for_home()
        with storage_errors(), self._lock.held():
            state = self._last_state()
            if self._failed_flush.is_known(state):
                self._verify(state)
            return self._ready()

    def require_sound(self) -> None:
        """Raise FlushFailedError or NotHomeError while nothing is acknowledged, or StorageUnavailableError.

        Changes and locks nothing.
        """
        with storage_errors():
            state, lease = self._lock.peek()
            self._failed_flush.refuse(state)
            self._home.require(lease)

    def untouched(self) -> int | None:
        """Return the size of the file, or None if something touched it since the last commit that is known.

        Changes and locks nothing; it may also say None while a commit is under way. Raise StorageUnavailableError.
        """
        with storage_errors():
            (state, _), found = self._lock.peek(), stat_at(self.path)
        held = self._file.inode
        if state.fits(found) if state else not held or (found is not None and found.st_ino == held):
            return found.st_size if found else 0
        return None

    def intact(self) -> int:
        """Return the committed bytes if nobody touched the file since and no flush failed, else 0; mend nothing.

        Raise StorageBusyError, StorageFullError or StorageUnavailableError.
        """
        with storage_errors():
            if self._lock.peek()[0] is None:
                return 0
        with storage_errors(), self._lock.held():
            state, _ = self._lock.read()
            sound = state and state.fits(stat_at(self.path)) and not self._failed_flush.is_known(state)
            return state.committed if state and sound else 0

    def beat(self) -> None:
        """Let other homes hear that this one lives. Raise what `exclusive` raises."""
        with storage_errors(), self._lock.held():
            state, lease = self._lock.read()
            self._home.check(state, lease)
            self._home.beat(lease)

    def leave(self, *, moved_in: bool = False) -> None:
        """Say that this is nobody's home any more, if it was ours: the next need not wait. Raise LedgerError.

        With `moved_in` only if nobody had been at home here before this process.
        """
        with storage_errors():
            if self._lock.peek() == (None, None) or (moved_in and not self._home.moved_in):
                return
            with self._lock.held():
                self._home.leave(self._lock.read()[1])

    def distrust(self) -> None:
        """Have the next writer compare the file with the shadow: it is not what was committed. Raise LedgerError."""
        with storage_errors(), self._lock.held():
            state = self._last_state()
            if state:
                self._lock.write(replace(state, changed_ns=0))

    def discard(self) -> None:
        """Begin anew without a file: what stands there is moved to quarantine. Raise what `exclusive` raises."""
        with storage_errors(), self._lock.held():
            self._last_state()
            if stat_at(self.path):
                keep_file(self.path, self.path.name)
                self.path.unlink(missing_ok=True)
            self._failed_flush.forget()
            self._file = OpenFile()
            self._lock.clear()

    def _wait_for_home(self) -> None:
        """Move in as soon as another home was silent for long enough; raise NotHomeError if it is not."""
        deadline_seconds = time.monotonic() + (self._home.seconds or 0) + 1
        while True:
            try:
                with storage_errors(), self._lock.held():
                    self._last_state()
            except NotHomeError:
                if time.monotonic() > deadline_seconds:
                    raise
                time.sleep(0.05)
            else:
                return

    # Everything below is called with the lock held.

    def _ready(self) -> int:
        """Return the size of the file, every byte of it committed; mend first what stands in the way."""
        if self._file.inode:
            self._lock.claim(self._file.descriptor)
        state = self._last_state()
        found = stat_at(self.path)
        self._failed_flush.refuse(state)
        if state is None or not state.fits(found):
            return self._mend(state, found)
        if (self._file.inode, self.generation) != (state.inode, state.generation):
            self._open()
            self.generation = state.generation
            if not state.fits(self._file.stat()):  # somebody wrote who holds another lock file than ours
                return self._mend(state, stat_at(self.path))
        return state.committed

    def _last_state(self) -> CommitState | None:
        """Return the last state, in this home, after saying in it that a flush failed where that could not be said."""
        state, lease = self._lock.read()
        self._home.check(state, lease)
        return self._failed_flush.recall(state)

    def _mend(self, state: CommitState | None, found: os.stat_result | None) -> int:
        """Put back what was committed if something else took it away or changed it, or take the file as it is."""
        present = OpenFile.reading(self.path) if found and stat.S_ISREG(found.st_mode) else None
        known = self._repair.find(state, self._file, present)
        if isinstance(known, Good):
            return self._restore(known, found)
        if state and (found is None or found.st_ino != state.inode):
            size = self._settle(None, found, known)
            self._tell("ledger_replaced", "it was taken away or replaced; what stands there now is the ledger")
            return size
        return self._settle(state, found, known)

    def _restore(self, good: Good, found: os.stat_result | None) -> int:
        """Put back what was committed, and keep what took its place."""
        name = f"{self.path.name}.replaced-{good.size}" + (f"-lost-{good.lost}" if good.lost else "")
        with self._lock.folder():
            now_found = stat_at(self.path)
            moved = (now_found and now_found.st_ino) != (found and found.st_ino)
            if moved and not self._lock.stands():
                # The lock file was deleted, and its next holder was faster: what ours says is no longer true.
                raise StorageBusyError(f"{self.path} was put back by another process at the same time")
            fresh, kept = replace_durably(self.path, good.pieces, name if now_found else "")
            size = self._have(fresh)
            if good.lost and not now_found:
                kept = keep_bytes(self.path, [], name)  # nothing stood there: the name alone tells of it
        self.generation = new_generation()
        self._lock.write(self._state(size))
        kept_as = f"; what stood there is {kept}" if kept else ""
        self._tell("ledger_restored", f"the file had been taken away, replaced or edited, and was put back{kept_as}")
        if good.lost:
            detail = f"the last {good.lost} bytes that were committed before could not be had any more"
            self._tell("rows_lost", detail)
        return size

    def _settle(self, state: CommitState | None, found: os.stat_result | None, known: Sound) -> int:
        """Take the file at the path as it is, mend its end, and return its committed size; `state` is None or its."""
        size = self._begin(found)
        if state and state.committed <= size and self._lines.end_at(self._file, state.committed):
            self.generation, committed = state.generation, state.committed
            end = self._lines.whole_until(self._file, committed, size)
            if size == committed and state.changed_ns and not known.size:
                self.generation = new_generation()
                self._tell("ledger_edited", "something else touched it, and there is no copy to compare it with")
            if end > committed:
                self._file.write_again(committed, end)
                self._tell("rows_kept", f"rows stood behind the last commit, from byte {committed} to {end}")
        else:
            self.generation, end = new_generation(), self._repair.adopted(self._file, size, known)
            self._file.write_again(max(0, end - MAX_APPEND_BYTES), end)  # nobody knows what of it was flushed
            committed = end
            if state:
                self._tell("ledger_edited", f"something else changed it: {state.committed} bytes were committed")
        self._cut(end, size)
        self._flush(committed)
        if state is None:  # whoever made it may have been stopped before its name was durable
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        self._lock.write(self._state(end))
        return end

    def _begin(self, found: os.stat_result | None) -> int:
        """Open the file, make it if it is not there, and return its size; it begins with its header."""
        with self._lock.folder():
            if found is None and stat_at(self.path) is None:
                replace_durably(self.path, [self._lines.header])
            size = self._open()
            if size < self._lines.first and self._lines.header.startswith(self._file.read(0, size)):
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
            self._failed_flush.note(self._state(committed))
            raise FlushFailedError(
                f"{self.path}: {error.strerror}; then run `attendance check --recover SITE`"
            ) from error

    def _verify(self, state: CommitState | None) -> None:
        """Cut off what was not acknowledged, read the rest again, and lift the poison."""
        found = stat_at(self.path)
        if found and (state is None or found.st_ino == state.inode):
            size = self._open()
            committed = min(state.committed, size) if state else size
            self._cut(committed, size)
            os.posix_fadvise(self._file.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            end = self._lines.whole_until(self._file, self._lines.first, committed)
            sound = (state is None or end == state.committed) and self._lines.begin(self._file)
            if not sound and not isinstance(self._repair.find(state, self._file, self._file), Good):
                raise LedgerDamagedError(f"{self.path} holds a line at byte {end} that is not a row; mend it")
        if state:
            # Of another number, so that all open the file anew and flush: an old descriptor would tell of this error
            # again. As if it had been touched, so that it is compared with the shadow.
            self._lock.write(replace(state, generation=new_generation(), changed_ns=0, poisoned=False))
        else:
            self._tell("rows_kept", "its lock file was gone: whether the last rows were acknowledged is not known")
        self._failed_flush.forget()

    def _state(self, committed: int) -> CommitState:
        """Return the state that says of the open file that so many bytes are committed."""
        found = self._file.stat()
        return CommitState(
            inode=found.st_ino, committed=committed, generation=self.generation, changed_ns=found.st_ctime_ns
        )

    def _tell(self, code: str, detail: str) -> None:
        """Report an incident of this file."""
        self._report(Incident(code=code, path=self.path, detail=detail))
