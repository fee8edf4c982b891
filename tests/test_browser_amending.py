"""Claims about correcting a day, asking for it and closing a month in a real browser: by keyboard, ear and thumb."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from attendance.amending import Amending, Wish
from attendance.audit import Audit
from attendance.clock import Month, utc_now
from attendance.marking import Marking
from attendance.pins import PinFile
from attendance.registry import load_registry
from tests import browser as kit
from tests.browser import DESK, PHONE, SIZES, Visitor, focused, press
from tests.servers import Server, serving, write_sites
from tests.test_browser_access import CONTRAST, FAULTS, SCHEMES, axe_violations
from tests.test_browser_layout import MAX_PAGE_BYTES, MISFITS

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

YESTERDAY = utc_now().date() - timedelta(days=1)
ANA = f"/hr/sites/london/employees/E1/days/{YESTERDAY}"
REPEATED = "/hr/sites/london/employees/E1/days/2025-10-26"
MONTHS = "/hr/sites/london/months"
FORGOTTEN = "/sites/london/forgotten"
PIN = "204816"
TABS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server with marks, amendments, requests, and months that were closed."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("amending")
    write_company(folder)
    with serving(folder, workers=1) as running:
        yield running


def write_company(folder: Path) -> None:
    """Write two sites, what was marked there, and what became of it."""
    (folder / "data").mkdir()
    (folder / "data" / "staff.csv").write_text("Employee_ID,Name\nE1,Ana Martín\nE2,Jo Park\n", encoding="utf-8")
    rows = [
        "Timestamp,Employee_ID,Name,Status",
        "2025-10-26T01:30:00+01:00,E1,Ana Martín,Present",
        "2025-10-26T01:30:00+00:00,E1,Ana Martín,Absent",
        f"{YESTERDAY}T09:12:03+00:00,E1,Ana Martín,Present",
        f"{YESTERDAY}T17:31:00+00:00,E1,Ana Martín,Absent\n",
    ]
    (folder / "data" / "london.csv").write_text("\n".join(rows), encoding="utf-8")
    PinFile(folder / "data" / "staff.csv").set("E1", PIN)
    write_sites(
        folder,
        london="timezone: Europe/London; roster: data/staff.csv; marking: kiosk",
        rome="timezone: Europe/Rome; roster: data/staff.csv; marking: pin",
    )
    sites = load_registry(folder / "sites.yaml").sites
    marking = Marking(load_registry(folder / "sites.yaml"), now=utc_now, report=lambda _: None)
    amending = Amending(marking, Audit(folder / "logs", now=utc_now), now=utc_now, report=lambda _: None)
    for number in range(6):
        day = YESTERDAY - timedelta(days=number)
        wish = Wish(employee_id="E1", on=day, status="Absent", reason="I was ill, and the tablet was broken")
        amending.ask(sites["rome"], wish, by="kiosk gate")
    wish = Wish(employee_id="E1", on=YESTERDAY, at=time(17, 31), status="Present", reason="tapped the wrong button")
    amending.amend(sites["london"], wish, by="hana")
    for month in (7, 8):
        amending.close(sites["london"], Month(2025, month), by="hana")
    amending.reopen(sites["london"], Month(2025, 8), by="hana", reason="payroll asked")
    wish = Wish(employee_id="E2", on=date(2025, 8, 14), status="Present", reason="forgot the badge")
    amending.amend(sites["london"], wish, by="hana")
    amending.close_files()
    marking.ledger(sites["london"]).close()


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until something has the focus: by its ID, else by its text."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if page.locator(":focus").count() and focused(page).startswith(wanted):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def wait_for(page: Page, key: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def states(page: Page) -> Iterator[str]:
    """Lead a page of HR through what somebody can meet; yield a name for each, while it is shown."""
    page.goto(ANA)
    yield "a day"
    press(page, "text=Correct it >> visible=true >> nth=-1")
    yield "a form that is empty"
    page.goto(REPEATED)
    page.check("#status")
    page.check("#scope-2")
    page.fill("#time", "01:30")
    page.fill("#reason", "night shift")
    press(page, "button.go")
    yield "a time that was twice"
    page.goto(f"{ANA}?done=8")
    yield "an answer about a day"
    page.goto("/hr/requests")
    yield "the requests"
    page.click("summary >> nth=0")
    press(page, "button:has-text('Decline it') >> visible=true")
    yield "a reason that is missing"
    for month in ("2025-07", "2025-08", "2025-09"):
        page.goto(f"{MONTHS}/{month}/closing")
        yield f"the closing of {month}"
    page.goto(f"{MONTHS}/2025-07/closing")
    press(page, "button.go")
    yield "a month that is opened for no reason"


def kiosk_states(page: Page, employee_id: str) -> Iterator[str]:
    """Lead a kiosk through what somebody can meet who forgot a day."""
    page.goto(FORGOTTEN)
    yield "the form"
    press(page, "button.go")
    yield "a form that is empty"
    page.fill("#employee_id", employee_id)
    page.check("#status")
    page.fill("#reason", "forgot my badge")
    press(page, "button.go")
    yield "a request that was sent"


def test_a_day_is_corrected_by_the_keyboard_alone(visitor: Visitor) -> None:
    """Arrows choose, Enter sends; what was changed is said first, and the way back is the next stop."""
    page = visitor.open_as("hr", f"/hr/sites/london/employees/E2/days/{YESTERDAY}", DESK)

    tab_to(page, "status")
    page.keyboard.press("ArrowRight")
    tab_to(page, "scope")
    page.keyboard.press("ArrowDown")
    tab_to(page, "time")
    page.keyboard.type("8:15")
    tab_to(page, "reason")
    page.keyboard.type("was at the doctor")
    wait_for(page, "Enter")

    told = " ".join((page.locator("[role=status]:focus").text_content() or "").split())
    page.keyboard.press("Tab")
    assert told.startswith("It is changed. The day was:")
    assert "It is now: Absent" in told
    assert focused(page) == "Back to the day"
    assert "Changed: Absent at 08:15:00 (UTC+00:00) – test-hr" in " ".join(page.inner_text(".story").split())


def test_a_time_that_was_twice_is_chosen_by_the_keyboard(visitor: Visitor) -> None:
    """The summary has the focus and leads to the question; everything typed is still there."""
    page = visitor.open_as("hr", REPEATED)
    tab_to(page, "status")
    page.keyboard.press("Space")
    tab_to(page, "scope")
    page.keyboard.press("ArrowDown")
    tab_to(page, "time")
    page.keyboard.type("01:45")
    tab_to(page, "reason")
    page.keyboard.type("night shift")
    wait_for(page, "Enter")

    asked = page.locator("[role=alert]:focus").text_content() or ""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at_question = page.evaluate("document.activeElement.name")
    page.keyboard.press("ArrowDown")
    typed = page.input_value("#time"), page.input_value("#reason"), page.is_checked("#status")
    tab_to(page, "reason")
    wait_for(page, "Enter")

    assert "The clock there showed this time twice" in asked
    assert at_question == "which"
    assert typed == ("01:45", "night shift", True)
    assert "01:45:00 (UTC+00:00)" in page.inner_text(".story")


def test_the_time_is_asked_for_where_one_is_chosen(visitor: Visitor) -> None:
    """For the whole day there is no such field, to be seen or to be reached."""
    page = visitor.open_as("hr", ANA)

    before = page.locator("#time").is_visible()
    page.check("#scope-2")

    assert not before
    assert page.locator("#time").is_visible()


def test_a_request_is_approved_and_another_declined_by_the_keyboard(visitor: Visitor) -> None:
    """What became of it is said first; a reason that is missing is asked for in its place."""
    page = visitor.open_as("hr", "/hr/requests", DESK)
    waiting = page.locator(".request").count()
    tab_to(page, "approve")
    wait_for(page, "Enter")
    approved = page.locator("[role=status]:focus").text_content() or ""
    tab_to(page, "Decline")
    page.keyboard.press("Enter")
    tab_to(page, "reason-rome")
    wait_for(page, "Enter")
    alert = page.locator("[role=alert]:focus").text_content() or ""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("you were on leave")
    wait_for(page, "Enter")

    assert "Approved by test-hr" in " ".join(approved.split())
    assert "Say why." in alert
    assert "Declined by test-hr" in page.inner_text("[role=status]:focus")
    assert page.locator(".request").count() == waiting - 2


def test_pages_can_be_seen_and_heard_in_light_and_dark(visitor: Visitor) -> None:
    """Contrast, labels, headlines; axe finds nothing, whatever state a page is in."""
    page = visitor.open_as("hr", "/hr", DESK)
    found: list[str] = []

    for state in states(page):
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{state}, {scheme}: {one}" for one in page.evaluate(CONTRAST)["poor"] + axe_violations(page)]
        found += [f"{state}: {one}" for one in page.evaluate(FAULTS)]

    assert found == []


def test_the_pages_of_the_kiosk_can_be_seen_and_heard(visitor: Visitor) -> None:
    """The same at the door."""
    page = visitor.open_as_kiosk("london", FORGOTTEN, DESK)
    found: list[str] = []

    for state in kiosk_states(page, "E2"):
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{state}, {scheme}: {one}" for one in page.evaluate(CONTRAST)["poor"] + axe_violations(page)]
        found += [f"{state}: {one}" for one in page.evaluate(FAULTS)]

    assert found == []


def test_nothing_sticks_out_and_nothing_is_too_small_to_tap(visitor: Visitor) -> None:
    """From 320 px to a wall; what is wider scrolls within its own box."""
    page = visitor.open_as("hr", "/hr", PHONE)
    found: list[str] = []

    for state in states(page):
        for name, size in SIZES.items():
            page.set_viewport_size(size)
            wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            found += [f"{state}, {name}: the page scrolls to the side"] if wide else []
    page = visitor.open_as_kiosk("london", FORGOTTEN, PHONE)
    for state in kiosk_states(page, "E1"):
        for name, size in SIZES.items():
            page.set_viewport_size(size)
            found += [f"{state}, {name}: {misfit}" for misfit in page.evaluate(MISFITS)]

    assert found == []


def test_everything_works_without_scripts(visitor: Visitor) -> None:
    """HR corrects a day; at the kiosk somebody asks with the PIN, and the page goes back by itself."""
    page = visitor.open_special("/", java_script_enabled=False)
    kit.sign_in_page(page, visitor, "hr")
    page.goto(f"/hr/sites/rome/employees/E2/days/{YESTERDAY}")
    page.check("#status-3")
    page.fill("#reason", "marked by mistake")
    press(page, "button.go")
    corrected = page.inner_text("[role=status]")

    page = visitor.open_as_kiosk("rome", "/sites/rome/kiosk", java_script_enabled=False)
    press(page, "text=I forgot a day")
    page.fill("#employee_id", "E1")
    page.fill("#pin", PIN)
    page.select_option("#date", str(YESTERDAY - timedelta(days=9)))
    page.check("#status")
    page.fill("#reason", "forgot my badge")
    press(page, "button.go")

    assert "It is changed." in corrected
    assert page.inner_text("h2") == "HR will look at it"
    assert page.locator("noscript meta[http-equiv=refresh]").count() or "url=/sites/rome/kiosk" in page.content()


def test_what_was_typed_at_a_kiosk_is_not_left_for_the_next_one(visitor: Visitor) -> None:
    """Ninety seconds after the last key the kiosk is idle again, and so it is after a request."""
    page = visitor.open_as_kiosk("london", FORGOTTEN, DESK)
    page.clock.install()
    page.goto(FORGOTTEN)
    page.fill("#employee_id", "E1")
    page.clock.run_for(80_000)
    page.fill("#reason", "forgot")
    page.clock.run_for(80_000)
    stays = page.url

    with page.expect_navigation():
        page.clock.run_for(11_000)
    left = page.url
    page.goto(FORGOTTEN)
    page.fill("#employee_id", "E2")
    page.select_option("#date", str(YESTERDAY - timedelta(days=3)))
    page.check("#status")
    page.fill("#reason", "forgot")
    press(page, "button.go")
    expect(page.locator(".told h2")).to_have_text("HR will look at it")
    with page.expect_navigation():
        page.clock.run_for(13_000)

    assert stays.endswith(FORGOTTEN)
    assert left.endswith("/sites/london/kiosk")
    assert page.url.endswith("/sites/london/kiosk")


def test_a_scanner_at_the_form_sends_nothing(visitor: Visitor) -> None:
    """Its Enter leaves the badge in the field."""
    page = visitor.open_as_kiosk("london", FORGOTTEN, DESK)
    before = len(visitor.posts)

    page.focus("#employee_id")
    page.keyboard.type("E1")
    page.keyboard.press("Enter")

    assert page.url.endswith(FORGOTTEN)
    assert page.input_value("#employee_id") == "E1"
    assert len(visitor.posts) == before


def test_a_month_is_closed_and_its_sheet_is_downloaded(visitor: Visitor) -> None:
    """One page between the month and its closing; the file has the name that the page says."""
    page = visitor.open_as("hr", f"{MONTHS}/2025-06/closing", DESK)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))

    tab_to(page, "Close June 2025")
    wait_for(page, "Enter")
    told = page.inner_text("[role=status]:focus")
    with page.expect_download() as download:
        page.click("text=The sheet that was closed")

    assert told == "June 2025 is closed. Nobody corrects a day of it, unless it is opened again."
    assert download.value.suggested_filename == "london-2025-06-closed.csv"
    assert "sha256sum london-2025-06-closed.csv" in page.inner_text("main")


def test_a_day_prints_without_what_is_to_be_pressed(visitor: Visitor) -> None:
    """Marks and trail stay, the form goes."""
    page = visitor.open_as("hr", ANA)

    page.emulate_media(media="print")

    assert not page.locator("form").first.is_visible()
    assert page.locator(".story").is_visible()
    assert page.locator(".marks").is_visible()


@pytest.mark.parametrize("path", [ANA, "/hr/requests", f"{MONTHS}/2025-07/closing"])
def test_a_page_with_its_style_and_script_is_small(visitor: Visitor, path: str) -> None:
    """Under 30 kB without its data."""
    page = visitor.open_as("hr", path)
    page.evaluate("document.querySelectorAll('.request, tbody tr').forEach((one) => one.remove())")
    links = page.evaluate("[...document.querySelectorAll('link[rel=stylesheet], script')].map((o) => o.href || o.src)")

    sizes = [len(page.request.get(link).body()) for link in links]

    assert len(page.content().encode()) + sum(sizes) < MAX_PAGE_BYTES
