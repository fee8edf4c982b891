"""Claims about what employees ask for at a kiosk, and how HR answers it: once, with a reason where it is declined."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from httpx2 import Response

from attendance.pins import PinFile
from attendance.web.hr import requests
from tests.access_web import add_account, kiosk_of, services, session_of
from tests.servers import write_sites
from tests.test_web_amending import amendments, checked, look, send
from tests.webapp import HTML, Web, serving_web, tags, visible_text

PIN = "204816"
BADGE = "4006381333931"
SITES = {
    "oslo": "timezone: Europe/Oslo; roster: data/staff.csv; marking: kiosk",
    "rome": "timezone: Europe/Rome; roster: data/staff.csv; marking: pin",
    "lima": "timezone: America/Lima; marking: kiosk",
    "bern": "timezone: Europe/Zurich; roster: data/staff.csv; marking: code",
    "paris": "timezone: Europe/Paris; roster: data/staff.csv",
}
ASKED = {"employee_id": "E1", "date": "2026-11-22", "status": "Present", "scope": "day", "reason": "forgot my badge"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Sites with every rule, asked from the machine itself; it is Monday 23 November 2026."""
    (tmp_path / "data").mkdir()
    staff = f"Employee_ID,Name,Badge\nE1,Ana Martín,{BADGE}\nE2,Jo Park,\nE3,<b>Eve</b>,\n"
    (tmp_path / "data" / "staff.csv").write_text(staff, encoding="utf-8")
    PinFile(tmp_path / "data" / "staff.csv").set("E1", PIN)
    write_sites(tmp_path, **SITES)
    with serving_web(tmp_path, peer="127.0.0.1") as served:
        yield served


@pytest.fixture
def hr(web: Web) -> dict[str, str]:
    """What the browser of somebody of HR sends."""
    return HTML | session_of(web, add_account(web, "hana", "hr"))


@pytest.fixture
def kiosk(web: Web) -> dict[str, str]:
    """What the kiosk of Oslo sends."""
    return HTML | kiosk_of(web, "oslo", "front-door")


def ask(web: Web, kiosk: dict[str, str], site: str = "oslo", **fields: str) -> Response:
    """Send what an employee asks for."""
    return send(web, kiosk, f"/sites/{site}/forgotten", **(ASKED | fields))


def answer(web: Web, hr: dict[str, str], number: int = 2, site: str = "oslo", **fields: str) -> Response:
    """Send an answer of HR."""
    return send(web, hr, f"/hr/sites/{site}/requests/{number}", **({"answer": "approve"} | fields))


# Asking


def test_the_form_has_yesterday_chosen_and_a_month_to_choose_from(web: Web, kiosk: dict[str, str]) -> None:
    """The days of the site, in words; the kiosk leads there, and the form leads back."""
    idle = look(web, kiosk, "/sites/oslo/kiosk")

    page = look(web, kiosk, "/sites/oslo/forgotten")

    options = tags(page, "option")
    assert tags(idle, "a", href="/sites/oslo/forgotten")
    assert [one["value"] for one in options if "selected" in one] == ["2026-11-22"]
    assert (len(options), options[-1]["value"]) == (31, "2026-10-23")
    assert "Yesterday, Sunday 22 November 2026" in visible_text(page)
    assert [one["value"] for one in tags(page, "input", name="status")] == ["Present", "Absent"]
    assert tags(page, "a", href="/sites/oslo/kiosk")
    assert tags(page, "input", name="pin") == []
    assert tags(page, "meta", content="90;url=/sites/oslo/kiosk")


