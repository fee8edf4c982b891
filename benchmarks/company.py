"""Own a made-up company with years of marks: `python -m benchmarks.company FOLDER` writes all of its files, fast.

Sites in very different zones; people who come late, stay at home, forget to mark, visit other offices, begin and leave;
corrections that HR wrote later. The same seed and end give the same bytes. `attendance serve` serves the folder.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from attendance.clock import Month, find_zone, first_instant, to_local, utc_now, work_day_on
from attendance.codec import HEADER
from attendance.holiday import holiday_on
from benchmarks.offices import FAMILY_FIRST, NAMES, OFFICES, Office

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AMENDMENTS = "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference\n"

# How often, of all days of all people.
_ABSENT, _FORGOTTEN, _TRAVELLING, _OFF_DAY, _LUNCH, _NOT_LEFT = 0.05, 0.025, 0.01, 0.02, 0.05, 0.06
# How often, of all that was forgotten: asked for by the employee, written by HR, else never noticed.
_ASKED, _WRITTEN = 0.3, 0.45
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large the company is, up to which instant it has marked, and the seed of what is left to chance."""

    offices: int = 12
    people: int = 3000
    months: int = 14
    until: datetime
    seed: int = 0

    @property
    def dates(self) -> Sequence[date]:
        """Return every date from the first of the first month until a day after the end."""
        begin = Month.of(self.until.date()).moved(1 - self.months).first
        return [begin + timedelta(days=number) for number in range((self.until.date() - begin).days + 2)]

    def chance(self, *about: object) -> Random:
        """Return the chance that decides about something, always alike."""
        return Random("/".join(map(str, (self.seed, *about))))  # noqa: S311  # nobody has to be kept from guessing


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of an office: how much later than the start they come on average, and when they belong to it."""

    employee_id: str
    name: str
    lag: timedelta
    from_date: date | None
    until_date: date | None

    def belongs_on(self, on: date) -> bool:
        """Tell whether they work there on a date."""
        return (self.from_date is None or self.from_date <= on) and (self.until_date is None or on <= self.until_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A mark that was forgotten: who came when, and when somebody wrote about it: the employee, or HR at once."""

    on: date
    person: Person
    came_at: datetime
    written_at: datetime
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """An office and its people, some of whom travel to another office for a day."""

    office: Office
    people: Sequence[Person]
    travels: bool
    shape: Shape

    def present_on(self, on: date, *, abroad: bool) -> list[Person]:
        """Return the people who work at home on a date, or those who travel."""
        chance = self.shape.chance("travel", self.office.site_id, on)
        away = [self.travels and chance.random() < _TRAVELLING for _ in self.people]
        return [one for one, gone in zip(self.people, away, strict=True) if gone is abroad and one.belongs_on(on)]


