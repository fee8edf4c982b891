"""Own the lock file beside an append log: who may write now, and how many bytes of the log are committed."""

import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from zlib import crc32

from attendance.appendlog.lease import LEASE_BYTES, Lease
from attendance.errors import StorageBusyError
from attendance.files import FILE_MODE, make_folder

_MAGIC = b"attlock2"
_FIELDS = struct.Struct("<8sQQQq?")
_CHECK = struct.Struct("<I")
_STATE_BYTES = _FIELDS.size + _CHECK.size
_LEASE_OFFSET = 128  # the state and the lease are written one without the other
_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PEEK_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PAUSE_SECONDS = 0.0003  # as long as a flush: who looks seldom finds the lock taken again by whoever had it
_LONG_PAUSE_SECONDS = 0.002
_PATIENT_AFTER_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitState:
    """What the last writer left for the next.

    The log's inode; its committed bytes; a number that is another one whenever those bytes are no longer what they
    were; when the system says that the log was last changed (st_ctime_ns: nobody can set that); whether a flush failed.
    """

    inode: int
    committed: int
    generation: int
    changed_ns: int
    poisoned: bool = False

    def fits(self, found: os.stat_result | None) -> bool:
        """Tell whether nothing touched the log since; `found` is what stands at its path."""
        return (
            found is not None
            and self.inode == found.st_ino
            and self.committed == found.st_size
            and self.changed_ns == found.st_ctime_ns
        )

    def pack(self) -> bytes:
        """Return the state with its check sum, so that a torn or empty lock file reads as no state at all."""
        fields = _FIELDS.pack(_MAGIC, self.inode, self.committed, self.generation, self.changed_ns, self.poisoned)
        return fields + _CHECK.pack(crc32(fields))

    @classmethod
    def unpack(cls, packed: bytes) -> "CommitState | None":
        """Return the state that was packed, or None where there is none to trust."""
        fields, check = packed[: _FIELDS.size], packed[_FIELDS.size :]
        if len(check) != _CHECK.size or _CHECK.unpack(check) != (crc32(fields),) or not fields.startswith(_MAGIC):
            return None
        _, inode, committed, generation, changed_ns, poisoned = _FIELDS.unpack(fields)
        return cls(inode=inode, committed=committed, generation=generation, changed_ns=changed_ns, poisoned=poisoned)


def new_generation() -> int:
    """Return a number that no process has seen as a generation."""
    return int.from_bytes(os.urandom(8), "little")


class LockFile:
    """A `flock` on a file of its own: POSIX locks would vanish with any descriptor of the log that is closed.

    The state in it is a cache. It is never flushed, and it is written only after the bytes it speaks of were; so after
    a power cut it may be old or gone, but it never claims too much.
    """

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._deadline = 0.0
        self._descriptor = -1
        self._claimed = -1
        self._threads = Lock()  # flock excludes processes; this one excludes the threads of ours

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raise StorageBusyError if it was not to be had in time, OSError if not at all."""
        deadline = time.monotonic() + self._timeout_seconds
        if not self._threads.acquire(timeout=self._timeout_seconds):
            raise StorageBusyError(f"{self._path} is held by another thread")
        try:
            self._deadline = deadline
            self._acquire()
            yield
        finally:
            try:
                self._release()
            finally:
                self._threads.release()

    def claim(self, descriptor: int) -> None:
        """Lock the log itself as well, until the lock is let go; one log at a time (the lock is held).

        When the lock file is deleted while somebody holds it, the next one makes another and holds that: only this
        keeps the two apart. Raise StorageBusyError, OSError.
        """
        self._unclaim()
        self._wait_for(descriptor)
        self._claimed = descriptor

    @contextmanager
    def folder(self) -> Iterator[None]:
        """Hold the folder as well (the lock is held): whoever makes or replaces a file in it does so alone.

        Two may think that they hold the lock, when its file is deleted while there is no log yet on which they would
        meet. Raise StorageBusyError, OSError.
        """
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._wait_for(descriptor)
            yield
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def read(self) -> tuple[CommitState | None, Lease | None]:
        """Return the state and the lease that the last holder left (the lock is held). Raise OSError."""
        return _unpack(os.pread(self._descriptor, _LEASE_OFFSET + LEASE_BYTES, 0))

    def peek(self) -> tuple[CommitState | None, Lease | None]:
        """Return what `read` returns without the lock: what is torn is told by its check sum. Raise OSError."""
        try:
            descriptor = os.open(self._path, _PEEK_FLAGS)
        except FileNotFoundError:
            return None, None
        try:
            return _unpack(os.read(descriptor, _LEASE_OFFSET + LEASE_BYTES))
        finally:
            os.close(descriptor)

    def write(self, state: CommitState) -> None:
        """Leave the state for the next writer (the lock is held). Raise OSError."""
        self._write(state.pack(), 0)

    def write_lease(self, lease: Lease | None) -> None:
        """Leave word whose home the log is, or that it is nobody's (the lock is held). Raise OSError."""
        self._write(lease.pack() if lease else bytes(LEASE_BYTES), _LEASE_OFFSET)

    def clear(self) -> None:
        """Forget the state (the lock is held). Raise OSError."""
        self._write(bytes(_STATE_BYTES), 0)

    def _write(self, packed: bytes, at: int) -> None:
        """Write all of the bytes. Raise OSError."""
        if os.pwrite(self._descriptor, packed, at) != len(packed):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def close(self) -> None:
        """Let go of the descriptor; the next use opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _acquire(self) -> None:
        """Lock the file that stands at the path; one that was deleted meanwhile would lock out nobody."""
        while True:
            if self._descriptor < 0:
                make_folder(self._path.parent)
                self._descriptor = os.open(self._path, _OPEN_FLAGS, FILE_MODE)
            self._wait_for(self._descriptor)
            if self.stands():
                return
            self.close()

    def _wait_for(self, descriptor: int) -> None:
        """Lock an open file before the deadline."""
        patient_at = time.monotonic() + _PATIENT_AFTER_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > self._deadline:
                    holder = _holder(descriptor)
                    raise StorageBusyError(f"{self._path} is held by {holder}", holder) from None
            else:
                return
            time.sleep(_PAUSE_SECONDS if time.monotonic() < patient_at else _LONG_PAUSE_SECONDS)

    def _release(self) -> None:
        """Let go of the lock, or of as much of it as was had; a descriptor that cannot be unlocked is closed."""
        try:
            self._unclaim()
            if self._descriptor >= 0:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except OSError:
            self.close()
            raise

    def _unclaim(self) -> None:
        """Let go of the log itself."""
        if self._claimed >= 0:
            fcntl.flock(self._claimed, fcntl.LOCK_UN)
            self._claimed = -1

    def stands(self) -> bool:
        """Tell whether the lock file that is held is the one at the path. Raise OSError."""
        try:
            return self._path.lstat().st_ino == os.fstat(self._descriptor).st_ino
        except FileNotFoundError:
            return False


def _unpack(packed: bytes) -> tuple[CommitState | None, Lease | None]:
    """Return the state and the lease in the bytes of a lock file."""
    return CommitState.unpack(packed[:_STATE_BYTES]), Lease.unpack(packed[_LEASE_OFFSET:])


def _holder(descriptor: int) -> str:
    """Return who holds the lock on an open file, as far as the kernel tells (proc_locks(5))."""
    found = os.fstat(descriptor)
    where = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:  # a sandbox may hide it
        locks = []
    holders = (words[4] for words in map(str.split, locks) if words[1] == "FLOCK" and words[5] == where)
    return next((f"process {process_id}" for process_id in holders), "another process")
