"""Claims about failures: each has a status, words and a line in the log, and none of them tells what is not theirs."""

import json
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from attendance import errors
from attendance.web.errors import STATUSES, headers_of
from attendance.web.rendering import cause_alone, static_path
from tests.webapp import (
    ANA,
    FORM,
    HTML,
    JSON,
    PAGE,
    Web,
    exchange,
    is_problem,
    serving_web,
    tags,
    visible_text,
    write_roster,
)

NOT_OVER_HTTP = {
    errors.SettingsError: "stops the start",
    errors.RegistryError: "stops the start, or a reload, which the master does",
    errors.UnknownZoneError: "becomes a problem of the registry",
    errors.UnknownCountryError: "becomes a problem of the registry",
    errors.MalformedRowError: "is passed over and reported where rows are read",
    errors.NotWrittenError: "belongs to `attendance init`",
    errors.ForeignTableError: "belongs to `attendance import`",
    errors.RefusedRowError: "belongs to `attendance import`",
    errors.ImportRefusedError: "belongs to `attendance import`",
    errors.AuditUnreadableError: "belongs to `attendance audit`",
    errors.BackupNotMadeError: "belongs to `attendance backup`",
    errors.BackupNotWholeError: "belongs to `attendance backup`",
    errors.BackupDamagedError: "belongs to `attendance backup`",
}
ROSTER = "timezone: Europe/London; roster: data/london.roster.csv"
GONE: Message = {"type": "http.disconnect"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """One site without a roster, at 09:00:03 in London."""
    with serving_web(tmp_path) as served:
        yield served


def all_errors(above: type[errors.AttendanceError] = errors.AttendanceError) -> Iterator[type[errors.AttendanceError]]:
    """Yield every class of ours that is raised: those with a code."""
    for error in above.__subclasses__():
        if "code" in vars(error) and error.__module__.startswith("attendance.errors"):
            yield error
        yield from all_errors(error)


# The table


@pytest.mark.parametrize("error", list(all_errors()), ids=lambda error: error.code)
def test_every_error_that_can_reach_http_has_a_status(error: type[errors.AttendanceError]) -> None:
    """It stands in the table, or in the short list of those that cannot get there; a new one has to be put into one."""
    assert (error in STATUSES) is not (error in NOT_OVER_HTTP)


def test_every_error_has_a_code_of_its_own() -> None:
    """A program tells failures apart by it."""
    codes = [error.code for error in all_errors()]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidInputError({"reason": "say why."}),
        errors.InvalidQueryError({"date": "say which."}),
        errors.UploadRefusedError(["say what."]),
        errors.MonthNotClosedError(date(2026, 10, 1)),
        errors.MonthClosedError(date(2026, 10, 1)),
    ],
)
def test_under_a_headline_the_outcome_is_not_said_again(error: errors.AttendanceError) -> None:
    """Whether nothing was recorded, written, done, changed or told: the page says it once, and then the cause."""
    cause = cause_alone(error)

    assert "othing" not in cause
    assert "ot recorded" not in cause
    assert cause[0].isupper()


def test_who_should_come_again_is_told_when() -> None:
    """A queue is short, anything else needs somebody: one second and ten; what is no 503 says nothing."""
    assert headers_of(errors.StorageBusyError("")) == {"Retry-After": "1"}
    assert headers_of(errors.StorageFullError("")) == {"Retry-After": "10"}
    assert headers_of(errors.UnknownSiteError()) == {}


# What cannot be recorded now


def test_a_clock_far_behind_refuses_marks_until_it_has_caught_up(web: Web) -> None:
    """It is answered 503 with when to come again, and recorded afterwards."""
    web.client.post(PAGE, json=ANA)
    web.clock.move(hours=-2)

    refused = web.client.post(PAGE, json=ANA | {"status": "Absent"})
    web.clock.move(hours=3)
    taken = web.client.post(PAGE, json=ANA | {"status": "Absent"})

    assert is_problem(refused, 503, "clock_behind")
    assert refused.headers["retry-after"] == "10"
    assert taken.status_code == 201


