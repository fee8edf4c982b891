"""Claims about a day that HR amended: what was written last counts, the marks stay, and the trail tells everything."""

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import Month
from attendance.model import Amendment, AmendmentAction, Employee, Mark, Plan, Site
from attendance.timesheet import DaySheet, Entry, State, Totals, day_sheet
from tests.conftest import build_site
from tests.sheet_kit import ANA, BO, DOORS, EVERY_DAY, amendment, hours, roster, row, times

FRIDAY = date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)
CHRISTMAS = date(2026, 12, 25)
NINE = Plan(start_time=time(9), grace_minutes=10, holidays="GB-ENG")
EIGHT, TEN, NOON = "2026-11-20T08:00:00+00:00", "2026-11-20T10:00:00+00:00", "2026-11-20T12:00:00+00:00"
ASKS = [AmendmentAction.REQUESTED, AmendmentAction.DECLINED]


def sheet(
    site: Site, marks: Sequence[Mark], *of: Amendment, on: date = FRIDAY, people: Sequence[Employee] | None = (ANA,)
) -> DaySheet:
    """Return an amended day, of a roster with Ana on it if nothing else is said."""
    return day_sheet(site, on, marks, None if people is None else roster(*people), of)


def only(site: Site, marks: Sequence[Mark], *of: Amendment, on: date = FRIDAY) -> Entry:
    """Return Ana's amended day."""
    (entry,) = sheet(site, marks, *of, on=on).entries
    return entry


@pytest.fixture
def london(make_site: Callable[..., Site]) -> Site:
    """London, where people start at nine and have ten minutes."""
    return make_site(plan=NINE)


@pytest.fixture
def doors(make_site: Callable[..., Site]) -> Site:
    """The same, where people leave as well."""
    return make_site(plan=NINE, statuses=DOORS)


@pytest.mark.parametrize("action", [AmendmentAction.AMENDED, AmendmentAction.APPROVED])
def test_what_hr_says_of_a_date_counts(london: Site, action: AmendmentAction) -> None:
    """Whatever was marked; the marks still tell when."""
    entry = only(london, [row(EIGHT), row(NOON)], amendment(FRIDAY, "Absent", action=action))

    assert (entry.state, entry.status, times(entry.marks)) == (State.ABSENT, "Absent", ["08:00", "12:00"])
    assert (entry.amended, entry.ruled, len(entry.trail)) == (True, True, 1)


def test_a_date_without_marks_has_no_times(london: Site) -> None:
    """HR knows that they were there, not since when."""
    entry = only(london, [], amendment(FRIDAY, "Present"))

    assert (entry.state, entry.first, entry.last, entry.late, entry.name) == (
        State.PRESENT,
        None,
        None,
        False,
        "Ana Martín",
    )


def test_of_several_words_the_last_one_written_counts(london: Site) -> None:
    """By their order in the file, also within one second."""
    present, absent = amendment(FRIDAY, "Present"), amendment(FRIDAY, "Absent")

    assert only(london, [], present, absent).state is State.ABSENT
    assert only(london, [], absent, present).state is State.PRESENT


def test_an_empty_word_of_a_date_is_as_if_nobody_had_marked(doors: Site) -> None:
    """No status, no times, no hours, and nobody late."""
    entry = only(doors, [row(TEN, "In"), row(NOON, "Out")], amendment(FRIDAY, ""))

    assert (entry.state, entry.status, entry.first, entry.last) == (State.NOT_MARKED, None, None, None)
    assert (entry.late, entry.worked, entry.amended) == (False, timedelta(), True)


def test_a_moment_stands_in_the_place_of_what_was_marked_then(london: Site) -> None:
    """All else stays: with the instant that somebody marked by mistake set right, the first mark is another one."""
    entry = only(london, [row(EIGHT), row(NOON)], amendment(NOON, "Absent"))

    assert [(mark.status, *times([mark])) for mark in entry.marks] == [("Present", "08:00"), ("Absent", "12:00")]
    assert (entry.state, entry.ruled, entry.amended) == (State.ABSENT, False, True)


def test_a_moment_is_a_mark_that_was_not_made(london: Site) -> None:
    """It stands among the others by its time, and who came by it was in time."""
    entry = only(london, [row(TEN)], amendment(EIGHT, "Present"))

    assert (times(entry.marks), entry.late) == (["08:00", "10:00"], False)
    assert only(london, [row(TEN)]).late is True


def test_an_empty_moment_takes_the_mark_away(london: Site) -> None:
    """And no other; where nothing was marked at that instant it changes nothing."""
    marks = [row(EIGHT), row(NOON, "Absent")]

    assert only(london, marks, amendment(NOON, "")).state is State.PRESENT
    assert only(london, marks, amendment(EIGHT, ""), amendment(NOON, "")).state is State.NOT_MARKED
    assert times(only(london, marks, amendment(TEN, "")).marks) == ["08:00", "12:00"]


