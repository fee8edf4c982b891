"""Claims about `attendance export` and `attendance report month`: what they write, where, and what they refuse."""

import csv
import json
import os
import pty
import subprocess
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.exporting_company import write_company
from tests.office import libreoffice
from tests.servers import ATTENDANCE
from tests.test_cli import run

OCTOBER = ("--month", "2026-10")
NAMES = ("present", "absent", "late", "not_marked", "off")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sites with an October in which clocks are changed."""
    folder = tmp_path_factory.mktemp("company")
    write_company(folder)
    return folder


def totals(rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return the totals of each site, counted from rows of days of employees."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        count = found.setdefault(row["site"], Counter(dict.fromkeys(NAMES, 0)))
        kind = {"left": "present", "holiday": "off"}.get(row["kind"], row["kind"])
        count[kind] += 1
        count["late"] += row["late"] in {True, "yes"}
    return {site: dict(count) for site, count in found.items()}


def exported(company: Path, *words: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file on stdout, with keys in small letters."""
    done = run(company, "export", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return [{key.lower(): value for key, value in row.items()} for row in csv.DictReader(done.stdout.splitlines())]


def test_a_month_has_the_same_totals_in_every_form(company: Path, tmp_path: Path) -> None:
    """As rows of CSV, JSON and Parquet, on the sheets of a workbook, and in the report."""
    told = json.loads(run(company, "report", "month", *OCTOBER, "--json").stdout)
    report = {site["site"]: site["totals"] for site in told["sites"]}
    for form in ("json", "parquet", "xlsx"):
        done = run(
            company, "export", "month", *OCTOBER, "--format", form, "--output", str(tmp_path / f"october.{form}")
        )
        assert (done.returncode, done.stdout) == (0, "")

    as_csv = totals(exported(company, "month", *OCTOBER))
    as_json = totals(json.loads((tmp_path / "october.json").read_bytes())["rows"])
    with duckdb.connect() as connection:
        found = connection.execute("SELECT site, kind, late FROM read_parquet(?)", [str(tmp_path / "october.parquet")])
        as_parquet = totals([dict(zip(("site", "kind", "late"), row, strict=True)) for row in found.fetchall()])
    workbook = openpyxl.load_workbook(BytesIO((tmp_path / "october.xlsx").read_bytes()))
    cells = list(workbook["Totals"].iter_rows(values_only=True))
    as_xlsx = {str(row[0]): dict(zip(NAMES, row[1:], strict=True)) for row in cells if row[0] in report}

    assert report == as_csv == as_json == as_parquet == as_xlsx
    assert min(min(one.values()) for one in report.values()) > 0


@pytest.mark.needs("soffice")
def test_libreoffice_opens_the_workbook_with_the_same_totals(company: Path, tmp_path: Path) -> None:
    """Sheet by sheet as CSV: the totals, the grid of a site, and an ID that stays what it is."""
    run(company, "export", "month", *OCTOBER, "--format", "xlsx", "--output", str(tmp_path / "october.xlsx"))
    told = json.loads(run(company, "report", "month", *OCTOBER, "--json").stdout)["sites"]

    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    libreoffice(tmp_path / "october.xlsx", tmp_path / "csv", every_sheet)

    sheets = {
        path.stem: list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        for path in (tmp_path / "csv").glob("*.csv")
    }
    assert sorted(sheets) == [f"october-{name}" for name in ("Month", "Totals", "kathmandu", "london", "santiago")]
    shown = {row[0]: row[1:6] for row in sheets["october-Totals"] if row[0] in {site["site"] for site in told}}
    assert shown == {site["site"]: [str(site["totals"][name]) for name in NAMES] for site in told}
    grid = {row[1]: row for row in sheets["october-london"] if row[1].startswith("E0")}
    people = next(site for site in told if site["site"] == "london")["employees"]
    assert {key: row[33:38] for key, row in grid.items()} == {
        one["employee_id"]: [str(one["totals"][name]) for name in NAMES] for one in people
    }
    assert grid["E000"][20] == "A*"  # on the 19th, as it was amended
    assert not any("Err:" in cell or cell.startswith("#") for rows in sheets.values() for row in rows for cell in row)


def test_the_month_of_a_report_is_a_grid_of_signs(company: Path) -> None:
    """With a legend, totals at both ends, and no line that is folded."""
    done = run(company, "report", "month", *OCTOBER, "--site", "london", COLUMNS="40")

    lines = done.stdout.splitlines()
    ana = next(line for line in lines if line.startswith("Ana Martín")).split()
    assert (done.returncode, lines[0]) == (0, "London, October 2026")
    assert len(ana) == 3 + 31 + 5
    assert ana[3 + 18] == "A*"
    assert "·" in ana
    assert "P present, also who left again" in lines[-2]
    assert "! late" in lines[-2]
    assert done.stderr.startswith("London: ")
    sums = {line.split()[0]: line.split() for line in lines[5:] if line}
    assert sum(map(int, sums["Present"][1:])) == int(done.stderr.split()[1])


def test_marks_are_the_rows_of_the_ledgers(company: Path) -> None:
    """Those of the work dates that are asked for, with the time as it stands there."""
    rows = exported(company, "marks", "--site", "santiago", "--from", "2026-10-01", "--to", "2026-10-31")

    own = (company / "data" / "santiago.csv").read_text(encoding="utf-8").splitlines()
    assert [f"{row['timestamp']},{row['employee_id']}" for row in rows] == [
        ",".join(line.split(",")[:2]) for line in own if line.startswith("2026-10")
    ]
    assert {row["work_date"][:7] for row in rows} == {"2026-10"}
    assert len(exported(company, "marks")) > len(rows) * 3


def test_amendments_and_rosters_are_exported(company: Path) -> None:
    """As their files have them."""
    amended = exported(company, "amendments")
    people = exported(company, "roster", "--site", "london", "--site", "kathmandu")

    assert [(row["row"], row["about"], row["reason"]) for row in amended] == [
        ("2", "2026-10-19", "called in sick"),
        ("3", "2026-10-26T08:30:00+00:00", "forgot"),
    ]
    assert len(people) == 14
    assert people[2]["name"] == "O'Brien, Siobhán"


def test_a_day_has_everybody_and_who_amended_it(company: Path) -> None:
    """Also as it was known before that."""
    now = exported(company, "day", "--date", "2026-10-19", "--site", "london")
    then = exported(company, "day", "--date", "2026-10-19", "--site", "london", "--as-known-on", "2026-10-19")

    assert (now[0]["status"], now[0]["amended_by"], now[0]["reason"]) == ("Absent", "jo", "called in sick")
    assert (then[0]["status"], then[0]["reason"]) == ("Gone", "")
    assert len(now) == 7


def test_without_a_date_each_site_has_its_own(company: Path) -> None:
    """There is no today of all sites, and no present month."""
    assert len(exported(company, "day")) == 20
    assert {row["date"][:7] for row in exported(company, "month", "--site", "london")} != set()


def test_csv_is_written_as_it_is_wished(company: Path) -> None:
    """With a byte order mark, and with another separator."""
    done = subprocess.run(
        [ATTENDANCE, "export", "roster", "--bom", "--separator", "semicolon"],
        cwd=company,
        capture_output=True,
        check=True,
    )

    assert done.stdout.startswith("\ufeffSite;Employee_ID;Name;From;Until\nlondon;E000;Ana Martín;;\n".encode())


def test_a_terminal_is_not_shown_what_it_cannot_show(company: Path) -> None:
    """Exit code 2, and how to do it; text is shown."""
    refused, shown = (on_terminal(company, "export", "roster", "--format", form) for form in ("xlsx", "csv"))

    assert refused[0] == 2
    assert "name a file" in refused[1]
    assert "PK" not in refused[1]
    assert shown[0] == 0
    assert "Ana Martín" in shown[1]


def on_terminal(folder: Path, *words: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return the exit code and what stood there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([ATTENDANCE, *words], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    return process.wait(60), seen.decode()


def test_a_bar_is_on_a_terminal_alone(company: Path, tmp_path: Path) -> None:
    """On stderr; stdout stays empty, and without a terminal nothing is said."""
    code, seen = on_terminal(company, "export", "month", *OCTOBER, "--output", str(tmp_path / "october.csv"))

    assert code == 0
    assert "/3" in seen


def test_a_calendar_of_many_people_is_refused(company: Path) -> None:
    """Wrong usage, with the command that makes one."""
    done = run(company, "export", "month", "--format", "ics", COLUMNS="160")

    assert (done.returncode, done.stdout) == (2, "")
    assert "export person" in done.stderr


def test_a_site_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    """What was there before is as it was, nothing half lies beside it, and the site is named."""
    write_company(tmp_path)
    (tmp_path / "data" / "kathmandu.roster.csv").write_text("Name\n", encoding="utf-8")
    (tmp_path / "out.csv").write_text("before", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())

    done = run(tmp_path, "export", "month", *OCTOBER, "--output", "out.csv")

    assert done.returncode == 1
    assert "kathmandu" in done.stderr
    assert "kathmandu.roster.csv:1:1" in done.stderr
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "logs") == before


def test_a_file_is_replaced_as_a_whole_and_noted(tmp_path: Path) -> None:
    """Who, what, which sites, in which form; a folder that is not there is an expected failure."""
    write_company(tmp_path)
    (tmp_path / "out.csv").write_text("before", encoding="utf-8")

    done = run(tmp_path, "export", "roster", "--site", "london", "--output", "out.csv")
    failed = run(tmp_path, "export", "roster", "--output", "nowhere/out.csv")

    noted = [json.loads(line) for line in (tmp_path / "logs" / "audit.log").read_text("ascii").splitlines()]
    assert done.returncode == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith("Site,Employee_ID")
    assert [(one["action"], one["what"], one["sites"], one["format"]) for one in noted] == [
        ("export", "attendance-london-roster", "london", "csv")
    ]
    assert failed.returncode == 1
    assert "nowhere/out.csv: No such file or directory" in failed.stderr


@pytest.mark.parametrize("words", [("month", "--month", "2026-13"), ("day", "--date", "today"), ("marks", "--to", "x")])
def test_what_is_no_date_is_wrong_usage(company: Path, words: tuple[str, ...]) -> None:
    """Exit code 2, and nothing is written."""
    done = run(company, "export", *words)

    assert (done.returncode, done.stdout) == (2, "")


def test_a_year_of_a_person_is_a_table_or_a_calendar(company: Path) -> None:
    """Of them alone; who is not known is an expected failure."""
    rows = exported(company, "person", "london", "e000", "--year", "2026")
    calendar = run(company, "export", "person", "london", "E000", "--year", "2026", "--format", "ics")
    unknown = run(company, "export", "person", "london", "E999", "--year", "2026")

    assert {row["employee_id"] for row in rows} == {"E000"}
    assert next(row["status"] for row in rows if row["date"] == "2026-10-19") == "Absent"
    assert calendar.stdout.startswith("BEGIN:VCALENDAR")
    assert calendar.stdout.count("BEGIN:VEVENT") == len([row for row in rows if row["kind"] != "off"])
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "Nobody is known by this ID" in unknown.stderr
