"""Single sign-on lets in whom the provider vouches for to this browser, now, and nobody else."""

import asyncio
import hmac
import json
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from secrets import token_urlsafe
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from attendance.accounts import provider as provider_module
from attendance.accounts.sso import SignedOn, SingleSignOn
from attendance.clock import Clock, utc_now
from attendance.errors import SettingsError, SignOnFailedError
from tests.providers import REDIRECT_URI, LyingProvider, RunningProvider, lying, providing
from tests.servers import free_port


class Drawer:
    """A place for tickets in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.seconds = 0

    def issue(self, purpose: str, payload: str, seconds: int) -> str:
        """Keep a payload."""
        secret = token_urlsafe(16)
        self.kept[purpose, secret] = payload
        self.seconds = seconds
        return secret

    def redeem(self, purpose: str, secret: str) -> str | None:
        """Give a payload back, once."""
        return self.kept.pop((purpose, secret), None)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    """Run a provider that knows Ana and Bo."""
    with providing(tmp_path_factory.mktemp("provider")) as running:
        running.set_user("0042", email="Ana@example.com", email_verified=True)
        running.set_user("0043", email="ana@example.com", email_verified=False)
        yield running


@pytest.fixture
def liar() -> Iterator[LyingProvider]:
    """Run a provider that answers what the test tells it."""
    with lying() as running:
        yield running


def make_sso(issuer: str, *, client: tuple[str, str] = ("attendance", "s3cret"), now: Clock = utc_now) -> SingleSignOn:
    """Return the single sign-on by a provider."""
    return SingleSignOn(issuer=issuer, client_id=client[0], client_secret=client[1], store=Drawer(), now=now)


def begin(sso: SingleSignOn) -> tuple[str, str]:
    """Return where a browser is sent, and its cookie."""
    return asyncio.run(sso.begin(REDIRECT_URI, "/hr"))


def finish(sso: SingleSignOn, cookie: str, query: dict[str, str]) -> SignedOn:
    """Take what a browser was sent back with."""
    return asyncio.run(sso.finish(state_cookie=cookie, query=query))


def refusal(sso: SingleSignOn, cookie: str, query: dict[str, str]) -> str:
    """Return the reason for which somebody is refused."""
    with pytest.raises(SignOnFailedError) as refused:
        finish(sso, cookie, query)
    return refused.value.reason


def sign_on(liar: LyingProvider, *, now: Clock = utc_now) -> SignedOn:
    """Go the whole round with a provider that may lie."""
    sso = make_sso(liar.issuer, now=now)
    address, cookie = begin(sso)
    return finish(sso, cookie, liar.approve(address))


def refusal_by(liar: LyingProvider) -> str:
    """Go the whole round, and return the reason for which it ends in a refusal."""
    with pytest.raises(SignOnFailedError) as refused:
        sign_on(liar)
    return refused.value.reason


# With a provider that others wrote.


def test_the_whole_round_tells_who_somebody_is(provider: RunningProvider) -> None:
    """Somebody signs in at the provider; we learn subject, e-mail, and where they wanted to go."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)

    signed_on = finish(sso, cookie, provider.sign_in(address, sub="0042"))

    assert signed_on == SignedOn(
        subject="0042", email="Ana@example.com", email_verified=True, issuer=provider.issuer, next_path="/hr"
    )
    assert signed_on.names == ("ana@example.com", "0042")


def test_an_email_that_was_not_verified_finds_no_account(provider: RunningProvider) -> None:
    """Somebody who typed another one's e-mail at the provider is known by their own subject only."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)

    signed_on = finish(sso, cookie, provider.sign_in(address, sub="0043"))

    assert not signed_on.email_verified
    assert signed_on.names == ("0043",)


def test_a_client_that_is_registered_signs_on_with_its_secret(tmp_path: Path) -> None:
    """A provider that looks at the secret of the client takes the right one, and no other."""
    with providing(tmp_path, "--require-registration", "True", "--require-nonce", "True") as strict:
        client_id, secret = strict.register()
        right, wrong = (make_sso(strict.issuer, client=(client_id, one)) for one in (secret, "guessed"))
        (address, cookie), (address_of_wrong, cookie_of_wrong) = begin(right), begin(wrong)

        signed_on = finish(right, cookie, strict.sign_in(address, sub="0042"))
        reason = refusal(wrong, cookie_of_wrong, strict.sign_in(address_of_wrong, sub="0042"))

    assert signed_on.subject == "0042"
    assert "invalid_client" in reason


def test_somebody_who_refuses_is_not_signed_on(provider: RunningProvider) -> None:
    """The provider's `access_denied` is a refusal, and the answer cannot be tried again."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    answer = provider.sign_in(address, action="deny")
    # This provider leaves the state out of a refusal; RFC 6749, 4.1.2.1, wants it there.
    answer.setdefault("state", parse_qs(urlsplit(address).query)["state"][0])

    reason = refusal(sso, cookie, answer)

    assert reason == "the provider answered: access_denied"
    assert refusal(sso, cookie, answer) == "the answer was used before, or came too late"


