"""Claims about what a day was: status, first and last mark, late, off, holidays, visitors, and the time between."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.model import Employee, Kind, Mark, Plan, Site
from attendance.timesheet import DaySheet, Entry, State, Totals, day_sheet, due_at
from tests.conftest import build_site

FRIDAY = date(2026, 11, 20)
AUTUMN = date(2026, 10, 25)  # London: 01:00 to 02:00 happens twice
SPRING = date(2026, 3, 29)  # London: 01:00 to 02:00 does not happen
NINE = Plan(start_time=time(9), grace_minutes=10)
DOORS = {"In": Kind.PRESENT, "Out": Kind.LEFT, "Away": Kind.ABSENT}
EVERY_DAY = frozenset(range(7))
ANA = Employee(employee_id="E1", name="Ana Martín")
BO = Employee(employee_id="E2", name="Bo")


def roster(*employees: Employee) -> dict[str, Employee]:
    """Return a roster as it is asked: by IDs in small letters."""
    return {employee.employee_id.casefold(): employee for employee in employees}


def row(text: str, status: str = "Present", employee_id: str = "E1", name: str = "Ana") -> Mark:
    """Return the mark of a time as it stands in a ledger."""
    local = datetime.fromisoformat(text)
    offset = local.utcoffset()
    assert offset is not None
    return Mark(marked_at=local.astimezone(UTC), utc_offset=offset, employee_id=employee_id, name=name, status=status)


def sheet(site: Site, on: date, *marks: Mark, of: Sequence[Employee] | None = (ANA,)) -> DaySheet:
    """Return a day, of a roster with Ana on it if nothing else is said."""
    return day_sheet(site, on, marks, None if of is None else roster(*of))


def only(site: Site, on: date, *marks: Mark) -> Entry:
    """Return Ana's day."""
    (entry,) = sheet(site, on, *marks).entries
    return entry


@pytest.fixture
def london(make_site: Callable[..., Site]) -> Site:
    """London, where people start at nine and have ten minutes."""
    return make_site(plan=NINE)


def test_a_day_is_the_last_mark_with_the_first_and_the_last_time(london: Site) -> None:
    """Of several marks the last one counts, also where it takes the first back."""
    came, gone, back = (
        row("2026-11-20T08:59:00+00:00"),
        row("2026-11-20T12:00:00+00:00", "Absent"),
        row("2026-11-20T13:00:00+00:00"),
    )

    morning, day = only(london, FRIDAY, came, gone), only(london, FRIDAY, came, gone, back)

    assert (morning.state, morning.status, morning.first, morning.last) == (State.ABSENT, "Absent", came, gone)
    assert (day.state, day.status, day.first, day.last) == (State.PRESENT, "Present", came, back)
    assert day.late is False


def test_of_two_marks_in_one_second_the_later_line_counts(london: Site) -> None:
    """The order is that of the ledger, not of the times alone."""
    present, absent = row("2026-11-20T08:00:00+00:00"), row("2026-11-20T08:00:00+00:00", "Absent")

    assert only(london, FRIDAY, present, absent).state is State.ABSENT
    assert only(london, FRIDAY, absent, present).state is State.PRESENT


@pytest.mark.parametrize("on", [FRIDAY, date(2019, 3, 1), date(2030, 3, 1)], ids=["running", "past", "future"])
def test_who_did_not_mark_is_not_absent(london: Site, on: date) -> None:
    """Neither while the day runs nor ever: absent is who said so."""
    entry = only(london, on)

    assert (entry.state, entry.status, entry.first, entry.last, entry.late) == (
        State.NOT_MARKED,
        None,
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("at", "late"), [("08:00:00", False), ("09:10:00", False), ("09:10:01", True), ("23:00:00", True)]
)
def test_late_is_who_comes_after_the_start_and_the_grace(london: Site, at: str, *, late: bool) -> None:
    """To the second."""
    assert only(london, FRIDAY, row(f"2026-11-20T{at}+00:00")).late is late


