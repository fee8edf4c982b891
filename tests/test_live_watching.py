"""Claims about who watches in a process: one follower for all, which rests while nobody looks, and bounded queues."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Semaphore

import pytest

from attendance.errors import TooManyStreamsError
from attendance.live import Live, Place, Places, Watch, watching
from attendance.live.happenings import Happening
from attendance.model import Amendment, Site
from tests.conftest import HandClock, Incidents
from tests.live_kit import Office, live_of, told
from tests.servers import wait_until


@pytest.fixture
def office(make_site: Callable[..., Site], clock: HandClock, incidents: Incidents) -> Office:
    """London, with one mark."""
    office = Office(make_site(), clock, incidents)
    office.mark("E1")
    return office


def watch(live: Live, office: Office, after: str = "") -> tuple[Watch, Semaphore]:
    """Watch a site; give what is released whenever something is to be taken."""
    woken = Semaphore(0)
    return live.watch([office.site], after, woken.release), woken


def live_threads() -> int:
    """Return how many followers work."""
    return sum(thread.name == "live" for thread in threading.enumerate())


def test_a_mark_wakes_whoever_watches(office: Office) -> None:
    """Within a second, and all of them by one follower."""
    live = live_of(office)
    watches = [watch(live, office) for _ in range(3)]
    begun = [[kind for kind, _ in told(one)] for one, _ in watches]
    for _, woken in watches:
        assert woken.acquire(timeout=1)

    office.mark("E2")

    assert all(woken.acquire(timeout=1) for _, woken in watches)
    assert live_threads() == 1
    assert begun == [["board"]] * 3
    assert [[body["employee_id"] for _, body in told(one)] for one, _ in watches] == [["E2"]] * 3
    live.close()
    assert live_threads() == 0


def test_a_watch_goes_on_where_another_stopped(office: Office) -> None:
    """By the last places that were told."""
    live = live_of(office)
    first, _ = watch(live, office)
    (_, places) = first.take()[-1]
    live.leave(first)
    office.mark("E2", "E3")

    second, _ = watch(live, office, places)

    assert [body["employee_id"] for _, body in told(second)] == ["E2", "E3"]
    live.close()


def test_nothing_works_while_nobody_watches(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that nobody looks at is forgotten, and its follower ends; whoever comes later begins again."""
    monkeypatch.setattr(watching, "KEPT_SECONDS", 0.0)
    live = live_of(office)
    assert live.shown(office.site).sheet
    one, _ = watch(live, office)
    time.sleep(3 * watching.EVERY_SECONDS)
    assert live_threads() == 1

    live.leave(one)
    wait_until(lambda: live_threads() == 0, 5)
    again, woken = watch(live, office)
    told(again)
    while woken.acquire(blocking=False):
        pass
    office.mark("E2")

    assert woken.acquire(timeout=1)
    live.close()


def test_as_many_watch_as_are_allowed(office: Office) -> None:
    """One more is refused; whoever leaves makes room."""
    live = live_of(office, most=2)
    one, _ = watch(live, office)
    watch(live, office)

    with pytest.raises(TooManyStreamsError):
        watch(live, office)
    live.leave(one)

    assert watch(live, office)
    live.close()


def test_a_stop_ends_every_watch_and_those_that_come_late(office: Office) -> None:
    """Each is woken for it."""
    live = live_of(office)
    one, woken = watch(live, office)
    told(one)
    while woken.acquire(blocking=False):
        pass

    live.stop()
    late, _ = watch(live, office)

    assert one.is_over
    assert woken.acquire(timeout=1)
    assert late.is_over
    live.close()


def happening(number: int, site_id: str = "london") -> Happening:
    """Return something that happened."""
    return Happening(kind="mark", site_id=site_id, place=Place(edition=1, offset=number), body="{}")


def test_whoever_does_not_read_is_dropped(make_site: Callable[..., Site]) -> None:
    """What waits for them is bounded, and let go of."""
    slow = Watch([make_site()], Places(by_site={}), lambda: None)

    for number in range(watching.MAX_WAITING + 3):
        slow.hear(happening(number))

    assert slow.is_over
    assert slow.take() == []


def test_of_few_sites_every_row_has_its_places_and_of_many_the_last_one(make_site: Callable[..., Site]) -> None:
    """A group of rows does not carry the places of two hundred sites with each of them."""
    few, many = ([make_site(f"site-{number}") for number in range(count)] for count in (2, 20))
    named = []
    for sites in (few, many):
        one = Watch(sites, Places(by_site={}), lambda: None)
        for number in range(3):
            one.hear(happening(number, "site-1"))
        named.append([bool(places) for _, places in one.take()])

    assert named == [[True] * 3, [False, False, True]]


def test_a_defect_that_stops_a_day_is_told_once(office: Office, incidents: Incidents) -> None:
    """The follower goes on, as all that follows a ledger does."""
    works = [True]

    def trail(site: Site) -> list[Amendment]:
        assert site.name[100 * (not works) :]
        return []

    live = Live(replace(office.sources, amendments_of=trail), report=incidents)
    one = live.watch([office.site], "", lambda: None)
    told(one)

    works.clear()
    office.clock.move(days=1)  # the day is begun anew
    wait_until(lambda: incidents.codes, 5)
    time.sleep(3 * watching.EVERY_SECONDS)
    works.append(True)
    wait_until(lambda: told(one), 5)

    assert incidents.codes == ["follower_stopped"]
    live.close()