@pytest.mark.parametrize("state", ["", "other", "é", None])
def test_an_answer_with_another_state_is_refused(provider: RunningProvider, state: str | None) -> None:
    """An answer that somebody else made up does not fit the cookie."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    answer = provider.sign_in(address, sub="0042")
    del answer["state"]

    reason = refusal(sso, cookie, answer if state is None else answer | {"state": state})

    assert reason == "the answer was not asked for by this browser"


def test_an_answer_in_another_browser_is_refused_and_stays_good_in_its_own(provider: RunningProvider) -> None:
    """Nobody is signed on with another one's account by a link, and the owner of the answer loses nothing."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    _, other_cookie = begin(sso)
    answer = provider.sign_in(address, sub="0042")

    reasons = {refusal(sso, foreign, answer) for foreign in (other_cookie, "", answer["state"])}

    assert reasons == {"the answer was not asked for by this browser"}
    assert finish(sso, cookie, answer).subject == "0042"


def test_an_answer_is_good_once(provider: RunningProvider) -> None:
    """What stands in a browser's history signs nobody on again."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    answer = provider.sign_in(address, sub="0042")
    finish(sso, cookie, answer)

    assert refusal(sso, cookie, answer) == "the answer was used before, or came too late"


def test_a_code_is_good_once(provider: RunningProvider) -> None:
    """A code that was exchanged is refused by the provider, also under a new state."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    answer = provider.sign_in(address, sub="0042")
    finish(sso, cookie, answer)
    address, cookie = begin(sso)
    fresh = provider.sign_in(address, sub="0042")

    reason = refusal(sso, cookie, fresh | {"code": answer["code"]})

    assert "invalid_grant" in reason


def test_the_code_of_another_browser_is_refused_by_its_nonce(provider: RunningProvider) -> None:
    """Whoever stole a code cannot put it into an answer of their own: its ID token has another nonce."""
    sso = make_sso(provider.issuer)
    address_of_ana, _ = begin(sso)
    stolen = provider.sign_in(address_of_ana, sub="0042")["code"]
    address, cookie = begin(sso)
    own = provider.sign_in(address, sub="0043")

    reason = refusal(sso, cookie, own | {"code": stolen})

    assert reason.startswith("the ID token is refused: InvalidClaimError")
    assert "nonce" in reason


def test_an_id_token_that_is_too_old_is_refused(provider: RunningProvider) -> None:
    """After an hour and the minute that clocks may differ, a token of this provider is over."""
    clock = utc_now()
    sso = make_sso(provider.issuer, now=lambda: clock + timedelta(hours=1, minutes=2))
    address, cookie = begin(sso)

    assert "expired" in refusal(sso, cookie, provider.sign_in(address, sub="0042"))


