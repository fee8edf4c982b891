"""Claims about who may mark where: rosters, visitors, networks, the proxy, and how somebody's own site is found."""

import json
from pathlib import Path

import pytest

from tests.servers import write_sites
from tests.webapp import (
    ANA,
    HEADER,
    HTML,
    PAGE,
    Web,
    exchange,
    is_problem,
    serving_web,
    tags,
    visible_text,
    write_roster,
)

ROSTER = "timezone: Europe/London; roster: data/london.roster.csv"
PARIS = "timezone: Europe/Paris; roster: data/paris.roster.csv"
OFFICE = "timezone: Europe/London; networks: [10.20.0.0/16, 'fd00:20::/32']"
INSIDE, OUTSIDE, PROXY = "10.20.3.7", "192.0.2.7", "127.0.0.1"
EMPLOYEE = {"employee_id": "e0042", "status": "Present"}


def forwarded(web: Web, *claims: str) -> int:
    """Return the status of a mark that comes with these claims of an address."""
    headers = [("X-Forwarded-For", claim) for claim in claims]
    return web.client.post(PAGE, json=ANA, headers=headers).status_code


# Rosters and visitors


def test_a_site_with_a_roster_asks_no_name_and_records_the_one_of_the_roster(tmp_path: Path) -> None:
    """The page has no field for a name, and an ID in any case is recorded as the roster spells it."""
    write_roster(tmp_path, "london", E0042="Ana Martín")

    with serving_web(tmp_path, sites={"london": ROSTER}) as web:
        page = web.client.get(PAGE)
        answer = web.client.post(PAGE, data=EMPLOYEE, headers=HTML)
        ledger = web.ledger()

    assert tags(page, "input", name="employee_id")
    assert not tags(page, "input", name="name")
    assert "Ana Martín E0042" in visible_text(answer)
    assert ledger == HEADER + "2026-11-23T09:00:03+00:00,E0042,Ana Martín,Present\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (EMPLOYEE | {"employee_id": "E0099"}, 403, "unknown_employee"),
        (EMPLOYEE | {"name": "Jo Park"}, 409, "name_mismatch"),
    ],
)
def test_who_is_not_on_the_roster_is_refused(tmp_path: Path, sent: dict[str, str], status: int, code: str) -> None:
    """An ID that is not there, or that is somebody else's, is refused to program and browser, and nothing recorded."""
    write_roster(tmp_path, "london", E0042="Ana Martín")

    with serving_web(tmp_path, sites={"london": ROSTER}) as web:
        program = web.client.post(PAGE, json=sent)
        browser = web.client.post(PAGE, data=sent, headers=HTML)
        ledger = web.ledger()

    assert is_problem(program, status, code)
    assert browser.status_code == status
    assert "Not recorded" in visible_text(browser)
    assert ledger == ""


def test_a_name_that_was_typed_is_shown_again_where_it_is_not_asked(tmp_path: Path) -> None:
    """Who is told that the name is somebody else's sees the name to put it right."""
    write_roster(tmp_path, "london", E0042="Ana Martín")

    with serving_web(tmp_path, sites={"london": ROSTER}) as web:
        page = web.client.post(PAGE, data=EMPLOYEE | {"name": "Jo Park"}, headers=HTML)

    assert [field["value"] for field in tags(page, "input", name="name")] == ["Jo Park"]


def test_a_visitor_marks_under_the_name_of_the_home_site(tmp_path: Path) -> None:
    """With `visitors`, the rosters of the other sites say who it is; without, they do not."""
    write_roster(tmp_path, "london", E1="Jo Park")
    write_roster(tmp_path, "paris", E0042="Ana Martín")

    with serving_web(tmp_path, sites={"london": f"{ROSTER}; visitors: true", "paris": PARIS}) as web:
        in_london = web.client.post(PAGE, json=EMPLOYEE)
        in_paris = web.client.post("/sites/paris/attendance", json=EMPLOYEE | {"employee_id": "E1"})

    assert (in_london.status_code, in_london.json()["name"]) == (201, "Ana Martín")
    assert is_problem(in_paris, 403, "unknown_employee")


