"""Claims about the pages of the roster: what is shown, what an upload would change, and what is put in force."""

import csv
import io
import json
import os
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from httpx2 import Response

from attendance.pins import PinFile
from attendance.roster import table as table_module
from tests.access_web import token_of
from tests.webapp import FORM, HTML, Web, exchange, exports_noted, is_problem, serving_web, tags, visible_text

SITES = {
    "london": "timezone: Europe/London; roster: data/london.roster.csv",
    "oslo": "timezone: Europe/Oslo; roster: data/staff.csv",
    "bern": "timezone: Europe/Zurich; roster: data/staff.csv",
    "lima": "timezone: America/Lima",
}
HOME = "/hr/sites/london/roster"
ROSTER = "Employee_ID,Name,Team,Badge\nE1,Ana Martín,Sales,B1\nE2,Jo Park,Support,\n007,James Bond,,\n"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Four sites, asked by HR: London with three people, two that share a roster, one without any."""
    with serving_web(tmp_path, sites=SITES, role="hr") as served:
        write(served, ROSTER)
        (tmp_path / "data" / "staff.csv").write_text("Employee_ID,Name\nX1,Kari\n")
        yield served


def path_of(web: Web) -> Path:
    """Return where London's roster lies."""
    return web.folder / "data" / "london.roster.csv"


def write(web: Web, content: str) -> None:
    """Write London's roster."""
    path_of(web).parent.mkdir(exist_ok=True)
    path_of(web).write_text(content, encoding="utf-8")


def upload(web: Web, content: bytes | str, *, home: str = HOME, of: str = HTML["Accept"]) -> Response:
    """Upload a file."""
    data = content.encode() if isinstance(content, str) else content
    return web.client.post(home, files={"file": ("roster.csv", data, "text/csv")}, headers={"Accept": of})


def apply(web: Web, preview: Response, missing: str = "keep", **changes: str) -> Response:
    """Press a button of the preview."""
    fields = {one["name"]: one["value"] for one in tags(preview, "input", type="hidden")}
    return web.client.post(f"{HOME}/apply", data=fields | {"missing": missing} | changes, headers=HTML)


def rows(content: str) -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(io.StringIO(content, newline="")))


def audited(web: Web) -> list[dict[str, object]]:
    """Return the lines of the audit log."""
    return [json.loads(line) for line in (web.folder / "logs" / "audit.log").read_text().splitlines()]


# What is shown


def test_the_page_shows_who_is_on_the_roster_and_no_badge(web: Web) -> None:
    """Names, IDs, dates; of a badge only that there is one."""
    write(web, "Employee_ID,Name,Badge,From,Until\nE1,Ana,SECRET,2020-01-01,2026-11-22\nE2,Jo,,2026-12-01,\nE3,Cy,,,\n")

    text = visible_text(web.client.get(HOME, headers=HTML))

    assert "3 people. Today is Monday 23 November 2026 in London" in text
    assert "Ana has left E1 yes 2020-01-01 2026-11-22 Jo has not begun E2 no 2026-12-01 Cy E3 no" in text
    assert "SECRET" not in text


def test_somebody_is_found_by_name_or_id_without_a_script(web: Web) -> None:
    """The form asks the server."""
    pages = [visible_text(web.client.get(f"{HOME}?q={q}", headers=HTML)) for q in ("mart", "e2", "nobody")]

    assert "1 of 3 people are shown" in pages[0]
    assert "Ana Martín" in pages[0]
    assert "Jo Park" in pages[1]
    assert "0 of 3 people are shown" in pages[2]


def test_a_site_without_a_roster_says_how_to_add_one(web: Web) -> None:
    """The line to write is shown, and an upload is refused with the same advice."""
    page = web.client.get("/hr/sites/lima/roster", headers=HTML)
    refused = upload(web, ROSTER, home="/hr/sites/lima/roster", of="*/*")

    assert "roster: data/lima.roster.csv" in visible_text(page)
    assert tags(page, "input", type="file") == []
    assert is_problem(refused, 422, "upload_refused")
    assert web.client.get("/hr/sites/lima/roster.csv").status_code == 404


