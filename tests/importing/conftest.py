"""What the tests of an import need: the use case of a site, files from elsewhere, and rosters."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from attendance.clock import Clock
from attendance.importing import Importing
from attendance.marking import Marking
from attendance.model import Site
from attendance.registry import Registry
from tests.conftest import Incidents
from tests.importing.kit import (
    TITLES,
    MakeForeign,
    MakeSite,
    OpenImporting,
)


@pytest.fixture
def open_importing(tmp_path: Path, clock: Clock, incidents: Incidents) -> Iterator[OpenImporting]:
    """Return a maker of the use case for a site of these sites; what it holds is let go at the end."""
    opened: list[Marking] = []

    def open_for(site: Site, *others: Site) -> Importing:
        sites = {one.site_id: one for one in (site, *others)}
        marking = Marking(Registry(path=tmp_path / "sites.yaml", sites=sites), now=clock, report=incidents)
        opened.append(marking)
        roster = marking.roster(site)
        return Importing(site, marking.ledger(site), roster=roster, admit=partial(marking.admit, site), now=clock)

    yield open_for
    for marking in opened:
        asyncio.run(marking.close())


@pytest.fixture
def foreign(tmp_path: Path) -> MakeForeign:
    """Return a maker of a file from elsewhere with these rows."""

    def make(*rows: str, titles: str = TITLES) -> Path:
        path = tmp_path / "elsewhere.csv"
        path.write_text("".join(f"{row}\n" for row in (titles, *rows)), encoding="utf-8")
        return path

    return make


@pytest.fixture
def with_roster(tmp_path: Path, make_site: MakeSite) -> MakeSite:
    """Return a maker of London with a roster of these rows."""

    def make(*rows: str, **changes: object) -> Site:
        path = tmp_path / "london.roster.csv"
        path.write_text("".join(f"{row}\n" for row in ("Employee_ID,Name", *rows)), encoding="utf-8")
        return make_site(roster_path=path, **changes)

    return make
