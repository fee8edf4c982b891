"""Claims about writes that stop short: no half a row stays, and a group of marks stands as a whole or not at all."""

import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attendance.model import Site
from tests.faults.calls import Fault, Marker, answers_of_a_new_process, marking
from tests.faults.checker import check_rows

MakeSite = Callable[..., Site]
GROUP = ["E2", "E3"]
CROWD = [f"C{number}" for number in range(150)]  # their rows cross the end of a page of memory


@pytest.mark.needs("root", "strace")
def test_wherever_a_write_stops_the_file_is_as_before(make_site: MakeSite) -> None:
    """At a file-size limit after any number of bytes of two rows both are refused, and no byte of them stays."""
    site = make_site()
    stages = [[GROUP]] * 200
    with marking(site, [["E1"]], *stages, []) as marker:
        before = site.csv_path.read_bytes()
        length = 0
        while site.csv_path.read_bytes() == before:
            _limit(marker, len(before) + length)
            marker.go_on()
            length += 1
        refused, recorded = marker.answers[1:-2], marker.answers[-2:]

    assert length > 2 * len("2026-11-23T12:00:00+00:00,E2,Ana,Present\n")
    assert {answer.code for answer in refused} == {"storage_full"}
    assert [answer.code for answer in recorded] == ["recorded", "recorded"]
    assert len(check_rows(site.csv_path, marker.acknowledged)) == 3


@pytest.mark.needs("root", "strace")
def test_a_short_write_is_continued(make_site: MakeSite) -> None:
    """Where a write stops within a row and the next one finds room again, the rows are whole and acknowledged."""
    site = make_site()
    with marking(site, [["E1"]], [GROUP]) as marker:
        _limit(marker, site.csv_path.stat().st_size + 50)

        marker.go_on_under(Fault(kind="write", what="stopped after"), when_stopped=lambda: _limit(marker, None))

    assert _short_writes(marker.trace, site.csv_path) == [(82, 50)]
    assert [answer.code for answer in marker.answers] == ["recorded", "recorded", "recorded"]
    assert len(check_rows(site.csv_path, marker.acknowledged)) == 3


@pytest.mark.needs("root", "strace")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="write", what="killed after"),
        Fault(kind="ftruncate", what="EIO"),
        Fault(kind="ftruncate", what="killed before"),
        Fault(kind="ftruncate", what="killed after"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.what}",
)
@pytest.mark.parametrize("written", [1, 40, 41, 42, 81])
def test_half_a_row_that_could_not_be_cut_off_is_cut_off_by_the_next(
    fault: Fault, written: int, make_site: MakeSite
) -> None:
    """Whoever writes next after a short write that nobody cut off does so, and everybody can be marked."""
    site = make_site()
    with marking(site, [["E1"]], [GROUP]) as marker:
        _limit(marker, site.csv_path.stat().st_size + written)
        marker.go_on_under(fault)

        answers = answers_of_a_new_process(site, ["E1", "E4", *GROUP])

    assert _short_writes(marker.trace, site.csv_path) == [(82, written)]
    assert marker.was_struck()
    assert {answer.code for answer in answers} <= {"recorded", "repeated"}
    rows = check_rows(site.csv_path, [*marker.acknowledged, *(answer.row for answer in answers if answer.row)])
    assert sorted(row.employee_id for row in rows) == ["E1", "E2", "E3", "E4"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.needs("root", "strace", "mount")
def test_a_disk_that_is_full_within_a_group_takes_nothing_of_it(small_disk: Path, make_site: MakeSite) -> None:
    """Where the disk fills up in the middle of many rows, all are refused; when there is space again they go in."""
    site = make_site(csv_path=small_disk / "data" / "london.csv")
    with marking(site, [["E1"]], [CROWD], [CROWD], []) as marker:
        before = site.csv_path.read_bytes()
        filler = _fill(small_disk)

        trace = marker.step_under()
        refused = site.csv_path.read_bytes()
        filler.unlink()
        marker.go_on()

        answers = marker.answers[1:]
        rows = check_rows(site.csv_path, marker.acknowledged)

    assert len(_short_writes(trace, site.csv_path)) == 1
    assert refused == before
    assert [answer.code for answer in answers] == ["storage_full"] * len(CROWD) + ["recorded"] * len(CROWD)
    assert len(rows) == 1 + len(CROWD)


def _limit(marker: Marker, size: int | None) -> None:
    """Let no file of the process grow beyond a size (setrlimit(2)); without one, let them grow again."""
    _, hard = resource.prlimit(marker.process_id, resource.RLIMIT_FSIZE)
    resource.prlimit(marker.process_id, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def _fill(folder: Path) -> Path:
    """Fill up the disk of the folder, and return the file that does it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return filler
    raise AssertionError("the disk was never full")


def _short_writes(trace: list[str], path: Path) -> list[tuple[int, int]]:
    """Return what was asked and what was done by each write to the file that did less, at least something."""
    call = re.compile(rf"write\(\d+<{re.escape(str(path))}>, .*, (\d+)\)\s+= (\d+)")
    found = [(int(match[1]), int(match[2])) for line in trace if (match := call.search(line))]
    return [(asked, done) for asked, done in found if done < asked]
