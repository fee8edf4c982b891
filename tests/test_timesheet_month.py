"""Claims about months: each date is what its own day is, people stand once, and days to come tell nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import Month
from attendance.model import Amendment, AmendmentAction, Employee, Mark, Moment, Plan, Site
from attendance.timesheet import (
    Entry,
    MonthSheet,
    OpenDay,
    PersonMonth,
    State,
    Totals,
    day_sheet,
    month_sheet,
    person_year,
    totals_of,
)
from tests.conftest import build_site
from tests.sheet_kit import ANA, BO, DOORS, amendment, hours, roster, row, times

NOVEMBER = Month(2026, 11)
LAST = date(2026, 11, 30)
NINE = Plan(start_time=time(9), holidays="GB-ENG")


def month(
    site: Site,
    marks: Sequence[Mark],
    *of: Amendment,
    people: Sequence[Employee] | None = (ANA,),
    until: date = LAST,
    name: Month = NOVEMBER,
) -> MonthSheet:
    """Return a month, of a roster with Ana on it if nothing else is said."""
    return month_sheet(site, name, marks, None if people is None else roster(*people), of, until=until)


def told(person: PersonMonth) -> dict[int, State]:
    """Return the days of which there is something to tell."""
    return {day: entry.state for day, entry in enumerate(person.entries, 1) if entry}


@pytest.fixture
def london(make_site: Callable[..., Site]) -> Site:
    """London, where people start at nine."""
    return make_site(plan=NINE)


def test_a_month_has_an_entry_for_each_of_its_dates(london: Site) -> None:
    """Also where nothing was marked; marks of other months are passed over."""
    marks = [row(f"2026-{text}T08:00:00+00:00") for text in ("10-31", "11-02", "11-30", "12-01")]

    (ana,) = month(london, marks).people

    states = told(ana)
    assert len(states) == 30
    assert {day for day, state in states.items() if state is State.PRESENT} == {2, 30}
    assert {day for day, state in states.items() if state is State.OFF} == {1, 7, 8, 14, 15, 21, 22, 28, 29}
    assert ana.totals == Totals(present=2, absent=0, late=0, not_marked=19, off=9)


def test_days_to_come_tell_nothing(london: Site) -> None:
    """But of whom HR spoke already: a leave that is known before."""
    (ana,) = month(london, [], amendment(date(2026, 11, 20), "Absent"), until=date(2026, 11, 3)).people

    assert told(ana) == {1: State.OFF, 2: State.NOT_MARKED, 3: State.NOT_MARKED, 20: State.ABSENT}


def test_that_a_month_was_closed_is_said_of_nobody(london: Site) -> None:
    """Such a row among the amendments speaks of no day."""
    closed = amendment(NOVEMBER, "", "", name="", action=AmendmentAction.CLOSED)

    assert month(london, [], closed, people=None).people == []


def test_without_a_roster_only_days_on_which_somebody_marked_are_told(london: Site) -> None:
    """Nobody knows on which others they were expected."""
    marks = [row("2026-11-02T08:00:00+00:00"), row("2026-11-04T08:00:00+00:00", "Absent")]

    (ana,) = month(london, marks, people=None).people

    assert (told(ana), ana.visitor) == ({2: State.PRESENT, 4: State.ABSENT}, False)


def test_who_comes_or_leaves_within_a_month_has_no_days_outside(london: Site) -> None:
    """From and until are included; who does not belong there in all of the month is not in its sheet."""
    came = Employee(employee_id="E3", name="Cy", from_date=date(2026, 11, 26))
    left = Employee(employee_id="E4", name="Di", until_date=date(2026, 11, 3))
    gone = Employee(employee_id="E5", name="Ed", until_date=date(2026, 10, 31))
    to_come = Employee(employee_id="E6", name="Flo", from_date=date(2026, 12, 1))

    people = month(london, [], people=(gone, came, left, to_come)).people

    assert [(one.employee_id, sorted(told(one))) for one in people] == [
        ("E3", [26, 27, 28, 29, 30]),
        ("E4", [1, 2, 3]),
    ]


def test_a_leaver_keeps_their_history_and_is_a_visitor_afterwards(london: Site) -> None:
    """One row of the sheet, under the name of the roster, whatever case the ID was typed in."""
    left = Employee(employee_id="Eva1", name="Eva", until_date=date(2026, 11, 3))
    marks = [row(f"2026-11-0{day}T08:00:00+00:00", "Present", "eva1", "E.") for day in (2, 5)]

    (eva,) = month(london, marks, people=(left,)).people

    assert (eva.employee_id, eva.name, eva.visitor) == ("Eva1", "Eva", False)
    assert told(eva) == {1: State.OFF, 2: State.PRESENT, 3: State.NOT_MARKED, 5: State.PRESENT}
    assert [entry.visitor for entry in eva.entries if entry] == [False, False, False, True]


def test_a_leaver_of_an_earlier_month_is_a_visitor_with_the_name_of_the_roster(london: Site) -> None:
    """Who marks after all of their time."""
    gone = Employee(employee_id="Eva1", name="Eva", until_date=date(2026, 10, 31))

    (eva,) = month(london, [row("2026-11-05T08:00:00+00:00", "Present", "eva1", "E.")], people=(gone,)).people

    assert (eva.employee_id, eva.name, eva.visitor, told(eva)) == ("Eva1", "Eva", True, {5: State.PRESENT})


def test_others_stand_behind_the_roster_under_their_last_name(london: Site) -> None:
    """First who marked, in that order, then of whom HR alone speaks."""
    marks = [
        row("2026-11-02T08:00:00+00:00", "Present", "V2", "Zoé"),
        row("2026-11-03T08:00:00+00:00", "Present", "V1", "Lu"),
        row("2026-11-04T08:00:00+00:00", "Present", "V2", "Zoé Blanc"),
    ]
    said = amendment(date(2026, 11, 2), "Absent", "V3", name="Kim")

    people = month(london, marks, said, people=(BO, ANA)).people

    assert [(one.employee_id, one.name, one.visitor) for one in people] == [
        ("E2", "Bo", False),
        ("E1", "Ana Martín", False),
        ("V2", "Zoé Blanc", True),
        ("V1", "Lu", True),
        ("V3", "Kim", True),
    ]


def test_a_column_has_the_totals_of_its_date(london: Site) -> None:
    """One for each date, also where nobody is told of; without people there is none."""
    marks = [row("2026-11-02T09:30:00+00:00"), row("2026-11-02T08:00:00+00:00", "Absent", "E2")]

    sheet = month(london, marks, people=(ANA, BO), until=date(2026, 11, 3))

    nobody = Totals(present=0, absent=0, late=0, not_marked=0, off=0)
    assert sheet.totals[:3] == [
        Totals(present=0, absent=0, late=0, not_marked=0, off=2),
        Totals(present=1, absent=1, late=1, not_marked=0, off=0),
        Totals(present=0, absent=0, late=0, not_marked=2, off=0),
    ]
    assert sheet.totals[3:] == [nobody] * 27
    assert month(london, [], people=None).totals == [nobody] * 30


def test_each_date_has_its_holiday(london: Site) -> None:
    """The derivation of each day is there for the head of the sheet."""
    days = month(london, [], name=Month(2026, 12), until=date(2026, 12, 31)).days

    assert [(day.date.day, day.holiday, day.off) for day in days if day.holiday] == [
        (25, "Christmas Day", State.HOLIDAY),
        (26, "Boxing Day", State.OFF),
        (28, "Boxing Day (observed)", State.HOLIDAY),
    ]


def test_hours_of_a_month_are_those_of_its_days(make_site: Callable[..., Site]) -> None:
    """Where the site knows when people leave, else none are told."""
    doors = make_site(statuses=DOORS)
    marks = [
        row(f"2026-11-0{day}T{at}:00:00+00:00", status) for day in (2, 3) for at, status in (("09", "In"), (17, "Out"))
    ]

    (ana,) = month(doors, marks).people
    (none_told,) = month(make_site(), []).people

    assert (ana.worked, none_told.worked) == (hours(16), None)


def test_the_night_of_the_time_change_has_nine_hours_in_the_month(make_site: Callable[..., Site]) -> None:
    """From 23:00 to 07:00 on the clock; it counts for the date on which it began."""
    night = make_site(statuses=DOORS, day_start=time(12))
    marks = [row("2026-10-24T23:00:00+01:00", "In")]
    said = amendment("2026-10-25T07:00:00+00:00", "Out")

    (ana,) = month(night, marks, said, name=Month(2026, 10), until=date(2026, 10, 31)).people

    assert (ana.worked, ana.entries[23] and ana.entries[23].worked) == (hours(9), hours(9))


def test_a_date_that_a_site_left_out_tells_of_nobody_marked(make_site: Callable[..., Site]) -> None:
    """Apia had no 30 December 2011; the days beside it are whole."""
    apia = make_site("apia", "Pacific/Apia", plan=Plan())
    marks = [row("2011-12-29T23:59:59-10:00"), row("2011-12-31T00:00:00+14:00")]

    (ana,) = month(apia, marks, name=Month(2011, 12), until=date(2011, 12, 31)).people

    assert list(told(ana).values())[28:] == [State.PRESENT, State.NOT_MARKED, State.PRESENT]


def test_a_work_date_does_not_go_back_with_the_clock(make_site: Callable[..., Site]) -> None:
    """St. John's went from 00:01 on 7 November 2010 to 23:01 on the 6th: the second 23:30 counts for the 7th."""
    there = make_site("st-johns", "America/St_Johns", plan=NINE)
    marks = [row("2010-11-06T23:30:00-02:30"), row("2010-11-06T23:30:00-03:30", "Absent")]

    (ana,) = month(there, marks, people=None, name=Month(2010, 11), until=date(2010, 11, 30)).people

    assert told(ana) == {6: State.PRESENT, 7: State.OFF}


