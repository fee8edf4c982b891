"""Claims about the commands of amendments: what they write, print and refuse, and that nobody needs a server for it."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.servers import write_sites
from tests.test_cli import run

WHY = ("--reason", "forgot the tablet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """London with a roster, and Kathmandu without one."""
    write_sites(
        tmp_path,
        london="timezone: Europe/London; roster: data/london.roster.csv",
        kathmandu="timezone: Asia/Kathmandu",
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "london.roster.csv").write_text("Employee_ID,Name\nE1,Ana Martín\nE2,Jo\n", encoding="utf-8")
    return tmp_path


def lines_of(folder: Path) -> list[str]:
    """Return the rows of London's amendments without their times, each cut at the account."""
    text = (folder / "data" / "london.amendments.csv").read_text(encoding="utf-8")
    return [line.partition(",")[2].partition(",os:")[0] for line in text.splitlines()[1:]]


def test_a_day_and_a_moment_are_amended(folder: Path) -> None:
    """The row is printed, or all of it as JSON; it is copied and sealed, since no server runs."""
    day = run(folder, "amend", "london", "e1", "2026-10-26", "Absent", *WHY)
    nothing = run(folder, "amend", "london", "e1", "2026-10-27", "", *WHY)
    moment = run(folder, "amend", "london", "E2", "2026-10-25", "Present", "--at", "01:30", "--second", *WHY, "--json")

    told = json.loads(moment.stdout)
    assert day.stdout == "row 2: amended 2026-10-26 E1 Ana Martín Absent forgot the tablet\n"
    assert told.pop("written")
    assert told.pop("by").startswith("os:")
    assert told == {
        "site": "london",
        "row": 4,
        "action": "amended",
        "about": "2026-10-25T01:30:00+00:00",
        "employee_id": "E2",
        "name": "Jo",
        "status": "Present",
        "reason": "forgot the tablet",
        "reference": "",
    }
    assert nothing.stdout == "row 3: amended 2026-10-27 E1 Ana Martín as if not marked: forgot the tablet\n"
    assert lines_of(folder) == [
        "amended,2026-10-26,E1,Ana Martín,Absent",
        "amended,2026-10-27,E1,Ana Martín,",
        "amended,2026-10-25T01:30:00+00:00,E2,Jo,Present",
    ]
    data = folder / "data"
    assert (data / ".london.amendments.csv.shadow").read_bytes() == (data / "london.amendments.csv").read_bytes()
    run(folder, "mark", "london", "E1", "Present")
    verified = run(folder, "verify", "london")
    assert [line.partition(": ")[0] for line in verified.stdout.splitlines()] == [
        str(data / "london.csv"),
        str(data / "london.amendments.csv"),
    ]


