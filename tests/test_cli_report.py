"""Claims about `attendance report`: its tables, its JSON, its days and its exit codes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers import write_sites
from tests.test_cli import run

HEADER = "Timestamp,Employee_ID,Name,Status\n"
FRIDAY = "2026-11-20"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """London without a roster, Kathmandu with one and a start at nine; both with a Friday."""
    more = "roster: data/kathmandu.roster.csv; start: '09:00'; statuses: {Here: present, Gone: left}; visitors: true"
    write_sites(
        tmp_path, london="timezone: Europe/London; holidays: GB-ENG", kathmandu=f"timezone: Asia/Kathmandu; {more}"
    )
    (tmp_path / "data").mkdir()
    for name, text in {
        "kathmandu.roster.csv": "Employee_ID,Name\n007,Maya [Rai]\nE8,Jo Park\n",
        "london.csv": f"{HEADER}2026-11-20T08:00:00+00:00,E1,Ana Martín,Absent\n",
        "kathmandu.csv": f"{HEADER}2026-11-20T09:30:00+05:45,007,Maya [Rai],Here\n"
        "2026-11-20T17:00:00+05:45,007,Maya [Rai],Gone\n2026-11-20T18:00:00+05:45,E1,Ana Martín,Here\n",
    }.items():
        (tmp_path / "data" / name).write_text(text, encoding="utf-8")
    return tmp_path


def cells(text: str) -> list[list[str]]:
    """Return the rows of tables."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line[:1] == "│"]


def test_a_day_is_a_table_for_each_site(folder: Path) -> None:
    """In the order of the registry, with the totals on stderr."""
    done = run(folder, "report", "day", "--date", FRIDAY, COLUMNS="120")

    assert done.returncode == 0
    assert "London, Friday 20 November 2026" in done.stdout
    assert done.stdout.index("London") < done.stdout.index("Kathmandu, Friday 20 November 2026")
    assert cells(done.stdout) == [
        ["Ana Martín", "E1", "Absent (seen at Kathmandu, 18:00:00 there)", "08:00:00", "08:00:00", ""],
        ["Maya [Rai]", "007", "Gone", "09:30:00", "17:00:00", "late"],
        ["Jo Park", "E8", "not marked", "", "", ""],
        ["Ana Martín", "E1", "Here (visitor)", "18:00:00", "18:00:00", ""],
    ]
    assert done.stderr.splitlines() == [
        "London: 0 present, 1 absent, 0 late, 0 not marked, 0 off",
        "Kathmandu: 2 present, 0 absent, 1 late, 1 not marked, 0 off",
    ]


def test_the_json_of_a_day_tells_the_same(folder: Path) -> None:
    """The date that was asked for stands on top; a site that is named twice is told once."""
    words = ("report", "day", "--site", "kathmandu", "--site", "london", "--site", "kathmandu")

    done = run(folder, *words, "--date", FRIDAY, "--json")

    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["date"]) == (0, "", FRIDAY)
    assert [site["site"] for site in told["sites"]] == ["kathmandu", "london"]
    assert told["sites"][0]["totals"] == {"present": 2, "absent": 0, "late": 1, "not_marked": 1, "off": 0}
    assert [one["kind"] for one in told["sites"][0]["employees"]] == ["left", "not_marked", "present"]


def test_without_a_date_each_site_has_its_own_today(tmp_path: Path) -> None:
    """There is no today of all: the date stands at each site."""
    write_sites(tmp_path, east="timezone: Pacific/Kiritimati", west="timezone: Pacific/Pago_Pago")

    before = datetime.now(UTC)
    told = json.loads(run(tmp_path, "report", "day", "--json").stdout)

    east, west = (datetime.fromisoformat(site["date"]).date() for site in told["sites"])
    assert told["date"] is None
    assert (east - west).days in {1, 2}
    assert west <= before.date() <= east


def test_a_holiday_has_its_name_in_the_title(folder: Path) -> None:
    """And nobody who did not mark then is absent."""
    done = run(folder, "report", "day", "--date", "2026-12-25", COLUMNS="120")

    assert "London, Friday 25 December 2026, Christmas Day" in " ".join(done.stdout.split())
    assert done.stderr.splitlines()[1] == "Kathmandu: 0 present, 0 absent, 0 late, 2 not marked, 0 off"


