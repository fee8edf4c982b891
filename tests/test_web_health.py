"""Claims about what a machine asks: whether the process lives, and whether every site could record a mark now."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from attendance import checking
from attendance.clock import ZONE_DATABASE_VERSION, Month
from attendance.errors import RegistryError
from attendance.eventlog import dropped_lines
from attendance.web.app import reload_registry
from tests.access_web import token_of
from tests.amending_kit import open_amending, wish
from tests.conftest import HandClock
from tests.servers import wait_until, write_sites
from tests.webapp import ANA, PAGE, Web, serving_web, unprivileged, write_roster

LONDON = "timezone: Europe/London"
ROME = "timezone: Europe/Rome"


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that everybody may look into; the one of pytest is closed to all others."""
    with TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        (Path(path) / "data").mkdir(mode=0o755)
        yield Path(path)


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    """Two sites."""
    with serving_web(folder, sites={"london": LONDON, "rome": ROME}, role="ops") as served:
        yield served


def problems(web: Web) -> list[dict[str, Any]]:
    """Return the problems that /readyz tells of, after seeing that its status agrees with them."""
    answer = web.client.get("/readyz")
    body = answer.json()
    assert (answer.status_code, body["status"]) == ((503, "not_ready") if body["problems"] else (200, "ready"))
    found: list[dict[str, Any]] = body["problems"]
    return found


def test_a_process_that_can_answer_lives(web: Web) -> None:
    """Nothing is looked at for it."""
    answer = web.client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_means_that_every_site_could_record_now(web: Web) -> None:
    """It names the sites, the version of the zone database, and how many lines of the log were lost."""
    answer = web.client.get("/readyz")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "status": "ready",
        "sites": 2,
        "problems": [],
        "warnings": [],
        "zone_database": ZONE_DATABASE_VERSION,
        "dropped_log_lines": dropped_lines(),
    }


@pytest.mark.parametrize("roma", ["Europe/Rome", "Europe/Roma"])
def test_a_stranger_is_told_whether_and_no_more(web: Web, roma: str) -> None:
    """Which sites there are, and what is wrong with them, is for ops; the status is the same."""
    write_sites(web.folder, london=LONDON, rome=f"timezone: {roma}")
    reload_registry(web.app)

    told = web.client.get("/readyz", headers={"Authorization": ""})

    answer = web.client.get("/readyz")
    assert told.status_code == answer.status_code
    assert told.json() == {"status": answer.json()["status"]}
    assert told.headers["cache-control"] == "no-store"


def test_ready_changes_nothing(web: Web) -> None:
    """To ask makes no file."""
    problems(web)

    assert list((web.folder / "data").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_for_each_of_its_sites(web: Web) -> None:
    """No mark could make its file there."""
    (web.folder / "data").chmod(0o555)
    with unprivileged():
        found = problems(web)
    (web.folder / "data").chmod(0o755)

    assert found == [{"site": site, "code": "storage_unavailable"} for site in ("london", "rome")]


def test_a_folder_that_cannot_be_looked_into_is_told_and_no_defect(web: Web) -> None:
    """Where a permission was lost, the question itself fails."""
    (web.folder / "data").chmod(0)
    with unprivileged():
        found = problems(web)
    (web.folder / "data").chmod(0o755)

    assert found == [{"site": site, "code": "storage_unavailable"} for site in ("london", "rome")]


def test_a_file_that_cannot_be_written_is_told(web: Web) -> None:
    """The folder is open to all, but the ledger of one site belongs to somebody else."""
    web.client.post(PAGE, json=ANA)
    (web.folder / "data").chmod(0o777)
    (web.folder / "data" / "london.csv").chmod(0o444)
    (web.folder / "data" / ".london.csv.lock").chmod(0o666)

    with unprivileged():
        found = problems(web)

    assert found == [{"site": "london", "code": "storage_unavailable"}]


def test_little_space_is_told_before_there_is_none(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks still go on; ops hear of it while there is time."""
    monkeypatch.setattr(checking, "LOW_SPACE_BYTES", 1 << 60)

    assert problems(web) == []
    warnings = web.client.get("/readyz").json()["warnings"]
    assert warnings == [{"site": site, "code": "storage_low"} for site in ("london", "rome")]
    assert web.client.post(PAGE, json=ANA).status_code == 201


def test_a_broken_roster_is_told_until_it_is_mended(folder: Path) -> None:
    """A site that nobody can mark at is not ready; the next request sees the mended file."""
    write_roster(folder, "london", E1="=cmd()")

    with serving_web(
        folder, sites={"london": f"{LONDON}; roster: data/london.roster.csv", "rome": ROME}, role="ops"
    ) as web:
        broken = problems(web)
        write_roster(folder, "london", E1="Ana Martín")
        mended = problems(web)

    assert broken == [{"site": "london", "code": "roster_invalid"}]
    assert mended == []


def test_a_failed_flush_is_told_until_the_file_was_verified(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site takes no more marks, also when the disk is well again; the others go on."""

    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), descriptor)

    web.client.post(PAGE, json=ANA)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", refuse)
        failed = web.client.post(PAGE, json=ANA | {"status": "Absent"})
    again = web.client.post(PAGE, json=ANA | {"status": "Absent"})
    elsewhere = web.client.post("/sites/rome/attendance", json=ANA)

    assert [answer.status_code for answer in (failed, again, elsewhere)] == [503, 503, 201]
    assert [answer.json()["code"] for answer in (failed, again)] == ["flush_failed"] * 2
    assert problems(web) == [{"site": "london", "code": "flush_failed"}]