def test_a_visitor_whose_id_means_two_people_is_asked_for_the_name(tmp_path: Path) -> None:
    """The page that hides the name shows it then, with its error; and the name decides."""
    sites = {"london": f"{ROSTER}; visitors: true"}
    for site, name in {"london": "Jo Park", "paris": "Ana Martín", "rome": "Bea Rossi"}.items():
        write_roster(tmp_path, site, **{"E1" if site == "london" else "E0042": name})
        sites.setdefault(site, f"timezone: Europe/Paris; roster: data/{site}.roster.csv")

    with serving_web(tmp_path, sites=sites) as web:
        asked = web.client.post(PAGE, data=EMPLOYEE, headers=HTML)
        told = web.client.post(PAGE, json=EMPLOYEE | {"name": "Bea Rossi"})

    assert asked.status_code == 422
    assert tags(asked, "input", name="name", **{"aria-invalid": "true"})
    assert (told.status_code, told.json()["name"]) == (201, "Bea Rossi")


def test_a_broken_roster_stops_its_site_alone(tmp_path: Path) -> None:
    """It is answered 503 with the words for whoever looks after it; the next site goes on."""
    write_roster(tmp_path, "london", E1="=cmd()")

    with serving_web(tmp_path, sites={"london": ROSTER, "rome": "timezone: Europe/Rome"}) as web:
        broken = web.client.post(PAGE, json=EMPLOYEE)
        page = web.client.post(PAGE, data=EMPLOYEE, headers=HTML)
        sound = web.client.post("/sites/rome/attendance", json=ANA)

    assert is_problem(broken, 503, "roster_invalid")
    assert (broken.headers["retry-after"], page.headers["retry-after"]) == ("10", "10")
    assert "cmd" not in broken.text + page.text
    assert (page.status_code, sound.status_code) == (503, 201)


# Networks and the proxy


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        (INSIDE, 201),
        ("::ffff:10.20.3.7", 201),
        ("fd00:20::7", 201),
        (OUTSIDE, 403),
        ("fd00:21::7", 403),
        ("not an address", 403),
    ],
)
def test_a_site_with_networks_takes_marks_from_them_only(tmp_path: Path, peer: str, status: int) -> None:
    """IPv4, IPv6 and IPv4 in IPv6 count; an address that cannot be told does not."""
    with serving_web(tmp_path, peer=peer, sites={"london": OFFICE}) as web:
        answer = web.client.post(PAGE, json=ANA)

    assert answer.status_code == status
    assert status == 201 or is_problem(answer, 403, "outside_network")


def test_an_address_that_the_server_is_not_told_is_outside(tmp_path: Path) -> None:
    """A connection may have no address (a socket of the file system): then no network is its."""
    received = iter([{"type": "http.request", "body": json.dumps(ANA).encode()}])

    with serving_web(tmp_path, sites={"london": OFFICE}) as web:
        sent = exchange(web, PAGE, received, peer=None, content_type="application/json")

    assert sent[0]["status"] == 403


def test_without_a_trusted_proxy_nobody_is_believed(tmp_path: Path) -> None:
    """What a client claims of its address is passed over, and so is what it claims of its scheme."""
    with serving_web(tmp_path, peer=OUTSIDE, sites={"london": OFFICE}) as web:
        assert forwarded(web, INSIDE) == 403

    with serving_web(tmp_path, peer=INSIDE, sites={"london": OFFICE}) as web:
        assert forwarded(web, OUTSIDE) == 201


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ([INSIDE], 201),
        ([f"{INSIDE}:50000"], 201),
        ([f"{OUTSIDE}, {INSIDE}"], 201),
        ([OUTSIDE, INSIDE], 201),
        ([f"{INSIDE}, {OUTSIDE}"], 403),
        ([INSIDE, OUTSIDE], 403),
        ([f"{INSIDE}, {OUTSIDE}, {PROXY}"], 403),
        ([f"{INSIDE}, "], 403),
        (["garbage"], 403),
        ([], 403),
    ],
)
def test_the_trusted_proxy_is_believed_what_it_added_itself(tmp_path: Path, claims: list[str], status: int) -> None:
    """The last address is the one that the proxy saw; whatever a client wrote before it says nothing."""
    with serving_web(tmp_path, peer=PROXY, trusted_proxy=PROXY, sites={"london": OFFICE}) as web:
        assert forwarded(web, *claims) == status


def test_nobody_but_the_trusted_proxy_is_believed(tmp_path: Path) -> None:
    """Another machine of the same network is not the proxy."""
    with serving_web(tmp_path, peer="127.0.0.2", trusted_proxy=PROXY, sites={"london": OFFICE}) as web:
        assert forwarded(web, INSIDE) == 403


