"""Claims about `attendance audit`: it shows what was asked for, the oldest first, and nothing moves the terminal."""

import json
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attendance.audit import Action, Audit
from tests.conftest import HandClock
from tests.servers import write_sites
from tests.test_cli import run


@pytest.fixture
def folder(tmp_path: Path, clock: HandClock) -> Path:
    """A folder with an audit log of five events, a day apart from 1 November at noon on."""
    audit = Audit(tmp_path / "logs", now=clock)
    events = [
        (Action.SIGN_IN, "anna", None),
        (Action.REFUSED, "bob", "london"),
        (Action.TOKEN_ADDED, "anna", "london"),
        (Action.REFUSED, "anna", "oslo"),
        (Action.SIGN_OUT, "anna", None),
    ]
    for day, (action, who, site) in enumerate(events, start=1):
        clock.now = datetime(2026, 11, day, 12, tzinfo=UTC)
        audit.note(action, who=who, site=site, address="192.0.2.7", day=day)
    return tmp_path


def days(folder: Path, *words: str) -> list[int]:
    """Return the days of the events that the command prints as JSON."""
    done = run(folder, "audit", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["day"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [1, 2, 3, 4, 5]),
        (["--since", "2026-11-03"], [3, 4, 5]),
        (["--until", "2026-11-03"], [1, 2, 3]),
        (["--since", "2026-11-02T12:00:00Z", "--until", "2026-11-04T12:00"], [2, 3]),
        (["--since", "2026-11-02T12:00:01Z"], [3, 4, 5]),
        (["--since", "2026-11-02T13:00:00+01:00"], [2, 3, 4, 5]),
        (["--until", "9999-12-31"], [1, 2, 3, 4, 5]),
        (["--action", "refused"], [2, 4]),
        (["--who", "bob"], [2]),
        (["--site", "london"], [2, 3]),
        (["--site", "london", "--who", "anna", "--action", "refused"], []),
    ],
    ids=str,
)
def test_only_what_is_asked_for_is_shown(folder: Path, words: list[str], expected: list[int]) -> None:
    """Filters narrow together; a date is a whole day of UTC, an instant is exact."""
    assert days(folder, *words) == expected


@pytest.mark.parametrize("words", [("--since", "yesterday"), ("--until", "2026-13-01"), ("--action", "nothing")])
def test_a_filter_that_means_nothing_is_wrong_usage(folder: Path, words: tuple[str, str]) -> None:
    """Nothing is shown, and the option is named."""
    done = run(folder, "audit", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert words[0] in done.stderr


def test_json_is_what_stands_in_the_file(folder: Path) -> None:
    """Line by line, so that it can be piped on."""
    assert run(folder, "audit", "--json").stdout == (folder / "logs" / "audit.log").read_text(encoding="ascii")


def test_every_event_is_a_line_that_moves_no_cursor(folder: Path) -> None:
    """What a terminal would obey, or what turns its text around, is shown as an escape; marks of a style are text."""
    Audit(folder / "logs", now=lambda: datetime(2026, 11, 6, tzinfo=UTC)).note(
        Action.REFUSED, who="\x1b[2J\u202eeve\u009b [bold]Zoë", outcome="sign_in_failed"
    )

    shown = run(folder, "audit", COLUMNS="40").stdout

    assert len(shown.splitlines()) == 6
    assert shown.startswith("2026-11-01T12:00:00Z  ")
    assert "day=1" in shown
    assert r"\x1b[2J\u202eeve\x9b [bold]Zoë" in shown
    assert not set(shown) & set("\x1b\u202e\u009b")


def test_where_nothing_was_found_it_is_said(folder: Path) -> None:
    """An empty screen could be a mistake."""
    done = run(folder, "audit", "--who", "nobody")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing was found.\n")


def test_lines_that_are_no_events_are_told(folder: Path) -> None:
    """On stderr, beside what can be shown."""
    with (folder / "logs" / "audit.log").open("a", encoding="ascii") as file:
        file.write("{\n")

    done = run(folder, "audit", "--json")

    assert len(done.stdout.splitlines()) == 5
    assert done.stderr == "1 lines are no events and were passed over.\n"


def test_a_log_that_cannot_be_read_ends_the_command(tmp_path: Path) -> None:
    """The exit code is 1, and the file is named."""
    (tmp_path / "logs" / "audit.log").mkdir(parents=True)

    done = run(tmp_path, "audit")

    assert done.returncode == 1
    assert "audit.log cannot be read" in done.stderr


def test_an_incident_that_a_command_meets_is_noted(tmp_path: Path) -> None:
    """With the system's user who typed it, beside the server's own events."""
    write_sites(tmp_path, london="timezone: Europe/London")
    (tmp_path / "logs").mkdir()
    run(tmp_path, "mark", "london", "E1", "Present", "--name", "Ana")
    with (tmp_path / "data" / "london.csv").open("ab") as file:
        file.write(b"half a li")

    run(tmp_path, "mark", "london", "E2", "Present", "--name", "Jo")

    done = run(tmp_path, "audit", "--json", "--action", "file_incident")
    (event,) = map(json.loads, done.stdout.splitlines())
    assert event["who"] == f"os:{pwd.getpwuid(os.getuid()).pw_name}"
    assert event["code"] == "tail_cut"
    assert event["file"].endswith("london.csv")


def test_without_a_folder_for_logs_a_command_makes_none(tmp_path: Path) -> None:
    """Whoever uses the command line alone finds nothing beside the ledger that was not asked for."""
    write_sites(tmp_path, london="timezone: Europe/London")
    run(tmp_path, "mark", "london", "E1", "Present", "--name", "Ana")
    with (tmp_path / "data" / "london.csv").open("ab") as file:
        file.write(b"half a li")

    run(tmp_path, "mark", "london", "E2", "Present", "--name", "Jo")

    assert not (tmp_path / "logs").exists()
