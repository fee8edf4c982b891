"""Claims about how people come in, and go: the first account, the sign-in page, its second step, one's own account."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from httpx2 import Response

from attendance.web.cookies import DEVICE, SESSION
from attendance.web.signing import local_path
from tests.access_web import PASSWORD, add_account, services, session_of
from tests.webapp import HTML, Web, is_problem, serving_web, tags, visible_text

LOCAL = "127.0.0.1"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """One site, asked from the machine itself."""
    with serving_web(tmp_path, peer=LOCAL) as served:
        yield served


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Web]:
    """One site, asked from elsewhere by https."""
    with serving_web(tmp_path, scheme="https") as served:
        yield served


def sign_in(web: Web, name: str = "ana", password: str = PASSWORD, next_path: str = "", **headers: str) -> Response:
    """Send the sign-in form as a browser does."""
    form = {"name": name, "password": password, "next": next_path}
    return web.client.post("/sign-in", data=form, headers=HTML | headers)


def audited(web: Web) -> list[dict[str, str]]:
    """Return the lines of the audit log."""
    return [json.loads(line) for line in (web.folder / "logs" / "audit.log").read_text().splitlines()]


# The first account


def test_the_first_account_is_made_by_the_link_and_nothing_else(web: Web) -> None:
    """The link lies in a file that only the server's user reads; one form, and HR sees who is in."""
    path = web.folder / ".first-account"
    link = path.read_text().strip().replace("http://127.0.0.1:8000", "")
    mode = path.stat().st_mode & 0o777

    page = web.client.get(link, headers=HTML)
    made = web.client.post(link, data={"name": "Ana", "password": PASSWORD}, headers=HTML)
    inside = web.client.get("/hr", headers=HTML)

    assert mode == 0o600
    assert (page.status_code, made.status_code, made.headers["location"]) == (200, 303, "/hr")
    assert inside.status_code == 200
    assert "ana" in visible_text(inside)
    assert (web.folder / "accounts.yaml").stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_the_link_is_good_once(web: Web) -> None:
    """The second visitor is told so, and makes no account."""
    link = (web.folder / ".first-account").read_text().strip().replace("http://127.0.0.1:8000", "")
    web.client.post(link, data={"name": "ana", "password": PASSWORD})
    web.client.cookies.clear()

    page = web.client.get(link, headers=HTML)
    again = web.client.post(link, data={"name": "eve", "password": PASSWORD})

    assert page.status_code == 403
    assert is_problem(again, 403, "link_used")
    assert list(services(web).accounts.current().accounts) == ["ana"]


def test_another_secret_opens_nothing(web: Web) -> None:
    """Neither a guess nor an empty one, before there is an account; where the right one stands is told."""
    for secret in ("guess", "a" * 22, "%00", "ä"):
        answer = web.client.get(f"/first-account/{secret}")
        assert is_problem(answer, 403, "link_used")
        assert answer.json()["detail"] == "This link is not right. Open the one that `attendance serve` printed."


def test_the_sign_in_page_says_where_the_first_account_is_made(web: Web) -> None:
    """Until there is one, and not in the words for a wrong password alone."""
    before, refused = web.client.get("/sign-in", headers=HTML), sign_in(web)
    add_account(web, "ana", "hr")
    after = web.client.get("/sign-in", headers=HTML)

    told = ["There is no account yet." in visible_text(page) for page in (before, refused, after)]

    assert told == [True, True, False]
    assert ".first-account beside sites.yaml" in visible_text(before)


def test_the_sites_lead_to_the_sign_in_page(web: Web) -> None:
    """HR need not know its address."""
    page = web.client.get("/", headers=HTML)

    assert tags(page, "a", href="/sign-in")
    assert "For HR: sign in" in visible_text(page)


def test_a_weak_password_is_refused_beside_its_field(web: Web) -> None:
    """What was typed as a name stays; the link stays good."""
    link = (web.folder / ".first-account").read_text().strip().replace("http://127.0.0.1:8000", "")

    refused = web.client.post(link, data={"name": "ana", "password": "short"}, headers=HTML)

    assert refused.status_code == 422
    assert "at least 8 characters" in visible_text(refused)
    assert [tag["value"] for tag in tags(refused, "input", id="name")] == ["ana"]
    assert web.client.get(link).status_code == 200


