"""Claims about a mark over HTTP: what is answered as JSON and as a page, and what stands in the ledger then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webapp import ANA, FORM, HEADER, HTML, JSON, PAGE, Web, is_problem, serving_web, tags, visible_text

ROW = "2026-11-23T09:00:03+00:00,E0042,Ana Martín,Present\n"
ANSWER = {
    "site": "london",
    "timezone": "Europe/London",
    "timestamp": "2026-11-23T09:00:03+00:00",
    "work_date": "2026-11-23",
    "employee_id": "E0042",
    "name": "Ana Martín",
    "status": "Present",
    "repeated": False,
}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """One site without a roster, at 09:00:03 in London."""
    with serving_web(tmp_path) as served:
        yield served


def multipart(**fields: str) -> bytes:
    """Return a form as `curl -F` sends it, with the boundary `x`."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in fields.items()]
    return ("".join(parts) + "--x--\r\n").encode()


def test_a_mark_as_json_is_answered_201_with_the_row_that_stands_in_the_ledger(web: Web) -> None:
    """The answer has exactly the documented fields, and the file the header and one row."""
    answer = web.client.post(PAGE, json=ANA)

    assert (answer.status_code, answer.json()) == (201, ANSWER)
    assert answer.headers["content-type"] == "application/json"
    assert web.ledger() == HEADER + ROW


def test_a_repeat_is_answered_200_with_the_first_row_and_adds_nothing(web: Web) -> None:
    """The same employee with the same status on the same work date is told when that was recorded."""
    web.client.post(PAGE, json=ANA)
    web.clock.move(hours=2)

    answer = web.client.post(PAGE, json=ANA)

    assert (answer.status_code, answer.json()) == (200, ANSWER | {"repeated": True})
    assert web.ledger() == HEADER + ROW


def test_another_status_is_a_new_row(web: Web) -> None:
    """Who was present and says absent is marked absent, below the row that stays."""
    web.client.post(PAGE, json=ANA)
    web.clock.move(hours=2)

    answer = web.client.post(PAGE, json=ANA | {"status": "Absent"})

    assert (answer.status_code, answer.json()["timestamp"]) == (201, "2026-11-23T11:00:03+00:00")
    assert web.ledger() == HEADER + ROW + "2026-11-23T11:00:03+00:00,E0042,Ana Martín,Absent\n"


def test_the_next_day_is_a_new_row(web: Web) -> None:
    """What was said yesterday says nothing of today."""
    web.client.post(PAGE, json=ANA)
    web.clock.move(days=1)

    answer = web.client.post(PAGE, json=ANA)

    assert (answer.status_code, answer.json()["work_date"]) == (201, "2026-11-24")


def test_a_form_is_answered_to_a_browser_by_a_page_that_says_when_and_where(web: Web) -> None:
    """The confirmation names status, time, date, place and offset, and who was marked."""
    answer = web.client.post(PAGE, data=ANA, headers=HTML)

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    said = visible_text(answer)
    assert "You are marked present" in said
    assert "Present at 09:00:03, Monday 23 November 2026, London, UTC+00:00" in said
    assert "Ana Martín E0042" in said
    assert web.ledger() == HEADER + ROW


def test_a_repeated_form_is_told_since_when_and_that_nothing_was_added(web: Web) -> None:
    """The page of a repeat speaks of the first row."""
    web.client.post(PAGE, data=ANA, headers=HTML)
    web.clock.move(minutes=7)

    answer = web.client.post(PAGE, data=ANA, headers=HTML)

    assert answer.status_code == 200
    said = visible_text(answer)
    assert "You are already marked present since 09:00:03, Monday 23 November 2026, London, UTC+00:00" in said
    assert "Nothing was added." in said
    assert web.ledger() == HEADER + ROW


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/csv"])
def test_a_form_from_a_program_is_answered_as_json(web: Web, accept: str) -> None:
    """What curl sends by default asks for no page."""
    answer = web.client.post(PAGE, data=ANA, headers={"Accept": accept})

    assert (answer.status_code, answer.json()) == (201, ANSWER)


def test_json_is_answered_as_json_even_to_a_browser(web: Web) -> None:
    """Who sends JSON reads JSON."""
    answer = web.client.post(PAGE, json=ANA, headers=HTML)
    error = web.client.post(PAGE, json=ANA | {"name": ""}, headers=HTML)

    assert (answer.status_code, answer.json()) == (201, ANSWER)
    assert is_problem(error, 422, "invalid_input")


