"""Claims about the page of one person's day, and about closing a month: HR corrects with a reason, the marks stay."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from httpx2 import Response

from tests.access_web import add_account, session_of, token_of
from tests.servers import write_sites
from tests.webapp import FORM, HTML, Web, exports_noted, is_problem, serving_web, tags, visible_text

SITES = {
    "london": "timezone: Europe/London; roster: data/london.roster.csv",
    "kathmandu": "timezone: Asia/Kathmandu",
    "night": "timezone: Europe/London; roster: data/london.roster.csv; day_start: '04:00'",
    "oslo": "timezone: Europe/Oslo; statuses: {Present: present, Absent: absent, Left: left}",
}
ANA = "/hr/sites/london/employees/E1/days"
FRIDAY = f"{ANA}/2026-11-20"
OCTOBER = "/hr/sites/london/months/2026-10"
LEDGER = """Timestamp,Employee_ID,Name,Status
2026-10-25T01:30:00+01:00,E1,Ana Martín,Absent
2026-10-25T01:30:00+00:00,E1,Ana Martín,Present
2026-11-20T09:12:03+00:00,E1,Ana Martín,Present
2026-11-20T17:30:00+00:00,E1,Ana Martín,Absent
2026-11-20T17:31:00+00:00,E2,Jo Park,Present
"""


def write_company(folder: Path) -> None:
    """Write the sites, a roster and some marks."""
    (folder / "data").mkdir()
    (folder / "data" / "london.roster.csv").write_text(
        "Employee_ID,Name\nE1,Ana Martín\nE2,Jo Park\n", encoding="utf-8"
    )
    (folder / "data" / "london.csv").write_text(LEDGER, encoding="utf-8")
    write_sites(folder, **SITES)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A company, asked from the machine itself; it is Monday 23 November 2026, 09:00:03 UTC."""
    write_company(tmp_path)
    with serving_web(tmp_path, peer="127.0.0.1") as served:
        yield served


@pytest.fixture
def hr(web: Web) -> dict[str, str]:
    """What the browser of somebody of HR sends."""
    return HTML | session_of(web, add_account(web, "hana", "hr"))


def look(web: Web, hr: dict[str, str], address: str) -> Response:
    """Open a page."""
    web.client.cookies.clear()
    return web.client.get(address, headers=hr)


def send(web: Web, hr: dict[str, str], address: str, **fields: str) -> Response:
    """Send a form."""
    web.client.cookies.clear()
    return web.client.post(address, content=urlencode(fields), headers=hr | FORM)


def correct(web: Web, hr: dict[str, str], address: str = FRIDAY, **fields: str) -> Response:
    """Send the form that corrects a day."""
    return send(web, hr, address, **{"status": "Absent", "scope": "day", "reason": "was ill"} | fields)


def amendments(web: Web, site: str = "london") -> list[str]:
    """Return the rows among the amendments of a site, without the moment of their writing."""
    path = web.folder / "data" / f"{site}.amendments.csv"
    return [row.partition(",")[2] for row in path.read_text(encoding="utf-8").splitlines()[1:]] if path.exists() else []


def checked(answer: Response, name: str) -> list[str]:
    """Return what is chosen of a group."""
    return [one["value"] for one in tags(answer, "input", name=name, type="radio") if "checked" in one]


# What a day was


def test_the_page_of_a_day_shows_every_mark_as_it_was_recorded(web: Web, hr: dict[str, str]) -> None:
    """Each with time, date, offset and status; the marks of others, and of other days, are not there."""
    page = look(web, hr, FRIDAY)

    text = visible_text(page)
    assert page.status_code == 200
    assert "Ana Martín Friday 20 November 2026, London, ID E1" in text
    assert "Present 09:12:03, Friday 20 November 2026, UTC+00:00" in text
    assert "Absent 17:30:00, Friday 20 November 2026, UTC+00:00" in text
    assert "Jo Park" not in text
    assert "01:30" not in text


def test_a_repeated_hour_is_told_apart_by_the_offsets(web: Web, hr: dict[str, str]) -> None:
    """Both marks of 01:30 stand there, each with its own."""
    text = visible_text(look(web, hr, f"{ANA}/2026-10-25"))

    assert "Absent 01:30:00, Sunday 25 October 2026, UTC+01:00" in text
    assert "Present 01:30:00, Sunday 25 October 2026, UTC+00:00" in text


