"""Own the single sign-on by OpenID Connect: it refuses an answer that this browser did not ask for, or had before."""

import json
import re
from asyncio import to_thread
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Protocol

from attendance.clock import Clock
from attendance.errors import SettingsError, SignOnFailedError

if TYPE_CHECKING:
    from attendance.accounts.provider import Provider

ANSWER_SECONDS = 10 * 60
"""So long somebody may take at the provider."""

_PURPOSE = "sign_on"


class Tickets(Protocol):
    """Where what belongs to a secret is kept for a while."""

    def issue(self, purpose: str, payload: str, seconds: int, /) -> str:
        """Keep the payload; return the new secret that it is found by."""
        ...

    def redeem(self, purpose: str, secret: str, /) -> str | None:
        """Return the payload and forget it; None, if there is none, or its time is over."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOn:
    """Somebody whom the provider `issuer` knows as `subject`, and where they wanted to go."""

    subject: str
    email: str | None
    email_verified: bool
    issuer: str
    next_path: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return what an account may be found by: the e-mail in small letters if it was verified, and the subject.

        A subject with an @ is left out, so that nobody passes for an e-mail who was only given a subject like it.
        """
        email = (self.email or "").lower() if self.email_verified else ""
        return tuple([name for name in (email,) if "@" in name] + [name for name in (self.subject,) if "@" not in name])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a browser was sent to the provider with, and what its answer must fit."""

    redirect_uri: str
    next_path: str
    nonce: str
    code_verifier: str


class SingleSignOn:
    """Send browsers to one provider and take its answers: the authorization code flow with PKCE (RFC 7636).

    One for each process. What was asked is kept in `store`, so any worker can take the answer. Whether there is an
    account for whom it vouches is not decided here.
    """

    def __init__(self, *, issuer: str, client_id: str, client_secret: str, store: Tickets, now: Clock) -> None:
        self._issuer = issuer
        self._store = store
        self._provider = _open_provider(issuer, client_id, client_secret, now)

    async def begin(self, redirect_uri: str, next_path: str) -> tuple[str, str]:
        """Return the provider's address to redirect to, and the secret for an HttpOnly cookie of this browser.

        `redirect_uri` is the whole address that takes the answer, as the provider knows it. Raise SignOnFailedError, if
        the provider cannot be asked for its metadata, and whatever the store raises.
        """
        asked = _Asked(
            redirect_uri=redirect_uri,
            next_path=next_path,
            nonce=token_urlsafe(32),
            code_verifier=token_urlsafe(48),
        )
        secret = await to_thread(self._store.issue, _PURPOSE, json.dumps(asdict(asked)), ANSWER_SECONDS)
        address = await self._provider.address(
            redirect_uri, state=_state(secret), nonce=asked.nonce, code_verifier=asked.code_verifier
        )
        return address, secret

    async def finish(self, *, state_cookie: str, query: Mapping[str, str]) -> SignedOn:
        """Return for whom the provider vouches, after what it sent back with this browser; it is good once.

        Raise SignOnFailedError, whose reason is for ops, and whatever the store raises.
        """
        asked = await self._asked(state_cookie, query.get("state", ""))
        if "error" in query:
            raise SignOnFailedError(f"the provider answered: {_error_code(query['error'])}")
        if query.get("iss", self._issuer) != self._issuer:  # RFC 9207
            raise SignOnFailedError("the answer is that of another provider")
        if not query.get("code"):
            raise SignOnFailedError("the answer has no code")
        identity = await self._provider.identify(
            query["code"], asked.redirect_uri, nonce=asked.nonce, code_verifier=asked.code_verifier
        )
        return SignedOn(
            subject=identity.subject,
            email=identity.email,
            email_verified=identity.email_verified,
            issuer=self._issuer,
            next_path=asked.next_path,
        )

    async def _asked(self, secret: str, state: str) -> _Asked:
        """Return what this browser asked, and forget it; an answer that is another browser's stays good there."""
        if not compare_digest(_state(secret).encode(), state.encode(errors="replace")):
            raise SignOnFailedError("the answer was not asked for by this browser")
        kept = await to_thread(self._store.redeem, _PURPOSE, secret)
        if kept is None:
            raise SignOnFailedError("the answer was used before, or came too late")
        return _Asked(**json.loads(kept))


def _open_provider(issuer: str, client_id: str, client_secret: str, now: Clock) -> "Provider":
    """Return the provider; raise SettingsError, if the libraries to speak with it are not installed."""
    try:
        from attendance.accounts.provider import Provider  # noqa: PLC0415  # without single sign-on it is not installed
    except ModuleNotFoundError as error:
        message = f"single sign-on needs more libraries ({error.name}): pip install 'attendance[sso]'"
        raise SettingsError({"ATTENDANCE_OIDC_ISSUER": message}) from error
    return Provider(issuer=issuer, client_id=client_id, client_secret=client_secret, now=now)


def _state(secret: str) -> str:
    """Return the `state` that stands in addresses: it fits the secret of the cookie and does not tell it."""
    return urlsafe_b64encode(sha256(secret.encode(errors="replace")).digest()).decode().rstrip("=")


def _error_code(sent: str) -> str:
    """Return the code of an error (RFC 6749, 4.1.2.1), if it is one."""
    return sent if re.fullmatch(r"[a-z_]{1,40}", sent) else "an error without a proper code"
