"""What tests of the shared store need: real processes that start at the same moment, and a store by a hand clock."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROCESSES = 8

_PRELUDE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from attendance.accounts.attempts import ACCOUNT, ADDRESS, Attempts
from attendance.accounts.store import AccessStore
from attendance.errors import TooManyAttemptsError
store = AccessStore(Path(sys.argv[1]), now=lambda: datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC))
attempts = Attempts(store)
number = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
"""


def in_processes(path: Path, program: str, *, count: int = PROCESSES, umask: int = -1) -> list[str]:
    """Run a program in several processes that begin at once, each with `store` and `attempts`; return what they print.

    The clocks of all of them stand at 09:00:03 UTC on Monday 23 November 2026.
    """
    command = [sys.executable, "-c", _PRELUDE + program, str(path)]
    started = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, umask=umask)
        for number in range(count)
    ]
    return _answers(started)


def _answers(started: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Let processes begin once all are ready, and return what each prints; every one must end well."""
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=60)[0].strip() for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert [process.returncode for process in started] == [0] * len(started)
    return answers


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of each file in a folder."""
    return {path.name: path.lstat().st_mode & 0o777 for path in folder.iterdir()}
