"""Claims about uploads to the real server: large ones are compared in bounded memory, and marks go on meanwhile."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from threading import Thread

import pytest

from tests.servers import Server, exchange, memory_bytes, serving, write_sites

BOUNDARY = "a-boundary"
MEMORY_BYTES = 400 << 20
PATIENCE_SECONDS = 60.0
STALL_SECONDS = 1.5
"""So long may no mark take while a large file is compared, on a machine that runs other tests too."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, and London with 100,000 people and as many marks on three days."""
    tmp_path = tmp_path_factory.mktemp("uploads")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "london.roster.csv").write_text(roster(100_000), encoding="utf-8")
    (tmp_path / "data" / "london.csv").write_text(ledger(100_000), encoding="utf-8")
    write_sites(tmp_path, london="timezone: UTC; roster: data/london.roster.csv")
    with serving(tmp_path, workers=1) as running:
        yield running


def roster(people: int) -> str:
    """Return a roster of so many people."""
    return "Employee_ID,Name\n" + "".join(f"E{number:06},Ana Park\n" for number in range(people))


def ledger(rows: int) -> str:
    """Return a ledger of so many rows."""
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    lines = (
        f"{(begin + timedelta(seconds=number)).isoformat()},E{number:06},Ana Park,Present\n" for number in range(rows)
    )
    return "Timestamp,Employee_ID,Name,Status\n" + "".join(lines)


def body_of(content: str) -> bytes:
    """Return a form that brings a file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    return f"{head}{content}\r\n--{BOUNDARY}--\r\n".encode()


def upload(server: Server, path: str, content: str) -> tuple[int, str]:
    """Upload a file as HR, and return the answer."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    headers = {
        "Authorization": f"Bearer {server.token}",
        "Accept": "text/html",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    try:
        connection.request("POST", path, body_of(content), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(("page", "told"), [("roster", "1 added, 1 missing, 0 changed"), ("edited", "1 row differs")])
def test_a_large_file_is_compared_while_marks_go_on(server: Server, page: str, told: str) -> None:
    """Nearly as much as may be sent, in bounded memory; no mark waits until it is done."""
    if page == "roster":
        content = roster(100_000).replace("E000007,", "X000007,")
    else:
        content = ledger(100_000).replace("E000007,Ana Park,Present", "E000007,Ana Park,Absent")
    assert server.mark("E000001")[0] in {200, 201}
    answers: list[tuple[int, str]] = []
    sending = Thread(target=lambda: answers.append(upload(server, f"/hr/sites/london/{page}", content)))
    slowest, marks = 0.0, 0

    sending.start()
    while sending.is_alive():
        began = time.monotonic()
        marked = server.mark(f"E{1000 + marks:06}")[0]
        slowest, marks = max(slowest, time.monotonic() - began), marks + 1
        assert marked in {200, 201}
    sending.join()

    [(status, text)] = answers
    assert status == 200
    assert told in text
    assert marks > 3
    assert slowest < STALL_SECONDS
    assert memory_bytes(server.workers()) < MEMORY_BYTES


def test_a_stranger_sends_no_gigabyte(server: Server) -> None:
    """The answer comes before the body, which is cut off; what was sent is not kept."""
    before = memory_bytes(server.workers())
    head = (
        f"POST /hr/sites/london/edited HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 30}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    ).encode()

    answer = exchange(server.port, head, *[b"a" * (1 << 20)] * 40)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert memory_bytes(server.workers()) - before < 32 << 20
    assert server.answers()