def test_a_broken_roster_is_told_and_can_be_replaced(web: Web) -> None:
    """The rows are named; a right one puts everybody in force again."""
    write(web, "Employee_ID,Name\nE1,Ana\nE1,Bob\n")

    page = visible_text(web.client.get(HOME, headers=HTML))
    preview = upload(web, "Employee_ID,Name\nE1,Ana\n")
    done = apply(web, preview)

    assert "Nobody can mark here now" in page
    assert "Row 3: the ID E1 stands twice." in page
    assert "everybody counts as added" in visible_text(preview)
    assert done.status_code == 303
    assert "Nobody can mark here now" not in visible_text(web.client.get(HOME, headers=HTML))


def test_whoever_takes_the_roster_away_is_noted(web: Web) -> None:
    """As of every other file with people in it."""
    assert web.client.get(f"{HOME}.csv").status_code == 200

    (line,) = exports_noted(web)
    assert line["who"]
    assert (line["what"], line["format"], line["sites"]) == ("london.roster", "csv", "london")


def test_a_download_can_be_uploaded_again_and_nothing_changes(web: Web) -> None:
    """It names UTF-8 for spreadsheets; badges and teams, which are not in it, stay."""
    file = web.client.get(f"{HOME}.csv")

    preview = upload(web, file.content)
    apply(web, preview)

    assert file.content.startswith(b"\xef\xbb\xbfEmployee_ID,Name,From,Until\n")
    assert "B1" not in file.text
    assert file.headers["content-disposition"] == 'attachment; filename="london.roster.csv"'
    assert "Nothing changes for anybody: the same 3 people" in visible_text(preview)
    assert [row[:2] + row[4:] for row in rows(path_of(web).read_text())][:3] == [
        ["Employee_ID", "Name", "Team", "Badge"],
        ["E1", "Ana Martín", "Sales", "B1"],
        ["E2", "Jo Park", "Support", ""],
    ]


# What would change


def test_the_preview_tells_who_comes_goes_and_changes(web: Web) -> None:
    """Names before and after, dates, that a badge was taken; nothing is written yet."""
    before = path_of(web).read_bytes()

    text = visible_text(
        upload(web, "Employee_ID,Name,Badge,Until\nE1,Ana Martin,,2026-12-31\nE2,Someone Else,NEW,\nE9,Zoë,,\n")
    )

    assert "1 added, 1 missing, 2 changed, 0 as before. Nothing has changed yet." in text
    assert "1 person is missing in your file. Removed, they lose their access" in text
    assert "James Bond 007" in text
    assert "Name: Ana Martín → Ana Martin Until: no end → 2026-12-31 Badge: taken away" in text
    assert "Name: Jo Park → Someone Else another person?" in text
    assert "Badge: given" in text
    assert "Zoë E9" in text
    assert "NEW" not in text
    assert path_of(web).read_bytes() == before


def test_the_preview_warns_of_closed_months(web: Web) -> None:
    """Dates that move there, and who is missing; not where the dates leave it alone, nor once it is open again."""
    home = "/hr/sites/london/months/2026-10"
    web.client.post(f"{home}/close", headers=HTML | FORM)
    moves = "This changes months that are closed: October 2026."
    removes = "Removing them changes months that are closed: October 2026."
    same = "E1,Ana Martín,,\nE2,Jo Park,,\n007,James Bond,,"
    told = []
    for people in (
        same,
        same.replace("Park,,", "Park,,2026-10-31"),
        same.replace("Park,,", "Park,,2026-10-30"),
        same.replace("Park,,", "Park,2026-10-02,"),
        same + "\nE9,Zoë,2026-11-01,",
        same + "\nE9,Zoë,,",
        same.removesuffix("\n007,James Bond,,"),
    ):
        page = upload(web, f"Employee_ID,Name,From,Until\n{people}\n")
        told.append((moves in visible_text(page), removes in visible_text(page)))
        assert len(tags(page, "a", href=home)) == sum(told[-1])
    web.client.post(f"{home}/reopen", data={"reason": "wrong"}, headers=HTML)
    opened = upload(web, f"Employee_ID,Name,From,Until\n{same.removesuffix('007,James Bond,,')}")

    assert told == [(0, 0), (0, 0), (1, 0), (1, 0), (0, 0), (1, 0), (0, 1)]
    assert "months that are closed" not in visible_text(opened)
    assert "they count as visitors from then on, also in old months" in visible_text(opened)


