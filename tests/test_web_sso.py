"""Claims about the single sign-on in a browser, with a provider that others wrote, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx2 import Response
from pydantic import SecretStr

from attendance.accounts.nouns import Account
from attendance.clock import utc_now
from attendance.web.cookies import SESSION, SIGN_ON
from tests.access_web import grant, services
from tests.providers import RunningProvider, providing
from tests.webapp import HTML, Web, is_problem, serving_web, visible_text

CALLBACK = "/sign-in/sso/callback"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    """A provider that knows Ana by a verified e-mail, and Eve by one that is not."""
    with providing(tmp_path_factory.mktemp("provider")) as running:
        running.set_user("ana-7", email="Ana@Example.org", email_verified=True)
        running.set_user("eve-1", email="ana@example.org", email_verified=False)
        yield running


@pytest.fixture
def web(tmp_path: Path, provider: RunningProvider) -> Iterator[Web]:
    """One site, asked from elsewhere by https, and an account for Ana without a password."""
    sso: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": "attendance",
        "oidc_client_secret": SecretStr("s3cret"),
    }
    with serving_web(tmp_path, scheme="https", **sso) as served:
        served.clock.now = utc_now()  # as the provider's
        account = Account(name="ana", grant=grant(["hr"]), sso="ana@example.org")
        services(served).granting.add_account(account, None, by="test")
        yield served


def come_back(web: Web, provider: RunningProvider, subject: str, begun: Response) -> Response:
    """Sign in at the provider as somebody, and return what the server says to its answer."""
    path = begun.headers["location"].removeprefix(provider.issuer)
    status, location, _ = provider.send("POST", path, urlencode({"sub": subject}), "application/x-www-form-urlencoded")
    assert status == 302
    return web.client.get(f"{CALLBACK}?{urlsplit(location).query}", headers=HTML)


def test_the_sign_in_page_offers_it_only_where_it_is_configured(web: Web, tmp_path: Path) -> None:
    """Without it there is no such button, and no such address."""
    offered = web.client.get("/sign-in", headers=HTML)
    (tmp_path / "plain").mkdir()
    with serving_web(tmp_path / "plain", scheme="https") as plain:
        bare, missing = plain.client.get("/sign-in", headers=HTML), plain.client.get("/sign-in/sso")

    assert "company account" in visible_text(offered)
    assert "company account" not in visible_text(bare)
    assert missing.status_code == 404


def test_whom_the_provider_vouches_for_is_let_in_without_another_factor(web: Web, provider: RunningProvider) -> None:
    """By the verified e-mail, in whatever case, and to where they wanted to go; the provider saw to the rest."""
    begun = web.client.get("/sign-in/sso?next=/hr/kiosks", headers=HTML)

    answer = come_back(web, provider, "ana-7", begun)

    sent = parse_qs(urlsplit(begun.headers["location"]).query)
    assert sent["redirect_uri"] == [f"https://testserver{CALLBACK}"]
    assert sent["code_challenge_method"] == ["S256"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/hr/kiosks")
    assert f"__Host-{SESSION}" in answer.cookies
    assert web.client.get("/hr", headers=HTML).status_code == 200


@pytest.mark.parametrize("subject", ["eve-1", "ana@example.org", "stranger"])
def test_nobody_else_is_let_in(web: Web, provider: RunningProvider, subject: str) -> None:
    """Neither by an e-mail that was not verified, nor by a subject that looks like one; it is noted."""
    answer = come_back(web, provider, subject, web.client.get("/sign-in/sso", headers=HTML))

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "no_account_for_sso" in (web.folder / "logs" / "audit.log").read_text()


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(web: Web, provider: RunningProvider) -> None:
    """A link with somebody else's answer signs nobody in."""
    begun = web.client.get("/sign-in/sso", headers=HTML)
    web.client.cookies.clear()

    answer = come_back(web, provider, "ana-7", begun)

    assert answer.status_code == 403
    assert f"__Host-{SESSION}" not in answer.cookies


def test_a_disabled_account_is_not_let_in(web: Web, provider: RunningProvider) -> None:
    """Whatever the provider says; and its session is over at once."""
    come_back(web, provider, "ana-7", web.client.get("/sign-in/sso", headers=HTML))

    services(web).granting.disable("ana", by="test")

    assert web.client.get("/hr").status_code == 401
    assert come_back(web, provider, "ana-7", web.client.get("/sign-in/sso", headers=HTML)).status_code == 403


def test_a_parameter_that_stands_twice_is_refused(web: Web) -> None:
    """Which of the two would be meant?"""
    begun = web.client.get("/sign-in/sso", headers=HTML)

    answer = web.client.get(f"{CALLBACK}?code=a&code=b&state=c")

    assert f"__Host-{SIGN_ON}" in begun.cookies
    assert is_problem(answer, 403, "sign_on_failed")
    assert "a parameter of the answer stands twice" in {event.get("reason") for event in web.events()}


def test_nobody_is_led_elsewhere_afterwards(web: Web, provider: RunningProvider) -> None:
    """An address of another site is passed over."""
    begun = web.client.get("/sign-in/sso?next=https://evil.example", headers=HTML)

    assert come_back(web, provider, "ana-7", begun).headers["location"] == "/hr"
