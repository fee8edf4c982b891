"""Claims about stopping and reloading under load: whatever was accepted is answered, and nobody is cut off."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.servers import is_worker, read_all, rushing, serving, wait_until, whole_rows, write_sites

STOP_SECONDS = 10.0
RELOADS = 3


@pytest.mark.parametrize("kept", [False, True], ids=["fresh connections", "kept connections"])
def test_a_stop_under_load_answers_what_it_recorded(tmp_path: Path, kept: bool) -> None:  # noqa: FBT001  # a parameter
    """After SIGTERM every mark that was answered stands in the file, no answer is torn, and the server is gone."""
    write_sites(tmp_path)

    with serving(tmp_path) as server, rushing(server, kept=kept) as rush:
        time.sleep(0.7)
        began = time.monotonic()
        code = server.stop()
        took_seconds = time.monotonic() - began
        time.sleep(0.2)

    assert code == 0
    assert took_seconds < STOP_SECONDS
    assert not rush.refused | rush.torn
    rows = [row[1] for row in whole_rows(tmp_path / "data" / "london.csv")]
    assert len(rows) == len(set(rows))
    assert rush.acknowledged <= set(rows) <= rush.acknowledged | rush.unanswered
    assert "SIGKILL" not in server.log
    assert "Traceback" not in server.log


def test_a_client_that_hangs_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    """Half a head, half a body, and a connection without a word: the server is gone in time, in good order."""
    write_sites(tmp_path)
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    clients = []

    with serving(tmp_path) as server:
        for sent in (head + b'Content-Length: 100\r\n\r\n{"employee_id"', head, b""):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            client.sendall(sent)
            clients.append(client)
        time.sleep(0.3)
        began = time.monotonic()
        code = server.stop()
        took_seconds = time.monotonic() - began
        answers = [read_all(client) for client in clients]
        for client in clients:
            client.close()

    assert code == 0
    assert took_seconds < STOP_SECONDS
    assert all(answer == b"" or answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert "SIGKILL" not in server.log
    assert "Traceback" not in server.log


def test_no_request_is_refused_while_the_server_reloads(tmp_path: Path) -> None:
    """Whoever connects during a SIGHUP is served, by an old worker or by a new one."""
    write_sites(tmp_path)

    with serving(tmp_path) as server, rushing(server, doors=3) as rush:
        for _ in range(RELOADS):
            before = server.workers()
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda old=before: not any(map(is_worker, old)), 10)
            time.sleep(0.2)

    assert len(rush.acknowledged) > 100
    assert not rush.unanswered
    assert not rush.refused | rush.torn


def test_a_request_that_is_on_its_way_is_answered_during_a_reload(tmp_path: Path) -> None:
    """A connection that was accepted before a SIGHUP, and whose request arrives just after it, is served."""
    write_sites(tmp_path)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    with (
        serving(tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as begun,
    ):
        begun.sendall(request[:20])
        time.sleep(0.2)
        for worker in server.workers():
            os.kill(worker, signal.SIGTERM)  # as the master does in a reload
        time.sleep(0.15)
        silent.sendall(request)
        begun.sendall(request[20:])
        answers = [read_all(silent), read_all(begun)]

    assert [answer.partition(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 2


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGQUIT])
def test_an_interrupted_server_stops_at_once(tmp_path: Path, interruption: signal.Signals) -> None:
    """SIGINT and SIGQUIT to the master end the workers in good order as well, long before they would be killed."""
    write_sites(tmp_path)

    with serving(tmp_path) as server:
        server.process.send_signal(interruption)
        code = server.process.wait(5)

    assert code == 0
    assert "SIGKILL" not in server.log
    assert "Traceback" not in server.log
