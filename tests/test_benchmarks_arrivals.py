"""Marks come when they are due and are timed from there; what is measured on is as the program leaves it."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from socket import create_server, socket
from statistics import fmean, pstdev
from threading import Thread

import pytest

from attendance.codec import decode, is_row
from attendance.registry import RegistryFile
from benchmarks.arrivals import Crowd, Plan, percentile, send
from benchmarks.errors import LoadError
from benchmarks.growth import is_at_rest, lay_down
from benchmarks.ledgers import PEOPLE, ledger_path, write_ledger, write_registry
from benchmarks.servers import attendance
from tests.servers import whole_rows

PLAN = Plan(port=0, marks=20_000, per_second=1_000.0)
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def answering(*pieces: bytes, after_seconds: float = 0.0) -> Iterator[int]:
    """Answer every mark over the first connection alike, each piece after a while; give the port."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(1 << 16):
                for piece in pieces:
                    time.sleep(after_seconds)
                    connection.sendall(piece)

    with create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@contextmanager
def stuck_once(*, for_seconds: float) -> Iterator[tuple[int, list[bytes]]]:
    """Answer two connections, the first after a while; give the port, and the bodies in the order of the answers."""
    bodies: list[bytes] = []

    def serve(connection: socket, after_seconds: float) -> None:
        with connection:
            while received := connection.recv(1 << 16):
                time.sleep(after_seconds)
                bodies.append(received.partition(b"\r\n\r\n")[2])
                connection.sendall(ANSWER)

    def accept() -> None:
        first, second = (listener.accept()[0] for _ in range(2))
        threads = [Thread(target=serve, args=(first, for_seconds)), Thread(target=serve, args=(second, 0.0))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1], bodies
        thread.join()


def test_arrivals_are_a_poisson_process() -> None:
    """The pauses between arrivals have the mean that was asked for, and a deviation as large as the mean."""
    pauses = [after - before for before, after in pairwise(PLAN.instants())]

    assert fmean(pauses) == pytest.approx(0.001, rel=0.05)
    assert pstdev(pauses) == pytest.approx(0.001, rel=0.05)


def test_the_same_seed_gives_the_same_instants() -> None:
    """Two servers are compared with the same people at the same instants; another round has others."""
    assert list(PLAN.instants()) == list(PLAN.instants())
    assert list(PLAN.instants()) != list(replace(PLAN, seed=1).instants())


def test_without_a_limit_all_are_due_at_once() -> None:
    """An infinite rate is a closed loop."""
    assert set(replace(PLAN, per_second=math.inf, marks=100).instants()) == {0.0}


def test_everybody_comes_once_unless_the_same_people_come_in_turn() -> None:
    """A plan without people never sends an ID twice; with them they mark Present, then Absent."""

    def sent(plan: Plan) -> list[tuple[str, str]]:
        bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for _, request in plan.requests()]
        return [(body["employee_id"], body["status"]) for body in bodies]

    assert len(set(sent(replace(PLAN, marks=100)) + sent(replace(PLAN, marks=100)))) == 200
    assert sent(replace(PLAN, marks=5, people=2)) == [
        ("again-0", "Present"),
        ("again-1", "Present"),
        ("again-0", "Absent"),
        ("again-1", "Absent"),
        ("again-0", "Present"),
    ]


def test_a_wait_counts_from_when_the_mark_was_due() -> None:
    """Of five marks at once over a server that takes 50 ms for each, the last waited for all before it."""
    with answering(ANSWER, after_seconds=0.05) as port:
        crowd = Crowd(Plan(port=port, marks=5, connections=1))
        crowd.mark()

    assert crowd.waits_seconds == sorted(crowd.waits_seconds)
    assert crowd.waits_seconds[-1] > 5 * 0.05


