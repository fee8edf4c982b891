"""Claims about the wall-clock times of amendments: those that were not, that were twice, and whose day they are."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.amending.wishes import _moment
from attendance.amendments import work_date_of
from attendance.clock import fixed_zone, to_local, work_day_on
from attendance.codec import about_text
from attendance.errors import TimeSkippedError, TimeTwiceError
from attendance.model import Moment, Site
from tests.amending_kit import open_amending, rows_in_file, wish
from tests.conftest import HandClock, build_site

AUTUMN = date(2026, 10, 25)
SPRING = date(2026, 3, 29)
TRAPS = [
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "America/St_Johns",
]


def amended(site: Site, on: date, text: str, which: str = "") -> str:
    """Return which moment is amended where somebody says a date and a time."""
    row = open_amending(site, clock=HandClock()).amend(
        site, wish(on=on, at=time.fromisoformat(text), which=which), by="anna"
    )
    assert rows_in_file(site)[-1] == row
    return about_text(row.about)


@pytest.mark.parametrize(
    ("zone", "on", "text", "about"),
    [
        ("Europe/London", date(2026, 7, 1), "08:55:30", "2026-07-01T08:55:30+01:00"),
        ("Europe/London", AUTUMN, "00:59", "2026-10-25T00:59:00+01:00"),
        ("Europe/London", AUTUMN, "02:00", "2026-10-25T02:00:00+00:00"),
        ("Europe/London", SPRING, "02:00", "2026-03-29T02:00:00+01:00"),
        ("Asia/Kathmandu", date(2026, 11, 20), "08:55", "2026-11-20T08:55:00+05:45"),
        ("Pacific/Apia", date(2011, 12, 29), "23:59", "2011-12-29T23:59:00-10:00"),
        ("Pacific/Apia", date(2011, 12, 31), "00:00", "2011-12-31T00:00:00+14:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:30", "2026-10-04T02:30:00+11:00"),
    ],
)
def test_a_time_is_that_of_the_clock_there(
    make_site: Callable[..., Site], zone: str, on: date, text: str, about: str
) -> None:
    """With the offset that was in force, whatever the machine's zone is."""
    assert amended(make_site(timezone=zone), on, text) == about


@pytest.mark.parametrize(
    ("zone", "on", "text", "jumped"),
    [
        ("Europe/London", SPRING, "01:30", ("2026-03-29T01:00:00+00:00", "2026-03-29T02:00:00+01:00")),
        ("Europe/London", SPRING, "01:00", ("2026-03-29T01:00:00+00:00", "2026-03-29T02:00:00+01:00")),
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:15", ("2026-10-04T02:00:00+10:30", "2026-10-04T02:30:00+11:00")),
        ("Pacific/Apia", date(2011, 12, 30), "12:00", ("2011-12-30T00:00:00-10:00", "2011-12-31T00:00:00+14:00")),
        ("America/Sao_Paulo", date(2018, 11, 4), "00:30", ("2018-11-04T00:00:00-03:00", "2018-11-04T01:00:00-02:00")),
    ],
)
def test_a_time_that_was_not_is_refused(
    make_site: Callable[..., Site], zone: str, on: date, text: str, jumped: tuple[str, str]
) -> None:
    """The error names from when to when the clock there jumped; nothing is written."""
    site = make_site(timezone=zone)

    with pytest.raises(TimeSkippedError) as refused:
        amended(site, on, text)

    assert refused.value.jumped_to == datetime.fromisoformat(jumped[1])
    assert refused.value.jumped_from.replace(tzinfo=None).isoformat() == jumped[0][:19]
    assert f"{datetime.fromisoformat(jumped[1]):%H:%M on %Y-%m-%d}" in refused.value.fields["time"]
    assert not site.csv_path.parent.exists()


def test_a_date_that_was_not_is_refused(make_site: Callable[..., Site], clock: HandClock) -> None:
    """Apia had no 30 December 2011."""
    site = make_site(timezone="Pacific/Apia")

    with pytest.raises(TimeSkippedError, match="2011-12-31"):
        open_amending(site, clock=clock).amend(site, wish(on=date(2011, 12, 30)), by="anna")


