"""Claims about the page of the API in a real browser: everybody can read it, at every size, and on paper."""

from itertools import pairwise

import pytest

from tests import browser as kit
from tests.browser import SIZES, Visitor
from tests.test_browser_access import CONTRAST, FAULTS, SCHEMES

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_window(visitor: Visitor, size: str) -> None:
    """Nobody scrolls sideways, neither on a phone nor at 400 %."""
    page = visitor.open_as("viewer", "/docs", SIZES[size])

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_can_be_seen_and_heard(visitor: Visitor, scheme: str) -> None:
    """Its words keep their contrast in light and dark, it has one headline and nothing inline; no script is loaded."""
    page = visitor.open_as("viewer", "/docs")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two

    found = page.evaluate(CONTRAST)

    assert found["poor"] == []
    assert found["judged"] > 50
    assert page.evaluate(FAULTS) == []
    assert page.evaluate("document.scripts.length") == 0


def test_its_headlines_step_down_one_by_one(visitor: Visitor) -> None:
    """A screen reader jumps from headline to headline; none of the levels is left out."""
    page = visitor.open_as("viewer", "/docs")

    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.localName[1]))")

    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_keyboard_leads_to_every_operation(visitor: Visitor) -> None:
    """Tab goes through the contents, and Enter goes to the operation."""
    page = visitor.open_as("viewer", "/docs")
    first = page.locator("nav a").first
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")

    focused = page.locator(":focus").get_attribute("href")
    page.keyboard.press("Enter")

    assert focused == first.get_attribute("href")
    assert page.evaluate("document.querySelector(':target').getBoundingClientRect().top") < page.evaluate("innerHeight")


def test_on_paper_all_of_it_is_there(visitor: Visitor) -> None:
    """Nothing that is read on the screen is hidden in print."""
    page = visitor.open_as("viewer", "/docs")
    shown = "[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility()).length"
    on_screen = page.evaluate(shown)

    page.emulate_media(media="print")

    assert page.evaluate(shown) == on_screen
