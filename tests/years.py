"""Have a year of marks at a site, as people make them: mostly in time, some late, some ill, some who forget to mark."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from attendance.clock import find_zone, first_instant, to_local

FIRST_NAMES = ("Ana", "Jo", "Maya", "Søren", "Aïcha", "Łukasz", "Zoë", "İpek", "Nguyễn", "Siobhán", "Омар", "陳")
LAST_NAMES = ("Martín", "Park", "Gurung", "Öztürk", "O’Brien", "García-Fernández", "Nordmann", "大文", "بن سلمان", "Ng")


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people mark at a site: the labels, when they come, and how long they stay where they mark that."""

    timezone: str = "Europe/London"
    comes: Sequence[str] = ("Present",)
    away: Sequence[str] = ("Absent",)
    leaves: str = ""
    start: time = time(9)
    workdays: frozenset[int] = frozenset(range(5))


def people_of(site_id: str, count: int) -> dict[str, str]:
    """Return so many people: their names under their IDs."""
    made = random.Random(site_id)  # noqa: S311  # nothing here is secret
    return {
        f"{site_id[:1].upper()}{number:04}": f"{made.choice(FIRST_NAMES)} {made.choice(LAST_NAMES)}"
        for number in range(1, count + 1)
    }


def write_year(
    folder: Path, site_id: str, people: Mapping[str, str], during: tuple[date, datetime], habits: Habits | None = None
) -> None:
    """Write a ledger with the days from a date until an instant, and the roster beside it."""
    habits = habits or Habits()
    zone, made = find_zone(habits.timezone), random.Random(f"{site_id} year")  # noqa: S311  # as above
    rows: list[tuple[datetime, str, str]] = []
    day, until = during
    while day <= until.date() + timedelta(days=1):  # east of UTC it is that date already
        for person in people if day.weekday() in habits.workdays else ():
            rows += [(first_instant(wall, zone), person, status) for wall, status in _day(made, day, habits)]
        day += timedelta(days=1)
    lines = [
        f"{to_local(at, zone).isoformat()},{person},{people[person]},{status}\n"
        for at, person, status in sorted(rows)
        if at <= until
    ]
    write_people(folder, site_id, people)
    text = "Timestamp,Employee_ID,Name,Status\n" + "".join(lines)
    (folder / "data" / f"{site_id}.csv").write_text(text, encoding="utf-8")


def write_people(folder: Path, site_id: str, people: Mapping[str, str]) -> None:
    """Write the roster of a site."""
    (folder / "data").mkdir(exist_ok=True)
    rows = "".join(f"{person},{name}\n" for person, name in people.items())
    (folder / "data" / f"{site_id}.roster.csv").write_text("Employee_ID,Name\n" + rows, encoding="utf-8")


def _day(made: random.Random, day: date, habits: Habits) -> Iterator[tuple[datetime, str]]:
    """Yield what somebody marks on a day, by the clock on the wall."""
    luck = made.random()
    start = datetime.combine(day, habits.start)
    if luck < 0.04:
        return
    if luck < 0.1:
        yield start + timedelta(seconds=made.randrange(-3600, 600)), made.choice(habits.away)
        return
    came = start + timedelta(seconds=int(made.gauss(-600, 700)))
    yield came, made.choice(habits.comes)
    if habits.leaves:
        yield came + timedelta(seconds=int(made.gauss(8.4 * 3600, 1500))), habits.leaves
