"""What is measured of reports is what it is said to be, and what is not whole is no figure."""

from datetime import date
from pathlib import Path

import pytest

from benchmarks import spans, years
from benchmarks.__main__ import NAMES, REPORTS, read_arguments
from benchmarks.company import Shape, write_company
from benchmarks.errors import LoadError
from benchmarks.ledgers import ledger_path, write_ledger
from benchmarks.months import UNTIL, export
from benchmarks.spans import PEOPLE, Teller
from tests.servers import whole_rows


def test_reports_are_measured_when_they_are_asked_for() -> None:
    """`make bench` is about marks, `reports` about all of these, and one may be named."""
    assert read_arguments([]).names == list(NAMES)
    assert read_arguments(["reports"]).names == list(REPORTS)
    assert read_arguments(["spans", "marks"]).names == ["spans", "marks"]


def test_a_span_is_timed_only_if_it_is_whole(tmp_path: Path) -> None:
    """Everybody came and went on each day of the month; a ledger that ends before its end is refused."""
    for name, before in (("whole", date(2026, 11, 1)), ("short", date(2026, 10, 31))):
        write_ledger(ledger_path(tmp_path / name), rows=2 * PEOPLE * 31, before=before, people=PEOPLE)
    whole, short = Teller(tmp_path / "whole"), Teller(tmp_path / "short")

    assert 0 < whole.seconds(Teller.day) < whole.seconds(Teller.month)
    assert short.seconds(Teller.day) > 0
    with pytest.raises(LoadError, match=r"15,000 days of people instead of 15,500"):
        short.seconds(Teller.month)


def test_an_export_is_counted_by_its_rows(tmp_path: Path) -> None:
    """Of some sites, or of all; the memory is that of the process that wrote them."""
    write_company(tmp_path, Shape(offices=2, people=6, months=1, until=UNTIL.replace(day=1, month=11)))

    whole, part = export(tmp_path, []), export(tmp_path, ["london"])

    assert 0 < part.rows < whole.rows <= 6 * 31 + 31
    assert 20 << 20 < part.peak_bytes < 500 << 20


def test_a_year_counts_every_row_by_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People of a roster came and went on every day of the year; a row that is missing is no figure."""
    monkeypatch.setattr(years, "PEOPLE", 3)
    years.lay_down(tmp_path, 2)

    days = years.told(tmp_path)

    assert [len(year) for year in days] == [365, 365]
    assert {(day.totals.absent, day.totals.not_marked, day.marks, day.counted) for day in days[0]} == {(3, 0, 6, True)}
    assert years.ours_seconds(tmp_path, 2) > 0
    assert years.scan_seconds(tmp_path, 2) > 0
    ledger = tmp_path / "data" / "s1.csv"
    ledger.write_bytes(ledger.read_bytes()[: -len(b"2026-12-31T18:59:59+00:00,E00002,Ana Mart\xc3\xadn 2,Absent\n")])
    for measured in (years.ours_seconds, years.scan_seconds):
        with pytest.raises(LoadError):
            measured(tmp_path, 2)


def test_the_month_of_the_spans_lies_in_the_middle(tmp_path: Path) -> None:
    """A ledger of other people has as many rows for each day."""
    write_ledger(ledger_path(tmp_path), rows=40, before=spans.MONTH.first, people=10)

    rows = whole_rows(ledger_path(tmp_path))
    assert {row[0][:10] for row in rows} == {"2026-09-29", "2026-09-30"}
    assert len({row[1] for row in rows}) == 10
