"""Own the present day of one site as its files grow: look, and say what happened; nothing that is not committed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import RLock
from zlib import crc32

from attendance.appendlog import Position, peek_position
from attendance.clock import WorkDay, to_local, work_day
from attendance.codec import HEADER
from attendance.errors import LedgerError, RosterError, StorageBusyError
from attendance.files import Signs, hidden, signs_at, storage_errors
from attendance.live.happenings import Happening, Shown, What, board, marked
from attendance.live.places import Place
from attendance.model import Mark, Site
from attendance.registry import amendments_path
from attendance.reporting.days import OFFSETS_APART
from attendance.reporting.sources import Sources
from attendance.timesheet import Entry, OpenDay, is_of_another_zone

MAX_TOLD = 500
"""So many marks of one look are told one by one; more are told as a change."""

MAX_MISSED_BYTES = 64 << 10
"""Who missed more than this hears the totals, and reads the day again."""

PATIENCE_SECONDS = 2.0
"""A ledger whose state is not to be had for so long is told as a problem."""

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What the day was begun with; where it is another one, the day is begun anew."""

    span: WorkDay
    generation: int
    roster: Signs | None
    amendments: Position | None

    def change_to(self, other: "_Basis") -> What | None:
        """Return what makes the other one differ, if something does."""
        if self.generation != other.generation and self.generation:  # a first row makes the file, and is a row
            return What.FILE
        if self.span.date != other.span.date:
            return What.DAY
        if self.roster != other.roster:
            return What.ROSTER
        return What.AMENDMENTS if self.amendments != other.amendments else None


