"""Claims about a day that is followed: it tells each committed row once, no other, and what else changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import utc_now
from attendance.ledger import Ledger
from attendance.live import LiveDay, Place, Places, following
from attendance.live.following import MAX_MISSED_BYTES, MAX_TOLD
from attendance.live.places import MAX_PLACES_BYTES
from attendance.model import Amendment, AmendmentAction, Employee, Kind, Mark, MarkRequest, Moment, Plan, Site
from attendance.reporting import Reporting
from attendance.timesheet import OpenDay, day_sheet
from tests.conftest import HandClock, Incidents, build_site
from tests.live_kit import Listener, Office

WEEK = Plan(start_time=time(9), grace_minutes=10)
MONDAY = date(2026, 11, 23)
PROCESSES, ROUNDS = 2, 150


@pytest.fixture
def office(make_site: Callable[..., Site], clock: HandClock, incidents: Incidents) -> Office:
    """London, with a start at 09:00 and without a roster."""
    return Office(make_site(plan=WEEK), clock, incidents)


@pytest.fixture
def staffed(make_site: Callable[..., Site], tmp_path: Path, clock: HandClock, incidents: Incidents) -> Office:
    """London with a roster of three."""
    roster_path = tmp_path / "data" / "london.roster.csv"
    office = Office(make_site(plan=WEEK, roster_path=roster_path, visitors=True), clock, incidents)
    office.write_roster("E1,Ana Park", "E2,Jo Park", "E3,Kim Park")
    return office


def heard(office: Office, place: Place | None = None) -> tuple[LiveDay, Listener]:
    """Return a followed day and somebody who hears what happens from a place on."""
    day, listener = LiveDay(office.site, office.sources), Listener()
    day.watch(listener, place)
    return day, listener


def begun(office: Office) -> tuple[LiveDay, Listener]:
    """Return a followed day and somebody who has heard how it is now."""
    day, listener = heard(office)
    assert [kind for kind, _ in listener.take()] == ["board"]
    return day, listener


def test_whoever_begins_hears_the_totals_first(staffed: Office) -> None:
    """The date, how far the clock is from UTC, how many are what, and up to which byte."""
    staffed.mark("E1")

    _, listener = heard(staffed)

    assert listener.take() == [
        (
            "board",
            {
                "site": "london",
                "timezone": "Europe/London",
                "date": "2026-11-23",
                "offset_seconds": 0,
                "holiday": None,
                "totals": {"present": 1, "absent": 0, "late": 0, "not_marked": 2, "off": 0, "left": 0},
                "problem": None,
                "position": staffed.site.csv_path.stat().st_size,
            },
        )
    ]


def test_a_row_is_told_once_with_the_new_totals(staffed: Office) -> None:
    """With all that a page needs to show it."""
    staffed.clock.move(minutes=15)
    day, listener = begun(staffed)

    staffed.mark("E2", name="Jo Park")
    for _ in range(3):
        day.look()

    ((kind, body),) = listener.take()
    wanted = {
        "site": "london",
        "timestamp": "2026-11-23T09:15:03+00:00",
        "employee_id": "E2",
        "name": "Jo Park",
        "status": "Present",
        "kind": "present",
        "late": True,
        "visitor": False,
        "totals": {"present": 1, "absent": 0, "late": 1, "not_marked": 2, "off": 0, "left": 0},
        "position": staffed.site.csv_path.stat().st_size,
    }
    assert kind == "mark"
    assert {key: body[key] for key in wanted} == wanted


def test_who_left_is_told_as_a_part_of_who_was_present(make_site: Callable[..., Site], incidents: Incidents) -> None:
    """So a page can tell who is in now: the present ones but those who left."""
    statuses = {"Present": Kind.PRESENT, "Left": Kind.LEFT}
    office = Office(make_site(statuses=statuses), HandClock(), incidents)
    day, listener = begun(office)

    for employee_id, status in (("E1", "Present"), ("E2", "Present"), ("E1", "Left")):
        office.mark(employee_id, status=status)
        day.look()

    told = [body["totals"] for _, body in listener.take()]
    assert [(totals["present"], totals["left"]) for totals in told] == [(1, 0), (2, 0), (2, 1)]


def test_the_first_row_of_a_site_is_told_as_a_row(office: Office) -> None:
    """The file is made with it, and nothing else changed."""
    day, listener = begun(office)

    office.mark("E1")
    day.look()

    assert listener.kinds() == ["mark"]


def test_rows_of_one_flush_are_told_in_their_order(office: Office) -> None:
    """Each with the offset behind it."""
    day, listener = begun(office)

    office.mark("E1", "E2", "E3")
    day.look()

    rows = listener.take()
    lines = office.site.csv_path.read_bytes().splitlines(keepends=True)
    assert [body["employee_id"] for _, body in rows] == ["E1", "E2", "E3"]
    assert [body["position"] for _, body in rows] == [sum(map(len, lines[:count])) for count in (2, 3, 4)]


def test_a_row_that_is_not_committed_is_not_told(office: Office) -> None:
    """It stands in the file, whole, but a power cut could take it back: it is told when the lock file says so."""
    office.mark("E1")
    day, listener = begun(office)
    row = office.site.csv_path.read_bytes().splitlines(keepends=True)[1]

    with office.site.csv_path.open("ab") as file:
        file.write(row.replace(b"E1", b"E2"))
    for _ in range(3):
        day.look()
    early = listener.take()
    office.ledger.record([])  # the next writer takes over what stands there
    day.look()

    assert early == []
    assert [body["employee_id"] for _, body in listener.take()] == ["E2"]


def test_a_page_does_not_show_a_row_that_is_not_committed(office: Office) -> None:
    """Neither at first, nor where the day is begun anew."""
    office.mark("E1")
    row = office.site.csv_path.read_bytes().splitlines(keepends=True)[1]
    with office.site.csv_path.open("ab") as file:
        file.write(row.replace(b"E1", b"E2"))

    sheet = LiveDay(office.site, office.sources).shown().sheet

    assert sheet
    assert [entry.employee_id for entry in sheet.entries] == ["E1"]


def _mark_often(site: Site, number: int) -> None:
    """Mark many people, each in a flush of their own; the body of a process."""
    ledger = Ledger(site, now=utc_now, report=lambda _: None)
    for round_number in range(ROUNDS):
        ledger.record([MarkRequest(employee_id=f"P{number}.{round_number}", name="Ana", status="Present")])


def test_no_row_of_any_process_is_missed_or_told_twice(make_site: Callable[..., Site], incidents: Incidents) -> None:
    """Also where commits follow each other within one tick of the clock of files: in the end nothing is left over."""
    office = Office(make_site(), HandClock(utc_now()), incidents)
    office.mark("E0")
    day, listener = begun(office)
    context = get_context("fork")
    writers = [context.Process(target=_mark_often, args=(office.site, number)) for number in range(PROCESSES)]

    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        day.look()
    for writer in writers:
        writer.join()
    day.look()

    rows = listener.take()
    told = [body["employee_id"] for kind, body in rows if kind == "mark"]
    lines = office.site.csv_path.read_bytes().decode().splitlines()[2:]
    assert len(told) == PROCESSES * ROUNDS
    assert told == [line.split(",")[1] for line in lines]


@pytest.mark.parametrize("what", ["roster", "amendments", "day", "file"])
def test_what_else_changes_is_told_with_the_new_totals(staffed: Office, what: str) -> None:
    """Whoever shows names reads the day again."""
    staffed.mark("E1")
    day, listener = begun(staffed)

    change(staffed, what)
    day.look(patiently=True)
    day.look()

    ((kind, body),) = listener.take()
    assert (kind, body["what"]) == ("changed", what)
    totals = day.shown().sheet
    assert totals
    assert body["totals"]["present"] == totals.totals.present
    staffed.mark("E3", name="Kim Park")
    day.look()
    assert listener.kinds() == ["mark"]


def change(office: Office, what: str) -> None:
    """Change something other than by a mark."""
    path = office.site.csv_path
    if what == "roster":
        office.write_roster("E1,Ana Park", "E3,Kim Park")
    elif what == "day":
        office.clock.move(days=1)
    elif what == "file":
        path.write_bytes(path.read_bytes().replace(b"Ana", b"Eva"))
        office.ledger.record([])
    else:
        other = Office(replace(office.site, csv_path=path.with_suffix(".amendments.csv")), office.clock, Incidents())
        other.mark("E2", status="Absent")  # another log beside the ledger, as amendments are
        office.amendments.append(amendment(office.clock()))


def amendment(at: datetime) -> Amendment:
    """Return what HR says of Monday: E2 was absent."""
    return Amendment(
        number=2,
        written=Moment(at=at, utc_offset=timedelta()),
        action=AmendmentAction.AMENDED,
        about=MONDAY,
        employee_id="E2",
        name="Jo Park",
        status="Absent",
        by="hr",
        reason="ill",
        reference="",
    )


def test_an_amendment_shows_in_the_totals(staffed: Office) -> None:
    """As in every sheet."""
    day, listener = begun(staffed)

    change(staffed, "amendments")
    day.look()

    assert listener.take()[0][1]["totals"] == {
        "present": 0,
        "absent": 1,
        "late": 0,
        "not_marked": 2,
        "off": 0,
        "left": 0,
    }


def test_a_broken_roster_is_told_once_and_so_is_its_end(staffed: Office) -> None:
    """With its code; the totals cannot be told meanwhile."""
    day, listener = begun(staffed)
    assert staffed.site.roster_path

    staffed.site.roster_path.write_text("nonsense", encoding="utf-8")
    for _ in range(2):
        day.look()
    broken = listener.take()
    staffed.write_roster("E1,Ana Park")
    day.look()

    assert [(body["what"], body["problem"], body["totals"]) for _, body in broken] == [
        ("problem", "roster_invalid", None)
    ]
    ((_, mended),) = listener.take()
    assert (mended["what"], mended["problem"], mended["totals"]["not_marked"]) == ("problem", None, 1)


def test_a_roster_that_is_gone_is_a_problem(staffed: Office) -> None:
    """Nobody is taken for missing, or for a stranger, while it cannot be told."""
    day, listener = begun(staffed)
    assert staffed.site.roster_path

    staffed.site.roster_path.unlink()
    day.look()

    assert [body["problem"] for _, body in listener.take()] == ["roster_invalid"]


def test_a_ledger_that_cannot_be_told_for_long_is_a_problem(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit or a repair takes a moment, and is no news; nothing is mended or waited for by looking."""
    office.mark("E1")
    day, listener = begun(office)
    path = office.site.csv_path
    aside = path.with_suffix(".aside")

    path.rename(aside)
    path.mkdir()
    day.look()
    at_once = listener.take()
    monkeypatch.setattr(following, "PATIENCE_SECONDS", 0.0)
    for _ in range(2):
        day.look()
    later = listener.take()
    path.rmdir()
    aside.rename(path)
    day.look()

    assert at_once == []
    assert [(body["what"], body["problem"]) for _, body in later] == [("problem", "storage_busy")]
    assert [(body["what"], body["problem"]) for _, body in listener.take()] == [("problem", None)]


