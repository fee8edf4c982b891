"""Claims about kiosks, PINs and the code at the door: who may mark there, and what stays of it."""

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from httpx2 import Response

from attendance.accounts.file import AccountsFile
from attendance.accounts.granting import Granting
from attendance.audit import Audit
from attendance.clock import utc_now
from attendance.errors import TooManyAttemptsError
from attendance.pins import PinFile
from attendance.web.cookies import KIOSK, PRESENCE
from tests.access_web import add_account, kiosk_of, services, session_of
from tests.servers import ANSWER_SECONDS, Server, serving, write_sites
from tests.webapp import FORM, HTML, Web, serving_web, tags, visible_text

PIN = "204816"
BADGE = "4006381333931"
SITES = {
    "oslo": "timezone: Europe/Oslo; roster: data/staff.csv; marking: kiosk; visitors: true",
    "lima": "timezone: America/Lima; marking: kiosk",
    "rome": "timezone: Europe/Rome; roster: data/staff.csv; marking: pin",
    "bern": "timezone: Europe/Zurich; roster: data/staff.csv; marking: code",
    "cork": "timezone: Europe/Dublin; marking: code",
    "paris": "timezone: Europe/Paris",
    "home": "timezone: Europe/Paris; roster: data/guests.csv",
}


def write_people(folder: Path) -> None:
    """Write two rosters, and the PIN of Ana."""
    (folder / "data").mkdir()
    staff = f"Employee_ID,Name,Badge\nE1,Ana Martín,{BADGE}\nE2,Jo Park,\nE3,محمد بن سلمان,B 3\n"
    (folder / "data" / "staff.csv").write_text(staff, encoding="utf-8")
    (folder / "data" / "guests.csv").write_text("Employee_ID,Name\nV1,Vera Visitor\n", encoding="utf-8")
    PinFile(folder / "data" / "staff.csv").set("E1", PIN)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Sites with every rule, asked from the machine itself."""
    write_people(tmp_path)
    with serving_web(tmp_path, peer="127.0.0.1", sites=SITES) as served:
        yield served


def tap(web: Web, site: str, headers: dict[str, str], *, of: str = HTML["Accept"], **fields: str) -> Response:
    """Send the form of a kiosk."""
    web.client.cookies.clear()
    body = urlencode({"status": "Present"} | fields)
    return web.client.post(f"/sites/{site}/kiosk/mark", content=body, headers=headers | FORM | {"Accept": of})


def pin_ticket(web: Web, hr: dict[str, str], site: str = "rome") -> str:
    """Return what makes the form of the page for PINs good once."""
    page = web.client.get(f"/hr/sites/{site}/pins", headers=hr | HTML)
    return tags(page, "input", name="ticket")[0]["value"]


def code_of(web: Web, site: str) -> str:
    """Return the code that the door of a site shows now."""
    return services(web).proving.presence().code(site)


def ticket_of(web: Web, site: str) -> dict[str, str]:
    """Return the header of a phone that has just read the code at the door."""
    web.client.cookies.clear()
    answer = web.client.get(f"/sites/{site}/attendance?code={code_of(web, site)}", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sites/{site}/attendance")
    web.client.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def mark(web: Web, site: str, headers: dict[str, str], **fields: str) -> Response:
    """Send a mark as JSON."""
    web.client.cookies.clear()
    body = {"employee_id": "E1", "name": "Ana Martín", "status": "Present"} | fields
    return web.client.post(f"/sites/{site}/attendance", json=body, headers=headers)


def audit(folder: Path) -> list[dict[str, str]]:
    """Return what was noted."""
    return [json.loads(line) for line in (folder / "logs" / "audit.log").read_text().splitlines()]


def refused(answer: Response, code: str, status: int = 403) -> bool:
    """Tell whether a program was refused for this."""
    return (answer.status_code, answer.json().get("code")) == (status, code)


def test_a_device_becomes_a_kiosk_by_the_code_of_hr(web: Web) -> None:
    """The code is good once and at its site; the device then has the kiosk's page, and its cookie is well kept."""
    code = services(web).enrolling.code("front-door", "oslo", by="hr")
    stranger = web.client.get("/sites/oslo/kiosk", headers=HTML)
    elsewhere = web.client.post("/sites/lima/kiosk", content=f"code={code}", headers=FORM | HTML)

    answer = web.client.post("/sites/oslo/kiosk", content=f"code={code.lower()}", headers=FORM | HTML)
    again = web.client.post("/sites/oslo/kiosk", content=f"code={code}", headers=FORM | HTML)
    page = web.client.get("/sites/oslo/kiosk", headers=HTML)

    assert "This tablet is not a kiosk yet" in visible_text(stranger)
    assert [elsewhere.status_code, again.status_code] == [403, 403]
    assert "Not set up This code is not right, was used already, is too old, or is for another site." in visible_text(
        again
    )
    assert "Ask HR for a new one" in visible_text(again)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/oslo/kiosk")
    assert answer.headers["set-cookie"].startswith(f"{KIOSK}=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=34560000"} <= set(answer.headers["set-cookie"].split("; "))
    assert tags(page, "input", name="employee_id")
    assert code.replace("-", "") not in (web.folder / "logs" / "audit.log").read_text()


