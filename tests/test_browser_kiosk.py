"""Claims about the kiosk in a real browser: a queue passes quickly, and of nobody anything stays."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from attendance.pins import PinFile
from tests import browser as kit
from tests.browser import PHONE, SMALL_PHONE, WALL, Visitor
from tests.servers import Server, serving, write_sites
from tests.test_browser_layout import MAX_PAGE_BYTES, MISFITS

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

OSLO, ROME, BERN, LIMA = ("/sites/oslo/kiosk", "/sites/rome/kiosk", "/sites/bern/kiosk", "/sites/lima/kiosk")
TABLET = ViewportSize(width=1024, height=768)
SCREEN = ViewportSize(width=1920, height=1080)
BADGE = "4006381333931"
PIN = "204816"
ANSWER = "#answer .told"
PEOPLE = [f"Q{number:02},Person Number{'abcdefghijklmnopqrstuvwxyz'[number]}," for number in range(20)]
TALLER = "document.documentElement.scrollHeight > innerHeight"
FAST = """(text) => {
  for (const key of [...text, "Enter"]) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
    if (key !== "Enter") document.execCommand("insertText", false, key);
  }
}"""
AXE = find_spec("axe_playwright_python")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server with a kiosk of every kind."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("kiosks")
    write_sites(
        folder,
        oslo="timezone: Europe/Oslo; roster: data/staff.csv; marking: kiosk",
        rome="timezone: Europe/Rome; roster: data/staff.csv; marking: pin; statuses: {In: present, Out: left}",
        bern="timezone: Europe/Zurich; marking: code",
        lima="timezone: America/Lima; marking: kiosk",
    )
    (folder / "data").mkdir()
    rows = ["Employee_ID,Name,Badge", f"E1,Ana Martín,{BADGE}", "E2,Jo Park,", *PEOPLE, ""]
    (folder / "data" / "staff.csv").write_text("\n".join(rows), encoding="utf-8")
    PinFile(folder / "data" / "staff.csv").set("E1", PIN)
    with serving(folder, workers=2) as running:
        yield running


def scan(page: Page, typed: str) -> None:
    """Type as a badge scanner does: at once, and Enter."""
    page.keyboard.type(typed)
    page.keyboard.press("Enter")


def leftover(page: Page) -> str:
    """Return everything that is in the page but the clock: texts, values, what is hidden."""
    script = (
        "document.querySelector('main').innerHTML + [...document.querySelectorAll('input')].map((one) => one.value)"
    )
    return str(page.evaluate(script))


def is_idle(page: Page, empty: str) -> bool:
    """Tell whether the kiosk is as it was before anybody came, and waits for typing."""
    return leftover(page) == empty and page.evaluate("document.activeElement.id") == "employee_id"


def test_twenty_people_in_a_queue_need_one_scan_and_one_key_each(visitor: Visitor) -> None:
    """ID, Enter, Enter: the next one types at once, nobody waits for a confirmation to go, and no history grows."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    history, empty = page.evaluate("history.length"), leftover(page)

    for row in PEOPLE:
        employee_id, name, _ = row.split(",")
        scan(page, employee_id)
        page.wait_for_timeout(450)  # a second Enter of the scanner would not count
        page.keyboard.press("Enter")
        expect(page.locator(f"{ANSWER} .name")).to_have_text(name)
        assert page.evaluate("document.activeElement.id") == "employee_id"
        assert page.input_value("#employee_id") == ""

    page.keyboard.press("Escape")
    assert [row[1] for row in visitor.rows("oslo")][-20:] == [row.split(",")[0] for row in PEOPLE]
    assert page.evaluate("history.length") == history
    assert is_idle(page, empty)