def test_a_request_is_one_row_and_changes_nothing(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """It says that HR will look at it; neither the day nor the ledger is another for it."""
    page = ask(web, kiosk)

    assert page.status_code == 201
    text = visible_text(page)
    assert "Ana Martín HR will look at it You asked for: Present, the whole day, Sunday 22 November 2026." in text
    assert amendments(web, "oslo") == ["requested,2026-11-22,E1,Ana Martín,Present,kiosk front-door,forgot my badge,"]
    assert web.ledger("oslo") == ""
    day = visible_text(look(web, hr, "/hr/sites/oslo/employees/E1/days/2026-11-22"))
    assert "What the day is" in day
    assert "Day off" in day
    assert "Asked for: Present, the whole day – kiosk front-door forgot my badge" in day


@pytest.mark.parametrize("typed", ["e1", BADGE, " E1 "])
def test_a_badge_or_an_id_in_any_case_asks(web: Web, kiosk: dict[str, str], typed: str) -> None:
    """As at the kiosk itself."""
    assert ask(web, kiosk, employee_id=typed).status_code == 201
    assert ",E1,Ana Martín,Present," in amendments(web, "oslo")[0]


def test_a_time_may_be_asked_for(web: Web, kiosk: dict[str, str]) -> None:
    """By the clock of the site; one that was twice asks which, and all that was typed stays."""
    ask(web, kiosk, scope="time", time="9:30")
    web.clock.move(days=-24)  # Friday 30 October: the last Sunday had an hour twice
    twice = ask(web, kiosk, date="2026-10-25", scope="time", time="02:30")

    assert amendments(web, "oslo")[0].startswith("requested,2026-11-22T09:30:00+01:00,")
    assert twice.status_code == 409
    assert [one["value"] for one in tags(twice, "input", name="which")] == ["first", "second"]
    assert tags(twice, "input", id="time")[0]["value"] == "02:30"
    assert [one["value"] for one in tags(twice, "option") if "selected" in one] == ["2026-10-25"]
    assert checked(twice, "status") == ["Present"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"employee_id": " "}, "employee_id"),
        ({"employee_id": "E9"}, "employee_id"),
        ({"employee_id": "<script>"}, "employee_id"),
        ({"date": "2026-11-23"}, "date"),
        ({"date": "2026-10-22"}, "date"),
        ({"date": "tomorrow"}, "date"),
        ({"status": ""}, "status"),
        ({"scope": "time", "time": "late"}, "time"),
        ({"reason": ""}, "reason"),
        ({"reason": "@SUM(A1)"}, "reason"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    web: Web, kiosk: dict[str, str], fields: dict[str, str], field: str
) -> None:
    """The summary has the focus and leads there; what was typed stays, and nothing is written."""
    page = ask(web, kiosk, **fields)

    assert 400 <= page.status_code < 500
    assert tags(page, "a", href=f"#{field}")
    assert tags(page, "div", role="alert", tabindex="-1")[0].keys() >= {"autofocus"}
    assert [one for element in ("input", "select") for one in tags(page, element, id=field)]
    assert tags(page, "input", id="employee_id")[0]["value"] == (ASKED | fields)["employee_id"]
    assert amendments(web, "oslo") == []


def test_one_request_waits_for_an_employee_and_a_day(web: Web, kiosk: dict[str, str]) -> None:
    """The same one again is not written twice; another one about the same day waits until the first is answered."""
    first, again = ask(web, kiosk), ask(web, kiosk)
    other = ask(web, kiosk, status="Absent")
    at_a_time = ask(web, kiosk, scope="time", time="9:30")
    other_day = ask(web, kiosk, date="2026-11-20")

    assert [first.status_code, again.status_code, other_day.status_code] == [201, 201, 201]
    assert [other.status_code, at_a_time.status_code] == [409, 409]
    assert "HR has a request about this day already" in visible_text(other)
    assert [row.split(",")[1] for row in amendments(web, "oslo")] == ["2026-11-22", "2026-11-20"]


def test_a_flood_of_requests_is_slowed(web: Web, kiosk: dict[str, str]) -> None:
    """Each employee can ask for each day once, and a kiosk from which too many come must wait."""
    for _ in range(200):
        services(web).proving.count_request("front-door")

    slowed = ask(web, kiosk)
    web.clock.move(seconds=6)
    later = ask(web, kiosk)

    assert slowed.status_code == 429
    assert "Too many attempts. Wait" in visible_text(slowed)
    assert slowed.headers["retry-after"]
    assert later.status_code == 201


