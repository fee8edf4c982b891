"""Claims about times from elsewhere: the instant is never guessed, and the offset in a row means what it meant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import find_zone, to_local
from attendance.codec import encode_timestamp
from attendance.errors import RefusedRowError
from attendance.importing.times import read_time


def written(text: str, zone_name: str) -> str:
    """Return the first field of the row that is written for a time of a site."""
    reading = read_time(text, find_zone(zone_name))
    return encode_timestamp(reading.marked_at, reading.utc_offset)


@pytest.mark.parametrize(
    ("text", "zone_name", "timestamp"),
    [
        ("2026-10-25T01:30:00+01:00", "Europe/London", "2026-10-25T01:30:00+01:00"),
        ("2026-10-25T01:30:00+00:00", "Europe/London", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25 01:30:00 +0100", "Europe/London", "2026-10-25T01:30:00+01:00"),
        ("2026-10-25T01:30:00+01", "Europe/London", "2026-10-25T01:30:00+01:00"),
        ("2026-10-25T02:30:00.999+02:00", "Europe/London", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T00:30:00Z", "Europe/London", "2026-10-25T01:30:00+01:00"),
        ("2026-10-25T01:30:00Z", "Europe/London", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T20:00:00Z", "Asia/Kathmandu", "2026-10-26T01:45:00+05:45"),
        ("2026-10-25T20:00:00-00:00", "Asia/Kathmandu", "2026-10-26T01:45:00+05:45"),
        ("2026-10-25T20:00:00+00:00", "Asia/Kathmandu", "2026-10-25T20:00:00+00:00"),
        ("2026-03-01T09:00:00Z", "America/St_Johns", "2026-03-01T05:30:00-03:30"),
        ("2026-07-01 09:00", "America/New_York", "2026-07-01T09:00:00-04:00"),
        ("2026-11-20 09:00:03", "America/New_York", "2026-11-20T09:00:03-05:00"),
        ("2026-01-01T09:00:03,5", "Pacific/Chatham", "2026-01-01T09:00:03+13:45"),
    ],
)
def test_a_time_is_written_as_it_was_meant(text: str, zone_name: str, timestamp: str) -> None:
    """A numeric offset stays; Z names an instant, no offset the clock of the site: both are written as local time."""
    assert written(text, zone_name) == timestamp


@pytest.mark.parametrize(
    ("text", "zone_name", "choices"),
    [
        ("2026-10-25T01:30:00", "Europe/London", ("2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00")),
        ("2026-11-01 01:30", "America/New_York", ("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00")),
        ("2026-04-05T01:45:00", "Australia/Lord_Howe", ("2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30")),
        ("2026-03-29T01:30:00", "Europe/London", ("2026-03-29T01:30:00+00:00", "2026-03-29T01:30:00+01:00")),
        ("2026-03-08T02:30:00", "America/New_York", ("2026-03-08T02:30:00-05:00", "2026-03-08T02:30:00-04:00")),
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", ("2026-10-04T02:15:00+10:30", "2026-10-04T02:15:00+11:00")),
    ],
)
def test_a_time_that_was_shown_twice_or_never_is_refused_with_both_offsets(
    text: str, zone_name: str, choices: tuple[str, str]
) -> None:
    """At both edges of summer time, east and west, it is never guessed which instant was meant."""
    with pytest.raises(RefusedRowError) as refused:
        read_time(text, find_zone(zone_name))

    assert refused.value.hint == f"write {' or '.join(choices)}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10/25/26 1:30",
        "25.10.2026 01:30",
        "25/10/2026",
        "46320.0625",
        "2026-10-25",
        "2026-10-25T1:30:00",
        "2026-10-25T24:00:00",
        "2026-10-25T23:59:60",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-10-25T01:30:00+25:00",
        "2026-10-25T01:30:00+01:75",
        "2026-10-25T01:30:00-12:01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
        "２０２６-10-25T01:30:00Z",
    ],
)
def test_what_is_no_sure_time_is_refused(text: str) -> None:
    """A date that a spreadsheet re-formatted, an impossible one, and a time without its day are refused with a hint."""
    with pytest.raises(RefusedRowError) as refused:
        read_time(text, find_zone("Europe/London"))

    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("2026-10-25T03:30:00.5+00:00", "fraction"),
        ("2026-10-25T03:30+00:00", "without seconds"),
        ("2026-10-25T03:30:00", "without an offset: it is what a clock at Europe/London showed"),
        ("2026-10-25T03:30:00+05:45", "an offset that Europe/London did not have then"),
    ],
)
def test_how_a_time_was_read_is_said(text: str, remark: str) -> None:
    """Whatever is not exactly as it stood there is remarked."""
    [said] = read_time(text, find_zone("Europe/London")).remarks

    assert remark in said


@given(
    zone_name=st.sampled_from(["Europe/London", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham"]),
    seconds=st.integers(86_400, 2_100_000_000),
)
def test_a_row_as_a_ledger_has_it_is_read_as_it_stands(zone_name: str, seconds: int) -> None:
    """Every row that was ever written at a site comes back to the byte, and nothing is remarked."""
    zone = find_zone(zone_name)
    instant = datetime.fromtimestamp(seconds, UTC)
    offset = to_local(instant, zone).utcoffset() or timedelta()

    reading = read_time(encode_timestamp(instant, offset), zone)

    assert (reading.marked_at, reading.utc_offset, reading.remarks) == (instant, offset, ())