# Signing in


def test_who_signs_in_is_let_in_and_noted(web: Web) -> None:
    """A new session each time; the cookies are for the browser alone."""
    add_account(web, "ana", "hr")

    first, second = sign_in(web, next_path="/hr/kiosks"), sign_in(web)

    assert (first.status_code, first.headers["location"]) == (303, "/hr/kiosks")
    cookies = first.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == [SESSION, DEVICE]
    assert all("HttpOnly" in cookie and "samesite=lax" in cookie.lower() for cookie in cookies)
    assert first.cookies[SESSION] != second.cookies[SESSION]
    assert len(first.cookies[SESSION]) == 22
    assert [(line["action"], line["who"], line["address"]) for line in audited(web)[-2:]] == [
        ("sign_in", "ana", LOCAL)
    ] * 2


def test_behind_tls_the_cookies_cannot_be_set_by_anybody_else(far: Web) -> None:
    """`__Host-` and Secure; browsers come by TLS only from then on."""
    add_account(far, "vera", "viewer")

    answer = sign_in(far, "vera")

    cookies = answer.headers.get_list("set-cookie")
    assert all(cookie.startswith("__Host-") and "Secure" in cookie and "Path=/;" in cookie for cookie in cookies)
    assert "Domain" not in "".join(cookies)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_session_that_was_there_before_is_not_the_one_after(web: Web) -> None:
    """Who plants a cookie gains nothing by it (session fixation)."""
    add_account(web, "ana", "hr")

    answer = sign_in(web, Cookie=f"{SESSION}=planted-by-somebody; {DEVICE}=planted-too")

    assert answer.cookies[SESSION] != "planted-by-somebody"
    assert answer.cookies[DEVICE] != "planted-too"
    assert web.client.get("/hr", headers={"Cookie": f"{SESSION}=planted-by-somebody"}).status_code == 401


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong password"), ("nobody", PASSWORD), ("", ""), ("ana", "")])
def test_whatever_is_wrong_is_told_in_the_same_words(web: Web, name: str, password: str) -> None:
    """Nobody learns which names there are; the name stays typed, the password does not."""
    add_account(web, "ana", "hr")

    page = sign_in(web, name, password)
    program = web.client.post("/sign-in", data={"name": name, "password": password})

    assert page.status_code == 401
    assert "Name or password are not right." in visible_text(page)
    assert [tag.get("value", "") for tag in tags(page, "input", type="password")] == [""]
    assert is_problem(program, 401, "sign_in_failed")
    assert "set-cookie" not in page.headers


def test_a_disabled_account_is_answered_like_no_account(web: Web) -> None:
    """With the right password too; and its session is over at once."""
    header = session_of(web, add_account(web, "ana", "hr"))

    services(web).granting.disable("ana", by="test")

    assert web.client.get("/hr", headers=header).status_code == 401
    assert sign_in(web).status_code == 401


def test_guesses_are_slowed_and_the_owner_is_not_kept_out(web: Web) -> None:
    """Six wrong ones, then a wait; on a device that was in before, the owner signs in meanwhile."""
    add_account(web, "ana", "hr")
    known = sign_in(web).cookies[DEVICE]
    web.client.cookies.clear()
    statuses = []
    for _ in range(8):
        statuses.append(sign_in(web, password="wrong").status_code)  # noqa: S106  # a wrong one
        web.client.cookies.clear()

    refused = sign_in(web)
    web.client.cookies.clear()
    owner = sign_in(web, Cookie=f"{DEVICE}={known}")

    assert statuses == [401] * 5 + [429] * 3
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert owner.status_code == 303
    assert "too_many_attempts" in {line["outcome"] for line in audited(web)}


def test_passwords_travel_by_tls_or_not_at_all(tmp_path: Path) -> None:
    """From elsewhere by plain http neither the form nor its answer is to be had."""
    with serving_web(tmp_path) as web:
        add_account(web, "ana", "hr")

        answers = [web.client.get("/sign-in"), sign_in(web), web.client.get("/first-account/x")]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert is_problem(answers[0], 403, "insecure_connection")