@pytest.mark.parametrize(
    "address",
    [
        "/hr/sites/london/employees/E9/days/2026-11-20",
        "/hr/sites/london/employees/%3Cb%3E/days/2026-11-20",
        f"{ANA}/2026-02-30",
        f"{ANA}/friday",
        f"{ANA}/0001-01-01",
    ],
)
def test_there_is_no_page_of_nobody_or_of_no_day(web: Web, hr: dict[str, str], address: str) -> None:
    """An ID that nobody has on the roster, and what is no ID or no date, is at no address, for a form neither."""
    assert look(web, hr, address).status_code == 404
    assert correct(web, hr, address).status_code in {403, 404}
    assert amendments(web) == []


# Correcting it


def test_a_day_is_corrected_with_a_reason_and_the_marks_stay(web: Web, hr: dict[str, str]) -> None:
    """One row is written; the page says what the day was and is, and who changed it and why."""
    ledger = web.ledger()

    answer = correct(web, hr, status="Present", reason="the tablet was broken")
    page = look(web, hr, answer.headers["location"])

    assert (answer.status_code, answer.headers["location"]) == (303, f"{FRIDAY}?done=2")
    assert amendments(web) == ["amended,2026-11-20,E1,Ana Martín,Present,hana,the tablet was broken,"]
    assert web.ledger() == ledger
    text = visible_text(page)
    assert "The day was: Absent, first 09:12:03, last 17:30:00. It is now: Present, first 09:12:03, last" in text
    assert "Changed: Present, the whole day – hana the tablet was broken 09:00:03, Monday 23 November 2026" in text
    assert tags(page, "div", role="status", tabindex="-1")[0].keys() >= {"autofocus"}
    assert {"/hr/sites/london/days/2026-11-20", "/hr/sites/london/months/2026-11"} <= {
        tag["href"] for tag in tags(page, "a")
    }


def test_a_corrected_time_says_what_it_moved(web: Web, hr: dict[str, str]) -> None:
    """The status stays: the first and the last mark and the hours tell what is another now, and the page shows them."""
    (web.folder / "data" / "oslo.csv").write_text(
        "Timestamp,Employee_ID,Name,Status\n2026-11-20T09:00:00+01:00,E1,Ana,Present\n"
        "2026-11-20T17:00:00+01:00,E1,Ana,Left\n",
        encoding="utf-8",
    )
    friday = "/hr/sites/oslo/employees/E1/days/2026-11-20"

    answer = correct(web, hr, friday, status="Present", scope="time", time="08:00", reason="at the post")
    text = visible_text(look(web, hr, answer.headers["location"]))

    assert "The day was: Left, first 09:00:00, last 17:00:00, 8:00 hours." in text
    assert "It is now: Left, first 08:00:00, last 17:00:00, 9:00 hours." in text
    assert "What the day is Left as changed by hana : at the post first 08:00:00, last 17:00:00, 9:00 hours" in text


def test_a_page_that_is_loaded_again_or_sent_twice_writes_nothing_more(web: Web, hr: dict[str, str]) -> None:
    """An impatient second click finds its own row."""
    first, second = correct(web, hr), correct(web, hr)
    look(web, hr, first.headers["location"])

    assert second.headers["location"] == first.headers["location"]
    assert len(amendments(web)) == 1


def test_as_if_not_marked_takes_a_day_away(web: Web, hr: dict[str, str]) -> None:
    """The status of the row is empty, and the day is not marked."""
    answer = correct(web, hr, status="-")

    assert amendments(web) == ["amended,2026-11-20,E1,Ana Martín,,hana,was ill,"]
    assert "It is now: Not marked." in visible_text(look(web, hr, answer.headers["location"]))


def test_for_the_whole_day_a_time_that_was_typed_before_is_left_out(web: Web, hr: dict[str, str]) -> None:
    """Its field is hidden then, and sent none the less."""
    correct(web, hr, time="17:30", which="second")

    assert amendments(web) == ["amended,2026-11-20,E1,Ana Martín,Absent,hana,was ill,"]