def test_who_is_off_is_told_so(folder: Path) -> None:
    """On a Saturday."""
    done = run(folder, "report", "day", "--date", "2026-11-21", "--site", "kathmandu")

    assert [row[2] for row in cells(done.stdout)] == ["off", "off"]


def test_a_mark_of_the_night_after_says_so(tmp_path: Path) -> None:
    """Where the day begins at 04:00, 02:00 is a time of the next date."""
    write_sites(tmp_path, oslo="timezone: Europe/Oslo; day_start: '04:00'")
    (tmp_path / "data").mkdir()
    rows = "2026-11-20T22:00:00+01:00,E1,Ana,Present\n2026-11-21T02:00:00+01:00,E1,Ana,Absent\n"
    (tmp_path / "data" / "oslo.csv").write_text(HEADER + rows, encoding="utf-8")

    done = run(tmp_path, "report", "day", "--date", FRIDAY)

    assert cells(done.stdout) == [["Ana", "E1", "Absent", "22:00:00", "02:00:00 +1", ""]]


@pytest.mark.parametrize("on", ["today", "20.11.2026", "2026-02-30", "20261120", "0001-01-01", "9999-12-31"])
def test_what_is_no_date_is_wrong_usage(folder: Path, on: str) -> None:
    """Exit code 2, and how a date is written."""
    done = run(folder, "report", "day", "--date", on)

    assert (done.returncode, done.stdout) == (2, "")
    assert "write a date such as 2026-11-20" in done.stderr


def test_an_unknown_site_is_an_expected_failure(folder: Path) -> None:
    """Nothing is told of the others then: the question was another one."""
    done = run(folder, "report", "day", "--site", "london", "--site", "paris")

    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no such site" in done.stderr


def test_a_site_that_cannot_be_read_is_left_out_and_said(folder: Path) -> None:
    """The others are told all the same; the exit code is 1."""
    (folder / "data" / "kathmandu.roster.csv").write_text("Name\n", encoding="utf-8")

    done = run(folder, "report", "day", "--date", FRIDAY, "--json")

    assert done.returncode == 1
    assert [site["site"] for site in json.loads(done.stdout)["sites"]] == ["london"]
    assert done.stderr.startswith("Kathmandu is left out: ")
    assert "kathmandu.roster.csv:1:1: the first row must be Employee_ID,Name" in done.stderr


def test_a_ledger_that_cannot_be_read_is_left_out_and_said(folder: Path) -> None:
    """The reason is told."""
    (folder / "data" / "london.csv").write_text("something else\n", encoding="utf-8")

    done = run(folder, "report", "day", "--date", FRIDAY)

    assert done.returncode == 1
    assert "Kathmandu, Friday" in done.stdout
    assert done.stderr.startswith("London is left out: ")
    assert len(done.stderr.splitlines()[0]) > len("London is left out: ")


def test_a_row_that_cannot_be_read_is_said_and_passed_over(folder: Path) -> None:
    """As on the board: something else has written into the file since."""
    for employee_id in ("E1", "E2"):
        run(folder, "mark", "london", employee_id, "Present", "--name", "Ana")
    path = folder / "data" / "london.csv"
    path.write_bytes(path.read_bytes().replace(b",E1,Ana,Present", b";E1;Ana;Present"))

    done = run(folder, "report", "day", "--site", "london")

    assert done.returncode == 0
    assert [row[1] for row in cells(done.stdout)] == ["E2"]
    assert "cannot be read and is passed over" in done.stderr
    assert "(row_unreadable)" in done.stderr


@pytest.mark.parametrize(
    ("known", "statuses"),
    [
        ("2026-11-20T05:00:00Z", ["Here", "not marked"]),
        ("2026-11-20T12:00:00+05:45", ["Here", "not marked"]),
        ("2026-11-20", ["Gone", "not marked", "Here (visitor)"]),
        ("2026-11-19", ["not marked", "not marked"]),
    ],
)
def test_a_day_can_be_told_as_it_was_known(folder: Path, known: str, statuses: list[str]) -> None:
    """At an instant, or at the end of a work date there."""
    words = ("report", "day", "--site", "kathmandu", "--date", FRIDAY, "--as-known-on", known)

    assert [row[2] for row in cells(run(folder, *words, COLUMNS="120").stdout)] == statuses


