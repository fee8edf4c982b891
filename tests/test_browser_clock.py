"""Claims about the ticking time: it is the server's, for the site, whatever the device believes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import monotonic, sleep

import pytest
from playwright.sync_api import Page, Route, expect

from attendance.clock import find_zone, to_local, utc_now
from tests import browser as kit
from tests.browser import FORM, Visitor, said

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

SHIFT_DATE = """
  const Device = Date;
  const shift = %d * 3600 * 1000;
  globalThis.Date = class extends Device {
    constructor(...given) { if (given.length) super(...given); else super(Device.now() + shift); }
    static now() { return Device.now() + shift; }
  };
"""
STOP_WHILE_ASLEEP = """
  const awake = performance.now.bind(performance);
  globalThis.slept = 0;
  performance.now = () => awake() - slept;
"""
KEEP_WHAT_IS_SHOWN = """
  globalThis.seen = [];
  addEventListener("DOMContentLoaded", () => {
    const clock = document.querySelector(".clock");
    const keep = () => seen.push(clock.textContent.replace(/\\s+/g, " ").trim());
    new MutationObserver(keep).observe(clock, {subtree: true, childList: true});
    keep();
  });
"""
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)
LORD_HOWE_SPRING = datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


def shown(page: Page) -> datetime:
    """Return the time on the page, naive, as it stands there."""
    return datetime.strptime(said(page, ".clock").rpartition(",")[0], "%H:%M:%S %A %d %B %Y")  # noqa: DTZ007  # local


def away(page: Page, zone: str = "Europe/London") -> timedelta:
    """Return how far the page is from the true time at the site; what looking takes is not counted."""
    earliest = _wall(zone)
    there = shown(page)
    return max(earliest - there, there - _wall(zone), timedelta())


def _wall(zone: str) -> datetime:
    """Return the true time at a zone, naive."""
    return to_local(utc_now(), find_zone(zone)).replace(tzinfo=None)


def pretend(start: datetime, offsets: tuple[int, int], change: datetime) -> Callable[[Page], None]:
    """Let the server's first answer say that it is `start`, and let the offset in seconds change at `change`.

    The page keeps in `seen` all that its clock ever showed: whoever looks from outside might look too late.
    """
    began: list[float] = []

    def instant() -> datetime:
        began.append(monotonic())
        return start + timedelta(seconds=began[-1] - began[0])

    def page_then(route: Route) -> None:
        answer = route.fetch()
        now = instant()
        body = re.sub(r'data-now="\d+"', f'data-now="{now.timestamp() * 1000:.0f}"', answer.text())
        body = re.sub(r'data-offset="-?\d+"', f'data-offset="{offsets[now >= change]}"', body)
        route.fulfill(response=answer, body=body)

    def clock_then(route: Route) -> None:
        now = instant()
        told = {"now": round(now.timestamp() * 1000), "offsets": {"london": offsets[now >= change]}}
        route.fulfill(json=told)

    def prepare(page: Page) -> None:
        page.add_init_script(KEEP_WHAT_IS_SHOWN)
        page.route("**" + FORM, page_then)
        page.route("**/clock?*", clock_then)

    return prepare


@pytest.mark.parametrize(
    ("hours", "timezone_id"),
    [(-31, "Pacific/Kiritimati"), (5, "America/Los_Angeles")],
    ids=["a day and a night behind", "five hours ahead"],
)
def test_the_page_shows_the_servers_time_on_a_device_whose_clock_is_wrong(
    visitor: Visitor, hours: int, timezone_id: str
) -> None:
    """Neither the device's clock nor its zone changes what the page says of the site."""
    page = visitor.open_special(
        "/sites/kathmandu/attendance",
        before=lambda page: page.add_init_script(SHIFT_DATE % hours),
        timezone_id=timezone_id,
        locale="ar-EG",
    )
    assert page.evaluate("new Date().getTimezoneOffset()") != 0
    loaded = said(page, ".clock-time")

    expect(page.locator(".clock-time")).not_to_have_text(loaded)

    assert away(page, "Asia/Kathmandu") < timedelta(seconds=2)
    assert said(page, ".offset") == "UTC+05:45"


def test_the_time_ticks_every_second(visitor: Visitor) -> None:
    """Within four seconds of the browser's clock each second stands there once."""
    page = visitor.open_special(before=lambda page: page.clock.install())
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    seen = [shown(page)]

    for _ in range(4):
        page.clock.run_for(1000)
        seen.append(shown(page))

    assert [later - earlier for earlier, later in pairwise(seen)] == [timedelta(seconds=1)] * 4


def test_the_time_is_there_without_javascript(visitor: Visitor) -> None:
    """Without JavaScript the time of the answer stands, with date and offset."""
    page = visitor.open(java_script_enabled=False)

    assert away(page) < timedelta(seconds=2)


def test_a_slow_line_does_not_make_the_time_late(visitor: Visitor) -> None:
    """The time that a script needs to arrive is counted in."""
    page = visitor.open_special(before=lambda page: page.route("**/page.js", _late))

    assert away(page) < timedelta(seconds=1.8)