def test_a_scanner_chooses_nothing_and_a_second_scan_replaces_the_first(visitor: Visitor) -> None:
    """Its Enter, even sent twice, goes to the buttons; then the badge of the next one stands alone in the field."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    before = visitor.rows("oslo")

    scan(page, "Q01")
    page.keyboard.press("Enter")
    on_buttons = page.evaluate("document.activeElement.className")
    scan(page, BADGE)

    assert "status" in on_buttons
    assert page.input_value("#employee_id") == BADGE
    assert visitor.rows("oslo") == before
    page.click("button.present")
    expect(page.locator(f"{ANSWER} .name")).to_have_text("Ana Martín")


def test_the_kiosk_is_idle_again_by_itself(visitor: Visitor) -> None:
    """Four seconds after a confirmation, eight after an error, twenty after the last key; nothing of anybody stays."""
    page = visitor.open_as_kiosk("rome", ROME, TABLET)
    page.clock.install()
    page.goto(ROME)
    empty = leftover(page)
    shown: list[tuple[bool, bool]] = []

    for pin, seconds in ((PIN, 4), ("971364", 8)):
        scan(page, "E1")
        scan(page, pin)
        page.click("button.present")
        expect(page.locator(ANSWER)).to_be_visible()
        page.clock.run_for((seconds - 1) * 1000)
        stays = page.locator(ANSWER).is_visible()
        page.clock.run_for(1500)
        shown.append((stays, is_idle(page, empty)))
    scan(page, "E1")
    page.keyboard.type("20")
    page.clock.run_for(19_000)
    stays = page.input_value("#pin") == "20"
    page.clock.run_for(1500)

    assert shown == [(True, True)] * 2
    assert stays
    assert is_idle(page, empty)


def test_a_touch_is_enough(visitor: Visitor) -> None:
    """Keypad and buttons do it all; the focus stays in the field, and the keyboard of the tablet covers nothing."""
    page = visitor.open_as_kiosk("rome", ROME, TABLET, has_touch=True)

    page.click("main", position={"x": 5, "y": 5})
    page.keyboard.type("E")
    page.click("[data-key='1']")
    page.click("[data-key='2']")
    page.click("[data-key='back']")
    typed, focus = page.input_value("#employee_id"), page.evaluate("document.activeElement.id")
    page.click("#pin")
    for digit in PIN:
        page.click(f"[data-key='{digit}']")
    page.click("button.left")

    assert (typed, focus) == ("E1", "employee_id")
    assert page.locator("#employee_id").evaluate("(one) => one.inputMode") == "none"
    expect(page.locator(f"{ANSWER} h2")).to_have_text("You are marked “Out”")


def test_a_name_is_found_and_tapped(visitor: Visitor) -> None:
    """A few letters, the name, the status; neither stands in an address afterwards."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    empty = leftover(page)

    page.click("text=Find your name")
    expect(page.locator(".person")).to_have_count(22)
    page.keyboard.type("par")
    expect(page.locator(".person")).to_have_count(1)
    page.click(".person")
    chosen = page.input_value("#employee_id")
    page.click("button.absent")

    expect(page.locator(f"{ANSWER} .name")).to_have_text("Jo Park")
    assert chosen == "E2"
    assert page.url.endswith(OSLO)
    page.keyboard.press("Escape")
    assert is_idle(page, empty)


def test_a_server_that_is_away_leaves_no_error_page(visitor: Visitor) -> None:
    """The kiosk says that it is not known whether it was recorded, and is ready again."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    page.route("**/mark", lambda route: route.abort())

    scan(page, "E1")
    page.click("button.present")

    expect(page.locator(ANSWER)).to_contain_text("No answer from the server")
    page.unroute("**/mark")
    visitor.complaints.clear()  # the browser's own word for it
    scan(page, "E1")
    page.click("button.present")
    expect(page.locator(f"{ANSWER} .name")).to_have_text("Ana Martín")


def test_a_kiosk_says_whose_badge_it_was_before_the_tap(visitor: Visitor) -> None:
    """By a scan or an ID; an unknown one is told as soon as Enter ends it, and nothing of it stays."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    empty = leftover(page)
    whose = page.locator("#whose")

    scan(page, BADGE)
    expect(whose).to_have_text("Ana Martín")
    scan(page, "4711")
    expect(whose).to_have_text("This badge or ID is not known here.")
    page.keyboard.press("Escape")
    assert is_idle(page, empty)
    page.keyboard.type("e2")

    expect(whose).to_have_text("Jo Park")
    page.keyboard.type("x")
    expect(whose).to_have_text("")


def test_a_name_is_not_looked_up_without_a_server(visitor: Visitor) -> None:
    """Neither the kiosk nor the names that are shown go away; both say what to do, also where a proxy answers."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    said = "No answer from the server. Your name cannot be looked up now; type your ID."
    page.route("**/people*", lambda route: route.abort())
    page.click("text=Find your name")
    expect(page.locator(ANSWER)).to_contain_text("Your name cannot be looked up now; type your ID. Tap to go on.")
    page.click(ANSWER)
    expect(page.locator(ANSWER)).to_have_count(0)
    page.unroute("**/people*")

    page.click("text=Find your name")
    expect(page.locator(".person")).to_have_count(22)
    page.route("**/people*", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.keyboard.type("p")

    expect(page.locator("form.found [role=status]")).to_have_text(said)
    assert page.input_value("#q") == "p"
    page.unroute("**/people*")
    page.keyboard.type("ar")
    expect(page.locator(".person")).to_have_count(1)
    visitor.complaints.clear()  # the browser's own word for it


def test_a_tap_on_a_revoked_kiosk_is_told_that_it_was_in_vain(visitor: Visitor) -> None:
    """First that nothing was recorded; then the page that makes a tablet a kiosk."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    before = visitor.rows("oslo")
    page.context.clear_cookies()

    scan(page, "E1")
    page.click("button.present")

    told = "Not recorded This tablet is no kiosk any more. Tell HR, and mark elsewhere. Tap to go on."
    expect(page.locator(ANSWER)).to_have_text(told)
    assert visitor.rows("oslo") == before
    page.click(ANSWER)
    expect(page.locator("h2")).to_have_text("This tablet is not a kiosk yet")


