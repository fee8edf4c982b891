"""Claims about amendments beside a running server: all workers see them, and it keeps their file as a ledger."""

from pathlib import Path

from attendance.appendlog.lease import Lease
from attendance.appendlog.lockfile import LockFile
from tests.servers import Server, serving, wait_until, write_sites
from tests.test_cli import run

DAY = "2026-10-26"


def kinds(server: Server) -> list[str]:
    """Return what a day was for everybody, as one of the workers tells it."""
    status, told = server.ask("GET", f"/api/days/{DAY}?site=london", Authorization=f"Bearer {server.token}")
    assert status == 200
    return [one["kind"] for one in told["sites"][0]["employees"]]


def lease(path: Path) -> Lease | None:
    """Return whose home the amendments are."""
    return LockFile(path.with_name(f".{path.name}.lock"), 1).peek()[1]


def test_a_server_tells_keeps_and_leaves_amendments(tmp_path: Path) -> None:
    """One typed on the command line counts in every worker; an edit by hand is undone; the home is free afterwards."""
    write_sites(tmp_path)
    path = tmp_path / "data" / "london.amendments.csv"

    with serving(tmp_path) as server:
        before = kinds(server)
        run(tmp_path, "amend", "london", "E1", DAY, "Absent", "--name", "Ana", "--reason", "was ill")
        seen = [kinds(server) for _ in range(8)]
        wait_until(path.with_name(".london.amendments.csv.shadow").exists, 20)
        run(tmp_path, "amend", "london", "E2", DAY, "Present", "--name", "Jo", "--reason", "was there")
        good = path.read_bytes()
        wait_until(lambda: path.with_name(".london.amendments.csv.shadow").read_bytes() == good, 20)
        path.write_bytes(good.replace(b"was ill", b"was old"))
        wait_until(lambda: path.read_bytes() == good, 20)
        wait_until(lambda: "edits_found" in str(server.ready()[1]), 20)
        wait_until(lambda: lease(path) is not None, 20)
        code = server.stop()

    assert (before, seen) == ([], [["absent"]] * 8)
    assert (code, lease(path)) == (0, None)
    assert {event["event"] for event in server.events} >= {"ledger_restored", "edits_found"}