def test_a_mark_is_corrected_by_its_own_time(web: Web, hr: dict[str, str]) -> None:
    """The link beside it fills the form; the row speaks of its instant, and the mark of that time counts no more."""
    link = next(tag["href"] for tag in tags(look(web, hr, FRIDAY), "a") if "time=17" in tag["href"])
    page = look(web, hr, link.partition("#")[0])
    filled = {tag["name"]: tag["value"] for tag in tags(page, "input", id="time")}

    answer = correct(web, hr, status="Present", scope="time", **filled)

    assert (checked(page, "scope"), filled) == (["time"], {"time": "17:30:00"})
    assert amendments(web) == ["amended,2026-11-20T17:30:00+00:00,E1,Ana Martín,Present,hana,was ill,"]
    assert "It is now: Present, first 09:12:03, last" in visible_text(look(web, hr, answer.headers["location"]))


def test_a_mark_in_a_repeated_hour_is_corrected_alone(web: Web, hr: dict[str, str]) -> None:
    """Its link says which of the two it is, and the form shows both, with that one chosen."""
    address = f"{ANA}/2026-10-25"
    links = [tag["href"] for tag in tags(look(web, hr, address), "a") if "time=01" in tag["href"]]

    pages = [look(web, hr, link.partition("#")[0]) for link in links]
    correct(web, hr, address, scope="time", time="01:30:00", which="second", status="-")

    assert [checked(page, "which") for page in pages] == [["first"], ["second"]]
    assert amendments(web) == ["amended,2026-10-25T01:30:00+00:00,E1,Ana Martín,,hana,was ill,"]


@pytest.mark.parametrize("typed", ["9:30", "09:30", "09.30", " 09:30 "])
def test_a_time_may_be_typed_as_people_do(web: Web, hr: dict[str, str], typed: str) -> None:
    """With a colon or a dot, with one digit or two; it is that of the site."""
    correct(web, hr, scope="time", time=typed)

    assert amendments(web)[0].startswith("amended,2026-11-20T09:30:00+00:00,")


def test_the_time_is_that_of_the_site(web: Web, hr: dict[str, str]) -> None:
    """In Kathmandu half past nine is another instant; without a roster the name is asked for."""
    address = "/hr/sites/kathmandu/employees/K1/days/2026-11-20"
    page = look(web, hr, address)
    nameless = correct(web, hr, address, scope="time", time="09:30")

    answer = correct(web, hr, address, scope="time", time="09:30", name="Asha Rai")

    assert tags(page, "input", name="name")
    assert nameless.status_code == 422
    assert tags(nameless, "a", href="#name")
    assert answer.status_code == 303
    assert amendments(web, "kathmandu") == ["amended,2026-11-20T09:30:00+05:45,K1,Asha Rai,Absent,hana,was ill,"]


def test_a_time_in_the_night_belongs_to_the_work_date(web: Web, hr: dict[str, str]) -> None:
    """Where the day turns at 04:00, half past one of Friday is in the night to Saturday."""
    correct(web, hr, "/hr/sites/night/employees/E1/days/2026-11-20", scope="time", time="01:30")

    assert amendments(web, "night")[0].startswith("amended,2026-11-21T01:30:00+00:00,")


def test_a_time_that_did_not_exist_is_refused_beside_the_field(web: Web, hr: dict[str, str]) -> None:
    """It says when the clock jumped; everything typed stays typed, and the summary leads to the field."""
    typed = {"status": "Present", "scope": "time", "time": "01:30", "reason": "night shift, <b>really</b>"}

    page = correct(web, hr, f"{ANA}/2026-03-29", **typed)

    assert page.status_code == 422
    said = "There was no such time: the clock there went from 01:00 on 2026-03-29 straight to 02:00 on 2026-03-29."
    assert visible_text(page).count(said) == 2
    assert tags(page, "div", role="alert", tabindex="-1")[0].keys() >= {"autofocus"}
    assert tags(page, "a", href="#time")
    (field,) = tags(page, "input", id="time")
    assert (field["value"], field["aria-invalid"]) == ("01:30", "true")
    assert (checked(page, "status"), checked(page, "scope")) == (["Present"], ["time"])
    assert tags(page, "input", id="reason")[0]["value"] == typed["reason"]
    assert amendments(web) == []


