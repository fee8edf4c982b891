"""The clock of a running server steps: rows never go back, and no mark is written with a time that cannot be."""

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import Row, rows_in
from tests.servers import Server, rushing, serving, wait_until, write_sites

SOURCE = Path(__file__).with_name("clock_step.c")
LIBRARY = "clock_step.so"
MORNING = datetime(2026, 11, 23, 9, 0, 3, 700_000, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
SUMMER_TIME_ENDS = datetime(2026, 10, 25, 1, tzinfo=UTC)
ASKS = 6  # over fresh connections: all workers are asked

pytestmark = pytest.mark.needs("gcc")


@dataclass
class StepClock:
    """The wall clock of a server, which is set by hand: it goes on from where it is set to, or stands there."""

    path: Path
    offset: timedelta = timedelta()

    def stand_at(self, instant: datetime) -> None:
        """Let it stand."""
        self._write(standing_at=instant)

    def go_from(self, instant: datetime) -> None:
        """Let it go, from this instant on."""
        self.offset = instant - datetime.now(UTC)
        self._write()

    def step(self, **by: float) -> None:
        """Set the clock, which goes, forward or back."""
        self.offset += timedelta(**by)
        self._write()

    def _write(self, standing_at: datetime | None = None) -> None:
        """Leave for the library what it reads: nanoseconds, in place, so that it is there at once."""
        standing = standing_at - datetime(1970, 1, 1, tzinfo=UTC) if standing_at else timedelta()
        microsecond = timedelta(microseconds=1)
        fields = struct.pack("=qq", self.offset // microsecond * 1000, standing // microsecond * 1000)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        os.pwrite(descriptor, fields, 0)
        os.close(descriptor)


@pytest.fixture
def clock(tmp_path: Path) -> StepClock:
    """A clock that stands at 09:00:03.7 UTC on Monday 23 November 2026."""
    library = tmp_path / LIBRARY
    subprocess.run(["gcc", "-Wall", "-Werror", "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    made = StepClock(tmp_path / "clock")
    made.stand_at(MORNING)
    return made


@contextmanager
def serving_by(clock: StepClock, **sites: str) -> Iterator[Server]:
    """Serve sites by this clock."""
    folder = clock.path.parent
    write_sites(folder, **sites)
    library = str(folder / LIBRARY)
    with serving(folder, workers=2, LD_PRELOAD=library, CLOCK_STEP_FILE=str(clock.path)) as server:
        yield server


def rows_of(server: Server, site: str = "london") -> list[Row]:
    """Return the rows of a site."""
    return rows_in(server.folder / "data" / f"{site}.csv")


def told(server: Server, event: str) -> list[dict[str, Any]]:
    """Return the lines of the log that tell of an event."""
    return [line for line in server.events if line["event"] == event]


def test_a_clock_that_steps_back_two_seconds_is_waited_for(clock: StepClock) -> None:
    """Marks go on with the instant of the last row, the log tells of it, and time goes on when the clock is there."""
    with serving_by(clock) as server:
        before = server.mark("E0")[1]["timestamp"]
        quiet = told(server, "clock_held")
        clock.stand_at(MORNING - timedelta(seconds=2))
        held = [server.mark(f"E{number}") for number in range(1, ASKS)]
        clock.stand_at(MORNING + timedelta(seconds=1))
        status, after = server.mark("E9")

        reported = told(server, "clock_held")

    assert {code for code, _ in held} == {201}
    assert {body["timestamp"] for _, body in held} == {before} == {"2026-11-23T09:00:03+00:00"}
    assert (status, after["timestamp"]) == (201, "2026-11-23T09:00:04+00:00")
    assert len(rows_of(server)) == ASKS + 1
    assert quiet == []
    assert len(reported) == len(held)
    assert "2026-11-23T09:00:03+00:00" in reported[0]["detail"]


def test_a_clock_that_steps_back_two_hours_stops_only_who_is_ahead(clock: StepClock) -> None:
    """The site whose rows are later is refused by every worker and not written to; others go on, and so does it."""
    clock.go_from(MORNING)
    with serving_by(clock, london="timezone: Europe/London", paris="timezone: Europe/Paris") as server:
        first, _ = server.mark("E0")
        content = (server.folder / "data" / "london.csv").read_bytes()
        clock.step(hours=-2)
        refused = [server.mark(f"E{number}") for number in range(1, ASKS)]
        elsewhere, there = server.mark("E0", "paris")
        unchanged = (server.folder / "data" / "london.csv").read_bytes()
        healthy = server.answers()
        clock.step(hours=2)
        again = [server.mark(f"E{number}")[0] for number in range(1, ASKS)]

        codes = [line["code"] for line in told(server, "refused")]

    assert (first, elsewhere, healthy) == (201, 201, True)
    assert {(code, body["code"]) for code, body in refused} == {(503, "clock_behind")}
    assert unchanged == content
    assert there["timestamp"].startswith("2026-11-23T08:00:")
    assert again == [201] * len(again)
    assert len(rows_of(server)) == ASKS
    assert codes == ["clock_behind"] * len(refused)


def test_a_clock_that_steps_forward_is_believed(clock: StepClock) -> None:
    """Two hours later in a moment: rows carry the new time, what stood before stands, and the work date is the same."""
    clock.go_from(MORNING)
    with serving_by(clock) as server:
        first, before = server.mark("E1")
        clock.step(hours=2)
        status, after = server.mark("E2")
        repeat, same = server.mark("E1")

    assert (first, status, repeat) == (201, 201, 200)
    assert before["timestamp"].startswith("2026-11-23T09:00:")
    assert after["timestamp"].startswith("2026-11-23T11:00:")
    assert same["timestamp"] == before["timestamp"]
    assert [row.timestamp for row in rows_of(server)] == [before["timestamp"], after["timestamp"]]


def test_a_repeat_is_a_new_row_when_the_clock_steps_over_midnight(clock: StepClock) -> None:
    """The work date turns with the step, in every worker; a small step back over midnight does not turn it back."""
    clock.stand_at(MIDNIGHT - timedelta(seconds=1))
    with serving_by(clock) as server:
        eve = [server.mark("E1") for _ in range(ASKS)]
        clock.stand_at(MIDNIGHT + timedelta(seconds=1))
        day = [server.mark("E1") for _ in range(ASKS)]
        clock.stand_at(MIDNIGHT - timedelta(seconds=1))
        held = [server.mark("E1") for _ in range(ASKS)]

    assert [status for status, _ in eve] == [201] + [200] * (ASKS - 1)
    assert [status for status, _ in day] == [201] + [200] * (ASKS - 1)
    assert [status for status, _ in held] == [200] * ASKS
    assert {body["work_date"] for _, body in eve} == {"2026-11-23"}
    assert {body["work_date"] for _, body in day + held} == {"2026-11-24"}
    stamps = [row.timestamp for row in rows_of(server)]
    assert stamps == ["2026-11-23T23:59:59+00:00", "2026-11-24T00:00:01+00:00"]


def test_rows_stay_in_order_over_the_end_of_summer_time(clock: StepClock) -> None:
    """While people mark the clock goes from 01:59:50+01:00 to 01:00:10+00:00: the wall goes back, the rows do not."""
    clock.stand_at(SUMMER_TIME_ENDS - timedelta(seconds=10))
    with serving_by(clock) as server:
        server.mark("E1")
        clock.go_from(SUMMER_TIME_ENDS - timedelta(seconds=10))
        with rushing(server, doors=4, kept=True) as rush:
            for _ in range(10):
                clock.step(seconds=2)
                count = len(rush.acknowledged)
                wait_until(lambda count=count: len(rush.acknowledged) > count + 5, 10)
        repeat, body = server.mark("E1")

    rows = rows_of(server)
    summer = [row for row in rows if row.timestamp.endswith("+01:00")]
    assert rows[: len(summer)] == summer
    assert {row.timestamp[-6:] for row in rows[len(summer) :]} == {"+00:00"}
    assert summer[0].timestamp == "2026-10-25T01:59:50+01:00"
    assert {row.timestamp[:14] for row in rows} == {"2026-10-25T01:"}
    assert rows[-1].marked_at >= SUMMER_TIME_ENDS + timedelta(seconds=9)
    assert (repeat, body["timestamp"]) == (200, rows[0].timestamp)
    assert rush.acknowledged == {row.employee_id for row in rows[1:]}
