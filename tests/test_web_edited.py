"""Claims about the page of an edited copy: what differs is shown, and what is chosen becomes an amendment."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from tests.access_web import services, token_of
from tests.webapp import FORM, HEADER, HTML, Web, exchange, is_problem, serving_web, tags, visible_text

HOME = "/hr/sites/london/edited"
ROSTER = "Employee_ID,Name\nE1,Ana Martín\n00123,Jo Park\nE7,Zoë\n"
LEDGER = (
    HEADER
    + "2026-11-19T09:00:03+00:00,E1,Ana Martín,Present\n"
    + "2026-11-19T09:01:00+00:00,00123,Jo Park,Present\n"
    + "2026-11-20T09:00:03+00:00,E1,Ana Martín,Absent\n"
    + "2026-11-20T10:00:00+00:00,E7,Zoë,Present\n"
)
EDITED = (
    LEDGER.replace("E1,Ana Martín,Absent", "E1,Ana Martín,Present").replace(
        "2026-11-19T09:01:00+00:00,00123,Jo Park,Present\n", ""
    )
    + "2026-11-20T17:30:00+00:00,00123,Jo Park,Absent\n"
)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """London with a roster and four marks, asked by HR."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "london.csv").write_text(LEDGER, encoding="utf-8")
    (tmp_path / "data" / "london.roster.csv").write_text(ROSTER, encoding="utf-8")
    sites = {"london": "timezone: Europe/London; roster: data/london.roster.csv"}
    with serving_web(tmp_path, sites=sites, role="hr") as served:
        yield served


def upload(web: Web, content: bytes | str, of: str = HTML["Accept"]) -> Response:
    """Upload a copy."""
    data = content.encode() if isinstance(content, str) else content
    return web.client.post(HOME, files={"file": ("london.csv", data, "text/csv")}, headers={"Accept": of})


def press(web: Web, page: Response, *rows: int, reason: str = "read on paper", **more: str) -> Response:
    """Choose rows of the page, and press a button."""
    offers = [one["value"] for one in tags(page, "input", name="offer")]
    fields = [("offer", offer) for offer in offers] + [("row", offers[row]) for row in rows]
    files = [(key, (None, value)) for key, value in [*fields, ("reason", reason), *more.items()]]
    return web.client.post(f"{HOME}/amend", files=files, headers=HTML)


def amendments(web: Web) -> list[str]:
    """Return the rows among the amendments, without when and by whom they were written."""
    path = web.folder / "data" / "london.amendments.csv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:] if path.exists() else []
    return [",".join(line.split(",")[1:6]) for line in lines]


def test_an_edited_copy_is_shown_row_by_row_and_nothing_is_written(web: Web) -> None:
    """What was, what should be, and where it stands in the copy."""
    page = upload(web, EDITED)

    text = visible_text(page)
    assert "Compared from Thursday 19 November 2026 to Friday 20 November 2026: 2 rows are the same" in text
    assert "3 rows differ" in text
    assert "Ana Martín E1 09:00:03, Friday 20 November 2026 Absent → becomes Present changed in row 3" in text
    assert (
        "Jo Park 00123 09:01:00, Thursday 19 November 2026 Present → becomes not marked the row was taken out" in text
    )
    assert "Jo Park 00123 17:30:00, Friday 20 November 2026 not marked → becomes Absent added in row 5" in text
    assert amendments(web) == []
    assert web.ledger() == LEDGER


def test_the_ledger_itself_differs_in_nothing(web: Web) -> None:
    """Whoever uploads it as it is learns that there is nothing to do."""
    text = visible_text(upload(web, LEDGER))

    assert "The copy says nothing else than the marks" in text


def test_all_rows_become_amendments_with_one_reason(web: Web) -> None:
    """The marks stay; uploaded again, nothing is left to do; the sheet of the day says what the copy says."""
    done = press(web, upload(web, EDITED), all="1")
    again = upload(web, EDITED)
    day = web.client.get("/api/days/2026-11-20?site=london").json()["sites"][0]

    assert "3 amended" in visible_text(done)
    assert tags(done, "input", name="offer") == []
    assert amendments(web) == [
        "amended,2026-11-19T09:01:00+00:00,00123,Jo Park,",
        "amended,2026-11-20T09:00:03+00:00,E1,Ana Martín,Present",
        "amended,2026-11-20T17:30:00+00:00,00123,Jo Park,Absent",
    ]
    assert web.ledger() == LEDGER
    assert "3 differences are amendments already" in visible_text(again)
    assert tags(again, "input", name="offer") == []
    assert {one["employee_id"]: one["status"] for one in day["employees"]} == {
        "E1": "Present",
        "00123": "Absent",
        "E7": "Present",
    }


def test_rows_are_chosen_one_by_one(web: Web) -> None:
    """By a tick, or by the button beside a row; the others stay on the page, and the reason stays typed."""
    page = upload(web, EDITED)
    offers = [one["value"] for one in tags(page, "input", name="offer")]

    by_tick = press(web, page, 1)
    by_button = press(web, by_tick, only=offers[0])

    assert "1 amended" in visible_text(by_tick)
    assert [one["value"] for one in tags(by_tick, "input", name="offer")] == [offers[0], offers[2]]
    assert tags(by_tick, "input", name="reason")[0]["value"] == "read on paper"
    assert [one["value"] for one in tags(by_button, "input", name="offer")] == [offers[2]]
    assert len(amendments(web)) == 2