def test_an_answer_without_a_code_is_refused(provider: RunningProvider) -> None:
    """The provider is not asked about nothing."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    answer = provider.sign_in(address, sub="0042") | {"code": ""}

    assert refusal(sso, cookie, answer) == "the answer has no code"


def test_an_answer_of_another_issuer_is_refused(provider: RunningProvider) -> None:
    """Where the answer names its issuer (RFC 9207), it is the one that was asked."""
    sso = make_sso(provider.issuer)
    address, cookie = begin(sso)
    answer = provider.sign_in(address, sub="0042") | {"iss": "https://evil.example"}

    assert refusal(sso, cookie, answer) == "the answer is that of another provider"


def test_the_issuer_is_spelled_as_the_provider_does(provider: RunningProvider) -> None:
    """An issuer with a slash too much is another issuer, and the reason says how it should be."""
    sso = make_sso(f"{provider.issuer}/")

    with pytest.raises(SignOnFailedError) as refused:
        begin(sso)

    assert refused.value.reason == f"the provider calls itself '{provider.issuer}', not '{provider.issuer}/'"


def test_a_provider_that_is_down_is_a_refusal() -> None:
    """The reason says which step failed."""
    down = make_sso(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(SignOnFailedError) as refused:
        begin(down)

    assert refused.value.reason.startswith("the provider's configuration cannot be read: ConnectError")


def test_a_provider_that_went_down_meanwhile_is_a_refusal(tmp_path: Path) -> None:
    """Somebody came back with a code, and nobody is there to exchange it."""
    with providing(tmp_path) as running:
        sso = make_sso(running.issuer)
        address, cookie = begin(sso)
        answer = running.sign_in(address, sub="0042")

    assert refusal(sso, cookie, answer).startswith("the code was not exchanged: ConnectError")


# With a provider that lies.


def test_an_honest_provider_is_believed(liar: LyingProvider) -> None:
    """What the lies below differ from is accepted, so it is the lie that is refused."""
    assert sign_on(liar).names == ("ana@example.com", "0042")


def test_a_browser_is_sent_with_pkce_state_and_nonce(liar: LyingProvider) -> None:
    """The address holds the challenge alone, the exchange its verifier; the cookie's secret stands in neither."""
    sso = make_sso(liar.issuer)
    address, cookie = begin(sso)
    finish(sso, cookie, liar.approve(address))

    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    verifier = liar.token_form["code_verifier"][0]

    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == liar.token_form["redirect_uri"][0] == REDIRECT_URI
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == create_s256_code_challenge(verifier)
    assert len(verifier) >= 43
    assert cookie not in address
    assert "s3cret" not in address


def test_what_was_asked_is_kept_for_ten_minutes(liar: LyingProvider) -> None:
    """Whoever takes longer at the provider begins again."""
    drawer = Drawer()
    sso = SingleSignOn(issuer=liar.issuer, client_id="attendance", client_secret="s", store=drawer, now=utc_now)  # noqa: S106  # of a test

    begin(sso)

    assert drawer.seconds == 600
    assert json.loads(next(iter(drawer.kept.values())))["next_path"] == "/hr"


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({"aud": "another"}, "aud"),
        ({"aud": ["attendance", "another"]}, "azp"),
        ({"azp": "another"}, "azp"),
        ({"aud": 7}, "aud"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1}, "expired"),
        ({"exp": "never"}, "exp"),
        ({"exp": float("nan")}, "exp"),
        ({"iat": 99_999_999_999}, "issued in the future"),
        ({"nbf": 99_999_999_999}, "not yet valid"),
        ({"sub": 7}, "sub"),
        ({"at_hash": "another"}, "at_hash"),
    ],
)
def test_a_wrong_claim_is_refused(liar: LyingProvider, claims: dict[str, object], named: str) -> None:
    """A token for another client, of another issuer, for another question or another time lets nobody in."""
    liar.claims = claims

    reason = refusal_by(liar)

    assert reason.startswith("the ID token is refused: ")
    assert named in reason


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_missing_claim_is_refused(liar: LyingProvider, name: str) -> None:
    """What is not said is not assumed."""
    liar.without = (name,)

    assert name in refusal_by(liar)


@pytest.mark.parametrize("subject", ["", "x" * 256])
def test_a_subject_that_is_none_is_refused(liar: LyingProvider, subject: str) -> None:
    """A subject has 1 to 255 characters."""
    liar.claims = {"sub": subject}

    assert "sub" in refusal_by(liar)


def test_a_token_by_another_key_is_refused(liar: LyingProvider) -> None:
    """A key of the same name that the provider does not publish signs nothing."""
    liar.published = [liar.key]
    liar.key = RSAKey.generate_key(2048, {"kid": "first"})

    assert "BadSignatureError" in refusal_by(liar)


def test_a_token_by_an_unknown_key_is_refused_after_one_more_look(liar: LyingProvider) -> None:
    """The keys are asked for again once, and not for ever."""
    liar.published = [liar.key]
    liar.key = RSAKey.generate_key(2048, {"kid": "second"})

    assert "InvalidKeyIdError" in refusal_by(liar)
    assert liar.asked.count("/keys") == 2


def test_a_new_key_of_the_provider_is_found(liar: LyingProvider) -> None:
    """A provider may change its key at any time; nobody has to restart anything."""
    sso = make_sso(liar.issuer)
    address, cookie = begin(sso)
    finish(sso, cookie, liar.approve(address))
    liar.key = RSAKey.generate_key(2048, {"kid": "second"})
    address, cookie = begin(sso)

    signed_on = finish(sso, cookie, liar.approve(address))

    assert signed_on.subject == "0042"
    assert liar.asked.count("/keys") == 2


