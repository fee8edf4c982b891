"""Own the shadow of a log: a copy of its committed bytes, made by a follower, from which the log is mended."""

from collections.abc import Callable, Iterator
from pathlib import Path

from attendance.appendlog.lines import Lines
from attendance.appendlog.log import MAX_APPEND_BYTES, AppendLog
from attendance.errors import FlushFailedError, LedgerDamagedError
from attendance.files import OpenFile, Signs, hidden, signs_at, storage_errors
from attendance.model import Incident


class Shadow:
    """The copy of the log at `path`; it is a log itself, so its own end is mended, and who touches it is noticed."""

    def __init__(self, path: Path, lines: Lines, *, report: Callable[[Incident], None]) -> None:
        self.path = hidden(path, "shadow")
        self._copy = AppendLog(self.path, lines, report=report)
        self._level_at: list[Signs | None] | None = None

    def intact(self) -> int:
        """Return how many bytes were copied if nobody else touched the copy, else 0. Raise LedgerError."""
        return self._copy.intact()

    def is_level_with(self, log: AppendLog) -> bool:
        """Tell, without a lock, whether all of the log is copied and nobody touched either. Raise LedgerError."""
        with storage_errors():
            signs = [signs_at(path) for path in (log.path, hidden(log.path, "lock"), self.path)]
        if signs != self._level_at:  # else nothing was changed since it was level
            size = log.untouched()
            level = size is not None and size == self._copy.untouched()
            self._level_at = signs if level else None
        return self._level_at is not None

    def catch_up(self, log: AppendLog) -> bool:
        """Copy what was committed since, at most one append, and tell whether there is more. Raise LedgerError.

        A log that something else touched is mended first, as before an append.
        """
        with log.exclusive() as size:
            copied = self.intact()
            usable = 0 < copied <= size
            lines = log.read(copied, min(copied + MAX_APPEND_BYTES, size)) if usable else b""
        if not usable:
            self._take_up(log)
            return True
        lines = lines[: lines.rfind(b"\n") + 1]
        with self._copy.exclusive() as at:
            if lines and at == copied:  # else another follower was faster
                self._copy.append(lines)
        return copied + len(lines) < size

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes between two offsets that were copied. Raise LedgerError."""
        return self._copy.chunks(start, end)

    def close(self) -> None:
        """Let go of the descriptors."""
        self._copy.close()

    def _take_up(self, log: AppendLog) -> None:
        """Go on with a copy that was touched if it is the beginning of the log all the same, else begin anew."""
        committed = log.committed()  # not with the copy's lock held, which the log may want
        try:
            with self._copy.exclusive() as size:
                copy, present = OpenFile.reading(self.path), OpenFile.reading(log.path)
                if size <= committed and copy.is_beginning_of(present, size):
                    return
        except (LedgerDamagedError, FlushFailedError):
            pass  # it is a copy: the log has the same
        self._copy.discard()
        with self._copy.exclusive():
            return  # it is made
