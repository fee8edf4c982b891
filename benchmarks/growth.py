"""Own the question whether a mark costs more, takes longer or waits longer for the start where the ledger is long."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from attendance.files import hidden
from attendance.seal import seals_path
from benchmarks import load
from benchmarks.arrivals import Crowd, Plan
from benchmarks.errors import LoadError
from benchmarks.figures import Figure
from benchmarks.ledgers import ledger_path, write_ledger, write_registry
from benchmarks.load import Load
from benchmarks.marks import FEW
from benchmarks.servers import Server, attendance, new_folder

ROWS = (0, 100_000, 10_000_000)
_CPU_AT_MOST = {10_000_000: 1.05}
_START_AT_MOST = {10_000_000: 1.2}
_SETTLE_SECONDS = 120.0


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the start, the cost and the wait of a mark for ledgers of many rows, against one without rows.

    The starts come first, while nobody but those who made them has marked today: a start reads the rows of the day.
    """
    rounds, seconds = (7, 5) if full else (3, 3)
    with ExitStack() as stack:
        folders = {rows: stack.enter_context(new_folder()) for rows in (ROWS if full else ROWS[:2])}
        for rows, folder in folders.items():
            lay_down(folder, rows)
        starts = [{rows: _start_seconds(folder) for rows, folder in folders.items()} for _ in range(rounds)]
        yield from _figures("start until the first mark is answered", "s", starts, _START_AT_MOST)
        servers = {rows: stack.enter_context(attendance(folder)) for rows, folder in folders.items()}
        for server in servers.values():
            load.warm_up(server, connections=FEW)
        loads = [_round(servers, seconds) for _ in range(rounds)]
        yield from _load_figures(loads)


def lay_down(folder: Path, rows: int) -> None:
    """Make a site whose ledger has so many rows of past days, with all that lies beside a ledger at rest.

    Nothing but the program makes that: a server takes up the file that it finds, copies it to the shadow and seals
    every work date. It is stopped when both have reached the end of the file. Raise LoadError if they never do.
    """
    write_registry(folder)
    path = ledger_path(folder)
    write_ledger(path, rows=rows, before=datetime.now(UTC).date())
    deadline = time.monotonic() + _SETTLE_SECONDS
    with attendance(folder):
        while not is_at_rest(path):
            if time.monotonic() > deadline:
                raise LoadError(f"A ledger of {rows:,} rows was not copied and sealed in {_SETTLE_SECONDS:.0f} s.")
            time.sleep(0.1)


def is_at_rest(path: Path) -> bool:
    """Tell whether the whole ledger is copied and sealed."""
    shadow, seals, size = hidden(path, "shadow"), seals_path(path), path.stat().st_size
    if not (shadow.exists() and shadow.stat().st_size == size and seals.exists()):
        return False
    last = seals.read_text(encoding="ascii").splitlines()[-1]
    return last.split(",")[1] == str(size)


def _start_seconds(folder: Path) -> float:
    """Return how long it takes from the start of the process until the first mark is answered."""
    begun = time.perf_counter()
    with attendance(folder) as server:
        Crowd(Plan(port=server.port, marks=1)).mark()
        return time.perf_counter() - begun


def _round(servers: Mapping[int, Server], seconds: int) -> dict[int, Load]:
    """Measure each server in turn."""
    return {rows: load.run(server, connections=FEW, seconds=seconds) for rows, server in servers.items()}


def _load_figures(loads: Sequence[Mapping[int, Load]]) -> Iterator[Figure]:
    """Yield the cost and the waits of some rounds."""
    cost = [{rows: one.cpu_each_seconds * 1e6 for rows, one in each.items()} for each in loads]
    yield from _figures("CPU per mark", "µs", cost, _CPU_AT_MOST)
    p50 = [{rows: one.p50_seconds * 1e3 for rows, one in each.items()} for each in loads]
    yield from _figures("p50 of a mark", "ms", p50, {})
    p99 = [{rows: one.p99_seconds * 1e3 for rows, one in each.items()} for each in loads]
    yield from _figures("p99 of a mark", "ms", p99, {})


def _figures(
    title: str, unit: str, rounds: Sequence[Mapping[int, float]], at_most: Mapping[int, float]
) -> Iterator[Figure]:
    """Yield for each ledger with rows what was measured in some rounds, against the one without."""
    for rows in sorted(rounds[0])[1:]:
        target = {"at_most": at_most[rows]} if rows in at_most else {}
        pairs = [(each[rows], each[0]) for each in rounds]
        yield Figure.of_rounds("growth", f"{title}, {rows:,} rows, against none", unit, pairs, **target)