def test_a_scan_replaces_what_somebody_began_to_type(visitor: Visitor) -> None:
    """In the field and among the names; what comes without a long pause before it is left whole."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)

    page.keyboard.press("1")
    page.wait_for_timeout(150)
    page.evaluate(FAST, "234")
    typed = page.input_value("#employee_id")
    page.click("#employee_id")
    page.keyboard.press("5")
    page.wait_for_timeout(600)
    page.evaluate(FAST, BADGE)
    scanned = page.input_value("#employee_id")
    page.click("text=Find your name")
    expect(page.locator(".person")).to_have_count(22)
    page.keyboard.type("mar")
    page.wait_for_timeout(600)
    page.evaluate(FAST, BADGE)

    assert (typed, scanned) == ("1234", BADGE)
    expect(page.locator(".person")).to_have_count(1)
    expect(page.locator(".person")).to_contain_text("Ana Martín")
    assert page.input_value("#q") == BADGE


def test_without_javascript_everything_works(visitor: Visitor) -> None:
    """Names are links, the form is sent as it is, and a page that shows something goes back by itself."""
    page = visitor.open_as_kiosk("rome", ROME, TABLET, java_script_enabled=False)

    page.click("text=Find your name")
    page.fill("#q", "mart")
    page.click("text=Find")
    page.click(".person")
    page.fill("#pin", PIN)
    page.click("button.present")

    expect(page.locator(f"{ANSWER} .name")).to_have_text("Ana Martín")
    assert page.locator("input").count() == 0
    page.wait_for_url(f"**{ROME}", timeout=8000)
    assert page.input_value("#employee_id") == ""


def test_the_code_at_the_door_changes(visitor: Visitor) -> None:
    """The drawing is replaced as soon as the server has another; one that is too old is hidden, and comes back."""
    page = visitor.open_as_kiosk("bern", BERN, TABLET)
    page.clock.install()
    page.goto(BERN)
    old = page.locator(".code").inner_html()
    other = f"<svg xmlns='http://www.w3.org/2000/svg'>{'<g/>' * 3}</svg>"

    page.route("**/kiosk/code", lambda route: route.fulfill(body=other, content_type="image/svg+xml"))
    page.clock.run_for(11_000)
    expect(page.locator(".code g")).to_have_count(3)
    page.unroute("**/kiosk/code")
    page.route("**/kiosk/code", lambda route: route.abort())
    for _ in range(6):
        page.clock.run_for(10_000)
        page.wait_for_timeout(50)

    assert "path" in old
    expect(page.locator(".code")).to_be_hidden()
    expect(page.locator("h2")).to_have_text("The code is away for a moment. It comes back by itself.")
    assert page.evaluate(TALLER) is False
    visitor.complaints.clear()  # the browser's own word for it
    page.unroute("**/kiosk/code")
    page.clock.run_for(11_000)
    expect(page.locator("h2")).to_have_text("Point your phone’s camera here")
    expect(page.locator(".code")).to_be_visible()
    assert page.evaluate(TALLER) is False


def states(page: Page) -> Iterator[str]:
    """Lead a kiosk through what somebody can meet; yield a name for each, while it is shown."""
    page.goto(OSLO)
    yield "idle"
    scan(page, "E1")
    yield "the choice"
    page.click("button.present")
    expect(page.locator(ANSWER)).to_be_visible()
    yield "confirmed"
    scan(page, "nobody")
    page.click("button.present")
    expect(page.locator(ANSWER)).to_contain_text("not on the list")
    yield "refused"
    page.keyboard.press("Escape")
    page.click("text=Find your name")
    expect(page.locator(".person")).to_have_count(22)
    yield "the names"
    for path, name in ((ROME, "not a kiosk"), ("/sites/rome/attendance", "how to mark"), (f"{OSLO}/people", "people")):
        page.goto(path)
        yield name


def test_nothing_sticks_out_at_any_size(visitor: Visitor) -> None:
    """From a phone of 320 px to a wall nothing scrolls sideways, and what is tapped is as large as a fingertip."""
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    found = []

    for state in states(page):
        for size in (SMALL_PHONE, PHONE, TABLET, SCREEN, WALL):
            page.set_viewport_size(size)
            found += [f"{state}, {size['width']}: {misfit}" for misfit in page.evaluate(MISFITS)]
        page.set_viewport_size(TABLET)

    assert found == []


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_the_kiosk(visitor: Visitor, scheme: Any) -> None:
    """The rules of axe-core find no fault in any state."""
    assert AXE
    assert AXE.origin
    rules = Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    page = visitor.open_as_kiosk("oslo", OSLO, TABLET)
    found: list[str] = []

    for state in states(page):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(rules)
        answer: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
        found += [f"{state}: {one['id']} {one['nodes'][0]['target']}" for one in answer["violations"]]

    assert found == []


@pytest.mark.parametrize(("site", "path"), [("oslo", OSLO), ("rome", ROME), ("bern", BERN), ("oslo", f"{OSLO}/people")])
def test_a_kiosk_is_light(visitor: Visitor, site: str, path: str) -> None:
    """With style and script it is under 30 kB."""
    page = visitor.open_as_kiosk(site, "/")
    page.goto(path)

    sizes = "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.decodedBodySize, 0)"
    page_bytes = len(page.content().encode())
    assert page_bytes + page.evaluate(sizes) < MAX_PAGE_BYTES