def test_a_month_in_which_the_site_moved_keeps_the_meaning_of_its_rows(make_site: Callable[..., Site]) -> None:
    """London until the 20th, Kathmandu since: each row is on the date that it tells, and nine is nine."""
    moved = make_site(timezone="Asia/Kathmandu", plan=NINE)
    marks = [
        row("2026-11-19T09:00:00+00:00"),
        row("2026-11-19T23:30:00+00:00"),
        row("2026-11-20T20:00:00+00:00"),
        row("2026-11-23T09:00:00+05:45"),
        row("2026-11-24T09:00:01+05:45"),
    ]

    (ana,) = month(moved, marks).people

    found = {day: entry for day, entry in enumerate(ana.entries, 1) if entry and entry.marks}
    assert {day: times(entry.marks) for day, entry in found.items()} == {
        19: ["09:00", "23:30"],
        20: ["20:00"],
        23: ["09:00"],
        24: ["09:00"],
    }
    assert [day for day, entry in found.items() if entry.late] == [20, 24]


def test_a_year_of_who_is_on_the_roster_is_known_without_marks(london: Site) -> None:
    """A leaver of before has no days in it; of whom nobody knows there is none."""
    gone = Employee(employee_id="Eva1", name="Eva", until_date=date(2025, 12, 30))

    found = person_year(london, 2026, "eVA1", [], employees=roster(gone), until=LAST)

    assert found is not None
    assert (found.employee_id, found.name, any(found.entries.values())) == ("Eva1", "Eva", False)
    assert (
        person_year(london, 2026, "E9", [row("2026-11-02T08:00:00+00:00")], employees=roster(gone), until=LAST) is None
    )


