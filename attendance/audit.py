"""Own who did what, one line of JSON per event: it refuses nothing, and no trouble with its file stops a caller."""

import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import structlog

from attendance.clock import Clock
from attendance.errors import AuditUnreadableError
from attendance.eventlog import count_dropped_line
from attendance.files import FILE_MODE, FOLDER_MODE, give_away, make_file

FILE_NAME = "audit.log"
MAX_CHARACTERS = 200
"""So much of each value is kept: whoever is refused does not decide how large the file grows."""

_ROTATED = re.compile(re.escape(FILE_NAME) + r"\.(\d{1,9})(\.gz)?")


class Action(StrEnum):
    """What can be noted."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    REFUSED = "refused"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_CHANGED = "account_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # the name of an event
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    TOKEN_ADDED = "token_added"  # noqa: S105  # the name of an event
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  # the name of an event
    KIOSK_CODE = "kiosk_code"
    KIOSK_ENROLLED = "kiosk_enrolled"
    KIOSK_REVOKED = "kiosk_revoked"
    PIN_SET = "pin_set"
    PIN_REMOVED = "pin_removed"
    AMENDED = "amended"
    REQUESTED = "requested"
    ANSWERED = "answered"
    MONTH_CLOSED = "month_closed"
    MONTH_REOPENED = "month_reopened"
    ROSTER_CHANGED = "roster_changed"
    EXPORT = "export"
    FILE_INCIDENT = "file_incident"
    REGISTRY_LOADED = "registry_loaded"


class Audit:
    """The audit log in a folder. Callers never hand it a password, a PIN, a code or a token."""

    def __init__(self, log_dir: Path, *, now: Clock) -> None:
        self._path = log_dir / FILE_NAME
        self._now = now

    def note(
        self,
        action: Action,
        *,
        who: str,
        address: str | None = None,
        site: str | None = None,
        outcome: str = "done",
        **details: object,
    ) -> None:
        """Append one line; where that fails it is counted as dropped, told in the event log, and the caller goes on.

        The address of the request that is being answered, if it is known by then, need not be given.
        """
        address = address or structlog.contextvars.get_contextvars().get("address")
        at = self._now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        fixed = {"at": at, "action": action, "outcome": outcome, "who": who, "address": address, "site": site}
        event = {name: _limited(value) for name, value in (fixed | details | {"at": at}).items()}
        try:
            self._append(json.dumps(event, ensure_ascii=True).encode("ascii") + b"\n")
        except OSError as error:
            count_dropped_line()
            structlog.stdlib.get_logger("attendance").error(
                "audit_dropped", action=action, file=str(self._path), reason=error.strerror
            )

    def _append(self, line: bytes) -> None:
        """Append a line by one write(2) to the file that is at the path by now: logrotate may have moved it.

        Lines of several processes never mix. Behind half a line, left by a full disk, a new one begins. Raise OSError.
        """
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags)
        except FileNotFoundError:
            _make_folder(self._path.parent)
            make_file(self._path, FILE_MODE)
            descriptor = os.open(self._path, flags)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            if os.write(descriptor, line) < len(line):
                raise OSError(0, "only a part of the line was written")
        finally:
            os.close(descriptor)


class AuditLines:
    """The events of an audit log in the order in which they were written, those of rotated files first.

    `unreadable` counts the lines that were passed over so far since they are no events.
    """

    def __init__(self, log_dir: Path) -> None:
        self.unreadable = 0
        self._log_dir = log_dir

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the events. Raise AuditUnreadableError."""
        self.unreadable = 0
        for line in self._lines():
            event = _event(line)
            if event is not None:
                yield event
            elif line.strip():
                self.unreadable += 1

    def _lines(self) -> Iterator[bytes]:
        """Yield the lines of all files; of a damaged compressed one those that can be had."""
        for path in self._files():
            try:
                with _opened(path) as file:
                    yield from file
            except FileNotFoundError:  # rotated away in this moment
                continue
            except (EOFError, gzip.BadGzipFile, zlib.error):
                self.unreadable += 1
            except OSError as error:
                raise AuditUnreadableError(path, error.strerror or "") from None

    def _files(self) -> list[Path]:
        """Return the files, the oldest first; of one that is just being compressed the plain one."""
        try:
            names = sorted(path.name for path in self._log_dir.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AuditUnreadableError(self._log_dir, error.strerror or "") from None
        rotated: dict[int, str] = {}
        for name in names:  # `audit.log.2` comes before `audit.log.2.gz`
            if found := _ROTATED.fullmatch(name):
                rotated.setdefault(int(found[1]), name)
        return [self._log_dir / rotated[number] for number in sorted(rotated, reverse=True)] + [
            self._log_dir / FILE_NAME
        ]


def _make_folder(path: Path) -> None:
    """Make the folder of the log where it is not there; what root makes belongs to the owner of the one above.

    Raise OSError.
    """
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True)
    except FileExistsError:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        give_away(descriptor, path.parent)
    finally:
        os.close(descriptor)


def read_audit(log_dir: Path) -> AuditLines:
    """Return the events of the audit log in a folder, to be iterated over; each time it is read anew."""
    return AuditLines(log_dir)


def _opened(path: Path) -> IO[bytes]:
    """Open a file of the log. Raise OSError."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]  # it is one


def _event(line: bytes) -> dict[str, Any] | None:
    """Return the event of a line, or None if it is none."""
    try:
        event = json.loads(line)
        aware = datetime.fromisoformat(event["at"]).tzinfo is not None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return event if aware and isinstance(event, dict) else None


def _limited(value: object) -> object:
    """Return a value as it is noted: numbers, truth and nothing as they are, all else as text of limited length."""
    return value if value is None or isinstance(value, bool | int) else str(value)[:MAX_CHARACTERS]
