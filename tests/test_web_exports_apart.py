"""Claims about large months, which a process of its own writes: the same bytes, and the same words where it cannot."""

import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from attendance.exporting import Format, Options, apart
from attendance.exporting.apart import Order, write_apart
from attendance.registry import load_registry
from tests.exporting_company import write_company
from tests.webapp import Web, is_problem, serving_web

MONTH = "/api/months/2026-10"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Three sites after an October, asked by HR of all."""
    write_company(tmp_path)
    with serving_web(tmp_path, peer="127.0.0.1", role="hr") as served:
        yield served


def children_seconds() -> float:
    """Return the processor time of the processes that were waited for."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


@pytest.mark.parametrize(
    "query", [{}, {"format": "csv", "separator": "tab", "bom": "true", "site": "london"}, {"as_known_on": "2026-10-19"}]
)
def test_what_is_written_apart_is_what_would_be_written_here(
    web: Web, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte by byte: for the same sites, in the same form, as known at the same time; by another process."""
    here, before = web.client.get(MONTH, params=query), children_seconds()
    assert here.status_code == 200

    monkeypatch.setattr(apart, "LARGE_BYTES", 0)
    by_process = web.client.get(MONTH, params=query)

    assert by_process.content == here.content
    assert len(here.content) > 1000
    assert children_seconds() > before


def test_what_cannot_be_written_apart_is_refused_with_its_reason(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process says why in the event log; the server tries itself, and answers as ever."""
    monkeypatch.setattr(apart, "LARGE_BYTES", 0)
    (web.folder / "data" / "kathmandu.csv").write_bytes(b"something else\n")

    assert is_problem(web.client.get(MONTH, params={"format": "csv"}), 503, "site_unreadable")
    said = [event for event in web.events() if event["event"] == "not_written_apart"]
    assert [event["level"] for event in said] == ["warning"]
    assert "kathmandu" in said[0]["reason"].lower()


def test_a_process_that_says_nothing_is_told_of(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was killed, by how it ended; the month is written all the same."""
    monkeypatch.setattr(apart, "LARGE_BYTES", 0)
    monkeypatch.setattr("sys.executable", "/bin/false")

    assert web.client.get(MONTH, params={"format": "csv"}).status_code == 200
    assert [event["reason"] for event in web.events() if event["event"] == "not_written_apart"] == [
        "the process ended with 1"
    ]


@pytest.mark.parametrize(("large_bytes", "registry"), [(1 << 20, "sites.yaml"), (0, "nowhere.yaml")])
def test_nothing_is_left_where_nothing_was_written(
    tmp_path: Path, large_bytes: int, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a small month, or where the process could not: the file is as it was."""
    write_company(tmp_path)
    monkeypatch.setattr(apart, "LARGE_BYTES", large_bytes)
    sites = list(load_registry(tmp_path / "sites.yaml").sites.values())
    order = Order(
        registry=str(tmp_path / registry),
        site_ids=[site.site_id for site in sites],
        month="2026-10",
        known=None,
        form=Format.CSV.value,
        separator=Options().separator.value,
        byte_order_mark=False,
        now="2026-11-20T09:00:00+00:00",
    )

    with TemporaryFile() as out:
        assert not write_apart(order, sites, out)
        assert (out.tell(), out.seek(0, 2)) == (0, 0)
