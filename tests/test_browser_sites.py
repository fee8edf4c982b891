"""Claims about the list of sites: every site with its own time, found by name or zone, by mouse or keyboard."""

import re

import pytest
from playwright.sync_api import expect

from attendance.clock import find_zone, to_local, utc_now
from tests import browser as kit
from tests.browser import DESK, Visitor, press, said

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

SCRIPTS = pytest.mark.parametrize("java_script_enabled", [True, False], ids=["with JavaScript", "without JavaScript"])


@SCRIPTS
def test_every_site_shows_its_own_time(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """Nine sites stand there, each with the date and offset of its zone."""
    page = visitor.open("/", size=DESK, java_script_enabled=java_script_enabled)
    kathmandu = to_local(utc_now(), find_zone("Asia/Kathmandu"))

    expect(page.locator(".site")).to_have_count(9)
    assert re.fullmatch(
        rf"Kathmandu \d\d:\d\d:\d\d \w+ {kathmandu.day} {kathmandu:%B %Y}, UTC\+05:45",
        said(page, "[href='/sites/kathmandu/attendance']"),
    )


def test_all_times_tick_together(visitor: Visitor) -> None:
    """A second later every time has moved, and all show the same second."""
    page = visitor.open("/", size=DESK)
    before = page.locator(".clock-time").all_text_contents()

    expect(page.locator(".clock-time").first).not_to_have_text(before[0])

    after = page.locator(".clock-time").all_text_contents()
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert len({time[-2:] for time in after}) == 1


@SCRIPTS
def test_a_site_is_found_by_a_part_of_its_name_or_zone(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """What is typed filters the list, stays typed, and one click shows all sites again."""
    page = visitor.open("/", java_script_enabled=java_script_enabled)

    for words, names in {
        "kath": ["Kathmandu"],
        "PACIFIC": ["Auckland"],
        "europe lon": ["London"],
        "nowhere": [],
    }.items():
        page.fill("#q", words)
        with page.expect_navigation():
            page.keyboard.press("Enter")

        assert page.locator(".site-name").all_text_contents() == names
        assert page.input_value("#q") == words
        assert (f"{len(names)} of 9 sites" if names else "No site is called that") in said(page, "main > [role=status]")

    press(page, "text=Show all sites")
    expect(page.locator(".site")).to_have_count(9)


def test_the_keyboard_alone_leads_to_a_site(visitor: Visitor) -> None:
    """Tab goes from the search over its button to the sites, and Enter opens one."""
    page = visitor.open("/", size=DESK)
    for _ in range(3):
        page.keyboard.press("Tab")

    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert said(page, "h1") == "London"
