"""Own why a file that somebody uploaded was not taken."""

from collections.abc import Sequence

from attendance.errors.base import AttendanceError

MAX_REASONS = 1_000
"""So many rows that cannot be used are told of an upload: with the last of them its reading stops."""


class UploadTooLargeError(AttendanceError):
    """The file is larger than is taken there."""

    code = "upload_too_large"

    def __init__(self, max_bytes: int, advice: str) -> None:
        message = f"The file is larger than {max_bytes >> 20} MiB. {advice}"
        super().__init__(f"Nothing was changed. {message}")
        self.fields = {"file": message}


class UploadRefusedError(AttendanceError):
    """The file cannot be used: `reasons` says why, row by row where known; a `headline` stands for all of them.

    Where there are MAX_REASONS of them the rest of the file was not read: `at_least` is written before their number.
    """

    code = "upload_refused"

    def __init__(self, reasons: Sequence[str], *, headline: str = "") -> None:
        super().__init__("Nothing was changed. " + " ".join(reasons[:3]))
        self.reasons = tuple(reasons)  # not what is logged: there may be thousands
        self.at_least = "At least " if len(reasons) >= MAX_REASONS else ""
        many = headline or f"{self.at_least}{len(reasons)} rows cannot be used."
        self.fields = {"file": reasons[0] if len(reasons) == 1 else many}


class RosterChangedError(AttendanceError):
    """The roster, or what was uploaded for it, is another than was shown."""

    code = "roster_changed"

    def __init__(self) -> None:
        super().__init__(
            "Since this was shown, somebody changed the roster or uploaded another file, so nothing was done. "
            "Upload yours again, and look at what it would change now."
        )