def test_a_proxy_that_is_not_configured_is_not_this_machine(web: Web) -> None:
    """Whoever comes through it is a stranger, though the connection is the machine's own."""
    for header in ({"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}):
        assert is_problem(web.client.get("/sign-in", headers=header), 403, "insecure_connection")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/%0d%0aSet-Cookie: a=b",
        "///evil.example",
        "/x" * 2000,
        "hr",
        "/\u2028/evil.example",
    ],
)
def test_after_the_sign_in_nobody_is_led_elsewhere(web: Web, elsewhere: str) -> None:
    """An address that is not one of ours is passed over."""
    add_account(web, "ana", "hr")

    location = sign_in(web, next_path=elsewhere).headers["location"]

    assert location == "/hr" or (location.startswith("/%0d%0a") and "\r" not in location)
    assert not re.match(r"[/\\]{2}", local_path(elsewhere))


def test_signing_out_ends_the_session_in_the_browser_and_on_the_server(web: Web) -> None:
    """A copy of the cookie opens nothing afterwards."""
    header = session_of(web, add_account(web, "ana", "hr"))

    answer = web.client.post("/sign-out", headers=HTML | header)

    assert answer.status_code == 303
    assert f'{SESSION}=""' in answer.headers["set-cookie"]
    assert web.client.get("/hr", headers=header).status_code == 401
    assert audited(web)[-1]["action"] == "sign_out"


def test_where_the_end_of_a_session_cannot_be_written_the_browser_forgets_it(web: Web) -> None:
    """It is told that the session may go on; the cookie is gone."""
    header = session_of(web, add_account(web, "ana", "hr"))
    path = web.folder / ".access.db"
    kept = path.read_bytes()
    path.unlink()
    path.mkdir()

    answer = web.client.post("/sign-out", headers=HTML | header)
    path.rmdir()
    path.write_bytes(kept)

    assert answer.status_code == 503
    assert f'{SESSION}=""' in answer.headers["set-cookie"]


def test_who_signs_in_again_leaves_no_session_behind(web: Web) -> None:
    """The one that stood in the browser is over, whosever it was."""
    add_account(web, "ana", "hr")
    before = session_of(web, add_account(web, "jo", "hr"))

    answer = sign_in(web, **before)

    assert answer.status_code == 303
    web.client.cookies.clear()
    assert web.client.get("/hr", headers=before).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account/password", "/hr/sites/london/kiosks"])
def test_a_page_of_another_site_cannot_do_anything_in_somebodys_name(web: Web, path: str) -> None:
    """Refused by what the browser says of where it comes from, before anything is read."""
    header = session_of(web, add_account(web, "ana", "hr"))

    fetched = web.client.post(path, headers=header | {"Sec-Fetch-Site": "cross-site"})
    posted = web.client.post(path, headers=header | {"Origin": "https://evil.example"})

    assert is_problem(fetched, 403, "cross_site")
    assert is_problem(posted, 403, "cross_site")


def test_a_session_ends_after_an_hour_of_silence_and_after_twelve_hours(web: Web) -> None:
    """Whatever comes first; used every half an hour it lives until then."""
    header = session_of(web, add_account(web, "ana", "hr"))
    idle = session_of(web, services(web).accounts.current().accounts["ana"])

    alive = []
    for _ in range(24):
        web.clock.move(minutes=30)
        alive.append(web.client.get("/hr", headers=header).status_code)

    assert alive == [200] * 23 + [401]
    assert web.client.get("/hr", headers=idle).status_code == 401


# The second factor


def _set_up(web: Web, header: dict[str, str]) -> tuple[str, Response]:
    """Set the second factor up as somebody does; return its secret and the answer."""
    page = web.client.get("/account/second-factor", headers=HTML | header)
    found = re.search(r"Type this: ((?:[A-Z2-7]{4} ?)+)", visible_text(page))
    assert found
    secret = found[1].replace(" ", "")
    code = pyotp.TOTP(secret).at(int(web.clock.now.timestamp()))
    return secret, web.client.post("/account/second-factor", data={"code": code}, headers=HTML | header)


def test_from_elsewhere_hr_set_up_a_second_factor_before_anything_else(far: Web) -> None:
    """Every page leads there; a program is told; afterwards all of it is open."""
    header = session_of(far, add_account(far, "ana", "hr"))

    page, program = far.client.get("/hr", headers=HTML | header), far.client.get("/hr", headers=header)
    _, answer = _set_up(far, header)
    inside = far.client.get("/hr", headers=HTML)

    assert (page.status_code, page.headers["location"]) == (303, "/account/second-factor")
    assert is_problem(program, 403, "second_factor_needed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=factor")
    assert inside.status_code == 200
    assert far.client.get("/hr", headers=header).status_code == 401  # the session from before is over


