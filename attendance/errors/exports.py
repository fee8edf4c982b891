"""Own what can be wrong with a report or an export: a site that cannot be read, a file that cannot be written."""

from attendance.errors.base import AttendanceError
from attendance.errors.files import RosterError
from attendance.errors.ledger import LedgerError


class SiteUnreadableError(AttendanceError):
    """One of the sites that are asked for cannot be read, so nothing is told: a part would look like all of it."""

    code = "site_unreadable"

    def __init__(self, site_id: str, cause: LedgerError | RosterError) -> None:
        super().__init__(
            f"Nothing is told, since a part would look like all of it: the files of the site {site_id} cannot be read. "
            "Tell whoever looks after it, or ask for the other sites alone."
        )
        told = "; ".join(map(str, cause.problems)) if isinstance(cause, RosterError) else cause.reason
        self.reason = f"{site_id}: {told}"


class UnknownPersonError(AttendanceError):
    """Nobody is known by an ID at a site in a year."""

    code = "unknown_person"

    def __init__(self) -> None:
        super().__init__(
            "Nobody is known by this ID at this site in this year: neither on the roster nor by a mark. "
            "Check the ID, the site and the year."
        )


class ExportFailedError(AttendanceError):
    """A file could not be written; what was there before is as it was."""

    code = "export_failed"

    def __init__(self, reason: str) -> None:
        super().__init__("The file was not written. Look whether there is space on the disk, then try again.")
        self.reason = reason
