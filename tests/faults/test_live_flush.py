"""Claims about a live view beside a disk that is slow or fails: a row shows after its flush, or never."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.faults.clerk import Clerk, calm, run_attendance, write_two_sites
from tests.faults.strikes import struck
from tests.servers import ANSWER_SECONDS, Server, serving, wait_until
from tests.streams import Ear, Event, listening

HELD_SECONDS = 3.0
"""Many times as long as it takes to show a row that is committed."""

NEVER_BEGINS = "fdatasync:delay_enter=600s:when=1"
FAILS = "fdatasync:error=EIO:when=1"


@contextmanager
def _under_way(server: Server, employee_id: str) -> Iterator[None]:
    """Send a mark, and do not wait for its answer."""
    body = json.dumps({"employee_id": employee_id, "name": "Ana Park", "status": "Present"}).encode()
    head = b"POST /sites/london/attendance HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_SECONDS) as client:
        client.sendall(head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        yield


def _ids(events: list[Event]) -> list[str]:
    """Return whom marks are about."""
    return [event.body["employee_id"] for event in events if event.kind == "mark"]


def _boards(server: Server) -> str:
    """Return all that pages and programs show of london now."""
    texts = []
    for path in ("/hr/sites/london", "/hr/sites/london/muster", "/hr?q=park", "/api/sites/london/board"):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
        answer = connection.getresponse()
        texts.append(answer.read().decode())
        assert answer.status == 200, path
        connection.close()
    with listening(server, "london") as ear:
        texts.append(str(ear.wait_for(1)))
    return "".join(texts)


def _heard_by(ears: list[Ear], seconds: float) -> list[str]:
    """Return whom the events of the next seconds are about."""
    return [one for ear in ears for one in _ids(list(ear.events(seconds)))]


@pytest.mark.needs("root", "strace")
def test_a_row_that_waits_for_its_flush_does_not_show(tmp_path: Path) -> None:
    """It stands in the file, whole, for seconds: no stream, page or board has it, and all have it after its flush."""
    path = write_two_sites(tmp_path)
    with serving(tmp_path, workers=2) as server, calm(server):
        assert Clerk(server).mark() == "recorded"
        with listening(server, "london") as one, listening(server, "london") as other:
            for ear in (one, other):
                ear.wait_for(1)
            with struck(server.workers(), path, NEVER_BEGINS), _under_way(server, "WAITS"):
                wait_until(lambda: b",WAITS," in path.read_bytes(), ANSWER_SECONDS)
                early = _heard_by([one, other], HELD_SECONDS / 2)
                shown_early = "WAITS" in _boards(server)
                still = b",WAITS," in path.read_bytes()
            late = [_ids(ear.wait_for(1)) for ear in (one, other)]
        shown_late = _boards(server).count("WAITS")

    assert still
    assert (early, shown_early) == ([], False)
    assert late == [["WAITS"], ["WAITS"]]
    assert shown_late >= 4


@pytest.mark.needs("root", "strace")
def test_a_row_whose_flush_failed_never_shows(tmp_path: Path) -> None:
    """Nor when the operator lets the site go on, for it was cut off; others follow."""
    path = write_two_sites(tmp_path)
    with serving(tmp_path, workers=2) as server, calm(server):
        clerk = Clerk(server)
        assert clerk.mark() == "recorded"
        with listening(server, "london") as ear:
            ear.wait_for(1)
            with struck(server.workers(), path, FAILS):
                status, body = server.mark("LOST")
            stands = b",LOST," in path.read_bytes()
            early = _heard_by([ear], HELD_SECONDS / 2)
            shown = "LOST" in _boards(server)
            recovered = run_attendance(tmp_path, "check", "--recover", "london")
            time.sleep(0.1)
            assert server.mark("AFTER")[0] == 201
            late = _heard_by([ear], HELD_SECONDS / 2)
        boards = _boards(server)

    assert (status, body["code"], stands) == (503, "flush_failed", True)
    assert "takes marks again" in recovered.stderr
    assert (early, shown) == ([], False)
    assert late in ([], ["AFTER"])  # or a change, since the file was verified
    assert "LOST" not in boards
    assert "AFTER" in boards
