"""Claims about power cuts: on real file systems, at random moments, no acknowledged row is lost, and marks go on."""

import csv
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.checker import Row, check_rows
from tests.faults.clerk import row_of, run_attendance, write_two_sites
from tests.faults.disks import Disk, loop_disk
from tests.servers import rushing, serving, wait_until

# More rounds by hand: ATTENDANCE_FAULT_ROUNDS=200 ATTENDANCE_FAULT_SEED=7 .venv/bin/python -m pytest -k power
ROUNDS = int(os.environ.get("ATTENDANCE_FAULT_ROUNDS", "12"))
SEED = int(os.environ.get("ATTENDANCE_FAULT_SEED", "20261122"))
WRITERS = 3
START_SECONDS = 30.0
LONGEST_SECONDS = 0.5
CREATION_SECONDS = 0.08
ENOUGH_TAILS = 2
ROOT = Path(__file__).parents[2]
UNORDERED = ["data=writeback", "nodelalloc"]
"""Options of ext4 with which sizes reach the disk before the bytes do, as on some other file systems."""

SLOW_FLUSHES = ["strace", "-f", "--output=/dev/null", "--trace=fdatasync", "--inject=fdatasync:delay_enter=20ms"]
STEPS = "fsync,fdatasync,?rename,?renameat,?renameat2"
SLOW_STEPS = ["strace", "-f", "--output=/dev/null", f"--trace={STEPS}", f"--inject={STEPS}:delay_exit=10ms"]
"""How processes are started so that a cut comes between two of their steps."""
on_each_file_system = pytest.mark.parametrize("kind", ["ext4", "xfs"])
needs_disks = pytest.mark.needs("root", "mkfs.ext4", "mkfs.xfs", "losetup")


@dataclass
class Office:
    """London, whose file lies on a disk that loses its power again and again."""

    folder: Path
    disk: Disk
    figures: Counter[str]
    title: str
    chance: random.Random
    acknowledged: list[Row] = field(default_factory=list)
    rounds: int = 0

    @property
    def path(self) -> Path:
        """Return where its file is."""
        return self.disk.folder / "data" / "london.csv"

    def mark_until_the_cut(self, seconds: float, under: Sequence[str] = ()) -> None:
        """Let processes, started by `under` if that is given, mark at once, and cut the power after so many seconds.

        What counts are the answers that were given before the cut. Those given during it would not have left a machine
        that has no power; here they may come, since ext4 can tell a flush on its way that all is well: it finds that no
        transaction is left to wait for, because the cut took it away (jbd2_complete_transaction).
        """
        self.rounds += 1
        answers = [self.folder / f"answers.{self.rounds}.{number}" for number in range(WRITERS)]
        with _writers(self.folder, answers, under) as begin:
            begin()
            self.flush_something_else(seconds)
            given = [path.read_bytes() for path in answers]
            self.disk.cut_power()
        self.count("cuts before the first row", int(not any([*self.acknowledged, *given])))
        for text in given:
            whole = text[: text.rfind(b"\n") + 1].decode()  # the last answer may have been on its way
            rows = [Row(*fields) for fields in csv.reader(whole.splitlines(), strict=True)]
            self.count("rows acknowledged", len(rows))
            self.acknowledged += rows

    def flush_something_else(self, seconds: float) -> None:
        """Have the journal written again and again, and with it now and then the size of a ledger before its rows."""
        until = time.monotonic() + seconds
        with (self.disk.folder / "other").open("ab", buffering=0) as other:
            while time.monotonic() < until:
                other.write(b"something else\n")
                os.fsync(other.fileno())

    def restart(self) -> None:
        """Bring the power back, as the machine would."""
        self.disk.unmount()
        self.disk.mount()
        self.count("cuts", 1)

    def survive(self, cuts: int, longest_seconds: float, under: Sequence[str] = ()) -> None:
        """Go through cuts at random moments; after each one a mark must be taken, and no row be missing."""
        for _ in range(cuts):
            self.mark_until_the_cut(self.chance.uniform(0, longest_seconds), under)
            self.restart()
            self.mark_once_more()
            self.check()

    def mark_once_more(self) -> None:
        """Mark somebody in a process that knows nothing of the others."""
        done = run_attendance(
            self.folder, "mark", "london", f"new.{self.rounds}", "Present", "--name", "Jo Park", "--json"
        )
        assert done.returncode == 0, done.stderr
        self.acknowledged.append(row_of(json.loads(done.stdout)))

    def check(self) -> None:
        """Make sure that every acknowledged row is there once, and nothing is but whole rows."""
        check_rows(self.path, self.acknowledged)
        self.count("rows lost", 0)

    def tails(self) -> list[bytes]:
        """Return what was cut off behind the rows and kept."""
        return [kept.read_bytes() for kept in self.path.parent.glob("quarantine/*.tail*")]

    def count(self, name: str, number: int) -> None:
        """Add to a figure of this file system."""
        self.figures[f"{self.title}: {name}"] += number