def test_two_marks_of_one_second_go_together(london: Site) -> None:
    """An instant has whole seconds: what is said of it is said of both."""
    marks = [row(EIGHT), row(EIGHT, "Absent")]

    assert [mark.status for mark in only(london, marks, amendment(EIGHT, "Present")).marks] == ["Present"]


def test_a_moment_can_be_said_again(london: Site) -> None:
    """The last word on it counts; who took it away too soon puts it back."""
    said = [amendment(EIGHT, ""), amendment(EIGHT, "Present"), amendment(EIGHT, "Absent")]

    found = [only(london, [row(EIGHT)], *said[:number]).state for number in range(4)]

    assert found == [State.PRESENT, State.NOT_MARKED, State.PRESENT, State.ABSENT]


@pytest.mark.parametrize("status", ["Absent", ""])
def test_a_later_moment_lifts_what_was_said_of_the_date(london: Site, status: str) -> None:
    """The date is again what the marks say, amended as they are; before it the date counts all the same."""
    of_date, of_moment = amendment(FRIDAY, status), amendment(NOON, "Present")

    lifted, kept = only(london, [row(TEN)], of_date, of_moment), only(london, [row(TEN)], of_moment, of_date)

    assert (lifted.state, times(lifted.marks), lifted.late) == (State.PRESENT, ["10:00", "12:00"], True)
    assert (kept.status or "", kept.late) == (status, False)


def test_who_is_present_by_the_word_of_hr_is_not_late(london: Site) -> None:
    """It speaks of the date, not of a time: so HR excuses who came late. A moment says when, and may be late."""
    assert only(london, [row(TEN)], amendment(FRIDAY, "Present")).late is False
    assert only(london, [], amendment(TEN, "Present")).late is True


@pytest.mark.parametrize("action", ASKS)
def test_what_was_only_asked_changes_nothing(london: Site, action: AmendmentAction) -> None:
    """It stands in the trail."""
    asked = [amendment(FRIDAY, "Absent", action=action), amendment(EIGHT, "", action=action)]

    entry = only(london, [row(EIGHT)], *asked)

    assert (entry.state, times(entry.marks), entry.amended, entry.ruled) == (State.PRESENT, ["08:00"], False, False)
    assert list(entry.trail) == asked


def test_an_approval_counts_and_its_request_does_not(london: Site) -> None:
    """Both stand in the trail, in the order of writing."""
    asked = amendment(EIGHT, "Present", action=AmendmentAction.REQUESTED)
    approved = amendment(EIGHT, "Present", action=AmendmentAction.APPROVED)

    assert only(london, [], asked).state is State.NOT_MARKED
    entry = only(london, [], asked, approved)
    assert (entry.state, list(entry.trail)) == (State.PRESENT, [asked, approved])


def test_a_request_after_the_word_of_hr_does_not_lift_it(london: Site) -> None:
    """Nor does one that was declined."""
    said = amendment(FRIDAY, "Absent")
    asks = [amendment(NOON, "Present", action=action) for action in ASKS]

    entry = only(london, [row(EIGHT)], said, *asks)

    assert (entry.state, entry.ruled) == (State.ABSENT, True)


@pytest.mark.parametrize(("on", "state"), [(SATURDAY, State.OFF), (CHRISTMAS, State.HOLIDAY)], ids=["off", "holiday"])
@pytest.mark.parametrize("of_date", [True, False], ids=["date", "moment"])
@pytest.mark.parametrize("status", ["Absent", ""])
def test_nobody_is_made_absent_where_nobody_is_expected(
    london: Site, on: date, state: State, status: str, *, of_date: bool
) -> None:
    """Neither of the date nor of a moment."""
    at = f"{on}T10:00:00+00:00"

    day = sheet(london, [row(at)], amendment(on if of_date else at, status), on=on)

    assert (day.entries[0].state, day.entries[0].status) == (state, status or None)
    assert day.totals == Totals(present=0, absent=0, late=0, not_marked=0, off=1)


@pytest.mark.parametrize("on", [SATURDAY, CHRISTMAS], ids=["off", "holiday"])
def test_who_worked_where_nobody_was_expected_can_be_added(london: Site, on: date) -> None:
    """They are present, and never late."""
    for about in (on, f"{on}T12:00:00+00:00"):
        entry = only(london, [], amendment(about, "Present"), on=on)

        assert (entry.state, entry.late) == (State.PRESENT, False)


