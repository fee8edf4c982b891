"""Claims about storage that takes no more: marks are refused whole, nothing else is, and it ends by itself."""

import resource
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.faults.checker import check_rows
from tests.faults.clerk import Clerk, calm, problems, run_attendance, write_two_sites
from tests.faults.disks import fill, memory_disk, thin_disk
from tests.faults.strikes import limited, struck
from tests.servers import Server, serving

ROOM_BYTES = 100  # for two rows and a half
DISK_MEGABYTES = 80  # more than what `/readyz` warns of


class Full(Protocol):
    """A way to take the space that the file of a server's site may have."""

    def __call__(self, server: Server, path: Path) -> AbstractContextManager[None]:
        """Take it for a while."""
        ...


@contextmanager
def _disk_full(server: Server, path: Path) -> Iterator[None]:
    """Let something else have all of the disk; there is room still in the last page of the file."""
    del server
    ballast = fill(path.parent.parent)
    yield
    ballast.unlink()


@contextmanager
def _quota_used(server: Server, path: Path) -> Iterator[None]:
    """Have every write to the file refused as by a quota: not each kernel has quotas, so strace says it."""
    with struck(server.workers(), path, "write:error=EDQUOT"):
        yield


@contextmanager
def _size_limited(server: Server, path: Path) -> Iterator[None]:
    """Let no worker write behind a place that lies in the third of the next rows."""
    workers = server.workers()
    with limited(workers, resource.RLIMIT_FSIZE, [path.stat().st_size + ROOM_BYTES] * len(workers)):
        yield


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize(
    "full", [_disk_full, _quota_used, _size_limited], ids=["disk full", "quota used", "file-size limit"]
)
def test_without_space_marks_are_refused_whole_until_there_is_some(tmp_path: Path, full: Full) -> None:
    """A site without space answers `storage_full` and alters no byte; others go on, and it too once it has space."""
    path = write_two_sites(tmp_path)

    with memory_disk(tmp_path / "disk", DISK_MEGABYTES), serving(tmp_path) as server, calm(server):
        london, oslo = Clerk(server), Clerk(server, "oslo")
        begun = london.mark_in_each(times=10), oslo.mark_in_each()
        with full(server, path):
            before = london.mark_until("storage_full", path)
            after = path.read_bytes()
            refusals = london.mark_in_each(times=3)
            at_last, elsewhere = path.read_bytes(), oslo.mark_in_each()
        ended = london.mark_in_each()
        check_rows(path, london.rows)

    assert begun == ({"recorded"}, {"recorded"})
    assert refusals == {"storage_full"}
    assert before == after == at_last
    assert not (path.parent / "quarantine").exists()
    assert elsewhere == ended == {"recorded"}
    assert len(check_rows(tmp_path / "data" / "oslo.csv", oslo.rows)) == len(oslo.rows)


@pytest.mark.needs("root")
def test_readiness_warns_before_the_disk_is_full(tmp_path: Path) -> None:
    """`/readyz` warns of `storage_low` while marks are still taken, and no longer when there is space again."""
    path = write_two_sites(tmp_path)

    with memory_disk(tmp_path / "disk", DISK_MEGABYTES) as disk, serving(tmp_path) as server:
        london = Clerk(server)
        first = london.mark()
        roomy = problems(server)
        (disk / "ballast").write_bytes(bytes(DISK_MEGABYTES - 60 << 20))
        low, second = problems(server), london.mark()
        (disk / "ballast").unlink()
        again = problems(server)
        check_rows(path, london.rows)

    assert first == second == "recorded"
    assert roomy == again == (200, [], [])
    assert low == (200, [], ["storage_low"])


@pytest.mark.needs("root", "mkfs.ext4", "losetup", "fstrim")
def test_a_flush_that_fails_for_want_of_space_stops_the_site_until_it_was_verified(tmp_path: Path) -> None:
    """The disk below has no space for what was written: no worker takes a mark before `attendance check --recover`."""
    path = write_two_sites(tmp_path)
    below = tmp_path / "below"

    with memory_disk(below, 120), thin_disk(below / "image", tmp_path / "disk") as disk:
        with serving(tmp_path) as server, calm(server):
            london, oslo = Clerk(server), Clerk(server, "oslo")
            begun = london.mark_in_each()
            ballast = fill(below)
            london.mark_until("flush_failed", path)
            refused = london.mark_in_each(times=2) | {str(problems(server))}
            ballast.unlink()  # space alone does not bring back what was lost
            refused_with_space, elsewhere = london.mark_in_each(times=2), oslo.mark_in_each()
        with serving(tmp_path) as server, calm(server):
            london.server = server
            refused_by_new = london.mark_in_each()
            recovered = run_attendance(tmp_path, "check", "--recover", "london")
            ended = london.mark_in_each()
        check_rows(path, london.rows)
        disk.unmount()
        disk.mount()
        check_rows(path, london.rows)

    assert begun == elsewhere == ended == {"recorded"}
    assert refused == {"flush_failed", "(503, ['flush_failed'], [])"}
    assert refused_with_space == refused_by_new == {"flush_failed"}
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
