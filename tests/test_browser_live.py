"""Claims about the live board in a real browser: what is marked shows at once, in its place; a lost line is told."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from attendance.clock import utc_now
from attendance.ledger import Ledger
from attendance.model import MarkRequest
from tests import browser as kit
from tests.browser import DESK, PHONE, Visitor, focused, press, said
from tests.conftest import build_site
from tests.servers import Server, granting_of, serving, write_sites

browser, visitors, visitor = kit.browser, kit.visitors, kit.visitor

SOON_SECONDS = 1.0
PEOPLE = ["L1,Ana Martín", "L2,Bo Park", "L3,Cy Park", "L4,Di Park"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A server with two workers, a site with a roster and visitors, and one without."""
    assert browser.is_connected()  # without a browser no server is needed either
    folder = tmp_path_factory.mktemp("live")
    roster = "roster: data/{}.roster.csv; visitors: true; workdays: [mon, tue, wed, thu, fri, sat, sun]"
    write_sites(
        folder,
        london=f"timezone: Europe/London; {roster.format('london')}",
        kathmandu=f"timezone: Asia/Kathmandu; {roster.format('kathmandu')}",
        open="timezone: Europe/Paris",
    )
    (folder / "data").mkdir()
    for site_id, rows in (("london", PEOPLE), ("kathmandu", ["K1,Kiran Rai"])):
        text = "Employee_ID,Name\n" + "".join(f"{row}\n" for row in rows)
        (folder / "data" / f"{site_id}.roster.csv").write_text(text, encoding="utf-8")
    with serving(folder) as running:
        yield running


def mark(server: Server, employee_id: str, status: str = "Present", site: str = "london", name: str = "") -> None:
    """Mark somebody."""
    body = {"employee_id": employee_id, "name": name, "status": status}
    assert server.post(f"/sites/{site}/attendance", body)[0] in {200, 201}


def live(visitor: Visitor, path: str, role: str = "hr") -> Page:
    """Return a page that is live."""
    page = visitor.open_as(role, path, DESK)
    expect(page.locator(".line.live")).to_be_visible()
    return page


def other(page: Page, row: str) -> str:
    """Return the status that somebody has not yet."""
    return "Absent" if "Present" in (page.locator(row).text_content() or "") else "Present"


def test_a_mark_shows_within_a_second_where_its_row_stands(visitor: Visitor, server: Server) -> None:
    """No page is loaded, no row moves, the totals follow, and the row says that it is new."""
    page = live(visitor, "/hr/sites/london")
    before = page.locator("tbody th").all_text_contents()
    loaded = len(visitor.requests)
    status = other(page, "tr[data-id=l2]")

    begun = time.monotonic()
    mark(server, "L2", status)
    page.wait_for_function(
        "(status) => document.querySelector('tr[data-id=l2]').cells[2].textContent.includes(status)", arg=status
    )
    took_seconds = time.monotonic() - begun

    assert took_seconds < SOON_SECONDS
    assert page.locator("tbody th").all_text_contents() == before
    assert page.locator("tr[data-id=l2] .fresh").text_content() == "new"
    assert len(visitor.requests) == loaded
    shown = page.locator(f"tbody .{status.lower()}").count()
    assert page.locator(f"[data-total={status.lower()}]").text_content() == str(shown)
    page.reload()
    assert page.locator(f"[data-total={status.lower()}]").text_content() == str(shown)


def test_somebody_who_was_not_there_yet_comes_last(visitor: Visitor, server: Server) -> None:
    """A visitor, and whoever marks at a site without a roster; both as text, with the way to their day."""
    page = live(visitor, "/hr/sites/london")
    mark(server, "K1")
    row = page.locator("tbody tr").last
    expect(row).to_contain_text("Kiran Rai")
    assert re.sub(r"\s+", " ", row.text_content() or "").startswith("Kiran RaiK1 Present visitor new")
    assert (row.locator("a").get_attribute("href") or "").startswith("/hr/sites/london/employees/K1/days/20")
    assert page.locator("[data-all]").text_content() == str(len(PEOPLE) + 1)

    page = live(visitor, "/hr/sites/open")
    mark(server, "O1", site="open", name="<b>Zoë</b>")
    expect(page.locator("tr[data-id=o1] th")).to_have_text("<b>Zoë</b>")
    assert page.locator("tbody th b").count() == 0