@pytest.mark.parametrize(
    ("came", "left", "length"),
    [
        ("2026-10-24T23:00:00+01:00", "2026-10-25T07:00:00+00:00", 9),
        ("2026-03-28T23:00:00+00:00", "2026-03-29T07:00:00+01:00", 7),
        ("2026-10-25T00:30:00+01:00", "2026-10-25T01:30:00+00:00", 2),
        ("2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00", 1),
    ],
    ids=["autumn", "spring", "into the repeated hour", "the repeated hour"],
)
@pytest.mark.parametrize("amended", ["in", "out", "both"])
def test_hours_by_moments_are_those_that_passed(
    make_site: Callable[..., Site], came: str, left: str, length: int, amended: str
) -> None:
    """Nine and seven on the nights of the time change, whichever end HR set right."""
    site = make_site(statuses=DOORS, day_start=time(12), plan=Plan(workdays=EVERY_DAY))
    marks = [row(came, "In")] * (amended == "out") + [row(left, "Out")] * (amended == "in")
    said = [amendment(came, "In")] * (amended != "out") + [amendment(left, "Out")] * (amended != "in")
    on = date.fromisoformat(came[:10]) - timedelta(days=int(came[11:13] < "12"))

    entry = only(site, marks, *said, on=on)

    assert (entry.worked, entry.state) == (hours(length), State.LEFT)


@pytest.mark.parametrize(
    ("status", "worked"), [("In", 4), ("Out", 4), ("Away", 0), ("Gone", 0), ("", 0)], ids=lambda one: str(one) or "none"
)
def test_a_word_of_a_date_leaves_hours_to_who_was_there(doors: Site, status: str, worked: int) -> None:
    """HR says of a date that somebody was absent: then their marks are no hours, and else they are."""
    entry = only(doors, [row(EIGHT, "In"), row(NOON, "Out")], amendment(FRIDAY, status))

    assert entry.worked == hours(worked)


def test_a_word_with_a_status_that_the_site_has_no_more_is_unknown(london: Site) -> None:
    """As a mark with it is."""
    entry = only(london, [row(EIGHT)], amendment(FRIDAY, "Remote"))

    assert (entry.state, entry.status, entry.amended) == (State.UNKNOWN, "Remote", True)


def test_each_moment_counts_for_its_own_date(make_site: Callable[..., Site]) -> None:
    """By its offset and the turn of the day of the site, as a mark does."""
    night = make_site(timezone="Asia/Kathmandu", day_start=time(4))
    late = amendment("2026-11-21T03:59:59+05:45", "Present")

    assert (only(night, [], late).state, only(night, [], late, on=SATURDAY).state) == (State.PRESENT, State.OFF)
    assert only(night, [], late, on=SATURDAY).trail == []


def test_a_moment_of_before_a_move_keeps_its_meaning(make_site: Callable[..., Site]) -> None:
    """The site was in London: its Friday evening is Friday, and nine o'clock there was in time."""
    moved = make_site(timezone="Asia/Kathmandu", plan=NINE)
    evening = amendment("2026-11-20T20:00:00+00:00", "Present")

    assert only(moved, [], evening).state is State.PRESENT
    assert only(moved, [], amendment("2026-11-20T09:10:00+00:00", "Present")).late is False
    assert only(moved, [], evening, on=SATURDAY).state is State.OFF


@pytest.mark.parametrize("about", [SATURDAY, Month(2026, 11), "2026-11-21T09:00:00+00:00"], ids=str)
def test_what_is_said_of_something_else_is_not_in_the_trail(london: Site, about: date | Month | str) -> None:
    """Another date, or the month that was closed."""
    assert only(london, [], amendment(about, "Absent")).trail == []


def test_what_is_said_of_an_id_in_another_case_is_said_of_the_employee(london: Site) -> None:
    """As with marks; the entry has the ID and the name of the roster."""
    eva = Employee(employee_id="Eva1", name="Eva")

    day = sheet(london, [], amendment(FRIDAY, "Absent", "eVA1", name="Eve"), people=(eva,))

    assert [(one.employee_id, one.name, one.state) for one in day.entries] == [("Eva1", "Eva", State.ABSENT)]


def test_people_stand_in_the_order_of_the_roster_then_of_what_is_told_of_others(london: Site) -> None:
    """First who marked, then of whom HR speaks; each under the name that was last marked, or told."""
    marks = [row(TEN, "Present", "V2", "Zoé"), row(EIGHT, "Present", "E1"), row(NOON, "Present", "V2", "Zoé Blanc")]
    said = [
        amendment(FRIDAY, "Absent", "V3", name="Lu"),
        amendment(NOON, "", "V2", name="Z."),
        amendment(TEN, "", "E2"),
    ]

    day = sheet(london, marks, *said, people=(BO, ANA))

    assert [(one.employee_id, one.name, one.visitor) for one in day.entries] == [
        ("E2", "Bo", False),
        ("E1", "Ana Martín", False),
        ("V2", "Zoé Blanc", True),
        ("V3", "Lu", True),
    ]


