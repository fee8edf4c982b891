"""Claims about the order of things in a running server: written, flushed, and only then answered."""

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path

import pytest

from tests.faults.checker import rows_in
from tests.faults.trace import answers_in, calls_in, too_early
from tests.servers import ANSWER_SECONDS, Server, send_mark, serving, write_sites

DOORS = 4
MARKS = 12
LEDGER = Path("/data/london.csv")
WRITE = r'write(9</data/london.csv>, "2026-11-23T12:00:00+00:00,E1,Ana,Present\n", 41)'
FLUSH = "fdatasync(9</data/london.csv>)"
HEAD = r'write(7<socket:[55]>, "HTTP/1.1 201 Created\r\n\r\n", 24)'
BODY = r'write(7<socket:[55]>, "{\"employee_id\":\"E1\"}", 20)'
ANSWER = [f"1 12:00:00.000004 {HEAD} = 24", f"1 12:00:00.000005 {BODY} = 20"]


@pytest.mark.needs("root", "strace")
def test_every_mark_is_flushed_before_it_is_answered(tmp_path: Path) -> None:
    """Each 201 begins after a successful flush of the ledger that began after the row was written, in all workers."""
    write_sites(tmp_path)
    ledger = tmp_path / "data" / "london.csv"

    with (
        serving(tmp_path, workers=2) as server,
        _traced(server.workers(), tmp_path / "trace"),
        ThreadPoolExecutor(DOORS) as doors,
    ):
        statuses = [*chain.from_iterable(doors.map(lambda door: _mark(server, door), range(DOORS)))]

    calls = calls_in((tmp_path / "trace").read_text())
    answered = {answer.employee_id for answer in answers_in(calls) if answer.status == 201}
    assert statuses == [201] * DOORS * MARKS
    assert answered == {row.employee_id for row in rows_in(ledger)}
    assert len(answered) == DOORS * MARKS
    assert too_early(calls, ledger) == []


@pytest.mark.parametrize(
    "lines",
    [
        [f"2 {WRITE} = 41", f"2 {FLUSH} = 0", *ANSWER],
        [f"2 {WRITE} = 41", f"2 {FLUSH[:-1]} <unfinished ...>", "3 <... write resumed>) = 8",
         "2 <... fdatasync resumed>) = 0", *ANSWER, "3 +++ exited with 0 +++"],
        [f"2 {WRITE} = 41", f"3 {FLUSH} = 0", f"1 {BODY} = -1 EAGAIN (Resource temporarily unavailable)", *ANSWER],
    ],
    ids=["one after the other", "threads interleaved", "flushed by another"],
)  # fmt: skip
def test_the_right_order_is_found_right(lines: list[str]) -> None:
    """A trace in which the flush lies between the row and the answer holds no early answer."""
    calls = calls_in("\n".join(lines))

    assert [answer.employee_id for answer in answers_in(calls)] == ["E1"]
    assert too_early(calls, LEDGER) == []


@pytest.mark.parametrize(
    "lines",
    [
        [f"2 {WRITE} = 41", *ANSWER, f"2 {FLUSH} = 0"],
        [f"2 {WRITE} = 41", *ANSWER],
        [f"2 {FLUSH} = 0", f"2 {WRITE} = 41", *ANSWER],
        [f"2 {FLUSH} = 0", *ANSWER],
        [f"2 {WRITE} = 41", f"2 {FLUSH} = -1 EIO (Input/output error)", *ANSWER],
        [f"2 {WRITE} = 41", "2 fdatasync(9</data/madrid.csv>) = 0", *ANSWER],
        [f"2 {WRITE} = 41", ANSWER[0], f"2 {FLUSH} = 0", ANSWER[1]],
        [f"2 {WRITE} = 41", f"2 {FLUSH[:-1]} <unfinished ...>", *ANSWER, "2 <... fdatasync resumed>) = 0"],
        [f"2 {WRITE[:-1]} <unfinished ...>", f"3 {FLUSH} = 0", "2 <... write resumed>) = 41", *ANSWER],
        [f"2 {WRITE} = 20", f"2 {FLUSH} = 0", *ANSWER],
    ],
    ids=[
        "flushed after the answer", "never flushed", "flushed before the row", "no row", "flush failed", "other file",
        "flushed after the head", "flush not over", "row not over", "half a row",
    ],
)  # fmt: skip
def test_an_early_answer_is_found(lines: list[str]) -> None:
    """The check fails for each way in which an answer can go out before its row is safe."""
    assert too_early(calls_in("\n".join(lines)), LEDGER) == ["E1"]


@pytest.mark.parametrize("line", ["", "write(", "1 write(7<socket:[55]>, ", "nothing of the kind"])
def test_no_line_of_a_trace_is_passed_over(line: str) -> None:
    """A line that is not understood is an error, so nothing can be missed."""
    with pytest.raises(ValueError, match="line 1"):
        calls_in(line + "\n")


def test_bytes_that_were_cut_off_are_an_error() -> None:
    """A trace with strings that were cut short proves nothing."""
    with pytest.raises(ValueError, match="cut off"):
        too_early(calls_in('1 write(9</data/london.csv>, "2026-11-23T12"..., 41) = 41'), LEDGER)


@contextmanager
def _traced(process_ids: Sequence[int], path: Path) -> Iterator[None]:
    """Write down what the processes and all of their threads write, send and flush."""
    command = ["strace", "-f", "-y", "-tt", "-s", "65536", "-o", str(path)]
    command += [
        "-e",
        "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fdatasync,fsync",
        "-e",
        "signal=none",
    ]
    attached = [option for process_id in process_ids for option in ("-p", str(process_id))]
    with subprocess.Popen([*command, *attached], stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr
        try:
            for _ in process_ids:
                assert "attached" in (said := strace.stderr.readline()), said
            yield
        finally:
            strace.terminate()


def _mark(server: Server, door: int) -> list[int]:
    """Mark people one after the other over one connection, and return the statuses."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    try:
        return [send_mark(connection, f"D{door}.{number}")[0] for number in range(MARKS)]
    finally:
        connection.close()
