"""Claims about what is large, which a process of its own writes: the same bytes, and the same words where it cannot."""

import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import Any

import pytest

from attendance.exporting import Format, Options, apart
from attendance.exporting.apart import Kind, Order, weight_of_day, write_apart
from attendance.registry import load_registry
from tests.exporting_company import write_company
from tests.webapp import Web, exchange, is_problem, serving_web

MONTH = "/api/months/2026-10"
DAY = "/api/days/2026-10-19"
MARKS = "/api/marks?format=csv"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Three sites after an October, asked by HR of all."""
    write_company(tmp_path)
    with serving_web(tmp_path, peer="127.0.0.1", role="hr") as served:
        yield served


@pytest.fixture
def all_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything written by a process of its own."""
    monkeypatch.setattr(apart, "LARGE_BYTES", 0)


def in_place_of_python(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a script of the shell run where the process would be."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def failures(web: Web) -> list[str]:
    """Return what the log tells of processes that failed."""
    return [event["reason"] for event in web.events() if event["event"] == "not_written_apart"]


def children_seconds() -> float:
    """Return the processor time of the processes that were waited for."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


@pytest.mark.parametrize(
    "address",
    [
        MONTH,
        f"{MONTH}?format=csv&separator=tab&bom=true&site=london",
        f"{MONTH}?as_known_on=2026-10-19",
        DAY,
        f"{DAY}?site=kathmandu",
        f"{DAY}?format=csv&as_known_on=2026-10-19T12:00:00Z",
        MARKS,
        f"{MARKS}&from=2026-10-20&to=2026-10-22&site=santiago&site=london",
    ],
)
def test_what_is_written_apart_is_what_would_be_written_here(
    web: Web, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte by byte: for the same sites, in the same form, as known at the same time; by another process."""
    here, before = web.client.get(address), children_seconds()
    assert here.status_code == 200
    assert children_seconds() == before

    monkeypatch.setattr(apart, "LARGE_BYTES", 0)
    by_process = web.client.get(address)

    assert by_process.content == here.content
    assert len(here.content) > 1000
    assert children_seconds() > before
    assert not failures(web)


@pytest.mark.usefixtures("all_is_large")
def test_a_day_apart_tells_who_was_seen_elsewhere(web: Web) -> None:
    """It looks at the same other sites: whoever is missing in London and marked in Kathmandu was seen there."""
    with (web.folder / "data" / "kathmandu.csv").open("a", encoding="utf-8") as ledger:
        ledger.write("2026-11-16T09:00:00+05:45,E000,Ana Martín,Present\n")

    told = web.client.get("/api/days/2026-11-16?site=london").json()

    assert {one["employee_id"]: one["seen"] for one in told["sites"][0]["employees"] if one["seen"]} == {
        "E000": {"site": "kathmandu", "timestamp": "2026-11-16T09:00:00+05:45"}
    }
    assert not failures(web)


@pytest.mark.usefixtures("all_is_large")
@pytest.mark.parametrize("address", [f"{MONTH}?format=csv", DAY, MARKS])
def test_what_cannot_be_written_apart_is_refused_with_its_reason(web: Web, address: str) -> None:
    """The server tries itself, and answers as ever; the log has what the process said."""
    (web.folder / "data" / "kathmandu.csv").write_bytes(b"something else\n")

    assert is_problem(web.client.get(address), 503, "site_unreadable")
    assert len(failures(web)) == 1
    assert failures(web)[0].startswith("It ended with 1: kathmandu: ")


@pytest.mark.usefixtures("all_is_large")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "echo Traceback >&2; echo 'ImportError: no such thing' >&2; echo half; exit 1",
            "1: ImportError: no such thing",
        ),
        ("exit 3", "3: It said nothing."),
    ],
)
def test_a_process_that_fails_is_told_and_the_answer_is_whole(
    web: Web, script: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that it wrote is in the answer: the server writes it. The log has its last line."""
    here = web.client.get(DAY).content
    in_place_of_python(web.folder, script, monkeypatch)

    answer = web.client.get(DAY)

    assert (answer.status_code, answer.content) == (200, here)
    assert failures(web) == [f"It ended with {reason}"]


@pytest.mark.usefixtures("all_is_large")
def test_a_process_that_does_not_start_is_told(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server writes what was asked for."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    assert web.client.get(MARKS).status_code == 200
    assert failures(web) == ["It did not start: No such file or directory."]


@pytest.mark.usefixtures("all_is_large")
def test_what_somebody_ended_is_not_tried_in_the_server(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be what takes too much memory: 503."""
    in_place_of_python(web.folder, "kill -9 $$", monkeypatch)

    assert is_problem(web.client.get(f"{MONTH}?format=csv"), 503, "export_failed")
    assert failures(web) == ["It ended with -9: It said nothing."]


@pytest.mark.usefixtures("all_is_large")
@pytest.mark.parametrize("turns_taken", [False, True])
def test_nothing_runs_on_for_who_went_away(web: Web, turns_taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """The process is ended soon after the browser is gone; who waits for a turn does not wait any longer."""
    pid = web.folder / "pid"
    in_place_of_python(web.folder, f"echo $$ > {pid}; exec sleep 60", monkeypatch)
    monkeypatch.setattr(apart, "_turns", BoundedSemaphore(1))
    if turns_taken:
        apart._turns.acquire()  # noqa: SLF001  # others would hold them
    received: Iterator[dict[str, Any]] = chain(
        [{"type": "http.request", "body": b""}], repeat({"type": "http.disconnect"})
    )
    began = time.monotonic()
    authorization = web.client.headers["Authorization"]
    exchange(web, DAY, received, peer=("127.0.0.1", 1), method="GET", authorization=authorization)

    assert time.monotonic() - began < 30
    assert web.events()[-1]["event"] == "client_gone"
    assert pid.exists() is not turns_taken
    if not turns_taken:
        assert not Path("/proc", pid.read_text(encoding="ascii").strip()).exists()
    assert web.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("large_bytes", "registry"), [(1 << 20, "sites.yaml"), (0, "nowhere.yaml")])
def test_nothing_is_left_where_nothing_was_written(
    tmp_path: Path, large_bytes: int, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is small, or where the process could not: the file is as it was."""
    write_company(tmp_path)
    monkeypatch.setattr(apart, "LARGE_BYTES", large_bytes)
    sites = list(load_registry(tmp_path / "sites.yaml").sites.values())
    order = Order.of(
        registry=tmp_path / registry,
        kind=Kind.MONTH,
        sites=sites,
        first=date(2026, 10, 1),
        form=Format.CSV,
        options=Options(),
        now=NOW,
    )

    with TemporaryFile() as out:
        assert not write_apart(order, 1000, out)
        assert (out.tell(), out.seek(0, 2)) == (0, 0)


def test_a_day_is_large_with_many_people_or_amendments_and_not_with_years_of_marks(tmp_path: Path) -> None:
    """What a day reads counts, each site once: rosters and amendments whole, and not what lies years before."""
    write_company(tmp_path)
    london, kathmandu, _ = load_registry(tmp_path / "sites.yaml").sites.values()
    assert london.roster_path
    small = weight_of_day([london])
    with london.csv_path.open("ab") as ledger:
        ledger.truncate(1 << 30)
    assert weight_of_day([london]) == small < apart.LARGE_BYTES
    assert weight_of_day([london, kathmandu]) == weight_of_day([london], [kathmandu, london]) > small

    with london.roster_path.open("a", encoding="utf-8") as roster:
        roster.writelines(f"F{number:05},Somebody {number:010}\n" for number in range(1200))
    assert weight_of_day([london]) > apart.LARGE_BYTES
