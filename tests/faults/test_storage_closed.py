"""Claims about storage that may not be written to: marks are refused, boards go on, and it ends without a restart."""

import resource
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.faults.checker import check_rows
from tests.faults.clerk import Clerk, Health, calm, each_worker, problems, run_attendance, shows_board, write_two_sites
from tests.faults.disks import loop_disk
from tests.faults.strikes import limited, open_descriptors
from tests.servers import ANSWER_SECONDS, Server, send_mark, serving

_WITHOUT = "-dac_override,-dac_read_search"
AS_A_USER = ["setpriv", f"--bounding-set={_WITHOUT}", f"--inh-caps={_WITHOUT}"]
"""Root without its right to pass over permissions: the server obeys them as any user does."""

needs_disk = pytest.mark.needs("root", "mkfs.ext4", "losetup")
CLOSED: Health = (503, ["storage_unavailable"], [])
OPEN: Health = (200, [], [])


def _close_disk(path: Path) -> None:
    """Mount the disk read-only; nobody may have a file open there to write."""
    subprocess.run(["mount", "-o", "remount,ro", path.parents[1]], check=True)


def _open_disk(path: Path) -> None:
    """Let the disk be written to again."""
    subprocess.run(["mount", "-o", "remount,rw", path.parents[1]], check=True)


def _close_file(path: Path) -> None:
    """Take the right to write the file."""
    path.chmod(0o440)


def _open_file(path: Path) -> None:
    """Give it back."""
    path.chmod(0o640)


@needs_disk
@pytest.mark.needs("setpriv")
@pytest.mark.parametrize(
    ("close", "reopen"),
    [(_close_disk, _open_disk), (_close_file, _open_file)],
    ids=["disk read-only", "file read-only"],
)
def test_a_server_that_finds_its_file_closed_shows_boards_and_takes_marks_once_it_may(
    tmp_path: Path, close: Callable[[Path], None], reopen: Callable[[Path], None]
) -> None:
    """Marks get `storage_unavailable`, `/readyz` a 503, boards go on; opened again it takes marks without a restart."""
    path = write_two_sites(tmp_path)

    with loop_disk(tmp_path / "image", tmp_path / "disk"):
        with serving(tmp_path) as server:
            before = Clerk(server)
            begun = before.mark()
        close(path)
        with serving(tmp_path, under=AS_A_USER) as server, calm(server):
            london, oslo = Clerk(server), Clerk(server, "oslo")
            refused, elsewhere = london.mark_in_each(times=2), oslo.mark_in_each()
            closed, shown = problems(server), shows_board(server, before.rows)
            reopen(path)
            ended, opened = london.mark_in_each(), problems(server)
        rows = check_rows(path, before.rows + london.rows)

    assert refused == {"storage_unavailable"}
    assert closed == CLOSED
    assert shown
    assert begun in ended == elsewhere == {"recorded"}
    assert opened == OPEN
    assert len(rows) == 3


@needs_disk
@pytest.mark.needs("chattr")
def test_a_file_made_immutable_under_the_server_stops_marks_alone(tmp_path: Path) -> None:
    """The system refuses each write to a file that workers have open: `storage_unavailable`, and boards go on."""
    path = write_two_sites(tmp_path)

    with loop_disk(tmp_path / "image", tmp_path / "disk"), serving(tmp_path) as server, calm(server):
        london, oslo = Clerk(server), Clerk(server, "oslo")
        begun = london.mark_in_each()
        subprocess.run(["chattr", "+i", path], check=True)
        refused, elsewhere = london.mark_in_each(times=2), oslo.mark_in_each()
        closed, shown = problems(server), shows_board(server, london.rows)
        subprocess.run(["chattr", "-i", path], check=True)
        ended = london.mark_in_each()
        check_rows(path, london.rows)

    assert begun == elsewhere == ended == {"recorded"}
    assert refused == {"storage_unavailable"}
    assert closed == CLOSED
    assert shown