class LiveDay:
    """The present day of one site, for all who watch it in this process.

    Every method may be called by any thread; all but `forget` ask the disk.
    """

    def __init__(self, site: Site, sources: Sources) -> None:
        self.site = site
        self._sources = sources
        self._ledger = sources.ledger_of(site)
        self._amendments_path = amendments_path(site.csv_path)
        logs = (site.csv_path, self._amendments_path)
        self._paths = [*logs, *(hidden(path, "lock") for path in logs)]
        self._lock = RLock()
        self._day: OpenDay | None = None
        self._basis: _Basis | None = None
        self._place = Place(edition=0, offset=0)
        self._problem: str | None = None
        self._level_at: Sequence[Signs | None] | None = None
        self._told_seconds = time.monotonic()
        self._hearers: set[Callable[[Happening], object]] = set()

    @property
    def is_heard(self) -> bool:
        """Tell whether somebody watches."""
        return bool(self._hearers)

    def look(self, *, patiently: bool = False) -> None:
        """Bring it up to what is committed now, and tell those who watch what happened.

        Only with `patiently` a ledger is waited for whose state is not to be had at once, and mended as for a mark.
        """
        with self._lock:
            if not self._is_level():
                for happening in self._caught_up(patiently=patiently):
                    for hear in tuple(self._hearers):
                        hear(happening)

    def shown(self) -> Shown:
        """Return the day as it is now."""
        with self._lock:
            self.look(patiently=True)
            return self._shown()

    def watch(self, hear: Callable[[Happening], object], place: Place | None) -> None:
        """Let somebody hear what happens, from where they were before if that can be told, else from now on."""
        with self._lock:
            self.look(patiently=True)
            missed = self._missed(place) if place else None
            for happening in [board(self._shown())] if missed is None else missed:
                hear(happening)
            self._hearers.add(hear)

    def forget(self, hear: Callable[[Happening], object]) -> None:
        """Tell somebody nothing any more; it waits for nothing."""
        self._hearers.discard(hear)

    # Everything below is called with the lock held.

    def _shown(self) -> Shown:
        """Return the day as it was followed."""
        return Shown(
            site=self.site,
            local=to_local(self._sources.now(), self.site.zone),
            place=self._place,
            sheet=self._day.sheet() if self._day else None,
            problem=self._problem,
        )

    def _is_level(self) -> bool:
        """Tell whether nothing can have happened since the last look, by what changes with every change of a file."""
        try:
            signs = [*map(signs_at, self._paths), self._roster_signs()]
        except OSError:
            return False
        known, self._level_at = self._level_at, signs  # taken before anything is read
        return signs == known and self._basis is not None and self._sources.now() in self._basis.span

    def _roster_signs(self) -> Signs | None:
        """Return what tells one roster from the next, as for those who mark. Raise OSError."""
        path = self.site.roster_path
        try:
            found = path.stat() if path else None
        except FileNotFoundError:
            return None
        return (found.st_ino, found.st_size, found.st_mtime_ns) if found else None

    def _caught_up(self, *, patiently: bool) -> list[Happening]:
        """Read what was committed, and return what happened."""
        try:
            with storage_errors():
                for _ in range(_ATTEMPTS):
                    position = self._ledger.log.position() if patiently else self._ledger.log.peek()
                    happened = self._moved_to(position) if position else None
                    if happened is not None:
                        self._told_seconds = time.monotonic()
                        return happened
            raise StorageBusyError(f"{self.site.csv_path} is being put back")
        except (LedgerError, RosterError) as error:
            return self._stopped_by(error, patiently=patiently)

    def _stopped_by(self, error: LedgerError | RosterError, *, patiently: bool) -> list[Happening]:
        """Return what is told of what stops it, once."""
        self._level_at = None
        is_recent = time.monotonic() - self._told_seconds < PATIENCE_SECONDS
        if isinstance(error, StorageBusyError) and not patiently and is_recent and self._basis:
            return []  # a commit or a repair is under way
        is_known = error.code == self._problem
        self._day, self._basis, self._problem = None, None, error.code
        return [] if is_known else [board(self._shown(), What.PROBLEM)]

    def _moved_to(self, position: Position) -> list[Happening] | None:
        """Return what happened up to a position, or None where the ledger was put back meanwhile.

        Raise LedgerError, RosterError, OSError: then it is begun anew.
        """
        before, basis = self._basis, self._present_basis(position)
        self._basis = None
        what = before.change_to(basis) if before else What.PROBLEM if self._problem else What.FILE
        added: list[tuple[Mark, Entry, int]] = []
        if what:
            self._day = self._begun(basis, position.committed)
        elif position.committed > self._place.offset:
            added = list(self._added(position.committed))
        found = self._ledger.log.peek()
        if found is None or found.generation != position.generation:
            return None
        if not self._is_settled(position, basis):
            self._level_at = None
        self._basis, self._problem = basis, None
        self._place = Place(edition=self._edition(basis), offset=position.committed)
        return self._told(what, added)

    def _told(self, what: What | None, added: list[tuple[Mark, Entry, int]]) -> list[Happening]:
        """Return what is told of a change, or of marks."""
        if what or len(added) > MAX_TOLD:
            return [board(self._shown(), what or What.MANY)]
        if not added or self._day is None:
            return []
        totals, edition = self._day.totals_now, self._place.edition
        return [
            marked(self.site, mark, entry, totals, Place(edition=edition, offset=offset))
            for mark, entry, offset in added
        ]

    def _added(self, end: int) -> Iterator[tuple[Mark, Entry, int]]:
        """Add the marks up to an offset; yield those that count, with what the day is then and the offset behind."""
        for mark, offset in self._ledger.between(self._place.offset or len(HEADER), end):
            entry = self._day.add(mark) if self._day else None
            if entry:
                yield mark, entry, offset

    def _begun(self, basis: _Basis, end: int) -> OpenDay:
        """Return the day with all its marks up to an offset. Raise LedgerError, RosterError."""
        roster = self._sources.roster_of(self.site)
        amendments = self._sources.amendments_of(self.site)
        day = OpenDay(self.site, basis.span.date, roster.employees if roster else None, amendments)
        starts_at = basis.span.starts_at - OFFSETS_APART  # as in reports: rows count by their own offsets
        first = next(self._ledger.between(starts_at, end), None)
        if first is None or not is_of_another_zone(self.site, first[0]):
            starts_at = basis.span.starts_at
        for mark, _ in self._ledger.between(starts_at, end):
            day.add(mark)
        return day

    def _missed(self, place: Place) -> list[Happening] | None:
        """Return the marks since a place, which whoever comes may make up, or None where they cannot be told."""
        start, end, day = place.offset, self._place.offset, self._day
        if day is None or not self._leads_on(place) or not 0 <= end - start <= MAX_MISSED_BYTES:
            return None
        try:
            if start and (start < len(HEADER) or self._ledger.log.read(start - 1, start) != b"\n"):
                return None
            rows = list(self._ledger.between(start or len(HEADER), end))
        except LedgerError:  # it is told by the next look
            return None
        added = [(mark, entry, offset) for mark, offset in rows if (entry := day.entry_of(mark))]
        return None if len(added) > MAX_TOLD else self._told(None, added)

    def _leads_on(self, place: Place) -> bool:
        """Tell whether nothing but rows came since a place; where there was no file, its first row made it."""
        if place.offset or self._basis is None:
            return place.edition == self._place.edition
        return place.edition in {self._place.edition, self._edition(replace(self._basis, generation=0))}

    def _present_basis(self, position: Position) -> _Basis:
        """Return what a day would be begun with now. Raise OSError."""
        now = self._sources.now()
        known = self._basis.span if self._basis and now in self._basis.span else None
        return _Basis(
            span=known or work_day(now, self.site.zone, self.site.day_start),
            generation=position.generation,
            roster=self._roster_signs(),
            amendments=peek_position(self._amendments_path),
        )

    def _is_settled(self, position: Position, basis: _Basis) -> bool:
        """Tell whether no commit is under way: the lock file may say so within one tick of the clock of the files."""
        sizes = [signs[1] if signs else 0 for signs in map(signs_at, self._paths[:2])]
        return basis.amendments is not None and sizes == [position.committed, basis.amendments.committed]

    def _edition(self, basis: _Basis) -> int:
        """Return a number for what the day was begun with, the same in every process."""
        parts = (basis.generation, basis.span.date.isoformat(), basis.roster, basis.amendments)
        return crc32(repr((self.site, *parts)).encode())