@pytest.mark.parametrize("what", ["kiosk", "presence"])
def test_over_https_the_cookies_are_sent_over_https_alone(tmp_path: Path, what: str) -> None:
    """Their names have the prefix that no plain connection can set."""
    write_people(tmp_path)
    with serving_web(tmp_path, scheme="https", sites=SITES) as web:
        if what == "kiosk":
            code = services(web).enrolling.code("door", "oslo", by="hr")
            answer = web.client.post("/sites/oslo/kiosk", content=f"code={code}", headers=FORM | HTML)
        else:
            answer = web.client.get(f"/sites/bern/attendance?code={code_of(web, 'bern')}", headers=HTML)

    assert answer.headers["set-cookie"].startswith(f"__Host-{KIOSK if what == 'kiosk' else PRESENCE}=")
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))


def test_no_kiosk_is_made_over_a_line_that_others_hear(tmp_path: Path) -> None:
    """Its secret would be theirs."""
    with serving_web(tmp_path, sites={"lima": SITES["lima"]}) as web:
        code = services(web).enrolling.code("door", "lima", by="hr")
        answer = web.client.post("/sites/lima/kiosk", content=f"code={code}", headers=FORM | HTML)

    assert answer.status_code == 403
    assert "https only" in visible_text(answer)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("typed", ["E1", "e1", BADGE, f" {BADGE} "])
def test_an_id_or_a_badge_marks_at_the_kiosk(web: Web, typed: str) -> None:
    """Who they are says the roster; nothing of it stays on the device."""
    answer = tap(web, "oslo", kiosk_of(web, "oslo"), employee_id=typed)

    assert answer.status_code == 201
    assert "Ana Martín You are marked present 10:00:03" in visible_text(answer)
    assert ",E1,Ana Martín,Present" in web.ledger("oslo")
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert tags(answer, "input") == []


def test_a_repeat_at_the_kiosk_says_since_when(web: Web) -> None:
    """Nothing is added, and nobody is frightened."""
    kiosk = kiosk_of(web, "oslo")
    tap(web, "oslo", kiosk, employee_id="E1")
    web.clock.move(minutes=5)

    answer = tap(web, "oslo", kiosk, employee_id="E1")

    assert answer.status_code == 200
    assert "You are already marked present since 10:00:03. Nothing was added." in visible_text(answer)


def test_a_badge_says_nothing_elsewhere(web: Web) -> None:
    """Whoever read the number of a badge cannot mark with it but at the door."""
    kiosk = kiosk_of(web, "oslo")

    assert refused(mark(web, "oslo", kiosk, employee_id=BADGE), "unknown_employee")


def test_where_there_is_no_roster_a_name_is_typed(web: Web) -> None:
    """Without one the kiosk asks for it."""
    kiosk = kiosk_of(web, "lima")
    page = web.client.get("/sites/lima/kiosk", headers=kiosk | HTML)

    answer = tap(web, "lima", kiosk, employee_id="E9", name="Zoë")

    assert tags(page, "input", name="name")
    assert answer.status_code == 201
    assert ",E9,Zoë,Present" in web.ledger("lima")