def test_nobody_is_late_where_the_plan_has_no_start(make_site: Callable[..., Site]) -> None:
    """Nobody was told when to come."""
    assert only(make_site(), FRIDAY, row("2026-11-20T23:00:00+00:00")).late is False


def test_late_is_the_first_coming_of_those_who_stay(london: Site) -> None:
    """Absent first and then there: late. There in time and again later: not. Late and then absent: not."""
    absent, late = row("2026-11-20T08:00:00+00:00", "Absent"), row("2026-11-20T10:00:00+00:00")
    early, gone = row("2026-11-20T08:00:00+00:00"), row("2026-11-20T11:00:00+00:00", "Absent")

    assert only(london, FRIDAY, absent, late).late is True
    assert only(london, FRIDAY, early, gone, row("2026-11-20T12:00:00+00:00")).late is False
    assert only(london, FRIDAY, late, gone).late is False


def test_who_left_again_was_there_and_may_have_come_late(make_site: Callable[..., Site]) -> None:
    """Their totals are those of the present ones."""
    site = make_site(plan=NINE, statuses=DOORS)

    day = sheet(site, FRIDAY, row("2026-11-20T09:30:00+00:00", "In"), row("2026-11-20T17:00:00+00:00", "Out"))

    assert (day.entries[0].state, day.entries[0].late) == (State.LEFT, True)
    assert day.totals == Totals(present=1, absent=0, late=1, not_marked=0, off=0)


def test_who_only_left_is_not_late(make_site: Callable[..., Site]) -> None:
    """When they came is not known."""
    assert not only(make_site(plan=NINE, statuses=DOORS), FRIDAY, row("2026-11-20T17:00:00+00:00", "Out")).late


@pytest.mark.parametrize(
    ("zone", "on", "offset"),
    [
        ("Asia/Kathmandu", FRIDAY, "+05:45"),
        ("Pacific/Chatham", FRIDAY, "+13:45"),
        ("Pacific/Kiritimati", FRIDAY, "+14:00"),
        ("Pacific/Pago_Pago", FRIDAY, "-11:00"),
        ("America/New_York", FRIDAY, "-05:00"),
        ("Australia/Lord_Howe", FRIDAY, "+11:00"),
    ],
)
def test_a_day_is_that_of_the_site(make_site: Callable[..., Site], zone: str, on: date, offset: str) -> None:
    """From its midnight to the next, and its nine o'clock, east and west of UTC."""
    site = make_site("there", zone, plan=NINE)
    before, first = row(f"2026-11-19T23:59:59{offset}"), row(f"2026-11-20T00:00:00{offset}")
    last, after = row(f"2026-11-20T23:59:59{offset}"), row(f"2026-11-21T00:00:00{offset}")

    entry = only(site, on, before, first, last, after)

    assert (entry.first, entry.last) == (first, last)
    assert only(site, on, row(f"2026-11-20T09:10:00{offset}")).late is False
    assert only(site, on, row(f"2026-11-20T09:10:01{offset}")).late is True
    assert only(site, on - timedelta(days=1), before, first).last == before


def test_a_day_that_begins_later_holds_the_night_after(make_site: Callable[..., Site]) -> None:
    """What is marked before the turn counts for the date on which the night began."""
    site = make_site(plan=Plan(start_time=time(22)), day_start=time(4))
    came, still, next_day = (
        row("2026-11-20T22:00:01+00:00"),
        row("2026-11-21T03:59:59+00:00"),
        row("2026-11-21T04:00:00+00:00"),
    )

    entry = only(site, FRIDAY, row("2026-11-20T03:59:59+00:00"), came, still, next_day)

    assert (entry.first, entry.last, entry.late) == (came, still, True)


