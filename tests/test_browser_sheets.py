"""Claims about days, months and years in a real browser: for the eye, the ear, the keyboard, the thumb, and paper."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from attendance.clock import utc_now
from tests import browser as kit
from tests.browser import DESK, PHONE, SIZES, Visitor
from tests.servers import Server, serving, write_sites
from tests.test_browser_access import CONTRAST, FAULTS, SCHEMES, axe_violations
from tests.years import Habits, people_of, write_year

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

YEAR = utc_now().year - 1
MONTH = f"/hr/sites/london/months/{YEAR}-11"
DAY = f"/hr/sites/london/days/{YEAR}-11-20"
EMPTY = f"/hr/sites/empty/days/{YEAR}-11-20"
PAGES = [
    "/hr/days/today",
    f"/hr/days/{YEAR}-11-20",
    DAY,
    f"{DAY}?show=late&sort=name",
    f"{DAY}?known={YEAR}-11-20T08:45",
    f"{DAY}?known=soon",
    EMPTY,
    MONTH,
    f"{MONTH}?q=nobody",
    f"/hr/sites/kathmandu/months/{YEAR}-10",
    f"/hr/sites/london/employees/L0005?year={YEAR}",
    f"/hr/sun/{YEAR}-11-20",
    "/hr/sun/today",
    "/hr/sites/broken/days/today",
]
NARROW = ViewportSize(width=900, height=700)
LETTERS = Habits(
    timezone="Asia/Kathmandu",
    comes=("In office", "Remote"),
    away=("Sick", "Sabbatical"),
    start=time(10),
    workdays=frozenset({0, 1, 2, 3, 4, 6}),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """Sites with a year of marks, one without any, and one that cannot be read."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("sheets")
    three = "statuses: {Present: present, Absent: absent, Left: left}; start: '09:00'; grace_minutes: 10"
    write_sites(
        folder,
        london=f"timezone: Europe/London; roster: data/london.roster.csv; holidays: GB-ENG; {three}",
        kathmandu="timezone: Asia/Kathmandu; roster: data/kathmandu.roster.csv; start: '10:00'; "
        "statuses: {In office: present, Remote: present, Sick: absent, Sabbatical: absent}; "
        "workdays: [sun, mon, tue, wed, thu, fri]",
        auckland=f"timezone: Pacific/Auckland; roster: data/auckland.roster.csv; {three}",
        empty="timezone: Europe/Paris",
        crowd="timezone: Europe/Paris; roster: data/crowd.roster.csv",
        broken="timezone: America/Lima",
    )
    during = (date(YEAR, 1, 1), utc_now())
    write_year(folder, "london", people_of("london", 30), during, Habits(leaves="Left"))
    write_year(folder, "kathmandu", people_of("kathmandu", 8), during, LETTERS)
    write_year(
        folder, "auckland", people_of("auckland", 12), during, Habits(timezone="Pacific/Auckland", leaves="Left")
    )
    october = (date(YEAR, 10, 1), datetime(YEAR, 11, 1, tzinfo=UTC))
    write_year(folder, "crowd", people_of("crowd", 500), october, Habits(timezone="Europe/Paris"))
    amendment = f"{YEAR}-11-23T09:00:00+00:00,amended,{YEAR}-11-19,L0002,Ana,Absent,hr-ana,Called in sick,\n"
    header = "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference\n"
    (folder / "data" / "london.amendments.csv").write_text(header + amendment, encoding="utf-8")
    with serving(folder, workers=1) as running:
        (folder / "data" / "broken.csv").mkdir()  # what cannot be read, even by root
        yield running


def top(locator: Locator) -> float:
    """Return where something begins, from above."""
    box = locator.bounding_box()
    assert box
    return box["y"]


