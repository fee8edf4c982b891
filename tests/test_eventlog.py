"""Claims about the event log: one event is one line, whatever is in it, and no trouble with the file stops a mark."""

import json
import logging
import os
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from attendance.eventlog import FILE_NAME, dropped_lines, open_log
from tests.access_web import token_of
from tests.webapp import ANA, PAGE, log_put_back, serving_web

HOSTILE = 'a\nb\r\x1b[2J\u2028\u0085\ud800\x00"{"event": "forged"}\x7f'
WRITER = """
import logging, pathlib, sys
from attendance.eventlog import open_log
open_log(pathlib.Path(sys.argv[1]))
logging.getLogger().handlers = logging.getLogger().handlers[1:]
for number in range(100):
    logging.getLogger("writer").error("%s %d %s", sys.argv[2], number, "x" * 20_000)
"""


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Leave the logging of this process as it was."""
    with log_put_back():
        yield


@pytest.fixture
def log() -> structlog.stdlib.BoundLogger:
    """A logger as the modules of the application have one."""
    found: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("attendance")
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the events of the log in a folder; every line of it must be JSON in ASCII."""
    raw = (folder / FILE_NAME).read_bytes()
    assert raw.isascii()
    assert raw.endswith(b"\n")
    return [json.loads(line) for line in raw.splitlines()]