def test_a_viewer_and_the_machine_itself_need_none(far: Web, tmp_path: Path) -> None:
    """Boards alone are no secret worth it, and the first run stays one click."""
    viewer = session_of(far, add_account(far, "vera", "viewer"))

    assert far.client.get("/hr", headers=viewer).status_code == 200
    (tmp_path / "other").mkdir()
    with serving_web(tmp_path / "other", peer=LOCAL) as web:
        hr = session_of(web, add_account(web, "ana", "hr"))
        assert web.client.get("/hr", headers=hr).status_code == 200


def test_with_a_second_factor_the_password_alone_opens_nothing(far: Web) -> None:
    """The code is asked for; a wrong one, and one that was used, are refused."""
    account = add_account(far, "ana", "hr")
    secret, _ = _set_up(far, session_of(far, account))
    far.client.cookies.clear()
    far.clock.move(minutes=1)

    first = sign_in(far)
    outside = far.client.get("/hr").status_code
    wrong = far.client.post("/sign-in/code", data={"code": "000000"}, headers=HTML)
    code = pyotp.TOTP(secret).at(int(far.clock.now.timestamp()))
    right = far.client.post("/sign-in/code", data={"code": code}, headers=HTML)
    inside = far.client.get("/hr").status_code
    far.client.cookies.clear()
    sign_in(far)
    replayed = far.client.post("/sign-in/code", data={"code": code}, headers=HTML)

    assert first.status_code == 200
    assert "Enter the code" in visible_text(first)
    assert (outside, wrong.status_code, right.status_code, inside) == (401, 401, 303, 200)
    assert replayed.status_code == 401
    for refused in (wrong, replayed):
        assert "This code is not right, or was used already. Wait for the next one" in visible_text(refused)


def test_a_code_without_a_password_before_it_opens_nothing(far: Web) -> None:
    """Nor does one after another browser's password."""
    account = add_account(far, "ana", "hr")
    secret, _ = _set_up(far, session_of(far, account))
    far.client.cookies.clear()
    far.clock.move(minutes=1)

    code = pyotp.TOTP(secret).at(int(far.clock.now.timestamp()))
    answer = far.client.post("/sign-in/code", data={"code": code})

    assert is_problem(answer, 401, "sign_in_failed")
    assert "Start again" in answer.json()["detail"]


@pytest.mark.parametrize(("scheme", "peer", "can_wait"), [("http", LOCAL, True), ("https", "192.0.2.7", False)])
def test_a_second_factor_that_nobody_demands_can_wait(
    tmp_path: Path, scheme: str, peer: str, *, can_wait: bool
) -> None:
    """The page leads back where it is voluntary, and nowhere where it is not."""
    with serving_web(tmp_path, scheme=scheme, peer=peer) as served:
        header = session_of(served, add_account(served, "ana", "hr"))

        page = served.client.get("/account/second-factor", headers=HTML | header)

    assert ("Not now" in visible_text(page)) is can_wait
    assert bool(tags(page, "a", href="/account")) is can_wait


# One's own account


def test_another_password_ends_every_other_session(web: Web) -> None:
    """The browser that changed it stays in."""
    account = add_account(web, "ana", "hr")
    here, there = session_of(web, account), session_of(web, account)
    form = {"present": PASSWORD, "password": "a short walk in the sun"}

    changed = web.client.post("/account/password", data=form, headers=HTML | here)

    assert (changed.status_code, changed.headers["location"]) == (303, "/account?done=password")
    assert web.client.get("/hr", headers={"Cookie": f"{SESSION}={changed.cookies[SESSION]}"}).status_code == 200
    web.client.cookies.clear()
    assert web.client.get("/hr", headers=there).status_code == 401
    assert sign_in(web).status_code == 401
    assert sign_in(web, password=form["password"]).status_code == 303


