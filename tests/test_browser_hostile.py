"""Claims about hostile names in a real browser: on every page they are text, whatever they look like, and no more."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from attendance.errors import InvalidInputError
from attendance.identity import clean_name
from tests import browser as kit
from tests.browser import Visitor, fill, press
from tests.hostile import NAMES, REFUSED, SCRIPT, employee_id, pages, write_hostile_sites
from tests.servers import ANSWER_SECONDS, Server, serving

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

FORM = "/sites/names/attendance"
# Every element of a page with the names of its attributes: what a name that is taken for markup would add to.
ELEMENTS = (
    "() => [...document.querySelectorAll('*')].map((one) => [one.localName, ...one.getAttributeNames()].join(' '))"
)
# Whether something that is shown says just this, or holds it as its value.
SHOWN = """(text) => [...document.querySelectorAll("body *")].some((one) => one.checkVisibility()
  && (one.value === text || [...one.childNodes].some((node) => node.nodeType === 3 && node.data === text)))"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server whose sites have hostile names and rosters, and where all of the names are marked."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_sites(folder)
    with serving(folder, workers=1) as running:
        for name in NAMES:
            for site in ("names", "roster"):
                status, page = send(running, site, employee_id=employee_id(name), name=name, status="Absent")
                assert (status, "Traceback" in page) == (201, False)
        yield running


@pytest.fixture(scope="module")
def heard(visitors: Visitor) -> list[str]:
    """What scripts say in dialogs."""
    said: list[str] = []

    def hear(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    visitors.open("/").context.on("dialog", hear)
    return said


@pytest.fixture
def dialogs(heard: list[str]) -> Iterator[list[str]]:
    """What scripts said in this test: at its end that must be nothing."""
    heard.clear()
    yield heard
    assert heard == []


def send(server: Server, site: str, **fields: str) -> tuple[int, str]:
    """Send a mark as a browser's form does; return the status and the page."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        connection.request("POST", f"/sites/{site}/attendance", urlencode(fields), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def mark_at(page: Page, name: str, identity: str) -> Iterator[tuple[str, list[str]]]:
    """Lead a page through all that becomes of a name; yield what each is, and its elements, while it is shown."""
    fill(page, identity, name)
    page.check("input[name=remember]")
    press(page, "button.present")
    yield "the confirmation", page.evaluate(ELEMENTS)
    page.goto(FORM)
    yield "the form of somebody remembered", page.evaluate(ELEMENTS)
    press(page, "button.present")
    yield "the repeat", page.evaluate(ELEMENTS)
    page.goto(FORM)
    page.fill("#employee_id", "no ID")
    press(page, "button.present")
    yield "the form with a mistake", page.evaluate(ELEMENTS)


@pytest.fixture(scope="module")
def plain(visitors: Visitor) -> dict[str, list[str]]:
    """The elements of the pages that Ana Martín meets, whose name is nothing special."""
    return dict(mark_at(visitors.open(FORM), "Ana Martín", "ANA"))


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_text_wherever_its_mark_leads(
    visitor: Visitor, dialogs: list[str], plain: dict[str, list[str]], name: str
) -> None:
    """Confirmation, repeat, filled form and form with a mistake show it exactly, and have no element more."""
    page = visitor.open(FORM)

    for state, elements in mark_at(page, name, employee_id(name)):
        assert page.evaluate(SHOWN, name), state
        assert elements == plain[state], state

    assert dialogs == []
    assert visitor.rows_of(employee_id(name), "names")[-1][2] == name


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_of_a_roster_is_text(
    visitor: Visitor, dialogs: list[str], plain: dict[str, list[str]], name: str
) -> None:
    """Whoever marks by ID alone reads the roster's name exactly, and the page has no element more."""
    page = visitor.open("/sites/roster/attendance")
    fill(page, employee_id(name), None)
    page.check("input[name=remember]")

    press(page, "button.absent")

    assert page.evaluate(SHOWN, name)
    assert page.evaluate(ELEMENTS) == plain["the repeat"]
    assert dialogs == []


@pytest.mark.parametrize("number", range(len(list(pages("")))))
def test_no_page_is_harmed_by_hostile_names(visitor: Visitor, dialogs: list[str], number: int) -> None:
    """Each page shows the names that it has to show, loads nothing from elsewhere and runs nothing but our script."""
    place = list(pages(visitor.server.address))[number]
    if place.kiosk_at:
        page = visitor.open_as_kiosk(place.kiosk_at, place.url)
    else:
        page = visitor.open_as(place.role, place.url) if place.role else visitor.open(place.url)

    sources: list[Any] = page.evaluate("[...document.scripts].map((one) => one.getAttribute('src'))")

    assert [name for name in place.shows if not page.evaluate(SHOWN, name)] == []
    assert all(source and source.startswith("/static/") for source in sources)
    assert page.locator("main").count() == 1
    assert dialogs == []


def test_the_kiosk_shows_every_name_as_it_is(visitor: Visitor, dialogs: list[str]) -> None:
    """The confirmation that is put into the page says the name of the roster, and nothing of it runs."""
    page = visitor.open_as_kiosk("roster", "/sites/roster/kiosk")

    for name in NAMES:
        page.keyboard.type(employee_id(name))
        page.click("button.absent")
        expect(page.locator("#answer .told")).to_be_visible()
        assert page.locator("#answer .name").text_content() == name
        page.keyboard.press("Escape")
    assert dialogs == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_name_stays_typed_as_text(visitor: Visitor, dialogs: list[str], name: str) -> None:
    """The form keeps it in its field and nowhere else; nothing of it runs and nothing is recorded."""
    typed = name.replace("\r\n", " ").replace("\x00", "")  # no field holds these
    page = visitor.open(FORM)
    page.evaluate("document.querySelector('#name').removeAttribute('maxlength')")
    fill(page, "REFUSED", typed if _refused(typed) else f"={typed}")
    kept = page.input_value("#name")

    press(page, "button.present")

    assert page.title().startswith("Not recorded")
    assert page.input_value("#name") == kept
    assert page.evaluate("document.scripts.length") == 1
    assert dialogs == []
    assert visitor.rows_of("REFUSED", "names") == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_name_is_never_sent_back_as_markup(server: Server, name: str) -> None:
    """A page holds it escaped; a program is told the field and gets no echo."""
    status, page = send(server, "names", employee_id="REFUSED", name=name, status="Present")
    refused, problem = _send_json(server, name)

    assert (status, refused) == (422, 422)
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert "alert" not in problem
    assert name not in server.log


@pytest.mark.parametrize("name", NAMES)
def test_the_names_are_kept_as_they_are(name: str) -> None:
    """The rules let them pass unchanged; else the claims above would be about others."""
    assert clean_name(name) == name


def test_there_are_enough_names() -> None:
    """At least thirty, all different."""
    assert len(set(NAMES)) == len(NAMES) >= 30


def _refused(name: str) -> bool:
    """Tell whether the rules refuse a name."""
    try:
        clean_name(name)
    except InvalidInputError:
        return True
    return False


def _send_json(server: Server, name: str) -> tuple[int, str]:
    """Send a mark as a program; return the status and the problem."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    try:
        body = json.dumps({"employee_id": "REFUSED", "name": name, "status": "Present"})
        connection.request("POST", FORM, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
