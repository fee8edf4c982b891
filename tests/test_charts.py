"""Claims about the figures behind charts: arrivals over a day, all sites over one axis, a year in weeks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.model import Amendment, AmendmentAction, Employee, Kind, Mark, Moment, Plan, Site
from attendance.reporting.charts import Bar, Step, arrivals, sun, sun_dates, weeks
from attendance.timesheet import DaySheet, day_sheet
from attendance.web.hr.charts import sun_line
from tests.conftest import build_site

FRIDAY = date(2026, 11, 20)
AUTUMN = date(2026, 10, 25)  # London: 01:00 to 02:00 happens twice
SPRING = date(2026, 3, 29)  # London: 01:00 to 02:00 does not happen
DOORS = {"In": Kind.PRESENT, "Out": Kind.LEFT, "Away": Kind.ABSENT}
NINE = Plan(start_time=time(9), workdays=frozenset(range(7)))


def row(text: str, employee_id: str = "E1", status: str = "In") -> Mark:
    """Return the mark of a time as it stands in a ledger."""
    local = datetime.fromisoformat(text)
    return Mark(
        marked_at=local.astimezone(UTC),
        utc_offset=local.utcoffset() or timedelta(),
        employee_id=employee_id,
        name="Ana",
        status=status,
    )


def ruling(on: date, status: str, employee_id: str = "E1") -> Amendment:
    """Return what HR says of a date."""
    return Amendment(
        number=2,
        written=Moment(at=datetime(2026, 12, 1, tzinfo=UTC), utc_offset=timedelta()),
        action=AmendmentAction.AMENDED,
        about=on,
        employee_id=employee_id,
        name="Ana",
        status=status,
        by="hr",
        reason="asked",
        reference="",
    )


def day(site: Site, on: date, *marks: Mark, of: Sequence[Amendment] = ()) -> DaySheet:
    """Return a day at a site that has no roster."""
    return day_sheet(site, on, marks, None, of)


def filled(bars: Sequence[Bar]) -> dict[str, tuple[int, int]]:
    """Return the bars in which somebody came, by what the site's clock shows when they begin."""
    return {f"{bar.local:%H:%M%z}": (bar.count, bar.late) for bar in bars if bar.count}


@pytest.mark.parametrize(("on", "bars"), [(FRIDAY, 96), (AUTUMN, 100), (SPRING, 92)])
def test_a_day_has_as_many_quarters_as_hours_allow(on: date, bars: int) -> None:
    """24, 25 or 23 hours, one after the other, from midnight to midnight on the clock of the site."""
    found = arrivals(day(build_site(plan=NINE), on))

    assert len(found) == bars
    assert {later.starts_at - bar.starts_at for bar, later in pairwise(found)} == {timedelta(minutes=15)}
    assert (f"{found[0].local:%H:%M}", f"{found[-1].local:%H:%M}") == ("00:00", "23:45")


def test_somebody_came_with_their_first_mark_of_the_kind_present() -> None:
    """Once, whatever they marked before and after; those who were not there in the end did not come."""
    site = build_site(statuses=DOORS, plan=NINE)
    marks = [
        row("2026-11-20T08:59:59+00:00", "E1"),
        row("2026-11-20T08:00:00+00:00", "E2", "Away"),
        row("2026-11-20T09:00:00+00:00", "E2"),
        row("2026-11-20T09:14:59+00:00", "E3"),
        row("2026-11-20T09:20:00+00:00", "E4"),
        row("2026-11-20T09:30:00+00:00", "E4", "Away"),
        row("2026-11-20T12:00:00+00:00", "E1", "Out"),
        row("2026-11-20T13:00:00+00:00", "E1"),
        row("2026-11-20T18:00:00+00:00", "E5", "Out"),
    ]

    assert filled(arrivals(day(site, FRIDAY, *marks))) == {"08:45+0000": (1, 0), "09:00+0000": (2, 1)}


