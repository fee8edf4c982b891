"""Own why a mark could not be recorded."""

from datetime import datetime
from pathlib import Path

from attendance.errors.base import AttendanceError


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