def test_who_finds_a_browser_open_cannot_change_the_password(web: Web) -> None:
    """The present one is asked for, and guesses at it are slowed like any other."""
    header = session_of(web, add_account(web, "ana", "hr"))
    form = {"present": "a guess", "password": "a short walk in the sun"}

    statuses = [web.client.post("/account/password", data=form, headers=HTML | header).status_code for _ in range(7)]

    assert statuses == [401] * 5 + [429] * 2
    assert sign_in(web).status_code == 429


def test_a_wrong_present_password_is_said_at_its_field(web: Web) -> None:
    """In its own words, in the summary and beside the field."""
    header = session_of(web, add_account(web, "ana", "hr"))
    form = {"present": "a guess", "password": "a short walk in the sun"}

    page = web.client.post("/account/password", data=form, headers=HTML | header)

    assert page.status_code == 401
    assert visible_text(page).count("This is not your present password.") == 2
    assert tags(page, "input", id="present")[0]["aria-invalid"] == "true"


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ("password", "The password is changed. Your other browsers are signed out."),
        ("elsewhere", "All other browsers are signed out."),
        ("factor", "The second factor is set up."),
        ("<b>anything", None),
        ("", None),
    ],
)
def test_what_was_done_is_said_in_fixed_words(web: Web, done: str, words: str | None) -> None:
    """What somebody writes into the address is not."""
    header = session_of(web, add_account(web, "ana", "hr"))

    page = web.client.get("/account", params={"done": done}, headers=HTML | header)

    assert bool(tags(page, "p", role="status")) is bool(words)
    assert (words or "") in visible_text(page)
    assert "anything" not in page.text


def test_other_sessions_can_be_ended(web: Web) -> None:
    """All but the one that asks."""
    account = add_account(web, "ana", "hr")
    here, there = session_of(web, account), session_of(web, account)

    answer = web.client.post("/account/sign-out-elsewhere", headers=HTML | here)

    assert answer.headers["location"] == "/account?done=elsewhere"
    assert web.client.get("/hr", headers=here).status_code == 200
    assert web.client.get("/hr", headers=there).status_code == 401


def test_no_secret_stands_in_any_log(far: Web) -> None:
    """Neither what was typed, also in the wrong field, nor what was given: password, code, session, device, token."""
    account = add_account(far, "ana", "hr")
    secret, _ = _set_up(far, session_of(far, account))
    far.client.cookies.clear()
    far.clock.move(minutes=1)
    sign_in(far, "a password in the wrong field", "another secret")
    sign_in(far)
    code = pyotp.TOTP(secret).at(int(far.clock.now.timestamp()))
    entered = far.client.post("/sign-in/code", data={"code": code}, headers=HTML)
    token = services(far).granting.add_token("payroll", account.grant, 1, by="test")
    far.client.get("/hr", headers={"Authorization": f"Bearer {token}x"})

    logs = "".join(path.read_text() for path in (far.folder / "logs").iterdir())

    given = [cookie.partition("=")[2].partition(";")[0] for cookie in entered.headers.get_list("set-cookie")]
    secrets = [PASSWORD, "wrong field", "another secret", secret, code, token, *filter(None, given)]
    assert len(secrets) > 7
    assert [one for one in secrets if one.strip('"') and one in logs] == []


# When the files are broken


def test_nobody_is_let_in_while_the_accounts_cannot_be_read_and_marks_go_on(web: Web) -> None:
    """A mistake in accounts.yaml closes what is closed, and nothing else; mended, all is as before."""
    header = session_of(web, add_account(web, "ana", "hr"))
    path = web.folder / "accounts.yaml"
    good = path.read_bytes()
    path.write_bytes(good + b"strange: 1\n")

    closed = web.client.get("/hr", headers=header)
    mark = {"employee_id": "E1", "name": "Ana", "status": "Present"}
    marked = web.client.post("/sites/london/attendance", json=mark, headers=header)
    path.write_bytes(good)

    assert is_problem(closed, 503, "accounts_invalid")
    assert marked.status_code == 201
    assert web.client.get("/hr", headers=header).status_code == 200


def test_a_file_that_others_can_read_is_refused(web: Web) -> None:
    """It holds hashes of passwords."""
    header = session_of(web, add_account(web, "ana", "hr"))

    (web.folder / "accounts.yaml").chmod(0o640)

    assert is_problem(web.client.get("/hr", headers=header), 503, "accounts_invalid")
