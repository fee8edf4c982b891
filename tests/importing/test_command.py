"""Claims about `attendance import`: what it prints, its exit codes, and that it works while the server runs."""

import json
from pathlib import Path

import pytest

from tests.servers import serving, whole_rows, write_sites
from tests.test_cli import run

TITLES = "Timestamp,Employee_ID,Name,Status\n"
SOUND = "2026-11-20T09:00:03+00:00,E1,Ana,Present\n2026-11-20T09:05:00+00:00,E2,Jo,Present\n"
REPEAT = "2026-11-20T09:10:00+00:00,E2,Jo,Present\n"
BROKEN = "11/20/26 9:15,E3,Zoe,Present\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one site."""
    write_sites(tmp_path)
    return tmp_path


def bring(folder: Path, rows: str) -> str:
    """Write a file from elsewhere, and return its name."""
    (folder / "old.csv").write_text(TITLES + rows, encoding="utf-8")
    return "old.csv"


def test_a_preview_is_said_and_nothing_is_written(folder: Path) -> None:
    """By default the new rows are counted and the first and last are shown."""
    done = run(folder, "import", "london", bring(folder, SOUND + REPEAT))

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "0 rows refused",
        "0 rows stand in the ledger already and are left out",
        "1 rows repeat the employee's last mark of the work date and are left out: row 4",
        "2 rows to add",
        "  row 2: 2026-11-20T09:00:03+00:00,E1,Ana,Present",
        "  row 3: 2026-11-20T09:05:00+00:00,E2,Jo,Present",
    ]
    assert "Nothing was written. Say --write" in done.stderr
    assert not (folder / "data").exists()


def test_write_adds_and_a_second_time_finds_all(folder: Path) -> None:
    """`--write` adds the rows; again, they stand there already."""
    first = run(folder, "import", "london", bring(folder, SOUND), "--write")
    again = run(folder, "import", "london", "old.csv", "--write")

    assert (first.returncode, again.returncode) == (0, 0)
    assert "2 rows added" in first.stdout
    assert "2 rows stand in the ledger already and are left out: row 2, 3" in again.stdout
    assert (folder / "data" / "london.csv").read_text(encoding="utf-8") == TITLES + SOUND


@pytest.mark.parametrize("words", [(), ("--write",)])
def test_refused_rows_are_told_and_nothing_is_added(folder: Path, words: tuple[str, ...]) -> None:
    """Each refused row is said by its number with the reason and what to do; the exit code is 1."""
    done = run(folder, "import", "london", bring(folder, SOUND + BROKEN), *words)

    assert done.returncode == 1
    assert done.stdout.startswith("row 4: refused: Timestamp is no time in ISO 8601")
    assert "(write it as 2026-10-25T01:30:00+01:00)" in done.stdout
    assert "--leave-out" in done.stderr
    assert not (folder / "data" / "london.csv").exists() or not whole_rows(folder / "data" / "london.csv")


def test_refused_rows_are_left_out_if_that_is_said(folder: Path) -> None:
    """`--leave-out` adds the others, and for programs there is JSON."""
    done = run(folder, "import", "london", bring(folder, SOUND + REPEAT + BROKEN), "--write", "--leave-out", "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert [one["row"] for one in told["new"]] == [2, 3]
    assert told["new"][0]["line"] == SOUND.splitlines()[0]
    assert [one["row"] for one in told["refused"]] == [5]
    assert (told["written"], told["standing"], told["repeated"]) == (True, [], [4])
    assert len(whole_rows(folder / "data" / "london.csv")) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("london", "none.csv"), 1, "No such file"),
        (("paris", "none.csv"), 1, "There is no such site"),
        (("london",), 2, "FILE"),
        (("london", "none.csv", "--force"), 2, "--force"),
    ],
)
def test_failures_and_wrong_usage_have_their_exit_codes(
    folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    """An expected failure ends with 1, wrong usage with 2, both without a word on stdout."""
    done = run(folder, "import", *words)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_failure_while_adding_says_how_to_go_on(folder: Path) -> None:
    """Whoever has no room for the rest is told that importing again is safe."""
    (folder / "data").mkdir()
    (folder / "data" / "london.csv").write_bytes(b"spoilt\n")

    done = run(folder, "import", "london", bring(folder, SOUND), "--write")

    assert done.returncode == 1
    assert "Import the same file again" in done.stderr
    assert "does not begin with its header" in " ".join(done.stderr.split())


def test_rows_are_brought_in_while_the_server_runs(folder: Path) -> None:
    """The server knows the rows at once: what was marked elsewhere today is a repeat, and marks go on behind them."""
    with serving(folder, workers=1) as server:
        _, first = server.mark("E1")
        row = f"{first['timestamp']},E9,Ana Park,Present\n"
        done = run(folder, "import", "london", bring(folder, row), "--write")
        status, repeat = server.mark("E9")
        after, _ = server.mark("E2")

    assert done.returncode == 0
    assert (status, repeat["timestamp"]) == (200, first["timestamp"])
    assert after == 201
    assert [fields[1] for fields in whole_rows(folder / "data" / "london.csv")] == ["E1", "E9", "E2"]
