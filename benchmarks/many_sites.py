"""Own the question whether a mark costs more where there are many sites, each with a ledger of its own."""

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.ledgers import write_registry
from benchmarks.marks import FEW
from benchmarks.servers import attendance, new_folder

SITES = (1, 100, 2000)
_AT_MOST = {2000: 1.25}


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the cost of a mark where the same load is spread over more and more sites, against one site."""
    rounds, seconds = (5, 5) if full else (3, 3)
    with ExitStack() as stack:
        servers = {}
        for sites in SITES:
            folder = stack.enter_context(new_folder())
            write_registry(folder, sites)
            servers[sites] = stack.enter_context(attendance(folder))
            load.warm_up(servers[sites], connections=FEW, sites=sites)
        loads = [
            {sites: load.run(servers[sites], connections=FEW, seconds=seconds, sites=sites) for sites in SITES}
            for _ in range(rounds)
        ]
    for sites in SITES[1:]:
        cost = [(each[sites].cpu_each_seconds * 1e6, each[1].cpu_each_seconds * 1e6) for each in loads]
        target = {"at_most": _AT_MOST[sites]} if sites in _AT_MOST else {}
        yield Figure.of_rounds("many_sites", f"CPU per mark, {sites:,} sites, against one", "µs", cost, **target)
        rate = [(each[sites].per_second, each[1].per_second) for each in loads]
        yield Figure.of_rounds("many_sites", f"marks per second, {sites:,} sites, against one", "/s", rate)