@pytest.mark.parametrize("site", ["lima", "bern", "paris"])
def test_only_where_the_site_knows_the_people_at_its_kiosk_can_be_asked(web: Web, site: str) -> None:
    """Without a roster nobody knows who asks; where people mark elsewhere there is nobody who would see who does."""
    held = HTML | kiosk_of(web, site)

    assert look(web, held, f"/sites/{site}/forgotten").status_code == 404
    assert ask(web, held, site).status_code == 404
    assert "forgotten" not in look(web, held, f"/sites/{site}/kiosk").text
    assert amendments(web, site) == []


def test_a_stranger_learns_nothing(web: Web) -> None:
    """On a device that is no kiosk of the site every ID has one answer, and it holds no name."""
    web.client.cookies.clear()
    elsewhere = HTML | kiosk_of(web, "rome")

    answers = [ask(web, headers, employee_id=one) for headers in (HTML, elsewhere) for one in ("E1", "E9", BADGE)]

    assert {one.status_code for one in answers} == {403}
    assert len({visible_text(one) for one in answers}) == 1
    assert look(web, HTML, "/sites/oslo/forgotten").status_code == 403
    assert "Ask for it there as well" in visible_text(look(web, HTML, "/sites/oslo/attendance"))
    assert amendments(web, "oslo") == []


def test_with_pins_the_pin_is_asked_for(web: Web) -> None:
    """A wrong one and an unknown ID are one answer, and guesses are slowed as for a mark; it never comes back."""
    kiosk = HTML | kiosk_of(web, "rome", "gate")
    form = look(web, kiosk, "/sites/rome/forgotten")

    right = ask(web, kiosk, "rome", pin=PIN)
    missing = ask(web, kiosk, "rome", date="2026-11-20")
    wrong = [ask(web, kiosk, "rome", employee_id=one, pin="971364") for one in ("E1", "E2", "E9")]
    guesses = [ask(web, kiosk, "rome", pin=f"97136{n}").status_code for n in range(8)]

    assert tags(form, "input", name="pin", type="password")
    assert [right.status_code, missing.status_code] == [201, 422]
    assert {one.status_code for one in wrong} == {403}
    alerts = {one.text.partition('role="alert"')[2].partition("</div>")[0] for one in wrong}
    assert len(alerts) == 1
    assert [tags(one, "input", id="pin")[0]["value"] for one in wrong] == ["", "", ""]
    assert not any("971364" in one.text for one in wrong)
    assert guesses[-1] == 429
    assert len(amendments(web, "rome")) == 1


# Answering