class History:
    """The marks of an office, day by day; what was forgotten and noticed is kept in `corrections`."""

    def __init__(self, team: Team, guests: Team | None) -> None:
        self.corrections: list[Correction] = []
        self._team, self._guests = team, guests
        self._office, self._shape = team.office, team.shape
        self._zone = find_zone(team.office.timezone)
        self._day_start, self._start = map(time.fromisoformat, (team.office.day_start, team.office.start))

    def days(self) -> Iterator[list[str]]:
        """Yield the rows of each work date, in order, none after the end."""
        for on in self._shape.dates:
            day = work_day_on(on, self._zone, self._day_start)
            marks = sorted((max(at, day.starts_at), text) for at, text in self._marks(on) if at < day.ends_at)
            yield [f"{self._local(at)},{text}\n" for at, text in marks if at <= self._shape.until]

    def _marks(self, on: date) -> Iterator[tuple[datetime, str]]:
        """Yield for a work date the instants at which people marked, and the rest of each row."""
        office, chance = self._office, self._shape.chance(self._office.site_id, on)
        begins = datetime.combine(on + timedelta(days=self._start < self._day_start), self._start)
        start = first_instant(begins, self._zone)
        expected = _WEEKDAYS[on.weekday()] in office.workdays and not holiday_on(office.holidays, on)
        for person in self._team.present_on(on, abroad=False):
            luck, came_at = chance.random(), _second(start, person.lag, 9 * _MINUTE, chance)
            if not expected and luck > _OFF_DAY:
                continue
            if expected and luck < _ABSENT:
                yield came_at, f"{person.employee_id},{person.name},{office.label('absent')}"
            elif expected and luck > 1 - _FORGOTTEN:
                self._forget(on, person, came_at, chance)
            else:
                yield from self._presence(person, came_at, chance)
        for person in self._guests.present_on(on, abroad=True) if self._guests and expected else ():
            yield from self._presence(person, _second(start, person.lag, 9 * _MINUTE, chance), chance)

    def _presence(self, person: Person, came_at: datetime, chance: Random) -> Iterator[tuple[datetime, str]]:
        """Yield a coming, the leaving where the office has a status for it, and sometimes a walk between them."""
        present, left = (self._office.label(kind) for kind in ("present", "left"))
        who = f"{person.employee_id},{person.name}"
        yield came_at, f"{who},{present}"
        luck = chance.random()
        if not left or luck < _NOT_LEFT:
            return
        if luck > 1 - _LUNCH:
            noon = _second(came_at, 4 * _HOUR, 10 * _MINUTE, chance)
            yield noon, f"{who},{left}"
            yield noon + 40 * _MINUTE, f"{who},{present}"
        yield _second(came_at, self._office.hours * _HOUR, 15 * _MINUTE, chance), f"{who},{left}"

    def _forget(self, on: date, person: Person, came_at: datetime, chance: Random) -> None:
        """Leave a day without a mark; most of such days are written about on the next day."""
        luck, written_at = chance.random(), _second(came_at, 22 * _HOUR, _HOUR, chance)
        if luck < _ASKED + _WRITTEN and written_at <= self._shape.until:
            asked = luck < _ASKED
            self.corrections.append(
                Correction(on=on, person=person, came_at=came_at, written_at=written_at, asked=asked)
            )

    def amendments(self) -> Iterator[str]:
        """Yield the rows of the file of amendments; who asked is answered a day later."""
        answers = [replace(one, written_at=one.written_at + 24 * _HOUR) for one in self.corrections if one.asked]
        events = [(one, False) for one in self.corrections] + [(one, True) for one in answers]
        asked: dict[tuple[date, str], int] = {}
        for number, (one, is_answer) in enumerate(sorted(events, key=lambda event: event[0].written_at), start=2):
            key = one.on, one.person.employee_id
            if one.written_at > self._shape.until:
                return
            if one.asked and not is_answer:
                asked[key] = number
                yield self._amendment(one, "requested", one.person.employee_id, "I forgot to mark", "")
            elif one.asked:
                action = "approved" if one.came_at.second % 8 else "declined"
                yield self._amendment(one, action, "ana", "as the team says", str(asked[key]))
            else:
                yield self._amendment(one, "amended", "ana", "forgotten; seen at the door", "")

    def _amendment(self, one: Correction, action: str, by: str, reason: str, reference: str) -> str:
        """Return a row of amendments: half of them speak of the date, the others of the moment."""
        about = one.on if one.came_at.second % 2 else self._local(one.came_at)
        who = f"{one.person.employee_id},{one.person.name}"
        status = self._office.label("present")
        return f"{self._local(one.written_at)},{action},{about},{who},{status},{by},{reason},{reference}\n"

    def _local(self, at: datetime) -> str:
        """Return an instant as it stands in a row."""
        return to_local(at, self._zone).isoformat()


