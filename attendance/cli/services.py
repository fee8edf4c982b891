"""Own the use cases as the commands have them: with the machine's clock, and what is noticed said on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from attendance.amending import Amending
from attendance.appendlog import Followed
from attendance.audit import Action
from attendance.cli import shared
from attendance.cli.printing import talk
from attendance.clock import utc_now
from attendance.config import load_settings
from attendance.errors import LedgerError
from attendance.eventlog import open_log
from attendance.keeping import Follower
from attendance.marking import Marking
from attendance.model import Incident
from attendance.registry import Registry


def open_marking(registry: Registry) -> Marking:
    """Return the use case that records marks."""
    return Marking(registry, now=utc_now, report=report)


def open_amending(marking: Marking) -> Amending:
    """Return the use case that amends them."""
    return Amending(marking, shared.audit(), now=utc_now, report=report)


def report(incident: Incident) -> None:
    """Say on stderr what went on, and leave it in the logs of the server where there are any."""
    talk.print(f"{incident.path}: {incident.detail} ({incident.code})", style="yellow", markup=False)
    log_dir = load_settings().log_dir
    if log_dir.is_dir():
        open_log(log_dir, to_stderr=False)
        structlog.stdlib.get_logger("attendance").warning(
            incident.code, file=str(incident.path), detail=incident.detail
        )
        noted = {"code": incident.code, "file": str(incident.path), "detail": incident.detail}
        shared.audit().note(Action.FILE_INCIDENT, who=shared.typist(), **noted)


@contextmanager
def followed(file: Followed) -> Iterator[None]:
    """Write to a ledger or to amendments; then copy and seal it, and leave if nobody was at home before.

    No server may be running that would do it.
    """
    try:
        yield
    finally:
        Follower(file, now=utc_now, report=report).close()
        with suppress(LedgerError):
            file.log.leave(moved_in=True)