def left(locator: Locator) -> float:
    """Return where something begins, from the left."""
    box = locator.bounding_box()
    assert box
    return box["x"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_seen_and_heard_in_light_and_dark(visitor: Visitor, path: str) -> None:
    """Contrast, labels, headlines; axe finds nothing."""
    page = visitor.open_as("hr", path, DESK)

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST)["poor"] == []
        assert axe_violations(page) == []
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_window(visitor: Visitor, size: str) -> None:
    """At no size does somebody scroll sideways but within a table or a drawing."""
    for path in PAGES:
        page = visitor.open_as("hr", path, SIZES[size])

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("size", [NARROW, PHONE], ids=["narrow window", "phone"])
def test_names_and_dates_stay_in_view_while_a_month_scrolls_both_ways(visitor: Visitor, size: ViewportSize) -> None:
    """Somebody in the last row and column still sees whose day it is, and which."""
    page = visitor.open_as("hr", MONTH, size)
    box, date_head, name = (
        page.locator(".grid-box"),
        page.locator(".grid thead th").nth(20),
        page.locator(".grid tbody th").nth(9),
    )
    box.scroll_into_view_if_needed()
    before = top(date_head) - top(box), left(name) - left(box)

    box.evaluate("(box) => box.scrollTo(260, 240)")

    moved = box.evaluate("(box) => [box.scrollLeft, box.scrollTop]")
    assert min(moved) > 90
    assert (top(date_head) - top(box), left(name) - left(box)) == pytest.approx(before, abs=1)


def test_the_keyboard_leads_over_the_days_and_the_ear_hears_whose_they_are(visitor: Visitor) -> None:
    """One stop for the whole grid; arrows go on, each day says who, when and what; Enter opens it."""
    page = visitor.open_as("hr", MONTH, DESK)
    stops = page.locator(".grid tbody td:not(.s) a[tabindex='0']")
    page.locator(".grid tbody td:not(.s) a").first.focus()

    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)

    focus = page.locator(":focus")
    label = focus.get_attribute("aria-label") or ""
    who = page.locator(".grid tbody tr").nth(1).locator("bdi").inner_text()
    assert re.fullmatch(rf"{re.escape(who)}, 3 November, \w+: .+", label)
    assert stops.count() == 1
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(f"/hr/sites/london/employees/L0002/days/{YEAR}-11-03")


def test_a_focused_day_is_not_hidden_below_what_stays(visitor: Visitor) -> None:
    """Neither below the dates nor below the names."""
    page = visitor.open_as("hr", MONTH, PHONE)
    page.locator(".grid tbody tr").nth(25).locator("td a").nth(25).focus()

    for key in ["ArrowUp"] * 12 + ["ArrowLeft"] * 12:
        page.keyboard.press(key)

    seen = page.evaluate(
        "() => { const box = document.activeElement.getBoundingClientRect();"
        " const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
        " return document.activeElement.contains(hit) || hit.contains(document.activeElement) && hit.matches('td'); }"
    )
    assert seen


def test_an_ear_without_a_script_hears_cells_with_their_headings(visitor: Visitor) -> None:
    """A real table: each cell says its words, rows are headed by names, columns by dates."""
    page = visitor.open_special("/", java_script_enabled=False)
    kit.sign_in_page(page, visitor, "hr")
    page.goto(MONTH)

    assert page.get_by_role("cell", name="Absent, amended", exact=True).count() == 1
    assert page.get_by_role("columnheader", name="20 November", exact=False).count() == 1
    assert page.get_by_role("rowheader").count() >= 30
    assert page.get_by_role("link", name="Left, late", exact=True).first.get_attribute("href")


@pytest.mark.parametrize("path", [DAY, MONTH])
def test_rows_hide_while_somebody_types(visitor: Visitor, path: str) -> None:
    """By name or ID; how many are left is announced; without what was typed all are back."""
    page = visitor.open_as("hr", path, DESK)
    rows = page.locator("table[data-rows] tbody tr:visible")

    page.fill("#q", "L0007")

    expect(rows).to_have_count(1)
    expect(page.locator("[data-none]")).to_have_text("1 of 30 people are shown.")
    page.fill("#q", "")
    expect(rows).to_have_count(30)


