"""Own the nouns of who may do what, frozen: an account, a token, a kiosk, and all of them together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

from attendance.model import Grant, Role

Section = Literal["accounts", "tokens", "kiosks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signs in: by a password, by a single sign-on under this e-mail or subject, or by both."""

    name: str
    grant: Grant
    password_hash: str | None = None
    totp: str | None = None
    sso: str | None = None
    disabled: bool = False
    changes: int = 0

    @property
    def fingerprint(self) -> str:
        """Return what changes with every change of the account: a session is good for one fingerprint only.

        The number of changes is in it: what is taken back, as when a disabled account is enabled, opens no old session.
        """
        parts = (self.password_hash, self.totp, self.sso, self.disabled, self.changes, sorted(self.grant.roles))
        sites = None if self.grant.site_ids is None else sorted(self.grant.site_ids)
        return sha256(repr((*parts, sites)).encode()).hexdigest()

    @property
    def wants_second_factor(self) -> bool:
        """Tell whether the account can do more than look at boards, and has no second factor yet."""
        return self.totp is None and self.grant.roles != {Role.VIEWER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program sends instead of signing in."""

    name: str
    grant: Grant
    secret_hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiosk:
    """A shared device at one site; all it may do is to let people mark there."""

    name: str
    site_id: str
    secret_hash: str
    enrolled_at: datetime

    @property
    def label(self) -> str:
        """Return the name without that of its site, for those who know the site."""
        return self.name.removeprefix(f"{self.site_id}.")


Entry = Account | Token | Kiosk


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Everybody and everything that may do something, by name; `by_secret` finds tokens and kiosks by their hash."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    kiosks: Mapping[str, Kiosk] = field(default_factory=dict)
    by_secret: Mapping[str, Token | Kiosk] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        held: list[Token | Kiosk] = [*self.tokens.values(), *self.kiosks.values()]
        object.__setattr__(self, "by_secret", {one.secret_hash: one for one in held})

    def having(self, entry: Entry) -> "Accounts":
        """Return the same with one more, or with this one instead of that of its name."""
        if isinstance(entry, Account):
            return replace(self, accounts={**self.accounts, entry.name: entry})
        if isinstance(entry, Token):
            return replace(self, tokens={**self.tokens, entry.name: entry})
        return replace(self, kiosks={**self.kiosks, entry.name: entry})

    def without(self, entry: Token | Kiosk) -> "Accounts":
        """Return the same without a token or a kiosk."""
        if isinstance(entry, Token):
            return replace(self, tokens={key: one for key, one in self.tokens.items() if key != entry.name})
        return replace(self, kiosks={key: one for key, one in self.kiosks.items() if key != entry.name})