def test_the_row_of_a_site_and_the_sums_follow(visitor: Visitor, server: Server) -> None:
    """Among all sites; its clock goes on."""
    page = live(visitor, "/hr")
    row = page.locator("tr[data-id=kathmandu]")
    status = "Absent" if row.locator("[data-total=present]").inner_text().strip() == "1" else "Present"
    sum_before = int(page.locator(f"[data-sum={status.lower()}]").inner_text())

    mark(server, "K1", status, "kathmandu")
    expect(row.locator(f"[data-total={status.lower()}] a")).to_have_text("1")

    assert int(page.locator(f"[data-sum={status.lower()}]").inner_text()) == sum_before + 1
    first = row.locator(".clock-time").inner_text()
    page.wait_for_timeout(1200)
    assert row.locator(".clock-time").inner_text() != first


def test_a_roster_that_changes_is_read_again(visitor: Visitor, server: Server) -> None:
    """The new one is there, whoever left is not, and the others stand where they stood."""
    path = server.folder / "data" / "london.roster.csv"
    page = live(visitor, "/hr/sites/london?sort=id")
    written = path.read_text(encoding="utf-8")

    path.write_text(written.replace("L4,Di Park", "L5,Eve Park"), encoding="utf-8")
    expect(page.locator("tr[data-id=l5]")).to_contain_text("Eve Park")

    assert page.locator("tr[data-id=l4]").count() == 0
    path.write_text(written, encoding="utf-8")
    expect(page.locator("tr[data-id=l4]")).to_contain_text("Di Park")


def test_a_few_are_read_out_by_name_and_many_are_counted(visitor: Visitor, server: Server) -> None:
    """A flood is no flood of words."""
    page = live(visitor, "/hr/sites/open")
    mark(server, "SAY-1", site="open", name="Ada Byron")
    expect(page.locator("[data-said]")).to_have_text("Ada Byron: Present.")

    for number in range(8):
        mark(server, f"MANY-{number}", site="open", name="Ana")
    expect(page.locator("[data-said]")).to_have_text("8 people have marked.")
    assert page.locator("[data-said]").get_attribute("role") == "status"


def test_a_line_that_is_lost_is_told_and_what_was_missed_shows_when_it_is_back(
    visitor: Visitor, server: Server
) -> None:
    """With the time there, in words; the page is never loaded again."""
    folder = server.folder.parent / "second"
    folder.mkdir()
    write_sites(folder)
    with serving(folder) as first:
        port = first.port
        guest = Visitor(visitor.browser, first)
        page = live(guest, "/hr/sites/london")
        mark(first, "E1", name="Ana")
        expect(page.locator("tr[data-id=e1]")).to_be_visible()
        page.evaluate("window.stays = true")
    expect(page.locator(".line.lost")).to_contain_text("Not live since")
    told = said(page, ".line")
    ledger = Ledger(build_site(folder=folder), now=utc_now, report=lambda _: None)
    ledger.record([MarkRequest(employee_id="E2", name="Bo", status="Present")])
    with serving(folder, port=port):
        expect(page.locator(".line.live")).to_be_visible()
        expect(page.locator("tr[data-id=e2]")).to_be_visible()

    assert re.fullmatch(r"Not live since \d\d:\d\d:\d\d there\. It is tried again by itself\.", told)
    assert page.evaluate("window.stays")
    page.context.close()


def test_whoever_is_signed_out_is_told_so(visitor: Visitor, server: Server) -> None:
    """With the way in."""
    page = live(visitor, "/hr/sites/london", "viewer")

    granting_of(server.folder).disable("test-viewer", by="test")
    expect(page.locator(".line.lost")).to_contain_text("you are signed out")
    press(page, ".line a")

    granting_of(server.folder).enable("test-viewer", by="test")
    assert page.title() == "Sign in – Attendance"