def test_both_of_a_repeated_hour_have_their_bars() -> None:
    """01:30 in summer time and 01:30 in winter time are an hour apart."""
    site = build_site(statuses=DOORS, plan=NINE)

    found = arrivals(day(site, AUTUMN, row("2026-10-25T01:30:00+01:00"), row("2026-10-25T01:44:59+00:00", "E2")))

    assert filled(found) == {"01:30+0100": (1, 0), "01:30+0000": (1, 0)}


def test_quarters_are_those_of_the_clock_also_where_the_day_turns_between() -> None:
    """A day that begins at 04:07 has its first bar at 04:00; Kathmandu's quarters are everybody's."""
    site = build_site(timezone="Asia/Kathmandu", statuses=DOORS, day_start=time(4, 7))

    found = arrivals(day(site, FRIDAY, row("2026-11-20T04:07:00+05:45")))

    assert filled(found) == {"04:00+0545": (1, 0)}
    assert (len(found), found[0].count) == (97, 1)


def test_a_day_before_a_move_has_the_clock_of_then() -> None:
    """The site was in London and is in Kathmandu: nine was nine there, and 23 was that date."""
    site = build_site(timezone="Asia/Kathmandu", statuses=DOORS)

    found = arrivals(day(site, FRIDAY, row("2026-11-20T09:00:00+00:00"), row("2026-11-20T23:00:00+00:00", "E2")))

    assert filled(found) == {"09:00+0000": (1, 0), "23:00+0000": (1, 0)}
    assert len(found) == 96


def test_on_the_day_of_a_move_nobody_falls_off_the_chart() -> None:
    """Rows by both clocks count for that date; the axis is as long as they need."""
    site = build_site(timezone="Pacific/Honolulu", statuses=DOORS)

    found = arrivals(day(site, FRIDAY, row("2026-11-20T08:00:00+13:00"), row("2026-11-20T20:00:00-10:00", "E2")))

    assert sum(bar.count for bar in found) == 2
    assert (found[0].starts_at, found[-1].starts_at) == (
        datetime(2026, 11, 19, 11, tzinfo=UTC),
        datetime(2026, 11, 21, 6, tzinfo=UTC),
    )


def test_who_is_there_by_the_word_of_hr_alone_came_at_no_time() -> None:
    """And who was not there by it did not come."""
    site = build_site(statuses=DOORS)

    there = arrivals(day(site, FRIDAY, of=[ruling(FRIDAY, "In")]))
    not_there = arrivals(day(site, FRIDAY, row("2026-11-20T08:00:00+00:00"), of=[ruling(FRIDAY, "Away")]))

    assert (filled(there), filled(not_there)) == ({}, {})


@pytest.mark.parametrize(
    ("zone", "day_start", "dates"),
    [
        ("Europe/London", time(), [FRIDAY]),
        ("Europe/London", time(4), [date(2026, 11, 19), FRIDAY]),
        ("Asia/Kathmandu", time(), [FRIDAY, date(2026, 11, 21)]),
        ("Pacific/Kiritimati", time(), [FRIDAY, date(2026, 11, 21)]),
        ("Pacific/Pago_Pago", time(), [date(2026, 11, 19), FRIDAY]),
    ],
)
def test_a_day_of_utc_lies_on_these_work_dates(zone: str, day_start: time, dates: list[date]) -> None:
    """East of UTC the next one has begun before it is over, west of it the one before is not over yet."""
    assert sun_dates(build_site(timezone=zone, day_start=day_start), FRIDAY) == dates


