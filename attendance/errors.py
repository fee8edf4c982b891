"""Own every expected failure: its stable code, its message, and what to do about it; know no HTTP and no exit codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar


class AttendanceError(Exception):
    """An expected failure; `str(error)` says what happened and what to do, and never repeats a client's input."""

    code: ClassVar[str]


# What is wrong with the files of the owner


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


class SettingsError(AttendanceError):
    """A setting of the environment cannot be used."""

    code = "settings_invalid"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{name}: {message}" for name, message in problems.items()))


class RegistryError(AttendanceError):
    """The registry cannot be used; `problems` lists every mistake found."""

    code = "registry_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class RosterError(AttendanceError):
    """A site's roster cannot be used; `problems` lists every mistake found."""

    code = "roster_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "Not recorded: the list of employees of this site cannot be read. "
            "Tell whoever looks after this site, then try again."
        )
        self.problems = tuple(problems)


class NotWrittenError(AttendanceError):
    """A first registry could not be written; one that is there is never written over."""

    code = "not_written"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not written: {reason}. Choose another folder, or edit the file that is there.")


class UnknownZoneError(AttendanceError):
    """No zone has this name."""

    code = "unknown_zone"

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        super().__init__(f"No zone is called {name!r}.")
        self.nearest = tuple(nearest)


class MalformedRowError(AttendanceError):
    """A line of a ledger is not a row as this program writes it."""

    code = "malformed_row"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Not a row of a ledger: {reason}.")


class ForeignTableError(AttendanceError):
    """A file that something else saved cannot be read as a table."""

    code = "foreign_table"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}.")


class RefusedRowError(AttendanceError):
    """A row from elsewhere cannot be a mark: `reason` says why, `hint` what to do."""

    code = "row_refused"

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(f"{reason} ({hint})")
        self.reason = reason
        self.hint = hint


class ImportRefusedError(AttendanceError):
    """Nothing is imported while rows of the file are refused."""

    code = "import_refused"

    def __init__(self, refused: int) -> None:
        super().__init__(
            f"Nothing was added, since rows are refused ({refused}). Mend them in the file, or say --leave-out."
        )


class BackupNotMadeError(AttendanceError):
    """There is no place for a backup."""

    code = "backup_not_made"

    def __init__(self, reason: str) -> None:
        super().__init__(f"No backup was made: {reason}. Choose another folder, or try again.")


class BackupNotWholeError(AttendanceError):
    """A backup was begun and could not be completed; `path` is what there is of it."""

    code = "backup_not_whole"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The backup is not whole: {reason}. What was copied so far lies in {path}: remove it, mend the cause, and "
            "try again."
        )
        self.path = path


class BackupDamagedError(AttendanceError):
    """A backup is complete, but ledgers were damaged before; `reasons` says of each why."""

    code = "backup_damaged"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("These ledgers could not be read and were copied as they stand:\n" + "\n".join(reasons))
        self.reasons = tuple(reasons)


# Who, where, what


class UnknownSiteError(AttendanceError):
    """The registry holds no such site."""

    code = "unknown_site"

    def __init__(self) -> None:
        super().__init__("There is no such site. Choose yours from the list of sites.")


class AmbiguousSiteError(AttendanceError):
    """More than one site could be meant; `candidates` are their site IDs."""

    code = "ambiguous_site"

    def __init__(self, candidates: Sequence[str]) -> None:
        super().__init__("Not recorded: more than one site could be meant. Mark at the page of your own site.")
        self.candidates = tuple(candidates)


class MalformedRequestError(AttendanceError):
    """What was sent is not a form or a JSON object with the fields of a mark."""

    code = "malformed_request"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Not recorded: {reason}. Send employee_id, name and status as a form or as a JSON object.")


class CrossSiteError(AttendanceError):
    """Another web site's page sent this."""

    code = "cross_site"

    def __init__(self) -> None:
        super().__init__("Not recorded: this was sent from a page of another web site. Open the page of your site.")


class InvalidInputError(AttendanceError):
    """What was sent cannot be a mark; `fields` maps each field to what is wrong with it."""

    code = "invalid_input"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("Not recorded. " + " ".join(fields.values()))
        self.fields = dict(fields)


class UnknownEmployeeError(AttendanceError):
    """The site's roster holds no such employee; `fields` says it beside the field."""

    code = "unknown_employee"

    def __init__(self) -> None:
        message = "This ID is not on the list of this site. Check the ID, or ask HR to add you."
        super().__init__(f"Not recorded. {message}")
        self.fields = {"employee_id": message}


class NameMismatchError(AttendanceError):
    """The ID belongs to somebody with clearly another name; `fields` says it beside the field."""

    code = "name_mismatch"

    def __init__(self) -> None:
        message = "This ID belongs to somebody with another name. Check the ID and the name."
        super().__init__(f"Not recorded. {message}")
        self.fields = {"employee_id": message}


class OutsideNetworkError(AttendanceError):
    """The site takes marks from its own networks only."""

    code = "outside_network"

    def __init__(self) -> None:
        super().__init__(
            "Not recorded: this site takes marks from its own network only. Connect to its Wi-Fi and try again."
        )


# The ledger


class LedgerError(AttendanceError):
    """A mark could not be recorded; `reason` is for ops and is not shown to a client."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class StorageBusyError(LedgerError):
    """The lock was not to be had in time, or too many marks wait already; `holder` is who has it, if that is known."""

    code = "storage_busy"

    def __init__(self, reason: str, holder: str = "") -> None:
        super().__init__("Not recorded: too many people are marking at once. Try again in a moment.", reason)
        self.holder = holder


class StorageFullError(LedgerError):
    """The disk, the quota or the file-size limit is full; the file stands as before."""

    code = "storage_full"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Not recorded: the disk of this site is full. Tell whoever looks after this site, then try again.",
            reason,
        )


class StorageUnavailableError(LedgerError):
    """The operating system refuses to open or write the file."""

    code = "storage_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Not recorded: the file of this site cannot be written. "
            "Tell whoever looks after this site, then try again.",
            reason,
        )


class FlushFailedError(LedgerError):
    """The disk refused a flush; nothing more is acknowledged at this site until its file was verified."""

    code = "flush_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Not recorded: the disk of this site reported an error. "
            "Tell whoever looks after this site, then try again.",
            reason,
        )


class NotHomeError(LedgerError):
    """Another machine or container writes this file, or did so a moment ago."""

    code = "not_home"

    def __init__(self, path: Path, host: str, seconds: float) -> None:
        super().__init__(
            "Not recorded: this site is looked after by another server. Open its page there, or try again in a moment.",
            f"{path} is written by another machine or container ({host}); stop that one. A server here takes over when "
            f"that was silent for {seconds:.0f} s; without a server `attendance check --recover SITE` does",
        )
        self.host = host


class LedgerDamagedError(LedgerError):
    """The file is not a ledger, and there is no good copy at hand to put in its place."""

    code = "ledger_damaged"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Not recorded: the file of this site was changed by something else. "
            "Tell whoever looks after this site, then try again.",
            reason,
        )


class ClockBehindError(LedgerError):
    """The clock stands so far behind the last row that a mark would be recorded with a wrong time."""

    code = "clock_behind"

    def __init__(self, now: datetime, last: datetime) -> None:
        super().__init__(
            "Not recorded: the clock of the server is wrong. Tell whoever looks after this site, then try again.",
            f"the clock says {now.isoformat()}, the last row {last.isoformat()}; set the clock right",
        )