def test_rows_are_found_by_typing(visitor: Visitor, server: Server) -> None:
    """At once; people of all sites are found from the first page, and the answer is said."""
    page = live(visitor, "/hr/sites/london")
    page.fill("#q", "ana")
    assert page.locator("tbody tr:visible th").all_inner_texts() == ["Ana Martín"]
    assert "1 of" in said(page, "[data-none]")

    page = live(visitor, "/hr")
    page.locator("#q").focus()
    page.keyboard.type("kiran")
    expect(page.locator("[data-part=found] li").first).to_contain_text("Kiran Rai")
    assert focused(page) == "q"
    page.fill("#q", "kath")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.fill("#q", "nowhere")
    expect(page.locator("[data-part=none]")).to_contain_text("No site is called that.")
    page.fill("#q", "")
    expect(page.locator("tbody tr:visible")).to_have_count(3)
    assert page.locator("[data-part=none]").inner_text() == ""
    assert server.answers()


def test_everything_works_without_scripts(visitor: Visitor, server: Server) -> None:
    """Filters, order and search are links and forms; the page says when it was made."""
    mark(server, "L1", "Absent")
    mark(server, "L1")
    page = visitor.open_special("/", java_script_enabled=False)
    kit.sign_in_page(page, visitor, "viewer")

    page.goto("/hr")
    assert said(page, ".line").startswith("As it was at ")
    press(page, "tr[data-id=london] [data-total=not_marked] a")
    assert "show=not_marked" in page.url
    assert "Ana Martín" not in page.inner_text("tbody")
    press(page, "thead >> text=Name")
    assert "sort=name" in page.url
    page.goto("/hr")
    page.fill("#q", "martín")
    press(page, "form[role=search] button")
    assert "Ana Martín" in page.inner_text("[data-part=found]")
    page.goto("/hr/sites/london/muster")
    assert page.locator("[data-print]").is_hidden()


def test_the_list_for_an_evacuation_prints_by_one_click(visitor: Visitor, server: Server) -> None:
    """On paper there are names with boxes, the time and the place; nothing to be pressed."""
    mark(server, "L1", "Absent")
    mark(server, "L1")
    page = visitor.open_as("viewer", "/hr/sites/london/muster", PHONE)
    page.evaluate("window.print = () => { window.printed = true; }")

    page.click("[data-print]")
    page.check("tr:has-text('Ana Martín') input")
    checked = said(page, "[data-checked]")
    page.emulate_media(media="print")

    assert page.evaluate("window.printed")
    assert re.fullmatch(r"1 of \d+ are safe", checked)
    assert not page.locator("[data-print]").is_visible()
    assert not page.locator(".bar").is_visible()
    assert page.locator(".muster input").first.is_visible()
    assert re.search(r"As of \d\d:\d\d:\d\d, \w+day \d+ \w+ \d{4}, London \(UTC", said(page, ".as-of"))
    assert page.locator("label.safe").first.bounding_box() is not None
    names = page.locator(".muster th[scope=row]").all_inner_texts()
    assert names == sorted(names, key=str.casefold)


def test_the_clocks_of_many_sites_are_kept_right(visitor: Visitor, server: Server) -> None:
    """More than the server tells of at once are asked for in groups."""
    folder = server.folder.parent / "many"
    folder.mkdir()
    write_sites(folder, **{f"site-{number}": "timezone: Europe/London" for number in range(90)})
    with serving(folder, workers=1) as many:
        guest = Visitor(visitor.browser, many)
        page = live(guest, "/hr")
        page.evaluate("clocks.forEach((clock) => { clock.dataset.offset = 1; })")
        page.evaluate("sync()")
        offsets = page.evaluate("[...new Set(clocks.map((clock) => Number(clock.dataset.offset) % 3600))]")
        asked = [request.url.count("site=") for request in guest.requests if "/clock?" in request.url]
        page.context.close()

    assert offsets == [0]
    assert asked == [40, 40, 10]


def test_a_page_that_nobody_sees_lets_go_and_comes_back(visitor: Visitor, server: Server) -> None:
    """The stream of a hidden page ends; what happened meanwhile shows when it is seen again."""
    page = live(visitor, "/hr/sites/open")
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate("open.abort()")  # as after a minute
    page.evaluate(hide, arg=True)
    expect(page.locator(".line.lost")).to_be_visible()
    mark(server, "HID-1", site="open", name="Hidden")
    page.wait_for_timeout(2500)
    assert page.locator("tr[data-id=hid-1]").count() == 0

    page.evaluate(hide, arg=False)

    expect(page.locator("tr[data-id=hid-1]")).to_be_visible()
