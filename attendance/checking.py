"""Own the use case of a check: read everything that a site stands on, change nothing, and say what is wrong by line."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import BinaryIO

from attendance.amendments import Amendments, closed_problem, closings, rows_in
from attendance.appendlog import Followed, Lines
from attendance.clock import ZONE_DATABASE_VERSION, offset_label, to_local
from attendance.codec import decode, is_row
from attendance.edits import find_edits, kept_versions
from attendance.errors import (
    FlushFailedError,
    LedgerError,
    NotHomeError,
    PinsError,
    Problem,
    RosterError,
    StorageUnavailableError,
)
from attendance.files import hidden
from attendance.ledger import Ledger
from attendance.model import Site
from attendance.pins import PinFile
from attendance.roster import RosterFile
from attendance.seal import Examined, examine, seals_path

LOW_SPACE_BYTES = 64 << 20
HALF_LINE_SECONDS = 0.5
MAX_LISTED = 20
"""So many rows are listed of a version that something else made; all of them stand in the list beside it."""

_STORAGE_PROBLEMS = {
    "storage_unavailable": ("the file cannot be written", "give it and its folder to the user that the server runs as"),
    "storage_low": ("its disk is nearly full", "make room, or move the folder of the registry to a larger disk"),
}
_LEDGER_HINTS: dict[type[LedgerError], str] = {
    FlushFailedError: "run `attendance check --recover {}`",
    NotHomeError: "or, if that machine is gone, run `attendance check --recover {}` here",
    StorageUnavailableError: "let the user of the server read the lock file",
}
_NEVER = datetime.min.replace(tzinfo=UTC)


def check_site(site: Site, ledger: Ledger, amendments: Amendments) -> Iterator[Problem]:
    """Yield what is wrong with a site's roster, PINs, folder, ledger, amendments and closed months; all is read."""
    if site.roster_path:
        try:
            RosterFile(site.roster_path, ledger.recent_ids).current()
            PinFile(site.roster_path).known()
        except (RosterError, PinsError) as error:
            yield from error.problems
    yield from _check_kept(ledger)
    yield from _check_kept(amendments)
    storage = storage_problem(site)
    if storage:
        yield _problem(site.csv_path, 1, *_STORAGE_PROBLEMS[storage])
    if storage != "storage_unavailable":
        yield from _check_rows_of(site, ledger)
        yield from _check_rows_of(site, amendments)
        yield from _check_closed(site, amendments)


def _check_kept(followed: Followed) -> Iterator[Problem]:
    """Yield the first rows in which a version of a file that something else made, and that was kept, differs."""
    path, what = followed.path, followed.path.name
    hint = "the file is as it was; when you have looked, delete this file and its .txt"
    try:
        for kept in kept_versions(path):
            edits = find_edits(path, kept, followed.lines.header)
            yield _problem(kept, 1, f"something else made this of {what}: {edits.summary}", hint)
            for edit in edits.edits[:MAX_LISTED]:
                stands, where = (path, "it is there") if edit.kind == "removed" else (kept, f"not in {what}")
                yield _problem(stands, edit.number, str(edit), where)
            if len(edits.edits) > MAX_LISTED:
                yield _problem(kept, 1, f"and {len(edits.edits) - MAX_LISTED} rows more", f"see {kept.name}.txt")
    except FileNotFoundError:
        yield _problem(path, 1, "the file is gone", "a running server, or the next row, puts it back")
    except OSError as error:
        yield _unreadable(path.parent / "quarantine", error)


def was_written(followed: Followed) -> bool:
    """Tell whether there ever was a ledger, or amendments: the file is there, or what is made beside it."""
    path = followed.path
    return any(map(os.path.lexists, (path, seals_path(path), followed.shadow.path, hidden(path, "lock"))))


def check_seals(followed: Followed) -> Examined | Problem:
    """Return how far a ledger, or its amendments, agrees with its seals, or where it first does not."""
    path = followed.path
    try:
        examined = examine(path, followed.shadow.path)
        if examined.broken is None:
            return examined
        row = _line_number(path, examined.broken.byte)
    except FileNotFoundError as error:
        if path.exists():
            hint = "the server writes seals while it runs, within a minute"
        else:
            hint = "a running server, or the next row, puts it back; else restore it"
        return _problem(path, 1, f"there is no {error.filename}", hint)
    except OSError as error:
        return _unreadable(path, error)
    broken = examined.broken
    where = f"{'at' if broken.exact else 'at or behind'} byte {broken.byte}"
    return _problem(
        path,
        row,
        f"{broken.message}, {where}; line {broken.line} of {seals_path(path).name} says so",
        "compare with a backup",
    )


def _line_number(path: Path, byte: int) -> int:
    """Return the number of the line that holds a byte. Raise OSError."""
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(min(1 << 20, byte - file.tell())), b"")
        return 1 + sum(piece.count(b"\n") for piece in pieces)


