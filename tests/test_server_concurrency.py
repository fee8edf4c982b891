"""Claims about many people who mark at once, through several workers and on the command line."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier

from tests.servers import ATTENDANCE, Server, rushing, send_mark, serving, wait_until, whole_rows, write_sites

EMPLOYEES = [f"E{number:04}" for number in range(200)]
DOORS = 8
TERMINALS = 6


def _connections(worker: int) -> int:
    """Return how many sockets a worker holds."""
    links = (link.readlink() for link in Path(f"/proc/{worker}/fd").iterdir())
    return sum(str(link).startswith("socket:") for link in links)


def _connect_everywhere(server: Server, doors: int) -> list[HTTPConnection]:
    """Return kept connections that are spread evenly over the workers."""
    workers = server.workers()
    wait_until(lambda: len({_connections(worker) for worker in workers}) == 1, 10)  # the last of them has begun too
    share = {worker: _connections(worker) + doors // len(workers) for worker in workers}
    connections: list[HTTPConnection] = []

    def open_one() -> bool:
        if len(connections) == doors:
            return True
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        if any(_connections(worker) > most for worker, most in share.items()):
            connection.close()  # that worker has its share already
        else:
            connections.append(connection)
        for kept in connections:  # else the first would be closed as idle before the last is found
            kept.request("GET", "/healthz")
            kept.getresponse().read()
        return len(connections) == doors

    wait_until(open_one, 30)
    return connections


def test_concurrent_repeats_at_four_workers_make_one_row_each(tmp_path: Path) -> None:
    """Of eight equal marks at once exactly one is answered 201, seven get the same row with 200, one row stands."""
    write_sites(tmp_path)
    together = Barrier(DOORS)

    def stand_at_a_door(connection: HTTPConnection) -> list[tuple[int, str]]:
        answers = []
        for employee_id in EMPLOYEES:
            together.wait(30)
            status, body = send_mark(connection, employee_id)
            answers.append((status, body["timestamp"]))
        return answers

    with serving(tmp_path, workers=4) as server, ThreadPoolExecutor(DOORS) as executor:
        connections = _connect_everywhere(server, DOORS)
        doors = list(executor.map(stand_at_a_door, connections))
        for connection in connections:
            connection.close()

    for answers in zip(*doors, strict=True):
        assert sorted(status for status, _ in answers) == [200] * (DOORS - 1) + [201]
        assert len({timestamp for _, timestamp in answers}) == 1
    rows = whole_rows(tmp_path / "data" / "london.csv")
    assert sorted(row[1] for row in rows) == EMPLOYEES


def test_the_command_line_marks_while_the_server_does(tmp_path: Path) -> None:
    """Marks by `attendance mark` and by HTTP at the same site at once are all recorded, each employee once."""
    write_sites(tmp_path)
    environment = os.environ | {"ATTENDANCE_SITES": str(tmp_path / "sites.yaml")}

    def mark_at_a_terminal(number: int) -> subprocess.CompletedProcess[str]:
        command = [str(ATTENDANCE), "mark", "london", f"T{number}", "Present", "--name", "Ana Park"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    with serving(tmp_path) as server, rushing(server, doors=2) as rush, ThreadPoolExecutor(TERMINALS) as executor:
        marked = list(executor.map(mark_at_a_terminal, range(TERMINALS)))
        repeated = [server.mark(f"T{number}")[0] for number in range(TERMINALS)]

    assert [(one.returncode, one.stderr) for one in marked] == [(0, "")] * TERMINALS
    assert repeated == [200] * TERMINALS
    assert not rush.refused | rush.torn
    rows = [row[1] for row in whole_rows(tmp_path / "data" / "london.csv")]
    assert sorted(rows) == sorted(rush.acknowledged | {f"T{number}" for number in range(TERMINALS)})
