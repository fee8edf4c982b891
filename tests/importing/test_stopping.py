"""Claims about an import that is stopped: whole rows stand there, and the next import completes it."""

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import find_zone
from attendance.codec import HEADER, encode
from attendance.errors import StorageFullError
from attendance.importing.comparing import compare
from attendance.importing.rows import NumberedMark
from attendance.ledger import Ledger
from attendance.model import Kind, Mark, MarkingRule, Plan, Site
from tests.appendlog_kit import refuse
from tests.conftest import HandClock
from tests.importing.kit import (
    TITLES,
    MakeForeign,
    MakeSite,
    OpenImporting,
    lines,
    numbers,
)
from tests.servers import wait_until, write_sites
from tests.test_cli import run, run_in_background


def test_an_import_that_was_stopped_goes_on_where_it_stopped(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full disk in the second piece whole rows stand there, and importing again adds the rest, each once."""
    monkeypatch.setattr("attendance.ledger.MAX_APPEND_BYTES", 150)
    site = make_site()
    rows = [f"2026-11-20T09:0{minute}:00+00:00,E{minute},Ana,Present" for minute in range(9)]
    path = foreign(*rows, rows[0].replace("09:00", "09:30"))
    flushes = 0
    real = os.fdatasync

    def flush(descriptor: int) -> None:
        nonlocal flushes
        flushes += 1
        if flushes == 3:  # the file itself, the first piece, and now
            refuse(monkeypatch, "write", 28)
        real(descriptor)

    with monkeypatch.context() as stopped:
        stopped.setattr(os, "fdatasync", flush)
        with pytest.raises(StorageFullError):
            open_importing(site).write(path, leave_out=False)
    monkeypatch.undo()
    before = lines(site)
    again = open_importing(site).write(path, leave_out=False)

    assert 0 < len(before) < len(rows)
    assert before == rows[: len(before)]
    assert numbers(again)["standing"] == list(range(2, 2 + len(before)))
    assert lines(site) == rows


MOMENTS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["E1", "E2"]), st.sampled_from(["Present", "Absent"])), max_size=12
).map(lambda moments: sorted(moments, key=lambda moment: moment[0]))


def made(moments: list[tuple[int, str, str]]) -> list[NumberedMark]:
    """Return marks of two people within two days, an hour apart."""
    return [
        NumberedMark(
            number=number,
            mark=Mark(
                marked_at=datetime(2026, 11, 20 + hour // 24, hour % 24, tzinfo=UTC),
                utc_offset=timedelta(),
                employee_id=employee_id,
                name="Ana",
                status=status,
            ),
        )
        for number, (hour, employee_id, status) in enumerate(moments, start=2)
    ]


@given(moments=MOMENTS, stopped_after=st.integers(0, 12))
def test_wherever_an_import_stops_the_next_one_completes_it(
    moments: list[tuple[int, str, str]], stopped_after: int
) -> None:
    """What a ledger holds after any number of rows decides about the others as if there had been one import."""
    site = _london()
    brought = made(moments)
    whole = [item.mark for item in compare(site, brought, []).new]
    part = whole[:stopped_after]

    again = compare(site, brought, part)

    assert not again.refused
    assert [*part, *(item.mark for item in again.new)] == whole


def _london() -> Site:
    """Return a site that is nothing but a zone."""
    return Site(
        site_id="london",
        name="London",
        timezone="Europe/London",
        zone=find_zone("Europe/London"),
        csv_path=Path("/nowhere/london.csv"),
        roster_path=None,
        visitors=False,
        statuses={"Present": Kind.PRESENT, "Absent": Kind.ABSENT},
        day_start=time(),
        plan=Plan(),
        networks=(),
        marking=MarkingRule.OPEN,
    )


def test_a_large_import_is_appended_in_bounded_pieces(
    make_site: MakeSite, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No append holds more than the log allows, so that no more can ever be torn."""
    ledger = Ledger(make_site(), now=clock, report=print)
    pieces: list[bytes] = []
    monkeypatch.setattr(ledger.log, "append", pieces.append)
    marks = [item.mark for item in made([(1, f"E{number}", "Present") for number in range(40_000)])]

    with ledger.exclusive(marks[0].marked_at):
        ledger.add(marks)

    assert len(pieces) > 1
    assert all(len(piece) <= 1 << 20 for piece in pieces)
    assert b"".join(pieces) == b"".join(map(encode, marks))
    assert HEADER not in b"".join(pieces)


def test_a_killed_import_leaves_whole_rows_and_is_completed_by_the_next(tmp_path: Path) -> None:
    """SIGKILL between two pieces: a beginning of the rows stands there, and the same command adds the others."""
    write_sites(tmp_path)
    rows = [
        f"2026-11-{day:02}T09:00:00+00:00,E{number:05},Ana,Present" for day in range(1, 9) for number in range(9000)
    ]
    old = tmp_path / "old.csv"
    old.write_text("".join(f"{row}\n" for row in (TITLES, *rows)), encoding="utf-8")
    ledger = tmp_path / "data" / "london.csv"
    words = ("import", "london", "old.csv", "--write")

    importer = run_in_background(tmp_path, *words)
    wait_until(lambda: ledger.exists() and ledger.stat().st_size > len(HEADER), 60)
    importer.kill()
    importer.communicate(timeout=30)
    stopped = ledger.read_bytes()
    again = run(tmp_path, *words)

    assert again.returncode == 0
    assert old.read_bytes().startswith(stopped[: stopped.rindex(b"\n") + 1])
    assert ledger.read_bytes() == old.read_bytes()