@contextmanager
def _office(
    folder: Path, kind: str, figures: Counter[str], title: str = "power cuts", options: Sequence[str] = ()
) -> Iterator[Office]:
    """Have an office with an empty disk."""
    write_two_sites(folder)
    figures["power cuts: seed"] = SEED
    chance = random.Random(f"{SEED} {folder.name}")  # noqa: S311  # a repeatable choice of moments
    with loop_disk(folder / "disk.image", folder / "disk", kind, options) as disk:
        yield Office(folder, disk, figures, f"{title}, {kind}", chance)


class _Begin:
    """The sign for processes to begin."""

    def __init__(self, writers: Sequence[subprocess.Popen[bytes]]) -> None:
        self._writers = writers

    def __call__(self) -> None:
        """Give it to all of them."""
        for writer in self._writers:
            assert writer.stdin
            writer.stdin.write(b"begin\n")
            writer.stdin.flush()


@contextmanager
def _writers(folder: Path, answers: Sequence[Path], under: Sequence[str]) -> Iterator[_Begin]:
    """Have processes that are ready to mark; they are killed at the end."""
    said = folder / "writers.err"
    with ExitStack() as stack, said.open("ab") as errors:
        started = []
        for path in answers:
            command = [*under, sys.executable, "-m", "tests.faults.disk_writer"]
            arguments = [str(folder / "sites.yaml"), "london", path.name, str(path)]
            pipe = subprocess.PIPE
            writer = subprocess.Popen([*command, *arguments], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=errors)
            started.append(stack.enter_context(writer))
            stack.callback(writer.kill)
        for writer in started:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
        yield _Begin(started)
    assert b"Traceback" not in said.read_bytes()


@needs_disks
@on_each_file_system
def test_power_cuts_lose_no_acknowledged_row(tmp_path: Path, kind: str, figures: Counter[str]) -> None:
    """After cut upon cut of one file every acknowledged row is there once among whole rows, and a new mark follows."""
    with _office(tmp_path, kind, figures) as office:
        office.survive(ROUNDS, LONGEST_SECONDS)

    assert len(office.acknowledged) > ROUNDS * 10


@needs_disks
@pytest.mark.needs("strace")
@on_each_file_system
def test_power_cuts_at_the_creation_of_the_file_lose_nothing(tmp_path: Path, kind: str, figures: Counter[str]) -> None:
    """The power goes while folder, file and header are made: what was acknowledged is there, and marks go on."""
    for number in range(ROUNDS):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        with _office(folder, kind, figures, "power cuts at the creation") as office:
            office.survive(1, CREATION_SECONDS, under=SLOW_STEPS if number % 2 else ())


@needs_disks
@on_each_file_system
def test_a_power_cut_under_the_server_loses_no_acknowledged_mark(
    tmp_path: Path, kind: str, figures: Counter[str]
) -> None:
    """Every mark that got a 201 before the cut is there after it, and a new server takes the next one."""
    with _office(tmp_path, kind, figures, "power cuts under the server") as office:
        with serving(tmp_path) as server, rushing(server) as rush:
            wait_until(lambda: len(rush.acknowledged) > 50, START_SECONDS)
            given = list(rush.answers)
            office.disk.cut_power()
            wait_until(lambda: rush.refused, START_SECONDS)
            workers = server.workers()
            server.process.kill()
        office.restart()
        office.count("rows acknowledged", len(given))
        with serving(tmp_path) as successor:
            status, body = successor.mark("after")
        office.acknowledged += map(row_of, [*given, body])
        office.check()

    assert status == 201
    assert len(workers) == 2
    assert set(rush.refused.values()) == {503}
    assert "Traceback" not in server.log


@needs_disks
@pytest.mark.needs("strace")
def test_a_tail_that_a_power_cut_leaves_is_cut_off_and_kept(tmp_path: Path, figures: Counter[str]) -> None:
    """The file is longer on the disk than what was written of it: zeros are no rows, and go to the quarantine."""
    with _office(tmp_path, "ext4", figures, "power cuts without order", UNORDERED) as office:
        for _ in range(ROUNDS):
            office.survive(1, LONGEST_SECONDS, under=SLOW_FLUSHES)
            zeros = [tail for tail in office.tails() if b"\0" in tail]
            if len(zeros) >= ENOUGH_TAILS:
                break

    office.count("tails with zeros cut off", len(zeros))
    assert zeros


@needs_disks
@pytest.mark.needs("eatmydata")
@on_each_file_system
def test_without_flushes_the_same_check_finds_lost_rows(tmp_path: Path, kind: str, figures: Counter[str]) -> None:
    """Where fsync and fdatasync do nothing the cuts take acknowledged rows away, and this check says so."""
    with _office(tmp_path, kind, figures, "power cuts without flushes") as office:
        office.mark_once_more()  # so the file itself is there for good
        with pytest.raises(AssertionError, match="acknowledged rows are lost") as caught:
            office.survive(ROUNDS, LONGEST_SECONDS, under=["eatmydata"])

    found = re.search(r"(\d+) acknowledged rows are lost", str(caught.value))
    assert found
    office.count("rows lost", int(found[1]))
