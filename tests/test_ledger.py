"""A ledger decides under the lock what is new and when it was, and answers a repeat with the first row."""

import resource
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from attendance.codec import HEADER
from attendance.errors import ClockBehindError, NameMismatchError, StorageFullError
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Recorded, Site
from tests.appendlog_kit import limited, rows_of
from tests.conftest import HandClock, Incidents


def request(employee_id: str = "E1", status: str = "Present", name: str = "Ana") -> MarkRequest:
    """Return a wish to be marked."""
    return MarkRequest(employee_id=employee_id, name=name, status=status)


def one(ledger: Ledger, *wish: str) -> Recorded:
    """Record one mark, and return what came of it."""
    (outcome,) = ledger.record([request(*wish)])
    assert isinstance(outcome, Recorded)
    return outcome


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """London."""
    return make_site()


@pytest.fixture
def ledger(site: Site, clock: HandClock, incidents: Incidents) -> Ledger:
    """The ledger of London."""
    return Ledger(site, now=clock, report=incidents)


@pytest.fixture
def other(site: Site, clock: HandClock, incidents: Incidents) -> Ledger:
    """The ledger of London as another process has it."""
    return Ledger(site, now=clock, report=incidents)


def test_a_mark_is_a_row(ledger: Ledger, site: Site, incidents: Incidents) -> None:
    """The row has the local time of the site, in whole seconds with its offset."""
    made = one(ledger)

    assert site.csv_path.read_bytes() == HEADER + b"2026-11-23T09:00:03+00:00,E1,Ana,Present\n"
    assert made.mark.marked_at == datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)
    assert (made.work_date, made.repeated) == (date(2026, 11, 23), False)
    assert incidents.codes == []


def test_the_repeated_hour_is_told_apart(make_site: Callable[..., Site], clock: HandClock) -> None:
    """On an autumn night 01:30 comes twice, with two offsets; the second is later."""
    ledger = Ledger(make_site(), now=clock, report=Incidents())
    clock.now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    one(ledger, "E1")
    clock.move(hours=1)
    one(ledger, "E2")

    rows = rows_of(ledger.site.csv_path)

    assert [row[:25] for row in rows] == [b"2026-10-25T01:30:00+01:00", b"2026-10-25T01:30:00+00:00"]


def test_a_fraction_of_a_second_is_not_recorded(ledger: Ledger, clock: HandClock) -> None:
    """Rows have whole seconds, and the fraction is dropped: the next mark in the same second is no earlier."""
    clock.move(microseconds=999_999)
    first = one(ledger, "E1")
    second = one(ledger, "E2")

    assert first.mark.marked_at == second.mark.marked_at == clock.now.replace(microsecond=0)


def test_a_repeat_is_answered_with_the_first_row(ledger: Ledger, site: Site, clock: HandClock) -> None:
    """The same employee with the same status on the same work date writes nothing, however often it is asked."""
    first = one(ledger)
    clock.move(hours=3)
    again = one(ledger)

    assert again.mark == first.mark
    assert again.repeated
    assert len(rows_of(site.csv_path)) == 1


def test_a_changed_status_is_a_new_row(ledger: Ledger, site: Site, clock: HandClock) -> None:
    """Present, absent, present again: three rows, and a repeat is answered with the last of them."""
    made = []
    for status in ("Present", "Absent", "Present", "Present"):
        made.append(one(ledger, "E1", status))
        clock.move(minutes=1)

    assert [outcome.repeated for outcome in made] == [False, False, False, True]
    assert made[3].mark == made[2].mark
    assert len(rows_of(site.csv_path)) == 3


def test_a_group_is_decided_as_if_one_by_one(ledger: Ledger, site: Site) -> None:
    """P, P, A, P of one employee in one group: what follows sees what came before, and others are not disturbed."""
    statuses = ["Present", "Present", "Absent", "Present"]
    group = [request("E1", status) for status in statuses]
    outcomes = ledger.record([request("E2"), *group, request("E2")])

    made = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
    assert [outcome.repeated for outcome in made] == [False, False, True, False, False, True]
    assert made[2].mark == made[1].mark
    assert made[5].mark == made[0].mark
    assert [row.split(b",", 1)[1] for row in rows_of(site.csv_path)] == [
        b"E2,Ana,Present\n",
        b"E1,Ana,Present\n",
        b"E1,Ana,Absent\n",
        b"E1,Ana,Present\n",
    ]


def test_a_group_of_nobody_writes_nothing(ledger: Ledger, site: Site) -> None:
    """The file is made, and that is all."""
    assert ledger.record([]) == []
    assert rows_of(site.csv_path) == []


