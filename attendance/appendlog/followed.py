"""Own what a file of rows shows to those who follow, check and copy it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from attendance.appendlog.lines import Lines
from attendance.appendlog.log import AppendLog
from attendance.appendlog.shadow import Shadow


class Followed(Protocol):
    """A ledger, or the amendments beside it: where it lies, of which lines, its log, and the copy of that."""

    path: Path
    lines: Lines
    log: AppendLog
    shadow: Shadow

    def turns(self, start: int, end: int) -> Iterator[int]:
        """Yield the offsets between two at which rows begin that are sealed apart from those before them."""
