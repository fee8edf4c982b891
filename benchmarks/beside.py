"""Own the question whether marks wait for reports: people come by chance while somebody asks for one after another."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

from benchmarks import arrivals
from benchmarks.company import Shape, write_company
from benchmarks.errors import LoadError
from benchmarks.figures import Figure
from benchmarks.servers import ANSWER_SECONDS, ATTENDANCE, Server, attendance, new_folder

WORKERS = 2
PER_SECOND = 300.0
_P99_AT_MOST = 2.0
_UNTIL = datetime(2026, 11, 1, 12, tzinfo=UTC)
_PAGES = {
    "days of all sites as JSON": "/api/days/2026-10-14",
    "months of all sites as JSON": "/api/months/2026-10",
    "months of all sites as CSV": "/api/months/2026-10?format=csv",
}

Reports = Callable[[Server, str], AbstractContextManager[list[int]]]


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the wait of marks while reports are asked for, one after the other without a pause, against none.

    12 offices and 3,000 people; marks come to a site of their own. Reports are answered by the server, or written by
    `attendance export` beside it.
    """
    rounds, seconds = (5, 8) if full else (3, 4)
    with new_folder() as folder:
        write_company(folder, Shape(months=2, until=_UNTIL))
        with (folder / "sites.yaml").open("a", encoding="utf-8") as file:
            file.write("  s0:\n    name: Office 0\n    timezone: Europe/London\n    csv: data/s0.csv\n")
        token = _token(folder)
        with attendance(folder, workers=WORKERS) as server:
            arrivals.send(server, marks=2000)
            for name, path in _PAGES.items():
                yield _figure(name, server, rounds, seconds, lambda path=path: asking(server, token, path))  # type: ignore[misc]
            yield _figure("attendance export month", server, rounds, seconds, lambda: exporting(folder))


def _figure(
    name: str, server: Server, rounds: int, seconds: int, reports: Callable[[], AbstractContextManager[list[int]]]
) -> Figure:
    """Return the waits beside reports, against those without, in turn."""
    pairs: list[tuple[float, float]] = []
    told = 0
    for seed in range(rounds):
        waits = []
        for beside in (reports(), nullcontext([])):
            with beside as done:
                waits.append(_p99(server, seconds, seed))
            told += len(done)
        pairs.append((waits[0] * 1e3, waits[1] * 1e3))
    title = f"p99 of {PER_SECOND:,.0f} marks a second beside {name} ({told} in all), against none"
    return Figure.of_rounds("beside", title, "ms", pairs, at_most=_P99_AT_MOST)


def _p99(server: Server, seconds: int, seed: int) -> float:
    """Return the wait of marks that arrive by chance."""
    return arrivals.send(server, marks=round(PER_SECOND * seconds), per_second=PER_SECOND, seed=seed).p99_seconds


@contextmanager
def asking(server: Server, token: str, path: str) -> Iterator[list[int]]:
    """Ask for a page again and again; give the sizes of the answers. Raise LoadError if none came, or one failed."""
    over, sizes, failures = Event(), list[int](), list[str]()

    def ask() -> None:
        while not over.is_set() and not failures:
            connection = HTTPConnection("127.0.0.1", server.port, timeout=2 * ANSWER_SECONDS)
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            sizes.append(len(answer.read()))
            connection.close()
            if answer.status != 200:  # noqa: PLR2004  # OK
                failures.append(f"{path} was answered {answer.status}.")

    yield from _while_running(ask, over, sizes, failures)


@contextmanager
def exporting(folder: Path) -> Iterator[list[int]]:
    """Export a month again and again, each by a process of its own; give their exit codes. Raise LoadError as above."""
    over, codes, failures = Event(), list[int](), list[str]()

    def export() -> None:
        while not over.is_set() and not failures:
            command = ["nice", str(ATTENDANCE), "export", "month", "--month", "2026-10"]
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
            while process.poll() is None and not over.wait(0.05):
                pass
            process.terminate()
            codes.append(process.wait())
            if codes[-1] > 0:
                failures.append(f"attendance export ended with {codes[-1]}.")

    yield from _while_running(export, over, codes, failures)


def _while_running(
    run: Callable[[], None], over: Event, done: list[int], failures: Sequence[str]
) -> Iterator[list[int]]:
    """Run something in a thread until the context is left."""
    thread = Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()
    if failures or not done:
        raise LoadError(failures[0] if failures else "No report was told.")


def _token(folder: Path) -> str:
    """Return a token that may read reports."""
    command = [str(ATTENDANCE), "tokens", "add", "bench", "--role", "hr"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(done.stderr)
    return done.stdout.split()[-1]