def test_what_another_process_recorded_is_a_repeat(ledger: Ledger, other: Ledger, site: Site, clock: HandClock) -> None:
    """Each process reads what others appended before it decides."""
    one(ledger, "E2")
    first = one(other)
    clock.move(minutes=5)
    again = one(ledger)
    changed = one(other, "E1", "Absent")

    assert (again.mark, again.repeated) == (first.mark, True)
    assert not changed.repeated
    assert one(ledger, "E1", "Absent").repeated
    assert len(rows_of(site.csv_path)) == 3


def test_a_process_that_begins_knows_today(ledger: Ledger, other: Ledger, site: Site, clock: HandClock) -> None:
    """After a restart a repeat is still a repeat, and yesterday's mark is not one of today."""
    one(ledger, "E1")
    clock.move(days=1)
    one(ledger, "E2")

    assert one(other, "E2").repeated
    assert not one(other, "E1").repeated
    assert len(rows_of(site.csv_path)) == 3


def test_yesterdays_last_mark_is_not_todays(ledger: Ledger, other: Ledger, clock: HandClock) -> None:
    """The last row before the day turned, seen by a process that has just begun: the employee marks anew today."""
    one(ledger)
    clock.move(days=1)

    today = one(other)

    assert (today.work_date, today.repeated) == (date(2026, 11, 24), False)
    assert one(ledger).mark == today.mark


@pytest.mark.parametrize(
    ("day_start", "turn"),
    [(time(), datetime(2026, 11, 24, tzinfo=UTC)), (time(4), datetime(2026, 11, 24, 4, tzinfo=UTC))],
    ids=["midnight", "04:00"],
)
def test_the_work_date_turns_at_the_second(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents, day_start: time, turn: datetime
) -> None:
    """A second before the turn it is a repeat of the old work date, at the turn it is the first mark of the new."""
    site = make_site(day_start=day_start)
    ledger, other = (Ledger(site, now=clock, report=incidents) for _ in range(2))
    one(ledger)
    clock.now = turn - timedelta(seconds=1)
    last = one(ledger)
    clock.now = turn

    first = one(ledger)
    again = one(other)

    assert (last.repeated, last.work_date) == (True, date(2026, 11, 23))
    assert (first.repeated, first.work_date) == (False, date(2026, 11, 24))
    assert again.repeated


def test_the_same_instant_has_two_work_dates(make_site: Callable[..., Site], clock: HandClock) -> None:
    """Kiritimati and Pago Pago are a date apart: each site counts by its own."""
    clock.now = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    zones = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    ledgers = [Ledger(make_site(zone[8:], zone), now=clock, report=Incidents()) for zone in zones]

    dates = [one(ledger).work_date for ledger in ledgers]

    assert dates == [date(2026, 11, 24), date(2026, 11, 22)]


def test_another_name_for_an_id_is_refused_without_a_roster(ledger: Ledger, site: Site) -> None:
    """Nobody marks for somebody else by a slip of the ID; the same name in another form is the same person."""
    one(ledger, "E1", "Present", "Ana Martín")

    outcomes = ledger.record([request(name="Jo Park"), request(name="MARTIN, Ana"), request("E2", name="Jo Park")])

    assert isinstance(outcomes[0], NameMismatchError)
    assert [outcome.repeated for outcome in outcomes[1:] if isinstance(outcome, Recorded)] == [True, False]
    assert len(rows_of(site.csv_path)) == 2


def test_with_a_roster_the_name_of_today_does_not_matter(
    make_site: Callable[..., Site], clock: HandClock, tmp_path: Path
) -> None:
    """The roster has said who it is: somebody whose name was corrected today marks on."""
    ledger = Ledger(make_site(roster_path=tmp_path / "roster.csv"), now=clock, report=Incidents())
    one(ledger, "E1", "Present", "Ana")

    assert one(ledger, "E1", "Present", "Jo").repeated


def test_visitors_may_share_an_id_with_somebody_of_the_roster(
    make_site: Callable[..., Site], clock: HandClock, tmp_path: Path
) -> None:
    """Two sites give one ID to two people: at a site that takes visitors the name of today tells them apart."""
    site = make_site(roster_path=tmp_path / "roster.csv", visitors=True)
    ledger = Ledger(site, now=clock, report=Incidents())
    one(ledger, "E1", "Present", "Ana")

    assert isinstance(ledger.record([request(name="Jo")])[0], NameMismatchError)


