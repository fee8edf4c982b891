"""Claims about `attendance pins`: a PIN stands on stdout alone, once, and counts from then on."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from attendance.pins import PinFile
from tests.servers import write_sites
from tests.test_cli import run


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """The roster of London, which has three people; Paris has none."""
    write_sites(
        tmp_path,
        london="timezone: Europe/London; roster: data/london.roster.csv; marking: pin",
        paris="timezone: Europe/Paris",
    )
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "london.roster.csv"
    path.write_text('Employee_ID,Name\nE1,Ana Martín\nE2,"Park, Jo"\nE3,Zoë\n', encoding="utf-8")
    return path


def test_a_new_pin_stands_alone_on_stdout(tmp_path: Path, roster: Path) -> None:
    """A program can take it from there; it counts at once, under the ID as the roster spells it."""
    done = run(tmp_path, "pins", "new", "london", "e1")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"[0-9]{6}\n", done.stdout)
    assert PinFile(roster).check("E1", done.stdout.strip())
    assert "\nE1," in PinFile(roster).path.read_text()


def test_all_who_have_none_get_one(tmp_path: Path, roster: Path) -> None:
    """What is printed is CSV with names; who has a PIN keeps it, and a second time nobody is left."""
    PinFile(roster).set("E2", "204816")

    first = run(tmp_path, "pins", "new", "london", "--all")
    second = run(tmp_path, "pins", "new", "london", "--all")

    rows = list(csv.DictReader(io.StringIO(first.stdout)))
    assert [(row["Employee_ID"], row["Name"]) for row in rows] == [("E1", "Ana Martín"), ("E3", "Zoë")]
    assert all(PinFile(roster).check(row["Employee_ID"], row["PIN"]) for row in rows)
    assert PinFile(roster).check("E2", "204816")
    assert second.stdout == "Employee_ID,Name,PIN\n"


def test_a_pin_is_removed(tmp_path: Path, roster: Path) -> None:
    """Also that of somebody who is not on the roster any more; who has none is told so."""
    PinFile(roster).set("E1", "204816")
    roster.write_text("Employee_ID,Name\nE2,Jo\n", encoding="utf-8")

    done = run(tmp_path, "pins", "remove", "london", "E1")
    again = run(tmp_path, "pins", "remove", "london", "E1")

    assert (done.returncode, done.stdout) == (0, "")
    assert PinFile(roster).known() == frozenset()
    assert again.returncode == 1
    assert "Nobody with this ID has a PIN here." in again.stderr


def test_the_audit_tells_whose_pin_was_given_and_taken(tmp_path: Path, roster: Path) -> None:
    """Who typed it, at which site, for whom; never the PIN."""
    assert roster.exists()
    pin = run(tmp_path, "pins", "new", "london", "e1").stdout.strip()
    run(tmp_path, "pins", "new", "london", "--all")

    run(tmp_path, "pins", "remove", "london", "E1")

    text = (tmp_path / "logs" / "audit.log").read_text()
    noted = [json.loads(line) for line in text.splitlines()]
    assert [(one["action"], one["employee_id"]) for one in noted] == [
        ("pin_set", "E1"),
        ("pin_set", "E2"),
        ("pin_set", "E3"),
        ("pin_removed", "E1"),
    ]
    assert {one["site"] for one in noted} == {"london"}
    assert all(one["who"].startswith("os:") for one in noted)
    assert pin not in text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("new", "london", "E9"), 1, "Nobody with this ID is on the roster of London."),
        (("new", "paris", "E1"), 1, "This site has no roster"),
        (("remove", "paris", "E1"), 1, "This site has no roster"),
        (("new", "rome", "E1"), 1, "There is no such site"),
        (("new", "london"), 2, "say EMPLOYEE_ID or --all"),
        (("new", "london", "E1", "--all"), 2, "say EMPLOYEE_ID or --all"),
    ],
)
def test_what_cannot_be_is_said_on_stderr(
    tmp_path: Path, roster: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    """Nothing is printed on stdout and nobody gets a PIN."""
    done = run(tmp_path, "pins", *words)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())
    assert not PinFile(roster).path.exists()


def test_a_broken_file_is_told_by_line(tmp_path: Path, roster: Path) -> None:
    """`attendance pins` and `attendance check` name the line and what to do, also of a broken roster."""
    PinFile(roster).path.write_text("Employee_ID,PIN_Hash\nE1,204816\n")
    PinFile(roster).path.chmod(0o600)

    of_pins = run(tmp_path, "pins", "new", "london", "E2")
    of_check = run(tmp_path, "check")
    roster.write_text("Employee_ID,Name\n=1,Ana\n")
    of_roster = run(tmp_path, "pins", "new", "london", "E2")

    assert [done.returncode for done in (of_pins, of_check, of_roster)] == [1, 1, 1]
    assert "london.roster.pins:2:1: this is no hash of a PIN (" in of_pins.stderr
    assert "london.roster.pins:2:1: this is no hash of a PIN (" in of_check.stdout
    assert "london.roster.csv:2:1: An ID has" in of_roster.stderr
    assert "204816" not in of_pins.stderr + of_check.stdout