def test_more_rows_than_anybody_reads_are_told_as_a_change(office: Office) -> None:
    """As where an earlier system's rows were brought in."""
    day, listener = begun(office)

    office.mark(*(f"E{number}" for number in range(MAX_TOLD + 1)))
    day.look()

    assert listener.kinds() == ["many"]


def test_whoever_comes_again_hears_what_they_missed(office: Office) -> None:
    """Every row from that place on, once; also from another process, and after a restart."""
    office.mark("E1")
    day, _ = begun(office)
    place = day.shown().place
    office.mark("E2")
    office.mark("E2", "E3", status="Absent")

    _, listener = heard(Office(office.site, office.clock, office.incidents), place)

    rows = listener.take()
    assert [(kind, body["employee_id"]) for kind, body in rows] == [("mark", "E2"), ("mark", "E2"), ("mark", "E3")]
    assert {body["kind"] for _, body in rows} == {"absent"}  # what they are now
    assert rows[-1][1]["position"] == office.site.csv_path.stat().st_size


def test_whoever_missed_nothing_hears_nothing(office: Office) -> None:
    """They are where they were."""
    office.mark("E1")
    day, _ = begun(office)

    _, listener = heard(office, day.shown().place)

    assert listener.take() == []


@pytest.mark.parametrize("what", ["roster", "amendments", "day", "file"])
def test_whoever_missed_a_change_hears_the_totals(staffed: Office, what: str) -> None:
    """And reads the day again."""
    staffed.mark("E1")
    day, _ = begun(staffed)
    place = day.shown().place

    change(staffed, what)
    _, listener = heard(staffed, place)

    assert listener.kinds() == ["board"]


