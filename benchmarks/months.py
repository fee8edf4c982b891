"""Own the question what a month over all sites costs as a file: how long, and in how much memory."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.company import Shape, write_company
from benchmarks.errors import LoadError
from benchmarks.figures import Figure
from benchmarks.servers import ATTENDANCE, new_folder

UNTIL = datetime(2026, 11, 1, 12, tzinfo=UTC)
MONTH = "2026-10"
PEOPLE_AT_A_SITE = 500
_PART = 10
_MEMORY_AT_MOST = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an export took: processor time, the largest memory it had (VmHWM), and how many rows came out of it."""

    seconds: float
    peak_bytes: int
    rows: int


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield time and memory of a month as CSV over many sites, against a tenth of them: a row for each person and day.

    Memory is that of the process: what it holds of a site is gone with the next one, so the largest site bounds it.
    """
    sites, rounds = (200, 3) if full else (20, 2)
    with new_folder() as folder:
        write_company(
            folder, Shape(offices=sites, people=sites * PEOPLE_AT_A_SITE, months=2, until=UNTIL)
        )  # two: amendments of the month before are there too
        site_ids = sorted(path.name.removesuffix(".roster.csv") for path in (folder / "data").glob("*.roster.csv"))
        pairs = [(export(folder, []), export(folder, site_ids[::_PART])) for _ in range(rounds)]
    told = f"{sites} sites and {sites * PEOPLE_AT_A_SITE:,} people as CSV ({pairs[0][0].rows:,} rows), against a tenth"
    seconds = [(whole.seconds, part.seconds) for whole, part in pairs]
    yield Figure.of_rounds("months", f"CPU of a month of {told}", "s", seconds)
    each = [(whole.seconds / whole.rows * 1e6, part.seconds / part.rows * 1e6) for whole, part in pairs]
    yield Figure.of_rounds("months", f"CPU of each row of {told}", "µs", each)
    memory = [(whole.peak_bytes / 2**20, part.peak_bytes / 2**20) for whole, part in pairs]
    yield Figure.of_rounds("months", f"memory for a month of {told}", "MiB", memory, at_most=_MEMORY_AT_MOST)


def export(folder: Path, site_ids: Sequence[str]) -> Export:
    """Export the month of some sites, or of all, and count what comes out; raise LoadError if that fails."""
    sites = [word for site_id in site_ids for word in ("--site", site_id)]
    process = subprocess.Popen(
        [str(ATTENDANCE), "export", "month", "--month", MONTH, *sites], cwd=folder, stdout=subprocess.PIPE
    )
    assert process.stdout is not None  # noqa: S101  # it was asked for
    rows = -1  # the header
    while piece := process.stdout.read(1 << 16):
        rows += piece.count(b"\n")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise LoadError(f"attendance export ended with {process.returncode}.")
    return Export(seconds=used.ru_utime + used.ru_stime, peak_bytes=used.ru_maxrss << 10, rows=rows)
