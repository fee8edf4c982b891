"""Own the question whether a day or a month out of a long ledger costs what it does out of one that holds no more."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date, timedelta
from pathlib import Path

from attendance.clock import Month, utc_now
from attendance.ledger import Ledger
from attendance.model import Incident
from attendance.registry import RegistryFile
from attendance.reporting import Reporting, Sources
from benchmarks.errors import LoadError
from benchmarks.figures import Figure
from benchmarks.ledgers import ledger_path, write_ledger, write_registry
from benchmarks.servers import new_folder

PEOPLE = 500
MONTH = Month(2026, 10)
_AT_MOST = 1.3


def measure(*, full: bool) -> Iterator[Figure]:
    """Yield the processor time of a day and a month in the middle of many rows, against a ledger of that month."""
    rows, rounds = (10_000_000, 7) if full else (1_000_000, 5)
    with ExitStack() as stack:
        long, short = (stack.enter_context(new_folder()) for _ in range(2))
        after = (rows // (2 * PEOPLE)) // 2  # days behind the month: it lies in the middle
        write_ledger(ledger_path(long), rows=rows, before=MONTH.moved(1).first + timedelta(days=after), people=PEOPLE)
        month_rows = 2 * PEOPLE * len(MONTH.dates)
        write_ledger(ledger_path(short), rows=month_rows, before=MONTH.moved(1).first, people=PEOPLE)
        tellers = [stack.enter_context(closing(Teller(folder))) for folder in (long, short)]
        for title, ask in {"a month": Teller.month, "a day": Teller.day}.items():
            pairs = [(tellers[0].seconds(ask), tellers[1].seconds(ask)) for _ in range(rounds)]
            told = f"CPU of {title} of {PEOPLE} people out of {rows:,} rows, against a ledger of that month"
            yield Figure.of_rounds("spans", told, "ms", [(a * 1e3, b * 1e3) for a, b in pairs], at_most=_AT_MOST)


class Teller:
    """Tell sheets of the site of a folder; every one must hold all people, each of whom came and went."""

    def __init__(self, folder: Path) -> None:
        write_registry(folder)
        self._site = RegistryFile(folder / "sites.yaml").current.resolve("s0")
        self._ledger = Ledger(self._site, now=utc_now, report=_refuse)
        self._reporting = Reporting(
            Sources(ledger_of=lambda _: self._ledger, roster_of=lambda _: None, amendments_of=lambda _: (), now=utc_now)
        )

    def month(self) -> int:
        """Return how many entries of the month have two marks."""
        people = self._reporting.month(self._site, MONTH).people
        return sum(entry is not None and len(entry.marks) == 2 for person in people for entry in person.entries)  # noqa: PLR2004

    def day(self) -> int:
        """Return the same of its fifteenth day, as if that were all of them."""
        entries = self._reporting.day(self._site, date(MONTH.year, MONTH.number, 15)).entries
        return len(MONTH.dates) * sum(len(entry.marks) == 2 for entry in entries)  # noqa: PLR2004

    def seconds(self, ask: "Callable[[Teller], int]") -> float:
        """Return the processor time of an answer, which nobody else lengthens; raise LoadError if it is not whole."""
        begun = time.process_time()
        found = ask(self)
        taken = time.process_time() - begun
        if found != PEOPLE * len(MONTH.dates):
            raise LoadError(f"A sheet holds {found:,} days of people instead of {PEOPLE * len(MONTH.dates):,}.")
        return taken

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()


def _refuse(incident: Incident) -> None:
    """Fail where a ledger has something to report."""
    raise LoadError(incident.detail)
