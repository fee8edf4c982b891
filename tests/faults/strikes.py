"""Own what is done to running workers: `strace` that strikes their calls on one file, and limits of the system."""

import re
import resource
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import wait_until

_ATTACH_SECONDS = 15.0
_STRACED = re.compile(r"^TracerPid:\s+[1-9]", re.MULTILINE)


@contextmanager
def struck(processes: Sequence[int], path: Path, strike: str) -> Iterator[None]:
    """Strike the calls that these processes make on the file, as `write:error=EDQUOT` (strace(1), --inject)."""
    attach = [option for process in processes for option in ("--attach", str(process))]
    filters = ["--trace-path", str(path), f"--trace={strike.partition(':')[0]}", f"--inject={strike}"]
    command = ["strace", "--follow-forks", *attach, *filters, "--output=/dev/null"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as strace:
        try:
            wait_until(lambda: all(map(_is_straced, processes)), _ATTACH_SECONDS)
            yield
        finally:
            strace.terminate()  # it lets go of them first


@contextmanager
def limited(processes: Sequence[int], which: int, limits: Sequence[int]) -> Iterator[None]:
    """Lower a limit of these processes (prlimit(2)), each to its own number, for a while."""
    before = [resource.prlimit(process, which) for process in processes]
    for process, limit, (_, hard) in zip(processes, limits, before, strict=True):
        resource.prlimit(process, which, (limit, hard))
    try:
        yield
    finally:
        for process, both in zip(processes, before, strict=True):
            resource.prlimit(process, which, both)


def open_descriptors(process: int) -> set[int]:
    """Return the numbers of the descriptors that a process has open."""
    return {int(link.name) for link in Path(f"/proc/{process}/fd").iterdir()}


def _is_straced(process: int) -> bool:
    """Tell whether every thread of a process is attached to."""
    statuses = Path(f"/proc/{process}/task").glob("*/status")
    return all(_STRACED.search(status.read_text(encoding="utf-8")) for status in statuses)