@pytest.mark.needs("root", "setpriv")
def test_a_folder_closed_under_the_server_stops_its_site_alone(tmp_path: Path) -> None:
    """Workers may not even look into the folder: a 503 with a code for marks and health, and no defect of ours."""
    path = write_two_sites(tmp_path)
    (tmp_path / "disk").mkdir()

    with serving(tmp_path, under=AS_A_USER) as server, calm(server):
        london, oslo = Clerk(server), Clerk(server, "oslo")
        begun = london.mark_in_each()
        path.parent.chmod(0)
        refused, elsewhere = london.mark_in_each(times=2), oslo.mark_in_each()
        closed = problems(server)
        path.parent.chmod(0o750)
        ended, opened = london.mark_in_each(), problems(server)

    assert begun == elsewhere == ended == {"recorded"}
    assert refused == {"storage_unavailable"}
    assert (closed, opened) == (CLOSED, OPEN)
    assert len(check_rows(path, london.rows)) == 4


@needs_disk
@pytest.mark.needs("findmnt")
def test_a_disk_with_an_error_stops_marks_alone_until_it_is_mounted_again(tmp_path: Path) -> None:
    """The file system finds an error in itself and closes: marks get a 503, boards go on; then all rows are there."""
    path = write_two_sites(tmp_path)
    codes = {"storage_unavailable", "flush_failed"}

    with loop_disk(tmp_path / "image", tmp_path / "disk", options=["errors=remount-ro"]) as disk:
        with serving(tmp_path) as server, calm(server):
            london, oslo = Clerk(server), Clerk(server, "oslo")
            begun = london.mark_in_each(times=5)
            disk.report_error()
            refused, elsewhere = london.mark_in_each(times=3), oslo.mark_in_each()
            status, found, _ = problems(server)
            shown = shows_board(server, london.rows)
        disk.unmount()
        disk.mount()
        with serving(tmp_path) as server:
            london.server = server
            if "flush_failed" in problems(server)[1]:
                assert run_attendance(tmp_path, "check", "--recover", "london").returncode == 0
            ended = london.mark_in_each()
        check_rows(path, london.rows)

    assert begun == elsewhere == ended == {"recorded"}
    assert refused <= codes
    assert status == 503
    assert set(found) <= codes
    assert shown


@pytest.mark.needs("root")
def test_workers_that_can_open_nothing_refuse_marks_and_go_on_afterwards(tmp_path: Path) -> None:
    """Without a free descriptor a site that is not open yet answers `storage_unavailable`, and nobody dies of it."""
    path = write_two_sites(tmp_path)
    (tmp_path / "disk").mkdir()

    with serving(tmp_path) as server, calm(server):
        london, oslo = Clerk(server), Clerk(server, "oslo")
        begun = oslo.mark_in_each()
        refused = {_mark_without_descriptors(server, worker, london) for worker in each_worker(server)}
        ended, open_site = london.mark_in_each(), oslo.mark_in_each()

    assert refused == {"storage_unavailable"}
    assert begun == ended == open_site == {"recorded"}
    assert len(check_rows(path, london.rows)) == 2


def _mark_without_descriptors(server: Server, worker: int, clerk: Clerk) -> str:
    """Mark over a connection that stands already in a worker that can open nothing; knock at its door meanwhile."""
    kept = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    kept.request("GET", "/healthz")
    kept.getresponse().read()
    used = open_descriptors(worker)
    lowest_free = next(number for number in range(len(used) + 1) if number not in used)
    with limited([worker], resource.RLIMIT_NOFILE, [lowest_free]):
        answer = clerk.take(*send_mark(kept, f"E.{worker}"))
        knocking = [HTTPConnection("127.0.0.1", server.port, timeout=0.3) for _ in range(5)]
        for stranger in knocking:
            _knock(stranger)
        again = clerk.take(*send_mark(kept, f"E.{worker}"))
    kept.close()
    assert answer == again
    return answer


def _knock(stranger: HTTPConnection) -> None:
    """Ask over a new connection, which may be closed or left waiting, and go away."""
    try:
        stranger.request("GET", "/healthz")
        assert stranger.getresponse().status == 200
    except OSError:
        pass
    finally:
        stranger.close()
