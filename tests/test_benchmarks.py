"""Claims about the benchmarks: how rounds become a figure, when the gate fails, and that the load is what it says."""

import json
import os
import platform
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import load
from benchmarks.__main__ import NAMES, read_arguments
from benchmarks.check import BAR, check
from benchmarks.errors import LoadError, StartError
from benchmarks.figures import Figure, print_table, write_json
from benchmarks.servers import CHECKOUT, attendance, empty, naive, side_by_side
from tests.servers import whole_rows

CONNECTIONS = 8

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


def make_figure(ratio: float, **target: float) -> Figure:
    """Return the figure of a single round."""
    return Figure.of_rounds("marks", "CPU per mark", "µs", [(ratio * 100, 100.0)], **target)


def gate(*ratios: float) -> tuple[int, int, str]:
    """Return the gate's exit code where runs come out so one after the other, how many it used, and what it said."""
    left = list(ratios)
    said = StringIO()

    code = check(Console(file=said, width=200), lambda: make_figure(left.pop(0), at_most=BAR))

    return code, len(ratios) - len(left), said.getvalue()


def test_a_figure_is_the_median_of_the_ratios_of_its_rounds() -> None:
    """A slow moment of the machine, which slows both, moves no ratio; one wild round moves no median."""
    figure = Figure.of_rounds("marks", "CPU per mark", "µs", [(100, 100), (500, 400), (300, 100)])

    assert (figure.ours, figure.theirs) == (300, 100)
    assert figure.ratio == 1.25
    assert figure.spread == (1.0, 3.0)


@pytest.mark.parametrize(
    ("target", "ratio", "holds"),
    [
        ({"at_most": 1.5}, 1.5, True),
        ({"at_most": 1.5}, 1.51, False),
        ({"at_least": 0.5}, 0.5, True),
        ({"at_least": 0.5}, 0.49, False),
        ({}, 100.0, None),
    ],
)
def test_a_target_holds_up_to_its_edge(target: dict[str, float], ratio: float, *, holds: bool | None) -> None:
    """A ratio on the edge is ok; without a target there is no verdict."""
    assert make_figure(ratio, **target).holds is holds


def test_the_table_says_ok_over_and_under() -> None:
    """Each figure stands in the table of its benchmark, with its verdict."""
    said = StringIO()

    figures = [make_figure(1.0, at_most=1.0), make_figure(2.5, at_most=1.0), make_figure(0.5, at_least=0.9)]
    print_table(figures, Console(file=said, width=200))

    verdicts = [line.split("│")[-2].strip() for line in said.getvalue().splitlines() if "CPU per mark" in line]
    assert verdicts == ["ok", "over", "under"]


def test_the_json_tells_the_machine_and_the_versions_but_no_names_and_no_paths(tmp_path: Path) -> None:
    """Figures can be published as they are."""
    write_json([make_figure(2.0, at_most=1.0)], tmp_path / "marks.json")

    content = json.loads((tmp_path / "marks.json").read_text(encoding="utf-8"))
    assert content["figures"][0] | {"ratio": 2.0, "at_most": 1.0, "holds": False} == content["figures"][0]
    assert all(content["machine"][key] for key in ("kernel", "cpu", "cores", "file_system"))
    assert {"python", "attendance", "fastapi", "starlette", "uvicorn", "gunicorn", "pydantic"} <= set(
        content["versions"]
    )
    assert platform.node() not in json.dumps(content)
    assert str(tmp_path) not in json.dumps(content)


def test_the_gate_passes_a_run_under_the_bar() -> None:
    """One run is enough."""
    assert gate(BAR - 0.01)[:2] == (0, 1)


def test_the_gate_repeats_a_run_over_the_bar_once() -> None:
    """A busy machine fails nobody's change."""
    assert gate(BAR + 1, BAR)[:2] == (0, 2)


def test_the_gate_fails_where_two_runs_are_over_the_bar() -> None:
    """A mark that became dearer is told with its ratio and the bar."""
    code, runs, said = gate(BAR + 0.01, BAR + 0.5)

    assert (code, runs) == (1, 2)
    assert f"A mark costs {BAR + 0.5:.2f} times an empty request, twice in turn over {BAR}" in said


@pytest.mark.parametrize("names", [["check", "marks"], ["mark"]])
def test_an_unknown_benchmark_is_refused(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The names that there are stand in the message; the gate stands alone."""
    with pytest.raises(SystemExit, match="2"):
        read_arguments(names)

    assert ", ".join(NAMES) in capsys.readouterr().err


def test_without_a_name_everything_is_measured() -> None:
    """`make bench` names nothing."""
    assert read_arguments(["--full"]).names == list(NAMES)
    assert read_arguments(["check"]).names == ["check"]
    assert read_arguments(["rush", "marks"]).names == ["rush", "marks"]


def test_without_wrk_the_gate_fails_and_says_what_to_install(tmp_path: Path) -> None:
    """A gate that cannot measure never passes."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "check"],
        cwd=CHECKOUT,
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert "apt-get install wrk" in done.stdout


@needs_wrk
def test_every_mark_of_a_load_is_a_new_row() -> None:
    """What is counted was answered and stands in the ledger, each of another employee, also over two runs."""
    with side_by_side(attendance, naive) as servers:
        requests = [
            sum(load.run(server, connections=CONNECTIONS, seconds=1).requests for _ in "ab") for server in servers
        ]
        ledgers = [server.folder / "data" / "s0.csv" for server in servers]
        rows = whole_rows(ledgers[0])
        naive_rows = ledgers[1].read_text(encoding="utf-8").splitlines()

    assert len({row[1] for row in rows}) == len(rows)
    assert requests[0] <= len(rows) <= requests[0] + 2 * CONNECTIONS  # the last ones were sent, but not waited for
    assert requests[1] <= len(naive_rows) <= requests[1] + 2 * CONNECTIONS


@needs_wrk
def test_a_load_tells_what_a_mark_costs_and_how_long_it_takes() -> None:
    """The processor time is that of the server, over all its workers."""
    with side_by_side(empty, workers=2) as (server,):
        before = server.cpu_seconds()
        measured = load.run(server, connections=CONNECTIONS, seconds=1)
        used = server.cpu_seconds() - before
        workers = server.workers()

    assert len(workers) == 2
    assert 0 < measured.cpu_each_seconds * measured.requests <= used
    assert 0.9 <= measured.seconds <= 2
    assert measured.per_second == pytest.approx(measured.requests / measured.seconds)
    assert 0 < measured.p50_seconds <= measured.p99_seconds <= measured.p999_seconds


@needs_wrk
def test_a_load_that_is_refused_is_an_error() -> None:
    """Marks at a site that is not there are no figures."""
    with side_by_side(attendance) as (server,), pytest.raises(LoadError, match="failed at attendance"):
        load.run(server, connections=CONNECTIONS, seconds=1, sites=2)


def test_a_server_that_does_not_start_is_told_with_its_reason(tmp_path: Path) -> None:
    """Nobody waits for it, and nobody has to look for its log, which is removed."""
    with pytest.raises(StartError, match=r"sites\.yaml"), attendance(tmp_path):
        pass
