"""Own why somebody may not: signing in, rights, kiosks, PINs, codes, and too many guesses."""

from collections.abc import Sequence

from attendance.errors.base import AttendanceError, Problem


class AccountsError(AttendanceError):
    """The file of accounts cannot be used; `problems` lists what is wrong with it. Nobody is let in meanwhile."""

    code = "accounts_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "The list of accounts cannot be read or written. Tell whoever looks after this server, then try again."
        )
        self.problems = tuple(problems)


class AccessStorageError(AttendanceError):
    """Sessions and counters cannot be read or written; `reason` is for ops and is not shown to a client."""

    code = "access_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Whether you may do this cannot be told now. Tell whoever looks after this server, then try again."
        )
        self.reason = reason


class UnknownGrantError(AttendanceError):
    """No account, token or kiosk has this name."""

    code = "unknown_grant"

    def __init__(self, noun: str, known: Sequence[str]) -> None:
        names = f"There are: {', '.join(known)}." if known else "There is none yet."
        super().__init__(f"There is no {noun} of this name. {names}")


class GrantRefusedError(AttendanceError):
    """An account, token, kiosk or PIN cannot be made or changed like this; `fields` says what is wrong, by field."""

    code = "grant_refused"

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = fields


class NotSignedInError(AttendanceError):
    """This is for people who are signed in, or for programs with a token."""

    code = "not_signed_in"

    def __init__(self, *, has_bearer: bool = False) -> None:
        stranger = "Sign in first; a program sends `Authorization: Bearer` with a token."
        super().__init__("This token is not known, or its time is over." if has_bearer else stranger)


class ForbiddenError(AttendanceError):
    """Whoever asks is known, and may not do this, or not at this site."""

    code = "forbidden"

    def __init__(self, *, is_token: bool = False) -> None:
        who = "This token" if is_token else "Your account"
        super().__init__(f"{who} may not do this, or not at this site. Ask whoever looks after the accounts.")


class SecondFactorNeededError(AttendanceError):
    """From elsewhere than the server itself, HR and ops need a second factor, and this account has none yet."""

    code = "second_factor_needed"

    def __init__(self) -> None:
        super().__init__("Set up the second factor first.")


class SignInFailedError(AttendanceError):
    """Name, password or code are wrong; between name and password it is not told which."""

    code = "sign_in_failed"

    def __init__(self, message: str = "Name or password are not right. Check them and try again.") -> None:
        super().__init__(message)


class InsecureConnectionError(AttendanceError):
    """Passwords and tokens travel over TLS, or stay on the machine."""

    code = "insecure_connection"

    def __init__(self) -> None:
        super().__init__("This page is open over https only. Open its https address.")


class TooManyAttemptsError(AttendanceError):
    """Guesses are slowed; `retry_after_seconds` says when the next one is looked at."""

    code = "too_many_attempts"

    def __init__(self, retry_after_seconds: int) -> None:
        seconds = "1 second" if retry_after_seconds == 1 else f"{retry_after_seconds} seconds"
        super().__init__(f"Too many attempts. Wait {seconds}, then try again.")
        self.retry_after_seconds = retry_after_seconds


class LinkUsedError(AttendanceError):
    """The one-time link was used, or is not the present one."""

    code = "link_used"

    def __init__(self, *, has_account: bool = True) -> None:
        used = "This link is not valid any more. Sign in with the account that was made, or ask for another."
        wrong = "This link is not right. Open the one that `attendance serve` printed."
        super().__init__(used if has_account else wrong)


class EnrolmentFailedError(AttendanceError):
    """The code that should make a device a kiosk is wrong, was used, is too old, or is for another site."""

    code = "enrolment_failed"

    def __init__(self) -> None:
        message = "This code is not right, was used already, is too old, or is for another site. Ask HR for a new one."
        super().__init__(message)
        self.fields = {"code": message}


class KioskNeededError(AttendanceError):
    """The site takes marks from its kiosks only."""

    code = "kiosk_needed"

    def __init__(self) -> None:
        super().__init__("Not recorded: this site takes marks at its kiosk only. Mark on the tablet at the door.")


class CodeNeededError(AttendanceError):
    """The site takes marks only from a phone that has just read the code at the door, each scan for one person."""

    code = "code_needed"

    def __init__(self, *, was_used: bool = False) -> None:
        super().__init__(
            "Not recorded: your scan was for one person. Scan the code at the door again."
            if was_used
            else "Not recorded: at this site you mark with the code at the door. Point the camera of your phone at it, "
            "and mark within five minutes."
        )


class PinRefusedError(AttendanceError):
    """ID and PIN do not belong together; whether the ID is known is not told. `fields` says it beside the field."""

    code = "pin_refused"

    def __init__(self) -> None:
        message = "ID and PIN do not belong together. Type both again; if you have no PIN, ask HR for one."
        super().__init__(f"Not recorded. {message}")
        self.fields = {"pin": message}


class PinsError(AttendanceError):
    """The file of PINs cannot be used; `problems` lists what is wrong with it."""

    code = "pins_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "Not recorded: the PINs of this site cannot be read. Tell whoever looks after this site, then try again."
        )
        self.problems = tuple(problems)


class SignOnFailedError(AttendanceError):
    """The provider of the single sign-on did not vouch for somebody with an account here; `reason` is for ops."""

    code = "sign_on_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The single sign-on did not work, or there is no account for you here. Ask whoever looks after it."
        )
        self.reason = reason
