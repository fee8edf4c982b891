"""Whoever marks is who they say, belongs where they mark, and is recorded once; everybody else learns why not."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

from attendance.clock import Clock
from attendance.errors import (
    AmbiguousSiteError,
    AttendanceError,
    InvalidInputError,
    LedgerError,
    NameMismatchError,
    OutsideNetworkError,
    RosterError,
    UnknownEmployeeError,
)
from attendance.marking import Marking
from attendance.model import Kind, Mark, MarkingRule, MarkRequest, Recorded, Site
from attendance.registry import Registry
from tests.conftest import HandClock

MakeSite = Callable[..., Site]
OpenMarking = Callable[..., Marking]

INSIDE = ip_address("10.20.3.7")
OUTSIDE = ip_address("192.0.2.1")
OFFICE = (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))


@pytest.fixture
def open_marking(tmp_path: Path, clock: Clock, incidents: Callable[..., None]) -> Iterator[OpenMarking]:
    """Return a maker of the use case over sites; what it holds is let go at the end."""
    opened: list[Marking] = []

    def open_for(*sites: Site) -> Marking:
        registry = Registry(path=tmp_path / "sites.yaml", sites={site.site_id: site for site in sites})
        marking = Marking(registry, now=clock, report=incidents)
        opened.append(marking)
        return marking

    yield open_for
    for marking in opened:
        asyncio.run(marking.close())


@pytest.fixture
def with_roster(tmp_path: Path, make_site: MakeSite) -> MakeSite:
    """Return a maker of sites with a roster, whose rows follow the site ID."""

    def make(site_id: str, *rows: str, **changes: object) -> Site:
        path = tmp_path / f"{site_id}.roster.csv"
        path.write_text("".join(f"{row}\n" for row in ("Employee_ID,Name", *rows)))
        return make_site(site_id, roster_path=path, **changes)

    return make


def ask(employee_id: str, name: str = "", status: str = "Present") -> MarkRequest:
    """Return what somebody sends."""
    return MarkRequest(employee_id=employee_id, name=name, status=status)


def recorded(marking: Marking, site: Site, request: MarkRequest) -> Mark:
    """Return the mark that was recorded for a request."""
    [outcome] = marking.record(site, [request])
    assert isinstance(outcome, Recorded)
    return outcome.mark


def refused(marking: Marking, site: Site, request: MarkRequest) -> AttendanceError:
    """Return why a request was refused, after making sure that nothing was recorded for it."""
    before = marking.ledger(site).board()
    [outcome] = marking.record(site, [request])
    assert isinstance(outcome, AttendanceError)
    assert marking.ledger(site).board() == before
    return outcome


def rows(site: Site) -> list[str]:
    """Return what stands in a ledger behind the timestamps."""
    return [line.partition(",")[2] for line in site.csv_path.read_text().splitlines()[1:]]


# Who it is


def test_without_a_roster_everybody_is_recorded_as_they_typed(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """The ID and the name are put in order and written down."""
    site = make_site()
    marking = open_marking(site)

    mark = recorded(marking, site, ask(" E1 ", "  Ana   Martín "))

    assert (mark.employee_id, mark.name, mark.status) == ("E1", "Ana Martín", "Present")
    assert rows(site) == ["E1,Ana Martín,Present"]


def test_without_a_roster_a_name_is_needed(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Nobody else can say who it was."""
    site = make_site()

    error = refused(open_marking(site), site, ask("E1"))

    assert isinstance(error, InvalidInputError)
    assert error.fields == {"name": "Enter your name."}


@pytest.mark.parametrize("name", ["", "   ", "ana", "MARTIN, Ana", "Ana Martín", "Ana  Martin"])
@pytest.mark.parametrize("employee_id", ["E1a", "e1A", " E1A "])
def test_with_a_roster_its_own_spelling_is_recorded(
    open_marking: OpenMarking, with_roster: MakeSite, employee_id: str, name: str
) -> None:
    """However somebody types the ID and the name, or leaves the name out: one person has one spelling."""
    site = with_roster("london", "E1a,Ana Martín")
    marking = open_marking(site)

    mark = recorded(marking, site, ask(employee_id, name))

    assert (mark.employee_id, mark.name) == ("E1a", "Ana Martín")


