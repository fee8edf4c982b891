"""Many processes append to one ledger, are killed, and have its files pulled away: no acknowledged row is ever lost."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from attendance.codec import HEADER, decode
from attendance.model import Site
from tests.appendlog_kit import ignore, mark_all, open_log, quarantined, rows_of, run_all, running, wait_for

PROCESSES = 4


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site whose day does not turn during a test: it does at noon or at midnight UTC, whichever is farther."""
    return make_site("apia", "Etc/UTC" if 6 <= time.gmtime().tm_hour < 18 else "Etc/GMT-12")


def employees_in(site: Site) -> Counter[str]:
    """Return how many rows each employee has, after making sure that all lines are rows in the order of time."""
    return Counter(decode(line).employee_id for line in rows_of(site.csv_path))


def acknowledged_in(paths: Sequence[Path]) -> set[str]:
    """Return the employees who were answered; what a killed process did not finish writing does not count."""
    texts = [path.read_text(encoding="ascii") for path in paths if path.exists()]
    return {line for text in texts for line in text.rpartition("\n")[0].splitlines()}


def many(prefix: str, number: int = 400) -> list[str]:
    """Return the IDs of many employees."""
    return [f"{prefix}{index:05}" for index in range(number)]


@pytest.mark.parametrize("group", [1, 25])
def test_each_employee_has_one_row_whoever_marks_them(site: Site, tmp_path: Path, group: int) -> None:
    """Four processes mark the same employees at the same time, in different orders, one by one and in groups."""
    everybody = many("E")
    orders = [Random(number).sample(everybody, len(everybody)) for number in range(PROCESSES)]  # noqa: S311 -- an order

    run_all(
        *((mark_all, (site, order, tmp_path / f"acknowledged{number}", group)) for number, order in enumerate(orders))
    )

    assert employees_in(site) == Counter(everybody)
    assert quarantined(site.csv_path) == {}
    assert open_log(site.csv_path, ignore).committed() == site.csv_path.stat().st_size


def delete_the_lock_file(site: Site) -> None:
    """Delete the lock file, if it is there."""
    site.csv_path.with_name(f".{site.csv_path.name}.lock").unlink(missing_ok=True)


def delete_the_ledger(site: Site) -> None:
    """Delete the ledger, if it is there."""
    site.csv_path.unlink(missing_ok=True)


def save_over_the_ledger(site: Site) -> None:
    """Save something else in the ledger's place, as a spreadsheet does."""
    if site.csv_path.exists():
        saved = site.csv_path.with_name("saved")
        saved.write_bytes(b"\xef\xbb\xbf" + HEADER)
        saved.rename(site.csv_path)


@contextmanager
def again_and_again(do: Callable[[Site], None], site: Site) -> Iterator[None]:
    """Do something to a site thirty times a second."""
    done = Event()

    def go_on() -> None:
        while not done.wait(0.03):
            do(site)

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("pull_away", [delete_the_lock_file, delete_the_ledger, save_over_the_ledger])
def test_no_row_is_lost_or_doubled_when_files_are_pulled_away_under_load(
    site: Site, tmp_path: Path, pull_away: Callable[[Site], None]
) -> None:
    """While four processes mark, the lock file or the ledger itself is deleted or saved over, again and again."""
    everybody = many("E", 200)
    orders = [Random(number).sample(everybody, len(everybody)) for number in range(PROCESSES)]  # noqa: S311 -- an order

    answers = [tmp_path / f"acknowledged{number}" for number in range(PROCESSES)]

    with ExitStack() as stack:
        for order, path in zip(orders, answers, strict=True):
            stack.enter_context(running(mark_all, site, order, path, 1, "done"))
        wait_for(answers[0])
        with again_and_again(pull_away, site):
            for path in answers:
                wait_for(path.with_suffix(".done"))
        mark_all(site, everybody[:1], tmp_path / "last")

    assert employees_in(site) == Counter(everybody)


def test_a_killed_process_loses_no_acknowledged_row(site: Site, tmp_path: Path) -> None:
    """Twenty processes are killed at random moments; the next writer finds the lock free and the file whole."""
    random = Random(20261123)  # noqa: S311 -- moments of a test
    asked: list[str] = []
    answers: list[Path] = []
    for turn in range(5):
        with ExitStack() as stack:
            processes = []
            for number in range(PROCESSES):
                employee_ids = many(f"E{turn}{number}-", 3000)
                asked += employee_ids
                answers.append(tmp_path / f"acknowledged{turn}{number}")
                processes.append(stack.enter_context(running(mark_all, site, employee_ids, answers[-1])))
            for path in answers[-PROCESSES:]:
                wait_for(path)
            for process in random.sample(processes, PROCESSES):
                time.sleep(random.uniform(0, 0.03))
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
    acknowledged = acknowledged_in(answers)
    survivors = {employee_id for employee_id in asked if employee_id in acknowledged}

    mark_all(site, [employee_id for path in answers for employee_id in around_the_kill(path, asked)], tmp_path / "last")

    rows = employees_in(site)
    assert len(survivors) > 100
    assert acknowledged <= rows.keys()
    assert set(rows.values()) == {1}


def around_the_kill(path: Path, asked: Sequence[str]) -> Sequence[str]:
    """Return the last who was answered before the kill, and those behind, who may have been recorded or not."""
    last = path.read_text(encoding="ascii").rpartition("\n")[0].rpartition("\n")[2]
    at = asked.index(last)
    return asked[at : at + 3]


def test_a_stopped_process_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    """A process that is stopped at any moment and continued later has lost nothing and doubled nothing."""
    everybody = many("E", 1000)
    with running(mark_all, site, everybody, tmp_path / "stopped") as process:
        wait_for(tmp_path / "stopped")
        assert process.pid is not None
        for _ in range(20):
            os.kill(process.pid, signal.SIGSTOP)
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.002)
        mark_all(site, everybody, tmp_path / "other")
        process.join()
        exit_code = process.exitcode

    assert exit_code == 0
    assert employees_in(site) == Counter(everybody)