def test_a_file_that_is_no_ledger_is_not_touched(web: Web) -> None:
    """It is answered 503 without its place or content; both stand in the log."""
    path = web.folder / "data" / "london.csv"
    path.parent.mkdir()
    path.write_text("Zanzibar7;1\n", encoding="utf-8")

    answers = [web.client.post(PAGE, json=ANA), web.client.post(PAGE, data=ANA, headers=HTML)]

    assert is_problem(answers[0], 503, "ledger_damaged")
    assert not [answer for answer in answers if str(web.folder) in answer.text or "Zanzibar7" in answer.text]
    assert str(path) in web.events()[-1]["reason"]
    assert path.read_text(encoding="utf-8") == "Zanzibar7;1\n"


def test_a_person_is_told_that_nothing_was_recorded_and_can_try_again(web: Web) -> None:
    """The page of a 503 says so, keeps what was typed, has the buttons, and says when to come again."""
    (web.folder / "data").write_text("in the way")

    page = web.client.post(PAGE, data=ANA, headers=HTML)

    assert (page.status_code, page.headers["retry-after"]) == (503, "10")
    assert "Not recorded The file of this site cannot be written. Tell whoever looks after" in visible_text(page)
    assert [field["value"] for field in tags(page, "input", name="name")] == [ANA["name"]]
    assert [button["value"] for button in tags(page, "button", name="status")] == ["Present", "Absent"]


def test_other_sites_go_on(tmp_path: Path) -> None:
    """What stops one site stops no other."""
    sites = {"london": "timezone: Europe/London", "rome": "timezone: Europe/Rome"}

    with serving_web(tmp_path, sites=sites) as web:
        (tmp_path / "data" / "london.csv").mkdir(parents=True)
        statuses = [web.client.post(f"/sites/{site}/attendance", json=ANA).status_code for site in sites]

    assert statuses == [503, 201]


# Defects, and clients that go away


async def defect() -> None:
    """Fail as no handler should."""
    raise ZeroDivisionError("Zanzibar7")


async def refusal() -> None:
    """Refuse as the framework may."""
    raise HTTPException(HTTPStatus.IM_A_TEAPOT, "Zanzibar7")


def test_a_defect_is_said_to_be_one_and_nothing_of_it_is_shown(web: Web) -> None:
    """Program and browser are told that it is not known what was recorded; the log has its kind."""
    web.app.add_api_route("/defect", defect)

    program = web.client.get("/defect")
    browser = web.client.get("/defect", headers=HTML)

    assert is_problem(program, 500, "unexpected_error")
    assert (browser.status_code, len(tags(browser, "main"))) == (500, 1)
    assert "Whether it was recorded is not known: trying again is safe." in visible_text(browser)
    assert "Zanzibar7" not in program.text + browser.text
    assert [(event["event"], event["error"]) for event in web.events()] == [
        ("unexpected_error", "ZeroDivisionError")
    ] * 2


def test_a_refusal_that_nobody_foresaw_is_put_in_our_words(web: Web) -> None:
    """Whatever the framework refuses is a problem with a code, without its own text."""
    web.app.add_api_route("/refusal", refusal)

    answer = web.client.get("/refusal")

    assert is_problem(answer, 418, "refused")
    assert "Zanzibar7" not in answer.text


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/sites/london/attendance", "GET, HEAD, POST"),
        ("/attendance", "GET, HEAD, POST"),
        ("/healthz", "GET, HEAD"),
        (f"{static_path()}/page.css", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_who_uses_a_wrong_method_is_told_all_that_are_right(web: Web, path: str, allowed: str, accept: str) -> None:
    """Pages and programs share addresses: those of both are named (RFC 9110, 10.2.1)."""
    answer = web.client.delete(path, headers={"Accept": accept})

    assert answer.status_code == 405
    assert answer.headers.get_list("allow") == [allowed]


@pytest.mark.parametrize("media_type", [JSON, FORM, {"Content-Type": "multipart/form-data; boundary=x"}])
def test_a_client_that_goes_away_is_no_defect(web: Web, media_type: dict[str, str]) -> None:
    """A phone that loses its line before all was sent leaves one quiet line, and no row."""
    received: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}, GONE]

    exchange(web, PAGE, iter(received), content_type=media_type["Content-Type"])

    assert [(event["event"], event["level"], event["site"]) for event in web.events()] == [
        ("client_gone", "info", "london")
    ]
    assert web.ledger() == ""


