"""Claims about every zone of pytz at every change of its clock from 2020 to 2037, against an independent computation.

The expected values come from the list of changes inside pytz's zones: an offset is looked up in it, and the work date
is that of the highest reading the clock has shown so far. `attendance.clock` uses neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import pytz

from attendance.clock import find_zone, to_local, work_day
from attendance.codec import decode_timestamp, encode_timestamp

FIRST_YEAR, LAST_YEAR = 2020, 2037
DAY_STARTS = (time(0), time(1, 30), time(4))
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """A stretch of time with one offset, from `starts_at` until just before `ends_at` (naive UTC, as in pytz)."""

    starts_at: datetime
    ends_at: datetime
    utc_offset: timedelta


@cache
def eras(zone_name: str) -> tuple[Era, ...]:
    """Return the eras of the zone that touch the years from 2019 on, oldest first."""
    zone: Any = pytz.timezone(zone_name)
    if not hasattr(zone, "_utc_transition_times"):
        offset = zone.utcoffset(None)
        return (Era(starts_at=datetime.min, ends_at=datetime.max, utc_offset=offset),)  # noqa: DTZ901  # naive UTC
    starts = zone._utc_transition_times  # noqa: SLF001  # the independent source
    infos = zone._transition_info  # noqa: SLF001  # the independent source
    ends = [*starts[1:], datetime.max]  # noqa: DTZ901  # naive UTC
    every = (
        Era(starts_at=start, ends_at=end, utc_offset=info[0])
        for start, end, info in zip(starts, ends, infos, strict=True)
    )
    return tuple(era for era in every if era.ends_at.year >= FIRST_YEAR - 1)


def expected_offset(zone_name: str, instant: datetime) -> timedelta:
    """Return the offset of the one era that holds the naive UTC instant."""
    (era,) = [era for era in eras(zone_name) if era.starts_at <= instant < era.ends_at]
    return era.utc_offset


def expected_work_date(zone_name: str, instant: datetime, day_start: time) -> str:
    """Return the latest date whose day start the clock has shown, or jumped over, at or before the naive UTC instant.

    A clock has reached a time once it has shown that time or a later one, so the highest reading so far decides. In an
    era the reading only rises; so the highest of each is its last, one microsecond before it ends.
    """
    highest = max(
        min(instant, era.ends_at - MICROSECOND) + era.utc_offset for era in eras(zone_name) if era.starts_at <= instant
    )
    return (highest - timedelta(hours=day_start.hour, minutes=day_start.minute)).date().isoformat()


def changes(zone_name: str) -> list[datetime]:
    """Return the naive UTC instants at which the clock of the zone changes in the years looked at."""
    return [era.starts_at for era in eras(zone_name) if FIRST_YEAR <= era.starts_at.year <= LAST_YEAR]


def instants(zone_name: str) -> Iterator[datetime]:
    """Yield the naive UTC instants to look at: around every change, and one in every year without a change."""
    for change in changes(zone_name):
        yield from (change - SECOND, change, change + SECOND)
    for year in set(range(FIRST_YEAR, LAST_YEAR + 1)) - {change.year for change in changes(zone_name)}:
        yield datetime(year, 7, 1, 12)  # noqa: DTZ001  # naive UTC, as in pytz


def region(zone_name: str) -> str:
    """Return what stands before the first slash: `Africa`; zones without one are a region of their own."""
    return zone_name.partition("/")[0] if "/" in zone_name else "no region"


REGIONS = {
    name: [zone_name for zone_name in pytz.all_timezones if region(zone_name) == name]
    for name in sorted(set(map(region, pytz.all_timezones)))
}

each_region = pytest.mark.parametrize("zone_names", REGIONS.values(), ids=REGIONS.keys())


def test_the_table_holds_every_zone_and_thousands_of_changes() -> None:
    """No zone is left out, and the list of changes inside pytz was found."""
    zone_names = [zone_name for names in REGIONS.values() for zone_name in names]

    change_count = sum(len(changes(zone_name)) for zone_name in zone_names)

    assert sorted(zone_names) == sorted(pytz.all_timezones)
    assert change_count > 5_000
    assert len(changes("Europe/London")) == 2 * (LAST_YEAR - FIRST_YEAR + 1)


@each_region
def test_a_row_holds_the_offset_in_force_and_gives_its_instant_back(zone_names: list[str]) -> None:
    """Around every change a row's timestamp is the instant plus the offset in force, and decodes to both again."""
    failures: list[str] = []

    for zone_name in zone_names:
        zone = find_zone(zone_name)
        for instant in instants(zone_name):
            marked_at, offset = instant.replace(tzinfo=UTC), expected_offset(zone_name, instant)
            minutes = int(offset.total_seconds()) // 60
            sign, (hour, minute) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
            expected = f"{(instant + offset).isoformat()}{sign}{hour:02}:{minute:02}"
            written = encode_timestamp(marked_at, to_local(marked_at, zone).utcoffset() or timedelta())
            if written != expected:
                failures.append(f"{zone_name} at {instant}Z: wrote {written}, expected {expected}")
            elif decode_timestamp(written) != (marked_at, offset):
                failures.append(f"{zone_name} at {instant}Z: {written} decodes to {decode_timestamp(written)}")

    assert failures == []


@each_region
def test_an_instant_counts_for_the_latest_date_whose_day_start_was_reached(zone_names: list[str]) -> None:
    """Around every change, for early and late day starts, the work day is the expected one and holds the instant."""
    failures: list[str] = []

    for zone_name in zone_names:
        zone = find_zone(zone_name)
        for instant in instants(zone_name):
            for day_start in DAY_STARTS:
                marked_at, expected = instant.replace(tzinfo=UTC), expected_work_date(zone_name, instant, day_start)
                day = work_day(marked_at, zone, day_start)
                if day.date.isoformat() != expected or marked_at not in day:
                    failures.append(f"{zone_name} at {instant}Z from {day_start}: {day}, expected {expected}")

    assert failures == []


@each_region
def test_a_work_date_never_goes_back_across_a_change_of_the_clock(zone_names: list[str]) -> None:
    """From an hour before each change to an hour after it, the work date stays or rises."""
    failures: list[str] = []
    steps = (-timedelta(hours=1), -SECOND, timedelta(), timedelta(hours=1))

    for zone_name in zone_names:
        zone = find_zone(zone_name)
        for day_start in DAY_STARTS:
            moments = sorted(change + step for change in changes(zone_name) for step in steps)
            dates = [work_day(moment.replace(tzinfo=UTC), zone, day_start).date for moment in moments]
            failures.extend(
                f"{zone_name} before {moment}Z from {day_start}: {earlier} is followed by {later}"
                for moment, (earlier, later) in zip(moments[1:], pairwise(dates), strict=True)
                if later < earlier
            )

    assert failures == []


def test_no_zone_changes_twice_within_two_days() -> None:
    """So a work date at both ends of which the clock has one offset has it all the time (`timesheet.day`)."""
    short = [
        name for name in pytz.all_timezones for era in eras(name) if era.ends_at - era.starts_at < timedelta(days=2)
    ]

    assert short == []
