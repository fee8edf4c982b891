"""Claims about SIGHUP: a sound registry is in force in all workers, a broken one in none."""

import os
import signal
from pathlib import Path

from tests.servers import Server, serving, wait_until, write_sites

ASKED = 40
LONDON = {"london": "timezone: Europe/London"}
BOTH = LONDON | {"lord-howe": "timezone: Australia/Lord_Howe"}
BROKEN = LONDON | {"lord-howe": "timezone: Australia/Lord_Hoe"}


def _reload(server: Server) -> None:
    """Send a SIGHUP, and return when none of the old workers is left."""
    before = set(server.workers())
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(server.workers()) == len(before) and not before & set(server.workers()), 15)


def _statuses(server: Server, path: str) -> set[int]:
    """Return with which statuses the workers answer when they are asked many times, each time anew."""
    return {server.ask("GET", path)[0] for _ in range(ASKED)}


def test_a_new_site_is_served_by_all_workers_after_a_reload(tmp_path: Path) -> None:
    """A site that was added to the registry is there in every worker, and takes marks."""
    write_sites(tmp_path, **LONDON)

    with serving(tmp_path, workers=3) as server:
        unknown = _statuses(server, "/sites/lord-howe/attendance")
        write_sites(tmp_path, **BOTH)
        _reload(server)
        known = _statuses(server, "/sites/lord-howe/attendance")
        marked, _ = server.mark("E0001", "lord-howe")
        ready = server.ready()

    assert (unknown, known, marked) == ({404}, {200}, 201)
    assert (ready[0], ready[1]["sites"]) == (200, 2)


def test_a_broken_registry_changes_nothing_until_it_is_mended(tmp_path: Path) -> None:
    """The old registry stays in force in all workers alike, later ones too; readiness and the log say why."""
    write_sites(tmp_path, **LONDON)

    with serving(tmp_path, workers=3) as server:
        write_sites(tmp_path, **BROKEN)
        _reload(server)
        after_reload = (_statuses(server, "/sites/london/attendance"), _statuses(server, "/sites/lord-howe/attendance"))
        ready = [server.ready() for _ in range(ASKED)]
        refused = [event for event in server.events if event["event"] == "registry_refused"]

        killed = server.workers()[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(server.workers()) == 3 and killed not in server.workers(), 10)
        after_kill = (_statuses(server, "/sites/london/attendance"), _statuses(server, "/sites/lord-howe/attendance"))
        marked, _ = server.mark("E0001")

        write_sites(tmp_path, **BOTH)
        _reload(server)
        mended = (_statuses(server, "/readyz"), _statuses(server, "/sites/lord-howe/attendance"))

    assert after_reload == after_kill == ({200}, {404})
    assert {status for status, _ in ready} == {503}
    problems = [problem for _, body in ready for problem in body["problems"]]
    assert {(problem["code"], problem["line"]) for problem in problems} == {("registry_invalid", 9)}
    assert all("Australia/Lord_Hoe" in problem["detail"] for problem in problems)
    assert [event["code"] for event in refused] == ["registry_invalid"]
    assert f"{tmp_path / 'sites.yaml'}:9:" in refused[0]["problems"][0]
    assert marked == 201
    assert mended == ({200}, {200})


def test_a_site_in_use_cannot_be_reloaded_away(tmp_path: Path) -> None:
    """A registry without a site that is in force is refused like a broken one."""
    write_sites(tmp_path, **BOTH)

    with serving(tmp_path) as server:
        write_sites(tmp_path, **LONDON)
        _reload(server)
        served = _statuses(server, "/sites/lord-howe/attendance")
        status, body = server.ready()

    assert served == {200}
    assert status == 503
    assert "lord-howe" in body["problems"][0]["detail"]
