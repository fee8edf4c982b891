"""Own the use case of giving and taking away: accounts, tokens, kiosks; each change is in force at once, and noted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from attendance.accounts.entries import NAME, is_plain
from attendance.accounts.file import AccountsFile
from attendance.accounts.nouns import Account, Accounts, Kiosk, Token
from attendance.audit import Action, Audit
from attendance.clock import Clock
from attendance.errors import GrantRefusedError, LinkUsedError, UnknownGrantError
from attendance.hashing import hash_secret, hash_typed, new_secret, normalized
from attendance.model import Grant

MIN_PASSWORD = 8  # NIST SP 800-63B, 5.1.1.2; OWASP ASVS 5.0, 6.2.1
MAX_PASSWORD = 256
MAX_TOKEN_DAYS = 400
TOKEN_PREFIX = "att_"  # noqa: S105  # by it a token is recognized where it does not belong

_E = TypeVar("_E", Account, Token, Kiosk)
_NAME_HINT = "A name has up to 64 of a-z, 0-9 and . _ @ + -, and begins with a letter or digit."
_SSO_HINT = "Write the e-mail or subject as the provider does, in characters that can be seen."
# What is tried first everywhere, without the digits and signs that people put around it.
_FIRST_GUESSES = (
    " password passwort passw0rd p@ssw0rd qwerty qwertz qwertyui qwertyuiop azerty asdfgh asdfghjkl zxcvbnm iloveyou "
    " abcdef abcdefg abcdefgh welcome willkommen letmein sunshine princess football baseball superman batman trustno "
    " dragon monkey shadow master michael jennifer administrator changeme default secret geheim attendance presence "
    " company office london paris berlin summer winter spring autumn qazwsx qazwsxedc "
)
_SHORTEST_NAME_LEFT_OUT = 3  # "al" stands in too many good passwords


class Granting:
    """Change who may do what; `by` says who does it, for the audit."""

    def __init__(self, file: AccountsFile, audit: Audit, *, now: Clock) -> None:
        self._file = file
        self._audit = audit
        self._now = now

    def add_account(
        self, account: Account, password: str | None, *, by: str, first: bool = False, address: str | None = None
    ) -> Account:
        """Make an account with this password, if any, and return it; `first` only where there is none yet.

        Raise GrantRefusedError, LinkUsedError, AccountsError.
        """
        problems = {} if NAME.fullmatch(account.name) else {"name": _NAME_HINT}
        problems |= {} if account.sso is None or is_plain(account.sso) else {"sso": _SSO_HINT}
        problems |= {} if password is None else password_problems(account.name, password)
        if problems:
            raise GrantRefusedError(problems)
        sso = account.sso.lower() if account.sso and "@" in account.sso else account.sso
        made = replace(account, password_hash=None if password is None else hash_typed(password), sso=sso)

        def added(accounts: Accounts) -> Accounts:
            if first and accounts.accounts:
                raise LinkUsedError
            _refuse_taken("account", made.name, accounts.accounts)
            _refuse_shared_sso(made, accounts)
            return accounts.having(made)

        self._file.change(added)
        self._note(Action.ACCOUNT_ADDED, made, by=by, address=address)
        return made

    def disable(self, name: str, *, by: str) -> None:
        """Let an account in no more: its sessions end at once, in every worker. Raise UnknownGrantError."""
        self._change(name, Action.ACCOUNT_DISABLED, by, lambda account: replace(account, disabled=True))

    def enable(self, name: str, *, by: str) -> None:
        """Let an account in again. Raise UnknownGrantError."""
        self._change(name, Action.ACCOUNT_ENABLED, by, lambda account: replace(account, disabled=False))

    def regrant(self, name: str, grant: Grant, *, by: str) -> None:
        """Give an account other roles or sites: its sessions end. Raise UnknownGrantError."""
        self._change(name, Action.ACCOUNT_CHANGED, by, lambda account: replace(account, grant=grant))

    def set_password(self, name: str, password: str, *, by: str) -> Account:
        """Set a password: the sessions of the account end. Raise GrantRefusedError, UnknownGrantError."""
        problems = password_problems(name, password)
        if problems:
            raise GrantRefusedError(problems)
        made = hash_typed(password)
        return self._change(name, Action.PASSWORD_CHANGED, by, lambda account: replace(account, password_hash=made))

    def set_second_factor(self, name: str, secret: str, *, by: str) -> Account:
        """Set the secret of the second factor: the sessions of the account end. Raise UnknownGrantError."""
        return self._change(name, Action.SECOND_FACTOR_SET, by, lambda account: replace(account, totp=secret))

    def remove_second_factor(self, name: str, *, by: str) -> Account:
        """Take the second factor away, as where a phone was lost. Raise UnknownGrantError."""
        return self._change(name, Action.SECOND_FACTOR_REMOVED, by, lambda account: replace(account, totp=None))

    def add_token(self, name: str, grant: Grant, days: int, *, by: str) -> str:
        """Make a token that is good for so many days, and return its secret; raise GrantRefusedError."""
        if not NAME.fullmatch(name):
            raise GrantRefusedError({"name": _NAME_HINT})
        if not 1 <= days <= MAX_TOKEN_DAYS:
            raise GrantRefusedError({"days": f"A token is good for 1 to {MAX_TOKEN_DAYS} days."})
        secret = TOKEN_PREFIX + new_secret()
        expires_at = self._now().replace(microsecond=0) + timedelta(days=days)
        token = Token(name=name, grant=grant, secret_hash=hash_secret(secret), expires_at=expires_at)

        def added(accounts: Accounts) -> Accounts:
            _refuse_taken("token", name, accounts.tokens)
            return accounts.having(token)

        self._file.change(added)
        self._note(Action.TOKEN_ADDED, token, by=by)
        return secret

    def require_account(self, name: str) -> Account:
        """Return the account of a name; raise UnknownGrantError, AccountsError."""
        return _known("account", name, self._file.current().accounts)

    def require_free_kiosk(self, name: str) -> None:
        """Raise GrantRefusedError where there is a kiosk of this name, AccountsError."""
        _refuse_taken("kiosk", name, self._file.current().kiosks)

    def add_kiosk(self, name: str, site_id: str, *, by: str, address: str | None) -> str:
        """Make a kiosk of a site, and return the secret that its device holds; raise GrantRefusedError."""
        secret = new_secret()
        enrolled_at = self._now().replace(microsecond=0)
        kiosk = Kiosk(name=name, site_id=site_id, secret_hash=hash_secret(secret), enrolled_at=enrolled_at)

        def added(accounts: Accounts) -> Accounts:
            _refuse_taken("kiosk", name, accounts.kiosks)
            return accounts.having(kiosk)

        self._file.change(added)
        self._audit.note(Action.KIOSK_ENROLLED, who=by, address=address, site=site_id, name=name)
        return secret

    def revoke_token(self, name: str, *, by: str) -> None:
        """Take a token away; raise UnknownGrantError."""
        self._file.change(lambda accounts: accounts.without(_known("token", name, accounts.tokens)))
        self._audit.note(Action.TOKEN_REVOKED, who=by, name=name)

    def revoke_kiosk(self, name: str, *, by: str) -> None:
        """Make a kiosk an ordinary device again; raise UnknownGrantError."""
        self._file.change(lambda accounts: accounts.without(_known("kiosk", name, accounts.kiosks)))
        self._audit.note(Action.KIOSK_REVOKED, who=by, name=name)

    def _change(self, name: str, action: Action, by: str, changed: Callable[[Account], Account]) -> Account:
        """Change an account and note it; return it. Raise UnknownGrantError, AccountsError."""
        made: list[Account] = []

        def applied(accounts: Accounts) -> Accounts:
            before = _known("account", name, accounts.accounts)
            made.append(replace(changed(before), changes=before.changes + 1))
            return accounts.having(made[0])

        self._file.change(applied)
        self._note(action, made[0], by=by)
        return made[0]

    def _note(self, action: Action, entry: Account | Token, *, by: str, address: str | None = None) -> None:
        """Note what became of an account or a token."""
        sites = "all" if entry.grant.site_ids is None else ",".join(sorted(entry.grant.site_ids))
        roles = ",".join(sorted(entry.grant.roles))
        self._audit.note(action, who=by, address=address, name=entry.name, roles=roles, sites=sites)


def password_problems(name: str, password: str) -> dict[str, str]:
    """Return what is wrong with a password, by field."""
    if len(password) < MIN_PASSWORD:
        return {"password": f"A password has at least {MIN_PASSWORD} characters."}
    if len(password) > MAX_PASSWORD:
        return {"password": f"A password has at most {MAX_PASSWORD} characters."}
    if any("\ud800" <= character <= "\udfff" for character in password):
        return {"password": "A password is text in UTF-8."}
    plain, person = normalized(password).casefold(), name.casefold().partition("@")[0]
    word = plain.strip("0123456789!?.*#$ ")
    if f" {word} " in _FIRST_GUESSES or not word:
        return {"password": "This password is one of the first that are tried. A few words are best."}
    holds_name = len(person) >= _SHORTEST_NAME_LEFT_OUT and person in plain
    if holds_name or plain in name.casefold() or len(set(plain)) < MIN_PASSWORD // 2:
        return {"password": "This password is too easy to guess: leave your name out, and repeat less."}
    return {}


def _known(noun: str, name: str, entries: Mapping[str, _E]) -> _E:
    """Return the entry of a name, or raise UnknownGrantError."""
    try:
        return entries[name]
    except KeyError:
        raise UnknownGrantError(noun, sorted(entries)) from None


def _refuse_taken(noun: str, name: str, entries: Mapping[str, object]) -> None:
    """Raise GrantRefusedError where a name is taken."""
    if name in entries:
        raise GrantRefusedError({"name": f"Another {noun} has this name already. Choose another name."})


def _refuse_shared_sso(account: Account, accounts: Accounts) -> None:
    """Raise GrantRefusedError where the single sign-on would not know which of two accounts is meant."""
    if account.sso and any(one.sso == account.sso for one in accounts.accounts.values()):
        raise GrantRefusedError({"sso": "Another account has this name at the single sign-on already."})