@pytest.mark.parametrize(
    "answer", [ANSWER.replace(b"201 Created", b"200 OK"), b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]
)
def test_a_mark_that_was_not_recorded_ends_the_run(answer: bytes) -> None:
    """Waits for anything but a new row would mean nothing."""
    with answering(answer) as port, pytest.raises(LoadError, match="A mark failed: HTTP"):
        Crowd(Plan(port=port, marks=1)).mark()


def test_an_answer_may_come_in_pieces() -> None:
    """It is over with the last byte of its body."""
    with answering(ANSWER[:30], ANSWER[30:-1], ANSWER[-1:], after_seconds=0.05) as port:
        crowd = Crowd(Plan(port=port, marks=2, connections=1))
        crowd.mark()

    assert [wait >= part for wait, part in zip(crowd.waits_seconds, (0.15, 0.3), strict=True)] == [True, True]


def test_nobody_comes_again_before_their_last_mark_was_answered() -> None:
    """One connection is stuck with the only person while another is free: their second mark waits for the first."""
    with stuck_once(for_seconds=0.3) as (port, received):
        Crowd(Plan(port=port, marks=2, people=1, connections=2)).mark()

    assert [json.loads(body)["status"] for body in received] == ["Present", "Absent"]


def test_percentiles_are_values_that_were_measured() -> None:
    """The nearest rank: no value is made up between two."""
    waits = [float(number) for number in range(1, 1001)]

    assert [percentile(waits, part) for part in (0.5, 0.99, 0.999, 1.0)] == [500.0, 990.0, 999.0, 1000.0]
    assert percentile([7.0], 0.5) == 7.0


def test_every_mark_that_is_sent_is_a_row(tmp_path: Path) -> None:
    """A limited load and an unlimited one, over kept connections of the real server."""
    write_registry(tmp_path)

    with attendance(tmp_path) as server:
        waits = send(server, marks=200, per_second=400.0)
        send(server, marks=4000, people=1000)

    assert 0 < waits.p50_seconds <= waits.p99_seconds <= waits.p999_seconds
    rows = whole_rows(ledger_path(tmp_path))
    assert len(rows) == 4200
    assert [row[3] for row in rows if row[1] == "again-7"] == ["Present", "Absent"] * 2


def test_a_registry_of_many_sites_is_one_that_is_read(tmp_path: Path) -> None:
    """Each site has a ledger of its own, and the first one's is where it is looked for."""
    write_registry(tmp_path, 300)

    sites = RegistryFile(tmp_path / "sites.yaml").current.sites

    assert len(sites) == len({site.csv_path for site in sites.values()}) == 300
    assert sites["s0"].csv_path == ledger_path(tmp_path)


def test_a_ledger_of_many_rows_is_one_that_the_program_could_have_written(tmp_path: Path) -> None:
    """It has the rows that were asked for, to the byte as they are written, in order, over the end of summer time."""
    path = ledger_path(tmp_path)

    write_ledger(path, rows=2 * PEOPLE + 5, before=date(2026, 10, 26))

    header, *lines = path.read_bytes().splitlines(keepends=True)
    assert header == b"Timestamp,Employee_ID,Name,Status\n"
    assert len(lines) == 2 * PEOPLE + 5
    assert all(map(is_row, lines))
    assert lines[0].startswith(b"2026-10-24T18:59:5")
    assert {line[:10] + line[19:25] for line in lines} == {b"2026-10-24+01:00", b"2026-10-25+00:00"}
    instants = [decode(line).marked_at for line in lines]
    assert instants == sorted(instants)


@pytest.mark.parametrize("rows", [0, 30_000])
def test_a_ledger_that_was_laid_down_is_at_rest(tmp_path: Path, rows: int) -> None:
    """It is copied and sealed to its end, as that of a site which has been served for years."""
    lay_down(tmp_path, rows)

    assert is_at_rest(ledger_path(tmp_path))
    assert len(whole_rows(ledger_path(tmp_path))) == rows
    assert not [line for line in (tmp_path / "logs" / "attendance.log").read_text().splitlines() if "warning" in line]
