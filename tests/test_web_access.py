"""Claims about who may call what: every route, every role, at an own and at a foreign site."""

import json
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from httpx2 import Response
from starlette.routing import BaseRoute, Mount

from attendance.accounts.nouns import Account
from attendance.web.access import rules_of
from tests.access_web import add_account, kiosk_of, services, session_of, token_of
from tests.webapp import HTML, Web, serving_web

SITES = {
    "london": "timezone: Europe/London",
    "kolkata": "timezone: Asia/Kolkata",
    "oslo": "timezone: Europe/Oslo; marking: kiosk",
    "lima": "timezone: America/Lima; marking: kiosk",
}
OWN = ("london", "oslo")
EVERYBODY = {"stranger", "hr", "ops", "viewer", "token", "kiosk"}
SIGNED_IN = {"hr", "ops", "viewer"}
KIOSK = {"kiosk"}

# Who may call what. A route that is not in here is not finished, and one that is in here twice cannot be.
MAY: dict[str, set[str]] = {
    "GET /": EVERYBODY,
    "GET /attendance": EVERYBODY,
    "POST /attendance": EVERYBODY,
    "GET /sites/{site}/attendance": EVERYBODY,
    "POST /sites/{site}/attendance": EVERYBODY,
    "GET /sites/{site}/kiosk": EVERYBODY,
    "POST /sites/{site}/kiosk": EVERYBODY,
    "POST /sites/{site}/kiosk/mark": KIOSK,
    "GET /sites/{site}/kiosk/people": KIOSK,
    "POST /sites/{site}/kiosk/people": KIOSK,
    "POST /sites/{site}/kiosk/person": KIOSK,
    "GET /sites/{site}/kiosk/code": KIOSK,
    "GET /sites/{site}/forgotten": KIOSK,
    "POST /sites/{site}/forgotten": KIOSK,
    "GET /sites/{site}/board": EVERYBODY,
    "POST /sites/{site}/board": EVERYBODY,
    "GET /sites/{site}/board/people": KIOSK,
    "GET /clock": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "POST /sign-in/code": EVERYBODY,
    "GET /sign-in/sso": EVERYBODY,
    "GET /sign-in/sso/callback": EVERYBODY,
    "POST /sign-out": EVERYBODY,
    "GET /first-account/{secret}": EVERYBODY,
    "POST /first-account/{secret}": EVERYBODY,
    "GET /account": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "POST /account/sign-out-elsewhere": SIGNED_IN,
    "GET /account/second-factor": SIGNED_IN,
    "POST /account/second-factor": SIGNED_IN,
    "GET /hr": {"hr", "viewer", "token"},
    "GET /hr/sites/{site}": {"hr", "viewer", "token"},
    "GET /hr/sites/{site}/muster": {"hr", "viewer", "token"},
    "GET /hr/days": {"hr", "token"},
    "GET /hr/days/{date}": {"hr", "token"},
    "GET /hr/sites/{site}/days": {"hr", "token"},
    "GET /hr/sites/{site}/days/{date}": {"hr", "token"},
    "GET /hr/sites/{site}/employees/{employee_id}": {"hr", "token"},
    "GET /hr/sun": {"hr", "token"},
    "GET /hr/sun/{date}": {"hr", "token"},
    "GET /hr/sites/{site}/months": {"hr", "token"},
    "GET /hr/sites/{site}/months/{month}": {"hr", "token"},
    "GET /hr/kiosks": {"hr", "ops", "token"},
    "POST /hr/sites/{site}/kiosks": {"hr", "ops", "token"},
    "POST /hr/sites/{site}/kiosks/{name}/revoke": {"hr", "ops", "token"},
    "GET /hr/sites/{site}/pins": {"hr", "token"},
    "POST /hr/sites/{site}/pins": {"hr", "token"},
    "POST /hr/sites/{site}/pins/remove": {"hr", "token"},
    "GET /hr/sites/{site}/employees/{employee_id}/days/{date}": {"hr", "token"},
    "POST /hr/sites/{site}/employees/{employee_id}/days/{date}": {"hr", "token"},
    "GET /hr/requests": {"hr", "token"},
    "POST /hr/sites/{site}/requests/{number}": {"hr", "token"},
    "GET /hr/sites/{site}/months/{month}/closing": {"hr", "token"},
    "GET /hr/sites/{site}/months/{month}/closing/sheet": {"hr", "token"},
    "POST /hr/sites/{site}/months/{month}/close": {"hr", "token"},
    "POST /hr/sites/{site}/months/{month}/reopen": {"hr", "token"},
    "GET /hr/sites/{site}/roster": {"hr", "token"},
    "GET /hr/sites/{site}/roster.csv": {"hr", "token"},
    "POST /hr/sites/{site}/roster": {"hr", "token"},
    "POST /hr/sites/{site}/roster/apply": {"hr", "token"},
    "GET /hr/sites/{site}/edited": {"hr", "token"},
    "POST /hr/sites/{site}/edited": {"hr", "token"},
    "POST /hr/sites/{site}/edited/amend": {"hr", "token"},
    "GET /api/months/{month}": {"hr", "token"},
    "GET /api/marks": {"hr", "token"},
    "GET /api/sites/{site}/employees/{employee_id}": {"hr", "token"},
    "GET /metrics": {"ops"},
    "GET /docs": SIGNED_IN | {"token"},
    "GET /openapi.json": SIGNED_IN | {"token"},
    "GET /api/sites": {"hr", "viewer", "token"},
    "GET /api/sites/{site}/board": {"hr", "viewer", "token"},
    "GET /api/live": {"hr", "viewer", "token"},
    "GET /api/days/{date}": {"hr", "token"},
}
CALLERS = sorted(EVERYBODY)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Four sites, asked from the machine itself."""
    with serving_web(tmp_path_factory.mktemp("access"), peer="127.0.0.1", sites=SITES) as served:
        yield served


@pytest.fixture(scope="module")
def accounts(web: Web) -> dict[str, Account]:
    """An account for each role; they are known at london and oslo alone."""
    return {role: add_account(web, f"{role}-here", role, sites=OWN) for role in SIGNED_IN}


@pytest.fixture(scope="module")
def held(web: Web) -> dict[str, dict[str, str]]:
    """What a program and a kiosk send, and a stranger does not."""
    return {"token": token_of(web, "program", "hr", sites=OWN), "kiosk": kiosk_of(web, "oslo"), "stranger": {}}


@pytest.fixture
def headers(web: Web, accounts: dict[str, Account], held: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """What each caller sends; sessions are new each time, since some routes end them."""
    return {role: session_of(web, account) for role, account in accounts.items()} | held


def _routes(found: list[BaseRoute]) -> Iterator[tuple[str, APIRoute]]:
    """Yield every route with its method and address."""
    for route in found:
        assert isinstance(route, (APIRoute, Mount)), f"{route} is of a kind that has no rule"
        if isinstance(route, APIRoute):
            for method in route.methods or ():
                yield f"{method} {route.path}", route


def ask(web: Web, route: str, site_id: str, headers: dict[str, str], **more: str) -> Response:
    """Call a route."""
    method, _, path = route.partition(" ")
    path = path.replace("{site}", site_id).replace("{name}", "nobody").replace("{secret}", "nothing")
    path = path.replace("{date}", "2026-11-20").replace("{month}", "2026-10").replace("{number}", "2")
    path = path.replace("{employee_id}", "E1")
    path += "?follow=false" if path == "/api/live" else ""  # else it goes on for ever
    web.client.cookies.clear()
    return web.client.request(method, path, headers=headers | more)


def _audited(web: Web) -> list[dict[str, str]]:
    """Return the lines of the audit log."""
    return [json.loads(line) for line in (web.folder / "logs" / "audit.log").read_text().splitlines()]


def _is_let_in(answer: Response) -> bool:
    """Tell whether a rule let the request pass: what the handler says of it is another matter."""
    assert answer.status_code < 500
    if "problem" not in answer.headers.get("content-type", ""):
        return True
    return answer.json()["code"] not in {"not_signed_in", "forbidden", "second_factor_needed", "kiosk_needed"}


def test_every_route_declares_one_rule_and_stands_in_the_table(web: Web) -> None:
    """Who adds a route says who may call it, in the code and here."""
    routes = list(_routes(web.app.router.routes))

    assert [name for name, route in routes if len(rules_of(route)) != 1] == []
    assert {name for name, _ in routes} == set(MAY)


def test_only_static_files_are_mounted_without_a_rule(web: Web) -> None:
    """A mounted application would decide for itself."""
    mounted = [route.path for route in web.app.router.routes if isinstance(route, Mount)]

    assert len(mounted) == 1
    assert mounted[0].startswith("/static/")


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", MAY)
def test_a_route_lets_in_whom_the_table_names(
    web: Web, headers: dict[str, dict[str, str]], route: str, caller: str
) -> None:
    """At an own site by the role, at a foreign one only where strangers are let in as well."""
    sites = ("lima", "oslo") if MAY[route] == KIOSK else ("kolkata", "london")

    foreign, own = (ask(web, route, site_id, headers[caller]) for site_id in sites)

    is_open = MAY[route] == EVERYBODY
    assert _is_let_in(foreign) is (caller in MAY[route] and (is_open or "{site}" not in route))
    if "{site}" in route:
        assert _is_let_in(own) is (caller in MAY[route])


@pytest.mark.parametrize("route", [route for route, who in MAY.items() if who not in (EVERYBODY, KIOSK)])
def test_a_stranger_is_told_to_sign_in(web: Web, route: str) -> None:
    """A program is answered 401 with a problem, a browser sent to the sign-in page and back, if it only looks."""
    program = ask(web, route, "london", {})
    browser = ask(web, route, "london", HTML)

    assert program.status_code == 401
    assert program.json()["code"] == "not_signed_in"
    assert program.headers["www-authenticate"].startswith("Bearer")
    if route.startswith("GET"):
        assert browser.status_code == 303
        assert browser.headers["location"].startswith("/sign-in?next=%2F")
    else:
        assert browser.status_code == 401


@pytest.mark.parametrize(
    "route", [route for route, who in MAY.items() if who not in (EVERYBODY, KIOSK) and "{site}" in route]
)
def test_nobody_is_let_in_at_a_foreign_site_by_way_of_the_address(
    web: Web, headers: dict[str, dict[str, str]], route: str
) -> None:
    """Neither another case, nor an encoded letter, nor dots open the site of others."""
    for site_id in ("kolkata", "KOLKATA", "%6bolkata", "london%2f..%2fkolkata", "atlantis"):
        answer = ask(web, route, site_id, headers["hr"])

        assert answer.status_code in {403, 404}
        assert "Kolkata" not in answer.text


@pytest.mark.parametrize("route", [route for route, who in MAY.items() if who == KIOSK])
def test_a_kiosk_is_let_in_at_no_other_site(web: Web, headers: dict[str, dict[str, str]], route: str) -> None:
    """Neither under another spelling of its own site, nor at the sites of others; strangers are told what is needed."""
    for site_id in ("lima", "london", "OSLO", "oslo%2f..%2flima", "atlantis"):
        assert ask(web, route, site_id, headers["kiosk"]).status_code in {403, 404}

    stranger = ask(web, route, "oslo", {})

    assert (stranger.status_code, stranger.json()["code"]) == (403, "kiosk_needed")


def test_the_kiosk_of_another_site_cannot_be_taken_away(web: Web, headers: dict[str, dict[str, str]]) -> None:
    """Not by its name under a site of one's own, nor by that of its site."""
    kiosk_of(web, "lima", "lima.door")

    answers = [
        web.client.post(f"/hr/sites/{site_id}/kiosks/lima.door/revoke", headers=headers["hr"])
        for site_id in ("london", "lima")
    ]

    assert [answer.status_code for answer in answers] == [404, 403]
    assert "lima.door" in services(web).accounts.current().kiosks
    assert "lima.door" not in answers[0].text


