"""Own the talk with the provider of the single sign-on: it refuses what is unsigned, stale, too long, or not for us.

It imports the libraries of the extra `sso`, so only `attendance.accounts.sso` imports it, and only when it is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import BaseModel, ConfigDict

from attendance.clock import Clock
from attendance.errors import SignOnFailedError

SCOPE = "openid email profile"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures by a private key only: never `none`, and no HMAC, which a public key could be taken for."""

STEP_SECONDS = 5.0
KEPT_FOR = timedelta(hours=1)
LEEWAY_SECONDS = 60
ANSWER_BYTES = 1 << 20
_SUBJECT_LENGTH = 255  # OpenID Connect Core 1.0, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody whom the provider vouches for."""

    subject: str
    email: str | None
    email_verified: bool


class _Metadata(BaseModel):
    """What we need of the provider's configuration (OpenID Connect Discovery 1.0, 3)."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    @property
    def auth_method(self) -> str:
        """Return how the server shows its client secret: in a header, if the provider takes it there."""
        known = ("client_secret_basic", "client_secret_post")
        return next((one for one in known if one in self.token_endpoint_auth_methods_supported), "")


class Provider:
    """Speak with one provider, found by its issuer; metadata and keys are kept for an hour."""

    def __init__(self, *, issuer: str, client_id: str, client_secret: str, now: Clock) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._now = now
        self._metadata: tuple[datetime, _Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    async def address(self, redirect_uri: str, *, state: str, nonce: str, code_verifier: str) -> str:
        """Return the address at the provider where somebody signs in; raise SignOnFailedError."""
        async with self._open_client() as client:
            metadata = await self._discover(client)
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                redirect_uri=redirect_uri,
                state=state,
                nonce=nonce,
                code_verifier=code_verifier,
            )
        return str(url)

    async def identify(self, code: str, redirect_uri: str, *, nonce: str, code_verifier: str) -> Identity:
        """Return whom a code stands for, after every check of the ID token; raise SignOnFailedError."""
        async with self._open_client() as client:
            metadata = await self._discover(client)
            async with _step("the code was not exchanged"):
                answer = await client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=redirect_uri,
                    code_verifier=code_verifier,
                    auth=client.client_auth(metadata.auth_method),
                )
            claims = await self._validate(client, metadata, answer, nonce)
            if "email" not in claims and metadata.userinfo_endpoint:
                claims = await self._ask_more(client, metadata.userinfo_endpoint, answer, claims)
        return _identity(claims)

    def _open_client(self) -> AsyncOAuth2Client:
        """Return a client that follows no redirect, waits 5 s at most, and reads no more than it should."""
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret,
            scope=SCOPE,
            code_challenge_method="S256",
            transport=_Sparing(),
            timeout=STEP_SECONDS,
            headers={"Accept-Encoding": "identity"},
        )

    async def _discover(self, client: AsyncOAuth2Client) -> _Metadata:
        """Return the provider's metadata, of the last hour."""
        if self._metadata and self._is_fresh(self._metadata[0]):
            return self._metadata[1]
        async with _step("the provider's configuration cannot be read"):
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = _Metadata.model_validate_json(await _get(client, url))
        self._check(metadata)
        self._metadata = (self._now(), metadata)
        return metadata

    def _check(self, metadata: _Metadata) -> None:
        """Raise SignOnFailedError for a provider that is not the one meant, or that secrets must not be sent to."""
        if metadata.issuer != self._issuer:
            raise SignOnFailedError(f"the provider calls itself {metadata.issuer[:200]!r}, not {self._issuer!r}")
        urls = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri, metadata.userinfo_endpoint)
        insecure = [url for url in urls if url and not self._is_safe(url)]
        if insecure:
            raise SignOnFailedError(f"an endpoint of the provider is not an https address: {insecure[0][:200]!r}")
        if not metadata.auth_method:
            raise SignOnFailedError("the provider takes no client secret (client_secret_basic or client_secret_post)")

    def _is_safe(self, url: str) -> bool:
        """Tell whether an endpoint has https, or lies on the loopback where the issuer itself is."""
        parts, own = urlsplit(url), urlsplit(self._issuer)
        return (parts.scheme == "https" and bool(parts.netloc)) or parts[:2] == own[:2]

    async def _load_keys(self, client: AsyncOAuth2Client, metadata: _Metadata, *, again: bool = False) -> KeySet:
        """Return the provider's keys for signatures, of the last hour, or asked for again."""
        if self._keys and self._is_fresh(self._keys[0]) and not again:
            return self._keys[1]
        async with _step("the provider's keys cannot be read"):
            sent = httpx2.Response(200, content=await _get(client, metadata.jwks_uri)).json()
            usable = [key for key in sent["keys"] if key["kty"] in {"RSA", "EC"} and key.get("use", "sig") == "sig"]
            keys = KeySet.import_key_set(cast("KeySetSerialization", {"keys": usable}))
        self._keys = (self._now(), keys)
        return keys

    async def _validate(
        self, client: AsyncOAuth2Client, metadata: _Metadata, answer: Mapping[str, Any], nonce: str
    ) -> Mapping[str, Any]:
        """Return the claims of the ID token (OpenID Connect Core 1.0, 3.1.3.7); an unknown key is looked for once."""
        keys = await self._load_keys(client, metadata)
        try:
            return self._read(answer, keys, nonce)
        except (InvalidKeyIdError, BadSignatureError):
            keys = await self._load_keys(client, metadata, again=True)
        except _BROKEN as error:
            raise _failure("the ID token is refused", error) from error
        async with _step("the ID token is refused"):
            return self._read(answer, keys, nonce)

    def _read(self, answer: Mapping[str, Any], keys: KeySet, nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token whose signature, issuer, audience, times and nonce are right."""
        token = jwt.decode(answer["id_token"], keys, algorithms=ALGORITHMS)
        expected = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        params = {"nonce": nonce, "client_id": self._client_id, "access_token": answer.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, expected, params)
        claims.validate(now=int(self._now().timestamp()), leeway=LEEWAY_SECONDS)
        return cast("Mapping[str, Any]", claims)

    async def _ask_more(
        self, client: AsyncOAuth2Client, url: str, answer: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the claims with the e-mail, for a provider whose ID token has none (the same, 5.3)."""
        async with _step("who it is cannot be asked"):
            content = await _get(client, url, Authorization=f"Bearer {answer['access_token']}")
            more = httpx2.Response(200, content=content).json()
            if more["sub"] != claims["sub"]:
                raise SignOnFailedError("the provider told about somebody else")
            return {**claims, "email": more.get("email"), "email_verified": more.get("email_verified")}

    def _is_fresh(self, instant: datetime) -> bool:
        """Tell whether what was fetched then still counts; a clock that went back makes nothing last longer."""
        return timedelta(0) <= self._now() - instant < KEPT_FOR


class _Sparing(httpx2.AsyncHTTPTransport):
    """Pass on answers of a limited size, as they are: nothing is unpacked."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, whose body ends with an error where it is too long."""
        answer = await super().handle_async_request(request)
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx2.RemoteProtocolError("the answer is packed, which was not asked for")
        body = cast("httpx2.AsyncByteStream", answer.stream)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=_Limited(body))