@pytest.mark.parametrize(
    ("site", "fields", "said"),
    [
        ("oslo", {}, "Type your ID or scan your badge first"),
        ("oslo", {"employee_id": "E9"}, "not on the list of this site today"),
        ("oslo", {"employee_id": "E1", "status": "Asleep"}, "Choose Present or Absent."),
        ("lima", {"employee_id": "E9"}, "Enter your name."),
        ("lima", {}, "Type your ID first, then tap."),
        ("rome", {"employee_id": "E1"}, "Type your ID and your PIN."),
        ("bern", {"employee_id": "E1"}, "with the code at the door"),
    ],
)
def test_what_is_wrong_is_said_and_then_the_kiosk_is_idle_again(
    web: Web, site: str, fields: dict[str, str], said: str
) -> None:
    """Nothing is recorded; without JavaScript the page goes back after eight seconds."""
    answer = tap(web, site, kiosk_of(web, site), **fields)

    assert 400 <= answer.status_code < 500
    assert "Not recorded" in visible_text(answer)
    assert said in visible_text(answer)
    assert "Tap to go on." in visible_text(answer)
    assert tags(answer, "meta", content=f"8;url=/sites/{site}/kiosk")
    assert web.ledger(site) == ""


def test_a_revoked_kiosk_is_an_ordinary_device_at_once(web: Web) -> None:
    """Neither its page nor its marks are let through."""
    kiosk = kiosk_of(web, "oslo", "stolen")
    before = tap(web, "oslo", kiosk, of="*/*", employee_id="E1").status_code

    services(web).granting.revoke_kiosk("stolen", by="hr")

    assert before == 201
    assert refused(tap(web, "oslo", kiosk, of="*/*", employee_id="E2"), "kiosk_needed")
    page = web.client.get("/sites/oslo/kiosk", headers=kiosk | HTML)
    assert "This tablet is not a kiosk yet" in visible_text(page)


def test_names_are_found_by_a_few_letters(web: Web) -> None:
    """Accents and capitals do not matter; nothing but names and IDs is told, and no more than fit."""
    kiosk = kiosk_of(web, "oslo")
    rows = "".join(f"E{number},Ana Extra {number},X{number}\n" for number in range(100, 140))
    (web.folder / "data" / "staff.csv").write_text(f"Employee_ID,Name,Badge\n{rows}E1,Ana Martín,{BADGE}\n")

    few = web.client.get("/sites/oslo/kiosk/people?q=MART", headers=kiosk | HTML)
    many = web.client.get("/sites/oslo/kiosk/people?q=an", headers=kiosk | HTML)
    none = web.client.get("/sites/oslo/kiosk/people?q=tín", headers=kiosk | HTML)

    assert [one["value"] for one in tags(few, "button", name="employee_id")] == ["E1"]
    assert len(tags(many, "button", name="employee_id")) == 24
    assert "17 more" in visible_text(many)
    assert tags(none, "button", name="employee_id") == []
    assert BADGE not in few.text + many.text
    assert few.headers["cache-control"] == "no-store"


def test_who_has_left_or_not_begun_is_not_there_to_be_tapped(web: Web) -> None:
    """Neither by the name, nor by the badge, nor is the name told to whoever types the ID."""
    kiosk = kiosk_of(web, "oslo")
    rows = "E1,Ana One,B1,,2026-11-22\nE2,Ana Two,B2,2026-11-24,\nE3,Ana Three,B3,2026-11-23,2026-11-23\n"
    (web.folder / "data" / "staff.csv").write_text(f"Employee_ID,Name,Badge,From,Until\n{rows}")

    pages = [web.client.get(f"/sites/oslo/kiosk/people?q={q}", headers=kiosk | HTML) for q in ("ana", "b1", "b2", "b3")]
    told = [
        web.client.post("/sites/oslo/kiosk/person", data={"employee_id": typed}, headers=kiosk).json()["name"]
        for typed in ("E1", "b2", "b3")
    ]

    assert [[one["value"] for one in tags(page, "button", name="employee_id")] for page in pages] == [
        ["E3"],
        [],
        [],
        ["E3"],
    ]
    assert told == ["", "", "Ana Three"]
    assert refused(tap(web, "oslo", kiosk, of="*/*", employee_id="B1"), "unknown_employee")


