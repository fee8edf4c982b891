"""The made-up company is one that the program could have served for months, and the same for everybody."""

from collections import Counter
from datetime import UTC, date, datetime, time
from itertools import chain
from pathlib import Path

import pytest

from attendance.clock import find_zone, work_day_on
from attendance.codec import decode, is_row
from attendance.ledger import Ledger
from attendance.model import Incident, Mark, Site
from attendance.registry import RegistryFile
from attendance.reporting import Reporting, Sources
from attendance.roster import load_roster
from attendance.timesheet import State
from benchmarks.company import Shape, write_company

UNTIL = datetime(2026, 11, 27, 10, 0, 30, tzinfo=UTC)
SHAPE = Shape(people=96, until=UNTIL)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a company of 12 offices with 8 people each."""
    folder = tmp_path_factory.mktemp("company")
    write_company(folder, SHAPE)
    return folder


def sites_of(folder: Path) -> list[Site]:
    """Return the sites as they are read."""
    return list(RegistryFile(folder / "sites.yaml").current.sites.values())


def marks_of(site: Site) -> list[Mark]:
    """Return the marks of a site, each from a line that is to the byte as the program writes it."""
    lines = site.csv_path.read_bytes().splitlines(keepends=True)[1:]
    assert all(map(is_row, lines))
    return [decode(line) for line in lines]


def amendments_of(site: Site) -> list[list[str]]:
    """Return the rows of the amendments of a site, without the header."""
    text = site.csv_path.with_suffix(".amendments.csv").read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines()[1:]]


def refuse(incident: Incident) -> None:
    """Fail where a ledger has something to report."""
    raise AssertionError(incident)


def test_ledgers_are_in_order_and_end_before_the_end(company: Path) -> None:
    """Every line is a row, no instant goes back, and none is in the future."""
    for site in sites_of(company):
        instants = [mark.marked_at for mark in marks_of(site)]
        assert instants == sorted(instants)
        assert datetime(2026, 11, 24, tzinfo=UTC) < instants[-1] <= UNTIL


def test_offsets_are_those_of_the_zone_over_both_changes(company: Path) -> None:
    """Winter and summer stand in the rows of Berlin, and in one night both: the shift that had the change in it."""
    marks = {site.site_id: marks_of(site) for site in sites_of(company)}
    hours = {name: {mark.utc_offset.total_seconds() / 3600 for mark in rows} for name, rows in marks.items()}

    assert (hours["berlin"], hours["kathmandu"], hours["chatham"]) == ({1, 2}, {5.75}, {12.75, 13.75})
    night = work_day_on(date(2026, 10, 24), find_zone("Europe/Berlin"), time(12))
    assert {mark.utc_offset.total_seconds() / 3600 for mark in marks["berlin"] if mark.marked_at in night} == {1, 2}


def test_the_same_seed_gives_the_same_bytes(company: Path, tmp_path: Path) -> None:
    """Figures of two days are about the same company; another seed is another one."""
    for seed in (0, 1):
        write_company(tmp_path / str(seed), Shape(people=96, until=UNTIL, seed=seed))

    names = [path.relative_to(company) for path in sorted(company.rglob("*.*"))]
    assert len(names) == 1 + 3 * 12
    assert all((tmp_path / "0" / name).read_bytes() == (company / name).read_bytes() for name in names)
    ledger = "data/london.csv"
    assert (tmp_path / "1" / ledger).read_bytes() != (company / ledger).read_bytes()


def test_nobody_marks_where_they_are_not_known(company: Path) -> None:
    """Marks are by people of the roster, and at sites that take visitors by those of another; some do visit."""
    sites = sites_of(company)
    rosters = {site.site_id: load_roster(site.roster_path).employees for site in sites if site.roster_path}
    known = set(chain.from_iterable(rosters.values()))
    visits = Counter[str]()
    for site in sites:
        for mark in marks_of(site):
            key = mark.employee_id.casefold()
            assert key in (known if site.visitors else rosters[site.site_id])
            visits[site.site_id] += key not in rosters[site.site_id]

    assert min(visits[site.site_id] for site in sites[1:] if site.visitors) > 0


def test_days_have_everything_that_a_report_tells(company: Path) -> None:
    """Over a month at all sites people were there, late, absent, had not marked, and were off."""
    sources = Sources(
        ledger_of=lambda site: Ledger(site, now=lambda: UNTIL, report=refuse),
        roster_of=lambda site: load_roster(site.roster_path) if site.roster_path else None,
        amendments_of=lambda _: (),
        now=lambda: UNTIL,
    )
    reporting = Reporting(sources)

    count = Counter[str]()
    for site in sites_of(company):
        for on in (date(2026, 9, day) for day in range(1, 31)):
            sheet = reporting.day(site, on)
            count.update(str(entry.state) for entry in sheet.entries)
            count["late"] += sheet.totals.late

    assert set(State) - {State.UNKNOWN} <= set(count)
    assert 0.02 < count["late"] / (count["present"] + count["left"]) < 0.5


def test_what_was_forgotten_is_corrected_later(company: Path) -> None:
    """HR writes about days without a mark, for dates and moments; an answer names the row of its request."""
    actions = Counter[str]()
    for site in sites_of(company):
        marked = {(mark.employee_id, f"{mark.marked_at + mark.utc_offset:%Y-%m-%d}") for mark in marks_of(site)}
        rows = amendments_of(site)
        actions.update(row[1] for row in rows)
        instants = [datetime.fromisoformat(row[0]) for row in rows]
        assert instants == sorted(instants)
        assert instants[-1] <= UNTIL
        for row in rows:
            assert len(row[2]) in {10, 25}
            assert site.day_start.hour or (row[3], row[2][:10]) not in marked
            asked = rows[int(row[8]) - 2] if row[8] else row
            assert (asked[1] == "requested") is (row[1] != "amended")
            assert asked[2:6] == row[2:6]

    assert set(actions) == {"amended", "requested", "approved", "declined"}
    assert actions["requested"] > actions["approved"] + actions["declined"]