def test_hr_sees_what_is_asked_and_what_is_recorded(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """Of all sites, the oldest first; names that look like markup are text."""
    rome = HTML | kiosk_of(web, "rome", "gate")
    ask(web, kiosk, employee_id="E2", date="2026-11-20")
    web.clock.move(seconds=1)
    ask(web, rome, "rome", pin=PIN, date="2026-11-19", status="Absent")
    web.clock.move(seconds=1)
    ask(web, kiosk, employee_id="E3", reason="<i>why</i> & more", date="2026-11-18")

    page = look(web, hr, "/hr/requests")

    text = visible_text(page)
    assert "3 wait for an answer." in text
    assert text.index("Jo Park") < text.index("Ana Martín") < text.index("<b>Eve</b>")
    assert "Asks for Present, the whole day Because forgot my badge Recorded now Not marked" in text
    assert "<i>why</i> & more" in text
    assert "<i>" not in page.text
    assert "Asked 10:00:03, Monday 23 November 2026, UTC+01:00, by kiosk front-door" in text
    assert tags(page, "a", href="/hr/sites/oslo/employees/E2/days/2026-11-20")


def test_approving_writes_one_row_that_counts(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """The day is what was asked for; the page says so, and keeps it among the answered ones."""
    ask(web, kiosk, date="2026-11-20")

    done = answer(web, hr)
    page = look(web, hr, done.headers["location"])
    day = look(web, hr, "/hr/sites/oslo/employees/E1/days/2026-11-20")

    assert done.status_code == 303
    assert amendments(web, "oslo")[1:] == ["approved,2026-11-20,E1,Ana Martín,Present,hana,forgot my badge,2"]
    text = visible_text(page)
    assert "Ana Martín E1, Friday 20 November 2026, Oslo : Present, the whole day. Approved by hana" in text
    assert "No request waits for an answer." in text
    assert tags(page, "div", role="status", tabindex="-1")[0].keys() >= {"autofocus"}
    assert "What the day is Present" in visible_text(day)
    assert "Changed as asked: Present, the whole day – hana" in visible_text(day)


def test_the_page_of_the_day_answers_too(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """It shows what is asked for that day, and approves or declines it; of another day and when answered, nothing."""
    friday = "/hr/sites/oslo/employees/e1/days/2026-11-20"
    ask(web, kiosk, date="2026-11-20")

    page, thursday = look(web, hr, friday), look(web, hr, friday.replace("-20", "-19"))
    form = tags(page, "form", action="/hr/sites/oslo/requests/2", method="post")
    answer(web, hr)
    after = look(web, hr, friday)

    assert "What is asked for Present, the whole day – kiosk front-door : forgot my badge Approve" in visible_text(page)
    assert len(form) == 2
    assert [one["value"] for one in tags(page, "button", name="answer")] == ["approve", "decline"]
    assert ["What is asked for" in visible_text(one) for one in (thursday, after)] == [False, False]


def test_an_answer_that_failed_is_shown_beside_its_request(
    web: Web, hr: dict[str, str], kiosk: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the page of its day one can answer the latest of very many; what was wrong stands beside it."""
    monkeypatch.setattr(requests, "MAX_OPEN", 1)
    ask(web, kiosk, date="2026-11-20")
    web.clock.move(seconds=1)
    ask(web, kiosk, date="2026-11-19")

    assert tags(answer(web, hr, 3, answer="decline", reason=" "), "input", id="reason-oslo-3")


def test_declining_needs_a_reason(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """Without one it is asked for beside the request; with one the day stays as it is, and the reason is shown."""
    ask(web, kiosk, date="2026-11-20")

    missing = answer(web, hr, answer="decline", reason="  ")
    done = answer(web, hr, answer="decline", reason="you were away")
    page = look(web, hr, done.headers["location"])

    assert missing.status_code == 422
    assert tags(missing, "a", href="#reason-oslo-2")
    assert tags(missing, "input", id="reason-oslo-2")[0]["aria-invalid"] == "true"
    assert "open" in tags(missing, "details")[0]
    assert done.status_code == 303
    assert amendments(web, "oslo")[1:] == ["declined,2026-11-20,E1,Ana Martín,Present,hana,you were away,2"]
    assert "Declined by hana, 10:00:03, Monday 23 November 2026, UTC+01:00 : you were away" in visible_text(page)
    assert "Not marked" in visible_text(look(web, hr, "/hr/sites/oslo/employees/E1/days/2026-11-20"))


def test_the_second_answer_is_told_what_the_first_said(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """Nothing is written; who and when is shown."""
    ask(web, kiosk)
    answer(web, hr, answer="decline", reason="no")
    bo = HTML | session_of(web, add_account(web, "bo", "hr"))

    late = answer(web, bo)

    assert late.status_code == 409
    assert "Somebody has answered this request already" in visible_text(late)
    assert "Declined by hana" in visible_text(late)
    assert len(amendments(web, "oslo")) == 2


def test_two_who_approve_at_once_leave_one_row(web: Web, kiosk: dict[str, str]) -> None:
    """One is redirected, the others are told that it was answered."""
    ask(web, kiosk)
    people = [session_of(web, add_account(web, f"hr{n}", "hr")) for n in range(6)]

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda who: answer(web, HTML | who).status_code, people))

    assert statuses == [303, 409, 409, 409, 409, 409]
    assert len(amendments(web, "oslo")) == 2


@pytest.mark.parametrize(("number", "fields"), [(3, {}), (0, {}), (2, {"answer": "perhaps"}), (2, {"answer": ""})])
def test_what_is_no_request_or_no_answer_changes_nothing(
    web: Web, hr: dict[str, str], kiosk: dict[str, str], number: int, fields: dict[str, str]
) -> None:
    """It is said, and the page with the requests stays."""
    ask(web, kiosk)

    page = answer(web, hr, number, **fields)

    assert page.status_code in {409, 422}
    assert "Nothing was changed" in visible_text(page)
    assert len(amendments(web, "oslo")) == 1


def test_hr_of_one_site_neither_sees_nor_answers_what_another_is_asked(
    web: Web, hr: dict[str, str], kiosk: dict[str, str]
) -> None:
    """The list holds own sites alone, and so does the address."""
    ask(web, kiosk)
    roman = HTML | session_of(web, add_account(web, "romana", "hr", sites=["rome"]))

    page, refused = look(web, roman, "/hr/requests?site=oslo&number=2"), answer(web, roman)

    assert "Ana Martín" not in page.text
    assert refused.status_code == 403
    assert len(amendments(web, "oslo")) == 1
    assert "Ana Martín" in look(web, hr, "/hr/requests").text


def test_a_request_about_a_closed_month_is_not_approved(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """A month with open requests is not closed; the page leads to them."""
    ask(web, kiosk, date="2026-10-30")
    october = "/hr/sites/oslo/months/2026-10"

    page, refused = look(web, hr, f"{october}/closing"), send(web, hr, f"{october}/close")

    assert "A request about October 2026 waits for an answer first." in visible_text(page)
    assert tags(page, "a", href="/hr/requests")
    assert tags(page, "form", action=f"{october}/close") == []
    assert refused.status_code == 409
    assert "Requests about October 2026 wait for an answer" in visible_text(refused)


def test_answers_are_shown_for_thirty_days(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """After that they stand in the file, and with the day."""
    ask(web, kiosk)
    answer(web, hr)
    web.clock.move(days=29)
    hana = HTML | session_of(web, services(web).accounts.current().accounts["hana"])

    before = look(web, hana, "/hr/requests")
    web.clock.move(days=2)
    hana = HTML | session_of(web, services(web).accounts.current().accounts["hana"])
    after = look(web, hana, "/hr/requests")

    assert "Ana Martín" in before.text
    assert "Ana Martín" not in after.text


def test_a_site_that_cannot_be_read_does_not_hide_the_others(
    web: Web, hr: dict[str, str], kiosk: dict[str, str]
) -> None:
    """It is named; the requests of the others are there."""
    ask(web, kiosk)
    (web.folder / "data" / "rome.amendments.csv").mkdir()

    page = look(web, hr, "/hr/requests")

    assert "The requests of Rome cannot be read now." in visible_text(page)
    assert "Ana Martín" in page.text


def test_who_answered_what_stands_in_the_audit(web: Web, hr: dict[str, str], kiosk: dict[str, str]) -> None:
    """With the number of the request, and without the words of anybody."""
    ask(web, kiosk)
    answer(web, hr)

    lines = [json.loads(line) for line in (web.folder / "logs" / "audit.log").read_text().splitlines()]

    told = [(line["action"], line["who"], line["row"]) for line in lines if "row" in line]
    assert told == [("requested", "kiosk front-door", 2), ("answered", "hana", 3)]
    assert "forgot my badge" not in (web.folder / "logs" / "audit.log").read_text()