def test_a_badge_that_is_scanned_among_the_names_is_found(web: Web) -> None:
    """Nobody is called so; the number of the badge itself is not told."""
    kiosk = kiosk_of(web, "oslo")

    found = web.client.get("/sites/oslo/kiosk/people?q=b%203", headers=kiosk | HTML)
    none = web.client.get("/sites/oslo/kiosk/people?q=b%204", headers=kiosk | HTML)

    assert [one["value"] for one in tags(found, "button", name="employee_id")] == ["E3"]
    assert tags(none, "button", name="employee_id") == []


@pytest.mark.parametrize(
    ("site", "typed", "name"),
    [
        ("oslo", BADGE, "Ana Martín"),
        ("oslo", " e2 ", "Jo Park"),
        ("oslo", "E", ""),
        ("oslo", "", ""),
        ("lima", "E1", ""),
        ("rome", "E1", ""),
        ("rome", BADGE, ""),
    ],
)
def test_a_kiosk_asks_whose_id_or_badge_it_is(web: Web, site: str, typed: str, name: str) -> None:
    """Exactly that one; where PINs stand between, nobody learns which IDs there are. The number is in no address."""
    kiosk = kiosk_of(web, site)
    body = urlencode({"employee_id": typed})

    told = web.client.post(f"/sites/{site}/kiosk/person", content=body, headers=kiosk | FORM)
    page = web.client.get(f"/sites/{site}/kiosk", headers=kiosk | HTML)
    web.client.cookies.clear()
    stranger = web.client.post(f"/sites/{site}/kiosk/person", content=body, headers=FORM)

    assert told.json() == {"name": name}
    assert told.headers["cache-control"] == "no-store"
    assert bool(tags(page, "p", id="whose")) is (site == "oslo")
    assert refused(stranger, "kiosk_needed")


@pytest.mark.parametrize(("site", "label"), [("oslo", "Your ID or badge"), ("lima", "Your ID")])
def test_a_badge_is_asked_for_where_there_are_some(web: Web, site: str, label: str) -> None:
    """Without a roster nobody has one."""
    page = web.client.get(f"/sites/{site}/kiosk", headers=kiosk_of(web, site) | HTML)

    assert f'<label for="employee_id">{label}</label>' in page.text


def test_the_screen_of_a_code_site_is_called_so(web: Web) -> None:
    """It is no tablet; the page that says how one marks there leads to where it is set up."""
    how = web.client.get("/sites/bern/attendance", headers=HTML)
    enrolment = web.client.get("/sites/bern/kiosk", headers=HTML)

    assert "Is this the screen at the door? Set it up" in visible_text(how)
    assert tags(how, "a", href="/sites/bern/kiosk")
    assert "This screen is not a kiosk yet" in visible_text(enrolment)
    assert "tablet" not in visible_text(enrolment)


def test_a_name_that_was_tapped_stands_in_the_form(web: Web) -> None:
    """Without JavaScript a page of its own does it; the ID never stands in an address."""
    kiosk = kiosk_of(web, "oslo")

    page = web.client.post("/sites/oslo/kiosk/people", content="employee_id=E1", headers=kiosk | HTML | FORM)

    assert tags(page, "input", name="employee_id")[0]["value"] == "E1"


def test_with_the_pin_a_mark_stands(web: Web) -> None:
    """By the form, by a badge, and as JSON with the kiosk's token."""
    kiosk = kiosk_of(web, "rome")

    by_badge = tap(web, "rome", kiosk, employee_id=BADGE, pin=PIN)
    by_json = mark(web, "rome", kiosk, pin=PIN, status="Absent")

    assert [by_badge.status_code, by_json.status_code] == [201, 201]
    assert web.ledger("rome").count(",E1,Ana Martín,") == 2


def test_a_wrong_pin_and_an_unknown_id_are_one_answer(web: Web) -> None:
    """Nobody learns at the kiosk who is on the roster; the audit tells of it without a PIN."""
    kiosk = kiosk_of(web, "rome", "front")

    wrong = mark(web, "rome", kiosk, pin="971364")
    unknown = mark(web, "rome", kiosk, pin="971364", employee_id="971365")
    without = mark(web, "rome", kiosk, pin="971364", employee_id="E2", name="")

    told = [(one.status_code, one.json()["code"], one.json()["detail"]) for one in (wrong, unknown, without)]
    assert told == [(403, "pin_refused", told[0][2])] * 3
    noted = [one for one in audit(web.folder) if one["outcome"] == "wrong_pin"]
    assert [(one["who"], one["site"], one["employee_id"]) for one in noted] == [
        ("kiosk front", "rome", "E1"),
        ("kiosk front", "rome", None),
        ("kiosk front", "rome", "E2"),
    ]
    logs = (web.folder / "logs" / "audit.log").read_text() + (web.folder / "logs" / "attendance.log").read_text()
    assert "971364" not in logs
    assert "971365" not in logs


