"""Claims about what a monitoring system scrapes: every site as it is when asked, the same from every worker."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from attendance import __version__, checking
from attendance.clock import ZONE_DATABASE_VERSION
from attendance.eventlog import dropped_lines
from attendance.web.app import reload_registry
from attendance.web.metrics import METRICS
from tests.servers import Server, serving, write_sites
from tests.webapp import ANA, PAGE, Web, serving_web, write_roster

LONDON = "timezone: Europe/London"
ROME = "timezone: Europe/Rome"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Two sites."""
    (tmp_path / "data").mkdir()
    with serving_web(tmp_path, sites={"london": LONDON, "rome": ROME}, role="ops") as served:
        yield served


def scrape(web: Web) -> dict[tuple[str, ...], float]:
    """Return every value under its name and the values of its labels, read as Prometheus reads it."""
    answer = web.client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, *(one.labels[label] for label in METRICS[one.name][1])): one.value
        for family in families
        for one in family.samples
    }


def test_a_scrape_tells_what_every_site_is_like(web: Web) -> None:
    """Versions, sites, whether each is ready, how large its ledger is; nothing that is not known."""
    web.client.post(PAGE, json=ANA)

    assert scrape(web) == {
        ("attendance_info", __version__, ZONE_DATABASE_VERSION): 1,
        ("attendance_sites",): 2,
        ("attendance_registry_problems",): 0,
        ("attendance_site_ready", "london"): 1,
        ("attendance_site_ready", "rome"): 1,
        ("attendance_ledger_bytes", "london"): len(web.ledger().encode()),
        ("attendance_ledger_bytes", "rome"): 0,
        ("attendance_worker_dropped_log_lines",): dropped_lines(),
    }


def test_prometheus_can_read_it(web: Web) -> None:
    """It is text of a version that every Prometheus reads, never cached, and every metric has a help and a type."""
    answer = web.client.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families.keys() == METRICS.keys()
    assert {name: family.documentation for name, family in families.items()} == {
        name: text for name, (text, _) in METRICS.items()
    }
    assert {family.type for family in families.values()} == {"gauge"}


def test_a_problem_is_told_by_site_and_code(tmp_path: Path) -> None:
    """A site with a broken roster is not ready, and the code says why."""
    write_roster(tmp_path, "london", E1="=cmd()")

    with serving_web(
        tmp_path, sites={"london": f"{LONDON}; roster: data/london.roster.csv", "rome": ROME}, role="ops"
    ) as web:
        found = scrape(web)

    assert found["attendance_site_ready", "london"] == 0
    assert found["attendance_site_ready", "rome"] == 1
    assert found["attendance_site_problem", "london", "roster_invalid"] == 1


def test_a_warning_leaves_a_site_ready(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little space stops no mark yet."""
    monkeypatch.setattr(checking, "LOW_SPACE_BYTES", 1 << 60)

    found = scrape(web)

    assert found["attendance_site_warning", "london", "storage_low"] == 1
    assert found["attendance_site_ready", "london"] == 1


def test_a_refused_registry_is_counted(web: Web) -> None:
    """The old one is in force; the mistakes of the new one are a number to raise an alarm by."""
    write_sites(web.folder, london=LONDON, rome="timezone: Europe/Roma")

    reload_registry(web.app)

    assert scrape(web)["attendance_registry_problems",] == 1


def test_a_ledger_that_cannot_be_looked_at_has_no_size(web: Web) -> None:
    """The scrape goes on, and the code of the site says what is wrong."""
    (web.folder / "data").rmdir()
    (web.folder / "data").write_text("no folder", encoding="utf-8")

    found = scrape(web)

    assert ("attendance_ledger_bytes", "london") not in found
    assert found["attendance_site_ready", "london"] == 0


def test_a_scrape_changes_nothing(web: Web) -> None:
    """To ask makes no file."""
    assert scrape(web)

    assert list((web.folder / "data").iterdir()) == []


def test_every_worker_gives_the_same_answer(tmp_path: Path) -> None:
    """What is told is looked up when it is asked for, so it does not matter who answers."""
    write_sites(tmp_path)
    with serving(tmp_path, workers=2) as server:
        server.mark("E1")

        answers = {_body(server) for _ in range(20)}

    assert len(answers) == 1
    size = (tmp_path / "data" / "london.csv").stat().st_size
    assert f'attendance_ledger_bytes{{site="london"}} {size}.0\n' in answers.pop()


def _body(server: Server) -> str:
    """Return what a scrape over a connection of its own is answered."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {server.token}"})
    text = connection.getresponse().read().decode()
    connection.close()
    return text