class _Limited(httpx2.AsyncByteStream):
    """A body that ends with an error where it is too long."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = ANSWER_BYTES
        async for chunk in self._body:
            left -= len(chunk)
            if left < 0:
                raise httpx2.ReadError("the answer is too long")
            yield chunk

    async def aclose(self) -> None:
        """Close the body."""
        await self._body.aclose()


# What a provider sends is read here; anything in it may have another shape than the standards say.
_BROKEN = (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, JoseError, ValueError, TypeError, LookupError)


@asynccontextmanager
async def _step(what: str) -> AsyncIterator[None]:
    """Give a step with the provider its time; raise SignOnFailedError that says which step failed, and how."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            yield
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise SignOnFailedError(f"{what}: no answer within {STEP_SECONDS:.0f} s") from error
    except _BROKEN as error:
        raise _failure(what, error) from error


async def _get(client: AsyncOAuth2Client, url: str, **headers: str) -> bytes:
    """Return what lies at an address; raise httpx2.HTTPError for anything but success."""
    answer = await client.request("GET", url, withhold_token=True, headers=headers)
    if answer.status_code != httpx2.codes.OK:
        raise httpx2.RemoteProtocolError(f"status {answer.status_code}")
    return cast("bytes", answer.content)


def _failure(what: str, error: Exception) -> SignOnFailedError:
    """Return the failure of a step, with the cause for ops."""
    return SignOnFailedError(f"{what}: {type(error).__name__}: {error}"[:300])


def _identity(claims: Mapping[str, Any]) -> Identity:
    """Return who it is; an e-mail counts as verified by `true` alone, since people may type there what they like."""
    subject, email = claims["sub"], claims.get("email")
    if not 0 < len(subject) <= _SUBJECT_LENGTH:
        raise SignOnFailedError("the subject is empty or too long")
    is_text = isinstance(email, str) and email != ""
    verified = is_text and claims.get("email_verified") is True
    return Identity(subject=subject, email=email if is_text else None, email_verified=verified)