def test_a_roster_of_two_sites_warns_of_the_closed_months_of_both(web: Web) -> None:
    """The other site is named."""
    web.client.post("/hr/sites/bern/months/2026-10/close", headers=HTML | FORM)

    page = upload(web, "Employee_ID,Name\nX1,Kari\nX2,Ola\n", home="/hr/sites/oslo/roster")

    assert "This changes months that are closed: October 2026, Bern." in visible_text(page)


@pytest.mark.parametrize(
    "content",
    [
        "Employee_ID;Name\r\nE1;Ana Martín\r\n".encode("utf-8-sig"),
        "Employee_ID\tName\nE1\tAna Martín\n".encode("utf-16"),
        'Name,"employee id"\n"Ana Martín","E1"\n'.encode(),
        b"Employee-ID,NAME\rE1,Ana Mart\xc3\xadn\r",
    ],
    ids=["semicolons", "UTF-16 and tabs", "another order", "carriage returns"],
)
def test_what_a_spreadsheet_saves_is_read(web: Web, content: bytes) -> None:
    """Separators, byte order marks, line ends, quotes, the order and the spelling of the columns say nothing."""
    done = apply(web, upload(web, content), "remove")

    assert done.headers["location"] == f"{HOME}?added=0&removed=2&changed=0"
    assert rows(path_of(web).read_text())[1] == ["E1", "Ana Martín", "Sales", "B1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Employee_ID,Name\nE1,Ana\n\nE1,Bob\n", "Row 4: the ID E1 stands twice."),
        ("Employee_ID,Name,From\nE1,Ana,20/11/2026\n", "Row 2: From is no date that is written as 2026-11-20"),
        ("Employee_ID,Name\nE1,Ana\n7,James Bond\n", "Row 3: 7 is not known, but 007 is"),
        ("Employee_ID,Name\n1E5,Ana\n", "Row 2: 1E5: a spreadsheet reads the ID as a power of ten"),
        ("Employee_ID,Name\n1.00E+05,Ana\n", "Row 2: a spreadsheet wrote the ID as a power of ten"),
        ("Employee_ID,Name\nJan-23,Ana\n", "Row 2: Jan-23: a spreadsheet wrote the ID as a date"),
        ("Employee_ID,Name\n5.0,Ana\n", "Row 2: 5.0: a spreadsheet wrote the ID as a decimal number"),
        ("Employee_ID,Name,Team\nE1,Ana,=1+1\n", "Row 2: a cell is a formula"),
        ("Employee_ID,Name,Team\nE1,Ana,@SUM(A1)\n", "Row 2: a cell is a formula"),
        ("Employee_ID,Name,Team\nE1,Ana,+cmd|' /C calc'!A0\n", "Row 2: a cell is a formula"),
        ("Employee_ID,Name,=1+1\nE1,Ana,\n", "Row 1: a cell is a formula"),
        ("Employee_ID,Name\n=1+1,Ana\n", "Row 2: a cell is a formula"),
        ("Employee_ID,Name\nE1,Ana\0\n", "Row 2: the row holds zero bytes"),
        ("Employee_ID,Name,Team\nE1,Ana,a\x1b[2J\n", "Row 2: a cell holds a character that cannot be seen"),
        ('Employee_ID,Name\nE1,"Ana\n', "Row 2: quotes that do not pair"),
        ("Employee_ID,Name,Name\nE1,Ana,Ana\n", "the column Name stands there twice"),
        ("Name\nAna\n", "Row 1 names no column Employee_ID."),
        ("", "row 1 is empty"),
        (b"Employee_ID,Name\nE1,Ana Mart\xedn\n", "Row 2: the row holds bytes that are not UTF-8"),
        (b"Employee_ID,Name\n" + b"x" * 70_000, "Row 2: the row is longer than"),
        (b"Employee_ID,Name," + b",".join(b"c%d" % n for n in range(70)) + b"\n", "more than 64 columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_rows(web: Web, content: bytes | str, told: str) -> None:
    """The numbers are those that the spreadsheet shows; nothing is kept of it."""
    before = path_of(web).read_bytes()

    answer = upload(web, content)

    assert answer.status_code == 422
    assert told in visible_text(answer)
    assert path_of(web).read_bytes() == before
    assert sorted(one.name for one in path_of(web).parent.iterdir() if "proposed" in one.name) == []


def test_several_wrong_rows_are_listed_together(web: Web) -> None:
    """Whoever mends the file sees everything at once."""
    text = visible_text(upload(web, "Employee_ID,Name\nE1,\nE2,=x\nE2,Jo\n?,Cy\n"))

    assert "1 rows" not in text
    assert "Row 3" in text


@pytest.mark.parametrize("row", ["={},=\n", "?{},Jo\n", "1E{},Jo\n"])
def test_an_upload_that_is_wrong_throughout_is_given_up_soon(web: Web, row: str) -> None:
    """After a thousand wrong rows no more are read, and that is said."""
    text = visible_text(upload(web, "Employee_ID,Name\n" + "".join(map(row.format, range(5_000)))))

    assert "At least 1000 rows of the file cannot be used." in text
    assert "And 900 more." in text
    assert "Row 2: " in text


def test_a_roster_of_too_many_rows_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as may be uploaded are shown; with one more the file is refused."""
    monkeypatch.setattr(table_module, "MAX_ROWS", 4)
    fits = ROSTER + "E4,Di,,\n"

    assert upload(web, fits).status_code == 200
    answer = upload(web, fits + ",,,\n")
    assert answer.status_code == 422
    assert "it has more than 4 rows, empty ones among them" in visible_text(answer)


def test_ids_that_the_company_has_like_this_raise_no_alarm(web: Web) -> None:
    """Where one known ID looks like a power of ten, so may a new one; phone numbers are no formulas."""
    write(web, "Employee_ID,Name\n1E5,Ana\n007,Jo Park\n")

    answer = upload(web, "Employee_ID,Name,Phone\n1E5,Ana,+44 20 (79) 1\n2E7,Bob,-\n007,Jo Park,\n008,Cy,\n")

    assert answer.status_code == 200
    assert "2 added, 0 missing, 0 changed, 2 as before" in visible_text(answer)


def test_an_id_is_known_by_the_ledger_too(web: Web) -> None:
    """Who marked under 00123 and is not on the roster any more is not 123."""
    write(web, "Employee_ID,Name\n00123,Ana\n")
    web.client.post("/sites/london/attendance", json={"employee_id": "00123", "name": "Ana", "status": "Present"})
    write(web, "Employee_ID,Name\nE2,Somebody\n")

    answer = upload(web, "Employee_ID,Name\n123,Ana\n")

    assert "Row 2: 123 is not known, but 00123 is" in visible_text(answer)


# What is put in force


def test_a_new_roster_is_in_force_at_once_and_the_old_one_is_kept(web: Web) -> None:
    """With the mode that the file had; who did it stands in the audit, without names."""
    path_of(web).chmod(0o604)

    done = apply(web, upload(web, ROSTER + "E9,Zoë,,\n"))
    marked = web.client.post("/sites/london/attendance", json={"employee_id": "E9", "name": "", "status": "Present"})

    assert done.headers["location"] == f"{HOME}?added=1&removed=0&changed=0"
    assert marked.status_code == 201
    assert path_of(web).stat().st_mode & 0o777 == 0o604
    [kept] = (web.folder / "data" / "quarantine").iterdir()
    assert kept.name == "london.roster.csv.before-20261123T090003Z"
    assert kept.read_text() == ROSTER
    [noted] = [one for one in audited(web) if one["action"] == "roster_changed"]
    assert (noted["who"], noted["site"], noted["added"], noted["kept"]) == ("token test-hr", "london", 1, kept.name)
    assert [one.name for one in path_of(web).parent.iterdir() if "proposed" in one.name] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_of_the_file_stays(web: Web) -> None:
    """Whoever edits it by hand may go on."""
    os.chown(path_of(web), 4321, 4322)

    apply(web, upload(web, ROSTER + "E9,Zoë,,\n"))

    found = path_of(web).stat()
    assert (found.st_uid, found.st_gid) == (4321, 4322)


def test_leavers_are_kept_with_their_last_day_by_one_click(web: Web) -> None:
    """They stay in the file with all of their columns; who never began goes, and an earlier last day stays."""
    write(
        web,
        "Employee_ID,Name,Badge,From,Until,Team\nE1,Ana,B1,,,Sales\nE2,Jo,,2026-12-01,,\nE3,Cy,,,2026-10-31,\nE4,Di,,,,\n",
    )

    preview = upload(web, "Employee_ID,Name\nE4,Di\n")
    apply(web, preview)

    assert "Apply, and keep who is missing with Until 2026-11-23" in visible_text(preview)
    assert rows(path_of(web).read_text()) == [
        ["Employee_ID", "Name", "Badge", "From", "Until", "Team"],
        ["E4", "Di", "", "", "", ""],
        ["E1", "Ana", "B1", "", "2026-11-23", "Sales"],
        ["E3", "Cy", "", "", "2026-10-31", ""],
    ]


def test_leavers_get_the_column_until_where_there_is_none(web: Web) -> None:
    """A roster of two columns grows one."""
    write(web, "Employee_ID,Name\nE1,Ana\nE2,Jo\n")

    apply(web, upload(web, "Employee_ID,Name\nE2,Jo\n"))

    assert path_of(web).read_text() == "Employee_ID,Name,Until\nE2,Jo,\nE1,Ana,2026-11-23\n"


def test_who_is_removed_loses_the_pin_and_who_leaves_keeps_it(web: Web) -> None:
    """An ID that is given back later begins without one."""
    pins = PinFile(path_of(web))
    pins.set("E2", "482915")

    preview = upload(web, "Employee_ID,Name\nE1,Ana Martín\n007,James Bond\n")
    apply(web, preview)
    kept = pins.known()
    apply(web, upload(web, "Employee_ID,Name\nE1,Ana Martín\n007,James Bond\n"), "remove")

    assert "1 of them a PIN too" in visible_text(preview)
    assert [sorted(known) for known in (kept, pins.known())] == [["e2"], []]
    assert [one["employee_id"] for one in audited(web) if one["action"] == "pin_removed"] == ["E2"]


@pytest.mark.parametrize("meanwhile", ["the roster", "another upload", "applied already", "a forged form"])
def test_only_what_was_shown_is_applied(web: Web, meanwhile: str) -> None:
    """Where the roster or the proposal is another by then, nothing is done."""
    preview = upload(web, ROSTER + "E9,Zoë,,\n")
    forged: dict[str, str] = {}
    if meanwhile == "the roster":
        write(web, ROSTER + "E8,By hand,,\n")
    elif meanwhile == "another upload":
        upload(web, ROSTER + "E7,Another,,\n")
    elif meanwhile == "applied already":
        apply(web, preview)
    else:
        forged = {"proposal": "0" * 64}
    before = path_of(web).read_bytes()

    answer = apply(web, preview, **forged)

    assert answer.status_code == 409
    assert "Upload yours again" in visible_text(answer)
    assert path_of(web).read_bytes() == before


@pytest.mark.parametrize("proposal", ["none", "empty"])
def test_without_an_upload_no_roster_is_emptied(web: Web, proposal: str) -> None:
    """Whoever knows the digests of the roster and of nothing has proposed nothing."""
    before = path_of(web).read_bytes()
    if proposal == "empty":
        path_of(web).with_name(".london.roster.csv.proposed").touch()
    digests = {"basis": sha256(before).hexdigest(), "proposal": sha256(b"").hexdigest()}

    answer = web.client.post(f"{HOME}/apply", data=digests | {"missing": "remove"}, headers=HTML)

    assert answer.status_code == 409
    assert path_of(web).read_bytes() == before


def test_a_missing_file_is_written_for_the_first_time(web: Web) -> None:
    """A site whose roster is named but not written yet gets one."""
    path_of(web).unlink()

    done = apply(web, upload(web, "Employee_ID,Name\nE1,Ana\n"))

    assert done.status_code == 303
    assert path_of(web).stat().st_mode & 0o777 == 0o640
    assert path_of(web).read_text() == "Employee_ID,Name\nE1,Ana\n"


# Who may


def test_a_roster_of_two_sites_is_changed_by_whoever_has_both(web: Web) -> None:
    """HR of Oslo alone would change who may mark in Bern."""
    home = "/hr/sites/oslo/roster"
    web.client.headers.pop("Authorization")
    one, both = (
        token_of(web, name, "hr", sites=sites.split()) for name, sites in (("one", "oslo"), ("both", "oslo bern"))
    )

    answers = [
        web.client.post(home, files={"file": ("r.csv", b"Employee_ID,Name\nX1,Kari\n")}, headers=who)
        for who in (one, both)
    ]
    applied = web.client.post(f"{home}/apply", data={"basis": "", "proposal": "", "missing": ""}, headers=one)

    assert [answer.status_code for answer in answers] == [403, 200]
    assert applied.status_code == 403
    assert web.client.get(home, headers=one).status_code == 200


def test_nothing_of_a_body_is_read_before_the_rule_has_spoken(web: Web) -> None:
    """A stranger who sends a gigabyte is refused with the first look at the head."""
    web.client.headers.pop("Authorization")
    pieces = iter([{"type": "http.request", "body": b"x" * 1000, "more_body": True}] * 3)

    sent = exchange(web, HOME, pieces, content_type="multipart/form-data; boundary=x", content_length=str(1 << 30))

    assert sent[0]["status"] == 401
    assert len(list(pieces)) == 3


def test_a_viewer_sees_no_roster(web: Web) -> None:
    """Who is in is another matter than who belongs here."""
    viewer = token_of(web, "viewer", "viewer")

    assert web.client.get(HOME, headers=viewer).status_code == 403
    assert web.client.get(f"{HOME}.csv", headers=viewer).status_code == 403


# Hostile files


def test_a_spreadsheet_file_is_refused_with_words_and_never_unpacked(web: Web) -> None:
    """A bomb of four gigabytes in a few kilobytes is looked at for four bytes."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"xl/sheet{number}.xml", b"0" * (64 << 20))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    answer = upload(web, bomb.getvalue())

    grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert answer.status_code == 422
    assert "this is a spreadsheet file: save it as CSV (UTF-8), with text cells" in visible_text(answer)
    assert grown < 16 << 20


def test_entities_of_xml_are_text(web: Web) -> None:
    """Nothing here reads XML."""
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>\n'

    answer = upload(web, bomb)

    assert answer.status_code == 422
    assert "save it as CSV (UTF-8), with text cells" in visible_text(answer)


def _multipart(pieces: int) -> Iterator[dict[str, object]]:
    """Yield a form with a file of so many megabytes."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nEmployee_ID,Name\n'
    yield {"type": "http.request", "body": head, "more_body": True}
    for _ in range(pieces):
        yield {"type": "http.request", "body": b"E1,Ana\n" * 150_000, "more_body": True}
    yield {"type": "http.request", "body": b"\r\n--x--\r\n", "more_body": False}


def test_fifty_megabytes_are_cut_off_at_the_limit(web: Web) -> None:
    """Whether the length is told or not: no more is read than may be sent."""
    token = token_of(web, "sender", "hr")["Authorization"]
    read = 0

    def counted() -> Iterator[dict[str, object]]:
        nonlocal read
        for message in _multipart(50):
            read += 1
            yield message

    kind = "multipart/form-data; boundary=x"
    chunked = exchange(web, HOME, counted(), content_type=kind, authorization=token)
    told = exchange(web, HOME, iter([]), content_type=kind, authorization=token, content_length=str(50 << 20))

    assert chunked[0]["status"] == told[0]["status"] == 413
    assert b"upload_too_large" in chunked[1]["body"]
    assert read < 12


def test_where_there_is_no_room_for_an_upload_that_is_said(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no defect of ours; marks need no such room, and go on."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")

    answer = upload(web, ROSTER, of="*/*")

    assert is_problem(answer, 503, "storage_unavailable")
    mark = {"employee_id": "E1", "name": "", "status": "Present"}
    assert web.client.post("/sites/london/attendance", json=mark).status_code == 201


def test_a_file_that_is_too_large_is_said_once_beside_its_field(web: Web) -> None:
    """With what to do now."""
    text = visible_text(upload(web, "Employee_ID,Name\n" + "E1,Ana\n" * 1_300_000))

    assert text.count("Nothing was changed") == 1
    assert "The file is larger than 8 MiB. Take out columns that are not needed" in text


def test_a_form_that_brings_something_else_is_refused(web: Web) -> None:
    """No file, two files, a text in its place, another type, a boundary that never comes."""
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answers = [
        web.client.post(HOME, files={"file": ("", b"")}),
        web.client.post(HOME, files=[("file", ("a", b"a")), ("file", ("b", b"b"))]),
        web.client.post(HOME, data={"file": "text"}),
        web.client.post(HOME, content=b"--x\r\n", headers=kind),
        web.client.post(HOME, content=b"", headers=kind),
        web.client.post(HOME, json={"file": "text"}),
    ]

    assert {answer.status_code for answer in answers} <= {400, 422}
    assert is_problem(answers[-1], 422, "upload_refused")
    assert answers[-1].json()["fields"] == {"file": "Send the file in a form (multipart/form-data)."}
    assert web.client.get(HOME).status_code == 200