def test_a_start_before_the_turn_of_the_day_lies_on_the_next_date(make_site: Callable[..., Site]) -> None:
    """The Friday that begins at 20:00 starts its work at 01:00 on Saturday."""
    site = make_site(plan=Plan(start_time=time(1)), day_start=time(20))

    assert only(site, FRIDAY, row("2026-11-20T23:00:00+00:00")).late is False
    assert only(site, FRIDAY, row("2026-11-21T01:00:00+00:00")).late is False
    assert only(site, FRIDAY, row("2026-11-21T01:00:01+00:00")).late is True


def test_a_start_that_happens_twice_is_the_second_one(make_site: Callable[..., Site]) -> None:
    """Nobody is late whose clock showed the start, whichever of the two it was."""
    site = make_site(plan=Plan(start_time=time(1, 30), workdays=EVERY_DAY))

    assert due_at(site, AUTUMN, site.zone) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for at, late in (
        ("01:30:00+01:00", False),
        ("01:59:00+01:00", False),
        ("01:30:00+00:00", False),
        ("01:30:01+00:00", True),
    ):
        assert only(site, AUTUMN, row(f"2026-10-25T{at}")).late is late


def test_a_start_that_is_skipped_is_the_instant_of_the_skip(make_site: Callable[..., Site]) -> None:
    """The clock goes from 00:59:59 to 02:00:00; the grace begins there."""
    site = make_site(plan=Plan(start_time=time(1, 30), grace_minutes=10, workdays=EVERY_DAY))

    assert due_at(site, SPRING, site.zone) == datetime(2026, 3, 29, 1, 10, tzinfo=UTC)
    assert only(site, SPRING, row("2026-03-29T02:10:00+01:00")).late is False
    assert only(site, SPRING, row("2026-03-29T02:10:01+01:00")).late is True


def test_a_midnight_that_is_skipped_begins_the_day_at_the_skip(make_site: Callable[..., Site]) -> None:
    """São Paulo on 4 November 2018: the day has 23 hours and no 00:30."""
    site = make_site("sao-paulo", "America/Sao_Paulo", plan=Plan(workdays=EVERY_DAY))
    before, first = row("2018-11-03T23:59:59-03:00"), row("2018-11-04T01:00:00-02:00")

    assert only(site, date(2018, 11, 4), before, first).first == first
    assert only(site, date(2018, 11, 3), before, first).last == before


def test_a_date_that_a_site_left_out_is_empty(make_site: Callable[..., Site]) -> None:
    """Apia had no 30 December 2011."""
    site = make_site("apia", "Pacific/Apia", plan=Plan(workdays=EVERY_DAY))
    marks = [row("2011-12-29T23:59:59-10:00"), row("2011-12-31T00:00:00+14:00")]

    assert [only(site, date(2011, 12, day), *marks).state for day in (29, 30, 31)] == [
        State.PRESENT,
        State.NOT_MARKED,
        State.PRESENT,
    ]


def test_rows_of_before_a_move_keep_their_meaning(make_site: Callable[..., Site]) -> None:
    """The site was in London and is in Kathmandu now: what was Friday evening stays Friday, and nine stays nine."""
    site = make_site(timezone="Asia/Kathmandu", plan=NINE)
    evening, in_time, late = (
        row("2026-11-20T20:00:00+00:00"),  # 01:45 on Saturday in Kathmandu
        row("2026-11-20T09:10:00+00:00"),
        row("2026-11-20T09:10:01+00:00"),
    )

    assert only(site, FRIDAY, evening).last == evening
    assert only(site, date(2026, 11, 21), evening).state is State.OFF
    assert (only(site, FRIDAY, in_time).late, only(site, FRIDAY, late).late) == (False, True)


def test_a_row_of_before_a_move_keeps_its_meaning_where_the_clock_is_changed(make_site: Callable[..., Site]) -> None:
    """The site was in Lagos, an hour ahead all year: what was half past midnight there is on the next date."""
    site = make_site(plan=Plan(workdays=EVERY_DAY))
    night = row("2026-10-26T00:30:00+01:00")  # 23:30 on Sunday in London, on winter time by then

    assert only(site, AUTUMN, night).state is State.NOT_MARKED
    assert only(site, AUTUMN + timedelta(days=1), night).last == night


