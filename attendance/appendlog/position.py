"""Own how far a log is committed, as anybody can tell without its lock."""

from dataclasses import dataclass
from pathlib import Path

from attendance.appendlog.lockfile import LockFile
from attendance.files import hidden, stat_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """So many bytes are committed; under another generation they may not be those that were read before."""

    generation: int
    committed: int


NOWHERE = Position(generation=0, committed=0)
"""There is no log yet."""


def peek_position(path: Path) -> Position | None:
    """Return how far the log at the path is committed; None while that cannot be told. Raise OSError.

    It takes no lock. What lies behind the committed bytes must not be shown: a power cut could take it back.
    """
    (state, _), found = LockFile(hidden(path, "lock"), 0).peek(), stat_at(path)
    if state is None:
        return NOWHERE if found is None else None
    if found and state.inode == found.st_ino and state.committed <= found.st_size:
        return Position(generation=state.generation, committed=state.committed)
    return None