def test_with_a_roster_two_spellings_are_one_mark(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """A second mark of the same person is a repeat, whatever the case of the ID."""
    site = with_roster("london", "E1,Ana")
    marking = open_marking(site)

    first, second = marking.record(site, [ask("E1"), ask("e1", "ANA")])

    assert isinstance(first, Recorded)
    assert isinstance(second, Recorded)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.mark == second.mark
    assert rows(site) == ["E1,Ana,Present"]


def test_the_name_of_somebody_else_is_refused(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """A slip in the ID does not mark a colleague."""
    site = with_roster("london", "E1,Ana Martín", "E2,Jo Park")

    error = refused(open_marking(site), site, ask("E1", "Jo Park"))

    assert isinstance(error, NameMismatchError)


@pytest.mark.parametrize("visitors", [False, True])
def test_an_id_that_no_roster_knows_is_refused(
    open_marking: OpenMarking, with_roster: MakeSite, *, visitors: bool
) -> None:
    """Where there is a roster, only those on it may mark, and visitors are on another one."""
    site = with_roster("london", "E1,Ana", visitors=visitors)
    marking = open_marking(site, with_roster("paris", "E2,Jo"))

    error = refused(marking, site, ask("E3", "Ana"))

    assert isinstance(error, UnknownEmployeeError)


def test_a_site_that_the_registry_does_not_hold_still_has_its_roster(
    open_marking: OpenMarking, with_roster: MakeSite, make_site: MakeSite
) -> None:
    """A roster is never passed over, not even for a site that came later."""
    late = with_roster("london", "E1,Ana")
    marking = open_marking(make_site("paris"))

    assert isinstance(refused(marking, late, ask("E2", "Bob")), UnknownEmployeeError)
    assert recorded(marking, late, ask("E1")).name == "Ana"


def test_a_broken_roster_records_nobody(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Whether somebody may mark cannot be told, so nobody is guessed."""
    site = with_roster("london", "E1,Ana", "E1,Bob")

    error = refused(open_marking(site), site, ask("E1", "Ana"))

    assert isinstance(error, RosterError)


# Visitors


def test_a_visitor_is_recorded_as_the_home_site_spells_them(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Somebody from another site marks with the ID alone."""
    site = with_roster("london", "E1,Ana", visitors=True)
    marking = open_marking(site, with_roster("paris", "P9,Zoë"))

    mark = recorded(marking, site, ask("p9"))

    assert (mark.employee_id, mark.name) == ("P9", "Zoë")


def test_without_visitors_somebody_from_another_site_is_refused(
    open_marking: OpenMarking, with_roster: MakeSite
) -> None:
    """A site takes visitors only where its block says so."""
    site = with_roster("london", "E1,Ana")
    marking = open_marking(site, with_roster("paris", "P9,Zoë"))

    assert isinstance(refused(marking, site, ask("P9", "Zoë")), UnknownEmployeeError)


def test_an_id_of_ones_own_roster_is_never_a_visitors(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """At home the own roster decides, whoever else has the same ID."""
    site = with_roster("london", "E1,Ana", visitors=True)
    marking = open_marking(with_roster("paris", "E1,Bob"), site)

    assert recorded(marking, site, ask("E1")).name == "Ana"
    assert isinstance(refused(marking, site, ask("E1", "Bob")), NameMismatchError)


def test_an_id_of_two_people_needs_the_name(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Two sites gave one ID to two people: the visitor has to say who they are."""
    site = with_roster("london", visitors=True)
    marking = open_marking(site, with_roster("paris", "E1,Ana"), with_roster("oslo", "E1,Bob"))

    error = refused(marking, site, ask("E1"))

    assert isinstance(error, InvalidInputError)
    assert list(error.fields) == ["name"]
    assert recorded(marking, site, ask("E1", "bob")).name == "Bob"


def test_a_name_that_fits_two_people_decides_for_neither(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Ana may be Ana López or Ana Martín, in whatever order the sites stand."""
    site = with_roster("london", visitors=True)
    others = [with_roster(f"site-{name[4:6]}", f"E1,{name}") for name in ("Ana Xu", "Ana López", "Ana Martín")]
    vague = with_roster("vague", "E1,Ana")
    marking = open_marking(site, vague, *others)

    assert isinstance(refused(marking, site, ask("E1", "Ana")), InvalidInputError)
    assert isinstance(refused(marking, site, ask("E1")), InvalidInputError)


def test_two_visitors_with_one_id_are_never_one_mark(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """The second of them is refused, and is not told that the first one's mark is theirs."""
    home, away = with_roster("paris", "E1,Ana López"), with_roster("rome", "E1,Bob Stone")
    site = with_roster("london", "E9,Jo Park", visitors=True)
    marking = open_marking(home, away, site)
    recorded(marking, site, ask("E1", "Ana López"))

    [outcome] = marking.record(site, [ask("E1", "Bob Stone")])

    assert isinstance(outcome, NameMismatchError)
    assert rows(site) == ["E1,Ana López,Present"]


def test_one_person_on_two_rosters_is_one_person(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Somebody who works at two sites visits a third without a question."""
    site = with_roster("london", visitors=True)
    marking = open_marking(site, with_roster("paris", "E1,Ana Martín"), with_roster("oslo", "E1,MARTIN Ana"))

    assert recorded(marking, site, ask("E1")).name == "Ana Martín"


def test_a_visitor_with_the_name_of_nobody_is_refused(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """An ID that belongs to others, under a name that none of them has."""
    site = with_roster("london", visitors=True)
    marking = open_marking(site, with_roster("paris", "E1,Ana"), with_roster("oslo", "E1,Bob"))

    assert isinstance(refused(marking, site, ask("E1", "Cy")), NameMismatchError)


def test_a_broken_roster_of_another_site_does_not_hurt(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Employees and visitors go on; only those of the broken roster are unknown."""
    site = with_roster("london", "E1,Ana", visitors=True)
    marking = open_marking(with_roster("oslo", "broken"), site, with_roster("paris", "P9,Zoë"))

    assert recorded(marking, site, ask("E1")).name == "Ana"
    assert recorded(marking, site, ask("P9")).name == "Zoë"
    assert isinstance(refused(marking, site, ask("O5")), UnknownEmployeeError)


# What was sent


def test_all_wrong_fields_are_named_at_once_and_never_repeated(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Whoever sent it sees everything to mend, in words, and nothing of what was sent."""
    site = make_site()

    error = refused(open_marking(site), site, ask("<id>", "<name>\0", "<status>"))

    assert isinstance(error, InvalidInputError)
    assert list(error.fields) == ["employee_id", "name", "status"]
    assert error.fields["status"] == "Choose Present or Absent."
    assert "<" not in str(error)
    assert all(message in str(error) for message in error.fields.values())


def test_wrong_fields_are_named_before_the_roster_is_asked(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """With a roster the name may be left out, and a wrong one is still refused as such."""
    site = with_roster("london", "E1,Ana")
    marking = open_marking(site)

    error = refused(marking, site, ask("", "=1+1", ""))

    assert isinstance(error, InvalidInputError)
    assert list(error.fields) == ["employee_id", "name", "status"]


@pytest.mark.parametrize("status", ["", "present", "Present ", "Gone", "left", "Present\n"])
def test_a_status_that_the_site_does_not_have_is_refused(
    open_marking: OpenMarking, make_site: MakeSite, status: str
) -> None:
    """A status is one of the site's labels, to the letter."""
    site = make_site()

    error = refused(open_marking(site), site, ask("E1", "Ana", status))

    assert isinstance(error, InvalidInputError)
    assert list(error.fields) == ["status"]


def test_each_site_has_its_own_statuses(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """The labels are the site's, and so is what is said when one is wrong."""
    site = make_site(statuses={"In": Kind.PRESENT, "Out": Kind.LEFT, "Sick": Kind.ABSENT})
    marking = open_marking(site)

    assert recorded(marking, site, ask("E1", "Ana", "Out")).status == "Out"
    assert str(refused(marking, site, ask("E1", "Ana"))) == "Not recorded. Choose In or Out or Sick."


def test_one_bad_request_in_a_group_does_not_disturb_the_others(
    open_marking: OpenMarking, with_roster: MakeSite
) -> None:
    """Everybody in a group has their own outcome, in the order of the requests."""
    site = with_roster("london", "E1,Ana", "E2,Bob", "E3,Cy")
    requests = [ask("E1"), ask("?"), ask("E2"), ask("E9"), ask("E3", "Ana"), ask("E3")]

    outcomes = open_marking(site).record(site, requests)

    assert [type(outcome) for outcome in outcomes] == [
        Recorded,
        InvalidInputError,
        Recorded,
        UnknownEmployeeError,
        NameMismatchError,
        Recorded,
    ]
    assert [outcome.mark.name for outcome in outcomes if isinstance(outcome, Recorded)] == ["Ana", "Bob", "Cy"]
    assert rows(site) == ["E1,Ana,Present", "E2,Bob,Present", "E3,Cy,Present"]


def test_a_group_of_bad_requests_does_not_touch_the_ledger(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Nonsense costs no lock and no flush, and makes no file."""
    site = make_site()

    open_marking(site).record(site, [ask("?", "Ana"), ask("E1", "?")])

    assert not site.csv_path.exists()


def test_a_ledger_that_cannot_be_written_stops_the_whole_group(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """What stops one stops all, so it is raised once."""
    site = make_site()
    site.csv_path.mkdir(parents=True)

    with pytest.raises(LedgerError):
        open_marking(site).record(site, [ask("E1", "Ana"), ask("E2", "Bob")])


def test_a_site_has_one_ledger(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Whoever asks for it gets the same one."""
    site = make_site()
    marking = open_marking(site)

    assert marking.ledger(site) is marking.ledger(site)


# From where


@pytest.mark.parametrize(
    "address",
    [
        INSIDE,
        ip_address("10.20.0.0"),
        ip_address("10.20.255.255"),
        ip_address("::ffff:10.20.3.7"),
        ip_address("fd00::1"),
    ],
    ids=str,
)
def test_a_mark_from_inside_the_networks_is_recorded(
    open_marking: OpenMarking, make_site: MakeSite, address: IPv4Address | IPv6Address
) -> None:
    """IPv4 counts as IPv4 also where it comes through an IPv6 socket."""
    site = make_site(networks=OFFICE)
    marking = open_marking(site)

    outcome = asyncio.run(marking.mark(site, ask("E1", "Ana"), address))

    assert outcome.mark.name == "Ana"


@pytest.mark.parametrize(
    "address",
    [OUTSIDE, ip_address("10.21.0.0"), ip_address("::ffff:192.0.2.1"), ip_address("2001:db8::1"), None],
    ids=str,
)
def test_a_mark_from_outside_the_networks_is_refused(
    open_marking: OpenMarking, make_site: MakeSite, address: IPv4Address | IPv6Address | None
) -> None:
    """Nothing is recorded from elsewhere, nor from an address that nobody knows."""
    site = make_site(networks=OFFICE)
    marking = open_marking(site)

    with pytest.raises(OutsideNetworkError):
        asyncio.run(marking.mark(site, ask("E1", "Ana"), address))

    assert not site.csv_path.exists()


@pytest.mark.parametrize("address", [OUTSIDE, None], ids=str)
def test_a_site_without_networks_takes_marks_from_everywhere(
    open_marking: OpenMarking, make_site: MakeSite, address: IPv4Address | IPv6Address | None
) -> None:
    """No networks means no limit."""
    site = make_site()
    marking = open_marking(site)

    outcome = asyncio.run(marking.mark(site, ask("E1", "Ana"), address))

    assert not outcome.repeated


def test_an_open_site_takes_marks_from_outside_its_networks(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Its networks only serve to find it."""
    site = make_site(networks=OFFICE, marking=MarkingRule.OPEN)
    marking = open_marking(site)

    outcome = asyncio.run(marking.mark(site, ask("E1", "Ana"), OUTSIDE))

    assert outcome.mark.name == "Ana"
    assert marking.sites_at(INSIDE) == [site]


@pytest.mark.parametrize("rule", [rule for rule in MarkingRule if rule is not MarkingRule.OPEN])
def test_every_other_rule_keeps_to_the_networks_too(
    open_marking: OpenMarking, make_site: MakeSite, rule: MarkingRule
) -> None:
    """A kiosk that was carried home takes no marks, and neither does a phone there."""
    site = make_site(networks=OFFICE, marking=rule)
    marking = open_marking(site)

    with pytest.raises(OutsideNetworkError):
        asyncio.run(marking.mark(site, ask("E1", "Ana"), OUTSIDE))

    assert not site.csv_path.exists()


def test_the_sites_of_an_address_are_those_with_it_in_a_network(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Networks may overlap; a site without networks is not said to be anywhere."""
    london = make_site("london", networks=OFFICE)
    paris = make_site("paris", networks=(ip_network("10.20.3.0/24"), ip_network("192.0.2.0/24")))
    marking = open_marking(london, paris, make_site("oslo"))

    assert marking.sites_at(INSIDE) == [london, paris]
    assert marking.sites_at(ip_address("::ffff:10.20.3.7")) == [london, paris]
    assert marking.sites_at(OUTSIDE) == [paris]
    assert marking.sites_at(ip_address("198.51.100.1")) == []
    assert marking.sites_at(None) == []


# Which site is meant


def test_the_roster_that_knows_an_id_says_which_site_is_meant(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Whoever is on one roster belongs there, from wherever they ask."""
    paris = with_roster("paris", "P9,Zoë")
    marking = open_marking(with_roster("london", "E1,Ana", networks=OFFICE), paris)

    assert marking.resolve_site(" p9 ", INSIDE) is paris
    assert marking.resolve_site("P9", None) is paris


def test_an_id_on_two_rosters_is_resolved_by_the_network(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Somebody who belongs to two sites is where they are."""
    london = with_roster("london", "E1,Ana", networks=OFFICE)
    marking = open_marking(london, with_roster("paris", "E1,Ana", networks=(ip_network("192.0.2.0/24"),)))

    assert marking.resolve_site("E1", INSIDE) is london


@pytest.mark.parametrize("address", [None, ip_address("198.51.100.1"), INSIDE], ids=str)
def test_an_id_on_two_rosters_is_ambiguous_where_the_network_does_not_tell(
    open_marking: OpenMarking, with_roster: MakeSite, address: IPv4Address | IPv6Address | None
) -> None:
    """The candidates are named; nobody is put anywhere by a guess."""
    london = with_roster("london", "E1,Ana", networks=OFFICE)
    marking = open_marking(london, with_roster("paris", "E1,Ana", networks=OFFICE), with_roster("oslo", "E2,Bob"))

    with pytest.raises(AmbiguousSiteError) as caught:
        marking.resolve_site("E1", address)

    assert caught.value.candidates == ("london", "paris")


def test_an_id_that_no_roster_knows_belongs_to_a_site_without_one(
    open_marking: OpenMarking, with_roster: MakeSite, make_site: MakeSite
) -> None:
    """The only site that takes everybody is meant."""
    oslo = make_site("oslo")
    marking = open_marking(with_roster("london", "E1,Ana", networks=OFFICE), oslo)

    assert marking.resolve_site("E9", INSIDE) is oslo


def test_of_two_sites_without_a_roster_the_network_tells(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Where no roster can help, the address does, or the candidates are named."""
    oslo = make_site("oslo", networks=OFFICE)
    marking = open_marking(oslo, make_site("bergen"))

    assert marking.resolve_site("E9", INSIDE) is oslo
    with pytest.raises(AmbiguousSiteError) as caught:
        marking.resolve_site("E9", OUTSIDE)
    assert caught.value.candidates == ("oslo", "bergen")


def test_an_id_that_belongs_nowhere_is_refused(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Where every site has a roster, an unknown ID has no site, whatever the network."""
    marking = open_marking(with_roster("london", "E1,Ana", networks=OFFICE))

    with pytest.raises(UnknownEmployeeError):
        marking.resolve_site("E9", INSIDE)


@pytest.mark.parametrize("employee_id", ["", "E 1", "../london", "é"])
def test_an_id_that_is_none_has_no_site(open_marking: OpenMarking, make_site: MakeSite, employee_id: str) -> None:
    """What cannot be an ID is refused as such, even where only one site could be meant."""
    marking = open_marking(make_site())

    with pytest.raises(InvalidInputError) as caught:
        marking.resolve_site(employee_id, None)

    assert list(caught.value.fields) == ["employee_id"]


def test_an_id_that_may_stand_in_a_broken_roster_is_not_sent_to_another_site(
    open_marking: OpenMarking, make_site: MakeSite, with_roster: MakeSite
) -> None:
    """Whoever belongs to a site with a broken roster must not be recorded at the one site without a roster."""
    broken, without = with_roster("paris", "=1,Ana"), make_site("london")

    with pytest.raises(RosterError):
        open_marking(broken, without).resolve_site("E1", None)


def test_a_broken_roster_does_not_hinder_the_search(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """A roster that cannot be read knows nobody; the others are asked."""
    paris = with_roster("paris", "P9,Zoë")
    marking = open_marking(with_roster("london", "broken"), paris)

    assert marking.resolve_site("P9", None) is paris


# Together


def test_people_who_mark_at_once_each_get_their_own_answer(open_marking: OpenMarking, with_roster: MakeSite) -> None:
    """Forty marks at two sites share flushes, and bad ones among them disturb nobody."""
    london = with_roster("london", *(f"E{number},Ana" for number in range(20)))
    paris = with_roster("paris", *(f"P{number},Zoë" for number in range(20)))
    marking = open_marking(london, paris)

    async def everybody() -> list[Recorded | BaseException]:
        marks = [marking.mark(london, ask(f"E{number}"), None) for number in range(21)]
        marks += [marking.mark(paris, ask(f"P{number}"), None) for number in range(21)]
        return await asyncio.gather(*marks, return_exceptions=True)

    outcomes = asyncio.run(everybody())

    assert [type(outcomes[20]), type(outcomes[41])] == [UnknownEmployeeError, UnknownEmployeeError]
    ids = [outcome.mark.employee_id for outcome in outcomes if isinstance(outcome, Recorded)]
    assert ids == [f"E{number}" for number in range(20)] + [f"P{number}" for number in range(20)]
    assert sorted(rows(london)) == sorted(f"E{number},Ana,Present" for number in range(20))
    assert sorted(rows(paris)) == sorted(f"P{number},Zoë,Present" for number in range(20))


def test_close_answers_everybody_who_waits(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """Whoever marked before the end has a row and an answer, even where the lock was held until then."""
    site = make_site()
    marking, holder = open_marking(site), open_marking(site)

    async def stop_while_people_wait() -> list[Recorded]:
        with holder.ledger(site).log.exclusive():
            marks = [asyncio.create_task(marking.mark(site, ask(f"E{n}", "Ana"), None)) for n in range(5)]
            await asyncio.sleep(0.02)
            closing = asyncio.create_task(marking.close())
            await asyncio.sleep(0.02)
            assert not any(task.done() for task in [closing, *marks])
        await closing
        return await asyncio.gather(*marks)

    answers = asyncio.run(stop_while_people_wait())

    assert [answer.mark.employee_id for answer in answers] == ["E0", "E1", "E2", "E3", "E4"]
    assert rows(site) == [f"E{n},Ana,Present" for n in range(5)]


def test_a_first_mark_at_another_site_does_not_disturb_the_close(
    open_marking: OpenMarking, make_site: MakeSite
) -> None:
    """While one site is waited for, another may still be opened."""
    london, paris = make_site("london"), make_site("paris")
    marking, holder = open_marking(london, paris), open_marking(london)

    async def mark_elsewhere_meanwhile() -> list[Recorded]:
        with holder.ledger(london).log.exclusive():
            waiting = asyncio.create_task(marking.mark(london, ask("E1", "Ana"), None))
            await asyncio.sleep(0.02)
            closing = asyncio.create_task(marking.close())
            await asyncio.sleep(0.02)
            late = await marking.mark(paris, ask("E2", "Bob"), None)
        await closing
        return [await waiting, late]

    answers = asyncio.run(mark_elsewhere_meanwhile())

    assert [answer.mark.name for answer in answers] == ["Ana", "Bob"]


def test_close_lets_go_of_the_files(open_marking: OpenMarking, make_site: MakeSite) -> None:
    """After the end this process holds no descriptor of a ledger."""
    site = make_site()
    marking = open_marking(site)
    recorded(marking, site, ask("E1", "Ana"))
    held = _held(site)

    asyncio.run(marking.close())

    assert held
    assert not _held(site)


def _held(site: Site) -> list[Path]:
    """Return the files of a ledger that this process holds open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [found for found in (link.readlink() for link in links) if found.parent == site.csv_path.parent]


# From when until when


@pytest.fixture
def with_dates(tmp_path: Path, make_site: MakeSite) -> MakeSite:
    """Return a maker of sites whose people begin and leave; the rows follow the site ID."""

    def make(site_id: str, *rows: str, **changes: object) -> Site:
        path = tmp_path / f"{site_id}.roster.csv"
        path.write_text("".join(f"{row}\n" for row in ("Employee_ID,Name,From,Until", *rows)))
        return make_site(site_id, roster_path=path, **changes)

    return make


@pytest.mark.parametrize("dates", ["2026-11-24,", ",2026-11-22", "2026-01-01,2026-11-22"])
def test_who_has_not_begun_or_has_left_cannot_mark(open_marking: OpenMarking, with_dates: MakeSite, dates: str) -> None:
    """The answer is the one for an ID that is nobody's: a stranger learns nothing of who works here."""
    site = with_dates("london", f"E1,Ana,{dates}")
    marking = open_marking(site)

    left, nobody = refused(marking, site, ask("E1")), refused(marking, site, ask("E2"))

    assert (type(left), str(left)) == (UnknownEmployeeError, str(nobody))


@pytest.mark.parametrize("dates", ["2026-11-23,", ",2026-11-23", "2026-11-23,2026-11-23", ","])
def test_the_first_and_the_last_day_count(open_marking: OpenMarking, with_dates: MakeSite, dates: str) -> None:
    """Both dates are included."""
    site = with_dates("london", f"E1,Ana,{dates}")

    assert recorded(open_marking(site), site, ask("e1")).employee_id == "E1"


def test_the_day_is_the_work_date_of_the_site(
    open_marking: OpenMarking, with_dates: MakeSite, clock: HandClock
) -> None:
    """At 09:00 UTC on Monday it is still Sunday in Pago Pago, and Tuesday has begun in Kiritimati half a day later."""
    pago, kiritimati = (
        with_dates(site_id, "E1,Ana,,2026-11-22", timezone=zone)
        for site_id, zone in (("pago", "Pacific/Pago_Pago"), ("kiritimati", "Pacific/Kiritimati"))
    )
    marking = open_marking(pago, kiritimati)

    assert recorded(marking, pago, ask("E1")).name == "Ana"
    assert isinstance(refused(marking, kiritimati, ask("E1")), UnknownEmployeeError)
    clock.move(hours=3)
    assert isinstance(refused(marking, pago, ask("E1", status="Absent")), UnknownEmployeeError)


def test_a_night_shift_ends_with_its_work_date(
    open_marking: OpenMarking, with_dates: MakeSite, clock: HandClock
) -> None:
    """Where the day turns at ten o'clock, it is Sunday until then."""
    site = with_dates("london", "E1,Ana,,2026-11-22", day_start=time(10))
    marking = open_marking(site)
    recorded(marking, site, ask("E1"))
    clock.move(hours=1)

    assert isinstance(refused(marking, site, ask("E1", status="Absent")), UnknownEmployeeError)


def test_who_moved_to_another_site_is_its_employee_and_a_visitor_here(
    open_marking: OpenMarking, with_dates: MakeSite
) -> None:
    """Their old row stays on the roster of the old site, with the day of leaving."""
    old = with_dates("london", "E1,Ana,,2026-11-20", visitors=True)
    new = with_dates("oslo", "E1,Ana,2026-11-21,", timezone="Europe/Oslo")
    marking = open_marking(old, new)

    assert marking.resolve_site("E1", None) is new
    assert recorded(marking, old, ask("E1")).name == "Ana"


def test_what_a_spreadsheet_made_of_an_id_that_marked_is_refused(
    open_marking: OpenMarking, with_roster: MakeSite
) -> None:
    """A server that starts behind such an edit knows it by the ledger."""
    site = with_roster("london", "00123,Ana")
    recorded(open_marking(site), site, ask("00123"))
    with_roster("london", "123,Ana")

    assert isinstance(refused(open_marking(site), site, ask("123")), RosterError)
