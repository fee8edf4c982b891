"""Own what can be wrong with a wish: who, where, what."""

from collections.abc import Mapping, Sequence
from datetime import date

from attendance.errors.base import AttendanceError


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
    """What was sent is not a form or a JSON object with the fields of a mark, or not the form of its page."""

    code = "malformed_request"

    def __init__(self, reason: str, *, of_mark: bool = True) -> None:
        wanted = "Send employee_id, name and status as a form or as a JSON object."
        told = f"Not recorded: {reason}. {wanted}" if of_mark else f"Nothing was done: {reason}. Open the page again."
        super().__init__(told)


class CrossSiteError(AttendanceError):
    """Another web site's page sent this."""

    code = "cross_site"

    def __init__(self) -> None:
        super().__init__("Nothing was done: this was sent from a page of another site. Open ours, and try again.")


class InvalidInputError(AttendanceError):
    """What was sent cannot be a mark; `fields` maps each field to what is wrong with it."""

    code = "invalid_input"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("Not recorded. " + " ".join(fields.values()))
        self.fields = dict(fields)


class InvalidQueryError(AttendanceError):
    """A question is asked in a way that has no answer; `fields` maps each parameter to what is wrong with it."""

    code = "invalid_query"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("Nothing was told. " + " ".join(fields.values()))
        self.fields = dict(fields)


class UnknownEmployeeError(AttendanceError):
    """The site's roster holds no such employee, or not for today, or for `on`; `fields` says it beside the field."""

    code = "unknown_employee"

    def __init__(self, on: date | None = None) -> None:
        message = "This ID is not on the list of this site today. Check the ID, or ask HR."
        if on:
            message = (
                f"This ID does not belong to the site on {on}, says its roster. Check the ID and the date; HR corrects "
                "From and Until on the roster."
            )
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


class TooManyStreamsError(AttendanceError):
    """As many pages are kept up to date by this process as it allows."""

    code = "too_many_streams"

    def __init__(self) -> None:
        super().__init__("Too many pages are kept up to date at the moment. Load the page again to see what is new.")