def test_all_sites_lie_over_one_axis() -> None:
    """Kathmandu's morning comes before London's; each row has its work dates as far as they lie on the axis."""
    kathmandu = build_site("kathmandu", "Asia/Kathmandu", statuses=DOORS)
    london = build_site(statuses=DOORS)
    sheets = [
        day(kathmandu, date(2026, 11, 21), row("2026-11-21T00:30:00+05:45", "K2")),
        day(london, FRIDAY, row("2026-11-20T09:00:00+00:00"), row("2026-11-20T17:00:00+00:00", status="Out")),
        day(kathmandu, FRIDAY, row("2026-11-20T05:00:00+05:45", "K1"), row("2026-11-20T05:45:00+05:45", "K2")),
    ]

    first, second = sun(sheets, FRIDAY)

    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    turn = datetime(2026, 11, 20, 18, 15, tzinfo=UTC)
    assert [(one.date.day, one.starts_at, one.ends_at) for one in first.days] == [
        (20, midnight, turn),
        (21, turn, midnight + timedelta(days=1)),
    ]
    assert first.steps == [
        Step(at=midnight, count=2),
        Step(at=turn, count=0),
        Step(at=turn + timedelta(minutes=30), count=1),
    ]
    assert (second.site, [one.date.day for one in second.days], second.peak) == (london, [20], 1)
    assert [(step.at.hour, step.count) for step in second.steps] == [(0, 0), (9, 1), (17, 0)]


def test_somebody_is_in_until_a_mark_of_another_kind_or_the_end_of_the_day() -> None:
    """Twice the same changes nothing, nor does a status that the site has no more."""
    site = build_site(statuses=DOORS)
    marks = [
        row("2026-11-20T07:00:00+00:00", status="Out"),
        row("2026-11-20T08:00:00+00:00"),
        row("2026-11-20T09:00:00+00:00"),
        row("2026-11-20T10:00:00+00:00", status="Lunch"),
        row("2026-11-20T11:00:00+00:00", status="Away"),
        row("2026-11-20T12:00:00+00:00"),
    ]

    (found,) = sun([day(site, FRIDAY, *marks)], FRIDAY)

    assert [(step.at.hour, step.count) for step in found.steps] == [(0, 0), (8, 1), (11, 0), (12, 1)]


def test_whom_hr_ruled_not_to_have_been_there_is_not_in() -> None:
    """Whose day was ruled present is in at the times of their marks."""
    site = build_site(statuses=DOORS)
    marks = [row("2026-11-20T08:00:00+00:00"), row("2026-11-20T09:00:00+00:00", "E2")]

    (found,) = sun([day(site, FRIDAY, *marks, of=[ruling(FRIDAY, "Away"), ruling(FRIDAY, "In", "E2")])], FRIDAY)

    assert [(step.at.hour, step.count) for step in found.steps] == [(0, 0), (9, 1)]


def test_nothing_is_told_of_what_has_not_happened() -> None:
    """Until the present instant alone, and of a day to come nothing but its beginning."""
    site = build_site(statuses=DOORS)
    sheet = day(site, FRIDAY, row("2026-11-20T08:00:00+00:00"), row("2026-11-20T17:00:00+00:00", status="Out"))

    now = [sun([sheet], FRIDAY, until=datetime(2026, 11, 20, hour, tzinfo=UTC))[0] for hour in (7, 12)]
    (before,) = sun([sheet], FRIDAY, until=datetime(2026, 11, 19, tzinfo=UTC))

    assert [[step.count for step in one.steps] for one in (*now, before)] == [[0], [0, 1], [0]]


@pytest.mark.parametrize(
    ("site", "path"),
    [
        (build_site(statuses={"In": Kind.PRESENT}, plan=NINE), "M680 36H680V0H960V36Z"),
        (build_site(statuses={"In": Kind.PRESENT}), "M600 36H600V0H960V36Z"),
        (build_site(statuses=DOORS, plan=NINE), ""),
    ],
)
def test_who_may_have_left_is_told_apart_from_who_is_in(site: Site, path: str) -> None:
    """Where nobody marks leaving: eight hours after the start of work, without a plan after the first came at seven."""
    (found,) = sun([day(site, FRIDAY, row("2026-11-20T07:00:00+00:00"))], FRIDAY)

    line = sun_line(found, 0, FRIDAY, datetime(2026, 11, 21, tzinfo=UTC))

    assert line.unsure == path


