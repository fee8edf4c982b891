"""What the tests of amendments share: sites with the use case on them, wishes, and processes that amend and die."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from attendance.amending import Amending, Wish
from attendance.audit import Audit
from attendance.clock import Month, utc_now
from attendance.codec import AMENDMENTS_HEADER, HEADER, decode_amendment, encode, is_amendment
from attendance.errors import AttendanceError, StorageBusyError, UnknownRequestError
from attendance.marking import Marking
from attendance.model import Amendment, Mark, Site
from attendance.registry import Registry, amendments_path
from tests.appendlog_kit import ignore, watch
from tests.conftest import HandClock, Incidents

FRIDAY = date(2026, 11, 20)


def open_amending(*sites: Site, clock: HandClock, incidents: Incidents | None = None) -> Amending:
    """Return the use case at sites, with a clock that is set by hand; the audit lies beside the first ledger."""
    registry = Registry(path=Path("/nowhere/sites.yaml"), sites={site.site_id: site for site in sites})
    marking = Marking(registry, now=clock, report=incidents or ignore)
    audit = Audit(sites[0].csv_path.parent / "logs", now=clock)
    return Amending(marking, audit, now=clock, report=incidents or ignore)


def wish(employee_id: str = "E1", on: date = FRIDAY, status: str = "Present", **changes: Any) -> Wish:
    """Return the wish that somebody was present on Friday 20 November 2026, but for what is said otherwise."""
    values: dict[str, Any] = {"reason": "forgot the tablet", "name": "Ana"}
    return Wish(employee_id=employee_id, on=on, status=status, **values | changes)


def at(text: str) -> time:
    """Return a wall-clock time."""
    return time.fromisoformat(text)


def write_marks(site: Site, *lines: str) -> None:
    """Write a ledger with these rows: time with offset, ID, name and status, each parted by a space."""
    site.csv_path.parent.mkdir(parents=True, exist_ok=True)
    marks = []
    for line in lines:
        written, employee_id, name, status = line.split(" ")
        local = datetime.fromisoformat(written)
        offset = local.utcoffset() or timedelta()
        marks.append(
            Mark(
                marked_at=local.astimezone(UTC),
                utc_offset=offset,
                employee_id=employee_id,
                name=name,
                status=status,
            )
        )
    site.csv_path.write_bytes(HEADER + b"".join(map(encode, marks)))


def write_roster(site: Site, *rows: str) -> None:
    """Write the roster of a site."""
    assert site.roster_path
    site.roster_path.parent.mkdir(parents=True, exist_ok=True)
    site.roster_path.write_text("\n".join(["Employee_ID,Name,From,Until", *rows, ""]), encoding="utf-8")


def rows_in_file(site: Site) -> list[Amendment]:
    """Return the rows of a site's amendments, after making sure that it is a header and whole rows in order."""
    content = amendments_path(site.csv_path).read_bytes()
    assert content.startswith(AMENDMENTS_HEADER)
    assert content.endswith(b"\n")
    lines = [line + b"\n" for line in content[len(AMENDMENTS_HEADER) :].split(b"\n")[:-1]]
    assert [line for line in lines if not is_amendment(line)] == []
    rows = [decode_amendment(line, number) for number, line in enumerate(lines, start=2)]
    instants = [row.written.at for row in rows]
    assert instants == sorted(instants)
    return rows


# What other processes do.


def _with_the_machines_clock(site: Site) -> Amending:
    """Return the use case at a site, as the server has it."""
    registry = Registry(path=Path("/nowhere/sites.yaml"), sites={site.site_id: site})
    marking = Marking(registry, now=utc_now, report=ignore)
    audit = Audit(site.csv_path.parent / "logs", now=utc_now)
    return Amending(marking, audit, now=utc_now, report=ignore)


def amend_all(site: Site, employee_ids: Sequence[str], acknowledged_path: Path) -> None:
    """Amend a day of each employee, and write down each who was answered, as soon as that was."""
    amending = _with_the_machines_clock(site)
    answers = os.open(acknowledged_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for employee_id in employee_ids:
        for _ in range(20):
            with suppress(StorageBusyError):
                amending.amend(site, wish(employee_id), by="anna")
                break
        os.write(answers, f"{employee_id}\n".encode())


def answer_all(site: Site, numbers: Sequence[int], by: str, answers_path: Path) -> None:
    """Approve or decline requests, by turns, and write down the rows of those that were heard."""
    amending = _with_the_machines_clock(site)
    heard = []
    for number in numbers:
        with suppress(UnknownRequestError):
            if (number + len(by)) % 2:
                heard.append(amending.approve(site, number, by=by).number)
            else:
                heard.append(amending.decline(site, number, by=by, reason="no").number)
    answers_path.write_text("".join(f"{number}\n" for number in heard), encoding="ascii")


def close_the_month(site: Site, year: int, number: int, answer_path: Path) -> None:
    """Close a month, and write down what became of it: the number of the row, or the code of the error."""
    try:
        row = _with_the_machines_clock(site).close(site, Month(year, number), by="anna")
        answer_path.write_text(str(row.number), encoding="ascii")
    except AttendanceError as error:
        answer_path.write_text(error.code, encoding="ascii")


def amend_and_die_before(site: Site, name: str) -> None:
    """Be killed just before a function of `os` is called for the second row."""
    amending = _with_the_machines_clock(site)
    amending.amend(site, wish("E1"), by="anna")
    watch(pytest.MonkeyPatch(), name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    amending.amend(site, wish("E2"), by="anna")


def close_and_die_before(site: Site, name: str, call: int) -> None:
    """Be killed just before a function of `os` is called so many times while a month is closed."""
    amending = _with_the_machines_clock(site)
    amending.amend(site, wish("E1", date(2025, 10, 3)), by="anna")
    calls: list[object] = []

    def strike(*_: object) -> None:
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(pytest.MonkeyPatch(), name, strike)
    amending.close(site, Month(2025, 10), by="anna")
    os._exit(3)  # it was not struck