# Somebody's own site


def test_the_network_leads_to_its_site(tmp_path: Path) -> None:
    """From the office's network `/attendance` is the office's page, whatever this device remembers."""
    with serving_web(tmp_path, peer=INSIDE, sites={"rome": "timezone: Europe/Rome", "london": OFFICE}) as web:
        web.client.post("/sites/rome/attendance", data=ANA | {"remember": "yes"}, headers=HTML)
        answer = web.client.get("/attendance", headers=HTML)

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert answer.headers["cache-control"] == "no-store"


def test_the_remembered_site_comes_next(tmp_path: Path) -> None:
    """Where the network says nothing, a device that marked at a site is led there again."""
    with serving_web(tmp_path, sites={"london": "timezone: Europe/London", "rome": "timezone: Europe/Rome"}) as web:
        web.client.post("/sites/rome/attendance", data=ANA | {"remember": "yes"}, headers=HTML)
        answer = web.client.get("/attendance", headers=HTML)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/rome/attendance")


@pytest.mark.parametrize("sites", [{"london": OFFICE, "leeds": OFFICE}, {"london": PARIS, "leeds": "timezone: UTC"}])
def test_else_the_list_is_shown(tmp_path: Path, sites: dict[str, str]) -> None:
    """Two sites in one network, or none, leave the choice to the person."""
    with serving_web(tmp_path, peer=INSIDE, sites=sites) as web:
        answer = web.client.get("/attendance", headers=HTML)

    assert answer.status_code == 200
    assert {"London", "Leeds"} <= set(visible_text(answer).split())


def test_a_remembered_site_that_is_no_more_is_forgotten(tmp_path: Path) -> None:
    """A site that left the registry leads to the list, not to an error."""
    with serving_web(tmp_path, sites={"london": "timezone: Europe/London", "rome": "timezone: Europe/Rome"}) as web:
        web.client.post("/sites/rome/attendance", data=ANA | {"remember": "yes"}, headers=HTML)
        cookies = dict(web.client.cookies)
    write_sites(tmp_path, london="timezone: Europe/London")

    with serving_web(tmp_path) as web:
        web.client.cookies.update(cookies)
        answer = web.client.get("/attendance", headers=HTML)

    assert cookies
    assert answer.status_code == 200


def test_a_program_marks_at_the_site_whose_roster_knows_the_employee(tmp_path: Path) -> None:
    """`POST /attendance` finds the one site, and records there."""
    write_roster(tmp_path, "london", E1="Jo Park")
    write_roster(tmp_path, "paris", E0042="Ana Martín")

    with serving_web(tmp_path, sites={"london": ROSTER, "paris": PARIS}) as web:
        first = web.client.post("/attendance", json=EMPLOYEE)
        second = web.client.post("/attendance", json=EMPLOYEE)
        unknown = web.client.post("/attendance", json=EMPLOYEE | {"employee_id": "E0099"})
        ledgers = [web.ledger("london"), web.ledger("paris")]

    assert (first.status_code, first.json()["site"], first.json()["name"]) == (201, "paris", "Ana Martín")
    assert (second.status_code, second.json()) == (200, first.json() | {"repeated": True})
    assert is_problem(unknown, 403, "unknown_employee")
    assert ledgers == ["", HEADER + "2026-11-23T10:00:03+01:00,E0042,Ana Martín,Present\n"]


def test_a_program_that_could_mean_two_sites_is_told_which(tmp_path: Path) -> None:
    """It is answered 409 with the candidates; from the network of one of them, that one is meant."""
    write_roster(tmp_path, "london", E0042="Ana Martín")
    write_roster(tmp_path, "paris", E0042="Ana Martín")
    sites = {"london": f"{ROSTER}; networks: [10.20.0.0/16]", "paris": PARIS}

    with serving_web(tmp_path, peer=OUTSIDE, sites=sites) as web:
        outside = web.client.post("/attendance", json=EMPLOYEE)
        recorded = [web.ledger("london"), web.ledger("paris")]
    with serving_web(tmp_path, peer=INSIDE) as web:
        inside = web.client.post("/attendance", json=EMPLOYEE)

    assert is_problem(outside, 409, "ambiguous_site")
    assert json.loads(outside.text)["candidates"] == ["london", "paris"]
    assert recorded == ["", ""]
    assert (inside.status_code, inside.json()["site"]) == (201, "london")
