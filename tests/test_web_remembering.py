"""Claims about `Remember me on this device`: what the cookie is like, what it fills, and that it grants nothing."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from tests.webapp import ANA, HTML, PAGE, Web, serving_web, tags, visible_text

PROXY = "127.0.0.1"
REMEMBER = ANA | {"remember": "yes"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """One site, and a device that remembers nobody yet."""
    with serving_web(tmp_path) as served:
        yield served


def filled(page: Response) -> tuple[str, str]:
    """Return the ID and the name that stand in the form of a page."""
    found = {field["name"]: field["value"] for field in tags(page, "input")}
    return found["employee_id"], found["name"]


def flags(answer: Response) -> tuple[str, set[str]]:
    """Return the name of the cookie that an answer sets, and its attributes in lower case."""
    name, _, rest = answer.headers["set-cookie"].partition("=")
    return name, {part.strip().lower() for part in rest.split(";")[1:]}


def as_cookie(content: bytes) -> bytes:
    """Return a header with a cookie of this content."""
    return b"attendance=" + base64.urlsafe_b64encode(content)


def test_who_wishes_it_is_remembered_the_next_day(web: Web) -> None:
    """ID and name stand in the form, so that a tap on a button is all."""
    web.client.post(PAGE, data=REMEMBER, headers=HTML)
    web.clock.move(days=1)

    page = web.client.get(PAGE)

    assert filled(page) == ("E0042", "Ana Martín")
    assert "checked" in tags(page, "input", name="remember")[0]
    assert "Not you?" in visible_text(page)


def test_who_does_not_wish_it_is_not_remembered(web: Web) -> None:
    """Without the tick no cookie is set, and none for a program or after an error."""
    answers = [
        web.client.post(PAGE, data=ANA, headers=HTML),
        web.client.post(PAGE, data=REMEMBER),
        web.client.post(PAGE, data=REMEMBER | {"name": ""}, headers=HTML),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 422]
    assert not [answer for answer in answers if "set-cookie" in answer.headers]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(web: Web) -> None:
    """It is HttpOnly and SameSite=Lax, and kept as long as browsers keep any."""
    name, attributes = flags(web.client.post(PAGE, data=REMEMBER, headers=HTML))

    assert name == "attendance"
    assert attributes == {"httponly", "samesite=lax", "path=/", "max-age=34560000"}


def test_behind_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    """The trusted proxy says that it was HTTPS: then the cookie is Secure and has the prefix that browsers check."""
    https = HTML | {"X-Forwarded-Proto": "https"}

    with serving_web(tmp_path, peer=PROXY, trusted_proxy=PROXY, scheme="https") as web:
        name, attributes = flags(web.client.post(PAGE, data=REMEMBER, headers=https))
        page = web.client.get(PAGE, headers=https)
        forgotten = web.client.get(f"{PAGE}?someone=forget", headers=https)

    assert name == "__Host-attendance"
    assert attributes == {"httponly", "samesite=lax", "path=/", "max-age=34560000", "secure"}
    assert filled(page) == ("E0042", "Ana Martín")
    assert flags(forgotten)[0] == "__Host-attendance"
    assert {"secure", "max-age=0", "path=/"} <= flags(forgotten)[1]


def test_a_claim_of_https_by_nobody_is_not_believed(tmp_path: Path) -> None:
    """A browser on a plain connection would drop a cookie that is Secure."""
    with serving_web(tmp_path) as web:
        name, attributes = flags(web.client.post(PAGE, data=REMEMBER, headers=HTML | {"X-Forwarded-Proto": "https"}))

    assert name == "attendance"
    assert "secure" not in attributes


def test_someone_else_finds_an_empty_form_and_the_first_stays_remembered(web: Web) -> None:
    """`Mark someone else` is for once."""
    web.client.post(PAGE, data=REMEMBER, headers=HTML)

    other = web.client.get(f"{PAGE}?someone=else")

    assert filled(other) == ("", "")
    assert "checked" not in tags(other, "input", name="remember")[0]
    assert filled(web.client.get(PAGE)) == ("E0042", "Ana Martín")


def test_not_you_forgets(web: Web) -> None:
    """The cookie is deleted, and the page says so."""
    web.client.post(PAGE, data=REMEMBER, headers=HTML)

    page = web.client.get(f"{PAGE}?someone=forget")

    assert filled(page) == ("", "")
    assert "Nobody is remembered on this device now." in visible_text(page)
    assert filled(web.client.get(PAGE)) == ("", "")
    assert not web.client.cookies


@pytest.mark.parametrize(
    "cookie",
    [
        b"attendance=",
        b"attendance=%%%",
        b"attendance=\xe4\xf6",
        b"attendance=" + b"A" * 5000,
        as_cookie(b"Ana"),
        as_cookie(b"\xff\xfe"),
        as_cookie(b"[" * 1000),
        as_cookie(b"{}"),
        as_cookie(b'{"site_id":"london","employee_id":"E1"}'),
        as_cookie(b'{"site_id":"london","employee_id":1,"name":"Jo"}'),
        as_cookie(b'{"site_id":"london","employee_id":"\\ud800","name":"Jo"}'),
        as_cookie(b'{"site_id":"london","employee_id":"E1","name":"Jo","admin":true}'),
        as_cookie(b'{"site_id":"london","employee_id":"E1","name":"%s"}' % (b"Jo" * 2000)),
    ],
    ids=lambda cookie: cookie[:40].decode("latin-1"),
)
def test_a_cookie_that_was_tampered_with_is_as_good_as_none(web: Web, cookie: bytes) -> None:
    """The form is empty and the list is shown, whatever somebody wrote into it."""
    page = web.client.get(PAGE, headers={b"Cookie": cookie})
    found = web.client.get("/attendance", headers={b"Cookie": cookie})

    assert (page.status_code, found.status_code) == (200, 200)
    assert filled(page) == ("", "")


@pytest.mark.parametrize("site_id", ["nowhere", "/evil.example", "../..", "london/../..", "\r\nX: y"])
def test_a_forged_site_leads_nowhere(web: Web, site_id: str) -> None:
    """Only a site of the registry is gone to: the cookie is no open redirect."""
    forged = json.dumps({"site_id": site_id, "employee_id": "E1", "name": "Jo"}).encode()

    answer = web.client.get("/attendance", headers={b"Cookie": as_cookie(forged)})

    assert answer.status_code == 200
    assert "location" not in answer.headers


def test_a_forged_name_is_text(web: Web) -> None:
    """What a cookie says is shown, and only shown."""
    forged = json.dumps({"site_id": "london", "employee_id": '"><b>', "name": "<script>"}).encode()

    page = web.client.get(PAGE, headers={b"Cookie": as_cookie(forged)})

    assert filled(page) == ('"><b>', "<script>")
    assert not tags(page, "b")


def test_the_longest_name_is_remembered(web: Web) -> None:
    """A hundred letters of four bytes each fit into what is read again."""
    name = "𞤀" * 100

    web.client.post(PAGE, data=REMEMBER | {"employee_id": "E" * 64, "name": name}, headers=HTML)

    assert filled(web.client.get(PAGE)) == ("E" * 64, name)
