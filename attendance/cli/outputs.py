"""Own where an exported table goes: stdout, or a file that is replaced as a whole; and the bar of how far it is."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from attendance.cli.printing import talk
from attendance.errors import ExportFailedError
from attendance.exporting import Part, Table
from attendance.exporting.table import Row
from attendance.files import FILE_MODE

_STEP = 1000


class Output:
    """Where bytes go: to stdout, or beside a file in whose place they are put when all of them are on the disk.

    Whatever fails before leaves the file as it was. A device or a pipe is written to as it is.
    """

    def __init__(self, target: str) -> None:
        self._path = None if target == "-" else Path(target)
        self._partial: Path | None = None
        self._out: IO[bytes] = sys.stdout.buffer

    def __enter__(self) -> IO[bytes]:
        """Open it; raise ExportFailedError."""
        if self._path:
            try:
                self._out = self._opened(self._path)
            except OSError as error:
                raise ExportFailedError(f"{self._path}: {error.strerror}") from None
        return self._out

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Put the file in its place, or take away what was written of it; raise ExportFailedError."""
        if self._path is None:
            if kind is None:
                self._out.flush()
            return
        try:
            with self._out:
                if kind is None and self._partial:
                    self._out.flush()
                    os.fsync(self._out.fileno())
            if kind is None and self._partial:
                self._partial.replace(self._path)
        except OSError as failed:
            kind, error = type(failed), failed
        if kind is not None and self._partial:
            with suppress(OSError):
                self._partial.unlink()
        if isinstance(error, OSError):
            raise ExportFailedError(f"{self._path}: {error.strerror}") from None

    def _opened(self, path: Path) -> IO[bytes]:
        """Open a new file beside the path, or what is there if it is no plain file. Raise OSError."""
        if path.exists() and not path.is_file():
            return path.open("wb")
        self._partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.fdopen(os.open(self._partial, flags, FILE_MODE), "wb")


@contextmanager
def watched(table: Table, sites: int, *, shown: bool) -> Iterator[Table]:
    """Show on a terminal, on stderr, how many sites and rows of a table are written; give the table to be written."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=talk, transient=True, disable=not (shown and talk.is_terminal)) as progress:
        task = progress.add_task(f"{table.name}", total=sites)
        count = 0

        def counted(part: Part) -> Iterator[Row]:
            nonlocal count
            for row in part.rows:
                count += 1
                if count % _STEP == 0:
                    progress.update(task, description=f"{table.name}, {count} rows")
                yield row

        def parts() -> Iterator[Part]:
            for part in table.parts:
                yield replace(part, rows=counted(part))
                progress.advance(task)

        yield replace(table, parts=parts())