def test_no_other_site_may_read_an_answer(web: Web, headers: dict[str, dict[str, str]]) -> None:
    """There is no CORS: a browser keeps every answer from the pages of others."""
    for route in ("GET /api/sites", "GET /hr", "GET /healthz"):
        answer = ask(web, route, "london", headers["hr"], Origin="https://evil.example")

        assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_refusals_are_noted_with_where_they_came_from(web: Web, headers: dict[str, dict[str, str]]) -> None:
    """A token that is none, a device that is no kiosk, a right that is not there."""
    before = len(_audited(web))
    ask(web, "GET /api/sites", "", {"Authorization": "Bearer att_wrong"})
    ask(web, "POST /sites/{site}/attendance", "oslo", {})
    ask(web, "GET /hr/sites/{site}", "kolkata", headers["hr"])

    noted = _audited(web)[before:]

    assert [(one["action"], one["outcome"], one["address"]) for one in noted if one["action"] == "refused"] == [
        ("refused", "not_signed_in", "127.0.0.1"),
        ("refused", "kiosk_needed", "127.0.0.1"),
        ("refused", "forbidden", "127.0.0.1"),
    ]


def test_what_is_changed_in_a_browser_is_noted_with_where_it_came_from(
    web: Web, headers: dict[str, dict[str, str]]
) -> None:
    """Who, at which site, from which address."""
    web.client.post("/hr/sites/london/kiosks", data={"name": "back door"}, headers=headers["hr"])

    last = _audited(web)[-1]

    assert (last["action"], last["who"], last["site"], last["address"]) == (
        "kiosk_code",
        "hr-here",
        "london",
        "127.0.0.1",
    )


