"""Claims about the roster and edited copies in a real browser: for the keyboard, the ear, every size, paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page

from tests import browser as kit
from tests.browser import DESK, PHONE, SIZES, SMALL_PHONE, Visitor, focused, press, said, sign_in_page
from tests.servers import Server, serving, write_sites
from tests.test_browser_access import CONTRAST, FAULTS, SCHEMES, axe_violations

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

ROSTER = "/hr/sites/staffed/roster"
EDITED = "/hr/sites/staffed/edited"
PEOPLE = (
    "Employee_ID,Name,Badge,From,Until\n"
    "S1,Ana Martín,B1,,\nS2,Jo Park,,2099-01-01,\nS3,Zoë,,,2020-01-01\nS4,王秀英,,,\n"
)
CHANGED = (
    "Employee_ID,Name,Until\nS1,Ana Martin,2099-12-31\nS2,Somebody Else,\nS9,Wolfeschlegelsteinhausenbergerdorff,\n"
)
HEADER = "Timestamp,Employee_ID,Name,Status\n"
MARKS = HEADER + "2026-01-05T09:00:00+01:00,S1,Ana Martín,Present\n2026-01-05T09:01:00+01:00,S4,王秀英,Present\n"
COPY = MARKS.replace("S1,Ana Martín,Present", "S1,Ana Martín,Absent") + "2026-01-05T10:00:00+01:00,S4,王秀英,Asleep\n"
WITHOUT = HEADER + "2026-01-05T09:00:00+01:00,S1,Ana Martín,Absent\n2026-01-05T18:00:00+01:00,S4,王秀英,Absent\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server with a site that has a roster, and one that has none."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("rosters")
    (folder / "data").mkdir()
    staffed = "timezone: Europe/Rome; roster: data/staffed.roster.csv"
    write_sites(folder, london="timezone: Europe/London", staffed=staffed)
    with serving(folder, workers=1) as running:
        yield running


@pytest.fixture(autouse=True)
def files(visitors: Visitor) -> Path:
    """The roster and the marks of a site, as they were at first."""
    data = visitors.server.folder / "data"
    (data / "staffed.roster.csv").write_text(PEOPLE, encoding="utf-8")
    if not (data / "staffed.csv").exists():
        (data / "staffed.csv").write_text(MARKS, encoding="utf-8")
    return data


def upload(page: Page, content: str) -> None:
    """Choose a file and send it."""
    payload = FilePayload(name="file.csv", mimeType="text/csv", buffer=content.encode())
    page.set_input_files("#file", payload)
    press(page, ".upload button.go")


def lead(page: Page, state: str) -> None:
    """Lead a page into a state."""
    if state in {"roster", "preview", "refused"}:
        page.goto(ROSTER)
    if state == "found":
        page.goto(f"{ROSTER}?q=ana")
    elif state == "preview":
        upload(page, CHANGED)
    elif state == "refused":
        upload(page, "Employee_ID,Name,From\nS1,,\nS2,Jo,20/11/2026\nS2,Jo,\n")
    elif state == "no roster":
        page.goto("/hr/sites/london/roster")
    elif state in {"copy", "differs", "not amended"}:
        page.goto(EDITED)
        if state != "copy":
            upload(page, COPY if state == "differs" else WITHOUT)
        if state == "not amended":
            page.fill("#reason", "so")
            press(page, ".choices .go")


STATES = ["roster", "found", "preview", "refused", "no roster", "copy", "differs", "not amended"]


@pytest.mark.parametrize("state", STATES)
def test_a_page_can_be_seen_and_heard_in_light_and_dark(visitor: Visitor, state: str) -> None:
    """Contrast, labels, headlines; axe finds nothing."""
    page = visitor.open_as("hr", "/account", DESK)
    lead(page, state)

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST)["poor"] == []
        assert axe_violations(page) == []
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_window(visitor: Visitor, size: str) -> None:
    """At no size does somebody scroll sideways but within a table."""
    page = visitor.open_as("hr", "/account", SIZES[size])

    for state in STATES:
        lead(page, state)

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state


def test_the_keyboard_leads_from_the_roster_to_a_new_one_in_force(visitor: Visitor) -> None:
    """The file is chosen, what would change is shown, the first button keeps who is missing, and that is told."""
    page = visitor.open_as("hr", ROSTER, PHONE)
    payload = FilePayload(name="r.csv", mimeType="text/csv", buffer=CHANGED.encode())
    page.set_input_files("#file", payload)
    page.focus("#file")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    shown = said(page, "main")
    page.focus(".apply .go")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert "1 added, 2 missing, 2 changed, 0 as before" in shown
    assert "The roster was changed: 1 added, 0 removed, 3 changed" in focused(page)
    text = (visitor.server.folder / "data" / "staffed.roster.csv").read_text(encoding="utf-8")
    assert "S3,Zoë,2020-01-01" in text


def test_what_is_wrong_with_a_file_is_said_first(visitor: Visitor) -> None:
    """The summary has the focus, and leads to the field."""
    page = visitor.open_as("hr", ROSTER, SMALL_PHONE)

    upload(page, "x\n")

    assert said(page, "[role=alert]:focus").startswith("Nothing was changed Row 1 names no column Employee_ID")
    page.click("[role=alert] a")
    assert page.url.endswith("#file")


def test_rows_hide_while_somebody_types(visitor: Visitor) -> None:
    """Nothing is asked of the server; without a script the button asks it."""
    page = visitor.open_as("hr", ROSTER, DESK)
    before = len(visitor.requests)

    page.fill("#q", "jo")

    assert [row.is_visible() for row in page.locator("tbody tr").all()] == [False, True, False, False]
    assert said(page, "[data-none]") == "1 of 4 people are shown."
    assert [one.url for one in visitor.requests[before:] if "/hr/" in one.url] == []


def test_everything_works_without_scripts(visitor: Visitor) -> None:
    """Finding, uploading, looking, choosing."""
    page = visitor.open_special("/", java_script_enabled=False)
    sign_in_page(page, visitor, "hr")
    page.goto(ROSTER)
    page.fill("#q", "jo")
    press(page, "form.goto button")
    found = page.locator("tbody tr").count()
    upload(page, CHANGED)
    headline = said(page, "h1")
    page.goto(EDITED)
    upload(page, COPY)

    assert (found, headline) == (1, "What would change on the roster of Staffed")
    assert page.locator(".offers li").count() == 1


def test_the_enter_key_in_the_reason_amends_no_single_row(visitor: Visitor) -> None:
    """It stands for what is chosen: nothing, so that is asked for, and the reason stays."""
    page = visitor.open_as("hr", EDITED, DESK)
    upload(page, COPY)

    page.fill("#reason", "read on paper")
    with page.expect_navigation():
        page.press("#reason", "Enter")

    assert said(page, "[role=alert]:focus") == "Nothing was changed Choose at least one row."
    assert page.input_value("#reason") == "read on paper"
    assert not (visitor.server.folder / "data" / "staffed.amendments.csv").exists()


def test_a_row_is_chosen_by_the_keyboard_and_amended(visitor: Visitor) -> None:
    """The space bar ticks, the name is the label; afterwards the day says what the copy says."""
    page = visitor.open_as("hr", EDITED, PHONE)
    upload(page, COPY)
    page.focus(".offers input[type=checkbox]")
    page.keyboard.press("Space")
    page.fill("#reason", "read on paper")
    press(page, ".choices .go")

    assert focused(page).startswith("1 amended")
    assert page.locator(".offers").count() == 0
    page.goto("/hr/sites/staffed/days/2026-01-05")
    assert "Absent" in said(page, "tbody tr:has-text('Ana')")
    assert visitor.rows("staffed")[0][3] == "Present"


@pytest.mark.parametrize("path", [ROSTER, EDITED])
def test_a_page_is_small(visitor: Visitor, path: str) -> None:
    """Under 30 kB with its own style and script."""
    page = visitor.open_as("hr", path)
    static = page.eval_on_selector_all("link[href], script[src]", "(all) => all.map((one) => one.href || one.src)")
    sizes = [len(page.request.get(url).body()) for url in static]

    assert len(page.content().encode()) + sum(sizes) < 30_000


def test_the_roster_prints_as_a_list(visitor: Visitor) -> None:
    """The table stays; what is to be pressed goes."""
    page = visitor.open_as("hr", ROSTER, DESK)

    page.emulate_media(media="print")

    assert page.locator("tbody").is_visible()
    assert not page.locator(".upload").is_visible()
    assert not page.locator(".bar").is_visible()
