"""Claims about the pages behind the sign-in: kiosks are removed after a question, and an error leads on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access_web import add_account, kiosk_of, services, session_of, token_of
from tests.webapp import HTML, Web, is_problem, serving_web, tags, visible_text

ALL_OF_THE_BAR = ("/hr", "/hr/days/today", "/hr/requests", "/hr/kiosks", "/account")
SITES = {
    "london": "timezone: Europe/London; marking: kiosk",
    "rome": "timezone: Europe/Rome; marking: kiosk",
    "oslo": "timezone: Europe/Oslo",
}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Three sites, asked from the machine itself."""
    with serving_web(tmp_path, peer="127.0.0.1", sites=SITES) as served:
        yield served


def links(web: Web, path: str, role: str, method: str = "GET") -> tuple[int, list[str]]:
    """Return the status of a page for an account of this role at London and Oslo, and where its buttons lead."""
    header = session_of(web, add_account(web, f"{role}-here", role, sites=["london", "oslo"]))
    web.client.cookies.clear()
    answer = web.client.request(method, path, headers=HTML | header)
    return answer.status_code, [tag["href"] for tag in tags(answer, "a", **{"class": "button"})]


# Kiosks


def test_a_kiosk_is_removed_after_a_question_and_that_is_said(web: Web) -> None:
    """The button lies in what is opened first; the answer holds nothing of the address."""
    kiosk_of(web, "london", "london.door")
    header = HTML | session_of(web, add_account(web, "ana", "hr"))
    web.client.cookies.clear()

    page = web.client.get("/hr/kiosks", headers=header)
    gone = web.client.post("/hr/sites/london/kiosks/london.door/revoke", headers=header)
    after = web.client.get(gone.headers["location"], headers=header)
    forged = web.client.get("/hr/kiosks?removed=<b>mallory", headers=header)

    asked = page.text.partition('<details class="removal">')[2].partition("</details>")[0]
    assert "Remove this kiosk" in asked
    assert "People cannot mark on this tablet until it is set up again." in asked
    assert "/kiosks/london.door/revoke" in asked
    assert page.text.count("/revoke") == 1
    assert "The tablet is no kiosk any more." in visible_text(after)
    assert tags(after, "p", role="status")
    assert not tags(forged, "p", role="status")
    assert "mallory" not in forged.text
    assert not services(web).accounts.current().kiosks


def test_a_name_that_is_refused_stays_typed_among_all_sites(web: Web) -> None:
    """What a name may be is said beside it, whether or not it was wrong."""
    header = HTML | session_of(web, add_account(web, "ana", "hr"))
    web.client.cookies.clear()

    page = web.client.post("/hr/sites/rome/kiosks", data={"name": "Dör <1>", "q": ""}, headers=header)
    narrow = web.client.post("/hr/sites/rome/kiosks", data={"name": "Dör", "q": "london"}, headers=header)

    (field,) = tags(page, "input", id="name-rome")
    assert page.status_code == 422
    assert (field["value"], field["aria-invalid"]) == ("Dör <1>", "true")
    assert len(tags(page, "input", name="name")) == len(SITES)
    assert tags(page, "a", href="#name-rome")
    assert visible_text(page).count("Small letters, digits, dots and hyphens, such as front-door.") == len(SITES)
    assert [tag["id"] for tag in tags(narrow, "input", name="name")] == ["name-rome"]


# Where one can go on


@pytest.mark.parametrize(
    ("role", "path", "wanted"),
    [
        ("hr", "/hr", ["/hr", "/hr/days/today", "/hr/requests", "/hr/kiosks", "/account"]),
        ("viewer", "/hr", ["/hr", "/account"]),
        ("ops", "/hr/kiosks", ["/hr/kiosks", "/account"]),
    ],
)
def test_the_bar_leads_to_what_the_role_is_for(web: Web, role: str, path: str, wanted: list[str]) -> None:
    """And to nothing that would be refused."""
    header = HTML | session_of(web, add_account(web, f"{role}-here", role))
    web.client.cookies.clear()

    page = web.client.get(path, headers=header)

    assert [tag["href"] for tag in tags(page, "a") if tag["href"] in ALL_OF_THE_BAR] == wanted
    assert [tag["href"] for tag in tags(page, "a", **{"aria-current": "page"})] == [path]


@pytest.mark.parametrize("role", ["hr", "viewer"])
def test_the_pages_of_a_site_are_one_step_apart_for_hr(web: Web, role: str) -> None:
    """The one that is shown is named; a viewer, who may see no other, is offered none."""
    header = HTML | session_of(web, add_account(web, f"{role}-here", role))
    web.client.cookies.clear()

    page = web.client.get("/hr/sites/london", headers=header)

    home = "/hr/sites/london"
    wanted = [home, *(f"{home}/{place}" for place in ("days/today", "months/this", "roster", "edited"))]
    offered = [tag["href"] for tag in tags(page, "a") if tag["href"] in wanted]
    assert page.status_code == 200
    assert offered == (wanted if role == "hr" else [])
    assert [tag["href"] for tag in tags(page, "a", **{"aria-current": "page"})] == offered[:1]


# Errors


@pytest.mark.parametrize(
    ("path", "role", "method", "wanted"),
    [
        ("/hr/sites/rome", "hr", "GET", (403, ["/hr", "/hr/kiosks", "/account"])),
        ("/hr/kiosks", "viewer", "GET", (403, ["/hr", "/account"])),
        ("/hr/sites/london", "ops", "GET", (403, ["/hr/kiosks", "/account"])),
        ("/hr/nothing", "hr", "GET", (404, ["/hr", "/account"])),
        ("/hr/sites/london/kiosks", "hr", "GET", (405, ["/hr", "/account"])),
        ("/nothing", "hr", "GET", (404, ["/"])),
        ("/hrx", "hr", "GET", (404, ["/"])),
    ],
)
def test_an_error_leads_whoever_is_signed_in_on(
    web: Web, path: str, role: str, method: str, wanted: tuple[int, list[str]]
) -> None:
    """To what their role is for, or behind the sign-in at least; elsewhere to the sites."""
    assert links(web, path, role, method) == wanted


def test_ops_who_open_the_first_page_of_hr_get_to_the_kiosks(web: Web) -> None:
    """A program with such a token is refused, in words for a token."""
    header = session_of(web, add_account(web, "olga", "ops"))
    web.client.cookies.clear()

    page = web.client.get("/hr", headers=HTML | header)
    program = web.client.get("/hr", headers=token_of(web, "watch", "ops"))

    assert (page.status_code, page.headers["location"]) == (303, "/hr/kiosks")
    assert is_problem(program, 403, "forbidden")
    assert program.json()["detail"].startswith("This token may not")


def test_a_token_that_is_over_is_told_so(web: Web) -> None:
    """Not to sign in, as a stranger is."""
    token = token_of(web, "short", "hr")
    stranger = web.client.get("/api/sites")
    web.clock.move(days=1)

    over = web.client.get("/api/sites", headers=token)

    assert stranger.json()["detail"].startswith("Sign in first")
    assert is_problem(over, 401, "not_signed_in")
    assert over.json()["detail"] == "This token is not known, or its time is over."