@pytest.mark.parametrize("back", [1, 5])
def test_a_small_step_back_of_the_clock_is_held(
    ledger: Ledger, site: Site, clock: HandClock, incidents: Incidents, back: int
) -> None:
    """Rows keep the last instant until the clock is there again, and ops hear of it."""
    first = one(ledger, "E1")
    clock.move(seconds=-back)
    held = one(ledger, "E2")
    clock.move(seconds=back + 1)
    later = one(ledger, "E3")

    assert held.mark.marked_at == first.mark.marked_at
    assert later.mark.marked_at == first.mark.marked_at + timedelta(seconds=1)
    assert incidents.codes == ["clock_held"]
    assert len(rows_of(site.csv_path)) == 3


@pytest.mark.parametrize("back", [6, 7200, 86_400 * 400])
def test_a_large_step_back_of_the_clock_is_refused(
    ledger: Ledger, other: Ledger, site: Site, clock: HandClock, back: int
) -> None:
    """A wrong time is not recorded in silence: marks are refused, by every process, until the clock has caught up."""
    one(ledger)
    clock.move(seconds=-back)
    for process in (ledger, other):
        with pytest.raises(ClockBehindError) as caught:
            one(process, "E2")
        assert "2026-11-23T09:00:03+00:00" in caught.value.reason
    clock.move(seconds=back)

    one(other, "E2")

    assert len(rows_of(site.csv_path)) == 2


def test_a_clock_that_was_wrong_before_the_first_mark_does_no_harm(ledger: Ledger, clock: HandClock) -> None:
    """It stood a day ahead when the empty ledger was opened, and was set right."""
    clock.move(days=1)
    ledger.record([])
    clock.move(days=-1)

    assert one(ledger).work_date == date(2026, 11, 23)
    assert one(ledger).repeated


def test_a_mark_that_could_not_be_written_is_no_repeat(ledger: Ledger, site: Site) -> None:
    """The disk was full: what is not in the file is not remembered, and the next try writes it."""
    one(ledger, "E1")

    with limited(resource.RLIMIT_FSIZE, site.csv_path.stat().st_size), pytest.raises(StorageFullError):
        one(ledger, "E2")

    assert not one(ledger, "E2").repeated
    assert len(rows_of(site.csv_path)) == 2


def test_a_row_that_something_else_took_away_is_no_repeat(ledger: Ledger, other: Ledger, site: Site) -> None:
    """The file was emptied in place, and one process noticed: the others forget what they had read as well."""
    one(ledger, "E1")
    one(other, "E2")
    site.csv_path.write_bytes(HEADER)
    one(other, "E3")
    one(other, "E4")

    again = one(ledger, "E1")

    assert not again.repeated
    assert [row.split(b",")[1] for row in rows_of(site.csv_path)] == [b"E3", b"E4", b"E1"]


def test_a_clock_that_steps_back_over_the_turn_of_the_day_makes_no_second_row(
    make_site: Callable[..., Site], incidents: Incidents
) -> None:
    """A fresh process reads the day it believes in; if the clock goes back before it writes, it reads the other one."""
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    site = make_site()
    before = HandClock(midnight - timedelta(seconds=2))
    first = Ledger(site, now=before, report=incidents).record([request("E1")])
    readings = iter([midnight + timedelta(seconds=1), *[midnight - timedelta(seconds=1)] * 3])

    again = Ledger(site, now=lambda: next(readings), report=incidents).record([request("E1")])

    assert isinstance(first[0], Recorded)
    assert isinstance(again[0], Recorded)
    assert again[0] == replace(first[0], repeated=True)


def test_a_board_shows_the_work_date_of_the_mark_while_the_clock_is_held(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents
) -> None:
    """The clock was set back over midnight by two seconds: the board stays on the date that marks count for."""
    clock.now = datetime(2026, 11, 24, tzinfo=UTC)
    ledger = Ledger(make_site(), now=clock, report=incidents)
    ledger.record([request("E1")])
    clock.move(seconds=-2)

    work_date, marks = ledger.board()

    assert work_date == date(2026, 11, 24)
    assert [mark.employee_id for mark in marks] == ["E1"]


def test_ready_is_what_the_next_mark_would_say(ledger: Ledger, clock: HandClock) -> None:
    """A clock that stands before the last row; a file that something else touched is mended by the question."""
    ledger.record([request("E1")])
    ledger.require_ready()
    content = ledger.site.csv_path.read_bytes()
    with ledger.site.csv_path.open("ab") as file:
        file.write(b"half a row")

    ledger.require_ready()
    clock.move(hours=-1)

    assert ledger.site.csv_path.read_bytes() == content
    with pytest.raises(ClockBehindError):
        ledger.require_ready()
