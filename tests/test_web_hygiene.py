"""Claims about every answer: the headers a browser obeys, no post from another site, nothing from elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from attendance.web.pages import MAX_LISTED_SITES
from attendance.web.rendering import static_path
from tests.webapp import ANA, FORM, HTML, JSON, PAGE, Web, is_problem, serving_web, tags

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
STATIC_FILES = ("page.css", "page.js", "icon.svg")
MAX_PAGE_BYTES = 30_000


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """One site, and a remote address outside every network."""
    with serving_web(tmp_path) as served:
        yield served


async def defect() -> None:
    """Fail as no handler should."""
    raise ZeroDivisionError


def answers_of_all_kinds(web: Web) -> dict[str, Response]:
    """Return an answer of every kind there is."""
    web.app.add_api_route("/defect", defect)
    client = web.client
    return {
        "201": client.post(PAGE, data=ANA | {"remember": "yes"}, headers=HTML),
        "200": client.post(PAGE, json=ANA),
        "page": client.get(PAGE),
        "list": client.get("/"),
        "redirect": client.get("/attendance"),
        "slash": client.get(f"{PAGE}/"),
        "clock": client.get("/clock?site=london"),
        "wrong field": client.post(PAGE, data=ANA | {"name": ""}, headers=HTML),
        "no JSON": client.post(PAGE, content=b"{", headers=JSON),
        "cross-site": client.post(PAGE, json=ANA, headers={"Sec-Fetch-Site": "cross-site"}),
        "no such site": client.get("/sites/nowhere/attendance"),
        "no such page": client.get("/nothing", headers=HTML),
        "no such method": client.delete(PAGE),
        "too large": client.post(PAGE, content=b" " * 99_999, headers=JSON),
        "too large in chunks": client.post(PAGE, content=iter([b" " * 99_999]), headers=JSON),
        "defect": client.get("/defect"),
        "defect for a browser": client.get("/defect", headers=HTML),
        "healthz": client.get("/healthz"),
        "readyz": client.get("/readyz"),
        "no such file": client.get(f"{static_path()}/nothing.css"),
        **{name: client.get(f"{static_path()}/{name}") for name in STATIC_FILES},
    }


def pages_of_all_kinds(web: Web) -> list[Response]:
    """Return every page that a person can see."""
    return [
        web.client.get("/"),
        web.client.get(PAGE),
        web.client.post(PAGE, data=ANA | {"remember": "yes"}, headers=HTML),
        web.client.post(PAGE, data=ANA, headers=HTML),
        web.client.get(PAGE),
        web.client.get(f"{PAGE}?someone=forget"),
        web.client.post(PAGE, data={}, headers=HTML),
        web.client.get("/nothing", headers=HTML),
    ]


def test_every_answer_has_the_headers_that_a_browser_obeys(web: Web) -> None:
    """Pages, JSON, static files, redirects, errors, and the answer to a defect of ours: all of them."""
    answers = answers_of_all_kinds(web)

    statuses = {answer.status_code for answer in answers.values()}
    missing = {
        kind: name for kind, answer in answers.items() for name in HEADERS if answer.headers.get(name) != HEADERS[name]
    }
    assert missing == {}
    assert statuses >= {200, 201, 303, 400, 403, 404, 405, 413, 422, 500}


def test_every_answer_has_an_id_of_its_own(web: Web) -> None:
    """It joins an answer with the lines of the log, and no client chooses it."""
    answers = answers_of_all_kinds(web)
    chosen = web.client.get("/healthz", headers={"X-Request-ID": "mine"})

    ids = [answer.headers["x-request-id"] for answer in (*answers.values(), chosen)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{16}", request_id) for request_id in ids)


def test_pages_are_kept_by_no_cache(web: Web) -> None:
    """A page may speak of one person."""
    assert {page.headers["cache-control"] for page in pages_of_all_kinds(web)} == {"no-store"}


@pytest.mark.parametrize("name", STATIC_FILES)
def test_a_static_file_is_kept_for_ever(web: Web, name: str) -> None:
    """Its address changes with its content, so it never has to be asked for again."""
    file = web.client.get(f"{static_path()}/{name}")
    known = web.client.get(f"{static_path()}/{name}", headers={"If-None-Match": file.headers["etag"]})

    assert (file.status_code, known.status_code) == (200, 304)
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert re.fullmatch(r"/static/[0-9a-f]{12}", static_path())


@pytest.mark.parametrize(
    "path", ["", "nothing", "../pages.py", "%2e%2e/pages.py", "page.css%00", "a" * 5000, "/etc/passwd"]
)
def test_what_is_no_static_file_is_not_found_and_not_kept(web: Web, path: str) -> None:
    """A file that comes later must be found then, and no other file is reached."""
    answer = web.client.get(f"{static_path()}/{path}")

    assert is_problem(answer, 404, "not_found")
    assert answer.headers["cache-control"] == "no-store"


# What a page holds


def test_nothing_comes_from_elsewhere(web: Web) -> None:
    """No page and no static file holds the address of another server; the name of a format is none."""
    texts = [page.text for page in pages_of_all_kinds(web)]
    texts += [web.client.get(f"{static_path()}/{name}").text for name in STATIC_FILES]

    found = {url for text in texts for url in re.findall(r"(?:[a-z]+:)?//[\w.-]+\.\w+[^\s\"']*", text)}
    assert found <= {"http://www.w3.org/2000/svg"}
    assert not [text for text in texts if "@import" in text]


def test_everything_a_page_refers_to_is_there(web: Web) -> None:
    """Style, script and icon are found where the pages say."""
    for page in pages_of_all_kinds(web):
        paths = [link["href"] for link in tags(page, "link")] + [script["src"] for script in tags(page, "script")]

        assert len(paths) == 3
        assert all(web.client.get(path).status_code == 200 for path in paths)


def test_no_page_has_script_or_style_of_its_own(web: Web) -> None:
    """The content security policy would stop them: no inline script, no handler, no style."""
    for page in pages_of_all_kinds(web):
        assert not tags(page, "style")
        assert all("src" in script for script in tags(page, "script"))
        assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", page.text)
        assert "javascript:" not in page.text


def test_every_page_is_small(web: Web, tmp_path: Path) -> None:
    """With style, script and icon, a first visit is less than 30 kB, also to the longest list of sites."""
    sites = {f"office-{number}": "timezone: America/Argentina/Buenos_Aires" for number in range(MAX_LISTED_SITES + 9)}
    extra = sum(len(web.client.get(f"{static_path()}/{name}").content) for name in STATIC_FILES)

    (tmp_path / "many").mkdir()
    with serving_web(tmp_path / "many", sites=sites) as many:
        pages = [*pages_of_all_kinds(web), many.client.get("/")]

    assert max(len(page.content) for page in pages) + extra < MAX_PAGE_BYTES


# Posts from other sites


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Sec-Fetch-Site": "Same-Origin, none"}, False),
        ({"Origin": "http://testserver"}, True),
        ({"Origin": "https://testserver"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://testserver.evil.example"}, False),
        ({"Origin": "http://testserver:8080"}, False),
        ({"Origin": "http://testserver@evil.example"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "testserver"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://localhost:8000", "Host": "localhost:8000"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, False),
    ],
)
@pytest.mark.parametrize("media_type", [JSON, FORM], ids=["JSON", "form"])
def test_a_post_is_taken_from_our_own_pages_and_from_programs(
    web: Web,
    media_type: dict[str, str],
    headers: dict[str, str],
    taken: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    """A browser says from where it posts, and what comes from elsewhere goes no further."""
    body = b'{"employee_id": "E1", "name": "Jo", "status": "Present"}'
    body = body if media_type is JSON else b"employee_id=E1&name=Jo&status=Present"

    answer = web.client.post(PAGE, content=body, headers=media_type | headers)

    assert answer.status_code == 201 if taken else is_problem(answer, 403, "cross_site")
    assert bool(web.ledger()) is taken


@pytest.mark.parametrize(
    "headers",
    [
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "https://evil.example"), ("Origin", "http://testserver")],
        [("Origin", "http://testserver"), ("Origin", "https://evil.example")],
        [("Origin", "null"), ("Host", "")],
    ],
)
def test_of_several_values_none_may_be_foreign(web: Web, headers: list[tuple[str, str]]) -> None:
    """Whichever comes first: a proxy may have added the other."""
    body = b'{"employee_id": "E1", "name": "Jo", "status": "Present"}'

    answer = web.client.post(PAGE, content=body, headers=[*JSON.items(), *headers])

    assert is_problem(answer, 403, "cross_site")
    assert not web.ledger()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/attendance", "/", "/nothing", "/sites/nowhere/attendance"])
def test_no_unsafe_method_is_taken_from_another_site_anywhere(web: Web, method: str, path: str) -> None:
    """It is refused before anything is looked up."""
    answer = web.client.request(method, path, headers={"Sec-Fetch-Site": "cross-site"})

    assert is_problem(answer, 403, "cross_site")


def test_a_link_from_another_site_is_followed(web: Web) -> None:
    """To look at a page changes nothing: GET never marks."""
    answer = web.client.get(
        PAGE, params=ANA, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://intranet.example"}
    )

    assert answer.status_code == 200
    assert web.ledger() == ""