@pytest.mark.parametrize(("which", "offset"), [("first", "+01:00"), ("second", "+00:00")])
def test_a_time_that_was_twice_asks_which(web: Web, hr: dict[str, str], which: str, offset: str) -> None:
    """The form comes back with both, and with all that was typed; then the one that is chosen stands in the row."""
    typed = {"status": "Present", "scope": "time", "time": "01:45", "reason": "night shift"}

    asked = correct(web, hr, f"{ANA}/2026-10-25", **typed)
    answer = correct(web, hr, f"{ANA}/2026-10-25", **typed, which=which)

    assert asked.status_code == 409
    assert "The first, at UTC+01:00, before the clocks went back" in visible_text(asked)
    assert "The second, at UTC+00:00, after it" in visible_text(asked)
    assert [one["value"] for one in tags(asked, "input", name="which")] == ["first", "second"]
    assert tags(asked, "a", href="#which")
    assert tags(asked, "input", id="time")[0]["value"] == "01:45"
    assert checked(asked, "status") == ["Present"]
    assert answer.status_code == 303
    assert amendments(web) == [f"amended,2026-10-25T01:45:00{offset},E1,Ana Martín,Present,hana,night shift,"]


def test_a_program_hears_that_a_time_was_twice(web: Web, hr: dict[str, str]) -> None:
    """It is answered 409 with the field that says which: no site is named, for none is asked about."""
    typed = {"status": "Present", "scope": "time", "time": "01:30", "reason": "night shift"}
    answer = correct(web, hr | {"Accept": "application/json"}, f"{ANA}/2026-10-25", **typed)
    assert is_problem(answer, 409, "time_twice")
    assert set(answer.json()["fields"]) == {"which"}
    assert "candidates" not in answer.json()
    assert amendments(web) == []


def test_everything_that_is_wrong_is_said_at_once(web: Web, hr: dict[str, str]) -> None:
    """Each beside its field and in the summary, whose links lead to fields that are there."""
    page = correct(web, hr, status="", scope="", reason=" ")

    ids = {tag["id"] for tag in tags(page, "input") if "id" in tag}
    links = [tag["href"] for tag in tags(page, "a") if tag["href"].startswith("#")]
    assert page.status_code == 422
    assert links == ["#status", "#scope", "#reason"]
    assert {link[1:] for link in links} <= ids
    assert amendments(web) == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "Asleep"}, 422),
        ({"status": "="}, 422),
        ({"scope": "time", "time": "25:00"}, 422),
        ({"scope": "time", "time": "９:30"}, 422),
        ({"scope": "time", "time": ""}, 422),
        ({"reason": "=HYPERLINK(1)"}, 422),
        ({"reason": "x" * 301}, 422),
        ({"reason": "\u202ereason"}, 422),
        ({"extra": "1"}, 400),
    ],
)
def test_what_cannot_be_is_refused(web: Web, hr: dict[str, str], fields: dict[str, str], status: int) -> None:
    """Nothing is written, and a program is told so as well."""
    page = correct(web, hr, **fields)
    program = correct(web, token_of(web, "program", "hr"), **fields)

    assert (page.status_code, program.status_code) == (status, status)
    assert program.headers["content-type"] == "application/problem+json"
    assert amendments(web) == []


def test_what_has_not_come_yet_is_not_corrected(web: Web, hr: dict[str, str]) -> None:
    """Neither tomorrow, nor ten o'clock of today; the page of tomorrow has no form."""
    tomorrow = look(web, hr, f"{ANA}/2026-11-24")

    refused = correct(web, hr, f"{ANA}/2026-11-24"), correct(web, hr, f"{ANA}/2026-11-23", scope="time", time="10:00")
    today = correct(web, hr, f"{ANA}/2026-11-23", scope="time", time="08:59")

    assert "This day has not begun at London." in visible_text(tomorrow)
    assert tags(tomorrow, "form", action=f"{ANA}/2026-11-24") == []
    assert [one.status_code for one in refused] == [422, 422]
    assert "This has not come yet at the site." in visible_text(refused[1])
    assert tags(refused[1], "a", href="#time")
    assert today.status_code == 303


