"""Own the SQLite file that all workers share: it refuses what is no plain file, and replaces what it cannot read.

Nothing in it has to last: whoever deletes it signs everybody out and forgets the counters. So a file that is no
database, is damaged, or is of another version is kept in `quarantine/`, and an empty one is put in its place.
"""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Lock

from attendance.errors import AccessStorageError
from attendance.files import give_away, hidden, keep_file, stat_at, sync_folder

BUSY_SECONDS = 5.0
_MODE = 0o600
_VERSION = 1
_TRIES = 3
_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_FRESH_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_SCHEMA = f"""
    BEGIN;
    CREATE TABLE IF NOT EXISTS sessions (
        digest BLOB PRIMARY KEY, account TEXT NOT NULL, fingerprint TEXT NOT NULL,
        opened_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tickets (
        purpose TEXT NOT NULL, digest BLOB NOT NULL, payload TEXT NOT NULL,
        issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (purpose, digest)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS steps (account TEXT PRIMARY KEY, step INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS attempts (
        digest BLOB PRIMARY KEY, level REAL NOT NULL, at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sessions_by_account ON sessions (account);
    CREATE INDEX IF NOT EXISTS tickets_by_end ON tickets (expires_at);
    CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (at);
    PRAGMA user_version = {_VERSION};
    COMMIT;
"""


class Database:
    """The file at a path. Every use is a short connection of its own, so threads and processes need nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read from. Raise AccessStorageError."""
        with self._errors(), ExitStack() as stack:
            yield self._opened(stack)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction that excludes others and holds unless something is raised.

        Raise AccessStorageError.
        """
        with self._turn, self.reading() as rows:  # SQLite's own queue of threads is not fair
            rows.execute("BEGIN IMMEDIATE")
            yield rows
            rows.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise AccessStorageError for an error of the file; one that turns out to be damaged is replaced."""
        try:
            try:
                yield
            except sqlite3.DatabaseError as error:
                if _is_broken(error):
                    self._replace(broken=True)
                raise
        except (sqlite3.Error, OSError) as error:
            raise AccessStorageError(f"{self._path}: {error}") from error

    def _opened(self, stack: ExitStack) -> sqlite3.Connection:
        """Return a connection to the file, made if it is not there or not ours; the stack closes it."""
        for _ in range(_TRIES):
            with ExitStack() as held:
                held.enter_context(_locked(self._path.parent, fcntl.LOCK_SH))
                rows = self._connection()
                if rows is not None:
                    held.enter_context(closing(rows))
                    stack.push(held.pop_all())
                    return rows
            self._replace()
        raise AccessStorageError(f"{self._path} is taken away again and again")

    def _connection(self) -> sqlite3.Connection | None:
        """Return a connection to the file, or None if it is not there or not a database of this version.

        The file is never opened but by SQLite: to close it would release the locks that SQLite holds for other threads
        (sqlite.org/howtocorrupt.html, 2.2).
        """
        found = stat_at(self._path)
        if found is None:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise AccessStorageError(f"{self._path} is not a plain file; take it away")
        if stat.S_IMODE(found.st_mode) != _MODE:  # restored from somewhere
            self._path.chmod(_MODE)
        rows = _connect(self._path)
        try:
            rows.execute("PRAGMA synchronous = FULL")  # a commit that returned outlasts a power cut
            if rows.execute("PRAGMA user_version").fetchone() == (_VERSION,):
                return rows
        except sqlite3.DatabaseError as error:
            if not _is_broken(error):
                rows.close()
                raise
        rows.close()
        return None

    def _replace(self, *, broken: bool = False) -> None:
        """Put an empty database at the path, unless another process just did; what stood there goes to quarantine."""
        with _locked(self._path.parent, fcntl.LOCK_EX):
            rows = self._connection()
            if rows is not None:
                with closing(rows):
                    if not broken or _is_sound(rows):
                        return
            fresh = hidden(self._path, "new")
            _make(fresh)
            if stat_at(self._path):
                keep_file(self._path, self._path.name.removeprefix("."))
            # The journal of a file that is gone would be played back into this one.
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
            fresh.rename(self._path)
            sync_folder(self._path.parent)


def _connect(path: Path) -> sqlite3.Connection:
    """Return a connection to a file that is there; nothing of it is read yet."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _make(path: Path) -> None:
    """Make an empty database with the mode 0600 from its first moment, whatever the umask."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, _FRESH_FLAGS, _MODE)
    try:
        os.fchmod(descriptor, _MODE)  # a umask may have taken the owner's bits
        give_away(descriptor, path.parent)
    finally:
        os.close(descriptor)
    with closing(_connect(path)) as rows:
        rows.executescript(_SCHEMA)


def _is_broken(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is damaged or no database."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _BROKEN


def _is_sound(rows: sqlite3.Connection) -> bool:
    """Tell whether a database can be read to its end. Raise sqlite3.Error if that cannot be told."""
    try:
        return bool(rows.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if not _is_broken(error):
            raise
        return False


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Hold a lock on the folder (flock(2)): shared while the file is open, exclusive while it is replaced.

    So nobody has the old file open when the new one comes: SQLite would take the journal of the new one for the old
    one's, and delete it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