def test_on_the_day_of_a_move_each_row_has_its_own_zone(make_site: Callable[..., Site]) -> None:
    """Rows of both zones within an hour: those of London still count there, those of Kathmandu here."""
    site = make_site(timezone="Asia/Kathmandu", plan=NINE)
    old, new = row("2026-11-20T20:00:00+00:00"), row("2026-11-21T01:50:00+05:45")

    assert (only(site, FRIDAY, old, new).last, only(site, date(2026, 11, 21), old, new).first) == (old, new)


@pytest.mark.parametrize(
    ("on", "state"), [(date(2026, 11, 21), State.OFF), (date(2026, 12, 25), State.HOLIDAY), (FRIDAY, State.ABSENT)]
)
def test_nobody_is_absent_where_nobody_is_expected(make_site: Callable[..., Site], on: date, state: State) -> None:
    """Not even who says so on an off-day; that they said so still stands there."""
    site = make_site(plan=Plan(holidays="GB-ENG"))
    marked = only(site, on, row(f"{on}T10:00:00+00:00", "Absent"))

    assert (marked.state, marked.status) == (state, "Absent")
    if state is not State.ABSENT:
        assert only(site, on).state is state


@pytest.mark.parametrize("on", [date(2026, 11, 21), date(2026, 12, 25)], ids=["off", "holiday"])
def test_who_marks_on_an_off_day_is_present_and_never_late(make_site: Callable[..., Site], on: date) -> None:
    """Nobody expected them."""
    site = make_site(plan=Plan(start_time=time(9), holidays="GB-ENG"))

    entry = only(site, on, row(f"{on}T12:00:00+00:00"))

    assert (entry.state, entry.late) == (State.PRESENT, False)


def test_the_holidays_are_those_of_the_sites_own_country_and_date(make_site: Callable[..., Site]) -> None:
    """Christmas is no workday in London, and is one in Tokyo; a holiday on a Saturday changes nothing there."""
    london = make_site(plan=Plan(holidays="GB-ENG"))
    tokyo = make_site("tokyo", "Asia/Tokyo", plan=Plan(holidays="JP"))

    assert (sheet(london, date(2026, 12, 25)).holiday, only(london, date(2026, 12, 25)).state) == (
        "Christmas Day",
        State.HOLIDAY,
    )
    assert (sheet(tokyo, date(2026, 12, 25)).holiday, only(tokyo, date(2026, 12, 25)).state) == (
        None,
        State.NOT_MARKED,
    )
    assert (sheet(london, date(2026, 12, 26)).holiday, only(london, date(2026, 12, 26)).state) == (
        "Boxing Day",
        State.OFF,
    )
    assert sheet(london, date(2026, 12, 26)).totals.off == sheet(london, date(2026, 12, 25)).totals.off == 1


def test_who_is_not_on_the_roster_is_a_visitor(london: Site) -> None:
    """Behind the roster, under the name they marked with, never late: their own site has another plan."""
    marks = [row("2026-11-20T10:00:00+00:00", employee_id="P9", name="Zoé"), row("2026-11-20T08:00:00+00:00")]

    day = sheet(london, FRIDAY, *marks, of=(BO, ANA))

    assert [(one.employee_id, one.name, one.visitor, one.state, one.late) for one in day.entries] == [
        ("E2", "Bo", False, State.NOT_MARKED, False),
        ("E1", "Ana Martín", False, State.PRESENT, False),
        ("P9", "Zoé", True, State.PRESENT, False),
    ]
    assert day.totals == Totals(present=2, absent=0, late=0, not_marked=1, off=0)


