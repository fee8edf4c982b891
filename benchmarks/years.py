"""Own the question what a year over very many rows costs, against the engine that merely looks at every field."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import duckdb

from attendance.clock import utc_now
from attendance.ledger import Ledger
from attendance.model import Incident
from attendance.registry import RegistryFile
from attendance.reporting import Sources
from attendance.reporting.ranges import WORKERS, RangeDay, Ranges
from attendance.roster import load_roster
from benchmarks.errors import LoadError
from benchmarks.figures import Figure
from benchmarks.ledgers import write_ledger
from benchmarks.servers import new_folder

PEOPLE = 3500
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
DAYS = 365
_AT_MOST = 1.5
_SCAN = """
    SELECT count(*), max(Timestamp), max(Employee_ID), max(Name), max(Status)
    FROM read_csv($1, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
                  columns = {Timestamp: VARCHAR, Employee_ID: VARCHAR, Name: VARCHAR, Status: VARCHAR})
"""


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the processor time of a year's totals for each day and site, against a scan of the same files.

    Every site has a roster and a start, so that it is told who has not marked and who was late. The full size is about
    100 million rows, 6 GB: it is measured once.
    """
    sites, rounds = (40, 1) if full else (2, 3)
    with new_folder() as folder:
        lay_down(folder, sites)
        pairs = [(ours_seconds(folder, sites), scan_seconds(folder, sites)) for _ in range(rounds)]
    rows = sites * rows_of_a_site()
    told = f"CPU of a year of {rows:,} rows at {sites} sites, against a scan by DuckDB"
    yield Figure.of_rounds("years", told, "s", pairs, at_most=_AT_MOST)


def rows_of_a_site() -> int:
    """Return how many rows a site has."""
    return 2 * PEOPLE * DAYS


def lay_down(folder: Path, sites: int) -> None:
    """Write so many sites, each with a year in which everybody came and went on every day."""
    block = (
        "  s{0}:\n    name: Office {0}\n    timezone: Europe/London\n    csv: data/s{0}.csv\n"
        '    roster: data/s.roster.csv\n    start: "09:00"\n    workdays: [mon, tue, wed, thu, fri, sat, sun]\n'
    )
    text = "sites:\n" + "".join(block.format(number) for number in range(sites))
    (folder / "sites.yaml").write_text(text, encoding="utf-8")
    for number in range(sites):
        write_ledger(
            folder / f"data/s{number}.csv", rows=rows_of_a_site(), before=YEAR[1] + timedelta(days=1), people=PEOPLE
        )
    roster = "".join(f"E{number:05},Ana Martín {number}\n" for number in range(PEOPLE))
    (folder / "data/s.roster.csv").write_text("Employee_ID,Name\n" + roster, encoding="utf-8")


def told(folder: Path) -> list[list[RangeDay]]:
    """Return the year of each site."""
    with ExitStack() as stack:
        registry = RegistryFile(folder / "sites.yaml").current
        roster = load_roster(folder / "data/s.roster.csv")
        years = []
        for site in registry.sites.values():
            ledger = Ledger(site, now=utc_now, report=_refuse)
            stack.callback(ledger.close)
            sources = Sources(
                ledger_of=lambda _, of=ledger: of,  # type: ignore[misc]
                roster_of=lambda _: roster,
                amendments_of=lambda _: (),
                now=utc_now,
            )
            years.append(Ranges(sources).days(site, *YEAR))
        return years


def ours_seconds(folder: Path, sites: int) -> float:
    """Return the processor time of telling it; raise LoadError if the engine did not count every mark."""
    begun = time.process_time()
    days = [day for year in told(folder) for day in year]
    taken = time.process_time() - begun
    if sum(day.marks for day in days if day.counted) != sites * rows_of_a_site():
        raise LoadError("Not every mark was counted by the engine.")
    return taken


def scan_seconds(folder: Path, sites: int) -> float:
    """Return the processor time of a look at every field; raise LoadError if it did not see every row."""
    files = [str(folder / f"data/s{number}.csv") for number in range(sites)]
    with duckdb.connect(config={"threads": WORKERS}) as connection:
        begun = time.process_time()
        found = connection.execute(_SCAN, [files]).fetchone()
        taken = time.process_time() - begun
    if found is None or found[0] != sites * rows_of_a_site():
        raise LoadError("The scan did not see every row.")
    return taken


def _refuse(incident: Incident) -> None:
    """Fail where a ledger has something to report."""
    raise LoadError(incident.detail)