@pytest.mark.parametrize("path", [DAY, MONTH])
def test_people_are_found_without_scripts(visitor: Visitor, path: str) -> None:
    """The form asks the server."""
    page = visitor.open_special("/", java_script_enabled=False)
    kit.sign_in_page(page, visitor, "hr")
    page.goto(path)

    page.fill("#q", "L0007")
    with page.expect_navigation():
        page.click("text=Find >> nth=-1")

    assert page.locator("table[data-rows] tbody tr").count() == 1


def test_a_day_is_sorted_by_its_headings(visitor: Visitor) -> None:
    """Once up, once down, and the heading says which."""
    page = visitor.open_as("hr", DAY, DESK)
    firsts = []

    for _ in range(2):
        with page.expect_navigation():
            page.click("thead >> text=First")
        firsts.append(page.locator("tbody tr:first-child td:nth-child(4)").inner_text())

    assert firsts[0] < firsts[1]
    assert page.get_attribute("thead th:nth-child(4)", "aria-sort") == "descending"


def test_another_day_and_another_month_are_chosen_in_plain_forms(visitor: Visitor) -> None:
    """Without a script."""
    page = visitor.open_special("/", java_script_enabled=False)
    kit.sign_in_page(page, visitor, "hr")

    page.goto("/hr/days/today")
    page.fill("#on", f"{YEAR}-03-05")
    with page.expect_navigation():
        page.click("text=Go")
    day = page.url
    page.goto(MONTH)
    page.fill("#on", f"{YEAR}-03")
    with page.expect_navigation():
        page.click("text=Go")

    assert day.endswith(f"/hr/days/{YEAR}-03-05")
    assert page.url.endswith(f"/months/{YEAR}-03")


def test_a_month_prints_on_its_side_with_its_heading_on_every_sheet(visitor: Visitor) -> None:
    """A4, all people, nothing to press; who changed a day stands on paper without a click."""
    page = visitor.open_as("hr", MONTH, DESK)
    page.emulate_media(media="print")
    printed = page.pdf(prefer_css_page_size=True)

    sizes = {tuple(map(float, found)) for found in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)}
    assert {(round(width), round(height)) for width, height in sizes} == {(842, 595)}
    assert page.locator(".grid thead").evaluate("(head) => getComputedStyle(head).display") == "table-header-group"
    assert page.locator(".grid-box").evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")
    for selector in (".bar", ".places", ".moving", "form", ".files"):
        assert not page.locator(selector).first.is_visible(), selector
    page.goto(f"/hr/sites/london/days/{YEAR}-11-19")
    page.emulate_media(media="print")
    assert page.locator(".trail").is_visible()
    assert "hr-ana" in page.inner_text(".trail")


def test_days_can_be_tapped_on_a_phone(visitor: Visitor) -> None:
    """A thumb meets 44 px; a mouse may meet less, and sees more."""
    page = visitor.open_special(MONTH, has_touch=True, is_mobile=True)
    kit.sign_in_page(page, visitor, "hr")
    page.goto(MONTH)

    box = page.locator(".grid tbody td a").first.bounding_box()

    assert box
    assert min(box["width"], box["height"]) >= 44


def test_a_sheet_with_its_style_and_script_is_small(visitor: Visitor) -> None:
    """Under 30 kB before there are people in it."""
    for path in (EMPTY, f"/hr/sites/empty/months/{YEAR}-11"):
        visitor.requests.clear()
        page = visitor.open_as("hr", path)
        static = {request.url for request in visitor.requests if "/static/" in request.url}
        sizes = [len(page.request.get(url).body()) for url in static if "page.js" not in url]

        assert len(page.content().encode()) + sum(sizes) < 30_000


def test_a_month_of_five_hundred_people_is_there_at_once(visitor: Visitor) -> None:
    """Laid out and ready for the keyboard within a few seconds, also on a busy machine."""
    page: Page = visitor.open_as("hr", f"/hr/sites/crowd/months/{YEAR}-10", DESK)

    took = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")

    assert page.locator(".grid tbody tr").count() > 400
    assert took < 15_000