def test_a_sheet_of_another_day_changes_nothing() -> None:
    """Neither one of before nor one of after."""
    site = build_site(statuses=DOORS)
    marks = [row(f"2026-11-{on}T08:00:00+00:00") for on in (18, 20, 22)]
    sheets = [day(site, FRIDAY + timedelta(days=number), *marks) for number in (-2, 0, 2)]

    assert sun(sheets, FRIDAY) == sun(sheets[1:2], FRIDAY)


def test_on_the_day_of_a_move_who_marked_after_its_end_there_is_in_until_then() -> None:
    """Nobody leaves before they came."""
    site = build_site(timezone="Pacific/Honolulu", statuses=DOORS)
    sheet = day(site, FRIDAY, row("2026-11-20T08:00:00+13:00"), row("2026-11-20T09:00:00-10:00", "E2"))

    (found,) = sun([sheet], FRIDAY)

    assert [(step.at.hour, step.count) for step in found.steps] == [(0, 1), (11, 0)]


def test_a_year_is_weeks_from_monday_to_sunday() -> None:
    """2026 begins on a Thursday in week 1 and ends on a Thursday in week 53; what is not of the year is left empty."""
    dates = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

    found = weeks(dict.fromkeys(dates))

    assert found[0].number == 1
    assert (found[-1].number, len(found)) == (53, 53)
    assert [cell is None for cell in found[0].days] == [True] * 3 + [False] * 4
    assert [cell.date for week in found for cell in week.days if cell] == dates


def test_a_date_has_its_entry() -> None:
    """None where there is nothing to tell."""
    (entry,) = day(build_site(statuses=DOORS), FRIDAY, row("2026-11-20T08:00:00+00:00")).entries

    (week,) = weeks({FRIDAY: entry, date(2026, 11, 21): None})

    assert [cell.entry if cell else "-" for cell in week.days] == ["-"] * 4 + [entry, None, "-"]


ZONES = ["Europe/London", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe"]
ROSTER = {f"e{number}": Employee(employee_id=f"E{number}", name="Ana") for number in range(4)}


@given(
    st.sampled_from(ZONES),
    st.sampled_from([time(), time(4), time(23, 30)]),
    st.sampled_from([FRIDAY, AUTUMN, SPRING]),
    st.lists(st.tuples(st.integers(-2_000, 4_000), st.sampled_from(["E0", "E1", "V1"]), st.sampled_from([*DOORS]))),
)
def test_the_figures_agree_with_the_sheets(
    zone: str, day_start: time, on: date, made: list[tuple[int, str, str]]
) -> None:
    """Who came by a mark is one of the present, who came late is late; and nobody stays in when all days are over."""
    site = build_site(timezone=zone, day_start=day_start, statuses=DOORS, plan=NINE)
    midnight = datetime.combine(on, time(), UTC)
    marks = []
    for minutes, who, status in sorted(made, key=lambda one: one[0]):
        at = midnight + timedelta(minutes=minutes)
        offset = at.astimezone(site.zone).utcoffset() or timedelta()
        marks.append(Mark(marked_at=at, utc_offset=offset, employee_id=who, name=who, status=status))

    sheets = [day_sheet(site, one, marks, ROSTER) for one in sun_dates(site, on)]
    bars = [bar for sheet in sheets for bar in arrivals(sheet)]
    rows = sun(sheets, on)

    assert sum(bar.late for bar in bars) == sum(sheet.totals.late for sheet in sheets)
    assert sum(bar.count for bar in bars) <= sum(sheet.totals.present for sheet in sheets)
    (found,) = rows
    assert 0 <= found.peak <= 3
    assert all(0 <= step.count <= 3 for step in found.steps)
    assert [later.starts_at for later in found.days[1:]] == [one.ends_at for one in found.days[:-1]]
    assert (found.days[0].starts_at, found.days[-1].ends_at) == (midnight, midnight + timedelta(days=1))
