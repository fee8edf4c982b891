"""Own how a month is written by a process of its own, so that no mark waits for it.

Threads of one process take turns at the interpreter, and a month over many sites keeps it busy for seconds. The process
is a nice one, and reads what its asker would: the same registry, at the same instant.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO

import structlog

from attendance.amendments import Amendments
from attendance.clock import Clock, read_instant_or_date, read_month
from attendance.errors import AttendanceError
from attendance.exporting import export
from attendance.exporting.objects import write_months
from attendance.exporting.options import Format, Options, Separator
from attendance.exporting.sheets import month_table
from attendance.marking import Marking
from attendance.model import Amendment, Incident, Site
from attendance.registry import load_registry
from attendance.reporting import Reporting, Sources
from attendance.reporting.reading import each

LARGE_BYTES = 1 << 20
"""Where the ledgers are smaller than that together, a process is not worth its start."""

AT_ONCE = 2
NICENESS = 10

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("attendance")
_turns = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A month that is to be written: of which sites of which registry, as known when, how, and what now is."""

    registry: str
    site_ids: Sequence[str]
    month: str
    known: str | None
    form: str
    separator: str
    byte_order_mark: bool
    now: str

    @classmethod
    def of(  # noqa: PLR0913  # each is a part of it
        cls,
        *,
        registry: str,
        sites: Sequence[Site],
        month: str,
        known: datetime | date | None,
        form: Format,
        options: Options,
        now: datetime,
    ) -> "Order":
        """Return the order for what somebody asks for."""
        return cls(
            registry=registry,
            site_ids=[site.site_id for site in sites],
            month=month,
            known=known.isoformat() if known else None,
            form=form.value,
            separator=options.separator.value,
            byte_order_mark=options.byte_order_mark,
            now=now.isoformat(),
        )


def write_apart(order: Order, sites: Sequence[Site], out: IO[bytes]) -> bool:
    """Have a month written into a file by a process of its own, few at once; tell whether it was.

    It is not where the ledgers are small, or the process could not: a line of the event log has its last words then,
    and whoever asked writes the month, and hears why that cannot be.
    """
    if sum(_size(site) for site in sites) < LARGE_BYTES:
        return False
    with _turns:
        command = [sys.executable, "-m", "attendance.exporting.apart", json.dumps(asdict(order))]
        quiet, kept = subprocess.DEVNULL, subprocess.PIPE
        done = subprocess.run(command, stdin=quiet, stdout=out, stderr=kept, check=False)  # noqa: S603  # ourselves
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        _log.warning("not_written_apart", reason=last or f"the process ended with {done.returncode}")
        out.seek(0)
        out.truncate()
        return False
    out.seek(0, os.SEEK_END)
    return True


def write_order(order: Order, out: IO[bytes]) -> None:
    """Write a month that was ordered; raise AttendanceError."""
    registry = load_registry(Path(order.registry), network_storage=True)  # whether it may lie there was asked before
    sites = [registry.resolve(site_id) for site_id in order.site_ids]
    known = read_instant_or_date(order.known) if order.known else None
    clock = partial(datetime.fromisoformat, order.now)
    marking = Marking(registry, now=clock, report=_pass_over)
    trail = partial(_trail, clock)
    sources = Sources(ledger_of=marking.ledger, roster_of=marking.roster, amendments_of=trail, now=clock)
    reporting, month = Reporting(sources), read_month(order.month)
    if order.form == Format.JSON:
        sheets = each(sites, lambda site: reporting.month_as_known(site, month, known))
        write_months(month, sheets, out)
        return
    options = Options(separator=Separator(order.separator), byte_order_mark=order.byte_order_mark)
    export(month_table(reporting, sites, month, known=known), Format(order.form), out, options)


def _size(site: Site) -> int:
    """Return how long the ledger of a site is; nothing where there is none yet."""
    try:
        return site.csv_path.stat().st_size
    except OSError:
        return 0


def _trail(clock: Clock, site: Site) -> Sequence[Amendment]:
    """Return the amendments of a site."""
    return Amendments(site, now=clock, report=_pass_over).rows()


def _pass_over(_: Incident) -> None:
    """Leave it to the server to tell what is noticed: it reads the same files."""


def main() -> int:
    """Write the month that the first argument orders to stdout; return the exit code."""
    os.nice(NICENESS)
    try:
        write_order(Order(**json.loads(sys.argv[1])), sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except (AttendanceError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