@pytest.mark.parametrize("offset", [1, 33, 35, 36, 81, 10**9, 0xFFFFFFFFFFFF])
def test_a_place_that_was_made_up_shows_no_half_row(office: Office, offset: int) -> None:
    """It is answered with the totals, and no line is taken for one that something else changed."""
    office.mark("E1", "E2")
    day, _ = begun(office)

    _, listener = heard(office, replace(day.shown().place, offset=offset))

    assert listener.kinds() == ["board"]
    assert office.incidents.codes == []


def test_whoever_missed_very_much_hears_the_totals(office: Office) -> None:
    """More than 64 KiB."""
    office.mark("E1")
    day, _ = begun(office)
    place = day.shown().place

    for number in range(8):
        office.mark(*(f"E{number}.{one}" for one in range(200)))
    _, listener = heard(office, place)

    assert office.site.csv_path.stat().st_size - place.offset > MAX_MISSED_BYTES
    assert listener.kinds() == ["board"]


def test_whoever_left_hears_nothing_more(office: Office) -> None:
    """And nobody watches then."""
    day, listener = begun(office)

    day.forget(listener)
    office.mark("E1")
    day.look()

    assert listener.take() == []
    assert not day.is_heard


def test_a_live_day_is_what_reports_say(staffed: Office) -> None:
    """The same entries, in the same order, whether it was followed or read."""
    day, _ = begun(staffed)
    for employee_id, status in (("E3", "Absent"), ("E1", "Present"), ("E3", "Present")):
        staffed.clock.move(minutes=9)
        staffed.mark(employee_id, status=status, name="Ana Park" if employee_id == "E1" else "Kim Park")
        day.look()
    change(staffed, "amendments")

    reporting = Reporting(staffed.sources)

    assert day.shown().sheet == reporting.day(staffed.site, MONDAY)