def _check_rows_of(site: Site, followed: Followed) -> Iterator[Problem]:
    """Yield what is wrong with a file of rows, if it is there, and what became of it since the last commit."""
    path = followed.path
    if path.exists():
        yield from _check_rows(path, followed.lines)
        if seals_path(path).exists() and isinstance(broken := check_seals(followed), Problem):
            yield broken
    try:
        followed.log.require_sound()
        if followed.log.untouched() is None:
            message = "something else touched the file since the last row"
            yield _problem(path, 1, message, "a running server, or the next row, compares it with its copy")
    except LedgerError as error:
        yield _problem(path, 1, error.reason, _LEDGER_HINTS.get(type(error), "mend that").format(site.site_id))


def _check_closed(site: Site, amendments: Amendments) -> Iterator[Problem]:
    """Yield that amendments lie in the future, and which sheets of closed months are not those that were closed."""
    with suppress(OSError):  # that the amendments are not there, or cannot be read, is told already
        rows = rows_in(amendments.path.read_bytes())
        if amendments.are_ahead(rows):
            message = "this row lies in the future: nothing is amended or closed before that time"
            yield _problem(amendments.path, rows[-1].number, message, "set the clock right; else wait until then")
        for closing in closings(site, rows):
            problem = closed_problem(closing)
            if problem:
                message = f"the sheet of a closed month {problem}"
                yield _problem(closing.sheet_path, 1, message, "put it back from a backup")


def storage_problem(site: Site) -> str | None:
    """Return the code of what the operating system would say to a mark, or None: `storage_low` is a warning."""
    try:
        folder = next(parent for parent in site.csv_path.parents if parent.is_dir())
        writable = os.access(folder, os.W_OK | os.X_OK)
        if site.csv_path.is_file():
            # Opened, since access(2) does not know of a file system that has closed itself after an error.
            os.close(os.open(site.csv_path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        space = os.statvfs(folder)
    except OSError:  # not even to be looked at
        return "storage_unavailable"
    if not writable:
        return "storage_unavailable"
    return "storage_low" if space.f_bavail * space.f_frsize < LOW_SPACE_BYTES else None


def _check_rows(path: Path, lines: Lines) -> Iterator[Problem]:
    """Yield every line that is not a row, or that lies before the row above it."""
    last_at = _NEVER
    hint = "compare with a backup; a row has the fields of its header, as in the documents"
    try:
        with path.open("rb") as file:
            if file.readline() != lines.header:
                yield _problem(path, 1, "the first line is not the header", hint)
            for number, line in enumerate(_lines(file), start=2):
                if not lines.is_line(line):
                    yield _problem(path, number, "this line is not a row as it was written", hint)
                    continue
                written_at = lines.order(line)
                if written_at < last_at:
                    yield _problem(path, number, "this row is older than the one above it", hint)
                last_at = written_at
    except OSError as error:
        yield _unreadable(path, error)


def check_offsets(site: Site) -> Iterator[Problem]:
    """Yield which rows have another offset than the zone has by its present rules; their instants are right.

    Rows that follow each other and differ alike are told together.
    """
    begun: tuple[int, timedelta, timedelta] | None = None
    number = 1
    with suppress(OSError), site.csv_path.open("rb") as file:  # that it cannot be read is told already
        for number, line in enumerate(file, start=1):
            if not is_row(line):
                continue
            mark = decode(line)
            expected = to_local(mark.marked_at, site.zone).utcoffset() or timedelta()
            if begun and begun[1:] != (mark.utc_offset, expected):
                yield _offset_problem(site, begun, number - 1)
                begun = None
            if mark.utc_offset != expected and begun is None:
                begun = (number, mark.utc_offset, expected)
    if begun:
        yield _offset_problem(site, begun, number)


def _offset_problem(site: Site, begun: tuple[int, timedelta, timedelta], last: int) -> Problem:
    """Return what is told of rows whose offset is not that of the zone."""
    first, stated, expected = begun
    rows = f"row {first} has" if first == last else f"rows {first} to {last} have"
    message = f"{rows} {_offset(stated)}, and {site.timezone} had {_offset(expected)} then by {ZONE_DATABASE_VERSION}"
    return _problem(site.csv_path, first, message, "its rules changed, or the site moved; the instants are right")


def _offset(offset: timedelta) -> str:
    """Return an offset as people read it."""
    return offset_label(_NEVER.replace(tzinfo=timezone(offset)))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file that may be written to meanwhile: half a line at its end is given time to be whole."""
    for line in file:
        if not line.endswith(b"\n"):
            time.sleep(HALF_LINE_SECONDS)
            line += file.readline()  # noqa: PLW2901  # it is the same line
        yield line


def _unreadable(path: Path, error: OSError) -> Problem:
    """Return the problem of a file that the system does not let be read."""
    return _problem(path, 1, f"the file cannot be read: {error.strerror}", "give it to the user of the server")


def _problem(path: Path, line: int, message: str, hint: str) -> Problem:
    """Return a problem at the beginning of a line."""
    return Problem(path=path, line=line, column=1, message=message, hint=hint)
