"""Own what every expected failure is, and what one mistake in a file is."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class AttendanceError(Exception):
    """An expected failure; `str(error)` says what happened and what to do, and never repeats a client's input."""

    code: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file: where it stands (lines and columns count from 1), what it is, and how to mend it."""

    path: Path
    line: int
    column: int
    message: str
    hint: str

    def __str__(self) -> str:
        """Return `file:line:column: message (hint)`."""
        return f"{self.path}:{self.line}:{self.column}: {self.message} ({self.hint})"