def test_who_left_the_roster_has_no_use_of_the_pin(web: Web) -> None:
    """The PIN is still in its file; the answer is that of a wrong one."""
    kiosk = kiosk_of(web, "rome")
    (web.folder / "data" / "staff.csv").write_text("Employee_ID,Name\nE2,Jo Park\n")

    assert refused(mark(web, "rome", kiosk, pin=PIN), "pin_refused")


def test_pins_are_slow_to_guess_and_the_colleagues_do_not_wait(web: Web) -> None:
    """After five wrong ones the next must wait, even the right one; somebody else marks meanwhile."""
    kiosk = kiosk_of(web, "rome")
    PinFile(web.folder / "data" / "staff.csv").set("E2", "480216")
    guesses = [mark(web, "rome", kiosk, pin=f"97136{digit}").status_code for digit in range(5)]

    waits = mark(web, "rome", kiosk, pin=PIN)
    other = mark(web, "rome", kiosk, pin="480216", employee_id="E2", name="")
    web.clock.move(seconds=int(waits.headers["retry-after"]))
    later = mark(web, "rome", kiosk, pin=PIN)

    assert guesses == [403] * 5
    assert refused(waits, "too_many_attempts", 429)
    assert [other.status_code, later.status_code] == [201, 201]


def test_who_types_the_pin_right_never_waits(web: Web) -> None:
    """A whole queue at one kiosk, and slips before a right one count no more."""
    kiosk = kiosk_of(web, "rome")
    statuses = [mark(web, "rome", kiosk, pin="971364" if turn % 4 else PIN).status_code for turn in range(1, 37)]

    assert set(statuses) == {403, 201, 200}


def test_a_stranger_is_refused_before_anything_is_read(web: Web) -> None:
    """What cannot be a mark at all is answered like one: at a code site the ticket comes first."""
    web.client.cookies.clear()
    answer = web.client.post("/sites/bern/attendance", content="{", headers={"Content-Type": "application/json"})

    assert refused(answer, "code_needed")


def test_a_pin_says_nothing_without_the_kiosk(web: Web) -> None:
    """PINs never sign in: a stranger is refused before any PIN is looked at."""
    assert refused(mark(web, "rome", {}, pin=PIN), "kiosk_needed")
    assert refused(mark(web, "rome", kiosk_of(web, "oslo"), pin=PIN), "kiosk_needed")


def test_hr_gives_and_takes_a_pin(web: Web) -> None:
    """It is shown once, counts at once, and the audit tells of both without it."""
    hr, kiosk = session_of(web, add_account(web, "hr-of-rome", "hr", sites=["rome"])), kiosk_of(web, "rome")
    web.client.cookies.clear()
    form = f"employee_id=e2&ticket={pin_ticket(web, hr)}"
    given = web.client.post("/hr/sites/rome/pins", content=form, headers=hr | HTML | FORM)
    found = re.search(r'class="big-code">(\d{6})<', given.text)
    assert found
    with_it = mark(web, "rome", kiosk, employee_id="E2", name="", pin=found[1])
    taken = web.client.post("/hr/sites/rome/pins/remove", content="employee_id=E2", headers=hr | HTML | FORM)
    unknown = web.client.post("/hr/sites/rome/pins", content="employee_id=E9", headers=hr | HTML | FORM)
    nobody = web.client.post("/hr/sites/rome/pins/remove", content="employee_id=E2", headers=hr | HTML | FORM)

    assert "The new PIN of Jo Park (E2):" in visible_text(given)
    assert given.headers["cache-control"] == "no-store"
    assert with_it.status_code == 201
    assert "The PIN of E2 is good no more." in visible_text(taken)
    assert refused(mark(web, "rome", kiosk, employee_id="E2", name="", pin=found[1], status="Absent"), "pin_refused")
    assert "Nobody with this ID is on the roster of Rome." in visible_text(unknown)
    assert "Nobody with this ID has a PIN here." in visible_text(nobody)
    noted = [(one["action"], one["who"], one["employee_id"]) for one in audit(web.folder) if "pin_" in one["action"]]
    assert noted == [("pin_set", "hr-of-rome", "E2"), ("pin_removed", "hr-of-rome", "E2")]
    assert found[1] not in (web.folder / "logs" / "audit.log").read_text()


