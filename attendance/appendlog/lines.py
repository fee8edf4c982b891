"""Own what an append log is made of: its header, and where the lines that were written through here end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from attendance.files import CHUNK_BYTES, OpenFile

_LONGEST_BYTES = 1 << 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """`header` is the first line; `is_line` tells whether a line, line feed included, is one that we appended.

    `order` gives of a line what never goes back from one to the next. Lines of ours are shorter than 4096 bytes. Every
    method raises OSError.
    """

    header: bytes
    is_line: Callable[[bytes], bool]
    order: Callable[[bytes], Any] = bool

    @property
    def first(self) -> int:
        """Return where the first line behind the header begins."""
        return len(self.header)

    def begin(self, file: OpenFile) -> bool:
        """Tell whether the file begins with the header."""
        return file.read(0, len(self.header)) == self.header

    def end_at(self, file: OpenFile, offset: int) -> bool:
        """Tell whether the header, or a line of ours, ends just before the offset."""
        if offset <= self.first:
            return offset == self.first
        return file.size() >= offset and self.is_line(self.last_line(file, offset))

    def last_line(self, file: OpenFile, end: int) -> bytes:
        """Return the line that ends at the offset; it may be the header."""
        block = file.read(max(0, end - _LONGEST_BYTES), end)
        return block[block.rfind(b"\n", 0, -1) + 1 :]

    def start_after(self, file: OpenFile, offset: int) -> int:
        """Return where the first line begins at the offset or soon behind it; the offset itself where none does."""
        if offset <= self.first:
            return self.first
        return offset + max(file.read(offset - 1, offset + _LONGEST_BYTES).find(b"\n"), 0)

    def whole_until(self, file: OpenFile, start: int, end: int) -> int:
        """Return where the whole lines from `start` on end: at the first NUL, half line or other line, or at `end`.

        A line that belongs before the one above it is another line too.
        """
        last = self.last_line(file, start)
        while start < end:
            block = file.read(start, min(start + CHUNK_BYTES, end))
            whole = self.whole(block, last)
            if not whole:
                break
            last = block[block.rfind(b"\n", 0, whole - 1) + 1 : whole]
            start += whole
        return start

    def whole(self, block: bytes, last: bytes) -> int:
        """Return how many bytes at the beginning of the block are whole lines of ours, which follow the last one."""
        end = block.partition(b"\0")[0].rfind(b"\n") + 1
        before = self.order(last) if self.is_line(last) else None
        whole = 0
        while whole < end:
            after = block.index(b"\n", whole) + 1
            line = block[whole:after]
            if not self.is_line(line) or (before is not None and self.order(line) < before):
                break
            before, whole = self.order(line), after
        return whole
