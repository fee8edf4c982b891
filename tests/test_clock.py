"""Claims about zones, instants and work dates, with every expected value written out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import (
    ZONE_DATABASE_VERSION,
    Month,
    find_zone,
    first_instant,
    fixed_zone,
    instants_of,
    offset_label,
    read_date,
    read_instant_or_date,
    read_month,
    to_local,
    utc_now,
    work_day,
    work_day_on,
)
from attendance.codec import encode_timestamp
from attendance.errors import UnknownZoneError
from attendance.registry import load_registry

REGISTRY_PATH = Path(__file__).parent.parent / "sites.yaml"
MIDNIGHT = time()

HARD_ZONES = (
    "Africa/Casablanca",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
)


def at(text: str) -> datetime:
    """Return the instant of an ISO text in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row_timestamp(instant: datetime, zone_name: str) -> str:
    """Return the first field of a row that is written at the instant in the zone."""
    utc_offset = to_local(instant, find_zone(zone_name)).utcoffset()
    assert utc_offset is not None
    return encode_timestamp(instant, utc_offset)


# Zones and offsets


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Europe/Lundon", "Europe/London"),
        ("europe/london", "Europe/London"),
        ("Europe/London ", "Europe/London"),
        ("EUROPE/LONDON", "Europe/London"),
        ("Paris", "Europe/Paris"),
        ("kathmandu", "Asia/Kathmandu"),
        ("Kolkatta", "Asia/Kolkata"),
        ("America/New York", "America/New_York"),
        ("New York", "America/New_York"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_name_first(name: str, nearest: str) -> None:
    """A zone whose name is misspelt is an error which offers the zone that was meant before all others."""
    with pytest.raises(UnknownZoneError) as refused:
        find_zone(name)

    assert refused.value.nearest[0] == nearest
    assert len(refused.value.nearest) <= 3
    assert len(set(refused.value.nearest)) == len(refused.value.nearest)
    assert refused.value.code == "unknown_zone"


@pytest.mark.parametrize("name", ["", " ", "\0", "../etc/passwd", "+05:30", "\ud800", "x" * 10_000])
def test_a_name_like_no_zone_is_refused_without_a_guess(name: str) -> None:
    """A name that resembles no zone is an error and never becomes UTC or the server's zone."""
    with pytest.raises(UnknownZoneError) as refused:
        find_zone(name)

    assert refused.value.nearest == ()


def test_a_zone_from_its_name_never_has_local_mean_time() -> None:
    """Kolkata is at +05:30, not at the +05:53 that pytz gives to who attaches its zones to a wall-clock time."""
    kolkata = find_zone("Asia/Kolkata")

    local = to_local(at("2026-11-23T09:00:03"), kolkata)
    reached_at = first_instant(datetime(2026, 11, 23, 14, 30), kolkata)  # noqa: DTZ001  # wall-clock time

    assert local.isoformat() == "2026-11-23T14:30:03+05:30"
    assert reached_at == at("2026-11-23T09:00:00")


@pytest.mark.parametrize(
    ("zone_name", "label"),
    [
        ("UTC", "UTC+00:00"),
        ("Europe/London", "UTC+00:00"),
        ("Asia/Kathmandu", "UTC+05:45"),
        ("America/Sao_Paulo", "UTC-03:00"),
        ("America/St_Johns", "UTC-03:30"),
        ("Pacific/Marquesas", "UTC-09:30"),
        ("Pacific/Chatham", "UTC+13:45"),
        ("Pacific/Kiritimati", "UTC+14:00"),
        ("Etc/GMT+12", "UTC-12:00"),
    ],
)
def test_an_offset_is_labelled_with_its_sign_hours_and_minutes(zone_name: str, label: str) -> None:
    """An offset reads the same everywhere: sign, two digits, colon, two digits."""
    local = to_local(at("2026-11-23T09:00:00"), find_zone(zone_name))

    shown = offset_label(local)

    assert shown == label


def test_the_version_of_the_zone_database_names_its_source() -> None:
    """Health can tell which release of pytz and of the IANA database is in force."""
    assert ZONE_DATABASE_VERSION.startswith("pytz 20")
    assert ", IANA 20" in ZONE_DATABASE_VERSION


# From a wall-clock time to its first instant


@pytest.mark.parametrize(
    ("zone_name", "wall", "instant"),
    [
        pytest.param("Europe/London", "2026-06-01T12:00:00", "2026-06-01T11:00:00", id="plain, east"),
        pytest.param("America/New_York", "2026-06-01T12:00:00", "2026-06-01T16:00:00", id="plain, west"),
        pytest.param("UTC", "2026-06-01T12:00:00", "2026-06-01T12:00:00", id="plain, UTC"),
        pytest.param("Etc/GMT-14", "2026-06-01T12:00:00", "2026-05-31T22:00:00", id="plain, fixed offset"),
        pytest.param("Europe/London", "2026-10-25T01:30:00", "2026-10-25T00:30:00", id="repeated, London"),
        pytest.param(
            "Europe/Dublin", "2026-10-25T01:30:00", "2026-10-25T00:30:00", id="repeated, negative summer time"
        ),
        pytest.param("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00", id="repeated, New York"),
        pytest.param("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00", id="repeated, 30 minutes"),
        pytest.param("Antarctica/Troll", "2026-10-25T02:30:00", "2026-10-25T00:30:00", id="repeated, 2 hours"),
        pytest.param("Europe/Volgograd", "2020-12-27T01:30:00", "2020-12-26T21:30:00", id="repeated, no summer time"),
        pytest.param("Africa/Casablanca", "2026-09-20T01:30:00", "2026-09-20T00:30:00", id="repeated, change of law"),
        pytest.param("Atlantic/Azores", "2026-10-25T00:00:00", "2026-10-25T00:00:00", id="repeated midnight"),
        pytest.param("Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:00:00", id="missing, London"),
        pytest.param("Europe/London", "2026-03-29T01:00:00", "2026-03-29T01:00:00", id="missing, its first second"),
        pytest.param("Europe/London", "2026-03-29T02:00:00", "2026-03-29T01:00:00", id="just after the missing hour"),
        pytest.param("America/New_York", "2026-03-08T02:59:59", "2026-03-08T07:00:00", id="missing, its last second"),
        pytest.param("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00", id="missing, 30 minutes"),
        pytest.param("Antarctica/Troll", "2026-03-29T02:30:00", "2026-03-29T01:00:00", id="missing, 2 hours"),
        pytest.param("America/Sao_Paulo", "2018-11-04T00:00:00", "2018-11-04T03:00:00", id="missing midnight, 2018"),
        pytest.param("America/Santiago", "2026-09-06T00:00:00", "2026-09-06T04:00:00", id="missing midnight, 2026"),
        pytest.param("Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00", id="missing day, its midnight"),
        pytest.param("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00", id="missing day, its noon"),
        pytest.param("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00", id="just after the missing day"),
    ],
)
def test_a_wall_clock_time_is_first_reached_at(zone_name: str, wall: str, instant: str) -> None:
    """A repeated time means the first of the two, and a missing time the instant of the jump over it."""
    reached_at = first_instant(datetime.fromisoformat(wall), find_zone(zone_name))

    assert reached_at == at(instant)
    assert reached_at.utcoffset() == timedelta()


@given(
    zone_name=st.sampled_from(HARD_ZONES),
    wall=st.datetimes(datetime(2005, 1, 1), datetime(2037, 12, 1)),  # noqa: DTZ001  # wall-clock times
)
def test_a_clock_has_reached_a_time_at_its_first_instant_and_not_just_before(zone_name: str, wall: datetime) -> None:
    """The clock shows at least the wall-clock time at the first instant, and less one microsecond earlier."""
    zone = find_zone(zone_name)
    wall = wall.replace(microsecond=0)

    reached_at = first_instant(wall, zone)

    assert to_local(reached_at, zone).replace(tzinfo=None) >= wall
    assert to_local(reached_at - timedelta(microseconds=1), zone).replace(tzinfo=None) < wall


# Work dates


@pytest.mark.parametrize(
    ("zone_name", "day_start", "instant", "work_date"),
    [
        pytest.param("UTC", "00:00", "2026-11-22T23:59:59", "2026-11-22", id="UTC, last second"),
        pytest.param("UTC", "00:00", "2026-11-23T00:00:00", "2026-11-23", id="UTC, midnight"),
        pytest.param("Europe/London", "00:00", "2026-06-30T22:59:59", "2026-06-30", id="London summer, last second"),
        pytest.param("Europe/London", "00:00", "2026-06-30T23:00:00", "2026-07-01", id="London summer, midnight"),
        pytest.param("America/New_York", "00:00", "2026-11-23T04:59:59", "2026-11-22", id="west, last second"),
        pytest.param("America/New_York", "00:00", "2026-11-23T05:00:00", "2026-11-23", id="west, midnight"),
        pytest.param("Asia/Kathmandu", "00:00", "2026-11-22T18:14:59", "2026-11-22", id="east, last second"),
        pytest.param("Asia/Kathmandu", "00:00", "2026-11-22T18:15:00", "2026-11-23", id="east, midnight"),
        pytest.param("Pacific/Chatham", "00:00", "2026-11-22T10:14:59", "2026-11-22", id="far east, last second"),
        pytest.param("Pacific/Chatham", "00:00", "2026-11-22T10:15:00", "2026-11-23", id="far east, midnight"),
        pytest.param("Pacific/Pago_Pago", "00:00", "2026-11-22T10:30:00", "2026-11-21", id="three dates, the first"),
        pytest.param("Europe/London", "00:00", "2026-11-22T10:30:00", "2026-11-22", id="three dates, the second"),
        pytest.param("Pacific/Kiritimati", "00:00", "2026-11-22T10:30:00", "2026-11-23", id="three dates, the third"),
        pytest.param("Europe/London", "04:00", "2026-11-23T03:59:59", "2026-11-22", id="04:00 London, last second"),
        pytest.param("Europe/London", "04:00", "2026-11-23T04:00:00", "2026-11-23", id="04:00 London, start"),
        pytest.param("America/New_York", "04:00", "2026-11-23T08:59:59", "2026-11-22", id="04:00 west, last second"),
        pytest.param("America/New_York", "04:00", "2026-11-23T09:00:00", "2026-11-23", id="04:00 west, start"),
        pytest.param("Asia/Kolkata", "04:00", "2026-11-22T22:29:59", "2026-11-22", id="04:00 east, last second"),
        pytest.param("Asia/Kolkata", "04:00", "2026-11-22T22:30:00", "2026-11-23", id="04:00 east, start"),
        pytest.param("Europe/London", "23:59", "2026-11-23T23:58:59", "2026-11-22", id="23:59 London, last second"),
        pytest.param("Europe/London", "23:59", "2026-11-23T23:59:00", "2026-11-23", id="23:59 London, start"),
        pytest.param("Europe/London", "01:30", "2026-10-25T00:29:59", "2026-10-24", id="01:30 repeated, before first"),
        pytest.param("Europe/London", "01:30", "2026-10-25T00:30:00", "2026-10-25", id="01:30 repeated, first"),
        pytest.param("Europe/London", "01:30", "2026-10-25T01:00:00", "2026-10-25", id="01:30 repeated, clock is back"),
        pytest.param("Europe/London", "01:30", "2026-10-25T01:29:59", "2026-10-25", id="01:30 repeated, before second"),
        pytest.param("Europe/London", "01:30", "2026-10-25T01:30:00", "2026-10-25", id="01:30 repeated, second"),
        pytest.param(
            "Europe/London", "01:30", "2026-03-29T00:59:59", "2026-03-28", id="01:30 missing, before the jump"
        ),
        pytest.param("Europe/London", "01:30", "2026-03-29T01:00:00", "2026-03-29", id="01:30 missing, the jump"),
        pytest.param("America/Sao_Paulo", "00:00", "2018-11-04T02:59:59", "2018-11-03", id="no midnight, before"),
        pytest.param("America/Sao_Paulo", "00:00", "2018-11-04T03:00:00", "2018-11-04", id="no midnight, the jump"),
        pytest.param(
            "Asia/Beirut", "00:00", "2026-10-24T21:00:00", "2026-10-24", id="23:00 again, midnight is to come"
        ),
        pytest.param("Asia/Beirut", "00:00", "2026-10-24T22:00:00", "2026-10-25", id="23:00 again, midnight"),
        pytest.param("Atlantic/Azores", "00:00", "2026-10-25T00:00:00", "2026-10-25", id="midnight repeated, first"),
        pytest.param("Atlantic/Azores", "00:00", "2026-10-25T01:00:00", "2026-10-25", id="midnight repeated, second"),
        pytest.param("America/St_Johns", "00:00", "2010-11-07T02:29:59", "2010-11-06", id="date goes back, before"),
        pytest.param("America/St_Johns", "00:00", "2010-11-07T02:30:30", "2010-11-07", id="date goes back, midnight"),
        pytest.param(
            "America/St_Johns", "00:00", "2010-11-07T02:31:00", "2010-11-07", id="date goes back, 23:01 again"
        ),
        pytest.param("America/St_Johns", "00:00", "2010-11-07T03:30:00", "2010-11-07", id="date goes back, over"),
        pytest.param("Pacific/Apia", "00:00", "2011-12-30T09:59:59", "2011-12-29", id="no 30 December, before"),
        pytest.param("Pacific/Apia", "00:00", "2011-12-30T10:00:00", "2011-12-31", id="no 30 December, the jump"),
    ],
)
def test_an_instant_counts_for_the_date_whose_day_start_was_reached_last(
    zone_name: str, day_start: str, instant: str, work_date: str
) -> None:
    """The work date turns at the first instant at which the clock has reached the day start, and only then."""
    zone = find_zone(zone_name)

    day = work_day(at(instant), zone, time.fromisoformat(day_start))

    assert day.date == date.fromisoformat(work_date)
    assert at(instant) in day


@pytest.mark.parametrize(
    ("zone_name", "day_start", "noon", "hours"),
    [
        pytest.param("Europe/London", "00:00", "2026-06-01T12:00:00", 24, id="plain day"),
        pytest.param("Europe/London", "00:00", "2026-03-29T12:00:00", 23, id="London, spring"),
        pytest.param("Europe/London", "00:00", "2026-10-25T12:00:00", 25, id="London, autumn"),
        pytest.param("America/New_York", "00:00", "2026-03-08T17:00:00", 23, id="New York, spring"),
        pytest.param("America/New_York", "00:00", "2026-11-01T17:00:00", 25, id="New York, autumn"),
        pytest.param("Europe/London", "04:00", "2026-03-28T12:00:00", 23, id="04:00, the eve of spring"),
        pytest.param("Europe/London", "04:00", "2026-03-29T12:00:00", 24, id="04:00, spring is over"),
        pytest.param("Europe/London", "04:00", "2026-10-24T12:00:00", 25, id="04:00, the eve of autumn"),
        pytest.param("Europe/London", "04:00", "2026-10-25T12:00:00", 24, id="04:00, autumn is over"),
        pytest.param("Europe/London", "01:30", "2026-03-28T12:00:00", 23.5, id="01:30 missing, the eve"),
        pytest.param("Europe/London", "01:30", "2026-03-29T12:00:00", 23.5, id="01:30 missing, the day"),
        pytest.param("Europe/London", "01:30", "2026-10-24T12:00:00", 24, id="01:30 repeated, the eve"),
        pytest.param("Europe/London", "01:30", "2026-10-25T12:00:00", 25, id="01:30 repeated, the day"),
        pytest.param("Australia/Lord_Howe", "00:00", "2026-04-05T01:00:00", 24.5, id="Lord Howe, autumn"),
        pytest.param("Australia/Lord_Howe", "00:00", "2026-10-04T01:00:00", 23.5, id="Lord Howe, spring"),
        pytest.param("Antarctica/Troll", "00:00", "2026-03-29T12:00:00", 22, id="Troll, spring"),
        pytest.param("Antarctica/Troll", "00:00", "2026-10-25T12:00:00", 26, id="Troll, autumn"),
        pytest.param("America/Sao_Paulo", "00:00", "2018-11-04T15:00:00", 23, id="no midnight"),
        pytest.param("Pacific/Apia", "00:00", "2011-12-29T22:00:00", 24, id="the day before the missing one"),
        pytest.param("Pacific/Apia", "00:00", "2011-12-30T22:00:00", 24, id="the day after the missing one"),
    ],
)
def test_a_work_day_is_as_long_as_the_clock_makes_it(zone_name: str, day_start: str, noon: str, hours: float) -> None:
    """A work day lasts 24 hours but where the clock jumps in it."""
    day = work_day(at(noon), find_zone(zone_name), time.fromisoformat(day_start))

    assert day.ends_at - day.starts_at == timedelta(hours=hours)


def test_a_work_day_holds_its_start_and_not_its_end() -> None:
    """The instant at which a work day ends belongs to the next one."""
    day = work_day(at("2026-11-23T12:00:00"), find_zone("Europe/London"), MIDNIGHT)

    assert day.starts_at in day
    assert day.ends_at - timedelta(microseconds=1) in day
    assert day.ends_at not in day
    assert day.starts_at - timedelta(microseconds=1) not in day


@given(
    zone_name=st.sampled_from(HARD_ZONES),
    instant=st.datetimes(datetime(2005, 1, 1), datetime(2037, 11, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
    day_start=st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
)
def test_work_days_follow_one_another_without_gap_or_overlap(
    zone_name: str, instant: datetime, day_start: time
) -> None:
    """Every instant has exactly one work day, its neighbours touch it, and dates only ever rise."""
    zone = find_zone(zone_name)

    day = work_day(instant, zone, day_start)
    day_before = work_day(day.starts_at - timedelta(microseconds=1), zone, day_start)
    day_after = work_day(day.ends_at, zone, day_start)

    assert instant in day
    assert day_before.ends_at == day.starts_at
    assert day_after.starts_at == day.ends_at
    assert day_before.date < day.date < day_after.date


@pytest.mark.parametrize("day_start", ["00:00", "01:30", "04:00"])
@pytest.mark.parametrize(
    ("zone_name", "night"),
    [
        ("Europe/London", "2026-10-24T18:00:00"),
        ("Africa/Casablanca", "2026-09-19T18:00:00"),
        ("America/Santiago", "2026-04-04T18:00:00"),
        ("America/St_Johns", "2010-11-06T18:00:00"),
        ("Antarctica/Troll", "2026-10-24T18:00:00"),
        ("Asia/Beirut", "2026-10-24T12:00:00"),
        ("Atlantic/Azores", "2026-10-24T18:00:00"),
        ("Australia/Lord_Howe", "2026-04-04T06:00:00"),
    ],
)
def test_a_work_date_never_goes_back_although_the_clock_does(zone_name: str, night: str, day_start: str) -> None:
    """Minute by minute through the night on which the clock is put back, the work date turns once and forward."""
    zone = find_zone(zone_name)
    minutes = [at(night) + timedelta(minutes=minute) for minute in range(18 * 60)]

    locals_ = [to_local(minute, zone).replace(tzinfo=None) for minute in minutes]
    dates = [work_day(minute, zone, time.fromisoformat(day_start)).date for minute in minutes]

    assert locals_ != sorted(locals_), "the clock was not put back in this night"
    assert dates == sorted(dates)
    assert len(set(dates)) == 2


# The machine's clock, frozen


def test_the_present_instant_is_aware_utc() -> None:
    """What the machine's clock says comes with UTC attached and with its microseconds."""
    with freeze_time("2026-11-23 09:00:03.000456", real_asyncio=True):
        now = utc_now()

    assert now.isoformat() == "2026-11-23T09:00:03.000456+00:00"


@pytest.mark.parametrize(
    ("zone_name", "frozen", "timestamp"),
    [
        ("Europe/London", "2026-03-29 00:59:59", "2026-03-29T00:59:59+00:00"),
        ("Europe/London", "2026-03-29 01:00:00", "2026-03-29T02:00:00+01:00"),
        ("Europe/London", "2026-10-25 00:30:00", "2026-10-25T01:30:00+01:00"),
        ("Europe/London", "2026-10-25 00:59:59", "2026-10-25T01:59:59+01:00"),
        ("Europe/London", "2026-10-25 01:00:00", "2026-10-25T01:00:00+00:00"),
        ("Europe/London", "2026-10-25 01:30:00", "2026-10-25T01:30:00+00:00"),
        ("America/New_York", "2026-03-08 06:59:59", "2026-03-08T01:59:59-05:00"),
        ("America/New_York", "2026-03-08 07:00:00", "2026-03-08T03:00:00-04:00"),
        ("America/New_York", "2026-11-01 05:59:59", "2026-11-01T01:59:59-04:00"),
        ("America/New_York", "2026-11-01 06:00:00", "2026-11-01T01:00:00-05:00"),
        ("Australia/Lord_Howe", "2026-04-04 14:59:59", "2026-04-05T01:59:59+11:00"),
        ("Australia/Lord_Howe", "2026-04-04 15:00:00", "2026-04-05T01:30:00+10:30"),
        ("Australia/Lord_Howe", "2026-10-03 15:29:59", "2026-10-04T01:59:59+10:30"),
        ("Australia/Lord_Howe", "2026-10-03 15:30:00", "2026-10-04T02:30:00+11:00"),
        ("Africa/Casablanca", "2026-02-15 01:59:59", "2026-02-15T02:59:59+01:00"),
        ("Africa/Casablanca", "2026-02-15 02:00:00", "2026-02-15T02:00:00+00:00"),
        ("Africa/Casablanca", "2026-03-22 01:59:59", "2026-03-22T01:59:59+00:00"),
        ("Africa/Casablanca", "2026-03-22 02:00:00", "2026-03-22T03:00:00+01:00"),
        ("Africa/Casablanca", "2026-09-20 00:59:59", "2026-09-20T01:59:59+01:00"),
        ("Africa/Casablanca", "2026-09-20 01:00:00", "2026-09-20T01:00:00+00:00"),
    ],
)
def test_a_row_written_at_an_edge_of_summer_time_says(zone_name: str, frozen: str, timestamp: str) -> None:
    """A row that is written just before and at a change of the clock holds that moment's local time and offset."""
    with freeze_time(frozen, real_asyncio=True):
        written = row_timestamp(utc_now(), zone_name)

    assert written == timestamp


@pytest.mark.parametrize(
    ("frozen", "rows"),
    [
        pytest.param(
            "2026-11-22 21:15:07",
            {
                "london": ("2026-11-22T21:15:07+00:00", "2026-11-22"),
                "new-york": ("2026-11-22T16:15:07-05:00", "2026-11-22"),
                "sao-paulo": ("2026-11-22T18:15:07-03:00", "2026-11-22"),
                "casablanca": ("2026-11-22T21:15:07+00:00", "2026-11-22"),
                "kolkata": ("2026-11-23T02:45:07+05:30", "2026-11-22"),  # its day starts at 04:00
                "kathmandu": ("2026-11-23T03:00:07+05:45", "2026-11-23"),
                "lord-howe": ("2026-11-23T08:15:07+11:00", "2026-11-23"),
                "auckland": ("2026-11-23T10:15:07+13:00", "2026-11-23"),
                "chatham": ("2026-11-23T11:00:07+13:45", "2026-11-23"),
            },
            id="southern summer",
        ),
        pytest.param(
            "2026-06-30 11:50:00",
            {
                "london": ("2026-06-30T12:50:00+01:00", "2026-06-30"),
                "new-york": ("2026-06-30T07:50:00-04:00", "2026-06-30"),
                "sao-paulo": ("2026-06-30T08:50:00-03:00", "2026-06-30"),
                "casablanca": ("2026-06-30T12:50:00+01:00", "2026-06-30"),
                "kolkata": ("2026-06-30T17:20:00+05:30", "2026-06-30"),
                "kathmandu": ("2026-06-30T17:35:00+05:45", "2026-06-30"),
                "lord-howe": ("2026-06-30T22:20:00+10:30", "2026-06-30"),
                "auckland": ("2026-06-30T23:50:00+12:00", "2026-06-30"),
                "chatham": ("2026-07-01T00:35:00+12:45", "2026-07-01"),
            },
            id="northern summer",
        ),
    ],
)
def test_one_instant_reads_at_every_site(frozen: str, rows: dict[str, tuple[str, str]]) -> None:
    """One instant stands in each site's file with that site's own time, offset and work date."""
    sites = load_registry(REGISTRY_PATH).sites

    with freeze_time(frozen, real_asyncio=True):
        now = utc_now()
        written = {
            site_id: (row_timestamp(now, site.timezone), work_day(now, site.zone, site.day_start).date.isoformat())
            for site_id, site in sites.items()
        }

    assert written == rows


# The instants of a wall-clock time


@pytest.mark.parametrize(
    ("zone_name", "wall", "instants"),
    [
        ("Europe/London", "2026-10-25T00:59:59", ["2026-10-24T23:59:59"]),
        ("Europe/London", "2026-10-25T01:00:00", ["2026-10-25T00:00:00", "2026-10-25T01:00:00"]),
        ("Europe/London", "2026-10-25T01:59:59", ["2026-10-25T00:59:59", "2026-10-25T01:59:59"]),
        ("Europe/London", "2026-10-25T02:00:00", ["2026-10-25T02:00:00"]),
        ("Europe/London", "2026-03-29T00:59:59", ["2026-03-29T00:59:59"]),
        ("Europe/London", "2026-03-29T01:00:00", []),
        ("Europe/London", "2026-03-29T01:59:59", []),
        ("Europe/London", "2026-03-29T02:00:00", ["2026-03-29T01:00:00"]),
        ("America/New_York", "2026-11-01T01:30:00", ["2026-11-01T05:30:00", "2026-11-01T06:30:00"]),
        ("America/New_York", "2026-03-08T02:30:00", []),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00", ["2026-04-04T14:45:00", "2026-04-04T15:15:00"]),
        ("Australia/Lord_Howe", "2026-10-04T02:15:00", []),
        ("Pacific/Apia", "2011-12-30T12:00:00", []),
        ("Asia/Kathmandu", "2026-10-25T01:30:00", ["2026-10-24T19:45:00"]),
        ("UTC", "2026-10-25T01:30:00", ["2026-10-25T01:30:00"]),
    ],
)
def test_a_wall_clock_time_has_one_instant_or_two_or_none(zone_name: str, wall: str, instants: list[str]) -> None:
    """On both edges of summer time, east and west: a repeated time has two instants in order, a skipped one none."""
    assert instants_of(datetime.fromisoformat(wall), find_zone(zone_name)) == tuple(map(at, instants))


@given(
    zone_name=st.sampled_from(HARD_ZONES),
    instant=st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis wants naive bounds
)
def test_an_instant_is_among_those_of_the_time_it_shows(zone_name: str, instant: datetime) -> None:
    """What a clock shows leads back to the instant, and to no instant at which it shows something else."""
    zone = find_zone(zone_name)
    wall = to_local(instant, zone).replace(tzinfo=None)

    shown = instants_of(wall, zone)

    assert instant in shown
    assert [to_local(one, zone).replace(tzinfo=None) for one in shown] == [wall] * len(shown)


# Work dates by their names


@pytest.mark.parametrize("name", HARD_ZONES)
@pytest.mark.parametrize("day_start", [MIDNIGHT, time(1, 30), time(4)])
def test_a_work_date_by_its_name_is_the_one_that_its_instants_have(name: str, day_start: time) -> None:
    """The interval is the same from both sides, through a year with its time changes."""
    zone = find_zone(name)
    for days in range(366):
        on = date(2026, 1, 1) + timedelta(days=days)
        day = work_day_on(on, zone, day_start)

        assert work_day(day.starts_at, zone, day_start) == day
        assert work_day(day.ends_at - timedelta(seconds=1), zone, day_start) == day


def test_a_date_that_a_zone_left_out_has_no_instants() -> None:
    """Apia went from 29 to 31 December 2011."""
    day = work_day_on(date(2011, 12, 30), find_zone("Pacific/Apia"), MIDNIGHT)

    assert day.starts_at == day.ends_at == at("2011-12-30T10:00")


@pytest.mark.parametrize("minutes", [0, 345, 825, -660, 840, 1439, -1439])
def test_a_fixed_zone_has_one_offset_in_summer_and_winter(minutes: int) -> None:
    """What a row tells of its own offset holds for its whole date."""
    zone = fixed_zone(timedelta(minutes=minutes))

    assert {to_local(at(text), zone).utcoffset() for text in ("2026-01-01T00:00", "2026-07-01T00:00")} == {
        timedelta(minutes=minutes)
    }
    assert instants_of(datetime(2026, 10, 25, 1, 30), zone) == (  # noqa: DTZ001  # a wall-clock time
        at("2026-10-25T01:30") - timedelta(minutes=minutes),
    )


@pytest.mark.parametrize("text", ["2026-11-20", "1900-01-01", "2199-12-31", "2028-02-29"])
def test_a_date_is_read_in_one_form(text: str) -> None:
    """Year, month, day."""
    assert read_date(text).isoformat() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "20261120",
        "2026-W47-5",
        "2026-11-31",
        "2027-02-29",
        "1899-12-31",
        "2200-01-01",
        "٢٠٢٦-١١-٢٠",
        " 2026-11-20",
    ],
)
def test_another_form_of_a_date_is_refused(text: str) -> None:
    """Also forms of ISO 8601 that Python reads, and years in which no zone is known."""
    with pytest.raises(ValueError, match=r".*"):
        read_date(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T09:00:00+05:45", at("2026-11-20T03:15:00")),
        ("2026-11-20T09:00:00-11:00", at("2026-11-20T20:00:00")),
        ("2026-11-20T09:00:00Z", at("2026-11-20T09:00:00")),
        ("2026-11-20T09:00:00 01:00", at("2026-11-20T08:00:00")),  # as a browser reads a plus in an address
    ],
)
def test_an_instant_is_read_with_its_offset(text: str, instant: datetime) -> None:
    """As it stands in a row, and as programs write it in UTC."""
    read = read_instant_or_date(text)

    assert read == instant
    assert isinstance(read, datetime)
    assert read.tzinfo is UTC


