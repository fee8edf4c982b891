"""Claims about signing in and the pages behind it in a real browser: for the keyboard, the ear, every size, paper."""

import re

import pyotp
import pytest
from playwright.sync_api import Page

from attendance.clock import utc_now
from tests import browser as kit
from tests.access_web import PASSWORD
from tests.browser import DESK, PHONE, SIZES, Visitor, focused, press
from tests.servers import granting_of, make_kiosk
from tests.test_browser_access import CONTRAST, FAULTS, SCHEMES, axe_violations

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

PAGES = [
    "/hr",
    "/hr/sites/london",
    "/hr/sites/broken",
    "/hr?q=ana",
    "/hr/sites/rome?show=not_marked&sort=name",
    "/hr/sites/rome/muster",
    "/hr/kiosks",
    "/hr/kiosks?q=rome",
    "/account",
    "/account/second-factor",
    "/hr/sites/rome/pins",
]


def _enter(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page by the keyboard alone."""
    page.keyboard.press("Tab")  # the link to the sites
    page.keyboard.press("Tab")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def accounts(visitors: Visitor) -> None:
    """Two people with passwords."""
    granting = granting_of(visitors.server.folder)
    for name in ("keyboard", "phone"):
        granting.add_account(kit.hr_account(name), PASSWORD, by="test")


@pytest.mark.usefixtures("accounts")
def test_the_keyboard_leads_from_a_closed_page_through_the_sign_in_to_it_and_out(visitor: Visitor) -> None:
    """Where somebody wished to go they arrive; the way out leads to the sign-in page, and back leads nowhere."""
    page = visitor.open("/hr/sites/london")
    asked = page.title()

    _enter(page, "keyboard")
    inside = page.title()
    with page.expect_navigation():
        page.locator("text=Sign out").press("Enter")
    page.goto("/hr")

    assert (asked, inside) == ("Sign in – Attendance", "Who is in, London – Attendance")
    assert page.title() == "Sign in – Attendance"


@pytest.mark.usefixtures("accounts")
def test_a_wrong_password_is_said_first_and_the_name_stays(visitor: Visitor) -> None:
    """The summary has the focus, the name is typed already, the password is not."""
    page = visitor.open("/sign-in")

    _enter(page, "keyboard", "wrong password")

    assert "You are not signed in" in (page.locator("[role=alert]:focus").text_content() or "")
    assert (page.input_value("#name"), page.input_value("#password")) == ("keyboard", "")


@pytest.mark.usefixtures("accounts")
def test_a_second_factor_is_set_up_and_asked_for(visitor: Visitor) -> None:
    """The app reads the code or somebody types it; the next sign-in asks for six digits, ready to be typed."""
    page = visitor.open("/account/second-factor")
    _enter(page, "phone")
    secret = re.sub(r"\s", "", page.locator(".hint code").text_content() or "")
    page.fill("#code", pyotp.TOTP(secret).at(utc_now()))
    press(page, "text=Check the code")
    told = page.locator(".facts").text_content() or ""
    press(page, "text=Sign out")

    page.goto("/sign-in")
    page.fill("#name", "phone")
    page.fill("#password", PASSWORD)
    press(page, "button.go")

    assert "set up" in told
    assert focused(page) == "code"
    assert page.get_attribute("#code", "inputmode") == "numeric"
    page.fill("#code", pyotp.TOTP(secret).at(int(utc_now().timestamp()) + 30))
    press(page, "button.go")
    assert page.title() == "Who is in – Attendance"


def test_a_kiosk_is_given_a_code(visitor: Visitor) -> None:
    """A name, a button, a code that can be read across a room, and where to type it."""
    page = visitor.open_as("hr", "/hr/kiosks?q=rome")
    page.click("summary")
    page.fill("details[open] input[name=name]", "Front door")
    press(page, "details[open] button.go")

    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", page.locator(".big-code").text_content() or "")
    assert "/sites/rome/kiosk" in page.inner_text("main")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_seen_and_heard_in_light_and_dark(visitor: Visitor, path: str) -> None:
    """Contrast, labels, headlines; axe finds nothing."""
    page = visitor.open_as("hr", path)

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST)["poor"] == []
        assert axe_violations(page) == []
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_window(visitor: Visitor, size: str) -> None:
    """At no size does somebody scroll sideways but within a table."""
    for path in [*PAGES, "/sign-in"]:
        page = visitor.open_as("hr", path, SIZES[size])

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_board_is_whole_on_a_phone(visitor: Visitor) -> None:
    """Name, ID, status and time are to be seen without scrolling sideways; the time lies under the status."""
    page = visitor.open("/sites/three/attendance")
    kit.fill(page, "E0042", "Wolfeschlegelsteinhausen Bergerdorff")
    press(page, "button.left")

    page = visitor.open_as("hr", "/hr/sites/three", PHONE)

    assert page.locator(".scroll").evaluate("(box) => box.scrollWidth <= box.clientWidth")
    word, time = page.locator("tbody .word").first.bounding_box(), page.locator("tbody .t").first.bounding_box()
    assert word
    assert time
    assert time["y"] >= word["y"] + word["height"] - 1


def test_a_kiosk_is_one_line_on_a_desk_and_is_removed_after_a_question(visitor: Visitor) -> None:
    """One click shows what it would mean, and where the button is; no script is needed."""
    make_kiosk(visitor.server.folder, "auckland")
    page = visitor.open_as("hr", "/hr/kiosks?q=auckland", DESK)
    row = page.locator(".row").first
    middle = "(one) => { const box = one.getBoundingClientRect(); return (box.top + box.bottom) / 2; }"
    tops = row.evaluate(f"(row) => [...row.children].map({middle})")

    page.click(".removal summary")
    asked = page.inner_text(".removal[open] form p")
    press(page, ".removal[open] button")

    assert max(tops) - min(tops) < 8
    assert asked == "People cannot mark on this tablet until it is set up again."
    assert page.inner_text("[role=status]") == "The tablet is no kiosk any more."


def test_everything_works_without_scripts(visitor: Visitor) -> None:
    """Pages are made on the server; the clocks stand still, and say the time of the answer."""
    page = visitor.open_special("/", java_script_enabled=False)
    kit.sign_in_page(page, visitor, "hr")

    page.goto("/hr/kiosks?q=oslo")
    page.click("summary")

    assert page.locator("details[open] input[name=name]").is_visible()


def test_a_board_prints_without_what_is_to_be_pressed(visitor: Visitor) -> None:
    """The table stays, the bar goes."""
    page = visitor.open_as("hr", "/hr/sites/london")

    page.emulate_media(media="print")

    assert not page.locator(".bar").is_visible()
    assert page.locator("h1").is_visible()


def test_a_page_with_its_style_and_script_is_small(visitor: Visitor) -> None:
    """Under 30 kB, the clock included."""
    page = visitor.open_as("hr", "/account")
    sizes = [len(page.request.get(request.url).body()) for request in visitor.requests if "/static/" in request.url]

    assert len(page.content().encode()) + sum(sizes[-3:]) < 30_000