def test_a_new_pin_ends_the_wait(web: Web) -> None:
    """Who forgot the old one and tried too often marks at once with the one that HR gave."""
    kiosk, site = kiosk_of(web, "rome"), services(web).registry_file.current.sites["rome"]
    for digit in range(5):
        mark(web, "rome", kiosk, pin=f"97136{digit}")
    waits = mark(web, "rome", kiosk, pin=PIN)
    roster = services(web).marking.roster(site)
    assert roster

    _, pin = services(web).giving.give(site, roster, " e1 ", by="hr")

    assert refused(waits, "too_many_attempts", 429)
    assert mark(web, "rome", kiosk, employee_id="E1", pin=pin).status_code == 201


@pytest.mark.parametrize(("seconds", "said"), [(1, "Wait 1 second,"), (2, "Wait 2 seconds,")])
def test_a_wait_is_told_in_plain_words(seconds: int, said: str) -> None:
    """One second is one."""
    assert said in str(TooManyAttemptsError(seconds))


def test_a_page_that_shows_a_pin_makes_no_other_when_it_is_loaded_again(web: Web) -> None:
    """The PIN that was shown stays good; a slip in the ID does not use the form up."""
    hr = session_of(web, add_account(web, "hr-of-rome", "hr", sites=["rome"]))
    web.client.cookies.clear()
    ticket = pin_ticket(web, hr)
    answers = [
        web.client.post("/hr/sites/rome/pins", content=f"employee_id={typed}&ticket={ticket}", headers=hr | HTML | FORM)
        for typed in ("", "E9", "E2", "E2")
    ]
    texts = [visible_text(answer) for answer in answers]
    found = re.search(r"(\d{6})", texts[2])

    assert [answer.status_code for answer in answers] == [422, 422, 200, 422]
    assert "Enter an ID." in texts[0]
    assert "Nobody with this ID is on the roster of Rome." in texts[1]
    assert "This PIN was shown already. Give a new one if it was lost." in texts[3]
    assert found
    assert mark(web, "rome", kiosk_of(web, "rome"), employee_id="E2", name="", pin=found[1]).status_code == 201


def test_a_form_for_pins_is_good_at_its_own_site_alone(web: Web) -> None:
    """Nor is one that the server never made."""
    hr = session_of(web, add_account(web, "hr-of-all", "hr"))
    web.client.cookies.clear()

    for ticket in (pin_ticket(web, hr, "oslo"), "guess", ""):
        body = f"employee_id=E2&ticket={ticket}"
        assert web.client.post("/hr/sites/rome/pins", content=body, headers=hr | HTML | FORM).status_code == 422
    assert PinFile(web.folder / "data" / "staff.csv").known() == {"e1"}


def test_where_there_is_no_roster_nobody_has_a_pin(web: Web) -> None:
    """The page says so."""
    hr = session_of(web, add_account(web, "hr-of-lima", "hr", sites=["lima"]))

    answer = web.client.post("/hr/sites/lima/pins", content="employee_id=E2", headers=hr | HTML | FORM)

    assert "This site has no roster" in visible_text(answer)


def test_visitors_have_no_pin(web: Web) -> None:
    """At a kiosk without PINs they mark."""
    assert tap(web, "oslo", kiosk_of(web, "oslo"), employee_id="V1").status_code == 201
    assert refused(mark(web, "rome", kiosk_of(web, "rome"), employee_id="V1", name="", pin=PIN), "pin_refused")


