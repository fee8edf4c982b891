"""Claims about months, marks and people in the API, and about what is downloaded there: all of it, or nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from httpx2 import Response

from tests.access_web import add_account, session_of, token_of
from tests.exporting_company import write_company
from tests.test_cli import run
from tests.test_cli_export import totals
from tests.test_exporting import from_csv, from_parquet, from_xlsx
from tests.webapp import Web, exports_noted, is_problem, serving_web

MONTH = "/api/months/2026-10"
DAY = "/api/days/2026-10-19"
PERSON = "/api/sites/london/employees/E000?year=2026"
FILES = [
    *((path, form) for path in (DAY, MONTH, "/api/marks") for form in ("csv", "xlsx", "parquet")),
    (PERSON, "csv"),
    (PERSON, "ics"),
]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Three sites after an October in which clocks are changed, asked by HR of all."""
    write_company(tmp_path)
    with serving_web(tmp_path, peer="127.0.0.1", role="hr") as served:
        yield served


def get(web: Web, path: str, **parameters: str) -> Response:
    """Ask for an address with more parameters."""
    return web.client.get(path, params={**dict(_query(path)), **parameters})


def _query(path: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters that stand in an address."""
    for part in path.partition("?")[2].split("&"):
        if part:
            key, _, value = part.partition("=")
            yield key, value


def rows_of(answer: Response) -> list[dict[str, str]]:
    """Return the rows of a CSV file, with keys in small letters."""
    head, *rows = from_csv(answer.content)
    return [dict(zip(map(str.lower, head), row, strict=True)) for row in rows]


def test_a_month_is_told_of_every_site(web: Web) -> None:
    """Totals per person, per day and of the month agree, and each employee has as many days as it."""
    told = web.client.get(MONTH).json()

    assert (told["month"], [site["site"] for site in told["sites"]]) == ("2026-10", ["london", "kathmandu", "santiago"])
    for site in told["sites"]:
        assert {len(one["days"]) for one in site["employees"]} == {31}
        for name, count in site["totals"].items():
            assert count == sum(one["totals"][name] for one in site["employees"])
            assert count == sum(day["totals"][name] for day in site["days"])
    london = told["sites"][0]
    ana = london["employees"][0]
    assert ana["days"][18]["status"] == "Absent"
    assert ana["days"][18]["trail"][0]["reason"] == "called in sick"
    assert [day["workday"] for day in london["days"]][:5] == [True, True, False, False, True]
    assert ana["worked_seconds"] > 0


def test_the_api_an_export_and_the_command_line_have_the_same_totals(web: Web, tmp_path: Path) -> None:
    """For the same month of the same company."""
    told = {site["site"]: site["totals"] for site in web.client.get(MONTH).json()["sites"]}

    as_csv = totals(list(rows_of(get(web, MONTH, format="csv"))))
    columns, rows = from_parquet(get(web, MONTH, format="parquet").content, tmp_path)
    as_parquet = totals([dict(zip([name for name, _ in columns], row, strict=True)) for row in rows])
    *of_sites, of_all = from_xlsx(get(web, MONTH, format="xlsx").content, 1)
    as_xlsx = {row[0]: row[1:] for row in of_sites}
    typed = json.loads(run(tmp_path, "report", "month", "--month", "2026-10", "--json").stdout)

    assert told == as_csv == as_parquet == {site["site"]: site["totals"] for site in typed["sites"]}
    assert {site: list(one.values()) for site, one in told.items()} == as_xlsx
    assert of_all == ["All sites", *(sum(column) for column in zip(*as_xlsx.values(), strict=True))]


def test_a_day_and_its_file_have_the_same_totals(web: Web) -> None:
    """Counted from the rows."""
    told = {site["site"]: site["totals"] for site in web.client.get(DAY).json()["sites"]}

    assert totals(list(rows_of(get(web, DAY, format="csv")))) == told


@pytest.mark.parametrize(("path", "form"), FILES)
def test_a_file_is_saved_under_a_name_of_ours(web: Web, path: str, form: str) -> None:
    """It is kept in no cache, and noted once, with who took it, of which sites."""
    answer = get(web, path, format=form)

    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="attendance-')
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert int(answer.headers["content-length"]) == len(answer.content) > 0
    assert [(one["who"], one["format"]) for one in exports_noted(web)] == [("token test-hr", form)]
    assert exports_noted(web)[0]["address"]
    assert exports_noted(web)[0]["sites"] == ("london" if path == PERSON else "london,kathmandu,santiago")


def test_a_browser_downloads_with_its_session(web: Web) -> None:
    """A link is all that it needs."""
    headers = session_of(web, add_account(web, "jo", "hr"))
    del web.client.headers["Authorization"]

    answer = web.client.get(f"{MONTH}?site=london&format=xlsx", headers=headers | {"Accept": "text/html"})

    assert answer.headers["content-disposition"] == 'attachment; filename="attendance-london-2026-10.xlsx"'
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert exports_noted(web)[0]["who"] == "jo"


def test_a_csv_file_is_parted_as_it_is_wished(web: Web) -> None:
    """With a byte order mark, for an old spreadsheet of a country that writes commas in numbers."""
    answer = get(web, DAY, format="csv", separator="semicolon", bom="true")

    assert answer.content.startswith("\ufeffSite;Date;".encode())
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "parquet"])
@pytest.mark.parametrize("path", [DAY, MONTH, "/api/marks"])
def test_a_site_that_cannot_be_read_refuses_the_whole_answer(web: Web, path: str, form: str) -> None:
    """A part of a table would look like all of it: 503, which says which site, and nothing is noted as taken."""
    ledger = web.folder / "data" / "kathmandu.csv"
    ledger.write_bytes(b"something else\n")
    before = len(exports_noted(web))

    answer = get(web, path, format=form)

    assert is_problem(answer, 503, "site_unreadable")
    assert "the site kathmandu" in answer.json()["detail"]
    assert len(exports_noted(web)) == before
    assert get(web, path, format=form, site="london").status_code == 200


def test_a_month_as_it_was_known(web: Web) -> None:
    """Before HR amended it."""
    then = get(web, f"{MONTH}?site=london", as_known_on="2026-10-19").json()["sites"][0]["employees"][0]["days"]
    in_file = rows_of(get(web, MONTH, site="london", as_known_on="2026-10-19", format="csv"))

    assert (then[18]["status"], then[18]["trail"], then[19]) == ("Gone", [], None)
    assert next(row for row in in_file if row["date"] == "2026-10-19")["status"] == "Gone"
    assert is_problem(get(web, MONTH, as_known_on="yesterday"), 422, "invalid_query")


@pytest.mark.parametrize("month", ["2026-13", "2026", "2026-1", "now", "1899-12", "2200-01"])
def test_what_is_no_month_is_refused(web: Web, month: str) -> None:
    """Without an echo."""
    assert is_problem(web.client.get(f"/api/months/{month}"), 400, "malformed_request")


def test_marks_come_in_pages_that_stay_as_they_are(web: Web) -> None:
    """All of them once, in the order of the ledgers; a page is the same again while others mark."""
    pages = [web.client.get("/api/marks?from=2026-10-01&to=2026-10-31&limit=50").json()]
    while pages[-1]["more"]:
        pages.append(get(web, "/api/marks?from=2026-10-01&to=2026-10-31&limit=50", cursor=pages[-1]["cursor"]).json())
    with (web.folder / "data" / "kathmandu.csv").open("ab") as file:
        file.write(b"2026-11-20T09:00:00+05:45,K1,Maya,Present\n")
    again = get(web, "/api/marks?from=2026-10-01&to=2026-10-31&limit=50", cursor=pages[0]["cursor"]).json()

    found = [(one["site"], one["timestamp"], one["employee_id"]) for page in pages for one in page["marks"]]
    whole = rows_of(get(web, "/api/marks?from=2026-10-01&to=2026-10-31", format="csv"))
    assert found == [(row["site"], row["timestamp"], row["employee_id"]) for row in whole]
    assert len(found) > 100
    assert {len(page["marks"]) for page in pages[:-1]} == {50}
    assert again == pages[1]
    assert {one["work_date"][:7] for page in pages for one in page["marks"]} == {"2026-10"}


def test_a_cursor_goes_on_with_what_is_marked_later(web: Web) -> None:
    """At every site: that is how a program keeps a copy."""
    page = web.client.get("/api/marks?limit=10000").json()
    for site in ("santiago", "london"):
        web.client.post(
            f"/sites/{site}/attendance",
            json={"employee_id": "E000" if site == "london" else "E200", "status": "Present"},
        )

    later = get(web, "/api/marks", cursor=page["cursor"]).json()
    last = get(web, "/api/marks", cursor=later["cursor"]).json()

    assert not page["more"]
    assert [one["site"] for one in later["marks"]] == ["london", "santiago"]
    assert (last["marks"], last["more"], last["cursor"]) == ([], False, later["cursor"])


def test_pages_are_noted_once(web: Web) -> None:
    """Not for each page."""
    first = get(web, "/api/marks", limit="5").json()
    get(web, "/api/marks", limit="5", cursor=first["cursor"])

    assert [(one["what"], one["format"]) for one in exports_noted(web)] == [("attendance-marks", "json")]


@pytest.mark.parametrize(
    "cursor",
    ["x", "eJw", "!!!!", "eJyrrgUAAXUA-Q", "A" * 3000, "eJyrVspPU7JSMjQyNjE1M7ewNKgFAC-5BFU"],
)
def test_a_cursor_that_is_none_of_ours_is_refused(web: Web, cursor: str) -> None:
    """422; never a row that begins in the middle of a line, and no incident."""
    answer = get(web, "/api/marks", cursor=cursor)

    assert answer.status_code in {200, 422}
    assert "row_unreadable" not in json.dumps(web.events())


def test_a_cursor_into_the_middle_of_a_line_is_refused(web: Web) -> None:
    """Nothing is read there."""
    from attendance.web.api.cursors import read_cursor, written_cursor  # noqa: PLC0415  # an inner matter

    good = web.client.get("/api/marks?limit=1&site=london").json()["cursor"]
    positions = read_cursor(good)
    bad = [{"london": positions["london"] + 1}, {"london": 10**9}, {"london": 10**30}]

    answers = [get(web, "/api/marks", site="london", cursor=written_cursor(one)) for one in bad]

    assert all(is_problem(answer, 422, "invalid_query") for answer in answers)
    assert get(web, "/api/marks", site="london", cursor=written_cursor({"london": 0})).status_code == 200
    assert "row_unreadable" not in json.dumps(web.events())
    for text in ('{"london": -1}', '{"london": true}', "[]", '{"london": "1"}', "[" * 9000):
        with pytest.raises(Exception, match="cursor"):
            read_cursor(_packed(text))


def _packed(text: str) -> str:
    """Return a text packed as a cursor is."""
    import zlib  # noqa: PLC0415
    from base64 import urlsafe_b64encode  # noqa: PLC0415

    return urlsafe_b64encode(zlib.compress(text.encode())).decode().rstrip("=")


def test_a_year_of_a_person(web: Web) -> None:
    """Only of them, under their ID in any case; nobody else is 404."""
    told = web.client.get("/api/sites/london/employees/e000?year=2026").json()
    unknown = web.client.get("/api/sites/london/employees/E999?year=2026")

    assert (told["employee_id"], told["name"], told["year"]) == ("E000", "Ana Martín", 2026)
    assert sum(told["totals"][name] for name in ("present", "absent", "not_marked", "off")) == len(told["days"])
    assert is_problem(unknown, 404, "unknown_person")
    assert web.client.get("/api/sites/london/employees/E000").json()["year"] == 2026


def test_a_calendar_of_a_person(web: Web) -> None:
    """Times are instants; what has none is a date; no days off, holidays by their names."""
    answer = get(web, PERSON, format="ics")

    events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    starts = {event.decoded("dtstart"): event for event in events}
    marks = web.client.get(PERSON).json()["days"]
    late = next(one for one in marks if one["late"] and one["date"] > "2026-10-25")
    begins = datetime.fromisoformat(late["first"])
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert (begins.utcoffset(), begins.astimezone(UTC) in starts) == (timedelta(), True)
    assert starts[begins]["summary"] == "Gone (late)"
    assert starts[date(2026, 10, 19)]["summary"] == "Absent"
    assert "Amended by jo: called in sick" in str(starts[date(2026, 10, 19)]["description"])
    assert starts[date(2026, 8, 31)]["summary"] == "Late Summer Bank Holiday"
    assert date(2026, 10, 18) not in starts
    assert b"VTIMEZONE" not in answer.content
    assert len({str(event["uid"]) for event in events}) == len(events)
    assert get(web, PERSON, format="ics").content == answer.content


@pytest.mark.parametrize("path", [f"{MONTH}?format=csv", "/api/marks", "/api/marks?format=xlsx", PERSON])
def test_only_hr_of_the_site_may_take_it(web: Web, path: str) -> None:
    """Neither who sees the board, nor HR of another site."""
    viewer, elsewhere = token_of(web, "a-viewer", "viewer"), token_of(web, "b", "hr", sites=["kathmandu"])

    other = path if path == PERSON else f"{path}{'&' if '?' in path else '?'}site=london"

    assert is_problem(web.client.get(path, headers=viewer), 403, "forbidden")
    assert is_problem(web.client.get(other, headers=elsewhere), 403, "forbidden")


def test_a_server_that_exports_nothing_does_not_import_the_libraries(tmp_path: Path) -> None:
    """They take 60 MB and more: also what reads sheets, and the command line, do without."""
    write_company(tmp_path)
    program = (
        "import sys, attendance.cli, attendance.web.app, attendance.exporting\n"
        "from attendance.config import Settings\n"
        "from pathlib import Path\n"
        "attendance.web.app.create_app(Settings(sites=Path('sites.yaml'), log_dir=Path('logs')))\n"
        "print(sorted({'duckdb', '_duckdb', 'xlsxwriter', 'icalendar', 'openpyxl'} & sys.modules.keys()))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
