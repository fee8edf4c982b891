"""Claims about the day of one employee: their own marks as recorded, what it was before, and whose an ID is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from attendance.codec import HEADER, encode
from attendance.ledger import Ledger
from attendance.model import Amendment, AmendmentAction, Employee, Mark, Moment, Site
from attendance.reporting import Reporting, Sources
from attendance.roster import Roster
from attendance.timesheet import State
from tests.conftest import HandClock, Incidents

FRIDAY = date(2026, 11, 20)
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)


def mark(employee_id: str, status: str = "Present", *, at: datetime = NINE) -> Mark:
    """Return a mark of somebody in London."""
    return Mark(marked_at=at, utc_offset=timedelta(), employee_id=employee_id, name="Ana", status=status)


def amended(number: int, status: str, employee_id: str = "E1") -> Amendment:
    """Return an amendment of the whole Friday."""
    return Amendment(
        number=number,
        written=Moment(at=NINE + timedelta(days=number), utc_offset=timedelta()),
        action=AmendmentAction.AMENDED,
        about=FRIDAY,
        employee_id=employee_id,
        name="Ana",
        status=status,
        by="hana",
        reason="was ill",
        reference="",
    )


Tell = Callable[..., Reporting]


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """London."""
    return make_site()


@pytest.fixture
def tell(site: Site, clock: HandClock, incidents: Incidents) -> Tell:
    """Return a maker of what tells of London, by marks, amendments, and the IDs on its roster, if it has one."""

    def make(*marks: Mark, amendments: tuple[Amendment, ...] = (), roster: tuple[str, ...] | None = None) -> Reporting:
        site.csv_path.parent.mkdir(exist_ok=True)
        site.csv_path.write_bytes(HEADER + b"".join(map(encode, marks)))
        ledger = Ledger(site, now=clock, report=incidents)
        ledger.record([])  # as after a start: the file is in use
        people = {one.casefold(): Employee(employee_id=one, name="Ana") for one in roster or ()}
        known = None if roster is None else Roster(employees=people)
        return Reporting(
            Sources(
                ledger_of=lambda _: ledger, roster_of=lambda _: known, amendments_of=lambda _: amendments, now=clock
            )
        )

    return make


def test_the_marks_are_those_of_the_employee_as_recorded(site: Site, tell: Tell) -> None:
    """Not of others, not of other days; amendments change the entry, and never the marks."""
    own = [mark("E1"), mark("E1", "Absent", at=NINE + timedelta(hours=8))]
    others = [mark("E2", at=NINE + timedelta(hours=9)), mark("E1", at=NINE + timedelta(days=1))]

    told = tell(*own, *others, amendments=(amended(2, "Present"),)).person_day(site, FRIDAY, "E1")

    assert told.marks == own
    assert told.entry
    assert (told.entry.status, told.name) == ("Present", "Ana")


def test_before_an_amendment_the_day_was_what_it_was(site: Site, tell: Tell) -> None:
    """By the numbers of the rows: the one that is asked about and later ones do not count."""
    reporting = tell(mark("E1"), amendments=(amended(2, "Absent"), amended(3, ""), amended(4, "Present")))

    states = [reporting.person_day(site, FRIDAY, "E1", before=number).entry for number in (2, 3, 4, 5)]

    assert [one.state for one in states if one] == [State.PRESENT, State.ABSENT, State.NOT_MARKED, State.PRESENT]


def test_on_a_roster_an_id_has_one_owner_in_any_case(site: Site, tell: Tell) -> None:
    """Without a roster two spellings are two people."""
    marks = [mark("E1"), mark("e1", at=NINE + timedelta(hours=1))]

    with_roster = tell(*marks, roster=("E1",)).person_day(site, FRIDAY, "e1")
    without = tell(*marks).person_day(site, FRIDAY, "e1")

    assert with_roster.marks == marks
    assert without.marks == marks[1:]


def test_of_nobody_nothing_is_known(site: Site, tell: Tell) -> None:
    """Neither a name nor an entry; who is on the roster and did not mark has both."""
    reporting = tell(mark("E1"), roster=("E1", "E2"))

    nobody, silent = reporting.person_day(site, FRIDAY, "E9"), reporting.person_day(site, FRIDAY, "E2")

    assert (nobody.employee, nobody.entry, nobody.name) == (None, None, "")
    assert silent.entry
    assert (silent.entry.state, silent.name) == (State.NOT_MARKED, "Ana")


def test_several_are_told_as_one_by_one(site: Site, tell: Tell) -> None:
    """In the order in which they are asked for, also the same one twice."""
    amendments = (amended(2, "Absent", "E2"), amended(3, "Present", "E3"))
    reporting = tell(mark("E1"), mark("E2"), amendments=amendments, roster=("E1", "E2"))
    wanted = ["E2", "E1", "E9", "E3", "e2"]

    told = reporting.people_day(site, FRIDAY, wanted, before=3)

    assert told == [reporting.person_day(site, FRIDAY, one, before=3) for one in wanted]
    assert [one.entry.status if one.entry else None for one in told] == ["Absent", "Present", None, None, "Absent"]


def test_who_is_not_on_the_roster_is_a_visitor(site: Site, tell: Tell) -> None:
    """Where there is no roster nobody is."""
    with_roster = tell(mark("V1"), roster=("E1",)).person_day(site, FRIDAY, "V1")
    without = tell(mark("V1")).person_day(site, FRIDAY, "V1")

    assert [one.entry.visitor for one in (with_roster, without) if one.entry] == [True, False]


def test_around_a_move_to_another_zone_rows_count_by_their_own_offsets(site: Site, tell: Tell) -> None:
    """What was marked in Kathmandu on Thursday evening, is not of Friday."""
    east = timedelta(hours=5, minutes=45)
    thursday = Mark(
        marked_at=NINE - timedelta(hours=16), utc_offset=east, employee_id="E1", name="Ana", status="Absent"
    )

    told = tell(thursday, mark("E1")).person_day(site, FRIDAY, "E1")

    assert told.marks == [mark("E1")]