_SITE = build_site(statuses={"Present": Kind.PRESENT, "Absent": Kind.ABSENT, "Left": Kind.LEFT}, plan=WEEK)
_TIMES = st.datetimes(datetime(2026, 11, 22, 22), datetime(2026, 11, 24, 2)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001  # the next word makes it UTC
_MARKS = st.lists(
    st.builds(
        Mark,
        marked_at=_TIMES.map(lambda at: at.replace(microsecond=0)),
        utc_offset=st.sampled_from([timedelta(), timedelta(hours=1)]),
        employee_id=st.sampled_from(["E1", "e1", "E2", "V1"]),
        name=st.just("Ana"),
        status=st.sampled_from(["Present", "Absent", "Left", "Gone"]),
    )
)


@given(_MARKS.map(lambda marks: sorted(marks, key=lambda mark: mark.marked_at)), st.booleans(), st.lists(st.booleans()))
def test_a_day_that_goes_on_is_at_any_time_what_a_day_is(
    marks: list[Mark],
    has_roster: bool,  # noqa: FBT001  # drawn
    amended: list[bool],
) -> None:
    """Mark by mark it is the sheet of the marks so far."""
    roster = {one.casefold(): Employee(employee_id=one, name="Ana") for one in ("E1", "E9")} if has_roster else None
    spoken = amendment(datetime(2026, 11, 23, tzinfo=UTC))
    trail = [spoken if today else replace(spoken, about=date(2026, 11, 22)) for today in amended]
    day = OpenDay(_SITE, MONDAY, roster, trail)

    for count, mark in enumerate(marks, start=1):
        day.add(mark)
        wanted = day_sheet(_SITE, MONDAY, marks[:count], roster, trail)
        assert day.sheet() == wanted
        assert day.totals_now == wanted.totals_now


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**47)),
        max_size=40,
    )
)
def test_places_are_read_as_they_were_written(found: dict[str, tuple[int, int]]) -> None:
    """For the same sites in the same order, and for no others."""
    places = Places(by_site={key: Place(edition=edition, offset=offset) for key, (edition, offset) in found.items()})
    site_ids = list(found)

    assert Places.read(str(places), site_ids) == places
    assert Places.read(str(places), [*site_ids, "other"]) == Places(by_site={})


@pytest.mark.parametrize("text", ["", "-", "0", "x" * 10_000, "1-2-3", "-1.1", "0-1.1-\n"])
def test_places_that_are_none_are_no_places(text: str) -> None:
    """Whoever sends them begins anew."""
    assert Places.read(text, ["london"]) == Places(by_site={})


def test_places_that_would_not_fit_into_a_header_are_not_sent() -> None:
    """Two hundred sites fit."""
    many = {f"site-{number}": Place(edition=2**32 - 1, offset=2**32 - 1) for number in range(400)}

    assert str(Places(by_site=many)) == ""
    assert 0 < len(str(Places(by_site=dict(list(many.items())[:200])))) <= MAX_PLACES_BYTES


def test_an_unreadable_file_is_told(office: Office) -> None:
    """What stands in its place is no file; with the code that a mark would get."""
    office.site.csv_path.parent.mkdir()
    office.site.csv_path.mkdir()

    _, listener = heard(office)

    ((_, body),) = listener.take()
    assert (body["problem"], body["totals"]) == ("ledger_damaged", None)
    assert not list(office.site.csv_path.iterdir())
