"""Own the use case of a check: read everything that a site stands on, change nothing, and say what is wrong by line."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from attendance.codec import HEADER, decode, is_row
from attendance.errors import FlushFailedError, LedgerError, Problem, RosterError
from attendance.ledger import Ledger
from attendance.model import Site
from attendance.roster import RosterFile

_NEVER = datetime.min.replace(tzinfo=UTC)


def check_site(site: Site, ledger: Ledger) -> Iterator[Problem]:
    """Yield what is wrong with a site's roster, folder and ledger; the whole ledger is read."""
    if site.roster_path:
        try:
            RosterFile(site, site.roster_path).current()
        except RosterError as error:
            yield from error.problems
    yield from _check_folder(site)
    if site.csv_path.exists():
        yield from _check_rows(site.csv_path)
        try:
            ledger.log.require_sound()
        except LedgerError as error:
            hint = "run `attendance check --recover`" if isinstance(error, FlushFailedError) else "see the log"
            yield _problem(site.csv_path, 1, error.reason, hint)


def _check_folder(site: Site) -> Iterator[Problem]:
    """Yield what keeps the ledger from being written."""
    folder = next(parent for parent in site.csv_path.parents if parent.is_dir())
    if not os.access(folder, os.W_OK | os.X_OK):
        yield _problem(folder, 1, "the folder cannot be written", "give it to the user that the server runs as")
    elif site.csv_path.exists() and not os.access(site.csv_path, os.R_OK | os.W_OK):
        yield _problem(site.csv_path, 1, "the file cannot be written", "give it to the user that the server runs as")


def _check_rows(path: Path) -> Iterator[Problem]:
    """Yield every line of a ledger that is not a row, or that lies before the row above it."""
    last_at = _NEVER
    hint = "compare with a backup; docs/ledger.md says what a row is"
    try:
        with path.open("rb") as file:
            if file.readline() != HEADER:
                yield _problem(path, 1, "the first line is not the header of a ledger", hint)
            for number, line in enumerate(file, start=2):
                if not is_row(line):
                    yield _problem(path, number, "this line is not a row as it was written", hint)
                    continue
                marked_at = decode(line).marked_at
                if marked_at < last_at:
                    yield _problem(path, number, "this row is older than the one above it", hint)
                last_at = marked_at
    except OSError as error:
        yield _problem(path, 1, f"the file cannot be read: {error.strerror}", "give it to the user of the server")


def _problem(path: Path, line: int, message: str, hint: str) -> Problem:
    """Return a problem at the beginning of a line."""
    return Problem(path=path, line=line, column=1, message=message, hint=hint)
