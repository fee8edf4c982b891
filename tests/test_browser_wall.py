"""Claims about the display on the wall in a real browser: read from metres, always fresh, honest when it is not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests import browser as kit
from tests.browser import DESK, PHONE, SMALL_PHONE, ZOOMED, Visitor
from tests.servers import Server, serving, write_sites
from tests.test_browser_layout import MAX_PAGE_BYTES, MISFITS

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

HALL, STANDING, SMALL = (
    ViewportSize(width=1920, height=1080),
    ViewportSize(width=1080, height=1920),
    ViewportSize(width=800, height=480),
)
SCREENS = {"hall": HALL, "standing": STANDING, "small": SMALL}
ALL_SIZES = SCREENS | {"desk": DESK, "phone": PHONE, "small phone": SMALL_PHONE, "zoomed": ZOOMED}
SITES = {"few": 5, "some": 30, "many": 100, "crowd": 400, "empty": 0}
GIVEN = ["Ana", "Bo", "Zoé", "Ольга", "太郎", "प्रिया", "محمد", "Wolfeschlegelsteinhausen", "Jo", "Kari", "Maya"]
FAMILY = ["Martín", "Lind", "Öztürk", "Park", "Rai", "Nordmann", "Young"]
AXE = find_spec("axe_playwright_python")
SEEN_NAMES = """() => {
  const box = document.querySelector(".names").getBoundingClientRect();
  return [...document.querySelectorAll(".names li")].filter((one) => {
    const own = one.getBoundingClientRect();
    return own.top >= box.top - 1 && own.bottom <= box.bottom + 1 && own.bottom <= innerHeight;
  }).map((one) => one.textContent);
}"""


def _name(number: int) -> str:
    """Return a name of somebody."""
    return f"{GIVEN[number % len(GIVEN)]} {FAMILY[number % len(FAMILY)]}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server with sites of which few and many are in, since half an hour; the day turns far away from now."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("walls")
    start = datetime.now(ZoneInfo("Etc/GMT-5")) - timedelta(minutes=30)
    turn = f"{(start.hour + 12) % 24:02}:00"
    rule = f"timezone: Etc/GMT-5; day_start: '{turn}'; statuses: {{Present: present, Absent: absent, Left: left}}"
    write_sites(folder, **dict.fromkeys(SITES, f"{rule}; marking: open"))
    (folder / "data").mkdir()
    for site, count in SITES.items():
        rows = [
            f"{(start + timedelta(seconds=number)).isoformat(timespec='seconds')},E{number},{_name(number)},Present"
            for number in range(count)
        ]
        if rows:
            (folder / "data" / f"{site}.csv").write_text(
                "\n".join(["Timestamp,Employee_ID,Name,Status", *rows, ""]), encoding="utf-8"
            )
    with serving(folder, workers=2) as running:
        yield running


def display(visitor: Visitor, site: str, size: ViewportSize = HALL, **more: Any) -> Page:
    """Return the display of a site."""
    return visitor.open_as_kiosk(site, f"/sites/{site}/board", size, **more)


def letters(page: Page, selector: str) -> float:
    """Return how high letters are, in pixels."""
    return float(page.locator(selector).first.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)"))


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_names_are_on_a_screen_that_is_large_enough(visitor: Visitor, screen: str, scheme: Any) -> None:
    """Up to a hundred in a hall, lying or standing; clock and numbers are always seen, and nothing scrolls away."""
    for site in ("few", "some", "many"):
        page = display(visitor, site, SCREENS[screen])
        page.emulate_media(color_scheme=scheme)
        if screen != "small" or site == "few":
            assert len(page.evaluate(SEEN_NAMES)) == SITES[site]
        for part in (".clock-time", ".sums", "h1"):
            expect(page.locator(part)).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_letters_can_be_read_from_metres(visitor: Visitor) -> None:
    """The fewer names the larger; on a screen of 1080 lines none has fewer than 30 of them, and the clock has 100."""
    heights = [letters(display(visitor, site), ".names li") for site in ("few", "some", "many", "crowd")]

    assert heights == sorted(heights, reverse=True)
    assert min(heights) >= 30
    assert letters(display(visitor, "few"), ".clock-time") >= 100


def test_a_crowd_is_shown_screen_by_screen(visitor: Visitor) -> None:
    """Everybody is seen in turn, and then the first ones again."""
    page = visitor.open_as_kiosk("crowd", "/", SMALL)
    page.clock.install()
    page.goto("/sites/crowd/board")
    first = page.evaluate(SEEN_NAMES)
    seen = list(first)

    for _ in range(60):
        page.clock.run_for(10_000)
        shown = page.evaluate(SEEN_NAMES)
        if shown == first:
            break
        seen += shown

    assert shown == first
    assert set(seen) == set(page.locator(".names li").all_text_contents())
    page.clock.resume()


def test_who_comes_and_goes_is_shown_without_a_reload(visitor: Visitor) -> None:
    """Within a few seconds."""
    page = display(visitor, "few")
    page.evaluate("window.same = true")
    mark = {"employee_id": "N1", "name": "Zacharias Zander", "status": "Present"}

    page.request.post("/sites/few/attendance", data=mark)
    expect(page.locator(".names li", has_text="Zacharias")).to_be_visible()
    expect(page.locator(".sum.present b")).to_have_text("6")
    page.request.post("/sites/few/attendance", data=mark | {"status": "Left"})
    expect(page.locator(".names li", has_text="Zacharias")).to_have_count(0)

    expect(page.locator(".sum.left b")).to_have_text("1")
    assert page.evaluate("window.same") is True


def test_a_display_that_hears_nothing_says_so(visitor: Visitor) -> None:
    """After half a minute, with the time of what it shows; and it goes on by itself."""
    page = visitor.open_as_kiosk("some", "/", HALL)
    page.clock.install()
    page.goto("/sites/some/board")
    page.route("**/board/people", lambda route: route.abort())

    for _ in range(12):
        page.clock.run_for(4_000)
    expect(page.locator("#old")).to_contain_text("No answer from the server. This is who was in at ")
    expect(page.locator(".names li")).to_have_count(30)
    page.unroute("**/board/people")
    for _ in range(3):
        page.clock.run_for(4_000)
        page.wait_for_timeout(300)

    expect(page.locator("#old")).to_be_hidden()
    page.clock.resume()
    visitor.complaints.clear()  # of the requests that were aborted


def test_a_display_whose_right_was_taken_away_shows_nobody(visitor: Visitor) -> None:
    """It asks for a code instead, by itself."""
    page = display(visitor, "some")
    page.context.clear_cookies()

    expect(page.locator("#code")).to_be_visible()
    assert page.locator(".names").count() == 0


def test_a_display_works_without_scripts(visitor: Visitor) -> None:
    """It is read again every 15 seconds, and a crowd can be scrolled."""
    page = display(visitor, "crowd", java_script_enabled=False)

    expect(page.locator(".names li")).to_have_count(400)
    expect(page.locator("noscript meta, meta[http-equiv=refresh]")).to_have_attribute("content", "15")
    expect(page.locator(".clock-time")).to_be_visible()


@pytest.mark.parametrize("site", SITES)
def test_nothing_sticks_out_at_any_size(visitor: Visitor, site: str) -> None:
    """Also on a phone and at 400 %; but a name that is too long ends in an ellipsis."""
    page = display(visitor, site)
    found = []
    for name, size in ALL_SIZES.items():
        page.set_viewport_size(size)
        found += [f"{name}: {one}" for one in page.evaluate(MISFITS) if ": LI" not in one and ": BDI" not in one]

    assert found == []


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_the_wall(visitor: Visitor, scheme: Any) -> None:
    """The rules of axe-core find no fault, with nobody and with a crowd."""
    assert AXE
    assert AXE.origin
    rules = Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    found = []
    for site in SITES:
        page = display(visitor, site)
        page.emulate_media(color_scheme=scheme)
        page.evaluate(rules)
        answer: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
        found += [f"{site}: {one['id']}: {one['nodes'][0]['html'][:100]}" for one in answer["violations"]]

    assert found == []


def test_a_display_is_light(visitor: Visitor) -> None:
    """Everything of it together, but for the names."""
    page = display(visitor, "empty")
    page.wait_for_load_state("networkidle")

    sizes = "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.decodedBodySize, 0)"
    assert len(page.content().encode()) + page.evaluate(sizes) < MAX_PAGE_BYTES