def test_a_forged_number_tells_nothing(web: Web, hr: dict[str, str]) -> None:
    """What was changed just now is told of rows of this day only."""
    correct(web, hr, "/hr/sites/london/employees/E2/days/2026-11-20", reason="of Jo")

    for number in ("2", "99", "0"):
        page = look(web, hr, f"{FRIDAY}?done={number}")
        assert (page.status_code, "It is changed" in page.text, "of Jo" in page.text) == (200, False, False)


# Closing a month


def test_a_month_is_closed_after_its_page_was_read(web: Web, hr: dict[str, str]) -> None:
    """The page says what it means and has the button; then it says who closed when, and the digest of the sheet."""
    before = look(web, hr, f"{OCTOBER}/closing")

    answer = send(web, hr, f"{OCTOBER}/close")
    page = look(web, hr, answer.headers["location"])
    sheet = look(web, hr, f"{OCTOBER}/closing/sheet")

    (line,) = exports_noted(web)
    assert (line["who"], line["what"], line["sites"]) == ("hana", "london-2026-10-closed", "london")
    assert "Close October 2026" in visible_text(before)
    assert tags(before, "form", action=f"{OCTOBER}/close", method="post")
    digest = hashlib.sha256(sheet.content).hexdigest()
    assert amendments(web) == [f"closed,2026-10,,,,hana,,{digest}"]
    text = visible_text(page)
    assert "October 2026 is closed. Nobody corrects a day of it, unless it is opened again." in text
    assert f"Digest {digest}" in text
    assert "Closed 09:00:03, Monday 23 November 2026, UTC+00:00 By hana" in text
    assert "Nothing: the month is as it was closed." in text
    assert sheet.headers["content-disposition"] == 'attachment; filename="london-2026-10-closed.csv"'
    assert sheet.headers["cache-control"] == "no-store"
    assert sheet.text.startswith("Date,Employee_ID,Name,Status")
    assert "sha256sum london-2026-10-closed.csv" in text


def test_a_closed_month_is_not_corrected_until_it_is_open_again(web: Web, hr: dict[str, str]) -> None:
    """The page of a day says so and leads to where it is opened, with a reason; a change is a difference then."""
    october = f"{ANA}/2026-10-25"
    send(web, hr, f"{OCTOBER}/close")

    closed, refused = look(web, hr, october), correct(web, hr, october)
    reasonless = send(web, hr, f"{OCTOBER}/reopen", reason=" ")
    answer = send(web, hr, f"{OCTOBER}/reopen", reason="payroll asked")
    changed = correct(web, hr, october, status="Absent")
    page = look(web, hr, f"{OCTOBER}/closing")

    assert "October 2026 is closed. Open it again first:" in visible_text(closed)
    assert tags(closed, "a", href=f"{OCTOBER}/closing")
    assert tags(closed, "form", action=october) == []
    assert refused.status_code == 409
    assert "October 2026 is closed at this site" in visible_text(refused)
    assert (reasonless.status_code, answer.status_code, changed.status_code) == (422, 303, 303)
    assert tags(reasonless, "a", href="#reason")
    text = visible_text(page)
    assert "Opened again 09:00:03, Monday 23 November 2026, UTC+00:00, by hana : payroll asked" in text
    assert "2026-10-25 Ana Martín E1 Present Absent (day off)" in text
    assert tags(page, "form", action=f"{OCTOBER}/close")


def test_a_month_that_is_not_over_is_not_closed(web: Web, hr: dict[str, str]) -> None:
    """There is no button, and a form that is sent anyway is refused; neither is there a sheet."""
    november = "/hr/sites/london/months/2026-11"
    page = look(web, hr, f"{november}/closing")

    answer = send(web, hr, f"{november}/close")

    assert "November 2026 is not over at London." in visible_text(page)
    assert tags(page, "form", action=f"{november}/close") == []
    assert answer.status_code == 409
    assert look(web, hr, f"{november}/closing/sheet").status_code == 409
    assert look(web, hr, "/hr/sites/london/months/2026-13/closing").status_code == 404


def test_two_who_close_at_once_close_once(web: Web, hr: dict[str, str]) -> None:
    """The second is told that it is closed."""
    first, second = send(web, hr, f"{OCTOBER}/close"), send(web, hr, f"{OCTOBER}/close")

    assert (first.status_code, second.status_code) == (303, 409)
    assert len(amendments(web)) == 1


