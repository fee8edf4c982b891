"""Own how what is large is written by a process of its own, so that no mark waits for it: days, months, marks.

Threads of one process take turns at the interpreter, and a month over many sites keeps it busy for seconds. The process
is a nice one, and reads what its asker would: the same registry, at the same instant.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO

import structlog

from attendance.amendments import Amendments
from attendance.clock import Clock, Month, read_date, read_instant_or_date
from attendance.errors import AttendanceError, ExportFailedError
from attendance.exporting import export
from attendance.exporting.ledgers import marks_table
from attendance.exporting.objects import write_days, write_months
from attendance.exporting.options import Format, Options, Separator
from attendance.exporting.sheets import day_table, month_table
from attendance.exporting.table import Table
from attendance.marking import Marking
from attendance.model import Amendment, Incident, Site
from attendance.registry import amendments_path, load_registry
from attendance.reporting import Reporting, Sources
from attendance.reporting.marks import MarkReading
from attendance.reporting.reading import each

LARGE_BYTES = 1 << 20
"""Where what is read weighs less than so many bytes of ledgers, a process is not worth its start."""

AT_ONCE = 2
NICENESS = 10
LOOK_SECONDS = 0.25

# Of a day rosters and amendments are read whole, and each employee is told: it is large from a thousand of them on.
_OF_A_DAY = 32
_DAYS_OF_A_YEAR = 256

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("attendance")
_turns = BoundedSemaphore(AT_ONCE)


class Kind(StrEnum):
    """What can be ordered."""

    DAY = "day"
    MONTH = "month"
    MARKS = "marks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be written: of which sites of which registry and dates, as known when, how, and what now is.

    For a day or a month the first date tells which; a day tells who was seen at the `others`.
    """

    registry: str
    kind: str
    site_ids: Sequence[str]
    other_ids: Sequence[str]
    first: str | None
    last: str | None
    known: str | None
    form: str
    separator: str
    byte_order_mark: bool
    now: str

    @classmethod
    def of(  # noqa: PLR0913  # each is a part of it
        cls,
        *,
        registry: Path,
        kind: Kind,
        sites: Sequence[Site],
        others: Sequence[Site] = (),
        first: date | None,
        last: date | None = None,
        known: datetime | date | None = None,
        form: Format,
        options: Options,
        now: datetime,
    ) -> "Order":
        """Return the order for what somebody asks for."""
        return cls(
            registry=str(registry),
            kind=kind.value,
            site_ids=[site.site_id for site in sites],
            other_ids=[site.site_id for site in others],
            first=first.isoformat() if first else None,
            last=last.isoformat() if last else None,
            known=known.isoformat() if known else None,
            form=form.value,
            separator=options.separator.value,
            byte_order_mark=options.byte_order_mark,
            now=now.isoformat(),
        )


def weight_of_ledgers(sites: Iterable[Site]) -> int:
    """Return what it weighs to read the ledgers of sites."""
    return sum(_size(site.csv_path) for site in sites)