def test_amendments_are_verified_before_anybody_has_marked(folder: Path) -> None:
    """A ledger that never was is nothing wrong; one that is gone is, whatever else agrees."""
    run(folder, "amend", "london", "E1", "2026-10-26", "Present", *WHY)
    data = folder / "data"

    alone, as_json = run(folder, "verify", "london"), run(folder, "verify", "london", "--json")
    run(folder, "mark", "london", "E1", "Present")
    (data / "london.csv").unlink()
    gone = run(folder, "verify", "london")

    assert (alone.returncode, alone.stdout.partition(": ")[0]) == (0, str(data / "london.amendments.csv"))
    assert json.loads(as_json.stdout)["sealed_bytes"] == 0
    assert list(json.loads(as_json.stdout)["files"]) == ["london.amendments.csv"]
    assert gone.returncode == 1
    assert gone.stdout.startswith(f"{data / 'london.csv'}:1:1: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("E1", "2026-10-25", "Present", "--at", "01:30"), "the first or the second"),
        (("E1", "2026-03-29", "Present", "--at", "01:30"), "straight to 02:00 on 2026-03-29"),
        (("E9", "2026-10-26", "Present"), "does not belong to the site"),
        (("E1", "2199-10-26", "Present"), "has not come yet"),
        (("E1", "2026-10-26", "Gone"), "Choose Present or Absent"),
    ],
)
def test_what_is_refused_is_said_and_nothing_is_written(folder: Path, words: tuple[str, ...], said: str) -> None:
    """Exit code 1, and what to do."""
    done = run(folder, "amend", "london", *words, *WHY)

    assert done.returncode == 1
    assert said in done.stderr
    assert not (folder / "data" / "london.amendments.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("amend", "london", "E1", "yesterday", "Present", *WHY),
        ("amend", "london", "E1", "2026-10-26", "Present", "--at", "8", *WHY),
        ("amend", "london", "E1", "2026-10-26", "Present", "--at", "08:30:00.5", *WHY),
        ("amend", "london", "E1", "2026-10-26", "Present", "--at", "08:30+01:00", *WHY),
        ("amend", "london", "E1", "2026-10-26", "Present", "--first", "--second", *WHY),
        ("close", "london", "October"),
        ("amend", "london", "E1", "2026-10-26", "Present"),
        ("reopen", "london", "2026-10"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(folder: Path, words: tuple[str, ...]) -> None:
    """Exit code 2."""
    assert run(folder, *words).returncode == 2


def test_the_report_of_a_day_is_as_amended(folder: Path) -> None:
    """On the command line as everywhere."""
    run(folder, "amend", "london", "E1", "2026-10-26", "Absent", *WHY)

    told = json.loads(run(folder, "report", "day", "--site", "london", "--date", "2026-10-26", "--json").stdout)

    assert [one["kind"] for one in told["sites"][0]["employees"]] == ["absent", "not_marked"]


def test_requests_are_listed_and_answered(folder: Path) -> None:
    """By the number of their row, once."""
    path = folder / "data" / "london.amendments.csv"
    row = "2026-10-27T09:00:00+00:00,requested,2026-10-26,E{0},Ana,Present,kiosk door,was there,\n"
    header = "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference\n"
    path.write_text(header + row.format(1) + row.format(2), encoding="utf-8")

    listed = run(folder, "amendments", "london", "--requests", COLUMNS="160")
    approved = run(folder, "approve", "london", "2")
    declined = run(folder, "decline", "london", "3", "--reason", "was seen at home")
    again = run(folder, "approve", "london", "3")
    left = json.loads(run(folder, "amendments", "london", "--requests", "--json").stdout)
    every = json.loads(run(folder, "amendments", "london", "--json").stdout)

    assert [line.count("requested") for line in listed.stdout.splitlines()].count(1) == 2
    assert approved.stdout == "row 4: approved 2026-10-26 E1 Ana Present was there\n"
    assert declined.stdout == "row 5: declined 2026-10-26 E2 Ana Present was seen at home\n"
    assert (again.returncode, "already" in again.stderr) == (1, True)
    assert left == []
    assert [(one["row"], one["action"], one["reference"]) for one in every] == [
        (2, "requested", ""),
        (3, "requested", ""),
        (4, "approved", "2"),
        (5, "declined", "3"),
    ]


def test_a_month_is_closed_compared_and_opened_again(folder: Path) -> None:
    """What is printed is what sha256sum prints; `check` is content, and tells when the sheet is another."""
    sheet = folder / "data" / "london.closed" / "2025-10.csv"

    closed = run(folder, "close", "london", "2025-10")
    refused = run(folder, "amend", "london", "E1", "2025-10-06", "Absent", *WHY)
    opened = run(folder, "reopen", "london", "2025-10", "--reason", "payroll")
    amended = run(folder, "amend", "london", "E1", "2025-10-06", "Absent", *WHY)
    found = json.loads(run(folder, "differences", "london", "2025-10", "--json").stdout)
    table = run(folder, "differences", "london", "2025-10", COLUMNS="160")
    again = json.loads(run(folder, "close", "london", "2025-10", "--json").stdout)
    checked = run(folder, "check")
    sheet.write_bytes(b"another")
    broken = run(folder, "check")

    sums = subprocess.run(["sha256sum", str(sheet)], capture_output=True, text=True, check=True).stdout
    assert closed.returncode == opened.returncode == amended.returncode == 0
    assert closed.stdout.split()[1] == sums.split()[1]
    assert (refused.returncode, "October 2025 is closed" in refused.stderr) == (1, True)
    assert [(one["date"], one["employee_id"], one["became"]["status"]) for one in found] == [
        ("2025-10-06", "E1", "Absent")
    ]
    assert "opened again by os:" in table.stderr
    second = sheet.with_name("2025-10.2.csv")
    assert (again["sheet"], again["reference"]) == (str(second), sha256(second.read_bytes()).hexdigest())
    assert (checked.returncode, broken.returncode) == (0, 1)
    assert f"{sheet}:1:1: the sheet of a closed month is not the one that was closed" in broken.stdout


def test_a_backup_holds_amendments_seals_and_sheets(folder: Path, tmp_path: Path) -> None:
    """Which is all that somebody needs to check a closed month elsewhere."""
    run(folder, "close", "london", "2025-10")

    done = run(folder, "backup", str(tmp_path / "kept"))

    copied = Path(done.stdout.strip())
    names = ["data/london.amendments.csv", "data/london.amendments.seals.csv", "data/london.closed/2025-10.csv"]
    assert [(copied / name).read_bytes() for name in names] == [(folder / name).read_bytes() for name in names]
    assert subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=copied, check=False).returncode == 0


def test_amendments_are_taken_again_after_a_failed_flush(folder: Path) -> None:
    """`attendance check --recover` verifies both files of the site."""
    run(folder, "amend", "london", "E1", "2026-10-26", "Absent", *WHY)
    (folder / "data" / ".london.amendments.csv.flush-failed").touch()

    refused = run(folder, "amend", "london", "E2", "2026-10-26", "Absent", *WHY)
    told = run(folder, "check")
    recovered = run(folder, "check", "--recover", "london")
    again = run(folder, "amend", "london", "E2", "2026-10-26", "Absent", *WHY)

    assert [done.returncode for done in (refused, told, recovered, again)] == [1, 1, 0, 0]
    assert "attendance check --recover" in refused.stderr
    assert "london.amendments.csv:1:1" in told.stdout