# The log


def test_every_failed_mark_leaves_one_line_with_site_and_code(tmp_path: Path) -> None:
    """From JSON and from a form, at the edge and deep within: site, status, code, and the ID of the answer."""
    write_roster(tmp_path, "london", E0042="Ana Martín")
    jo = ANA | {"name": "Zanzibar7"}

    with serving_web(tmp_path, sites={"london": ROSTER}) as web:
        answers = [
            web.client.post(PAGE, content=b"Zanzibar7", headers=JSON),
            web.client.post(PAGE, content=b"Zanzibar7", headers={"Content-Type": "text/plain"}),
            web.client.post(PAGE, json=jo | {"employee_id": "Zanzibar7/"}),
            web.client.post(PAGE, data=jo | {"employee_id": "Zanzibar7"}),
            web.client.post(PAGE, data=jo | {"employee_id": "Zanzibar7"}, headers=HTML),
            web.client.post(PAGE, data=jo, headers=HTML),
            web.client.post(PAGE, json=ANA, headers={"Origin": "https://Zanzibar7.example"}),
            web.client.post(PAGE, content=b"Zanzibar7" * 9999, headers=JSON),
            web.client.post(PAGE, content=iter([b"Zanzibar7" * 9999]), headers=FORM),
            web.client.post(PAGE, data=ANA, files={"Zanzibar7": b"Zanzibar7"}),
        ]
        events = web.events()

    codes = [event["code"] for event in events]
    assert codes == [
        *("malformed_request", "unsupported_media_type", "invalid_input", "unknown_employee", "unknown_employee"),
        *("name_mismatch", "cross_site", "too_large", "too_large", "malformed_request"),
    ]
    assert [event["request_id"] for event in events] == [answer.headers["x-request-id"] for answer in answers]
    assert [event["status"] for event in events] == [answer.status_code for answer in answers]
    assert {(event["event"], event["site"]) for event in events} == {("refused", "london")}
    assert "Zanzibar7" not in json.dumps(events)


def test_a_wrong_field_is_named_in_the_log_without_its_content(web: Web) -> None:
    """Ops see which field people get wrong, and not what they typed."""
    web.client.post(PAGE, json=ANA | {"name": "=Zanzibar7", "status": "Zanzibar7"})

    event = web.events()[-1]
    assert event["fields"] == ["name", "status"]
    assert "Zanzibar7" not in json.dumps(event)


def test_a_hostile_site_is_one_line_of_the_log(web: Web) -> None:
    """Line feeds and terminal escapes in an address are escaped: no line is forged."""
    body: list[Message] = [{"type": "http.request", "body": b"{}"}]

    exchange(web, '/sites/\n{"event": "forged"}\x1b[2J\u2028/attendance', iter(body), content_type="application/json")

    assert [event["code"] for event in web.events()] == ["unknown_site"]
    assert (web.folder / "logs" / "attendance.log").read_bytes().isascii()


def test_what_went_on_is_reported_too(web: Web) -> None:
    """A clock that was set back a little stops nobody, and is told."""
    web.client.post(PAGE, json=ANA)
    web.clock.move(seconds=-2)

    answer = web.client.post(PAGE, json=ANA | {"status": "Absent"})

    assert (answer.status_code, answer.json()["timestamp"]) == (201, "2026-11-23T09:00:03+00:00")
    assert [(event["event"], event["level"]) for event in web.events()] == [("clock_held", "warning")]


def test_a_stop_that_cannot_wait_longer_still_answers(web: Web) -> None:
    """The task of a request is cancelled: the answer is 503, and says that trying again is safe."""
    london = web.app.state.services.registry_file.current.resolve("london")
    body = json.dumps(ANA).encode()
    received = iter([{"type": "http.request", "body": body, "more_body": False}])

    with web.app.state.services.marking.ledger(london).log.exclusive():
        sent = exchange(
            web,
            PAGE,
            received,
            cancel_after_seconds=0.2,
            content_type="application/json",
            content_length=str(len(body)),
        )

    assert sent[0]["status"] == 503
    assert b'"code":"stopping"' in sent[1]["body"]