@pytest.mark.parametrize(
    ("zone", "on", "text", "both"),
    [
        ("Europe/London", AUTUMN, "01:30", ["2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00"]),
        ("Europe/London", AUTUMN, "01:00", ["2026-10-25T01:00:00+01:00", "2026-10-25T01:00:00+00:00"]),
        (
            "Australia/Lord_Howe",
            date(2026, 4, 5),
            "01:45",
            ["2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"],
        ),
        (
            "America/St_Johns",
            date(2026, 11, 1),
            "01:59:59",
            ["2026-11-01T01:59:59-02:30", "2026-11-01T01:59:59-03:30"],
        ),
    ],
)
def test_of_a_time_that_was_twice_it_is_asked_which(
    make_site: Callable[..., Site], zone: str, on: date, text: str, both: list[str]
) -> None:
    """Both are told, with their offsets; either can be said."""
    site = make_site(timezone=zone)

    with pytest.raises(TimeTwiceError) as refused:
        amended(site, on, text)

    assert [about_text(one) for one in refused.value.moments] == both
    assert all(offset in refused.value.fields["which"] for offset in (both[0][-6:], both[1][-6:]))
    assert [amended(site, on, text, which) for which in ("first", "second")] == both


@pytest.mark.parametrize("which", ["first", "second"])
def test_where_a_time_was_once_it_does_not_matter_which(make_site: Callable[..., Site], which: str) -> None:
    """A box that stayed ticked does no harm."""
    assert amended(make_site(), AUTUMN, "03:00", which) == "2026-10-25T03:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "about"),
    [("03:59", "2026-11-21T03:59:00+00:00"), ("04:00", "2026-11-20T04:00:00+00:00")],
)
def test_a_time_before_the_turn_of_the_day_is_in_the_night_behind(
    make_site: Callable[..., Site], text: str, about: str
) -> None:
    """Where the day turns at four, a night shift of the 20th ends on the 21st."""
    assert amended(make_site(day_start=time(4)), date(2026, 11, 20), text) == about


def test_a_day_that_turns_within_the_hour_that_comes_twice(make_site: Callable[..., Site]) -> None:
    """It begins at the first 01:30; so 01:15 is on it at the second, and again in the night behind."""
    site = make_site(day_start=time(1, 30))

    with pytest.raises(TimeTwiceError) as refused:
        amended(site, AUTUMN, "01:15")

    assert [about_text(one) for one in refused.value.moments] == [
        "2026-10-25T01:15:00+00:00",
        "2026-10-26T01:15:00+00:00",
    ]
    assert amended(site, date(2026, 10, 24), "01:15") == "2026-10-25T01:15:00+01:00"


@given(
    zone=st.sampled_from(TRAPS),
    on=st.dates(date(2009, 1, 1), date(2030, 12, 31)),
    at=st.times().map(lambda one: one.replace(microsecond=0)),
    day_start=st.sampled_from([time(), time(1, 30), time(4), time(12), time(23, 59)]),
)
def test_every_time_is_once_twice_or_not_at_all_on_its_work_date(
    zone: str, on: date, at: time, day_start: time
) -> None:
    """Whatever is chosen shows that time, counts for that work date, and is found again by its offset alone."""
    site = build_site(timezone=zone, day_start=day_start)
    day = work_day_on(on, site.zone, day_start)

    try:
        found: list[Moment] = [_moment(site, on, at, "")]
    except TimeTwiceError as twice:
        found = list(twice.moments)
        assert [_moment(site, on, at, "first"), _moment(site, on, at, "second")] == [found[0], found[-1]]
        assert found[0].at < found[1].at
    except TimeSkippedError:
        found = []

    for moment in found:
        assert to_local(moment.at, site.zone).time() == at
        assert to_local(moment.at, fixed_zone(moment.utc_offset)).time() == at
        assert moment.at in day
        assert work_date_of(site, moment) == on
    assert all(
        to_local(instant, site.zone).time() != at or Moment(at=instant, utc_offset=_offset(instant, site)) in found
        for instant in _every_quarter(day.starts_at, day.ends_at, at)
    )


def _offset(instant: datetime, site: Site) -> timedelta:
    """Return the offset of a site at an instant."""
    return to_local(instant, site.zone).utcoffset() or timedelta()


def _every_quarter(starts_at: datetime, ends_at: datetime, at: time) -> list[datetime]:
    """Return the instants of a day at which a clock may show a time: all offsets are quarters of an hour."""
    second = starts_at.replace(minute=at.minute % 15, second=at.second, tzinfo=UTC) - timedelta(hours=1)
    steps = int((ends_at - second) / timedelta(minutes=15)) + 1
    quarters = (second + timedelta(minutes=15 * step) for step in range(steps))
    return [instant for instant in quarters if starts_at <= instant < ends_at]
