"""Own the command: `python -m benchmarks [--full] [NAME...]` measures, `python -m benchmarks check` is the gate."""

import signal
import sys
from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks.check import check
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, print_table, write_json
from benchmarks.load import find_wrk
from benchmarks.servers import CHECKOUT

NAMES = ("marks", "many_sites", "growth", "rush", "memory")
REPORTS = ("spans", "months", "years", "beside")
FULL_RESULTS = Path(__file__).with_name("results")
SHORT_RESULTS = CHECKOUT / "build" / "benchmarks"
"""Only full results are kept with the code."""


def main() -> int:
    """Measure what is named, or everything; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    wanted = read_arguments(sys.argv[1:])
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    try:
        if not set(wanted.names) <= set(REPORTS):
            find_wrk()
        if wanted.names == ["check"]:
            return check(console)
        _measure(wanted.names, console, full=wanted.full)
    except BenchmarkError as error:
        console.print(str(error))
        return 1
    return 0


def read_arguments(arguments: list[str]) -> Namespace:
    """Return `names` and `full`; exit with 2 and a message where a name is unknown."""
    parser = ArgumentParser(prog="python -m benchmarks", description="Measure what marks and reports cost.")
    parser.add_argument("--full", action="store_true", help="longer rounds and larger ledgers")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(NAMES)} (these without a NAME), {', '.join(REPORTS)} (reports: these), or check",
    )
    read = parser.parse_args(arguments)
    if read.names == ["reports"]:
        read.names = list(REPORTS)
    read.names = read.names or list(NAMES)
    if read.names != ["check"] and not set(read.names) <= {*NAMES, *REPORTS}:
        parser.error(f"NAME is check, reports, or some of {', '.join((*NAMES, *REPORTS))}")
    return read


def _measure(names: list[str], console: Console, *, full: bool) -> None:
    """Print each figure as soon as it is there, then all of them; write them to the results of each benchmark."""
    folder = FULL_RESULTS if full else SHORT_RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    everything: list[Figure] = []
    for name in names:
        figures = []
        for figure in import_module(f"benchmarks.{name}").measure(full=full):
            console.print(" | ".join([name, *figure.cells]))
            figures.append(figure)
        write_json(figures, folder / f"{name}.json")
        everything += figures
    print_table(everything, console)


if __name__ == "__main__":
    sys.exit(main())
