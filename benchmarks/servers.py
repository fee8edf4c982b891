"""Own the processes that are measured: start one on a free port of the loopback, read what it used, end it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.errors import StartError
from benchmarks.ledgers import write_registry

CHECKOUT = Path(__file__).parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 12.0
ANSWER_SECONDS = 20.0

ATTENDANCE = Path(sys.executable).with_name("attendance")
_GUNICORN = [sys.executable, "-m", "gunicorn", "--config", str(CHECKOUT / "benchmarks" / "apps" / "gunicorn_conf.py")]
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A running server: `attendance`, `empty` or `naive`; what it writes lies in `folder`."""

    name: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """Return the process IDs of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()]

    def cpu_seconds(self) -> float:
        """Return the processor time of all workers so far, in user and system mode.

        The system counts it in ticks, most often of 10 ms: measure over a second or more (proc_pid_stat(5), 14 and 15).
        """
        ticks = 0
        for worker in self.workers():
            behind_name = Path(f"/proc/{worker}/stat").read_text(encoding="ascii").rpartition(")")[2]
            ticks += sum(map(int, behind_name.split()[11:13]))
        return ticks / _TICKS_A_SECOND

    def resident_bytes(self) -> int:
        """Return the resident memory (VmRSS) of the largest worker."""
        return max(_kilobytes(Path(f"/proc/{worker}/status"), "VmRSS") for worker in self.workers()) << 10

    def proportional_bytes(self) -> int:
        """Return the memory of the largest worker, where a page that is shared counts in part (Pss)."""
        return max(_kilobytes(Path(f"/proc/{worker}/smaps_rollup"), "Pss") for worker in self.workers()) << 10


def attendance(folder: Path, *, workers: int = 1) -> AbstractContextManager[Server]:
    """Serve the sites.yaml of the folder, as a user does."""
    return _running("attendance", [str(ATTENDANCE), "serve"], folder, workers)


def empty(folder: Path, *, workers: int = 1) -> AbstractContextManager[Server]:
    """Serve the empty route, by the stock worker under the same gunicorn."""
    return _running("empty", [*_GUNICORN, "benchmarks.apps.empty:app"], folder, workers)


def naive(folder: Path, *, workers: int = 1) -> AbstractContextManager[Server]:
    """Serve what a user would write instead, by the stock worker under the same gunicorn."""
    return _running("naive", [*_GUNICORN, "benchmarks.apps.naive:app"], folder, workers)


@contextmanager
def new_folder() -> Iterator[Path]:
    """Make an empty folder on the disk of the checkout, and remove it at the end: /tmp is often no disk."""
    (CHECKOUT / "build").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=CHECKOUT / "build") as folder:
        yield Path(folder)


@contextmanager
def side_by_side(*starts: Callable[..., AbstractContextManager[Server]], workers: int = 1) -> Iterator[list[Server]]:
    """Start several of `attendance`, `empty` and `naive`, each in a new folder with a registry of one site."""
    with ExitStack() as stack:
        running = []
        for start in starts:
            folder = stack.enter_context(new_folder())
            write_registry(folder)
            running.append(stack.enter_context(start(folder, workers=workers)))
        yield running


@contextmanager
def _running(name: str, command: Sequence[str], folder: Path, workers: int) -> Iterator[Server]:
    """Start a server, wait until all its workers are there and one answers, and end it."""
    port = _free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTENDANCE_")}
    environment |= {"ATTENDANCE_PORT": str(port), "ATTENDANCE_WORKERS": str(workers), "PYTHONPATH": str(CHECKOUT)}
    with (folder / f"{name}.err").open("wb") as talk:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=talk, stderr=talk)
    server = Server(name, port, folder, process)
    try:
        _wait_for(server, workers)
        yield server
    finally:
        _end(server)


def _wait_for(server: Server, workers: int) -> None:
    """Return when the server answers; raise StartError with what it said if it ends or does not."""
    deadline = time.monotonic() + START_SECONDS
    while not (_answers(server.port) and len(server.workers()) == workers):
        if server.process.poll() is not None or time.monotonic() > deadline:
            talk = (server.folder / f"{server.name}.err").read_text(encoding="utf-8", errors="replace")
            raise StartError(f"{server.name} did not start: {talk}")
        time.sleep(0.02)


def _end(server: Server) -> None:
    """Stop a server; end it and its workers if it does not stop."""
    server.process.terminate()
    try:
        server.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for process_id in [*server.workers(), server.process.pid]:
            os.kill(process_id, signal.SIGKILL)
        server.process.wait(STOP_SECONDS)


def _answers(port: int) -> bool:
    """Tell whether somebody answers there; only attendance has that page, and any answer will do."""
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in {200, 404}
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kilobytes(path: Path, name: str) -> int:
    """Return a figure of a file of /proc."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", path.read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise StartError(f"There is no {name} in {path}: benchmarks need Linux.")
    return int(found[1])