ZONES = [
    "Europe/London",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/New_York",
    "Africa/Casablanca",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]
MANY: dict[str, Any] = {
    "statuses": DOORS,
    "plan": Plan(start_time=time(9), workdays=frozenset(range(6)), holidays="GB-ENG"),
}
IDS = ["E0", "e0", "E1", "E2", "V1", "v1"]
MONTHS = [Month(2026, 10), Month(2026, 3), Month(2026, 12), Month(2028, 2), Month(2026, 9)]
ACTIONS = [AmendmentAction.AMENDED, AmendmentAction.APPROVED, AmendmentAction.REQUESTED, AmendmentAction.DECLINED]
DATES = st.none() | st.integers(-10, 40)

Made = tuple[Site, Month, list[Mark], Mapping[str, Employee] | None, list[Amendment]]


@st.composite
def months(draw: st.DrawFn) -> Made:
    """Return a site, a month, and marks, a roster and amendments around and in it."""
    site = build_site(
        timezone=draw(st.sampled_from(ZONES)),
        day_start=draw(st.sampled_from([time(), time(4), time(1, 30), time(23, 30)])),
        **MANY,
    )
    name = draw(st.sampled_from(MONTHS))
    start = datetime.combine(name.first, time(), UTC)

    def a_moment(minute: int) -> Moment:
        at = start + timedelta(minutes=minute)
        offset = draw(st.sampled_from([at.astimezone(site.zone).utcoffset(), timedelta(hours=-3)]))
        return Moment(at=at, utc_offset=offset or timedelta())

    near_edges = st.one_of(st.integers(-2_000, 3_000), st.integers(24 * 60 * 26, 24 * 60 * 33))
    minutes = sorted(draw(st.lists(st.one_of(near_edges, st.integers(0, 45_000)), max_size=15)))
    marks = [
        Mark(
            marked_at=at.at,
            utc_offset=at.utc_offset,
            employee_id=draw(st.sampled_from(IDS)),
            name=draw(st.sampled_from(["Ana", "Bo"])),
            status=draw(st.sampled_from([*DOORS, "Lunch"])),
        )
        for at in map(a_moment, minutes)
    ]
    abouts: list[date | Moment] = [name.first + timedelta(days=draw(st.integers(-2, 32)))]
    abouts += [Moment(at=mark.marked_at, utc_offset=mark.utc_offset) for mark in marks]
    abouts.append(a_moment(draw(near_edges)))
    said = [
        amendment(
            draw(st.sampled_from(abouts)),
            draw(st.sampled_from([*DOORS, "Lunch", ""])),
            draw(st.sampled_from(IDS)),
            action=draw(st.sampled_from(ACTIONS)),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    people = [
        Employee(
            employee_id=f"E{number}",
            name=f"N{number}",
            from_date=draw(DATES.map(lambda days: None if days is None else name.first + timedelta(days=days))),
            until_date=draw(DATES.map(lambda days: None if days is None else name.first + timedelta(days=days))),
        )
        for number in range(3)
    ]
    return site, name, marks, draw(st.sampled_from([None, roster(*people)])), said


def by_id(entries: Sequence[Entry | None]) -> dict[str, Entry]:
    """Return entries by their IDs; each stands there once."""
    found = [entry for entry in entries if entry]
    assert len({entry.employee_id for entry in found}) == len(found)
    return {entry.employee_id: entry for entry in found}


@given(months())
def test_a_month_is_what_its_days_are(made: Made) -> None:
    """Entry by entry and total by total, whatever was marked and said, in every zone and with every turn of the day."""
    site, name, marks, employees, said = made

    sheet = month_sheet(site, name, marks, employees, said, until=name.dates[-1])

    days = [day_sheet(site, on, marks, employees, said) for on in name.dates]
    for number, day in enumerate(days):
        assert by_id([one.entries[number] for one in sheet.people]) == by_id(day.entries)
        assert (sheet.days[number].holiday, sheet.days[number].date) == (day.holiday, day.date)
    assert sheet.totals == [day.totals for day in days]
    assert sheet.sum == totals_of(entry for day in days for entry in day.entries)
    assert len({one.employee_id for one in sheet.people}) == len(sheet.people)
    assert all(any(one.entries) or employees for one in sheet.people)


@given(months(), st.integers(0, 14))
def test_a_day_that_goes_on_is_at_each_mark_what_is_derived_at_once(made: Made, number: int) -> None:
    """Whoever marks in whatever order, and whatever HR said of it or of other days."""
    site, name, marks, employees, said = made
    shown = [(mark.marked_at + mark.utc_offset).date() for mark in marks] or [name.first]
    on = shown[number % len(shown)]
    day = OpenDay(site, on, employees, said)

    for count, mark in enumerate(marks, start=1):
        entry = day.add(mark)
        whole = day_sheet(site, on, marks[:count], employees, said)
        assert (day.sheet(), day.totals_now, day.entry_of(mark)) == (whole, whole.totals_now, entry)
        assert entry is None or entry in whole.entries


@given(months(), st.sampled_from(IDS))
def test_a_year_of_somebody_is_what_their_days_are(made: Made, employee_id: str) -> None:
    """Date by date, under the ID in any case where it is on the roster; nobody where nothing is known of them."""
    site, name, marks, employees, said = made
    until = date(name.year, 12, 31)

    found = person_year(site, name.year, employee_id, marks, employees=employees, amendments=said, until=until)

    wanted = f"E{employee_id[1:]}" if employees and employee_id.casefold() in employees else employee_id
    days = [day_sheet(site, on, marks, employees, said) for on in name.dates]
    expected = [next((one for one in day.entries if one.employee_id == wanted), None) for day in days]
    assert [found.entries[on] if found else None for on in name.dates] == expected
    if found:
        assert (len(found.entries), found.employee_id) == (365 + (name.year == 2028), wanted)
        assert sum(asdict(found.totals).values()) - found.totals.late <= len(found.entries)


@given(months(), st.integers(-1, 31))
def test_what_is_told_of_a_day_does_not_hang_on_the_present(made: Made, begun: int) -> None:
    """A month that has not ended tells less, and nothing else; who marked or is spoken of is told of at any time."""
    site, name, marks, employees, said = made
    until = name.first + timedelta(days=begun)

    whole = month_sheet(site, name, marks, employees, said, until=name.dates[-1])
    partly = month_sheet(site, name, marks, employees, said, until=until)

    for one, other in zip(whole.people, partly.people, strict=True):
        for on, entry, shown in zip(name.dates, one.entries, other.entries, strict=True):
            is_told = on <= until or (entry is not None and bool(entry.trail or entry.marks))
            assert shown == (entry if is_told else None)
