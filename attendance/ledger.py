"""Own one site's marks: decide under the lock what is new and at which instant, append it, and know who is in today."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

from attendance.appendlog import LEASED, MAX_APPEND_BYTES, AppendLog, Lines, Shadow
from attendance.clock import Clock, WorkDay, to_local, work_day
from attendance.codec import HEADER, MAX_LINE_BYTES, decode, encode, is_row
from attendance.errors import AttendanceError, ClockBehindError, LedgerError, MalformedRowError, NameMismatchError
from attendance.identity import clearly_different
from attendance.model import Incident, Mark, MarkRequest, Recorded, Site

CLOCK_HOLD = timedelta(seconds=5)
"""A clock that was set back by no more than this is waited for: rows keep the last instant until it has caught up."""

LINES = Lines(header=HEADER, is_line=is_row, order=lambda line: decode(line).marked_at)

_CHUNK_BYTES = 1 << 18
_PROBE_BYTES = 2 * MAX_LINE_BYTES
_LAST_BYTES = 1 << 20
_TIMESTAMP_BYTES = len("2026-10-25T01:30:00+01:00")
_NEVER = datetime.min.replace(tzinfo=UTC)


def instant_after(last_at: datetime, now: datetime) -> datetime:
    """Return the instant of a row that follows one of `last_at`: the present second, never before that.

    Raise ClockBehindError where the clock was set back too far.
    """
    now = now.replace(microsecond=0)
    if last_at - now > CLOCK_HOLD:
        raise ClockBehindError(now, last_at)
    return max(now, last_at)


@dataclass(slots=True, kw_only=True)
class _Known:
    """What this process has read of the file: up to where, the last instant, and the last mark of everybody today."""

    generation: int
    position: int
    last_at: datetime
    day: WorkDay
    latest: dict[str, Mark] = field(default_factory=dict)


class Ledger:
    """One site's marks, in one file that any number of processes append to.

    `now` is the clock that gives each row its instant; `report` hears of what was noticed and did not stop a mark.
    """

    def __init__(self, site: Site, *, now: Clock, report: Callable[[Incident], None]) -> None:
        self.site = site
        self.path = site.csv_path
        self.lines = LINES
        self.shadow = Shadow(site.csv_path, LINES, report=report)
        self.log = AppendLog(site.csv_path, LINES, report=report, shadow=self.shadow, patience=LEASED)
        self._now = now
        self._report = report
        self._known: _Known | None = None
        self._unreadable: set[int] = set()

    def record(self, requests: Sequence[MarkRequest]) -> list[Recorded | AttendanceError]:
        """Return for each request the row that stands for it, flushed to the disk, or why it cannot be had.

        A request with the status that the employee has already on this work date is answered with that first row. All
        are decided as if one by one. Raise LedgerError where none of them could be recorded.
        """
        with self.log.exclusive() as size:
            known = self._catch_up(size)
            marked_at = self._next_instant(known.last_at)
            if marked_at < known.day.starts_at:  # the clock stepped back over the turn of the day since we read
                self._known = None
                known = self._catch_up(size)
            if marked_at not in known.day:
                known.day = work_day(marked_at, self.site.zone, self.site.day_start)
                known.latest = {key: mark for key, mark in known.latest.items() if mark.marked_at in known.day}
            utc_offset = to_local(marked_at, self.site.zone).utcoffset() or timedelta()
            write = partial(Mark, marked_at=marked_at, utc_offset=utc_offset)
            fresh: dict[str, Mark] = {}
            outcomes = [self._decide(request, known, fresh, write) for request in requests]
            lines = b"".join(encode(made.mark) for made in outcomes if isinstance(made, Recorded) and not made.repeated)
            if lines:
                self.log.append(lines)
                known.position += len(lines)
                known.last_at = marked_at
                known.latest |= fresh
            return outcomes

    def require_ready(self) -> None:
        """Raise the LedgerError that a mark would raise now; a file that something else touched is mended first.

        It takes the lock as a mark does, but makes no file where there is none.
        """
        self.log.require_sound()
        if self.log.untouched() == 0:
            return
        with self.log.exclusive() as size:
            now, last_at = self._now(), self._last_instant(size)
        if last_at - now > CLOCK_HOLD:
            raise ClockBehindError(now, last_at)

    @contextmanager
    def exclusive(self, from_at: datetime) -> Iterator[Iterator[Mark]]:
        """Hold the ledger alone, give its marks from an instant on, and allow `add`. Raise LedgerError."""
        with self.log.exclusive() as size:
            yield (mark for mark, _ in self._marks(self._find(from_at, size), size))

    def add(self, marks: Iterable[Mark]) -> None:
        """Append marks that were made elsewhere, and return when they were flushed (in `exclusive`).

        Their instants are in order, and none lies before the last row. They are appended in as many pieces as an append
        log asks for: whoever is stopped in here leaves a part of them, in whole rows. Raise LedgerError.
        """
        lines = bytearray()
        for line in map(encode, marks):
            if len(lines) + len(line) > MAX_APPEND_BYTES:
                self.log.append(bytes(lines))
                lines.clear()
            lines += line
        if lines:
            self.log.append(bytes(lines))

    def board(self) -> tuple[date, list[Mark]]:
        """Return the present work date and everybody's last mark of it, in the order of those marks.

        Only committed rows are read, without the lock. Raise LedgerError.
        """
        now = self._now()
        last_at = self._last_instant(self.log.committed())
        held = last_at if now < last_at <= now + CLOCK_HOLD else now  # as the next mark would be
        day = work_day(held, self.site.zone, self.site.day_start)
        latest: dict[str, Mark] = {}
        for mark in self.read(day.starts_at, day.ends_at):
            latest.pop(mark.employee_id, None)
            latest[mark.employee_id] = mark
        return day.date, list(latest.values())

    def read(self, from_at: datetime, until_at: datetime) -> Iterator[Mark]:
        """Yield the committed marks from one instant until before another (aware UTC), reading no others.

        Raise LedgerError.
        """
        committed = self.log.committed()
        for mark, _ in self._marks(self._find(from_at, committed), committed):
            if mark.marked_at >= until_at:
                return
            yield mark

    def recent_ids(self) -> set[str]:
        """Return, in lower case, the IDs in the last ten thousand committed rows or so; none where they cannot be read.

        Then no mark can be recorded either, and the cause is told elsewhere.
        """
        with suppress(LedgerError):
            committed = self.log.committed()
            start = self._line_start(max(len(HEADER), committed - _LAST_BYTES), committed)
            return {mark.employee_id.casefold() for mark, _ in self._marks(start, committed)}
        return set()

    def offset_at(self, instant: datetime) -> int:
        """Return the offset of the first committed row that was written at an instant (aware UTC) or later.

        Raise LedgerError.
        """
        return self._find(instant, self.log.committed())

    def rows(self, start: int) -> Iterator[tuple[Mark, int]]:
        """Yield the committed marks from an offset on (0: from the first one), each with the offset behind its row.

        Raise LedgerError, ValueError where no row begins or may begin at the offset.
        """
        committed = self.log.committed()
        start = max(start, len(HEADER))
        if start > max(committed, len(HEADER)) or (committed and self.log.read(start - 1, start) != b"\n"):
            raise ValueError
        yield from self._marks(start, committed)

    def between(self, start: int | datetime, end: int) -> Iterator[tuple[Mark, int]]:
        """Yield the marks up to an offset at which a row ends, each with the offset behind its row.

        They begin at an offset at which a row begins, or with what was written at an instant or later. It takes no
        lock: whoever asks knows that so much is committed. Raise LedgerError.
        """
        return self._marks(self._find(start, end) if isinstance(start, datetime) else start, end)

    def read_of(self, employee_id: str, from_at: datetime, until_at: datetime) -> Iterator[Mark]:
        """Yield the committed marks of one employee, as `read` does, under the ID in any case.

        The rows of others are not decoded: that costs a twentieth. Raise LedgerError.
        """
        committed = self.log.committed()
        wanted = b",%b," % employee_id.lower().encode()  # an ID is of plain characters, so no letter changes its length
        for lines, start in self._blocks(self._find(from_at, committed), self._find(until_at, committed)):
            lowered, at = lines.lower(), 0
            while (at := lowered.find(wanted, at)) >= 0:
                begin, end = lines.rfind(b"\n", 0, at) + 1, lines.find(b"\n", at) + 1
                mark = self._decoded(lines[begin : end - 1], start + end) if at - begin == _TIMESTAMP_BYTES else None
                if mark is not None:
                    yield mark
                at = end

    def turns(self, start: int, end: int) -> Iterator[int]:
        """Yield the offsets between two at which rows begin, each where another work date begins. Raise LedgerError."""
        start = max(start, len(HEADER))
        while first := next(self._marks(start, end, _PROBE_BYTES), None):
            ends_at = work_day(first[0].marked_at, self.site.zone, self.site.day_start).ends_at
            start = self._find(ends_at, end)
            if start < end:
                yield start

    def close(self) -> None:
        """Let go of the files; the next use opens them again."""
        self.log.close()
        self.shadow.close()

    def _catch_up(self, size: int) -> _Known:
        """Return what is known, after reading what others appended since the last look."""
        known = self._known
        if known is None or known.generation != self.log.generation:
            self._unreadable.clear()
            last_at = self._last_instant(size)
            day = work_day(max(self._now(), last_at), self.site.zone, self.site.day_start)
            position = self._find(day.starts_at, size)
            known = _Known(generation=self.log.generation, position=position, last_at=last_at, day=day)
        for mark, _ in self._marks(known.position, size):
            known.last_at = mark.marked_at
            if mark.marked_at >= known.day.starts_at:  # older ones were brought in from elsewhere meanwhile
                known.latest[mark.employee_id] = mark
        known.position = size
        self._known = known
        return known

    def _next_instant(self, last_at: datetime) -> datetime:
        """Return the instant of the next row: the present second, never before the last row's."""
        now = self._now().replace(microsecond=0)
        next_at = instant_after(last_at, now)
        if next_at > now:
            held = f"the clock says {now.isoformat()}; rows keep {last_at.isoformat()} until it is there"
            self._tell("clock_held", held)
        return next_at

    def _decide(
        self, request: MarkRequest, known: _Known, fresh: dict[str, Mark], write: Callable[..., Mark]
    ) -> Recorded | AttendanceError:
        """Return what becomes of a request after those that are `known` or `fresh`, and put a new mark into these."""
        before = fresh.get(request.employee_id) or known.latest.get(request.employee_id)
        if before is not None:
            # One roster gives an ID to one person; people who type their names, and visitors, may share one.
            may_share = self.site.roster_path is None or self.site.visitors
            if may_share and clearly_different(before.name, request.name):
                return NameMismatchError()
            if before.status == request.status:
                return Recorded(mark=before, work_date=known.day.date, repeated=True)
        mark = write(employee_id=request.employee_id, name=request.name, status=request.status)
        fresh[request.employee_id] = mark
        return Recorded(mark=mark, work_date=known.day.date, repeated=False)

    def _find(self, instant: datetime, size: int) -> int:
        """Return the offset of the first row that was written at the instant or later, by bisection."""
        low, high = len(HEADER), size
        while low < high:
            middle = (low + high) // 2
            # Read past `high`: it may stand within a line, and the row of that line decides too.
            start = self._line_start(middle, size)
            mark, end = next(self._marks(start, size, _PROBE_BYTES), (None, size))
            if mark is None or mark.marked_at >= instant:
                high = middle
            else:
                low = end
        return low

    def _line_start(self, at: int, end: int) -> int:
        """Return the first offset from `at` on at which a line begins, or `end`."""
        while at < end and (block := self.log.read(at - 1, min(at - 1 + _PROBE_BYTES, end))):
            found = block.find(b"\n")
            if found >= 0:
                return at + found
            at += len(block)
        return end

    def _last_instant(self, size: int) -> datetime:
        """Return the instant of the last row, or one before all rows."""
        for length in (_PROBE_BYTES, _CHUNK_BYTES):  # rows of others at the end that cannot be read are passed over
            last_at = _NEVER
            for mark, _ in self._marks(self._line_start(max(len(HEADER), size - length), size), size):
                last_at = mark.marked_at
            if last_at != _NEVER:
                break
        return last_at

    def _marks(self, start: int, end: int, chunk_bytes: int = _CHUNK_BYTES) -> Iterator[tuple[Mark, int]]:
        """Yield each mark between two offsets at which lines begin, with the offset behind its line."""
        for lines, line_end in self._blocks(start, end, chunk_bytes):
            for line in lines.split(b"\n")[:-1]:
                line_end += len(line) + 1  # noqa: PLW2901  # it begins where the block does
                mark = self._decoded(line, line_end)
                if mark is not None:
                    yield mark, line_end

    def _blocks(self, start: int, end: int, chunk_bytes: int = _CHUNK_BYTES) -> Iterator[tuple[bytes, int]]:
        """Yield whole lines between two offsets at which lines begin, many at once, each time with their offset."""
        at, rest = start, b""
        while at < end and (chunk := self.log.read(at, min(at + chunk_bytes, end))):
            lines, begin = rest + chunk, at - len(rest)
            at += len(chunk)
            whole = lines.rfind(b"\n") + 1
            rest = lines[whole:]
            yield lines[:whole], begin

    def _decoded(self, line: bytes, line_end: int) -> Mark | None:
        """Return the mark of a line, or report once that something else changed the line."""
        try:
            return decode(line)
        except MalformedRowError as error:
            if line_end not in self._unreadable:
                self._unreadable.add(line_end)
                detail = f"the line that ends at byte {line_end} cannot be read and is passed over: {error}"
                self._tell("row_unreadable", detail)
            return None

    def _tell(self, code: str, detail: str) -> None:
        """Report an incident of this ledger."""
        self._report(Incident(code=code, path=self.site.csv_path, detail=detail))
