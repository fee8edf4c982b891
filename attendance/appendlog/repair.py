"""Own what can be had of a log that was not left as it is found: the good copy of it, and where its own lines end."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from attendance.appendlog.lines import Lines
from attendance.appendlog.lockfile import CommitState
from attendance.appendlog.openfiles import Sight, find_open
from attendance.errors import LedgerDamagedError
from attendance.files import OpenFile

MAX_APPEND_BYTES = 1 << 20
"""The most that one append may hold. No more than one append is ever unflushed: only that much can be torn."""

_SIGHT = Sight(seconds=1.0)


class Copy(Protocol):
    """A copy of the log's first bytes, kept by a follower."""

    path: Path

    def intact(self) -> int:
        """Return how many bytes it holds if nobody but the follower touched it, else 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """What has to stand at the path again: its pieces and their size; `lost` bytes behind them cannot be had."""

    pieces: Iterable[bytes]
    size: int
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What stands at the path goes on; its first `size` bytes are known to be as they were committed."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Find out what was committed to the log at `path`; change nothing. Every method raises OSError."""

    path: Path
    lines: Lines
    shadow: Copy | None

    def find(self, state: CommitState | None, held: OpenFile, present: OpenFile | None) -> Good | Sound:
        """Return what has to be put back, or how much of what stands at the path is sound where that is not the matter.

        `state` is what the last writer left, `held` the file that this process worked on, `present` the plain file
        that stands at the path.
        """
        copied = self.shadow.intact() if self.shadow else 0
        copy = OpenFile.reading(self.shadow.path) if self.shadow and copied else OpenFile()
        inode = state.inode if state else held.inode
        if present is None or present.inode != inode:
            source = self._still_open(state, held, present)
            if source and copy.is_beginning_of(source, copied):
                return self._of_source(state, source, present)
        if not copied:
            return Sound(size=0)
        if present and copy.is_beginning_of(present, copied):
            return Sound(size=copied)
        return self._of_copy(state, copy, copied, present)

    def _of_source(self, state: CommitState | None, source: OpenFile, present: OpenFile | None) -> Good | Sound:
        """Return what is right: a file that is still open, or the one that stands at the path instead of it."""
        end = state.committed if state else self.lines.whole_until(source, self.lines.first, source.size())
        if state is None and present and source.is_beginning_of(present, end):
            return Sound(size=end)  # another process put it back, and may have written since
        return Good(pieces=source.chunks(0, end), size=end)

    def _of_copy(self, state: CommitState | None, copy: OpenFile, copied: int, present: OpenFile | None) -> Good:
        """Return what was copied, and behind it the lines that the present file has of those committed since."""
        size = present.size() if present else copied
        committed = max(state.committed if state else size, copied)
        start = self._moved_to(copy, copied, present, committed) if present else None
        if present is None or start is None:
            return Good(pieces=copy.chunks(0, copied), size=copied, lost=committed - copied if state else 0)
        end = self.lines.whole_until(present, start, min(start + committed - copied, size))
        pieces = chain(copy.chunks(0, copied), present.chunks(start, end))
        lost = committed - copied - (end - start) if state else 0
        return Good(pieces=pieces, size=copied + end - start, lost=lost)

    def _moved_to(self, copy: OpenFile, copied: int, present: OpenFile, committed: int) -> int | None:
        """Return where that begins in the present file which follows the copied lines, wherever an edit moved it."""
        last, size = self.lines.last_line(copy, copied), present.size()
        if size >= copied and self.lines.last_line(present, copied) == last:
            return copied
        if size == committed and self.lines.end_at(present, copied):  # edited, but nothing was moved
            return copied
        begin = max(0, size - MAX_APPEND_BYTES)
        at = present.read(begin, size).rfind(last)
        return None if at < 0 else begin + at + len(last)

    def adopted(self, file: OpenFile, size: int, sound: Sound) -> int:
        """Return where the lines end in a file of which no state is known: only its last append can be torn."""
        start = max(sound.size, self.lines.start_after(file, size - MAX_APPEND_BYTES))
        end = self.lines.whole_until(file, start, size)
        other = file.read(end, size).partition(b"\0")[0]
        if b"\n" in other or not self.lines.end_at(file, end):
            raise LedgerDamagedError(f"{self.path} holds a line at byte {end} that is not a row; mend it")
        return end

    def _still_open(self, state: CommitState | None, held: OpenFile, present: OpenFile | None) -> OpenFile | None:
        """Return the file that was taken away or replaced, with all that was committed, if it can still be had."""
        if state is None:
            search = not held.inode and present is None and _SIGHT.knows(self.path)
            found = find_open(self.path) if search else held
            return found if found is not None and found.inode and self.lines.begin(found) else None
        file = held if held.inode == state.inode else find_open(self.path, state.inode)
        return file if file and self.lines.begin(file) and self.lines.end_at(file, state.committed) else None
