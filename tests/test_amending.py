"""Claims about amending: who may be amended, what is refused, who is heard, and what everybody finds in the file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from attendance.amending import Amending, Wish
from attendance.audit import read_audit
from attendance.clock import Month
from attendance.errors import (
    AlreadyAskedError,
    FutureError,
    InvalidInputError,
    MonthClosedError,
    NameMismatchError,
    UnknownEmployeeError,
    UnknownRequestError,
)
from attendance.marking import Marking
from attendance.model import Amendment, AmendmentAction, Kind, Site
from attendance.registry import Registry, amendments_path
from attendance.reporting import Reporting, Sources
from tests.amending_kit import FRIDAY, at, open_amending, rows_in_file, wish, write_marks, write_roster
from tests.appendlog_kit import ignore
from tests.conftest import HandClock, Incidents

OCTOBER = Month(2026, 10)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """London without a roster."""
    return make_site()


@pytest.fixture
def amending(site: Site, clock: HandClock, incidents: Incidents) -> Amending:
    """The use case there."""
    return open_amending(site, clock=clock, incidents=incidents)


@pytest.fixture
def rostered(make_site: Callable[..., Site], tmp_path: Path) -> Site:
    """London with a roster: Ana, Jo who left at the end of October, Kim who comes in December, Lu who came later."""
    site = make_site(roster_path=tmp_path / "data" / "london.roster.csv")
    write_roster(site, "E1,Ana Martín,,", "E2,Jo Park,,2026-10-31", "E3,Kim Lee,2026-12-01,", "E4,Lu Wei,2026-11-22,")
    return site


def test_an_amendment_is_a_row_that_says_who_what_and_why(site: Site, amending: Amending) -> None:
    """It is returned as it stands in the file, which nobody else is needed to read."""
    written = amending.amend(site, wish(reason=" forgot\nthe  tablet "), by="anna")

    assert amending.trail(site) == (written,)
    assert rows_in_file(site) == [written]
    assert amendments_path(site.csv_path).read_text(encoding="utf-8").splitlines()[1] == (
        "2026-11-23T09:00:03+00:00,amended,2026-11-20,E1,Ana,Present,anna,forgot the tablet,"
    )
    assert not site.csv_path.exists()


def test_the_moment_of_the_writing_is_local_to_the_site(make_site: Callable[..., Site], clock: HandClock) -> None:
    """As in a ledger, with the offset in force there."""
    site = make_site("kathmandu", "Asia/Kathmandu")

    open_amending(site, clock=clock).amend(site, wish(at=at("08:55")), by="anna")

    line = amendments_path(site.csv_path).read_text(encoding="utf-8").splitlines()[1]
    assert line.startswith("2026-11-23T14:45:03+05:45,amended,2026-11-20T08:55:00+05:45,E1,")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"employee_id": ""}, "employee_id"),
        ({"employee_id": "=1+1"}, "employee_id"),
        ({"status": "Gone"}, "status"),
        ({"status": "present"}, "status"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"reason": "=HYPERLINK()"}, "reason"),
        ({"reason": "a\u202eb"}, "reason"),
        ({"reason": "a\x1bb"}, "reason"),
        ({"name": "@Ana"}, "name"),
        ({"name": ""}, "name"),
        ({"on": date(1899, 12, 31)}, "date"),
        ({"on": date.min}, "date"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    site: Site, amending: Amending, changes: dict[str, Any], field: str
) -> None:
    """And nothing is written."""
    with pytest.raises(InvalidInputError) as refused:
        amending.amend(site, replace(wish(), **changes), by="anna")

    assert list(refused.value.fields) == [field]
    assert amending.trail(site) == ()


def test_all_fields_that_are_wrong_are_told_at_once(site: Site, amending: Amending) -> None:
    """Whoever types does not mend them one by one."""
    with pytest.raises(InvalidInputError) as refused:
        amending.amend(site, Wish(employee_id="+", on=FRIDAY, status="?", reason="", name="@"), by="anna")

    assert set(refused.value.fields) == {"employee_id", "reason", "name", "status"}


@pytest.mark.parametrize("reason", ["x", "é" * 300, "she said “no”, twice", "0042", "نسي", "病気 🤒"])
def test_reasons_of_every_script_pass(site: Site, amending: Amending, reason: str) -> None:
    """Up to 300 characters, and what people write."""
    assert amending.amend(site, wish(reason=reason), by="anna").reason == reason


def test_as_if_not_marked_is_an_empty_status(site: Site, amending: Amending) -> None:
    """The day of somebody is again one on which nobody marked."""
    assert amending.amend(site, wish(status=""), by="anna").status == ""


@pytest.mark.parametrize(
    ("now", "early", "field"),
    [
        ("2026-11-20T23:59:59+00:00", wish(on=date(2026, 11, 21)), "date"),
        ("2026-11-20T08:54:59+00:00", wish(at=time(8, 55)), "time"),
    ],
)
def test_what_has_not_come_yet_is_refused(site: Site, now: str, early: Wish, field: str) -> None:
    """A second later it is not."""
    clock = HandClock(datetime.fromisoformat(now))
    amending = open_amending(site, clock=clock)

    with pytest.raises(FutureError) as refused:
        amending.amend(site, early, by="anna")
    clock.move(seconds=1)

    assert amending.amend(site, early, by="anna").number == 2
    assert list(refused.value.fields) == [field]


def test_today_is_that_of_the_site(make_site: Callable[..., Site], clock: HandClock) -> None:
    """One instant: the 21st has begun on Kiritimati, and in London that turns its day at noon the 19th is not over."""
    clock.now = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    east, late = make_site("east", "Pacific/Kiritimati"), make_site("late", day_start=time(12))
    amending = open_amending(east, late, clock=clock)

    amending.amend(east, wish(on=date(2026, 11, 21)), by="anna")
    amending.amend(late, wish(on=date(2026, 11, 19)), by="anna")

    with pytest.raises(FutureError):
        amending.amend(late, wish(on=FRIDAY), by="anna")


# Who is meant


def test_the_roster_says_the_id_and_the_name(rostered: Site, clock: HandClock) -> None:
    """However they were typed; a name need not be."""
    written = open_amending(rostered, clock=clock).amend(rostered, wish("e1", name=""), by="anna")

    assert (written.employee_id, written.name) == ("E1", "Ana Martín")


@pytest.mark.parametrize(
    ("employee_id", "on", "known"),
    [
        ("E2", date(2026, 10, 31), True),
        ("E2", date(2026, 11, 1), False),
        ("E3", date(2026, 11, 20), False),
        ("E9", date(2026, 11, 20), False),
    ],
)
def test_who_does_not_belong_to_the_site_on_that_date_is_unknown(
    rostered: Site, clock: HandClock, employee_id: str, on: date, *, known: bool
) -> None:
    """Leavers are amended on the dates when they belonged to it, and nobody else is."""
    amending = open_amending(rostered, clock=clock)

    if known:
        assert amending.amend(rostered, wish(employee_id, on, name=""), by="anna").name == "Jo Park"
    else:
        with pytest.raises(UnknownEmployeeError) as refused:
            amending.amend(rostered, wish(employee_id, on, name=""), by="anna")
        assert f"does not belong to the site on {on}" in str(refused.value)
        assert "today" not in str(refused.value)


def test_who_marked_on_that_date_is_known_there(rostered: Site, clock: HandClock) -> None:
    """A leaver who came once more, and somebody who was taken off the roster."""
    write_marks(rostered, "2026-11-20T08:00:00+00:00 E2 Jo Absent", "2026-11-20T08:01:00+00:00 E9 Flo Absent")
    amending = open_amending(rostered, clock=clock)

    names = [amending.amend(rostered, wish(one, name=""), by="anna").name for one in ("E2", "e9")]

    assert names == ["Jo", "Flo"]
    with pytest.raises(UnknownEmployeeError):
        amending.amend(rostered, wish("E9", date(2026, 11, 19), name=""), by="anna")


def test_a_visitor_is_known_by_the_roster_of_the_other_site(
    rostered: Site, make_site: Callable[..., Site], clock: HandClock, tmp_path: Path
) -> None:
    """Where visitors may mark they may be amended; where not, nobody knows them."""
    other = make_site("paris", "Europe/Paris", roster_path=tmp_path / "data" / "paris.roster.csv", visitors=True)
    write_roster(other, "P1,Léa,,")
    amending = open_amending(rostered, other, clock=clock)

    visiting = amending.amend(other, wish("E1", name=""), by="anna")

    assert (visiting.employee_id, visiting.name) == ("E1", "Ana Martín")
    with pytest.raises(UnknownEmployeeError):
        amending.amend(rostered, wish("P1", name=""), by="anna")


@pytest.mark.parametrize("employee_id", ["E2", "E4"])
def test_who_has_left_or_came_later_is_no_visitor(rostered: Site, clock: HandClock, employee_id: str) -> None:
    """Where visitors may mark, employees of the site stay unknown on dates when they did not belong to it."""
    site = replace(rostered, visitors=True)

    with pytest.raises(UnknownEmployeeError):
        open_amending(site, clock=clock).amend(site, wish(employee_id, name=""), by="anna")


def test_a_name_that_is_somebody_elses_is_refused(rostered: Site, clock: HandClock) -> None:
    """A slip in the ID amends no stranger."""
    with pytest.raises(NameMismatchError):
        open_amending(rostered, clock=clock).amend(rostered, wish("E1", name="Jo Park"), by="anna")


def test_without_a_roster_the_nearest_mark_says_the_name(site: Site, amending: Amending) -> None:
    """Up to two months away, in either direction; a name that is typed goes before one of another day."""
    write_marks(
        site,
        "2026-07-01T08:00:00+01:00 E2 Jo Present",
        "2026-10-01T08:00:00+01:00 E1 Eva Present",
        "2026-11-22T08:00:00+00:00 E1 Ana Present",
    )

    written = [
        amending.amend(site, wish("e1", name=""), by="anna"),
        amending.amend(site, wish("e1", date(2026, 9, 30), name=""), by="anna"),
        amending.amend(site, wish("E1", date(2026, 11, 19), name="Zoë"), by="anna"),
    ]

    assert [(row.employee_id, row.name) for row in written] == [("E1", "Ana"), ("E1", "Eva"), ("E1", "Zoë")]
    with pytest.raises(InvalidInputError):
        amending.amend(site, wish("E2", name=""), by="anna")
    with pytest.raises(NameMismatchError):
        amending.amend(site, wish("E1", date(2026, 11, 22), name="Zoë"), by="anna")


# Again


def test_the_same_again_is_the_same_row(site: Site, amending: Amending, clock: HandClock) -> None:
    """Trying again is safe, and no row is doubled by a second click."""
    first = amending.amend(site, wish(), by="anna")
    clock.move(minutes=1)

    again = amending.amend(site, wish(), by="anna")

    assert again == first
    assert rows_in_file(site) == [first]


@pytest.mark.parametrize(
    "between", [{"status": "Absent"}, {"reason": "another"}, {"at": time(8, 55)}], ids=lambda value: next(iter(value))
)
def test_the_same_after_something_else_is_a_row(site: Site, amending: Amending, between: dict[str, Any]) -> None:
    """The last word counts, and is written."""
    amending.amend(site, wish(), by="anna")
    amending.amend(site, replace(wish(), **between), by="anna")

    amending.amend(site, wish(), by="anna")

    assert [row.number for row in rows_in_file(site)] == [2, 3, 4]


def test_others_are_not_in_between(site: Site, amending: Amending) -> None:
    """What is said of another employee, or of another day, does not come in between."""
    first = amending.amend(site, wish(), by="anna")
    amending.amend(site, wish("E2"), by="anna")
    amending.amend(site, wish(on=date(2026, 11, 19)), by="anna")
    amending.ask(site, wish(status="Absent"), by="kiosk front-door")

    assert amending.amend(site, wish(), by="anna") == first
    assert len(rows_in_file(site)) == 4


# Requests


def test_a_request_waits_and_changes_nothing(site: Site, amending: Amending) -> None:
    """Until somebody answers it."""
    asked = amending.ask(site, wish(), by="kiosk front-door")

    assert amending.requests(site) == [asked]
    assert (asked.action, asked.counts) == (AmendmentAction.REQUESTED, False)


def test_an_approved_request_counts(site: Site, amending: Amending) -> None:
    """The answer repeats what was asked for, and names the row of the request."""
    asked = amending.ask(site, wish(at=at("08:55")), by="kiosk front-door")

    answered = amending.approve(site, asked.number, by="anna")

    assert amending.requests(site) == []
    assert answered.counts
    assert answered == replace(asked, number=3, action=AmendmentAction.APPROVED, by="anna", reference=str(asked.number))
    assert rows_in_file(site) == [asked, answered]


def test_a_declined_request_counts_not(site: Site, amending: Amending) -> None:
    """It stands there with the reason."""
    asked = amending.ask(site, wish(), by="kiosk front-door")

    answered = amending.decline(site, asked.number, by="anna", reason="was seen at home")

    assert amending.requests(site) == []
    assert (answered.counts, answered.action, answered.reason) == (False, AmendmentAction.DECLINED, "was seen at home")
    with pytest.raises(InvalidInputError):
        amending.decline(site, asked.number, by="anna", reason="")


def test_a_request_is_answered_once(site: Site, amending: Amending) -> None:
    """And what is no request is not answered at all."""
    asked = amending.ask(site, wish(), by="kiosk front-door")
    amended = amending.amend(site, wish("E2"), by="anna")
    amending.approve(site, asked.number, by="anna")

    refusals = []
    for number in (asked.number, amended.number, 99, 0, -2):
        with pytest.raises(UnknownRequestError) as refused:
            amending.decline(site, number, by="jo", reason="no")
        refusals.append(refused.value.answered)

    assert refusals == [True, False, False, False, False]
    assert len(rows_in_file(site)) == 3


def test_who_asks_for_something_else_waits_for_the_answer(site: Site, amending: Amending) -> None:
    """One request about a day waits for HR; about another day another may."""
    first = amending.ask(site, wish(), by="kiosk front-door")

    with pytest.raises(AlreadyAskedError):
        amending.ask(site, wish("e1", status="Absent"), by="kiosk front-door")

    second = amending.ask(site, wish(on=date(2026, 11, 19)), by="kiosk front-door")
    assert amending.requests(site) == [first, second]


def test_who_asks_twice_has_one_request(site: Site, amending: Amending) -> None:
    """After an answer they may ask again."""
    first = amending.ask(site, wish(), by="kiosk front-door")
    again = amending.ask(site, wish(), by="kiosk front-door")
    other = amending.ask(site, wish("E2"), by="kiosk front-door")
    amending.decline(site, first.number, by="anna", reason="no")

    later = amending.ask(site, wish(), by="kiosk front-door")

    assert again == first
    assert amending.requests(site) == [other, later]


# What others see


def reported(site: Site, amending: Amending, clock: HandClock) -> Reporting:
    """Return the reports of a site as the server makes them."""
    marking = Marking(Registry(path=Path(), sites={site.site_id: site}), now=clock, report=ignore)
    return Reporting(
        Sources(ledger_of=marking.ledger, roster_of=marking.roster, amendments_of=amending.trail, now=clock)
    )


def test_a_day_is_as_amended_and_as_it_was_known(site: Site, amending: Amending, clock: HandClock) -> None:
    """As known before it was written, the mark stands; requests, answers and closings change nothing of that."""
    write_marks(site, "2026-11-20T09:30:00+00:00 E1 Ana Absent")
    before = clock()
    clock.move(hours=1)
    asked = amending.ask(site, wish(status=""), by="kiosk front-door")
    amending.decline(site, asked.number, by="anna", reason="no")
    between = clock()
    clock.move(hours=1)
    amending.amend(site, wish(), by="anna")
    amending.close(site, OCTOBER, by="anna")
    reporting = reported(site, amending, clock)

    seen = [reporting.day(site, FRIDAY, known_at=known).entries[0] for known in (before, between, None)]

    assert [(entry.status, entry.amended, len(entry.trail)) for entry in seen] == [
        ("Absent", False, 0),
        ("Absent", False, 2),
        ("Present", True, 3),
    ]


def test_another_process_reads_what_was_written(site: Site, amending: Amending, clock: HandClock) -> None:
    """Each reads only what is new, and both number alike."""
    other = open_amending(site, clock=clock)

    seen: list[list[int]] = []
    for number in range(3):
        amending.amend(site, wish(f"E{number}"), by="anna")
        other.amend(site, wish(f"F{number}"), by="jo")
        seen += [[row.number for row in one.trail(site)] for one in (amending, other)]

    assert seen == [numbers for last in (3, 5, 7) for numbers in [list(range(2, last + 1))] * 2]
    assert [row.employee_id for row in rows_in_file(site)] == ["E0", "F0", "E1", "F1", "E2", "F2"]


def test_looking_makes_no_file(site: Site, amending: Amending) -> None:
    """A site of which nothing was amended has none."""
    assert amending.trail(site) == ()
    assert amending.requests(site) == []
    assert amending.closing(site, OCTOBER) is None
    assert not site.csv_path.parent.exists()


def test_every_row_is_noted_once_in_the_audit(site: Site, amending: Amending) -> None:
    """Who did what, about whom; what was there already is no deed."""
    asked = amending.ask(site, wish(on=date(2026, 10, 5)), by="kiosk front-door")
    amending.ask(site, wish(on=date(2026, 10, 5)), by="kiosk front-door")
    amending.approve(site, asked.number, by="anna")
    amending.amend(site, wish(at=at("08:55")), by="anna")
    amending.amend(site, wish(at=at("08:55")), by="anna")
    closed = amending.close(site, OCTOBER, by="jo")
    amending.reopen(site, OCTOBER, by="jo", reason="payroll")
    with pytest.raises(InvalidInputError):
        amending.amend(site, wish(reason=""), by="anna")

    noted = list(read_audit(site.csv_path.parent / "logs"))

    names = ("action", "who", "site", "employee", "about", "wrote", "row", "reference")
    assert [tuple(event[name] for name in names) for event in noted] == [
        ("requested", "kiosk front-door", "london", "E1", "2026-10-05", "requested", 2, None),
        ("answered", "anna", "london", "E1", "2026-10-05", "approved", 3, "2"),
        ("amended", "anna", "london", "E1", "2026-11-20T08:55:00+00:00", "amended", 4, None),
        ("month_closed", "jo", "london", None, "2026-10", "closed", 5, closed.reference),
        ("month_reopened", "jo", "london", None, "2026-10", "reopened", 6, None),
    ]


def test_sites_have_files_of_their_own(make_site: Callable[..., Site], clock: HandClock) -> None:
    """What is amended in London says nothing of Kathmandu."""
    london, kathmandu = make_site(), make_site("kathmandu", "Asia/Kathmandu", statuses={"In": Kind.PRESENT})
    amending = open_amending(london, kathmandu, clock=clock)

    amending.amend(london, wish(), by="anna")
    amending.amend(kathmandu, wish(status="In"), by="anna")

    assert [len(amending.trail(one)) for one in (london, kathmandu)] == [1, 1]
    assert [row.status for row in (*rows_in_file(london), *rows_in_file(kathmandu))] == ["Present", "In"]


def test_a_closed_month_cannot_be_amended_asked_for_or_approved(site: Site, amending: Amending) -> None:
    """Not for a date of it, nor for a moment; the days around it can."""
    amending.close(site, OCTOBER, by="anna")
    last = date(2026, 10, 31)

    refused: list[Callable[[], Amendment]] = [
        lambda: amending.amend(site, wish(on=last), by="anna"),
        lambda: amending.amend(site, wish(on=last, at=at("23:59")), by="anna"),
        lambda: amending.ask(site, wish(on=date(2026, 10, 1)), by="kiosk front-door"),
    ]

    for attempt in refused:
        with pytest.raises(MonthClosedError, match="October 2026"):
            attempt()
    amending.amend(site, wish(on=date(2026, 11, 1), at=at("00:00")), by="anna")
    amending.amend(site, wish(on=date(2026, 9, 30)), by="anna")
    assert len(rows_in_file(site)) == 3


def test_the_night_after_the_last_of_the_month_belongs_to_it(make_site: Callable[..., Site], clock: HandClock) -> None:
    """Where the day turns at four, 01:30 of the first of November is closed with October."""
    site = make_site(day_start=time(4))
    amending = open_amending(site, clock=clock)
    asked = amending.ask(site, wish(on=date(2026, 10, 31), at=at("01:30")), by="kiosk front-door")
    amending.decline(site, asked.number, by="anna", reason="no")

    amending.close(site, OCTOBER, by="anna")

    with pytest.raises(MonthClosedError):
        amending.amend(site, wish(on=date(2026, 10, 31), at=at("01:30")), by="anna")
    amending.amend(site, wish(on=date(2026, 11, 1), at=at("04:00")), by="anna")
