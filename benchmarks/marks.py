"""Own the plain question: what does a mark cost, and how many are there in a second, beside both other applications?"""

from collections.abc import Iterator, Sequence

from benchmarks import load, servers
from benchmarks.figures import Figure
from benchmarks.load import Load
from benchmarks.servers import attendance, empty, naive, side_by_side

FEW, MANY = 32, 256
_OTHERS = ("the empty route", "the naive application")
_CPU_AT_MOST = (1.0, 0.35)
_RATE_AT_LEAST = (0.9, 2.5)


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the cost and the rate for one worker and two, for few connections and many."""
    rounds, seconds = (5, 5) if full else (3, 2)
    for workers in (1, 2):
        for connections in (FEW, MANY):
            with side_by_side(attendance, empty, naive, workers=workers) as running:
                for server in running:
                    load.warm_up(server, connections=connections)
                loads = [_round(running, connections, seconds) for _ in range(rounds)]
            place = f"{workers} worker{'s'[: workers - 1]}, {connections} connections"
            yield from _figures(place, loads, bounded=connections == FEW)


def _round(running: Sequence[servers.Server], connections: int, seconds: int) -> list[Load]:
    """Measure each server in turn."""
    return [load.run(server, connections=connections, seconds=seconds) for server in running]


def _figures(place: str, loads: Sequence[Sequence[Load]], *, bounded: bool) -> Iterator[Figure]:
    """Yield the figures of some rounds, each of which holds a load of ours and one of each other."""
    for number, other in enumerate(_OTHERS):
        cost = [(each[0].cpu_each_seconds * 1e6, each[number + 1].cpu_each_seconds * 1e6) for each in loads]
        target = {"at_most": _CPU_AT_MOST[number]} if bounded else {}
        yield Figure.of_rounds("marks", f"CPU per mark, {place}, against {other}", "µs", cost, **target)
        rate = [(each[0].per_second, each[number + 1].per_second) for each in loads]
        target = {"at_least": _RATE_AT_LEAST[number]}
        yield Figure.of_rounds("marks", f"marks per second, {place}, against {other}", "/s", rate, **target)
