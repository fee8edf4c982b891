"""Own people who mark at the real server and remember each row that they were promised."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.faults.checker import Row
from tests.servers import ATTENDANCE, Server, write_sites

Health = tuple[int, list[str], list[str]]
"""The status of `/readyz`, and the codes of a site's problems and warnings."""

_PATIENCE = 400
_numbers = count()


@dataclass
class Clerk:
    """Marks one person after the other, each over a connection of its own; `rows` are those that were acknowledged."""

    server: Server
    site: str = "london"
    rows: list[Row] = field(default_factory=list)

    def mark(self) -> str:
        """Mark somebody new; return `recorded`, or the code of the refusal, which must be a 503."""
        return self.take(*self.server.mark(f"E{next(_numbers)}", self.site))

    def take(self, status: int, body: dict[str, Any]) -> str:
        """Remember an answer to a mark; return `recorded` or its code."""
        if status == 201:
            self.rows.append(row_of(body))
            return "recorded"
        assert status == 503, (status, body)
        return str(body["code"])

    def mark_in_each(self, times: int = 1) -> set[str]:
        """Mark in every worker by itself, and return what the answers were."""
        return {self.mark() for _ in each_worker(self.server) for _ in range(times)}

    def mark_until(self, code: str, path: Path) -> bytes:
        """Mark until the answer is this code, only recorded before; return the file as it was before that answer."""
        for _ in range(_PATIENCE):
            before = path.read_bytes()
            answer = self.mark()
            if answer != "recorded":
                assert answer == code
                return before
        raise AssertionError(f"{_PATIENCE} marks were recorded, and none was refused")


def row_of(body: dict[str, Any]) -> Row:
    """Return the row that an answer speaks of."""
    return Row(body["timestamp"], body["employee_id"], body["name"], body["status"])


def each_worker(server: Server) -> Iterator[int]:
    """Yield every worker while it is the only one that can answer."""
    workers = server.workers()
    for worker in workers:
        with _stopped([other for other in workers if other != worker]):
            yield worker


@contextmanager
def _stopped(processes: Sequence[int]) -> Iterator[None]:
    """Let processes stand still."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def run_attendance(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program in the folder, for its sites.yaml."""
    environment = os.environ | {"ATTENDANCE_SITES": str(folder / "sites.yaml")}
    return subprocess.run(
        [ATTENDANCE, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


def write_two_sites(folder: Path) -> Path:
    """Write a registry with london in `disk/data`, where faults are made, and oslo in `data`; return london's file."""
    write_sites(folder, london="timezone: Europe/London", oslo="timezone: Europe/Oslo")
    registry = folder / "sites.yaml"
    text = registry.read_text(encoding="utf-8").replace("data/london.csv", "disk/data/london.csv")
    registry.write_text(text, encoding="utf-8")
    return folder / "disk" / "data" / "london.csv"


def problems(server: Server) -> Health:
    """Return the status of `/readyz`, and the codes of london's problems and warnings."""
    status, body = server.ready()
    problem, warning = (
        [one["code"] for one in body[kind] if one["site"] == "london"] for kind in ("problems", "warnings")
    )
    return status, problem, warning


def shows_board(server: Server, rows: Sequence[Row]) -> bool:
    """Tell whether london's page and its board, with everybody of these rows on it, can be had."""
    page, _ = server.ask("GET", "/sites/london/attendance", Accept="text/html")
    board = run_attendance(server.folder, "board", "london", "--json")
    return page == 200 and board.returncode == 0 and all(f'"{row.employee_id}"' in board.stdout for row in rows)


@contextmanager
def calm(server: Server) -> Iterator[None]:
    """Make sure that no worker ended meanwhile, and that no error was unexpected."""
    before = server.workers()
    yield
    assert server.workers() == before
    assert "Traceback" not in server.log
    assert "unexpected_error" not in server.log