def test_a_sheet_that_was_changed_is_said_to_be(web: Web, hr: dict[str, str]) -> None:
    """The page stays, and says that the sheet is not what it was; the file is not handed out."""
    send(web, hr, f"{OCTOBER}/close")
    path = web.folder / "data" / "london.closed" / "2026-10.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Present", "Absent"), encoding="utf-8")

    page, sheet = look(web, hr, f"{OCTOBER}/closing"), look(web, hr, f"{OCTOBER}/closing/sheet")

    assert page.status_code == 200
    assert "The sheet of the closed month is not what it was." in visible_text(page)
    assert sheet.status_code == 503


# Where one can go on


@pytest.mark.parametrize(
    "address",
    [FRIDAY, f"{ANA}/2026-11-24", f"{OCTOBER}/closing", OCTOBER, "/hr/sites/london/days/2026-11-20", "/hr/requests"],
)
def test_every_link_leads_to_a_page(web: Web, hr: dict[str, str], address: str) -> None:
    """From a day to its site's day, month and year and back, from a month to its closing."""
    send(web, hr, f"{OCTOBER}/close")
    page = look(web, hr, address)
    links = {tag["href"].partition("#")[0] for tag in tags(page, "a") if tag["href"].startswith("/")}

    broken = {
        link: answer.status_code for link in links if (answer := look(web, hr, link)).status_code not in {200, 303}
    }

    assert page.status_code == 200
    assert len(links) > 4
    assert broken == {}


def test_the_month_tells_of_its_closing_and_leads_to_it(web: Web, hr: dict[str, str]) -> None:
    """Before, with the way to close it; after, with who did so and when; of the present month, that it is not over."""
    before = look(web, hr, OCTOBER)
    send(web, hr, f"{OCTOBER}/close")
    after = look(web, hr, OCTOBER)
    present = look(web, hr, "/hr/sites/london/months/2026-11")

    assert "This month is open. Close October 2026" in visible_text(before)
    assert "Closed by hana, 09:00:03, Monday 23 November 2026, UTC+00:00." in visible_text(after)
    assert all(tags(page, "a", href=f"{OCTOBER}/closing") for page in (before, after))
    assert "This month is open, and not over." in visible_text(present)


def test_a_closed_month_that_changes_says_so(web: Web, hr: dict[str, str]) -> None:
    """A roster with a day of leaving moves it: its page leads to what differs; a new name is no difference."""
    roster = web.folder / "data" / "london.roster.csv"
    told = "It differs from the sheet that was closed: see what"
    send(web, hr, f"{OCTOBER}/close")
    at_once = look(web, hr, OCTOBER)
    roster.write_text("Employee_ID,Name\nE1,Ana Martín\nE2,Jo Parker\n", encoding="utf-8")
    renamed = look(web, hr, OCTOBER)
    roster.write_text("Employee_ID,Name,Until\nE1,Ana Martín,\nE2,Jo Park,2026-10-15\n", encoding="utf-8")
    moved, then = look(web, hr, OCTOBER), look(web, hr, f"{OCTOBER}?known=2026-11-01T00:00:00")
    send(web, hr, f"{OCTOBER}/reopen", reason="wrong roster")
    opened = look(web, hr, OCTOBER)

    assert "Jo Parker" in visible_text(renamed)
    assert [told in visible_text(page) for page in (at_once, renamed, moved, then, opened)] == [0, 0, 1, 0, 0]
    assert len(tags(moved, "a", href=f"{OCTOBER}/closing")) == 2


def test_a_closed_sheet_that_is_not_what_it_was_differs(web: Web, hr: dict[str, str]) -> None:
    """Where it cannot be told what differs, the page of the month says that something does."""
    send(web, hr, f"{OCTOBER}/close")
    (web.folder / "data" / "london.closed" / "2026-10.csv").unlink()
    (web.folder / "data" / "london.roster.csv").write_text("Employee_ID,Name\nE1,Ana\n", encoding="utf-8")

    assert "It differs from the sheet that was closed" in visible_text(look(web, hr, OCTOBER))