@pytest.mark.parametrize("kept_minutes", [59, 61])
def test_metadata_and_keys_are_kept_for_an_hour(liar: LyingProvider, kept_minutes: int) -> None:
    """The provider is not asked for them with every sign-on."""
    offset = timedelta(0)
    sso = make_sso(liar.issuer, now=lambda: _shifted(offset))
    address, cookie = begin(sso)
    finish(sso, cookie, liar.approve(address))
    offset = timedelta(minutes=kept_minutes)
    liar.claims = {"exp": 99_999_999_999}
    address, cookie = begin(sso)

    finish(sso, cookie, liar.approve(address))

    rounds = 1 if kept_minutes < 60 else 2
    assert liar.asked.count("/.well-known/openid-configuration") == rounds
    assert liar.asked.count("/keys") == rounds


def _unsigned(liar: LyingProvider) -> str:
    """Return a token that says that it needs no signature."""
    _, payload, _ = liar.sign().split(".")
    return f"eyJhbGciOiJub25lIn0.{payload}."


def _by_the_public_key(liar: LyingProvider) -> str:
    """Return a token whose HMAC has the published key as its secret."""
    header = urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": liar.key.kid}).encode()).decode().rstrip("=")
    signed = f"{header}.{liar.sign().split('.')[1]}"
    digest = hmac.digest(liar.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


def _stripped(liar: LyingProvider) -> str:
    """Return a token without its signature."""
    return liar.sign().rpartition(".")[0] + "."


def _altered(liar: LyingProvider) -> str:
    """Return a token whose claims are those of another one."""
    header, _, signature = liar.sign().split(".")
    liar.claims = {"sub": "0043"}
    return f"{header}.{liar.sign().split('.')[1]}.{signature}"


@pytest.mark.parametrize("forge", [_unsigned, _by_the_public_key, _stripped, _altered])
def test_a_forged_token_is_refused(liar: LyingProvider, forge: Callable[[LyingProvider], str]) -> None:
    """No signature, one with a public key, or one of something else is none."""
    sso = make_sso(liar.issuer)
    address, cookie = begin(sso)
    answer = liar.approve(address)
    liar.id_token = forge(liar)

    assert refusal(sso, cookie, answer).startswith("the ID token is refused: ")


@pytest.mark.parametrize("token", ["", "a.b.c", "....", "é", "e30.e30.e30"])
def test_what_is_no_token_is_refused(liar: LyingProvider, token: str) -> None:
    """Nonsense in the place of the token is a refusal, not a crash."""
    liar.raw["/token"] = json.dumps({"access_token": "t", "token_type": "Bearer", "id_token": token}).encode()

    assert refusal_by(liar).startswith("the ID token is refused: ")


@pytest.mark.parametrize("alg", ["PS256", "RS512"])
def test_other_signatures_by_a_private_key_are_good(liar: LyingProvider, alg: str) -> None:
    """Providers sign by RSA in several ways."""
    liar.header = {"alg": alg}

    assert sign_on(liar).subject == "0042"


def test_signatures_on_elliptic_curves_are_good(liar: LyingProvider) -> None:
    """A provider may sign by ES256."""
    key = ECKey.generate_key("P-256", {"kid": "curve"})
    liar.raw["/keys"] = json.dumps({"keys": [{"kty": "new"} | {"kid": "x"}, key.as_dict(private=False)]}).encode()
    sso = make_sso(liar.issuer)
    address, cookie = begin(sso)
    answer = liar.approve(address)
    liar.id_token = jwt.encode({"alg": "ES256", "kid": "curve"}, jwt.decode(liar.sign(), liar.key).claims, key)

    assert finish(sso, cookie, answer).subject == "0042"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize("sent", [b"", b"<html>", b"[]", b"null", b"7", b'{"keys": 7}', b'{"keys": [7]}', b"\xff"])
def test_what_is_no_answer_is_refused(liar: LyingProvider, path: str, sent: bytes) -> None:
    """A provider that answers something else is a refusal, not a crash."""
    liar.raw[path] = sent

    assert refusal_by(liar)


def test_an_error_of_the_exchange_is_told(liar: LyingProvider) -> None:
    """Ops read what the provider says, cut to a sensible length."""
    liar.raw["/token"] = json.dumps({"error": "invalid_grant", "error_description": "x" * 1000}).encode()

    reason = refusal_by(liar)

    assert reason.startswith("the code was not exchanged: OAuthError: invalid_grant: xxx")
    assert len(reason) == 300


def test_an_answer_that_is_too_long_is_refused(liar: LyingProvider) -> None:
    """Nobody's memory is filled by a provider."""
    liar.raw["/keys"] = b" " * (provider_module.ANSWER_BYTES + 1)

    assert "the answer is too long" in refusal_by(liar)


def test_a_packed_answer_is_refused(liar: LyingProvider) -> None:
    """Nothing is unpacked, so nothing small becomes large."""
    liar.packed = True

    assert "the answer is packed" in refusal_by(liar)


def test_a_provider_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that sends one byte now and then holds nobody for long."""
    monkeypatch.setattr(provider_module, "STEP_SECONDS", 0.6)
    over = Event()

    class Slow(BaseHTTPRequestHandler):
        """Send a byte every tenth of a second."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not over.wait(0.1):
                self.wfile.write(b" ")
                self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        began = monotonic()
        try:
            with pytest.raises(SignOnFailedError) as refused:
                begin(make_sso(f"http://127.0.0.1:{server.server_port}"))
            took = monotonic() - began
        finally:
            over.set()
            thread.join()

    assert "no answer within" in refused.value.reason
    assert took < 5


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize("url", ["http://192.0.2.1/x", "http://127.0.0.1:1/x", "file:///etc/passwd", "/x", "https:x"])
def test_an_endpoint_without_https_is_refused(liar: LyingProvider, name: str, url: str) -> None:
    """Codes, secrets and keys travel over TLS, wherever the metadata point."""
    liar.metadata = {name: url}

    assert refusal_by(liar) == f"an endpoint of the provider is not an https address: {url!r}"


def test_a_provider_that_takes_the_secret_in_the_form_gets_it_there(liar: LyingProvider) -> None:
    """Of the two ways to show a secret, the one that the provider names is used."""
    liar.metadata = {"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}

    sign_on(liar)

    assert liar.token_form["client_secret"] == ["s3cret"]


def test_a_provider_that_takes_no_secret_is_refused(liar: LyingProvider) -> None:
    """It is told at once, not after somebody signed in."""
    liar.metadata = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}

    assert refusal_by(liar).startswith("the provider takes no client secret")


def test_an_email_outside_the_token_is_asked_for(liar: LyingProvider) -> None:
    """Some providers tell the e-mail at their userinfo endpoint only."""
    liar.without = ("email", "email_verified")
    liar.told = {"sub": "0042", "email": "ana@example.com", "email_verified": True}

    assert sign_on(liar).names == ("ana@example.com", "0042")


def test_an_email_of_somebody_else_is_refused(liar: LyingProvider) -> None:
    """What the userinfo endpoint tells counts for the same subject only."""
    liar.without = ("email", "email_verified")
    liar.told = {"sub": "0043", "email": "ana@example.com", "email_verified": True}

    assert refusal_by(liar) == "the provider told about somebody else"


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"email_verified": "true"}, ("0042",)),
        ({"email_verified": 1}, ("0042",)),
        ({"email_verified": None}, ("0042",)),
        ({"email": ["ana@example.com"]}, ("0042",)),
        ({"email": ""}, ("0042",)),
        ({"email": "0042"}, ("0042",)),
        ({"sub": "boss@example.com"}, ("ana@example.com",)),
        ({"sub": "boss@example.com", "email_verified": False}, ()),
    ],
)
def test_an_account_is_found_by_a_verified_email_or_a_subject_alone(
    liar: LyingProvider, claims: dict[str, object], names: tuple[str, ...]
) -> None:
    """Only `true` verifies, and no subject passes for an e-mail."""
    liar.claims = claims

    assert sign_on(liar).names == names


def test_the_answers_error_is_not_repeated(liar: LyingProvider) -> None:
    """Whoever writes their own answer writes nothing into the log."""
    sso = make_sso(liar.issuer)
    address, cookie = begin(sso)
    answer = {"error": "x\ny", "state": liar.approve(address)["state"]}

    assert refusal(sso, cookie, answer) == "the provider answered: an error without a proper code"


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever configures single sign-on without its libraries is told at the start."""
    monkeypatch.delitem(sys.modules, "attendance.accounts.provider")
    monkeypatch.setitem(sys.modules, "authlib", None)
    for name in [name for name in sys.modules if name.startswith("authlib.")]:
        monkeypatch.delitem(sys.modules, name)

    with pytest.raises(SettingsError, match=r"pip install 'attendance\[sso\]'"):
        make_sso("https://login.example.com")


def _shifted(offset: timedelta) -> datetime:
    """Return an instant that far from now."""
    return utc_now() + offset
