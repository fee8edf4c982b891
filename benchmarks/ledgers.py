"""Own what is measured on: a registry of any number of sites, and ledgers of any size, as years of marks leave them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from attendance.clock import find_zone, to_local
from attendance.codec import HEADER

PEOPLE = 10_000
_ZONE = "Europe/London"
_SHIFT = {"Present": 8, "Absent": 16}  # each at this hour and in the three after it
_ARRIVAL_SECONDS = 3 * 3600


def write_registry(folder: Path, sites: int = 1) -> None:
    """Write a sites.yaml with the sites s0, s1, ..., whose ledgers are `ledger_path(folder)` and those beside it."""
    blocks = (
        f"  s{number}:\n    name: Office {number}\n    timezone: {_ZONE}\n    csv: data/s{number}.csv\n"
        for number in range(sites)
    )
    (folder / "sites.yaml").write_text("sites:\n" + "".join(blocks), encoding="utf-8")


def ledger_path(folder: Path) -> Path:
    """Return where the ledger of s0 lies."""
    return folder / "data" / "s0.csv"


def write_ledger(path: Path, *, rows: int, before: date, people: int = PEOPLE) -> None:
    """Write a ledger of so many rows: on each of the days before a date everybody came and went."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = list(_day(people))
    days = -(-rows // len(lines))
    with path.open("wb") as file:
        file.write(HEADER)
        for left in range(days, 0, -1):
            some = lines[-(rows - (days - 1) * len(lines)) :] if left == days else lines  # the first day may be short
            file.write(_dated("".join(some), before - timedelta(days=left)))


def _day(people: int) -> Iterator[str]:
    """Yield the rows of a day without its date and offset."""
    for status, hour in _SHIFT.items():
        for number in range(people):
            at = datetime.combine(date.min, time(hour)) + timedelta(seconds=number * _ARRIVAL_SECONDS // people)
            yield f"<date>T{at:%H:%M:%S}<offset>,E{number:05},Ana Martín {number},{status}\n"


def _dated(lines: str, day: date) -> bytes:
    """Return the rows with the date, and the offset that the zone has in its office hours."""
    offset = to_local(datetime.combine(day, time(12), UTC), find_zone(_ZONE)).isoformat()[-6:]
    return lines.replace("<date>", day.isoformat()).replace("<offset>", offset).encode()