def weight_of_day(sites: Iterable[Site], others: Iterable[Site] = ()) -> int:
    """Return about what it weighs to tell a day at sites; where there is no roster, a day is a part of the ledger."""
    read = {site.site_id: site for site in (*sites, *others)}.values()
    people = (_size(site.roster_path) if site.roster_path else _size(site.csv_path) // _DAYS_OF_A_YEAR for site in read)
    return _OF_A_DAY * (sum(people) + sum(_size(amendments_path(site.csv_path)) for site in read))


def _still() -> None:
    """Go on waiting."""


def write_apart(order: Order, weight: int, out: IO[bytes], *, still: Callable[[], None] = _still) -> bool:
    """Have something written into a file by a process of its own, few at once; tell whether it was.

    It is not where it is small, or the process could not, which the log tells: whoever asked writes it then. What is
    waited for is asked `still` now and then: what that raises ends the process. Raise ExportFailedError where somebody
    else ended it: it may be what takes too much memory.
    """
    if weight < LARGE_BYTES:
        return False
    with _turn(still):
        reason, was_ended = _run(order, out, still)
    if not reason:
        out.seek(0, os.SEEK_END)
        return True
    _log.warning("not_written_apart", reason=reason)
    out.seek(0)
    out.truncate()
    if was_ended:
        raise ExportFailedError(reason)
    return False


@contextmanager
def _turn(still: Callable[[], None]) -> Iterator[None]:
    """Wait until few enough are written."""
    while not _turns.acquire(timeout=LOOK_SECONDS):
        still()
    try:
        yield
    finally:
        _turns.release()


def _run(order: Order, out: IO[bytes], still: Callable[[], None]) -> tuple[str, bool]:
    """Run the process to its end; return why it failed, or nothing, and whether a signal ended it."""
    command = [sys.executable, "-m", "attendance.exporting.apart"]
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(command, stdin=pipe, stdout=out, stderr=pipe)  # noqa: S603  # ourselves
    except OSError as error:
        return f"It did not start: {error.strerror}.", False
    with process:
        try:
            said = _said(process, json.dumps(asdict(order)).encode(), still)
        finally:
            process.kill()  # nobody waits for it any more, or it has ended
    if process.returncode == 0:
        return "", False
    last = (said.decode(errors="replace").splitlines() or ["It said nothing."])[-1]
    return f"It ended with {process.returncode}: {last}", process.returncode < 0


def _said(process: subprocess.Popen[bytes], told: bytes | None, still: Callable[[], None]) -> bytes:
    """Tell a process its order, and return what it says on stderr until it ends."""
    while True:
        try:
            return process.communicate(told, timeout=LOOK_SECONDS)[1]
        except subprocess.TimeoutExpired:
            still()
            told = None  # it has it


def write_order(order: Order, out: IO[bytes]) -> None:
    """Write what was ordered; raise AttendanceError."""
    registry = load_registry(Path(order.registry), network_storage=True)  # whether it may lie there was asked before
    clock = partial(datetime.fromisoformat, order.now)
    marking = Marking(registry, now=clock, report=_pass_over)
    trail = partial(_trail, clock)
    sources = Sources(ledger_of=marking.ledger, roster_of=marking.roster, amendments_of=trail, now=clock)
    reporting = Reporting(sources)
    sites, others = ([registry.resolve(site_id) for site_id in ids] for ids in (order.site_ids, order.other_ids))
    known = read_instant_or_date(order.known) if order.known else None
    first, last = (read_date(on) if on else None for on in (order.first, order.last))
    if order.kind == Kind.MARKS or first is None:
        _export(marks_table(MarkReading(marking.ledger), sites, first, last), order, out)
    elif order.kind == Kind.DAY and order.form == Format.JSON:
        days = each(sites, lambda site: reporting.day_as_known(site, first, known))
        write_days(first, reporting.with_sightings(list(days), others, known), out)
    elif order.kind == Kind.DAY:
        _export(day_table(reporting, sites, first, known=known), order, out)
    elif order.form == Format.JSON:
        month = Month.of(first)
        months = each(sites, lambda site: reporting.month_as_known(site, month, known))
        write_months(month, months, out)
    else:
        _export(month_table(reporting, sites, Month.of(first), known=known), order, out)


def _export(table: Table, order: Order, out: IO[bytes]) -> None:
    """Write a table as it was ordered."""
    options = Options(separator=Separator(order.separator), byte_order_mark=order.byte_order_mark)
    export(table, Format(order.form), out, options)


def _size(path: Path) -> int:
    """Return how long a file is; nothing where there is none yet."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _trail(clock: Clock, site: Site) -> Sequence[Amendment]:
    """Return the amendments of a site."""
    return Amendments(site, now=clock, report=_pass_over).rows()


def _pass_over(_: Incident) -> None:
    """Leave it to the server to tell what is noticed: it reads the same files."""


def main() -> int:
    """Write to stdout what stdin orders; return the exit code."""
    os.nice(NICENESS)
    try:
        write_order(Order(**json.load(sys.stdin.buffer)), sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except (AttendanceError, OSError) as error:
        sys.stderr.write(f"{getattr(error, 'reason', error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