def test_an_id_in_another_case_is_that_of_the_roster(london: Site) -> None:
    """From before there was a roster: it stands for the same employee."""
    eva = Employee(employee_id="Eva1", name="Eva")

    day = sheet(london, FRIDAY, row("2026-11-20T08:00:00+00:00", employee_id="eVA1"), of=(eva,))

    assert [(one.employee_id, one.name, one.visitor, one.state) for one in day.entries] == [
        ("Eva1", "Eva", False, State.PRESENT)
    ]


def test_without_a_roster_only_those_who_marked_are_known(london: Site) -> None:
    """Nobody is a visitor and nobody has not marked; who came too late is late; an ID is what was typed."""
    marks = [row("2026-11-20T09:30:00+00:00", employee_id="e1", name="Eva"), row("2026-11-20T09:40:00+00:00")]

    day = sheet(london, FRIDAY, *marks, of=None)

    assert [(one.employee_id, one.name, one.visitor, one.late) for one in day.entries] == [
        ("e1", "Eva", False, True),
        ("E1", "Ana", False, True),
    ]
    assert sheet(london, FRIDAY, of=None).entries == []


def test_a_status_that_the_site_has_no_more_is_unknown(london: Site) -> None:
    """It is shown and is in no total; an earlier mark says nothing in its place."""
    day = sheet(london, FRIDAY, row("2026-11-20T08:00:00+00:00"), row("2026-11-20T12:00:00+00:00", "Remote"))

    assert (day.entries[0].state, day.entries[0].status) == (State.UNKNOWN, "Remote")
    assert day.totals == Totals(present=0, absent=0, late=0, not_marked=0, off=0)


@pytest.mark.parametrize(
    ("marks", "hours"),
    [
        ([("09:00", "In"), ("17:30", "Out")], 8.5),
        ([("09:00", "In"), ("12:00", "Out"), ("13:00", "In"), ("17:00", "Out")], 7),
        ([("09:00", "In"), ("12:00", "Out"), ("13:00", "In")], 3),
        ([("09:00", "In"), ("10:00", "In"), ("17:00", "Out"), ("18:00", "Out")], 8),
        ([("09:00", "In"), ("10:00", "Away"), ("17:00", "Out")], 0),
        ([("09:00", "In"), ("10:00", "Lunch"), ("17:00", "Out")], 8),
        ([("17:00", "Out")], 0),
        ([], 0),
    ],
)
def test_the_time_at_a_site_is_from_coming_to_leaving(
    make_site: Callable[..., Site], marks: list[tuple[str, str]], hours: float
) -> None:
    """What is still open is not counted, nor what was taken back."""
    rows = [row(f"2026-11-20T{at}:00+00:00", status) for at, status in marks]

    assert only(make_site(statuses=DOORS), FRIDAY, *rows).worked == timedelta(hours=hours)


def test_without_a_status_for_leaving_no_time_is_told(london: Site) -> None:
    """Zero would be a lie."""
    assert only(london, FRIDAY, row("2026-11-20T08:00:00+00:00")).worked is None


@pytest.mark.parametrize(
    ("came", "left", "hours"),
    [
        ("2026-10-24T23:00:00+01:00", "2026-10-25T07:00:00+00:00", 9),
        ("2026-03-28T23:00:00+00:00", "2026-03-29T07:00:00+01:00", 7),
        ("2026-11-20T23:00:00+00:00", "2026-11-21T07:00:00+00:00", 8),
    ],
    ids=["autumn", "spring", "any"],
)
def test_the_night_of_a_time_change_is_longer_or_shorter(
    make_site: Callable[..., Site], came: str, left: str, hours: int
) -> None:
    """From 23:00 to 07:00 on the clock are nine hours in autumn and seven in spring."""
    site = make_site(statuses=DOORS, day_start=time(12))

    entry = only(site, date.fromisoformat(came[:10]), row(came, "In"), row(left, "Out"))

    assert entry.worked == timedelta(hours=hours)