def test_a_date_is_read_where_an_instant_may_stand() -> None:
    """It is no instant: at each site it ends at another one."""
    read = read_instant_or_date("2026-11-20")

    assert (read, isinstance(read, datetime)) == (date(2026, 11, 20), False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11",
        "2026-11-20T09:00:00",
        "2026-11-20 09:00:00+00:00",
        "2026-11-20T09:00+00:00",
        "2026-11-20T09:00:00.5+00:00",
        "2026-11-20T09:00:00+24:00",
        "2026-11-20T24:00:00+00:00",
        "2026-02-30T09:00:00+00:00",
        "2026-11-20T09:00:00+00:00Z",
        "1899-12-31T09:00:00+00:00",
        "2200-01-01T00:00:00+00:00",
        "２０２６-11-20T09:00:00+00:00",
    ],
)
def test_an_instant_without_its_offset_is_none(text: str) -> None:
    """Whose clock would it be? Neither is anything else that is not written as in a row."""
    with pytest.raises(ValueError, match=r".*"):
        read_instant_or_date(text)


def test_a_month_is_its_dates() -> None:
    """Each of them, also of a February; the months before and after a year's end are those of other years."""
    february, december = read_month("2028-02"), Month(2026, 12)

    assert (len(february.dates), february.dates[0], february.dates[-1]) == (29, date(2028, 2, 1), date(2028, 2, 29))
    assert (str(december.moved(1)), str(december.moved(-12)), str(february.moved(-2))) == (
        "2027-01",
        "2025-12",
        "2027-12",
    )
    assert Month.of(date(2026, 12, 31)) == december < Month(2027, 1)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "2026", "2026-11-20", "1899-12", "2200-01", "20２6-11"]
)
def test_a_month_is_read_in_one_form(text: str) -> None:
    """As it is written."""
    with pytest.raises(ValueError, match=r".*"):
        read_month(text)