def _late(route: Route) -> None:
    """Answer two and a half seconds later than asked."""
    sleep(2.5)
    route.continue_()


def test_the_date_changes_at_the_midnight_of_the_site(visitor: Visitor) -> None:
    """Where it is 23:59:58 the page goes on to 00:00:00 of the next day, wherever the device is."""
    midnight = datetime(2026, 11, 22, 18, 15, tzinfo=UTC)
    prepare = pretend(midnight - timedelta(seconds=2), (20700, 20700), midnight)
    page = visitor.open_special(before=prepare, timezone_id="America/Los_Angeles")

    expect(page.locator("[data-date]")).to_have_text("Monday 23 November 2026")

    seen = page.evaluate("seen")
    assert re.fullmatch(r"23:59:5\d Sunday 22 November 2026, UTC\+05:45", seen[0])
    assert "00:00:00 Monday 23 November 2026, UTC+05:45" in seen


@pytest.mark.parametrize(
    ("change", "offsets", "before", "after"),
    [
        (SPRING, (0, 3600), r"00:59:5\d Sunday 28 March 2027, UTC\+00:00", r"02:00:0[0-3] Sunday 28 .* UTC\+01:00"),
        (AUTUMN, (3600, 0), r"01:59:5\d Sunday 25 October 2026, UTC\+01:00", r"01:00:0[0-3] Sunday 25 .* UTC\+00:00"),
        (LORD_HOWE_SPRING, (37800, 39600), r"01:59:5\d Sunday 4 .* UTC\+10:30", r"02:30:0[0-3] Sunday 4 .* UTC\+11:00"),
    ],
    ids=["spring", "autumn", "half an hour"],
)
def test_an_open_page_follows_a_change_of_summer_time(
    visitor: Visitor, change: datetime, offsets: tuple[int, int], before: str, after: str
) -> None:
    """At the quarter of an hour at which the clocks change the page asks the server, and shows the new offset."""
    page = visitor.open_special(before=pretend(change - timedelta(seconds=2), offsets, change))

    expect(page.locator(".offset")).to_have_text("UTC" + after[-6:])

    seen = page.evaluate("seen")
    assert re.fullmatch(before, seen[0])
    first = next(text for text in seen if text.endswith(after[-6:]))
    assert re.fullmatch(after, first)


def test_a_page_that_asks_a_moment_too_early_asks_again(visitor: Visitor) -> None:
    """An answer from just before the change has the old offset, though the change has come when it arrives."""
    answers = [(-0.001, 0), (1.0, 3600)]

    def slowly(route: Route) -> None:
        late, offset = answers.pop(0)
        sleep(0.2)
        now = SPRING + timedelta(seconds=late)
        route.fulfill(json={"now": round(now.timestamp() * 1000), "offsets": {"london": offset}})

    def prepare(page: Page) -> None:
        pretend(SPRING - timedelta(seconds=1.5), (0, 0), SPRING)(page)
        page.route("**/clock?*", slowly)

    page = visitor.open_special(before=prepare)

    expect(page.locator(".offset")).to_have_text("UTC+01:00")


def test_a_page_whose_line_is_down_at_the_change_asks_again(visitor: Visitor) -> None:
    """When nobody answers at the change, the page ticks on and asks again ten seconds later, not a quarter later."""

    def prepare(page: Page) -> None:
        page.clock.install()
        pretend(SPRING - timedelta(seconds=3), (0, 3600), SPRING)(page)
        page.route("**/clock?*", lambda route: route.fulfill(status=503))

    page = visitor.open_special(before=prepare)
    page.clock.run_for(5000)
    page.wait_for_function("askAgainAt > 0")
    told = (SPRING + timedelta(seconds=13)).timestamp() * 1000
    page.route("**/clock?*", lambda route: route.fulfill(json={"now": told, "offsets": {"london": 3600}}))

    page.clock.run_for(11_000)

    expect(page.locator(".offset")).to_have_text("UTC+01:00")
    assert _asked(visitor) == 2


def _asked(visitor: Visitor) -> int:
    """Return how often the page asked for the time."""
    return sum("/clock?" in request.url for request in visitor.requests)


def test_a_device_that_slept_asks_for_the_time(visitor: Visitor) -> None:
    """A steady clock that stood still during an hour of sleep is noticed within seconds of waking up."""
    page = visitor.open_special(before=lambda page: page.add_init_script(STOP_WHILE_ASLEEP))

    with page.expect_response("**/clock?*"):
        page.evaluate("slept = 3600 * 1000")

    assert away(page) < timedelta(seconds=2)
    assert _asked(visitor) == 1


def test_a_page_that_is_looked_at_again_asks_for_the_time(visitor: Visitor) -> None:
    """Coming back to a page from another one asks the server at once."""
    page = visitor.open()

    with page.expect_response("**/clock?*") as asked:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    assert asked.value.json()["offsets"].keys() == {"london"}
