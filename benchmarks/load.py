"""Own the closed loop: wrk, a process of its own, sends a mark over each connection when the last one is answered."""

import os
import re
import resource
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import LoadError, NoWrkError
from benchmarks.servers import Server

WARM_UP_SECONDS = 1
_SCRIPT = Path(__file__).with_name("marks.lua")
_FIRST_MARKS_A_SECOND = 100
_GRACE_SECONDS = 30.0
MOST_OF_A_CORE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of a closed loop: how many marks in what time, what they cost the server, how long they took."""

    requests: int
    seconds: float
    cpu_seconds: float
    p50_seconds: float
    p99_seconds: float
    p999_seconds: float

    @property
    def cpu_each_seconds(self) -> float:
        """Return the processor time of the server for each mark."""
        return self.cpu_seconds / self.requests

    @property
    def per_second(self) -> float:
        """Return how many marks were answered in a second."""
        return self.requests / self.seconds


def find_wrk() -> str:
    """Return where wrk is; raise NoWrkError."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NoWrkError
    return wrk


def warm_up(server: Server, *, connections: int, sites: int = 1) -> None:
    """Let a server that has just started come to its pace: at each site there is a first mark of the day."""
    seconds = WARM_UP_SECONDS + sites // _FIRST_MARKS_A_SECOND
    run(server, connections=connections, seconds=seconds, sites=sites)


def run(server: Server, *, connections: int, seconds: int, sites: int = 1) -> Load:
    """Send marks of ever new employees to the sites s0, s1, ... for so long; raise LoadError if one went wrong.

    No employee comes twice, in this run or another: each mark is a new row.
    """
    cpu_before, own_before = server.cpu_seconds(), _children_seconds()
    printed = _wrk(server, connections, seconds, {"SITES": str(sites), "RUN": secrets.token_hex(4)})
    cpu_seconds, own_seconds = server.cpu_seconds() - cpu_before, _children_seconds() - own_before
    found = re.search(r"^DONE (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", printed, re.MULTILINE)
    if found is None:
        raise LoadError(f"wrk said something else than expected: {printed}")
    requests, micros, failed, *latencies = map(int, found.groups())
    if failed or not requests:
        raise LoadError(f"{failed} of {requests} marks failed at {server.name}: {printed}")
    if own_seconds > MOST_OF_A_CORE * micros / 1e6:
        raise LoadError(
            f"wrk was busy for {own_seconds:.1f} s of {micros / 1e6:.1f} s: it may have been the bottleneck."
        )
    p50, p99, p999 = (latency / 1e6 for latency in latencies)
    return Load(
        requests=requests,
        seconds=micros / 1e6,
        cpu_seconds=cpu_seconds,
        p50_seconds=p50,
        p99_seconds=p99,
        p999_seconds=p999,
    )


def _wrk(server: Server, connections: int, seconds: int, settings: dict[str, str]) -> str:
    """Return what wrk prints."""
    options = ["--threads=1", f"--connections={connections}", f"--duration={seconds}s", f"--script={_SCRIPT}"]
    command = [find_wrk(), *options, "--timeout=10s", server.address]
    try:
        done = subprocess.run(
            command,
            env=os.environ | settings,
            timeout=seconds + _GRACE_SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"wrk did not end: {server.name} may stand still") from error
    return done.stdout + done.stderr


def _children_seconds() -> float:
    """Return the processor time of all processes of ours that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