# Reload


def test_a_broken_registry_changes_nothing_and_is_told(web: Web) -> None:
    """The old one stays; where the mistake is stands in /readyz and in the log, until a sound one was loaded."""
    path = web.folder / "sites.yaml"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("Europe/Rome", "Europe/Roma"), encoding="utf-8")

    reload_registry(web.app)
    told = problems(web)
    marked = web.client.post("/sites/rome/attendance", json=ANA)
    path.write_text(sound, encoding="utf-8")
    reload_registry(web.app)

    assert [(problem["code"], problem["line"]) for problem in told] == [("registry_invalid", 9)]
    assert "Europe/Roma" in told[0]["detail"]
    assert marked.status_code == 201
    assert problems(web) == []
    assert [(event["event"], event["level"]) for event in web.events()] == [
        ("registry_refused", "error"),
        ("registry_loaded", "info"),
    ]
    assert "Europe/Rome" in web.events()[0]["problems"][0]


def test_a_site_in_use_is_not_taken_away(web: Web) -> None:
    """A registry without it is refused like a broken one."""
    write_sites(web.folder, london=LONDON)

    reload_registry(web.app)

    assert [problem["code"] for problem in problems(web)] == ["registry_invalid"]
    assert web.client.get("/sites/rome/attendance").status_code == 200


def test_a_new_site_is_served_at_once(web: Web) -> None:
    """A sound registry is in force as a whole."""
    write_sites(web.folder, london=LONDON, rome=ROME, oslo="timezone: Europe/Oslo")

    reload_registry(web.app)

    assert web.client.get("/readyz").json()["sites"] == 3
    assert web.client.post("/sites/oslo/attendance", json=ANA).status_code == 201


def test_a_broken_registry_stops_the_start(tmp_path: Path) -> None:
    """Without one that was sound before, there is nothing to serve."""
    write_sites(tmp_path, london="timezone: Europe/Nowhere")

    with pytest.raises(RegistryError), serving_web(tmp_path):
        pass


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/sites/london/attendance"])
def test_whoever_asks_for_the_head_alone_is_answered(web: Web, path: str) -> None:
    """Uptime monitors send HEAD; it is answered as GET is."""
    assert web.client.head(path).status_code == 200


@pytest.mark.parametrize(("marking", "status"), [("open", 200), ("kiosk", 503), ("pin", 503), ("code", 200)])
def test_a_broken_list_of_accounts_stops_marks_at_kiosks_alone(tmp_path: Path, marking: str, status: int) -> None:
    """There it is not ready; elsewhere marks go on, and so does it. Who could tell more is not known."""
    write_roster(tmp_path, "london", E1="Ana Martín")
    block = f"{LONDON}; roster: data/london.roster.csv; marking: {marking}"
    with serving_web(tmp_path, sites={"london": block}) as web:
        (tmp_path / "accounts.yaml").write_text("strange: 1\n")
        (tmp_path / "accounts.yaml").chmod(0o600)

        broken = web.client.get("/readyz")

    assert broken.status_code == status
    assert list(broken.json()) == ["status"]