@pytest.mark.parametrize("of_date", [True, False], ids=["date", "moment"])
def test_a_visitor_whose_mark_was_taken_away_is_not_missing(london: Site, *, of_date: bool) -> None:
    """Nobody expected them here; their trail still stands there."""
    said = amendment(FRIDAY if of_date else EIGHT, "", "V1", name="Zoé")

    day = sheet(london, [row(EIGHT, "Present", "V1", "Zoé")], said)

    assert [(one.state, one.visitor, list(one.trail)) for one in day.entries[1:]] == [(State.OFF, True, [said])]
    assert day.totals == Totals(present=0, absent=0, late=0, not_marked=1, off=1)


def test_who_only_asked_is_in_the_sheet_and_not_marked_where_nobody_knows_who_belongs(london: Site) -> None:
    """At a site without a roster somebody forgot to mark; at one with a roster who is not on it was not expected."""
    asked = amendment(FRIDAY, "Present", "E7", name="Eva", action=AmendmentAction.REQUESTED)

    (free,) = sheet(london, [], asked, people=None).entries
    _, guest = sheet(london, [], asked).entries

    assert (free.name, free.state, free.visitor, free.amended) == ("Eva", State.NOT_MARKED, False, False)
    assert (guest.name, guest.state, guest.visitor, guest.amended) == ("Eva", State.OFF, True, False)


def test_a_leaver_who_marks_is_one_visitor_under_the_name_of_the_roster(london: Site) -> None:
    """Whatever case they type their ID in; on their own dates they belong there, marks or not."""
    left = Employee(employee_id="Eva1", name="Eva", until_date=date(2026, 11, 19))
    marks = [row(EIGHT, "Present", "eva1", "E."), row(NOON, "Present", "EVA1", "E.")]

    after, before = sheet(london, marks, people=(left,)), sheet(london, [], on=date(2026, 11, 19), people=(left,))

    assert [(one.employee_id, one.name, one.visitor, times(one.marks)) for one in after.entries] == [
        ("Eva1", "Eva", True, ["08:00", "12:00"])
    ]
    assert [(one.state, one.visitor) for one in before.entries] == [(State.NOT_MARKED, False)]
    assert sheet(london, [], people=(left,)).entries == []


@pytest.mark.parametrize(
    ("on", "there"), [("2026-11-15", 0), ("2026-11-16", 1), ("2026-11-20", 1), ("2026-11-21", 0)], ids=str
)
def test_somebody_belongs_to_a_site_from_one_date_until_another(london: Site, on: str, there: int) -> None:
    """Both included."""
    who = Employee(employee_id="E1", name="Ana", from_date=date(2026, 11, 16), until_date=FRIDAY)

    assert len(sheet(london, [], on=date.fromisoformat(on), people=(who,)).entries) == there


STATUSES = ["Present", "Absent", ""]
MOMENTS = [EIGHT, TEN, NOON]
SAID = st.one_of(
    st.builds(amendment, st.sampled_from([FRIDAY, *MOMENTS]), st.sampled_from(STATUSES)),
    st.builds(
        lambda about, status, action: amendment(about, status, action=action),
        st.sampled_from([FRIDAY, *MOMENTS]),
        st.sampled_from(STATUSES),
        st.sampled_from(ASKS),
    ),
)
MARKED = st.lists(st.tuples(st.sampled_from(MOMENTS), st.sampled_from(["Present", "Absent"])), max_size=4)


@given(MARKED, st.lists(SAID, max_size=6))
def test_an_amended_day_is_what_was_written_last(made: list[tuple[str, str]], said: list[Amendment]) -> None:
    """By a second, simpler telling: the last word of each instant, and of the date if no moment was spoken of since."""
    at_each: dict[str, list[str]] = {at: [status for one, status in made if one == at] for at in MOMENTS}
    ruling = None
    for one in said:
        if not one.counts:
            continue
        if isinstance(one.about, date):
            ruling = one.status
        else:
            ruling = None
            (at,) = (text for text in MOMENTS if row(text).marked_at == one.about.at)  # type: ignore[union-attr]  # a moment
            at_each[at] = [one.status] if one.status else []
    told = [status for at in MOMENTS for status in at_each[at]]
    status = (told[-1] if told else "") if ruling is None else ruling

    entry = only(build_site(plan=NINE), [row(at, status) for at, status in sorted(made, key=lambda one: one[0])], *said)

    assert (entry.status or "", list(entry.trail)) == (status, said)
    assert [mark.status for mark in entry.marks] == ([] if ruling == "" else told)
    assert entry.amended is any(one.counts for one in said)
    assert entry.ruled is (ruling is not None)
