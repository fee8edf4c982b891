"""Own why an amendment, its request, or the closing of a month was refused."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from attendance.errors.base import AttendanceError
from attendance.errors.ledger import LedgerError


class TimeSkippedError(AttendanceError):
    """The clock of the site never showed this time on this work date: it jumped over it, or over the whole date.

    `jumped_from` and `jumped_to` are what it showed before and after (aware, local); `fields` says it beside the field.
    """

    code = "time_skipped"

    def __init__(self, jumped_from: datetime, jumped_to: datetime) -> None:
        message = (
            f"There was no such time: the clock there went from {jumped_from:%H:%M} on {jumped_from:%Y-%m-%d} straight "
            f"to {jumped_to:%H:%M} on {jumped_to:%Y-%m-%d}. Give another time."
        )
        super().__init__(f"Nothing was written. {message}")
        self.jumped_from = jumped_from
        self.jumped_to = jumped_to
        self.fields = {"time": message}


class TimeTwiceError(AttendanceError):
    """The clock of the site showed this time twice on this work date.

    `moments` are both, in order (each a `model.Moment`, which this layer does not know); `fields` says it beside
    the field.
    """

    code = "time_twice"

    def __init__(self, moments: Sequence[Any], shown: Sequence[datetime]) -> None:
        first, second = (f"{one:%Y-%m-%d %H:%M} UTC{one.isoformat()[-6:]}" for one in shown)
        message = f"The clock there showed this time twice: {first}, then {second}. Say which, the first or the second."
        super().__init__(f"Nothing was written. {message}")
        self.moments = tuple(moments)
        self.fields = {"which": message}


class FutureError(AttendanceError):
    """Nobody amends what has not come yet; `fields` says it beside the field."""

    code = "in_future"

    def __init__(self, field: str) -> None:
        message = "This has not come yet at the site. Choose a date and a time that are over."
        super().__init__(f"Nothing was written. {message}")
        self.fields = {field: message}


class MonthClosedError(AttendanceError):
    """The month is closed: it is amended only after it was opened again, with a reason."""

    code = "month_closed"

    def __init__(self, first: date) -> None:
        super().__init__(f"Nothing was written: {first:%B %Y} is closed at this site. Open it again first.")


class MonthNotOverError(AttendanceError):
    """Only a month that is over at the site can be closed."""

    code = "month_not_over"

    def __init__(self, first: date) -> None:
        super().__init__(f"Nothing was written: {first:%B %Y} is not over at this site. Close it when it is.")


class MonthNotClosedError(AttendanceError):
    """The month is not closed, so it cannot be opened again, and there is nothing to compare it with."""

    code = "month_not_closed"

    def __init__(self, first: date) -> None:
        super().__init__(
            f"Nothing was done: {first:%B %Y} is not closed at this site. It can be amended as it is; close it "
            "first to have a sheet of it."
        )


class RequestsOpenError(AttendanceError):
    """Requests about the month wait for an answer; `numbers` are those of their rows."""

    code = "requests_open"

    def __init__(self, first: date, numbers: Sequence[int]) -> None:
        rows = ", ".join(map(str, numbers[:20])) + (", ..." if len(numbers) > 20 else "")  # noqa: PLR2004  # a line
        super().__init__(
            f"Nothing was written: requests about {first:%B %Y} wait for an answer (row {rows}). Answer them first."
        )
        self.numbers = tuple(numbers)


class AlreadyAskedError(AttendanceError):
    """A request about this work date of the employee waits for an answer, and asks for something else."""

    code = "already_asked"

    def __init__(self) -> None:
        super().__init__("Nothing was written: HR has a request about this day already. Wait for the answer.")


class UnknownRequestError(AttendanceError):
    """No request has this number, or somebody has answered it already."""

    code = "unknown_request"

    def __init__(self, *, answered: bool) -> None:
        said = "somebody has answered this request already" if answered else "there is no such request"
        super().__init__(f"Nothing was written: {said}. Look at the list of requests.")
        self.answered = answered


class ClosedSheetDamagedError(LedgerError):
    """The sheet of a closed month is gone or is not what it was; the digest in the row of the closing tells."""

    code = "closed_sheet_damaged"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The sheet of the closed month is not what it was. Tell whoever looks after this site.",
            f"{reason}; put back the one from a backup",
        )
