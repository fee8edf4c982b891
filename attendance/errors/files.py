"""Own what can be wrong with the files of the owner: settings, registry, rosters, imports, backups."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attendance.errors.base import AttendanceError, Problem


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


class AuditUnreadableError(AttendanceError):
    """The audit log cannot be read."""

    code = "audit_unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}. Type the command as the user that the server runs as.")


class UnknownZoneError(AttendanceError):
    """No zone has this name."""

    code = "unknown_zone"

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        super().__init__(f"No zone is called {name!r}.")
        self.nearest = tuple(nearest)


class UnknownCountryError(AttendanceError):
    """The public holidays of no country, or part of one, are known by this code."""

    code = "unknown_country"

    def __init__(self, country: str, nearest: Sequence[str]) -> None:
        super().__init__(f"No public holidays are known for {country!r}.")
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
        self.reason = reason


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