def test_the_repeated_hour_is_told_apart(make_site: Callable[..., Site]) -> None:
    """From the first 01:30 to the second is an hour."""
    entry = only(
        make_site(statuses=DOORS),
        AUTUMN,
        row("2026-10-25T01:30:00+01:00", "In"),
        row("2026-10-25T01:30:00+00:00", "Out"),
    )

    assert entry.worked == timedelta(hours=1)


ZONES = ["Europe/London", "Asia/Kathmandu", "Pacific/Chatham", "America/New_York", "Africa/Casablanca", "Pacific/Apia"]
MANY: dict[str, Any] = {
    "statuses": DOORS,
    "plan": Plan(start_time=time(9), workdays=frozenset({4, 5, 6}), holidays="GB-ENG"),
}
PEOPLE = [Employee(employee_id=f"E{number}", name=f"N{number}") for number in range(4)]


@st.composite
def days(draw: st.DrawFn) -> tuple[Site, date, list[Mark]]:
    """Return a site, a date near a time change or not, and marks of some people around it, in order."""
    site = build_site(
        timezone=draw(st.sampled_from(ZONES)), day_start=draw(st.sampled_from([time(), time(4), time(1, 30)])), **MANY
    )
    on = draw(st.sampled_from([FRIDAY, AUTUMN, SPRING, date(2026, 12, 25), date(2026, 9, 20)]))
    midnight = datetime.combine(on, time(), UTC)
    minutes = sorted(draw(st.lists(st.integers(-2_000, 4_000), max_size=25)))
    marks = []
    for minute in minutes:
        marked_at = midnight + timedelta(minutes=minute)
        offset = draw(st.sampled_from([marked_at.astimezone(site.zone).utcoffset(), timedelta(hours=-3)]))
        assert offset is not None
        who, status = draw(st.sampled_from(["E0", "e1", "E2", "V1"])), draw(st.sampled_from([*DOORS, "Lunch"]))
        marks.append(Mark(marked_at=marked_at, utc_offset=offset, employee_id=who, name=who, status=status))
    return site, on, marks


@given(days())
def test_the_totals_add_up(made: tuple[Site, date, list[Mark]]) -> None:
    """Everybody is in one of them, or unknown; who is late is present; everybody of the roster is there once."""
    site, on, marks = made

    day = day_sheet(site, on, marks, roster(*PEOPLE))

    of, unknown = day.totals, sum(entry.state is State.UNKNOWN for entry in day.entries)
    assert of.present + of.absent + of.not_marked + of.off + unknown == len(day.entries)
    assert of.late <= of.present
    assert [entry.employee_id for entry in day.entries[: len(PEOPLE)]] == [one.employee_id for one in PEOPLE]
    assert all(entry.visitor is (entry.employee_id == "V1") for entry in day.entries)
    assert all(entry.worked is not None and entry.worked >= timedelta() for entry in day.entries)


@given(days())
def test_every_mark_counts_for_exactly_one_date(made: tuple[Site, date, list[Mark]]) -> None:
    """Whatever offset it has."""
    site, on, marks = made

    for mark in marks:
        dates = [on + timedelta(days=near) for near in range(-4, 6)]
        counted = [one for one in dates if day_sheet(site, one, [mark], None).entries]
        assert len(counted) == 1


@given(days(), st.randoms())
def test_the_order_matters_within_a_person_only(made: tuple[Site, date, list[Mark]], random: Any) -> None:
    """However the marks of different people are mixed, each one's day is the same."""
    site, on, marks = made
    queues = {who: [mark for mark in marks if mark.employee_id == who] for who in ("E0", "e1", "E2", "V1")}
    turns = [mark.employee_id for mark in marks]
    random.shuffle(turns)

    mixed = [queues[who].pop(0) for who in turns]

    assert day_sheet(site, on, mixed, roster(*PEOPLE)).entries == day_sheet(site, on, marks, roster(*PEOPLE)).entries
