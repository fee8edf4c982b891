"""Own the morning rush: people come by chance, at a part of what the machine can take; how long does each wait?"""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks import arrivals, load
from benchmarks.arrivals import Waits
from benchmarks.figures import Figure
from benchmarks.marks import MANY
from benchmarks.servers import Server, attendance, empty, side_by_side

WORKERS = 2
PARTS = (0.3, 0.6, 0.8)
_P99_AT_MOST = {0.6: 2.0}
_CAPACITY_ROUNDS = 3


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the waits at parts of the capacity, against the empty route when the same number come at the same instants.

    The capacity is how many marks attendance answers in a second when the next is always there.
    """
    rounds, seconds = (5, 10) if full else (3, 4)
    with side_by_side(attendance, empty, workers=WORKERS) as running:
        for server in running:
            load.warm_up(server, connections=MANY)
        capacity = median(load.run(running[0], connections=MANY, seconds=2).per_second for _ in range(_CAPACITY_ROUNDS))
        for part in PARTS:
            waits = [_round(running, part * capacity, seconds, seed) for seed in range(rounds)]
            place = f"{part * capacity:,.0f} marks per second ({part:.0%} of the capacity)"
            yield from _figures(place, waits, _P99_AT_MOST.get(part))


def _round(running: Sequence[Server], per_second: float, seconds: int, seed: int) -> list[Waits]:
    """Have the same people come to each server in turn."""
    marks = round(per_second * seconds)
    return [arrivals.send(server, marks=marks, per_second=per_second, seed=seed) for server in running]


def _figures(place: str, waits: Sequence[Sequence[Waits]], p99_at_most: float | None) -> Iterator[Figure]:
    """Yield the figures of some rounds, each of which holds the waits at ours and at the empty route."""
    for title, field in {"p50": "p50_seconds", "p99": "p99_seconds", "p99.9": "p999_seconds"}.items():
        rounds = [tuple(getattr(each, field) * 1e3 for each in pair) for pair in waits]
        target = {"at_most": p99_at_most} if p99_at_most and title == "p99" else {}
        yield Figure.of_rounds("rush", f"{title} at {place}, against the empty route", "ms", rounds, **target)