def test_a_multipart_form_is_a_form(web: Web) -> None:
    """`curl -F` marks as well as `curl -d`."""
    answer = web.client.post(PAGE, content=multipart(**ANA), headers=MULTIPART)

    assert (answer.status_code, answer.json()) == (201, ANSWER)
    assert web.ledger() == HEADER + ROW


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded"])
def test_a_form_that_is_not_percent_encoded_keeps_its_letters(web: Web, content_type: str) -> None:
    """`curl -d 'name=Ana Martín'` sends UTF-8 as it is; read as Latin-1, the name would be spoiled in the ledger."""
    body = "employee_id=E0042&name=Ana Martín&status=Present".encode()

    answer = web.client.post(PAGE, content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["name"]) == (201, "Ana Martín")
    assert web.ledger() == HEADER + ROW


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_a_form_may_say_that_it_is_utf_8(web: Web, charset: str) -> None:
    """A charset that is the right one changes nothing."""
    headers = {"Content-Type": f"{FORM['Content-Type']}; charset={charset}"}

    answer = web.client.post(PAGE, content=b"employee_id=E1&name=Jo&status=Present", headers=headers)

    assert answer.status_code == 201


def test_json_may_say_its_charset(web: Web) -> None:
    """A parameter of the media type does not make it another one."""
    answer = web.client.post(PAGE, json=ANA, headers={"Content-Type": "application/json; charset=utf-8"})

    assert answer.status_code == 201


@pytest.mark.parametrize(
    "name",
    [
        "Siobhán O'Brien",
        'Jo "Bo" Park',
        "Park, Jo",
        "Nguyễn Thị Mỹ",
        "محمد عبد الله",
        "欧阳 明华",
        "<script>alert(1)</script>",
    ],
)
def test_names_of_all_scripts_and_marks_come_back_as_they_were_sent(web: Web, name: str) -> None:
    """What is no control or format character is a name, in the answer and in the repeat that is read from the file."""
    first = web.client.post(PAGE, json=ANA | {"name": name})
    second = web.client.post(PAGE, json=ANA | {"name": name})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["name"] == second.json()["name"] == name


def test_two_people_do_not_share_an_id(web: Web) -> None:
    """Without a roster, the first name of the day is whose the ID is."""
    web.client.post(PAGE, json=ANA)

    answer = web.client.post(PAGE, json=ANA | {"name": "Jo Park"})

    assert is_problem(answer, 409, "name_mismatch")
    assert web.ledger() == HEADER + ROW


def test_the_server_says_when_and_nobody_else(web: Web) -> None:
    """A field that a mark does not have is refused, as JSON and as a form."""
    sent = ANA | {"timestamp": "2020-01-01T00:00:00+00:00"}

    answers = [web.client.post(PAGE, json=sent), web.client.post(PAGE, data=sent)]

    assert all(is_problem(answer, 400, "malformed_request") for answer in answers)
    assert web.ledger() == ""


def test_every_time_is_the_sites_own(tmp_path: Path) -> None:
    """One instant is recorded with the local time, date and offset of each site."""
    sites = {"kiritimati": "timezone: Pacific/Kiritimati", "pago": "timezone: Pacific/Pago_Pago"}

    with serving_web(tmp_path, sites=sites) as web:
        web.clock.move(hours=1, minutes=30)
        answers = [web.client.post(f"/sites/{site}/attendance", json=ANA).json() for site in sites]

    assert [answer["timestamp"] for answer in answers] == ["2026-11-24T00:30:03+14:00", "2026-11-22T23:30:03-11:00"]
    assert [answer["work_date"] for answer in answers] == ["2026-11-24", "2026-11-22"]


def test_before_the_day_begins_it_is_still_yesterday(tmp_path: Path) -> None:
    """The work date of a site whose day begins at four is the one before until four."""
    with serving_web(tmp_path, sites={"london": 'timezone: Europe/London; day_start: "04:00"'}) as web:
        web.clock.move(hours=-6)
        answer = web.client.post(PAGE, json=ANA)

    assert (answer.json()["timestamp"], answer.json()["work_date"]) == ("2026-11-23T03:00:03+00:00", "2026-11-22")


def test_a_site_has_its_own_statuses(tmp_path: Path) -> None:
    """Labels of all kinds are buttons, are recorded as they are spelled, and no others are taken."""
    site = "timezone: Europe/London; statuses: {In the office: present, Away: absent, Gone home: left}"
    with serving_web(tmp_path, sites={"london": site}) as web:
        form = web.client.get(PAGE)
        gone = web.client.post(PAGE, data=ANA | {"status": "Gone home"}, headers=HTML)
        refused = web.client.post(PAGE, json=ANA)
        ledger = web.ledger()

    buttons = {button["value"]: button["class"].split()[-1] for button in tags(form, "button", name="status")}
    assert buttons == {"In the office": "present", "Away": "absent", "Gone home": "left"}
    assert "You are marked “Gone home” Gone home at 09:00:03" in visible_text(gone)
    assert any(element["class"].split()[-1] == "left" for element in tags(gone, "div", role="status"))
    assert refused.json()["fields"] == {"status": "Choose In the office or Away or Gone home."}
    assert ledger == HEADER + "2026-11-23T09:00:03+00:00,E0042,Ana Martín,Gone home\n"


def test_json_headers_are_what_the_client_sends(web: Web) -> None:
    """A bare body with the media type is enough: no other header is asked for."""
    body = b'{"employee_id": "E1", "name": "Jo", "status": "Absent"}'

    assert web.client.post(PAGE, content=body, headers=JSON).status_code == 201