def test_an_event_is_a_line_of_json_with_its_time_in_utc(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """It has a name, a level, a logger, the moment, and whatever belongs to it."""
    open_log(tmp_path)

    log.warning("clock_held", file="data/london.csv")

    (event,) = lines(tmp_path)
    assert event.pop("at").endswith("Z")
    assert event == {"event": "clock_held", "level": "warning", "logger": "attendance", "file": "data/london.csv"}


def test_the_moment_is_that_of_the_event(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """It is aware, whatever zone the machine is in."""
    open_log(tmp_path)

    log.info("now")

    told = datetime.fromisoformat(lines(tmp_path)[0]["at"])
    assert timedelta() <= datetime.now(UTC) - told < timedelta(seconds=5)


def test_the_same_line_goes_to_stderr(
    tmp_path: Path, log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A supervisor that gathers stderr loses nothing."""
    open_log(tmp_path)

    log.info("started", text=HOSTILE)

    assert capsys.readouterr().err == (tmp_path / FILE_NAME).read_text(encoding="ascii")


def test_hostile_text_stays_in_its_line(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """Line feeds, terminal escapes, separators, surrogates and NUL are escaped."""
    open_log(tmp_path)

    log.info("refused", site=HOSTILE)
    logging.getLogger("library").error("%s", HOSTILE)

    assert [event.get("site", event["event"]) for event in lines(tmp_path)] == [HOSTILE, HOSTILE]


def test_a_traceback_is_one_line(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """Ours and those that a library logs, with all of their own lines within."""
    open_log(tmp_path)

    try:
        raise ValueError(HOSTILE)
    except ValueError:
        log.exception("unexpected_error")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")

    events = lines(tmp_path)
    assert [event["logger"] for event in events] == ["attendance", "uvicorn.error"]
    assert all(event["exception"].startswith("Traceback (most recent call last):\n") for event in events)


def test_a_warning_of_python_is_an_event(tmp_path: Path) -> None:
    """What a library warns of is not lost on a terminal that nobody sees."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        open_log(tmp_path)

        warnings.warn("old\nways", UserWarning, stacklevel=1)

    (event,) = lines(tmp_path)
    assert (event["logger"], event["level"]) == ("py.warnings", "warning")
    assert "old\nways" in event["event"]


def test_what_is_no_text_does_not_lose_the_line(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """A path, a set or an instant is written as Python shows it."""
    open_log(tmp_path)

    log.info("odd", path=Path("data"), numbers={1}, at_all=None)

    assert lines(tmp_path)[0]["path"] == "PosixPath('data')"


def test_on_a_terminal_the_events_are_for_people_and_as_safe(
    tmp_path: Path, log: structlog.stdlib.BoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has JSON all the same; on the screen, too, an event is one line and no escape of somebody else's."""
    master, slave = os.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as terminal, os.fdopen(master, "rb") as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        open_log(tmp_path)
        log.info("refused", site="\n\x1b[2Jforged")
        shown = os.read(screen.fileno(), 4096)

    assert b"refused" in shown
    assert (shown.count(b"\n"), shown.count(b"\x1b[2J")) == (1, 0)
    assert lines(tmp_path)[0]["event"] == "refused"


def test_the_log_is_for_its_owner_and_group(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """The file is 0640, the folder 0750, and both are made when they are missing."""
    folder = tmp_path / "var" / "log"
    open_log(folder)

    log.info("started")

    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o640
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_a_rotated_log_is_followed(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """A rotation moves the file away; the next line begins a new one, without a signal, and none is lost."""
    open_log(tmp_path)
    log.info("before")

    (tmp_path / FILE_NAME).rename(tmp_path / "attendance.log.1")
    log.info("after")
    (tmp_path / FILE_NAME).unlink()
    log.info("last")

    old = (tmp_path / "attendance.log.1").read_text(encoding="ascii")
    assert [json.loads(line)["event"] for line in old.splitlines()] == ["before"]
    assert [event["event"] for event in lines(tmp_path)] == ["last"]


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    """Workers write into one file: each of their lines, however long, is there in one piece."""
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "abc"]

    assert [writer.wait(30) for writer in writers] == [0, 0, 0]

    counts = [event["event"].split()[0] for event in lines(tmp_path)]
    assert {name: counts.count(name) for name in "abc"} == {"a": 100, "b": 100, "c": 100}


# Trouble with the file


def test_a_full_disk_stops_no_mark_and_the_lost_lines_are_counted(tmp_path: Path) -> None:
    """The mark is answered 201, and /readyz tells how many lines could not be written."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / FILE_NAME).symlink_to("/dev/full")
    before = dropped_lines()

    with serving_web(tmp_path) as web:
        refused = web.client.post(PAGE, json=ANA | {"name": ""})
        marked = web.client.post(PAGE, json=ANA)
        told = web.client.get("/readyz", headers=token_of(web, "monitor", "ops")).json()["dropped_log_lines"]

    assert (refused.status_code, marked.status_code) == (422, 201)
    assert told == before + 1


def test_after_a_full_disk_the_log_goes_on_where_it_is_now(tmp_path: Path, log: structlog.stdlib.BoundLogger) -> None:
    """What could not be written stands in nobody's way, when the log was moved to a disk with room."""
    (tmp_path / FILE_NAME).symlink_to("/dev/full")
    open_log(tmp_path)
    before = dropped_lines()
    log.info("lost")
    log.info("lost too")

    (tmp_path / FILE_NAME).unlink()
    log.info("written")

    assert dropped_lines() == before + 2
    assert [event["event"] for event in lines(tmp_path)] == ["written"]


@pytest.mark.parametrize("in_the_way", ["folder", "file"])
def test_a_log_that_cannot_be_opened_stops_no_mark(tmp_path: Path, in_the_way: str) -> None:
    """Where the folder cannot be made, or the file not be opened, every line that is lost is counted."""
    if in_the_way == "folder":
        (tmp_path / "logs").write_text("")
    else:
        (tmp_path / "logs" / FILE_NAME).mkdir(parents=True)
    before = dropped_lines()

    with serving_web(tmp_path) as web:
        refused = [web.client.post(PAGE, json=ANA | {"name": ""}).status_code for _ in range(3)]
        marked = web.client.post(PAGE, json=ANA)

    assert (refused, marked.status_code) == ([422, 422, 422], 201)
    assert dropped_lines() == before + 3


@pytest.mark.parametrize("in_the_way", ["folder", "file"])
def test_a_log_that_cannot_be_opened_is_written_as_soon_as_it_can(
    tmp_path: Path, log: structlog.stdlib.BoundLogger, in_the_way: str
) -> None:
    """Nothing has to be restarted."""
    folder = tmp_path / "logs"
    obstacle = folder if in_the_way == "folder" else folder / FILE_NAME
    obstacle.parent.mkdir(exist_ok=True)
    obstacle.symlink_to("nowhere/else")
    open_log(folder)
    before = dropped_lines()
    log.info("lost")

    obstacle.unlink()
    folder.mkdir(exist_ok=True)
    log.info("written")

    assert dropped_lines() == before + 1
    assert [event["event"] for event in lines(folder)] == ["written"]