@pytest.mark.parametrize("seconds", [0, 26, 31, 56])
def test_a_fresh_code_opens_the_form(web: Web, seconds: int) -> None:
    """For this and the next turn of the code; then the form is there, and the address holds no code any more."""
    code = code_of(web, "bern")
    web.clock.move(seconds=seconds)

    answer = web.client.get(f"/sites/bern/attendance?code={code}", headers=HTML)
    page = web.client.get(answer.headers["location"], headers=HTML)

    assert answer.headers["set-cookie"].startswith(f"{PRESENCE}=")
    assert "Max-Age=300" in answer.headers["set-cookie"]
    assert tags(page, "form", action="/sites/bern/attendance")


def test_a_code_that_is_old_or_of_another_site_opens_nothing(web: Web) -> None:
    """The page says so, and sets no cookie."""
    code = code_of(web, "bern")
    of_cork = web.client.get(f"/sites/cork/attendance?code={code}", headers=HTML)
    web.clock.move(seconds=61)
    old = web.client.get(f"/sites/bern/attendance?code={code}", headers=HTML)
    edited = web.client.get(f"/sites/bern/attendance?code={code_of(web, 'bern')[:-1]}!", headers=HTML)

    for answer in (of_cork, old, edited):
        said = "This code is not good any more Nothing was recorded. Scan the code at the door again."
        assert said in visible_text(answer)
        assert "set-cookie" not in answer.headers
        assert tags(answer, "form") == []


def test_a_ticket_that_somebody_used_says_so_to_the_next(web: Web) -> None:
    """Another one on the same phone is told what to do, without a form that cannot work."""
    phone = ticket_of(web, "bern")
    mark(web, "bern", phone)

    page = web.client.post(
        "/sites/bern/attendance", content="employee_id=E2&status=Present", headers=phone | FORM | HTML
    )
    program = mark(web, "bern", phone, employee_id="E2", name="")

    assert page.status_code == 403
    assert "Not recorded Your scan was for one person. Scan the code at the door again." in visible_text(page)
    assert tags(page, "form") == []
    assert refused(program, "code_needed")
    assert program.json()["detail"].startswith("Not recorded: your scan was for one person.")


def test_a_ticket_marks_one_employee_at_one_site_for_five_minutes(web: Web) -> None:
    """A retry of the same one is fine, whatever the case; another one, another site, and later are refused."""
    phone = ticket_of(web, "bern")

    slip = mark(web, "bern", phone, employee_id="E7")
    first = mark(web, "bern", phone)
    again = mark(web, "bern", phone, employee_id="e1")
    other = mark(web, "bern", phone, employee_id="E2", name="")
    elsewhere = mark(web, "cork", phone)
    web.clock.move(seconds=301)
    later = mark(web, "bern", phone)

    assert refused(slip, "unknown_employee")
    assert [first.status_code, again.status_code] == [201, 200]
    assert [refused(answer, "code_needed") for answer in (other, elsewhere, later)] == [True] * 3
    assert web.ledger("cork") == ""


@pytest.mark.parametrize("edit", [lambda text: text[:-1] + "A", lambda text: text.replace(".", ".9", 1), lambda _: "x"])
def test_an_edited_ticket_is_none(web: Web, edit: object) -> None:
    """Neither its signature nor its end can be changed."""
    assert callable(edit)
    name, _, value = ticket_of(web, "bern")["Cookie"].partition("=")

    answer = mark(web, "bern", {"Cookie": f"{name}={edit(value[:-1])}"})

    assert refused(answer, "code_needed")


def test_the_door_shows_the_code_as_a_drawing(web: Web) -> None:
    """It changes with the code; a stranger gets none, and nothing keeps it."""
    kiosk = kiosk_of(web, "bern")
    one = web.client.get("/sites/bern/kiosk/code", headers=kiosk)
    same = web.client.get("/sites/bern/kiosk/code", headers=kiosk)
    web.clock.move(seconds=30)

    other = web.client.get("/sites/bern/kiosk/code", headers=kiosk)
    page = web.client.get("/sites/bern/kiosk", headers=kiosk | HTML)
    web.client.cookies.clear()

    assert one.headers["content-type"].startswith("image/svg+xml")
    assert one.headers["cache-control"] == "no-store"
    assert one.text == same.text != other.text
    assert other.text in page.text
    assert re.search(r'content="\d+;url=/sites/bern/kiosk"', page.text)
    assert refused(web.client.get("/sites/bern/kiosk/code"), "kiosk_needed")


