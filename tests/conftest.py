"""What many tests need: a clock that is set by hand, a list of what was reported, and sites in an empty folder."""

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from attendance.clock import find_zone
from attendance.model import Incident, Kind, MarkingRule, Plan, Site

# Tests say whether something is right, not how fast: a busy machine fails no property.
settings.register_profile("attendance", deadline=None)
settings.load_profile("attendance")


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant it stands at."""
        return self.now

    def move(self, **by: float) -> None:
        """Move it by so many seconds, minutes, hours, days."""
        self.now += timedelta(**by)


@dataclass
class Incidents:
    """Everything that was reported."""

    seen: list[Incident] = field(default_factory=list)

    def __call__(self, incident: Incident) -> None:
        """Take a report."""
        self.seen.append(incident)

    @property
    def codes(self) -> list[str]:
        """Return the codes that were reported, in their order."""
        return [incident.code for incident in self.seen]


@pytest.fixture
def clock() -> HandClock:
    """A clock at 09:00:03 UTC on Monday 23 November 2026."""
    return HandClock()


@pytest.fixture
def incidents() -> Incidents:
    """A place to report to."""
    return Incidents()


def build_site(
    site_id: str = "london", timezone: str = "Europe/London", *, folder: Path = Path("/nowhere"), **changes: Any
) -> Site:
    """Return a site: London without a roster, but for what is said otherwise."""
    values: dict[str, Any] = {
        "name": site_id.title(),
        "csv_path": folder / "data" / f"{site_id}.csv",
        "roster_path": None,
        "visitors": False,
        "statuses": {"Present": Kind.PRESENT, "Absent": Kind.ABSENT},
        "day_start": time(),
        "plan": Plan(),
        "networks": (),
        "marking": MarkingRule.NETWORK if changes.get("networks") else MarkingRule.OPEN,
    }
    return Site(site_id=site_id, timezone=timezone, zone=find_zone(timezone), **values | changes)


@pytest.fixture
def make_site(tmp_path: Path) -> Callable[..., Site]:
    """Return a maker of sites: London without a roster, but for what is said otherwise."""

    def make(site_id: str = "london", timezone: str = "Europe/London", **changes: Any) -> Site:
        return build_site(site_id, timezone, folder=tmp_path, **changes)

    return make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips where nothing may skip: under CI=true every tool is there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped under CI=true: {report.longrepr}"
    return report