def test_pins_and_counters_that_cannot_be_read_are_told_where_marks_need_them(tmp_path: Path) -> None:
    """To ops by site and code; a site that needs neither is well."""
    write_roster(tmp_path, "london", E1="Ana Martín")
    block = f"{LONDON}; roster: data/london.roster.csv; marking: pin"
    with serving_web(tmp_path, sites={"london": block, "rome": ROME}, role="ops") as web:
        (tmp_path / "data" / "london.roster.pins").write_text("broken")
        (tmp_path / ".access.db").unlink(missing_ok=True)
        (tmp_path / ".access.db").mkdir()

        found = web.client.get("/readyz").json()["problems"]

    assert sorted((one["site"], one["code"]) for one in found) == [
        ("london", "access_unavailable"),
        ("london", "pins_invalid"),
    ]


def test_ops_of_one_site_are_told_of_no_other(tmp_path: Path) -> None:
    """Neither what is wrong there nor that it is there, in /readyz and in /metrics; the status is that of all."""
    with serving_web(tmp_path, sites={"london": LONDON, "rome": ROME}) as web:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "rome.csv").mkdir()
        header = token_of(web, "monitor", "ops", sites=["london"])

        ready, metrics = web.client.get("/readyz", headers=header), web.client.get("/metrics", headers=header)

    assert (ready.status_code, ready.json()["sites"], ready.json()["problems"]) == (503, 1, [])
    assert "rome" not in ready.text + metrics.text
    assert 'site="london"' in metrics.text


def test_strangers_who_ask_without_end_are_answered_from_what_was_found_a_moment_ago(web: Web) -> None:
    """The sites are looked at once a second for all of them together, and what changed is told after that."""
    stranger = {"Authorization": ""}
    before = web.client.get("/readyz", headers=stranger).status_code
    (web.folder / "data").mkdir(exist_ok=True)
    (web.folder / "data" / "london.csv").mkdir()

    at_once = web.client.get("/readyz", headers=stranger).status_code
    ops = web.client.get("/readyz").status_code
    wait_until(lambda: web.client.get("/readyz", headers=stranger).status_code == 503, 5)

    assert (before, at_once, ops) == (200, 200, 503)


def test_amendments_in_the_future_are_a_warning_until_then(tmp_path: Path) -> None:
    """Marks go on; who looks hears of it before HR does."""
    clock = HandClock()
    clock.move(hours=2)
    with serving_web(tmp_path, sites={"london": LONDON}, role="ops") as web:
        site = web.app.state.services.registry_file.current.resolve("london")
        open_amending(site, clock=clock).amend(site, wish(), by="anna")

        answer = web.client.get("/readyz")
        web.clock.move(hours=2)
        later = web.client.get("/readyz")

    assert (answer.status_code, answer.json()["problems"]) == (200, [])
    assert answer.json()["warnings"] == [{"site": "london", "code": "amendments_ahead"}]
    assert later.json()["warnings"] == []


def test_a_closed_sheet_that_is_another_is_a_warning_until_it_is_put_back(tmp_path: Path) -> None:
    """Nobody has to look at the month for that."""
    with serving_web(tmp_path, sites={"london": LONDON}, role="ops") as web:
        site = web.app.state.services.registry_file.current.resolve("london")
        open_amending(site, clock=web.clock).close(site, Month(2025, 10), by="anna")
        (sheet,) = site.csv_path.with_suffix(".closed").iterdir()
        good = sheet.read_bytes()
        told = []
        for content in (good, good + b"more\n", good):
            sheet.write_bytes(content)
            told.append(web.client.get("/readyz").json()["warnings"])

    assert told == [[], [{"site": "london", "code": "closed_sheet_damaged"}], []]


def test_closed_sheets_that_cannot_be_reached_are_a_warning(tmp_path: Path) -> None:
    """A file stands where their folder was."""
    with serving_web(tmp_path, sites={"london": LONDON}, role="ops") as web:
        site = web.app.state.services.registry_file.current.resolve("london")
        open_amending(site, clock=web.clock).close(site, Month(2025, 10), by="anna")
        folder = site.csv_path.with_suffix(".closed")
        folder.rename(folder.with_suffix(".moved"))
        folder.write_text("no folder", encoding="utf-8")

        warnings = web.client.get("/readyz").json()["warnings"]

    assert warnings == [{"site": "london", "code": "closed_sheet_damaged"}]
