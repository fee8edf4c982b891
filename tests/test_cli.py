"""Claims about the command line: words, tables, JSON, exit codes."""

import errno
import json
import os
import shlex
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from attendance.appendlog import AppendLog
from attendance.clock import utc_now
from attendance.codec import HEADER
from attendance.errors import FlushFailedError
from attendance.ledger import LINES, Ledger
from attendance.model import MarkRequest, Site
from attendance.seal import Seals
from tests.servers import ATTENDANCE, write_sites


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, as a person would, and return what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTENDANCE_")} | settings
    return subprocess.run(
        [ATTENDANCE, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a registry of two sites, one with a roster."""
    write_sites(
        tmp_path,
        london="timezone: Europe/London",
        kathmandu="timezone: Asia/Kathmandu; roster: data/kathmandu.roster.csv; statuses: {Here: present, Gone: left}",
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kathmandu.roster.csv").write_text("Employee_ID,Name\n007,Maya [Rai]\n", encoding="utf-8")
    return tmp_path


def test_mark_writes_one_row_and_says_it(folder: Path) -> None:
    """A mark is recorded from the command line, and the row that stands in the file is printed."""
    done = run(folder, "mark", "london", "E1", "Present", "--name", "Ana Martín")

    rows = (folder / "data" / "london.csv").read_text(encoding="utf-8").splitlines()
    timestamp = rows[1].split(",")[0]
    assert done.returncode == 0
    assert done.stdout == f"{timestamp} E1 Ana Martín Present: recorded\n"
    assert rows[1] == f"{timestamp},E1,Ana Martín,Present"


def test_a_repeated_mark_says_that_nothing_was_added(folder: Path) -> None:
    """The second equal mark prints the first row and adds none."""
    run(folder, "mark", "london", "E1", "Present", "--name", "Ana")

    again = run(folder, "mark", "london", "E1", "Present", "--name", "Ana", "--json")

    assert again.returncode == 0
    assert json.loads(again.stdout)["repeated"] is True
    assert len((folder / "data" / "london.csv").read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mark", "paris", "E1", "Present", "--name", "Ana"), "There is no such site"),
        (("mark", "london", "=E1", "Present", "--name", "Ana"), "An ID has"),
        (("mark", "london", "E1", "Presence", "--name", "Ana"), "Choose Present or Absent."),
        (("mark", "kathmandu", "E1", "Here"), "not on the list"),
        (("board", "paris"), "There is no such site"),
        (("check", "--recover", "paris"), "There is no such site"),
    ],
)
def test_an_expected_failure_is_said_on_stderr_and_ends_with_1(folder: Path, words: tuple[str, ...], said: str) -> None:
    """Expected failures have the exit code 1, a sentence on stderr, and nothing on stdout."""
    done = run(folder, *words)

    assert (done.returncode, done.stdout) == (1, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("mark",), ("mark", "london"), ("fly",), ("board", "london", "--xml")])
def test_wrong_usage_ends_with_2(folder: Path, words: tuple[str, ...]) -> None:
    """Wrong usage has the exit code 2, as shells expect."""
    done = run(folder, *words)

    assert done.returncode == 2
    assert done.stdout == ""


def test_sites_lists_every_site_with_its_local_time(folder: Path) -> None:
    """The list of sites holds each site's zone and local time, for people and for programs."""
    table = run(folder, "sites", COLUMNS="200")
    listed = json.loads(run(folder, "sites", "--json").stdout)

    assert "Asia/Kathmandu" in table.stdout
    assert "UTC+05:45" in table.stdout
    assert [site["site"] for site in listed] == ["london", "kathmandu"]
    assert listed[1]["local_time"].endswith("+05:45")


def test_board_shows_the_last_mark_of_everybody_today(folder: Path) -> None:
    """The board shows who is in now, each person once, with the status marked last."""
    run(folder, "mark", "kathmandu", "007", "Here")
    run(folder, "mark", "kathmandu", "007", "Gone")

    table = run(folder, "board", "kathmandu", COLUMNS="120")
    board = json.loads(run(folder, "board", "kathmandu", "--json").stdout)

    assert table.stdout.count("Maya [Rai]") == 1
    assert "0 Here, 1 Gone" in table.stderr
    assert [(mark["name"], mark["status"], mark["kind"]) for mark in board["marks"]] == [("Maya [Rai]", "Gone", "left")]


def test_board_of_a_site_without_a_mark_is_empty_and_makes_no_file(folder: Path) -> None:
    """Looking changes nothing."""
    done = run(folder, "board", "london")

    assert done.returncode == 0
    assert not (folder / "data" / "london.csv").exists()


def test_check_of_a_sound_folder_says_so(folder: Path) -> None:
    """Nothing wrong ends with 0 and an empty stdout."""
    run(folder, "mark", "london", "E1", "Present", "--name", "Ana")

    done = run(folder, "check")

    assert (done.returncode, done.stdout) == (0, "")
    assert "2 sites checked, nothing is wrong." in done.stderr


def test_check_lists_every_mistake_of_the_registry_by_its_place(folder: Path) -> None:
    """All mistakes are printed as file:line:column, and the exit code is 1."""
    (folder / "sites.yaml").write_text("sites:\n  a: {name: A, timezone: Mars/Base, csv: a.csv}\n  b: {nam: B}\n")

    done = run(folder, "check")
    listed = json.loads(run(folder, "check", "--json").stdout)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith(f"{folder / 'sites.yaml'}:2:26: no zone is called 'Mars/Base'")
    assert [(problem["line"], problem["column"]) for problem in listed] == [(2, 26), (3, 7)]


def test_check_lists_broken_rosters_and_rows_by_line(folder: Path) -> None:
    """A row that is not as it was written, and one that is out of order, are listed; nothing is changed."""
    good = b"2026-11-22T09:00:03+00:00,E1,Ana,Present\n"
    early = b"2026-11-22T08:00:03+00:00,E2,Jo,Present\n"
    content = HEADER + good + b"22/11/2026 09:00,E1,Ana,Present\n" + early
    (folder / "data" / "london.csv").write_bytes(content)
    (folder / "data" / "kathmandu.roster.csv").write_text("Employee_ID,Name\n=1,Maya\n", encoding="utf-8")

    done = run(folder, "check")

    places = [line.removeprefix(str(folder / "data")).split(":")[:2] for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert ["/london.csv", "3"] in places
    assert ["/london.csv", "4"] in places
    assert ["/kathmandu.roster.csv", "2"] in places
    assert (folder / "data" / "london.csv").read_bytes() == content


def test_a_failed_flush_is_told_with_the_command_that_recovers(
    folder: Path, make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` says what to type, `mark` why it refuses, and after that command the site takes marks again."""
    run(folder, "mark", "london", "E1", "Present", "--name", "Ana")
    site = make_site(csv_path=folder / "data" / "london.csv")
    ledger = Ledger(site, now=utc_now, report=print)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", _refuse)
        with pytest.raises(FlushFailedError):
            ledger.record([MarkRequest(employee_id="E2", name="Jo", status="Present")])
    ledger.log.close()

    listed = run(folder, "check")
    refused = run(folder, "mark", "london", "E2", "Present", "--name", "Jo")
    recovered = run(folder, *shlex.split(listed.stdout.rpartition("`attendance ")[2].partition("`")[0]))
    again = run(folder, "mark", "london", "E2", "Present", "--name", "Jo")

    assert listed.returncode == 1
    assert "attendance check --recover london" in listed.stdout
    assert "an earlier flush" in refused.stderr
    assert (refused.returncode, recovered.returncode, again.returncode) == (1, 0, 0)
    assert again.stdout.endswith("E2 Jo Present: recorded\n")


def _refuse(_: int) -> None:
    """Fail as a disk does."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_check_gives_a_row_that_is_being_written_time(folder: Path) -> None:
    """Half a line at the end of a ledger is no mistake while its other half is on the way."""
    path = folder / "data" / "london.csv"
    path.write_bytes(HEADER + b"2026-11-22T09:00:03+00:00,E1,An")
    reader = run_in_background(folder, "check")
    with path.open("ab") as ledger:
        while str(path) not in _open_files(reader.pid):
            assert reader.poll() is None
        ledger.write(b"a,Present\n")

    talk, _ = reader.communicate(timeout=30)

    assert (reader.returncode, talk) == (0, "")


def run_in_background(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start the command in a folder."""
    return subprocess.Popen(
        [ATTENDANCE, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _open_files(process_id: int) -> list[str]:
    """Return the files that a process has open now."""
    found = []
    for link in Path(f"/proc/{process_id}/fd").glob("*"):
        with suppress(OSError):
            found.append(str(link.readlink()))
    return found


@pytest.mark.parametrize("target", ["sites.yaml", "data/kathmandu.roster.csv/below"])
def test_init_says_why_it_cannot_write(folder: Path, target: str) -> None:
    """A file in the place of the folder is an expected failure, not a traceback."""
    done = run(folder, "init", target)

    assert done.returncode == 1
    assert "is not written" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_without_a_registry_says_how_to_get_one(tmp_path: Path) -> None:
    """Whoever starts in an empty folder is told what to do."""
    done = run(tmp_path, "check")

    assert done.returncode == 1
    assert "attendance init" in done.stdout


def test_init_writes_a_registry_that_works(tmp_path: Path) -> None:
    """The starter registry is sound as it is."""
    made = run(tmp_path, "init")

    assert made.returncode == 0
    assert run(tmp_path, "check").returncode == 0
    assert run(tmp_path, "mark", "head-office", "E1", "Present", "--name", "Ana").returncode == 0


def test_init_never_writes_over_a_registry(folder: Path) -> None:
    """A registry that is there stays as it is."""
    before = (folder / "sites.yaml").read_bytes()

    done = run(folder, "init")

    assert done.returncode == 1
    assert (folder / "sites.yaml").read_bytes() == before


def test_a_wrong_setting_is_named(folder: Path) -> None:
    """A setting that cannot be used is named with its variable."""
    done = run(folder, "sites", ATTENDANCE_PORT="http")

    assert done.returncode == 1
    assert "ATTENDANCE_PORT" in done.stderr


def test_the_version_is_printed(folder: Path) -> None:
    """`--version` prints the name and the version alone."""
    done = run(folder, "--version")

    assert done.returncode == 0
    assert done.stdout.startswith("attendance ")


def test_check_tells_of_a_row_that_was_taken_out(folder: Path) -> None:
    """Whoever deletes a row with an editor is found out, before and after the next look."""
    for employee_id in ("E1", "E2"):
        run(folder, "mark", "london", employee_id, "Present", "--name", "Ana")
    path = folder / "data" / "london.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    (folder / "edited").write_bytes(lines[0] + lines[2])
    (folder / "edited").rename(path)

    done = run(folder, "check")

    assert done.returncode == 1
    assert "something else touched the file" in done.stdout


def sealed(folder: Path) -> Path:
    """Mark somebody in London, seal that, and return the ledger."""
    run(folder, "mark", "london", "E1", "Present", "--name", "Ana")
    path = folder / "data" / "london.csv"
    log = AppendLog(path, LINES, report=print)
    Seals(path, report=print).extend(log.chunks, [log.committed()], utc_now())
    return path


def test_verify_says_how_much_is_as_it_was_sealed(folder: Path) -> None:
    """In words, and in JSON."""
    size = sealed(folder).stat().st_size

    said, as_json = run(folder, "verify", "london"), run(folder, "verify", "london", "--json")

    assert said.returncode == 0
    assert f"{size} bytes are as they were sealed, by 1 seals" in said.stdout
    counted = {"seals": 1, "sealed_bytes": size}
    assert json.loads(as_json.stdout) == {"site": "london", **counted, "files": {"london.csv": counted}}


@pytest.mark.parametrize(
    ("spoil", "line"), [(lambda path: path.write_bytes(path.read_bytes().replace(b"Ana", b"Eva")), 2), (os.unlink, 1)]
)
def test_verify_names_what_is_not(folder: Path, spoil: Callable[[Path], object], line: int) -> None:
    """The file and the line, and exit code 1."""
    path = sealed(folder)
    spoil(path)

    done = run(folder, "verify", "london")

    assert done.returncode == 1
    assert done.stdout.startswith(f"{path}:{line}:1: ")


def test_check_lists_rows_whose_offset_is_not_the_zones(folder: Path) -> None:
    """The rules of a zone were changed after rows were written, or the site moved: told together, and no failure."""
    path = folder / "data" / "london.csv"
    hour = "2026-07-01T09:00:0{}{},E{},Ana,Present\n"
    rows = [hour.format(0, "+01:00", 0), hour.format(1, "+02:00", 1).replace("T09", "T10")]
    rows += [hour.format(2, "+02:00", 2).replace("T09", "T10"), hour.format(3, "+01:00", 3)]
    path.write_bytes(HEADER + "".join(rows).encode())

    done = run(folder, "check")

    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{path}:3:1: rows 3 to 4 have UTC+02:00, and Europe/London had UTC+01:00 then by pytz")