def write_company(folder: Path, shape: Shape) -> int:
    """Write sites.yaml, and for each office its roster, its ledger and its amendments; return how many marks."""
    offices = [_office(number) for number in range(shape.offices)]
    teams = [_team(offices, number, shape) for number in range(shape.offices)]
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "sites.yaml").write_text("sites:\n" + "".join(map(_block, offices)), encoding="utf-8")
    rows = 0
    for number, team in enumerate(teams):
        path = folder / "data" / team.office.site_id
        roster = (f"{one.employee_id},{one.name},{one.from_date or ''},{one.until_date or ''}\n" for one in team.people)
        path.with_suffix(".roster.csv").write_text("Employee_ID,Name,From,Until\n" + "".join(roster), encoding="utf-8")
        history = History(team, teams[number - 1] if number and teams[number - 1].travels else None)
        with path.with_suffix(".csv").open("wb") as file:
            file.write(HEADER)
            for lines in history.days():
                file.write("".join(lines).encode())
                rows += len(lines)
        amendments = _AMENDMENTS + "".join(history.amendments())
        path.with_suffix(".amendments.csv").write_text(amendments, encoding="utf-8")
    return rows


def _second(instant: datetime, later: timedelta, spread: timedelta, chance: Random) -> datetime:
    """Return an instant about so much later, in whole seconds."""
    return instant + timedelta(seconds=round(chance.gauss(later.total_seconds(), spread.total_seconds())))


def _office(number: int) -> Office:
    """Return an office: the same ones again with another number, where there are more than were thought of."""
    again, at = divmod(number, len(OFFICES))
    office = OFFICES[at]
    if not again:
        return office
    name, prefix = f"{office.name} {again + 1}", f"{office.prefix}{again}-"
    return replace(office, site_id=f"{office.site_id}-{again + 1}", name=name, prefix=prefix)


def _team(offices: Sequence[Office], number: int, shape: Shape) -> Team:
    """Return the people of an office; they travel to the next one, if it takes visitors."""
    office, dates = offices[number], shape.dates
    chance = shape.chance("people", office.site_id)
    given, family = NAMES[office.names]
    people = []
    for at in range(shape.people // shape.offices + (number < shape.people % shape.offices)):
        names = [chance.choice(given), chance.choice(family)]
        luck, lag = chance.random(), timedelta(minutes=chance.gauss(-6, 6))
        person = Person(
            employee_id=f"{office.prefix}{at + 1:04}",
            name=" ".join(reversed(names) if office.names in FAMILY_FIRST else names),
            lag=lag,
            from_date=chance.choice(dates) if luck < 0.1 else None,  # noqa: PLR2004  # a tenth are new
            until_date=chance.choice(dates) if luck > 0.95 else None,  # noqa: PLR2004  # a twentieth left
        )
        people.append(person)
    travels = number + 1 < len(offices) and offices[number + 1].visitors
    return Team(office=office, people=people, travels=travels, shape=shape)


def _block(office: Office) -> str:
    """Return the block of an office in sites.yaml."""
    statuses = ", ".join(f"{label}: {kind}" for label, kind in office.statuses.items())
    values = {
        "name": office.name,
        "timezone": office.timezone,
        "csv": f"data/{office.site_id}.csv",
        "roster": f"data/{office.site_id}.roster.csv",
        "visitors": str(office.visitors).lower(),
        "statuses": f"{{{statuses}}}",
        "day_start": f'"{office.day_start}"',
        "workdays": office.workdays,
        "start": f'"{office.start}"',
        "grace_minutes": office.grace_minutes,
        "holidays": office.holidays,
    }
    return f"  {office.site_id}:\n" + "".join(f"    {key}: {value}\n" for key, value in values.items())


def main() -> int:
    """Write the company into the folder of the first argument."""
    parser = ArgumentParser(prog="python -m benchmarks.company", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    usual = Shape(until=utc_now())
    for name in ("offices", "people", "months", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name), help="%(default)s")
    parser.add_argument("--until", type=datetime.fromisoformat, default=usual.until, help="an instant; now")
    read = vars(parser.parse_args())
    folder = read.pop("folder")
    rows = write_company(folder, Shape(**read))
    sys.stdout.write(f"{rows:,} marks\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
