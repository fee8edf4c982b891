"""Own the gate of `make bench-check`: has a mark become dearer, beside the empty route in the same run?"""

from collections.abc import Callable

from rich.console import Console

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.marks import FEW
from benchmarks.servers import attendance, empty, side_by_side

REACHED = 0.71
"""The ratio that was reached last (docs/performance.md); whoever makes marks cheaper lowers it."""

BAR = REACHED + 0.4
"""0.4 is for the noise of a shared machine."""

ROUNDS = 5
SECONDS = 2


def check(console: Console, measure: Callable[[], Figure] | None = None) -> int:
    """Return the exit code: 0, or 1 if two runs in turn are over the bar."""
    for last in (False, True):
        figure = (measure or _measure)()
        console.print(" | ".join(figure.cells))
        if figure.holds:
            return 0
        if not last:
            console.print("Over the bar: measured once more, since a busy machine may have been the reason.")
    console.print(
        f"A mark costs {figure.ratio:.2f} times an empty request, twice in turn over {BAR}: it became dearer."
    )
    return 1


def _measure() -> Figure:
    """Measure the processor time of a mark, one worker, few connections."""
    with side_by_side(attendance, empty) as running:
        for server in running:
            load.warm_up(server, connections=FEW)
        loads = [[load.run(server, connections=FEW, seconds=SECONDS) for server in running] for _ in range(ROUNDS)]
    cost = [(ours.cpu_each_seconds * 1e6, theirs.cpu_each_seconds * 1e6) for ours, theirs in loads]
    return Figure.of_rounds("check", "CPU per mark against the empty route", "µs", cost, at_most=BAR)
