"""Claims about how the pages look: at every size, in every script, on paper, and light on every line."""

import pytest
from playwright.sync_api import Page, Response, ViewportSize, expect

from tests import browser as kit
from tests.browser import DESK, FORM, PHONE, SIZES, SMALL_PHONE, WALL, Visitor, fill, press, said, states

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

MAX_PAGE_BYTES = 30_000
# What sticks out of the window, and what is lower or narrower than a fingertip.
MISFITS = """() => {
  const wide = document.documentElement.clientWidth;
  const seen = [...document.querySelectorAll("main *:not(.pause)")].filter((element) => element.checkVisibility());
  const name = (element) => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 30)}`;
  const out = seen.filter((element) => {
    const box = element.getBoundingClientRect();
    return box.left < -0.5 || box.right > wide + 0.5 || element.scrollWidth > element.clientWidth + 1 &&
      getComputedStyle(element).display === "block" && element.clientWidth > 0;
  });
  const pressed = "a, button, label:is(.check, .option), input:not([type=checkbox], [type=radio])";
  const small = seen.filter((element) => element.matches(pressed)).filter(
    (element) => element.getBoundingClientRect().height < 43.9 || element.getBoundingClientRect().width < 43.9);
  const scrolls = document.documentElement.scrollWidth > wide ? ["the page scrolls to the side"] : [];
  return [...scrolls, ...out.map((one) => `sticks out: ${name(one)}`), ...small.map((one) => `small: ${name(one)}`)];
}"""
NAMES = [
    "Nguyễn Thị Ψαρρού Ольга",
    "山田 太郎",
    "प्रिया शर्मा",
    "O’Brien & Søn <b>",
]
NAMES_FROM_THE_RIGHT = ["محمد بن سلمان", "דוד בן־גוריון"]


def test_nothing_sticks_out_and_nothing_is_too_small_to_tap_at_any_size(visitor: Visitor) -> None:
    """From 320 px (a desk's window at 400 %) to a tablet on the wall no page scrolls sideways; targets have 44 px."""
    page = visitor.open("/")
    found = []

    for state in states(page, "layout"):
        for name, size in SIZES.items():
            page.set_viewport_size(size)
            found += [f"{state}, {name}: {misfit}" for misfit in page.evaluate(MISFITS)]

    assert found == []


@pytest.mark.parametrize("size", [SMALL_PHONE, PHONE, DESK, WALL], ids=["small phone", "phone", "desk", "wall"])
def test_the_buttons_are_seen_without_scrolling(visitor: Visitor, size: ViewportSize) -> None:
    """Clock, fields and all buttons fit on one screen, also for somebody remembered on a small phone."""
    page = visitor.open(size=size)
    fill(page, "fits")
    page.check("input[name=remember]")
    press(page, "button.present")

    page.goto(FORM)

    for button in page.locator("button.status").all():
        expect(button).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0


def test_the_wall_shows_larger_letters_than_the_phone(visitor: Visitor) -> None:
    """A tablet on the wall is read from two metres: letters, buttons and the time grow with it."""
    page = visitor.open(size=PHONE)
    letters = page.locator("body, .clock-time, button")
    sizes = "(all) => all.map((element) => parseFloat(getComputedStyle(element).fontSize))"
    phone = letters.evaluate_all(sizes)

    page.set_viewport_size(WALL)

    wall = letters.evaluate_all(sizes)
    assert all(on_wall >= 1.4 * on_phone for on_wall, on_phone in zip(wall, phone, strict=True))


def test_names_of_every_script_are_shown_as_they_stand_in_the_file(visitor: Visitor) -> None:
    """Each name is read in its own direction, isolated from the ID beside it, and is never markup."""
    page = visitor.open()
    for number, name in enumerate([*NAMES, *NAMES_FROM_THE_RIGHT]):
        page.goto(FORM)
        fill(page, f"script.{number}", name)
        typed = page.locator("#name").evaluate("(element) => getComputedStyle(element).direction")
        press(page, "button.present")

        shown = page.locator(".who bdi")
        direction = "rtl" if name in NAMES_FROM_THE_RIGHT else "ltr"
        assert shown.text_content() == visitor.rows_of(f"script.{number}")[0][2] == name
        assert [typed, shown.evaluate("(element) => getComputedStyle(element).direction")] == [direction] * 2
        assert _left(page, ".who bdi") < _left(page, ".who .id")


def _left(page: Page, selector: str) -> float:
    """Return where it begins."""
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"]


def test_a_hundred_letters_without_a_space_stay_on_the_page(visitor: Visitor) -> None:
    """The longest name and ID are broken into lines and shown in full."""
    page = visitor.open(size=SMALL_PHONE)
    fill(page, "X" * 64, "W" * 100)

    press(page, "button.present")

    assert page.evaluate(MISFITS) == []
    assert said(page, ".who") == f"{'W' * 100} {'X' * 64}"


def test_a_page_is_light(visitor: Visitor) -> None:
    """Everything that a first visit loads is under 30 kB, and the second visit loads the page alone."""
    loaded: list[Response] = []

    def keep(response: Response) -> None:
        loaded.append(response)

    page = visitor.open_special("/", before=lambda page: page.on("response", keep))
    assert 3 <= len(loaded) <= 4
    assert sum(len(response.body()) for response in loaded) < MAX_PAGE_BYTES

    page.goto(FORM)

    loads = "performance.getEntriesByType('resource').filter((one) => /page[.](css|js)$/.test(one.name))"
    assert page.evaluate(f"{loads}.map((one) => one.transferSize)") == [0, 0]


def test_colours_chosen_by_the_reader_hide_nothing(visitor: Visitor) -> None:
    """With forced colours every button and the confirmation keep an edge, and every word is seen."""
    page = visitor.open()
    page.emulate_media(forced_colors="active")
    edges = page.locator(".status, input:not([type=checkbox])").evaluate_all(
        "(all) => all.map((e) => parseFloat(getComputedStyle(e).borderTopWidth))"
    )
    fill(page, "forced")
    press(page, "button.present")

    assert min(edges) >= 1
    assert page.locator(".result").evaluate("(e) => getComputedStyle(e).borderTopStyle") == "solid"
    for part in ["h1", ".at", ".day", ".who bdi", ".sign", ".button"]:
        expect(page.locator(part)).to_be_visible()


def test_who_wants_no_motion_gets_none(visitor: Visitor) -> None:
    """With reduced motion a pressed button neither shrinks nor fades, and still shows that it was pressed."""
    page = visitor.open()
    page.emulate_media(reduced_motion="reduce")
    page.locator("button.present").evaluate("(button) => button.classList.add('pressed')")

    style = page.locator("button.present").evaluate(
        "(e) => [getComputedStyle(e).transform, getComputedStyle(e).transitionDuration]"
    )

    assert style == ["none", "0s"]
    assert page.locator(".pressed .sign").evaluate("(e) => getComputedStyle(e, '::before').content") == '"…"'


def test_a_printed_confirmation_is_a_receipt(visitor: Visitor) -> None:
    """On paper stands what was recorded, dark on white, without links and buttons."""
    page = visitor.open()
    fill(page, "paper")
    press(page, "button.present")

    page.emulate_media(media="print", color_scheme="light")

    for part in ["h1", ".at", ".day", ".who bdi"]:
        expect(page.locator(part)).to_be_visible()
    expect(page.locator(".next")).to_be_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")
