"""Own one site's amendments as rows of a file: append them under its lock, flushed, and read those committed."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from attendance.appendlog import LEASED, AppendLog, Lines, Shadow
from attendance.clock import Clock, Month, to_local
from attendance.codec import AMENDMENTS_HEADER, decode_amendment, encode_amendment, is_amendment
from attendance.errors import FlushFailedError, LedgerDamagedError, MalformedRowError, NotHomeError
from attendance.ledger import CLOCK_HOLD, instant_after
from attendance.model import Amendment, AmendmentAction, Incident, Moment, Site
from attendance.registry import amendments_path
from attendance.seal import Seals, seals_path

LINES = Lines(header=AMENDMENTS_HEADER, is_line=is_amendment, order=lambda line: decode_amendment(line, 0).written.at)

_CHUNK_BYTES = 1 << 18
_PAUSES_SECONDS = [0.005] * 10
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An amendment before it is written: all of it but its number and the moment of the writing."""

    action: AmendmentAction
    about: date | Moment | Month
    by: str
    employee_id: str = ""
    name: str = ""
    status: str = ""
    reason: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What this process has read: of which generation of the file, up to where, and the number of the next row."""

    generation: int = 0
    position: int = len(AMENDMENTS_HEADER)
    next_number: int = 2
    rows: tuple[Amendment, ...] = ()


def rows_in(content: bytes) -> list[Amendment]:
    """Return the rows in the bytes of a file of amendments, as it stands: whatever is no row is passed over."""
    numbered = enumerate(content.split(b"\n"), start=1)
    return [decode_amendment(line, number) for number, line in numbered if is_amendment(line + b"\n")]


class Amendments:
    """One site's amendments, in one file that any number of processes append to; it keeps a ledger's promises.

    `now` is the clock that gives each row its instant; `report` hears of what was noticed and did not stop anybody.
    """

    def __init__(self, site: Site, *, now: Clock, report: Callable[[Incident], None]) -> None:
        self.site = site
        self.path = amendments_path(site.csv_path)
        self.lines = LINES
        self.shadow = Shadow(self.path, LINES, report=report)
        self.log = AppendLog(self.path, LINES, report=report, shadow=self.shadow, patience=LEASED)
        self._now = now
        self._report = report
        self._known = _Known()
        self._held = self._known  # what whoever holds the lock knows: others read meanwhile, and may know less
        self._unreadable: set[int] = set()

    def rows(self) -> tuple[Amendment, ...]:
        """Return the committed rows, in order, reading only what is new; without the lock, if nobody else touched it.

        What somebody else touched is mended first: an edit is never told. Raise LedgerError.
        """
        for pause_seconds in _PAUSES_SECONDS:
            generation, committed = self.log.version()
            if (self._known.generation, self._known.position) == (generation, committed):
                return self._known.rows
            known = self._read(generation, committed)
            if self.log.untouched() is not None and self.log.version()[0] == generation:
                self._require_sealed(committed)
                self._known = known
                return known.rows
            time.sleep(pause_seconds)  # a writer may be about to commit
        with suppress(FlushFailedError, NotHomeError), self.exclusive() as rows:
            return rows
        return known.rows  # nobody may mend it, and that is told elsewhere

    @contextmanager
    def exclusive(self) -> Iterator[tuple[Amendment, ...]]:
        """Hold the file alone, give its rows, and allow `add`. Raise LedgerError."""
        with self.log.exclusive() as size:
            self._require_sealed(size)
            self._held = self._known = self._read(self.log.generation, size)
            yield self._held.rows

    def add(self, draft: Draft) -> Amendment:
        """Append a row, and return it when it was flushed (in `exclusive`). Raise LedgerError."""
        known = self._held
        written_at = self._next_instant(known.rows[-1].written.at if known.rows else _NEVER)
        utc_offset = to_local(written_at, self.site.zone).utcoffset() or timedelta()
        amendment = Amendment(
            number=known.next_number,
            written=Moment(at=written_at, utc_offset=utc_offset),
            action=draft.action,
            about=draft.about,
            employee_id=draft.employee_id,
            name=draft.name,
            status=draft.status,
            by=draft.by,
            reason=draft.reason,
            reference=draft.reference,
        )
        line = encode_amendment(amendment)
        if not is_amendment(line):
            raise ValueError(f"this must not be written: {draft.action} by {draft.by!r}")
        self.log.append(line)
        self._held = self._known = _Known(
            generation=known.generation,
            position=known.position + len(line),
            next_number=known.next_number + 1,
            rows=(*known.rows, amendment),
        )
        return amendment

    def are_ahead(self, rows: Sequence[Amendment]) -> bool:
        """Tell whether the last row lies so far ahead of the clock that none can be written behind it."""
        return bool(rows) and rows[-1].written.at - self._now() > CLOCK_HOLD

    def recover(self) -> None:
        """Take amendments here again: after a failed flush, or from a home that is gone. Raise LedgerError."""
        try:
            self.log.require_sound()
        except (FlushFailedError, NotHomeError):
            self.log.recover()
        Seals(self.path, report=self._report).recover()

    def turns(self, start: int, end: int) -> Iterator[int]:
        """Yield nothing: what was written since the last seal is sealed together, whatever date it was written on."""
        yield from range(end, start)

    def close(self) -> None:
        """Let go of the files; the next use opens them again."""
        self.log.close()
        self.shadow.close()

    def _require_sealed(self, committed: int) -> None:
        """Raise LedgerDamagedError where there is no row, though rows were sealed: the file and its copies are gone."""
        if committed > len(AMENDMENTS_HEADER) or not os.path.lexists(seals_path(self.path)):
            return
        seals = Seals(self.path, report=self._report)
        try:
            sealed = seals.offset()
        finally:
            seals.close()
        if sealed > len(AMENDMENTS_HEADER):
            raise LedgerDamagedError(f"{self.path} is gone or empty, and {sealed} bytes of it were sealed")

    def _next_instant(self, last_at: datetime) -> datetime:
        """Return the instant of the next row: the present second, never before the last row's."""
        now = self._now().replace(microsecond=0)
        next_at = instant_after(last_at, now)
        if next_at > now:
            held = f"the clock says {now.isoformat()}; rows keep {last_at.isoformat()} until it is there"
            self._tell("clock_held", held)
        return next_at

    def _read(self, generation: int, committed: int) -> _Known:
        """Return what is known after reading what was committed since. Raise LedgerError."""
        known = self._known
        if known.generation != generation or known.position > committed:
            known = _Known(generation=generation)
        if known.position >= committed:
            return known
        content = b"".join(self._chunks(known.position, committed))
        lines = content.split(b"\n")[:-1]
        numbered = enumerate(lines, start=known.next_number)
        fresh = [row for row in (self._decoded(line, number) for number, line in numbered) if row]
        return _Known(
            generation=generation,
            position=known.position + sum(len(line) + 1 for line in lines),
            next_number=known.next_number + len(lines),
            rows=(*known.rows, *fresh),
        )

    def _chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes between two offsets, fewer where the file is shorter."""
        while start < end and (chunk := self.log.read(start, min(start + _CHUNK_BYTES, end))):
            start += len(chunk)
            yield chunk

    def _decoded(self, line: bytes, number: int) -> Amendment | None:
        """Return the amendment of a line, or report once that something else changed the line."""
        try:
            return decode_amendment(line, number)
        except MalformedRowError as error:
            if number not in self._unreadable:
                self._unreadable.add(number)
                self._tell("row_unreadable", f"row {number} cannot be read and is passed over: {error}")
            return None

    def _tell(self, code: str, detail: str) -> None:
        """Report an incident of this file."""
        self._report(Incident(code=code, path=self.path, detail=detail))