@pytest.mark.parametrize("known", ["yesterday", "2026-11-20T09:00:00"])
def test_an_instant_without_its_offset_is_wrong_usage(folder: Path, known: str) -> None:
    """Exit 2, with what to write."""
    done = run(folder, "report", "day", "--as-known-on", known)

    assert (done.returncode, done.stdout) == (2, "")
    assert "--as-known-on" in done.stderr
    assert "with its offset" in done.stderr


def test_a_range_is_told_by_month_site_or_day(folder: Path) -> None:
    """The same figures added up in three ways, and all of them together; marks are counted as they were made."""
    words = ("report", "range", "--from", "2026-10-31", "--to", "2026-11-20", "--json")
    by = {name: json.loads(run(folder, *words, "--by", name).stdout) for name in ("month", "site", "day")}

    kathmandu = {"present": 2, "absent": 0, "late": 1, "not_marked": 29, "off": 12, "marks": 3}
    london = {"present": 0, "absent": 1, "late": 0, "not_marked": 0, "off": 0, "marks": 1}
    together = {name: kathmandu[name] + london[name] for name in london}
    assert by["site"]["rows"] == [{"site": "kathmandu"} | kathmandu, {"site": "london"} | london]
    assert [row["month"] for row in by["month"]["rows"]] == ["2026-10", "2026-11"]
    assert by["month"]["rows"][0] == {"month": "2026-10"} | dict.fromkeys(london, 0) | {"off": 2}
    assert (len(by["day"]["rows"]), by["day"]["rows"][-1]["date"]) == (21, FRIDAY)
    assert [told["totals"] for told in by.values()] == [together] * 3


def test_a_range_is_a_table_with_its_totals_on_stderr(folder: Path) -> None:
    """It can be of one site."""
    done = run(folder, "report", "range", "--from", FRIDAY, "--to", FRIDAY, "--site", "kathmandu", COLUMNS="120")

    assert cells(done.stdout) == [["2026-11", "2", "0", "1", "1", "0", "3"]]
    assert done.stderr == "2 present, 0 absent, 1 late, 1 not marked, 0 off, 3 marks\n"


def test_a_range_that_ends_before_it_begins_is_refused(folder: Path) -> None:
    """As is a date that is none."""
    backwards = run(folder, "report", "range", "--from", FRIDAY, "--to", "2026-11-19")
    no_date = run(folder, "report", "range", "--from", "yesterday", "--to", FRIDAY)

    assert [done.returncode for done in (backwards, no_date)] == [2, 2]
    assert "--to" in backwards.stderr
    assert "--from" in no_date.stderr


def test_a_range_of_a_site_that_cannot_be_read_is_left_out(folder: Path) -> None:
    """The others are told, and the exit code says that not all are there."""
    (folder / "data" / "kathmandu.roster.csv").write_text("nonsense\n", encoding="utf-8")

    done = run(folder, "report", "range", "--from", FRIDAY, "--to", FRIDAY, "--by", "site", COLUMNS="120")

    assert done.returncode == 1
    assert [row[0] for row in cells(done.stdout)] == ["london"]
    assert "Kathmandu is left out" in done.stderr


def test_what_hr_amended_is_told_as_amended(folder: Path) -> None:
    """With who did it last, beside the status; what was only asked is not told."""
    rows = [
        "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference",
        "2026-11-21T09:00:00+05:45,requested,2026-11-20,E8,Jo Park,Here,kiosk,forgot,",
        "2026-11-21T10:00:00+05:45,amended,2026-11-20T09:30:00+05:45,007,Maya [Rai],,hr-jo,by mistake,",
        "2026-11-21T10:01:00+05:45,amended,2026-11-20T08:30:00+05:45,007,Maya [Rai],Here,hr-jo,was early,",
        "",
    ]
    (folder / "data" / "kathmandu.amendments.csv").write_text("\n".join(rows), encoding="utf-8")

    done = run(folder, "report", "day", "--site", "kathmandu", "--date", FRIDAY, COLUMNS="120")

    assert cells(done.stdout)[:2] == [
        ["Maya [Rai]", "007", "Gone (amended by hr-jo)", "08:30:00", "17:00:00", ""],
        ["Jo Park", "E8", "not marked", "", "", ""],
    ]
