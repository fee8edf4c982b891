"""Own zones, instants and work dates; the only module that knows pytz, and no other source of local time is used."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches

import pytz

from attendance.errors import UnknownZoneError

Clock = Callable[[], datetime]
"""Return the present instant, aware UTC."""

ZONE_DATABASE_VERSION = f"pytz {pytz.VERSION}, IANA {pytz.OLSON_VERSION}"  # type: ignore[attr-defined]  # missing from its stubs

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:(Z)|([+ -])(\d\d:\d\d))", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDay:
    """The instants that count for one work date: from `starts_at` until just before `ends_at` (aware UTC)."""

    date: date
    starts_at: datetime
    ends_at: datetime

    def __contains__(self, instant: datetime) -> bool:
        """Tell whether the instant counts for this work date."""
        return self.starts_at <= instant < self.ends_at


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of work dates; written and read as `2026-11`."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return the month as it is written."""
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def of(cls, on: date) -> "Month":
        """Return the month of a date."""
        return cls(on.year, on.month)

    @property
    def first(self) -> date:
        """Return its first date."""
        return date(self.year, self.number, 1)

    @property
    def dates(self) -> list[date]:
        """Return its dates, in order."""
        days = (self.moved(1).first - self.first).days
        return [self.first + timedelta(days=number) for number in range(days)]

    def moved(self, months: int) -> "Month":
        """Return the month so many months later; earlier, if it is negative."""
        years, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(years, number + 1)


def utc_now() -> datetime:
    """Return the present instant from the machine's clock, aware UTC, with microseconds."""
    return datetime.now(UTC)


def find_zone(name: str) -> tzinfo:
    """Return the zone that has exactly this IANA name; raise UnknownZoneError with the nearest names."""
    if name not in pytz.all_timezones_set:
        by_folded = {known.casefold(): known for known in pytz.all_timezones}
        # The city alone is what people remember: `Paris`, `kathmandu`.
        by_folded.update({known.casefold().rpartition("/")[2]: known for known in pytz.common_timezones})
        near = get_close_matches(name.casefold().replace(" ", "_"), by_folded, n=5, cutoff=0.6)
        raise UnknownZoneError(name, list(dict.fromkeys(by_folded[folded] for folded in near))[:3])
    return pytz.timezone(name)


def fixed_zone(utc_offset: timedelta) -> tzinfo:
    """Return a zone that always has this offset of whole minutes, less than a day: what a row tells of its own."""
    return pytz.FixedOffset(int(utc_offset.total_seconds()) // 60)


def read_date(text: str) -> date:
    """Return the date that is written as 2026-11-20; raise ValueError for anything else, and for years far away."""
    if not _DATE.fullmatch(text) or int(text[:4]) not in _YEARS:
        raise ValueError
    return date.fromisoformat(text)


def read_month(text: str) -> Month:
    """Return the month that is written as 2026-11; raise ValueError for anything else, and for years far away."""
    if not _MONTH.fullmatch(text):
        raise ValueError
    return Month.of(read_date(f"{text}-01"))


def read_instant_or_date(text: str) -> datetime | date:
    """Return an instant (aware UTC) that is written as 2026-11-20T09:00:00+05:45 or with Z, or a date as 2026-11-20.

    Raise ValueError for anything else, for an instant without its offset above all. A space in the place of the plus is
    what a browser makes of it in an address.
    """
    if "T" not in text:
        return read_date(text)
    found = _INSTANT.fullmatch(text)
    if not found or int(text[:4]) not in _YEARS:
        raise ValueError
    wall, utc, sign, offset = found.groups()
    return datetime.fromisoformat(f"{wall}+00:00" if utc else f"{wall}{sign.replace(' ', '+')}{offset}").astimezone(UTC)


def to_local(instant: datetime, zone: tzinfo) -> datetime:
    """Return the wall-clock time at `zone` (aware, with the offset in force there at that instant)."""
    return instant.astimezone(zone)


def offset_label(local: datetime) -> str:
    """Return the offset of an aware local time as people read it: `UTC+05:45`, `UTC-03:00`."""
    offset = f"{local:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


def first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the first instant (aware UTC) at which a clock at `zone` has reached the naive wall-clock time.

    Where the time is repeated, it is the first of the two; where it is skipped, it is the instant of the skip.
    """
    shown = instants_of(wall, zone)
    return shown[0] if shown else _skip_over(wall, zone)


def instants_of(wall: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return the instants (aware UTC, in order) at which a clock at `zone` shows the naive wall-clock time.

    It is one; two where the time is repeated; none where it is skipped.
    """
    localize: Callable[..., datetime] = zone.localize  # type: ignore[attr-defined]  # every zone here is one of pytz
    try:
        return (localize(wall, is_dst=None).astimezone(UTC),)
    except pytz.AmbiguousTimeError:
        return tuple(sorted(localize(wall, is_dst=is_dst).astimezone(UTC) for is_dst in (True, False)))
    except pytz.NonExistentTimeError:
        return ()


def _skip_over(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant at which the clock at `zone` jumps over the naive wall-clock time."""
    # An offset is less than a day, and the largest skip (Apia, 2011) is a day: the jump lies in between.
    before = int(wall.replace(tzinfo=UTC).timestamp()) - 2 * 86_400
    after = before + 4 * 86_400
    while after - before > 1:
        middle = (before + after) // 2
        reached = datetime.fromtimestamp(middle, UTC).astimezone(zone).replace(tzinfo=None) >= wall
        before, after = (before, middle) if reached else (middle, after)
    return datetime.fromtimestamp(after, UTC)


def work_day_on(work_date: date, zone: tzinfo, day_start: time) -> WorkDay:
    """Return the instants of a work date at a site whose day turns at `day_start` (naive, local)."""
    starts_at = first_instant(datetime.combine(work_date, day_start), zone)
    ends_at = first_instant(datetime.combine(work_date + timedelta(days=1), day_start), zone)
    return WorkDay(date=work_date, starts_at=starts_at, ends_at=ends_at)


def work_day(instant: datetime, zone: tzinfo, day_start: time) -> WorkDay:
    """Return the work date that `instant` counts for at a site whose day turns at `day_start` (naive, local).

    A work date begins at the first instant at which the clock has reached `day_start` on that date, and ends where the
    next begins. So every instant has exactly one, and it never goes back, not even when the clock does.
    """
    next_date = instant.astimezone(zone).date() + timedelta(days=2)
    ends_at = first_instant(datetime.combine(next_date, day_start), zone)
    while True:
        # Two or three rounds: the day after tomorrow has never begun, and yesterday always has.
        this_date = next_date - timedelta(days=1)
        starts_at = first_instant(datetime.combine(this_date, day_start), zone)
        if starts_at <= instant:
            return WorkDay(date=this_date, starts_at=starts_at, ends_at=ends_at)
        next_date, ends_at = this_date, starts_at