def test_what_a_token_may_not_is_a_refusal_in_the_audit(web: Web, headers: dict[str, dict[str, str]]) -> None:
    """Who, from where, what."""
    ask(web, "GET /hr/sites/{site}", "kolkata", headers["token"])

    text = (web.folder / "logs" / "audit.log").read_text()
    assert '"action": "refused", "outcome": "forbidden", "who": "token program", "address": "127.0.0.1"' in text


@pytest.mark.parametrize(
    "bearer", ["", " ", "att_", "att_wrong", "x" * 5000, "Basic abc"], ids=lambda text: text[:9] or "none"
)
def test_a_bearer_that_is_none_of_ours_opens_nothing(web: Web, bearer: str) -> None:
    """It is answered like a stranger."""
    answer = ask(web, "GET /hr", "", {"Authorization": f"Bearer {bearer}"})

    assert answer.status_code == 401


def test_a_token_that_is_over_or_taken_away_opens_nothing(web: Web) -> None:
    """A day after a day, and at once when it is revoked."""
    short, gone = token_of(web, "short", "viewer"), token_of(web, "gone", "viewer")
    assert [ask(web, "GET /hr", "", one).status_code for one in (short, gone)] == [200, 200]

    services(web).granting.revoke_token("gone", by="test")
    refused_at_once = ask(web, "GET /hr", "", gone).status_code
    web.clock.move(days=1)
    refused_later = ask(web, "GET /hr", "", short).status_code
    web.clock.move(days=-1)

    assert (refused_at_once, refused_later) == (401, 401)


def test_a_kiosk_may_mark_at_its_own_site_alone(web: Web, headers: dict[str, dict[str, str]]) -> None:
    """Its cookie opens no other site, and no page of HR."""
    mark = {"employee_id": "E1", "name": "Ana", "status": "Present"}
    web.client.cookies.clear()

    here = web.client.post("/sites/oslo/attendance", json=mark, headers=headers["kiosk"])
    there = web.client.post("/sites/lima/attendance", json=mark, headers=headers["kiosk"])
    stranger = web.client.post("/sites/oslo/attendance", json=mark)

    assert here.status_code == 201
    assert (there.status_code, there.json()["code"]) == (403, "kiosk_needed")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "kiosk_needed")
    assert "E1" not in web.ledger("lima")
