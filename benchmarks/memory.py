"""Own the question how much memory a worker takes: at rest, with many sites, and after very many marks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import arrivals, load
from benchmarks.figures import Figure
from benchmarks.ledgers import PEOPLE, ledger_path, write_registry
from benchmarks.marks import FEW
from benchmarks.servers import Server, attendance, empty, new_folder

SITES = 2000
_AT_MOST = 1.3
_FLAT_AT_MOST = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a worker takes, in MiB: resident, and with each page that is shared counted in part."""

    resident: float
    proportional: float

    @classmethod
    def of(cls, server: Server) -> "Memory":
        """Return what the largest worker takes now."""
        return cls(resident=server.resident_bytes() / 2**20, proportional=server.proportional_bytes() / 2**20)


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the memory at rest and with many sites, against a worker of the empty route, and what marks add to it."""
    pairs = [(_worker(attendance, 1), _worker(empty, 1)) for _ in range(3 if full else 1)]
    yield from _figures("a worker after its first mark", [(ours[0], theirs[0]) for ours, theirs in pairs])
    many = [(_worker(attendance, SITES), theirs) for _, theirs in pairs]
    yield from _figures(f"{SITES:,} sites after a first mark", [(ours[0], theirs[0]) for ours, theirs in many])
    yield from _figures(f"{SITES:,} sites after a load on all", [(ours[1], theirs[1]) for ours, theirs in many])
    yield from _marked(1_000_000 if full else 40_000, 100_000 if full else 20_000, pairs[-1][1][1])


def _worker(start: Callable[[Path], AbstractContextManager[Server]], sites: int) -> tuple[Memory, Memory]:
    """Return the memory of a new worker after its first mark, and after a load that was spread over its sites."""
    with new_folder() as folder:
        write_registry(folder, sites)
        with start(folder) as server:
            arrivals.send(server, marks=1)
            first = Memory.of(server)
            load.warm_up(server, connections=FEW, sites=sites)
            return first, Memory.of(server)


def _figures(title: str, rounds: Sequence[tuple[Memory, Memory]]) -> Iterator[Figure]:
    """Yield both kinds of memory of some rounds, against the empty route; the target is for the resident one."""
    resident = [(ours.resident, theirs.resident) for ours, theirs in rounds]
    yield Figure.of_rounds("memory", f"VmRSS of {title}, against the empty route", "MiB", resident, at_most=_AT_MOST)
    proportional = [(ours.proportional, theirs.proportional) for ours, theirs in rounds]
    yield Figure.of_rounds("memory", f"Pss of {title}, against the empty route", "MiB", proportional)


def _marked(marks: int, people: int, empty_worker: Memory) -> Iterator[Figure]:
    """Yield what a worker takes when the same people have come and gone again and again, and what new ones add."""
    with new_folder() as folder:
        write_registry(folder)
        with attendance(folder) as server:
            arrivals.send(server, marks=2 * PEOPLE, people=PEOPLE)
            before = Memory.of(server)
            arrivals.send(server, marks=marks, people=PEOPLE)
            after, file_before = Memory.of(server), ledger_path(folder).stat().st_size
            arrivals.send(server, marks=people)
            added, file_after = Memory.of(server), ledger_path(folder).stat().st_size
    title = f"a worker after {marks:,} marks by {PEOPLE:,} people"
    yield from _figures(title, [(after, empty_worker)])
    flat = [(after.resident, before.resident)]
    yield Figure.of_rounds("memory", f"VmRSS of {title}, against two marks each", "MiB", flat, at_most=_FLAT_AT_MOST)
    each = [((added.resident - after.resident) * 2**20 / people, (file_after - file_before) / people)]
    yield Figure.of_rounds("memory", f"of each of {people:,} more people of a day, against its row", "bytes", each)
