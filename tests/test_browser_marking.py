"""Claims about marking in a browser: by touch, by keyboard, twice, remembered, with and without JavaScript."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests import browser as kit
from tests.browser import DESK, FORM, PHONE, SMALL_PHONE, WALL, Visitor, fill, focused, press, said

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

SCRIPTS = pytest.mark.parametrize("java_script_enabled", [True, False], ids=["with JavaScript", "without JavaScript"])


@pytest.mark.parametrize(
    ("status", "size", "java_script_enabled"),
    [("Present", PHONE, True), ("Absent", PHONE, False), ("Absent", SMALL_PHONE, True), ("Present", WALL, False)],
    ids=[
        "present, phone",
        "absent, phone without JavaScript",
        "absent, small phone",
        "present, wall without JavaScript",
    ],
)
def test_one_tap_marks_and_the_page_says_what_stands_in_the_file(
    visitor: Visitor, status: str, size: ViewportSize, *, java_script_enabled: bool
) -> None:
    """The confirmation says status, time, date, place and offset of the row, and whose row it is."""
    employee_id = f"touch.{size['width']}.{java_script_enabled}"
    page = visitor.open(size=size, has_touch=True, java_script_enabled=java_script_enabled)
    fill(page, employee_id)

    with page.expect_navigation():
        page.tap(f"button.{status.lower()}")

    row = visitor.rows_of(employee_id)[-1]
    at = datetime.fromisoformat(row[0])
    assert row[1:] == [employee_id, "Ana Martín", status]
    assert said(page, "h1") == f"You are marked {status.lower()}"
    assert said(page, ".when") == (
        f"{status} at {at:%H:%M:%S}, {at:%A} {at.day} {at:%B %Y}, London, UTC{at.isoformat()[-6:]}"
    )
    assert said(page, ".who") == f"Ana Martín {employee_id}"


@pytest.mark.parametrize(
    ("status", "tabs", "key", "java_script_enabled"),
    [("Present", 2, "Enter", True), ("Absent", 3, "Space", True), ("Absent", 3, "Enter", False)],
)
def test_the_keyboard_alone_marks_and_one_sees_where_it_is(
    visitor: Visitor, status: str, tabs: int, key: str, *, java_script_enabled: bool
) -> None:
    """Tab goes through the form in the order it is read, each stop has a ring around it, Enter and Space press."""
    employee_id = f"keys.{status}.{java_script_enabled}"
    page = visitor.open(size=DESK, java_script_enabled=java_script_enabled)
    way = []

    page.keyboard.press("Tab")
    way.append(_seen_focus(page))
    page.keyboard.type(employee_id)
    page.keyboard.press("Tab")
    way.append(_seen_focus(page))
    page.keyboard.type("Jo Park")
    for _ in range(tabs):
        page.keyboard.press("Tab")
        way.append(_seen_focus(page))
    with page.expect_navigation():
        page.keyboard.press(key)

    assert way == ["employee_id", "name", "yes", "Present", "Absent"][: 2 + tabs]
    assert [row[2:] for row in visitor.rows_of(employee_id)] == [["Jo Park", status]]
    assert focused(page).startswith("You are marked")


def _seen_focus(page: Page) -> str:
    """Return what has the focus, once it is sure that a ring of 3 px shows it."""
    ring = page.locator(":focus").evaluate("element => getComputedStyle(element).outline")
    assert "solid" in ring and "3px" in ring, ring  # noqa: PT018  # one ring
    return focused(page)


@SCRIPTS
def test_enter_in_a_field_chooses_no_status(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """Enter goes on to the next field and to the buttons; without JavaScript it does nothing. It never marks."""
    page = visitor.open(java_script_enabled=java_script_enabled)
    page.focus("#employee_id")
    way = []

    for text in ["enter", "Ana Martín"]:
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        way.append(focused(page))

    assert way == (["name", "Present"] if java_script_enabled else ["employee_id", "employee_id"])
    assert visitor.posts == []


def test_a_wrong_tap_is_mended_by_another_mark(visitor: Visitor) -> None:
    """One click leads back from the confirmation to the form, filled for who is remembered; the last mark counts."""
    page = visitor.open()
    fill(page, "mistaken")
    page.check("input[name=remember]")
    press(page, "button.absent")

    press(page, "text=Mark again")
    press(page, "button.present")

    assert [row[3] for row in visitor.rows_of("mistaken")] == ["Absent", "Present"]


@SCRIPTS
def test_a_repeat_says_so_and_adds_nothing(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """The second equal mark shows since when it stands, says that nothing was added, and adds nothing."""
    employee_id = f"repeat.{java_script_enabled}"
    page = visitor.open(java_script_enabled=java_script_enabled)
    for _ in range(2):
        page.goto(FORM)
        fill(page, employee_id)
        press(page, "button.present")

    (row,) = visitor.rows_of(employee_id)
    assert said(page, "h1") == "You are already marked present"
    assert said(page, ".when").startswith(f"since {row[0][11:19]}, ")
    assert said(page, ".nothing") == "Nothing was added."


@SCRIPTS
def test_a_double_click_makes_one_row(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """Two clicks at once are one mark, and with JavaScript only one is sent."""
    employee_id = f"double.{java_script_enabled}"
    page = visitor.open(size=DESK, java_script_enabled=java_script_enabled)
    fill(page, employee_id)

    with page.expect_navigation():
        page.dblclick("button.present")

    assert len(visitor.rows_of(employee_id)) == 1
    if java_script_enabled:
        assert len(visitor.posts) == 1
        assert said(page, "h1") == "You are marked present"


def test_a_pressed_button_shows_it_at_once_and_takes_no_second_press(visitor: Visitor) -> None:
    """Before the answer is there the button says that it was pressed, nothing moves, and no press is sent again."""
    page = visitor.open()
    fill(page, "pressed")

    with page.expect_navigation():
        shown = page.evaluate(PRESS_TWICE)

    assert shown == {"pressed": ["Present"], "sign": '"…"', "moved": False}
    assert len(visitor.posts) == 1
    assert [row[3] for row in visitor.rows_of("pressed")] == ["Present"]


PRESS_TWICE = """() => {
  const [present, absent] = document.querySelectorAll("button.status");
  const left = absent.getBoundingClientRect().left;
  present.click();
  absent.click();
  return {
    pressed: [...document.querySelectorAll(".pressed")].map((button) => button.textContent),
    sign: getComputedStyle(present.querySelector(".sign"), "::before").content,
    moved: absent.getBoundingClientRect().left !== left,
  };
}"""


def test_the_button_is_ready_again_when_no_answer_comes(visitor: Visitor) -> None:
    """After eight seconds without an answer the button can be pressed again; trying again is safe."""
    page = visitor.open_special(before=lambda page: page.clock.install())
    page.evaluate("document.forms[0].addEventListener('submit', (event) => event.preventDefault())")  # it goes nowhere
    busy = "document.querySelectorAll('form.sent button.pressed').length"
    page.evaluate("document.querySelector('button.present').click()")
    assert page.evaluate(busy) == 1

    page.clock.run_for(8100)

    assert page.evaluate(busy) == 0


@SCRIPTS
def test_the_way_back_after_a_mark_leads_to_a_form_that_works(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """Back shows the form, ready for another mark, and sends nothing by itself."""
    employee_id = f"back.{java_script_enabled}"
    page = visitor.open(java_script_enabled=java_script_enabled)
    fill(page, employee_id)
    press(page, "button.present")

    page.go_back()
    expect(page.locator("form.sent, button.pressed")).to_have_count(0)
    assert len(visitor.rows_of(employee_id)) == 1
    fill(page, employee_id)
    press(page, "button.absent")

    assert [row[3] for row in visitor.rows_of(employee_id)] == ["Present", "Absent"]


@SCRIPTS
def test_somebody_remembered_needs_one_tap(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """`Remember me` fills ID and name for more than a year, at any site, until `Not you?`."""
    employee_id = f"again.{java_script_enabled}"
    page = visitor.open(has_touch=True, java_script_enabled=java_script_enabled)
    fill(page, employee_id)
    page.tap("text=Remember me on this device")
    with page.expect_navigation():
        page.tap("button.present")

    page.goto("/sites/kathmandu/attendance")
    with page.expect_navigation():
        page.tap("button.absent")

    assert [row[2:] for row in visitor.rows_of(employee_id, "kathmandu")] == [["Ana Martín", "Absent"]]
    (cookie,) = page.context.cookies()
    assert cookie["expires"] > (datetime.now().astimezone() + timedelta(days=366)).timestamp()
    assert cookie["httpOnly"]


@pytest.mark.parametrize(("place", "java_script_enabled"), [("the confirmation", True), ("the form", False)])
def test_not_you_forgets_who_was_remembered(visitor: Visitor, place: str, *, java_script_enabled: bool) -> None:
    """`Not you?` empties the form, says so, and the device knows nobody any more."""
    page = visitor.open(java_script_enabled=java_script_enabled)
    fill(page, "forget")
    page.check("input[name=remember]")
    press(page, "button.present")
    if place == "the form":
        page.goto(FORM)

    press(page, "text=Not you?")

    assert "Nobody is remembered on this device now." in said(page, ".note[role=status]")
    page.goto(FORM)
    assert [page.input_value("#employee_id"), page.input_value("#name")] == ["", ""]
    assert page.context.cookies() == []


def test_mark_someone_else_empties_the_form_and_forgets_nobody(visitor: Visitor) -> None:
    """A colleague marks on my phone, and tomorrow it still knows me."""
    page = visitor.open()
    fill(page, "owner")
    page.check("input[name=remember]")
    press(page, "button.present")

    press(page, "text=Mark someone else")
    assert page.input_value("#employee_id") == ""
    assert not page.is_checked("input[name=remember]")
    fill(page, "colleague", "Jo Park")
    press(page, "button.present")
    page.goto(FORM)

    assert visitor.rows_of("colleague")
    assert page.input_value("#employee_id") == "owner"


def test_a_site_with_three_statuses_has_three_buttons(visitor: Visitor) -> None:
    """Leaving is marked like coming, with a word and a sign of its own."""
    page = visitor.open("/sites/three/attendance")
    fill(page, "leaver")

    press(page, "button.left")

    assert said(page, "h1") == "You are marked “Left”"
    assert visitor.rows_of("leaver", "three")[0][3] == "Left"
