"""Own open files, how a whole file or a folder is made to outlast a power cut, and where cut-off bytes are kept."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from weakref import finalize

from attendance.errors import LedgerDamagedError, StorageFullError, StorageUnavailableError

Signs = tuple[int, int, int]
"""Inode, size and time of change of a file."""

FILE_MODE = 0o640
FOLDER_MODE = 0o750
SECRET_MODE = 0o600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CHUNK_BYTES = 1 << 20
_OPEN_FLAGS = os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO must not hold us up


class OpenFile:
    """A file that is closed when nobody refers to it any more: never under the hands of a reader in another thread.

    Without a descriptor it is no file at all, and has the inode 0.
    """

    def __init__(self, descriptor: int = -1) -> None:
        self.descriptor = descriptor
        self.inode = 0
        if descriptor >= 0:
            finalize(self, os.close, descriptor)
            self.inode = os.fstat(descriptor).st_ino

    @classmethod
    def at(cls, path: Path, access: int) -> "OpenFile":
        """Open the plain file at the path, O_RDONLY or O_RDWR; raise LedgerDamagedError if it is not one, OSError."""
        if not stat.S_ISREG(path.lstat().st_mode):
            raise LedgerDamagedError(f"{path} is not a plain file; put a plain file in its place")
        return cls(os.open(path, access | _OPEN_FLAGS))

    @classmethod
    def reading(cls, path: Path) -> "OpenFile":
        """Open the plain file at the path to read; raise LedgerDamagedError if it is not one, OSError."""
        return cls.at(path, os.O_RDONLY)

    @classmethod
    def create(cls, path: Path, content: Iterable[bytes], mode: int = FILE_MODE) -> "OpenFile":
        """Make a new file at the path, flushed. Raise OSError."""
        file = cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN_FLAGS, mode))
        if mode == SECRET_MODE:
            give_away(file.descriptor, path.parent)
        for piece in content:
            file.append(piece)
        os.fsync(file.descriptor)
        return file

    def is_beginning_of(self, other: "OpenFile", size: int) -> bool:
        """Tell whether the first `size` bytes of both are the same. Raise OSError."""
        if not size:
            return True
        pairs = zip(self.chunks(0, size), other.chunks(0, size), strict=True)
        return other.size() >= size and all(ours == theirs for ours, theirs in pairs)

    def append(self, data: bytes) -> None:
        """Append all of the bytes, in as many writes as it takes (write(2)). Raise OSError."""
        written = 0
        while written < len(data):
            written += os.write(self.descriptor, data[written:])

    def write_again(self, start: int, end: int) -> None:
        """Write the bytes between two offsets as they are, so that the next flush is a flush of them. Raise OSError.

        After a flush that failed in a process that is gone, the system may take them for written (fsync(2)).
        """
        descriptor = os.open(f"/proc/self/fd/{self.descriptor}", os.O_WRONLY | os.O_CLOEXEC)  # not to append
        try:
            for at in range(start, end, CHUNK_BYTES):
                os.pwrite(descriptor, self.read(at, min(at + CHUNK_BYTES, end)), at)
        finally:
            os.close(descriptor)

    def stat(self) -> os.stat_result:
        """Return what the system knows of it. Raise OSError."""
        return os.fstat(self.descriptor)

    def size(self) -> int:
        """Return the number of its bytes. Raise OSError."""
        return self.stat().st_size

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from offset `start` until before `end`, fewer where the file is shorter. Raise OSError."""
        return os.pread(self.descriptor, end - start, start)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from offset `start` until before `end` in pieces. Raise OSError."""
        for at in range(start, end, CHUNK_BYTES):
            yield self.read(at, min(at + CHUNK_BYTES, end))


def hidden(path: Path, suffix: str) -> Path:
    """Return the path of what is kept beside the file at the path, out of sight: `.london.csv.lock` of `london.csv`."""
    return path.with_name(f".{path.name.removeprefix('.')}.{suffix}")


def give_away(descriptor: int, folder: Path) -> None:
    """Give what root has just made to the owner of its folder: else the server could not read it. Raise OSError."""
    owner = folder.stat()
    with suppress(PermissionError):  # not root, or a root that may not: then it is one's own
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_file(path: Path, mode: int) -> None:
    """Make an empty file that belongs to the owner of the folder, unless something stands there. Raise OSError."""
    try:
        # Only what is made here is given away: a hard link might lead to a file of root's.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    except FileExistsError:
        return
    try:
        give_away(descriptor, path.parent)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make the folder and its parents, each entry flushed to the disk. Raise OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Flush the folder's entries: a new name outlasts a power cut only after this (fsync(2)). Raise OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(
    path: Path, content: Iterable[bytes], keep_as: str = "", mode: int = FILE_MODE
) -> tuple[OpenFile, Path | None]:
    """Put a whole file at the path: written beside it, flushed, renamed over it, folder flushed. Raise OSError.

    Return it, and where in `quarantine/` that is kept which stood there, if `keep_as` gives a name for it. Whoever is
    stopped in here leaves the old file at the path or the new one, never none, unless the old one was a folder.
    """
    fresh_path = hidden(path, "new")
    fresh_path.unlink(missing_ok=True)
    try:
        fresh = OpenFile.create(fresh_path, content, mode)
        kept = keep_file(path, keep_as) if keep_as else None
        fresh_path.rename(path)
    except OSError:
        fresh_path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return fresh, kept


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only one, among all processes, who changes the file at the path, which is always replaced as a whole.

    The lock is a file beside it that is never removed. Raise OSError.
    """
    lock = hidden(path, "lock")
    make_file(lock, SECRET_MODE)
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def keep_bytes(path: Path, content: Iterable[bytes], name: str) -> Path:
    """Write the bytes to a new file in `quarantine/` beside the path, flushed, and return where. Raise OSError."""
    kept = _unused(path, name)
    try:
        OpenFile.create(kept, content)
    except OSError:
        kept.unlink(missing_ok=True)
        raise
    sync_folder(kept.parent)
    return kept


def keep_file(path: Path, name: str) -> Path:
    """Put what stands at the path into `quarantine/` beside it, and return where; raise OSError.

    It stands at the path too where that can be had.
    """
    kept = _unused(path, name)
    try:
        os.link(path, kept, follow_symlinks=False)
    except OSError:  # a folder, or a file system without links
        path.rename(kept)
    sync_folder(kept.parent)
    return kept


def quarantine(path: Path) -> Path:
    """Return the folder in which that is kept which was cut off the file at the path, or stood in its place."""
    return path.parent / "quarantine"


def _unused(path: Path, name: str) -> Path:
    """Return a path in `quarantine/` beside the path at which nothing stands; make the folder if it is not there."""
    folder = quarantine(path)
    make_folder(folder)
    candidates = (folder / (f"{name}.{number}" if number else name) for number in count())
    return next(candidate for candidate in candidates if not os.path.lexists(candidate))


def stat_at(path: Path) -> os.stat_result | None:
    """Return what stands at the path, itself and not what it links to, or None. Raise OSError."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def signs_at(path: Path) -> Signs | None:
    """Return what changes with every change of what stands at the path, or None where nothing does. Raise OSError."""
    found = stat_at(path)
    return (found.st_ino, found.st_size, found.st_ctime_ns) if found else None


@contextmanager
def storage_errors() -> Iterator[None]:
    """Raise what an error of the operating system means: StorageFullError or StorageUnavailableError."""
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or 'the file'}: {error.strerror}"
        raise (StorageFullError if error.errno in _FULL else StorageUnavailableError)(reason) from error
