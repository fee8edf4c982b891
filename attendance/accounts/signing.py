"""Own the use case of signing in and out: password, second factor, single sign-on, and who a session belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from attendance.accounts.attempts import ACCOUNT, ADDRESS, DEVICE, Attempts, Limit
from attendance.accounts.file import AccountsFile
from attendance.accounts.nouns import Account
from attendance.accounts.second_factor import SecondFactor
from attendance.accounts.store import AccessStore
from attendance.accounts.visit import Visit
from attendance.audit import Action, Audit
from attendance.clock import Clock
from attendance.errors import SignInFailedError, SignOnFailedError, TooManyAttemptsError
from attendance.hashing import hash_secret, is_typed

SECOND_STEP_SECONDS = 5 * 60
DEVICE_SECONDS = 400 * 86_400  # as long as browsers keep a cookie (RFC 6265bis)

_WRONG_CODE = "This code is not right, or was used already. Wait for the next one, then type it."
_TOO_LATE = "That took too long, or was done already. Start again with your password."
_SECOND_STEP = "second_step"
_DEVICE = "device"
_BY_SSO = "sso:"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session was opened: its secret, and that by which the device is known the next time."""

    account: Account
    session: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStep:
    """The password was right; `ticket` waits for the code of the second factor."""

    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who a session belongs to, and whether a provider vouched for it (then a second factor was its matter)."""

    account: Account
    by_sso: bool


class Signing:
    """Let people in, and tell who is in. Guesses are slowed by counters that all workers share."""

    def __init__(self, file: AccountsFile, store: AccessStore, audit: Audit, *, now: Clock) -> None:
        self._file = file
        self._store = store
        self._attempts = Attempts(store)
        self._audit = audit
        self._second_factor = SecondFactor(store, now=now)

    def sign_in(self, name: str, password: str, visit: Visit) -> SignedIn | SecondStep:
        """Take name and password; the answer and its time are the same for a name that nobody has.

        Raise SignInFailedError, TooManyAttemptsError, AccountsError, AccessStorageError.
        """
        name = name.strip().lower()[:64]
        counted = self._begin(name, visit)
        account = self._file.current().accounts.get(name)
        right = is_typed(password, account.password_hash if account else None)
        if account is None or not right or account.disabled:
            raise self._failed(name, visit, "password")
        if account.totp is None:
            return self._let_in(account, visit, counted)
        self._attempts.succeed(*(one for one in counted if one[0].shared))  # else an office's address fills with it
        return SecondStep(ticket=self._store.issue(_SECOND_STEP, _sealed(account), SECOND_STEP_SECONDS))

    def confirm(self, ticket: str, code: str, visit: Visit) -> SignedIn:
        """Take the code of the second factor; each is good once. Raise as `sign_in` does."""
        account = self._waiting(ticket)
        if account is None:
            raise SignInFailedError(_TOO_LATE)
        counted = self._begin(account.name, visit)
        if not self._second_factor.is_code(account.name, account.totp or "", code):
            raise self._failed(account.name, visit, "code", _WRONG_CODE)
        if self._store.redeem(_SECOND_STEP, ticket) is None:
            raise SignInFailedError(_TOO_LATE)
        return self._let_in(account, visit, counted)

    def sign_on(self, names: Sequence[str], visit: Visit) -> SignedIn:
        """Let in whom a provider vouches for under one of these names; raise SignOnFailedError."""
        accounts = self._file.current().accounts.values()
        account = next((one for one in accounts if one.sso in names and not one.disabled), None)
        if account is None:
            self._audit.note(Action.REFUSED, who="?", address=visit.told, outcome="no_account_for_sso")
            raise SignOnFailedError("there is no account with this e-mail or subject as `sso`")
        return self._let_in(account, visit, [], by=_BY_SSO)

    def prove(self, account: Account, password: str, visit: Visit) -> None:
        """Raise SignInFailedError unless this is the password of somebody who is signed in; TooManyAttemptsError."""
        counted = self._begin(account.name, visit)
        if not is_typed(password, account.password_hash):
            raise self._failed(account.name, visit, "password", "This is not your present password.")
        self._attempts.succeed(*counted)

    def let_in(self, account: Account, visit: Visit) -> SignedIn:
        """Open a session for somebody who has just proved who they are in another way."""
        return self._let_in(account, visit, [])

    def who(self, session: str, *, is_use: bool = True) -> Signed | None:
        """Return who is signed in; nobody, if the account changed since. Raise AccountsError, AccessStorageError.

        What a page asks by itself is no use: a session that nobody uses ends all the same.
        """
        found = self._store.session(session, is_use=is_use)
        account = self._file.current().accounts.get(found.account) if found else None
        if found is None:
            return None
        by_sso = found.fingerprint.startswith(_BY_SSO)
        changed = account is None or found.fingerprint.removeprefix(_BY_SSO) != account.fingerprint
        if account is None or changed or account.disabled:
            self._store.close_session(session)
            return None
        return Signed(account=account, by_sso=by_sso)

    def sign_out(self, session: str, visit: Visit) -> None:
        """End a session, at once and in every worker."""
        found = self._store.session(session)
        self._store.close_session(session)
        if found:
            self._audit.note(Action.SIGN_OUT, who=found.account, address=visit.told)

    def sign_out_elsewhere(self, name: str, session: str, visit: Visit) -> None:
        """End all sessions of an account but this one."""
        self._store.close_sessions(name, but=session)
        self._audit.note(Action.SIGN_OUT, who=name, address=visit.told, outcome="everywhere_else")

    def _begin(self, name: str, visit: Visit) -> list[tuple[Limit, str]]:
        """Count an attempt, for it may be wrong; raise TooManyAttemptsError.

        A device from which somebody signed in to this account before has a counter of its own, and no other: strangers
        who guess cannot keep the owner out, even from the same address.
        """
        known = visit.device and self._store.peek(_DEVICE, visit.device) == name
        counted = [(ACCOUNT, name), (ADDRESS, visit.network)]
        if known:
            counted = [(DEVICE, f"{name} {hash_secret(visit.device)}")]
        try:
            self._attempts.begin(*counted)
        except TooManyAttemptsError:
            self._audit.note(Action.REFUSED, who=self._told(name), address=visit.told, outcome="too_many_attempts")
            raise
        return counted

    def _failed(self, name: str, visit: Visit, what: str, *words: str) -> SignInFailedError:
        """Note an attempt that was wrong, and return the failure."""
        self._audit.note(Action.REFUSED, who=self._told(name), address=visit.told, outcome=f"wrong_{what}")
        return SignInFailedError(*words)

    def _told(self, name: str) -> str:
        """Return the name for the audit if an account has it: people type passwords into the field for the name."""
        return name if name in self._file.current().accounts else "?"

    def _waiting(self, ticket: str) -> Account | None:
        """Return the account whose second factor is waited for, if it is as it was."""
        sealed = self._store.peek(_SECOND_STEP, ticket) or ""
        account = self._file.current().accounts.get(sealed.partition(" ")[0])
        return account if account and sealed == _sealed(account) and not account.disabled else None

    def _let_in(self, account: Account, visit: Visit, counted: Sequence[tuple[Limit, str]], by: str = "") -> SignedIn:
        """Open a session: a new secret each time, so that none can be fixed before."""
        if counted:
            self._attempts.succeed(*counted)
        if visit.session:  # nobody is in twice in one browser, nor does a session stay that nobody can end there
            self._store.close_session(visit.session)
        session = self._store.open_session(account.name, by + account.fingerprint)
        device = visit.device
        if not device or self._store.peek(_DEVICE, device) != account.name:
            device = self._store.issue(_DEVICE, account.name, DEVICE_SECONDS)
        self._audit.note(Action.SIGN_IN, who=account.name, address=visit.told, by="sso" if by else "password")
        return SignedIn(account=account, session=session, device=device)


def _sealed(account: Account) -> str:
    """Return what a second step is for: an account as it is now."""
    return f"{account.name} {account.fingerprint}"