@pytest.mark.parametrize(
    ("rows", "reason", "told"),
    [((), "so", "Choose at least one row."), ((1,), " ", "Say why.")],
    ids=["no row", "no reason"],
)
def test_what_is_missing_is_said_and_what_was_chosen_stays(
    web: Web, rows: tuple[int, ...], reason: str, told: str
) -> None:
    """The ticks and the rows are there still; nothing was written."""
    answer = press(web, upload(web, EDITED), *rows, reason=reason)

    assert answer.status_code == 422
    assert told in visible_text(answer)
    assert len(tags(answer, "input", name="offer")) == 3
    assert len(tags(answer, "input", name="row", checked="")) == len(rows)
    assert amendments(web) == []


def test_what_is_refused_stops_no_other_row(web: Web) -> None:
    """Somebody whom the site does not know is told, with why; the rest is done."""
    copy = EDITED + "2026-11-20T18:00:00+00:00,E99,Nobody Known,Present\n"

    answer = press(web, upload(web, copy), all="1")

    text = visible_text(answer)
    assert "3 amended, 1 not" in text
    assert "Nobody Known (E99), 18:00:00, Friday 20 November 2026: " in text
    assert len(tags(answer, "input", name="offer")) == 1
    assert len(amendments(web)) == 3


def test_a_closed_month_is_not_amended(web: Web) -> None:
    """It is opened again first, with a reason."""
    web.clock.move(days=10)
    web.client.headers.update(token_of(web, "later", "hr"))
    closed = web.client.post("/hr/sites/london/months/2026-11/close", data={}, headers=HTML | FORM)

    answer = press(web, upload(web, EDITED), all="1")

    assert closed.status_code in {200, 303}
    assert "0 amended, 3 not" in visible_text(answer)
    assert "is closed at this site" in visible_text(answer)


def test_mangled_ids_are_told_and_not_proposed(web: Web) -> None:
    """One saving by a spreadsheet is not the end of Jo Park."""
    page = upload(web, LEDGER.replace("00123", "123"))

    assert tags(page, "input", name="offer") == []
    assert "1 row to look at" in visible_text(page)
    assert "Row 3: the ID was 00123: did a spreadsheet change it?" in visible_text(page)


def test_no_more_rows_are_shown_than_can_be_looked_at(web: Web) -> None:
    """The others come when these are done."""
    more = "".join(f"2026-11-20T{11 + n // 60}:{n % 60:02}:00+00:00,E7,Zoë,Absent\n" for n in range(250))

    page = upload(web, LEDGER + more)

    assert len(tags(page, "input", name="offer")) == 200
    assert "These are the first 200 of 250" in visible_text(page)


def test_a_program_is_answered_with_a_problem(web: Web) -> None:
    """What a file lacks is a problem with a code."""
    assert is_problem(upload(web, "x\n", of="*/*"), 422, "upload_refused")
    assert is_problem(upload(web, b"PK\x03\x04", of="*/*"), 422, "upload_refused")


def test_what_is_no_form_is_not_answered_as_a_mark_is(web: Web) -> None:
    """Rows that were chosen come in a form of many parts, and a copy too."""
    chosen = web.client.post(f"{HOME}/amend", json={"row": "x"})
    copy = web.client.post(HOME, json={"file": "x"})

    assert is_problem(chosen, 400, "malformed_request")
    assert is_problem(copy, 422, "upload_refused")
    assert "mark" not in chosen.json()["detail"] + copy.json()["detail"]


def test_a_forged_row_is_refused(web: Web) -> None:
    """Neither a field of another form nor a line that is no row reaches the file."""
    answers = [
        web.client.post(f"{HOME}/amend", files=[(key, (None, value)), ("reason", (None, "so"))])
        for key, value in (("only", "x"), ("offer", "2026,E1"), ("site", "oslo"))
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 400]
    assert amendments(web) == []


def test_a_copy_that_is_too_large_is_cut_off(web: Web) -> None:
    """With the advice to send one month; hardly more is read than may be sent."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    token = token_of(web, "sender", "hr")["Authorization"]
    pieces = iter([{"type": "http.request", "body": head + b"x" * (1 << 20), "more_body": True}] * 60)

    sent = exchange(web, HOME, pieces, content_type="multipart/form-data; boundary=x", authorization=token)

    assert sent[0]["status"] == 413
    assert b"Send the rows of one month" in sent[1]["body"]
    assert len(list(pieces)) == 60 - 21


def test_names_that_are_markup_are_text(web: Web) -> None:
    """In the rows, in their values, in what is told."""
    page = upload(web, LEDGER + '2026-11-20T18:00:00+00:00,E8,"<img src=x>, ""quoted""",Present\n')
    after = press(web, page, 0)

    for answer in (page, after):
        assert "<img" not in answer.text
        assert tags(answer, "img") == []


def test_the_audit_knows_who_amended(web: Web) -> None:
    """As for every other amendment."""
    press(web, upload(web, EDITED), 0)

    noted = (web.folder / "logs" / "audit.log").read_text()

    assert '"action": "amended", "outcome": "done", "who": "token test-hr"' in noted
    assert services(web).amending.requests(services(web).registry_file.current.resolve("london")) == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_what_libreoffice_makes_of_a_ledger_is_told_and_nothing_is_proposed(web: Web, tmp_path: Path) -> None:
    """Opened and saved without a word said: the IDs that it changed are told, times and statuses are the same."""
    source = tmp_path / "opened.csv"
    source.write_text(web.ledger(), encoding="utf-8")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    out = tmp_path / "saved"
    filters = ["--infilter=CSV:44,34,76,1", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1"]
    subprocess.run(
        ["soffice", profile, "--headless", *filters, "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    saved = (out / "opened.csv").read_text(encoding="utf-8-sig")

    page = upload(web, saved)

    assert '09:01:00+00:00",123,"Jo Park"' in saved
    assert tags(page, "input", name="offer") == []
    assert "Row 3: the ID was 00123: did a spreadsheet change it?" in visible_text(page)