@pytest.mark.parametrize(
    ("site", "said"), [("oslo", "on the tablet"), ("rome", "on the tablet"), ("bern", "with the code at the door")]
)
def test_a_stranger_reads_how_one_marks_there(web: Web, site: str, said: str) -> None:
    """Instead of a form that cannot work; the place and its time stand there too."""
    page = web.client.get(f"/sites/{site}/attendance", headers=HTML)

    assert page.status_code == 200
    assert tags(page, "form") == []
    assert said in visible_text(page)
    assert site.title() in visible_text(page)
    assert tags(page, "span", **{"data-clock": site})


@pytest.mark.parametrize(
    ("networks", "peer", "is_said"),
    [
        ("; networks: [198.51.100.0/24]", "192.0.2.7", True),
        ("; networks: [198.51.100.0/24]", "198.51.100.9", False),
        ("; networks: [198.51.100.0/24]; marking: open", "192.0.2.7", False),
        ("", "192.0.2.7", False),
    ],
)
def test_who_is_outside_the_network_is_told_before_typing(
    tmp_path: Path, networks: str, peer: str, *, is_said: bool
) -> None:
    """The form stands below: as soon as they are connected it works."""
    with serving_web(tmp_path, peer=peer, sites={"oslo": f"timezone: Europe/Oslo{networks}"}) as web:
        page = web.client.get("/sites/oslo/attendance", headers=HTML)

    said = "You are not in the network of Oslo. Connect to its Wi-Fi first."
    assert (said in visible_text(page)) is is_said
    assert tags(page, "form", action="/sites/oslo/attendance")


def test_a_kiosk_that_opens_the_ordinary_page_goes_to_its_own(web: Web) -> None:
    """Both its rule and its form are there."""
    answer = web.client.get("/sites/rome/attendance", headers=kiosk_of(web, "rome") | HTML)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/rome/kiosk")


def test_a_kiosk_may_stand_at_an_open_site(web: Web) -> None:
    """People may mark there, and on their own devices as ever."""
    assert tap(web, "paris", kiosk_of(web, "paris"), employee_id="E9", name="Zoë").status_code == 201
    assert mark(web, "paris", {}).status_code == 201


def test_an_open_site_asks_neither_accounts_nor_counters(web: Web) -> None:
    """Where the database of sessions is broken, people mark at open sites as ever; at code sites they are told."""
    phone = ticket_of(web, "bern")
    (web.folder / ".access.db").unlink()
    (web.folder / ".access.db").mkdir()

    assert mark(web, "paris", {}).status_code == 201
    assert refused(mark(web, "bern", phone), "access_unavailable", 503)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same sites, served by two workers."""
    folder = tmp_path_factory.mktemp("kiosks")
    write_people(folder)
    write_sites(folder, **SITES)
    with serving(folder, workers=2) as running:
        yield running


def granting(server: Server) -> Granting:
    """Return what gives and takes, outside of the server."""
    audit = Audit(server.folder / "logs", now=utc_now)
    return Granting(AccountsFile(server.folder / "accounts.yaml"), audit, now=utc_now)


def send(server: Server, secret: str, **fields: str) -> int:
    """Mark at Rome as a kiosk that is a program, over a connection of its own; return the status."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    body = json.dumps({"employee_id": "E1", "status": "Present"} | fields)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    try:
        connection.request("POST", "/sites/rome/attendance", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_workers_count_guesses_together(server: Server) -> None:
    """Five wrong PINs are free, whichever worker looks at them; the sixth is not looked at."""
    secret = granting(server).add_kiosk("guessing", "rome", by="test", address=None)

    statuses = [send(server, secret, employee_id="E2", pin=f"97136{digit}") for digit in range(8)]

    assert statuses == [403] * 5 + [429] * 3


def test_a_revoked_kiosk_stops_in_all_workers(server: Server) -> None:
    """From the moment it was revoked, elsewhere, not one of many marks is taken."""
    secret = granting(server).add_kiosk("stolen", "rome", by="test", address=None)
    before = [send(server, secret, pin=PIN) for _ in range(4)]

    granting(server).revoke_kiosk("stolen", by="test")

    assert set(before) <= {200, 201}
    assert {send(server, secret, pin=PIN) for _ in range(12)} == {403}
