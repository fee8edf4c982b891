"""Own who watches which sites in this process: one follower for each site, which works while somebody watches."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Event, Lock, Thread

from attendance.errors import TooManyStreamsError
from attendance.live.following import LiveDay
from attendance.live.happenings import Happening, Shown
from attendance.live.places import Place, Places
from attendance.model import Incident, Site
from attendance.reporting import Sources

EVERY_SECONDS = 0.25
"""A mark is told no later than this after it was committed, a round, and a rest."""

REST_ROUNDS = 4
LONGEST_REST_SECONDS = 1.0
"""It rests four times as long as it worked, at most 1 s: it takes a fifth of one processor."""

KEPT_SECONDS = 60.0
"""So long a day that nobody watches is kept for the next page."""

MAX_STREAMS = 200
MAX_WAITING = 1000
"""So many happenings wait for somebody who does not read; then they have to come again."""

FEW_SITES = 8


class Watch:
    """What somebody hears of sites; any thread calls `wake` when there is something to `take`, or when it is over."""

    def __init__(self, sites: Sequence[Site], places: Places, wake: Callable[[], object]) -> None:
        self.sites = sites
        self._wake = wake
        self._places = {site.site_id: places.by_site.get(site.site_id, Place(edition=0, offset=0)) for site in sites}
        self._waiting: deque[Happening] = deque()
        self._most = MAX_WAITING + 2 * len(sites)
        self._lock = Lock()
        self.is_over = False

    def hear(self, happening: Happening) -> None:
        """Take a happening, or be over where too many wait."""
        with self._lock:
            if len(self._waiting) >= self._most:
                self.is_over = True
            if self.is_over:
                self._waiting.clear()
            else:
                self._waiting.append(happening)
        self._wake()

    def take(self) -> list[tuple[Happening, str]]:
        """Return what happened since, each with the places up to which it leads.

        Where those are long, only the last one has them: whoever comes again with earlier ones hears some once more.
        """
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        told = []
        for number, happening in enumerate(taken, start=1):
            self._places[happening.site_id] = happening.place
            is_last = number == len(taken)
            text = str(Places(by_site=self._places)) if is_last or len(self._places) <= FEW_SITES else ""
            told.append((happening, text))
        return told

    def end(self) -> None:
        """Say that it is over; it waits for nothing."""
        self.is_over = True
        self._wake()


class Live:
    """The live days of all sites in this process; every method may be called by any thread."""

    def __init__(self, sources: Sources, *, report: Callable[[Incident], None], most: int = MAX_STREAMS) -> None:
        self._sources = sources
        self._report = report
        self._told: set[str] = set()
        self._most = most
        self._days: dict[str, tuple[LiveDay, float]] = {}
        self._watches: set[Watch] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._over = Event()

    def shown(self, site: Site) -> Shown:
        """Return the present day of a site; asks the disk."""
        return self._day(site).shown()

    def watch(self, sites: Sequence[Site], after: str, wake: Callable[[], object]) -> Watch:
        """Return a watch over sites, from the places that somebody was at before; asks the disk.

        Where those are none of ours, or lie too far back, it begins with the totals. Raise TooManyStreamsError.
        """
        places = Places.read(after, [site.site_id for site in sites])
        watch = Watch(sites, places, wake)
        with self._lock:
            if len(self._watches) >= self._most:
                raise TooManyStreamsError
            self._watches.add(watch)
        try:
            for site in sites:
                self._day(site).watch(watch.hear, places.by_site.get(site.site_id))
        except BaseException:
            self.leave(watch)
            raise
        if self._over.is_set():
            watch.end()
        return watch

    def leave(self, watch: Watch) -> None:
        """Watch no more; it waits for nothing that asks the disk."""
        with self._lock:
            self._watches.discard(watch)
            days = [self._days[site.site_id][0] for site in watch.sites if site.site_id in self._days]
        for day in days:
            day.forget(watch.hear)

    def stop(self) -> None:
        """End all watches, and those that begin from now on; it waits for nothing."""
        self._over.set()
        for watch in tuple(self._watches):
            watch.end()

    def close(self) -> None:
        """Stop, and let go of everything."""
        self.stop()
        thread = self._thread
        if thread:
            thread.join()

    def _day(self, site: Site) -> LiveDay:
        """Return the day of a site, which is followed from now on."""
        with self._lock:
            day = self._days[site.site_id][0] if site.site_id in self._days else LiveDay(site, self._sources)
            self._days[site.site_id] = day, time.monotonic()
            if self._thread is None and not self._over.is_set():
                self._thread = Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
            return day

    def _run(self) -> None:
        """Follow round by round, until nobody has looked for a while."""
        pause = EVERY_SECONDS
        while not self._over.wait(pause):
            begun_seconds = time.thread_time()  # to wait for the disk is no work
            for day in self._heard():
                self._look(day)
            if self._is_idle():
                return
            rest = min(REST_ROUNDS * (time.thread_time() - begun_seconds), LONGEST_REST_SECONDS)
            pause = max(rest, EVERY_SECONDS)

    def _look(self, day: LiveDay) -> None:
        """Follow one day; a defect that stops it is reported once, and stops no other."""
        try:
            day.look()
        except Exception as error:  # noqa: BLE001  # the edge of the thread
            detail = f"its live day is not kept up: {error!r}"
            if detail not in self._told:
                self._report(Incident(code="follower_stopped", path=day.site.csv_path, detail=detail))
            self._told.add(detail)

    def _heard(self) -> Iterable[LiveDay]:
        """Return the days that somebody watches, and let go of those that nobody does any more."""
        old_seconds = time.monotonic() - KEPT_SECONDS
        with self._lock:
            self._days = {
                site_id: (day, used_seconds)
                for site_id, (day, used_seconds) in self._days.items()
                if day.is_heard or used_seconds > old_seconds
            }
            return [day for day, _ in self._days.values() if day.is_heard]

    def _is_idle(self) -> bool:
        """Tell whether there is nothing to follow; then the next who looks begins again."""
        with self._lock:
            if not self._days:
                self._thread = None
            return self._thread is None
