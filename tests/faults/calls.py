"""What the tests of failing system calls share: a process that marks, strace that strikes it, and its answers."""

import csv
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO

from attendance.model import Site
from tests.faults import subject
from tests.faults.checker import Row
from tests.faults.subject import Groups
from tests.servers import ATTENDANCE, write_sites

# Python and the product are read once; every process is a fresh fork of that, which has opened nothing yet.
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.subject"])

JOIN_SECONDS = subject.LIFE_SECONDS + 5
# `rename` is `renameat` on some machines; `?` passes over those that a machine has not.
KINDS = {
    "fstat": "newfstatat,?fstat,?stat,?lstat,?statx",
    "link": "?link,linkat",
    "mkdir": "?mkdir,mkdirat",
    "openat": "?open,openat",
    "rename": "?rename,renameat,renameat2",
    "unlink": "?unlink,unlinkat",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done to the call of a kind that comes as number `when`.

    `what` is the name of an error, or `killed before`, `killed after` or `stopped after`.
    """

    kind: str
    what: str
    when: int = 1

    def option(self) -> str:
        """Return it in the words of strace(1).

        A signal comes on entry: SIGKILL before the call is made, SIGSTOP once it was made. A delay holds the process
        between the end of the call and its next instruction, for as long as it takes to kill it there.
        """
        words = {
            "killed before": "signal=SIGKILL",
            "killed after": f"delay_exit={subject.LIFE_SECONDS}s",
            "stopped after": "signal=SIGSTOP",
        }
        return f"inject={KINDS.get(self.kind, self.kind)}:{words.get(self.what, f'error={self.what}')}:when={self.when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a mark: `recorded` or `repeated` with the row, or the code of an error."""

    code: str
    employee_id: str
    row: Row | None = None


@dataclass(slots=True, kw_only=True)
class Marker:
    """A process that has opened nothing, or has marked some already, and waits to mark the others."""

    process: BaseProcess
    gate: Connection
    answers_end: Connection
    expected: list[str]
    trace: list[str] = field(default_factory=list)
    strace_id: int = 0
    heard: bytes = b""

    @property
    def process_id(self) -> int:
        """Return its number."""
        assert self.process.pid
        return self.process.pid

    @property
    def answers(self) -> list[Answer]:
        """Return the answers so far."""
        self.hear()
        return [_answer(line) for line in self.heard.decode().splitlines()]

    @property
    def acknowledged(self) -> list[Row]:
        """Return the rows that were acknowledged."""
        return [answer.row for answer in self.answers if answer.row]

    @property
    def exit_code(self) -> int:
        """Return how it ended, once it has."""
        self.process.join(JOIN_SECONDS)
        assert self.process.exitcode is not None
        return self.process.exitcode

    def was_struck(self) -> bool:
        """Tell whether a fault came: strace(1) says so beside the call, or the process is dead."""
        return self.exit_code == -signal.SIGKILL or any("(INJECTED)" in line for line in self.trace)

    def hear(self) -> None:
        """Take what it has answered."""
        with suppress(BlockingIOError):
            while not self.answers_end.closed and (chunk := os.read(self.answers_end.fileno(), 1 << 16)):
                self.heard += chunk

    def go_on(self) -> None:
        """Let it mark the next stage without a fault; return once it is at the gate again, or has ended."""
        self.gate.send_bytes(b"go")
        with suppress(EOFError):
            self.gate.recv_bytes()

    def go_on_under(self, *faults: Fault, when_stopped: Callable[[], object] = lambda: None) -> None:
        """Let it mark the last stage while faults strike it; keep the trace of its calls, and return once it has ended.

        Where a fault stops it, `when_stopped` is called before it goes on.
        """
        with self.traced(*faults) as lines:
            self.gate.send_bytes(b"go")
            for line in lines:
                self.trace.append(line)
                if "(DELAYED)" in line:
                    self.process.kill()
                    break
                if "--- stopped by SIGSTOP" in line:
                    when_stopped()
                    os.kill(self.process_id, signal.SIGCONT)
        assert self.exit_code in {0, -signal.SIGKILL}, f"it ended with {self.exit_code}, not with answers"

    def step_under(self, *faults: Fault) -> list[str]:
        """Let it mark the next stage, which is not the last, while faults strike it; return the trace of its calls."""
        with self.traced(*faults) as lines:
            self.go_on()
            os.kill(self.strace_id, signal.SIGTERM)  # it lets the process go
            return lines.readlines()

    @contextmanager
    def traced(self, *faults: Fault) -> Iterator[IO[str]]:
        """Have strace on it, faults included, from before this returns; give the lines that it says."""
        options = [option for fault in faults for option in ("-e", fault.option())]
        command = ["strace", "-f", "-y", "--quiet=exit,personality", "-e", "trace=%file,%desc", *options]
        with subprocess.Popen(
            [*command, "-p", str(self.process.pid)], stderr=subprocess.PIPE, text=True, errors="replace"
        ) as strace:
            assert strace.stderr
            self.strace_id = strace.pid
            try:
                assert "attached" in (said := strace.stderr.readline()), said
                yield strace.stderr
            finally:
                strace.kill()  # it would hold a killed process until the delay is over


@contextmanager
def marking(site: Site, *stages: Groups) -> Iterator[Marker]:
    """Start a process that has marked the first stage and waits at the gate; it does not outlive the block."""
    site.csv_path.parent.parent.mkdir(parents=True, exist_ok=True)
    (gate, its_gate), (answers, its_answers) = Pipe(), Pipe(duplex=False)
    os.set_blocking(answers.fileno(), False)
    process = _FORKS.Process(target=subject.record, args=(site, stages, its_gate, its_answers), daemon=True)
    expected = list(dict.fromkeys(one for stage in stages for group in stage for one in group))
    marker = Marker(process=process, gate=gate, answers_end=answers, expected=expected)
    with gate, answers:
        process.start()
        its_gate.close()
        its_answers.close()
        try:
            assert gate.recv_bytes() == b"ready"
            yield marker
        finally:
            process.kill()
            process.join()
            marker.hear()


def recover(site: Site) -> str:
    """Run `attendance check --recover` as an operator does; return what it said."""
    folder = site.csv_path.parent.parent
    write_sites(folder)
    done = subprocess.run(
        [ATTENDANCE, "check", "--recover", site.site_id], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "the site takes marks again" in done.stderr, done.stderr
    return done.stderr


def flushes_of(trace: Iterable[str], path: Path) -> list[str]:
    """Return the flushes of the file at the path in a trace."""
    return [line for line in trace if re.search(rf"\bf(?:data)?sync\(\d+<{re.escape(str(path))}>", line)]


def answers_of_a_new_process(site: Site, employee_ids: Iterable[str]) -> list[Answer]:
    """Return what an untouched process is answered that marks these employees one by one."""
    with marking(site, [], [[one] for one in employee_ids]) as marker:
        marker.go_on()
        assert marker.exit_code == 0
        return marker.answers


def _answer(line: str) -> Answer:
    """Return the answer that a line says."""
    code, employee_id, *rest = line.split(" ", 2)
    return Answer(code=code, employee_id=employee_id, row=Row(*next(csv.reader(rest))) if rest else None)
