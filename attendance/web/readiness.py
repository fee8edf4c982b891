"""Own the look at every site: what would stop a mark there now, and what should be looked at; it decides nothing else.

Both /readyz and /metrics tell of it. It asks the disk, so it belongs into a thread.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from attendance.checking import storage_problem
from attendance.edits import has_lost_rows, kept_versions
from attendance.errors import AttendanceError, LedgerError, StorageBusyError
from attendance.model import Grant, MarkingRule, Role, Site
from attendance.registry import amendments_path
from attendance.web.deps import Services, sites_within

WARNINGS = {"storage_low", "edits_found", "rows_lost", "amendments_ahead", "closed_sheet_damaged"}
"""Codes of what does not stop a mark yet."""


EVERYWHERE = Grant(roles=frozenset({Role.OPS}), site_ids=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found at a site: each finding has a `code`, and a `holder` where somebody holds the lock."""

    site: Site
    problems: Sequence[Mapping[str, str]]
    warnings: Sequence[Mapping[str, str]]


def look_at_sites(services: Services, grant: Grant = EVERYWHERE) -> Iterator[Looked]:
    """Yield what is found at each site that the grant is good for, one after the other."""
    for site in sites_within(services, grant):
        yield look_at(services, site)


def look_at(services: Services, site: Site) -> Looked:
    """Return what is found at one site."""
    found = _look(services, site)
    return Looked(
        site=site,
        problems=[one for one in found if one["code"] not in WARNINGS],
        warnings=[one for one in found if one["code"] in WARNINGS],
    )


def _looks(services: Services, site: Site) -> Iterator[Callable[[], object]]:
    """Yield what a mark at the site needs; each raises an error of ours where it is not to be had."""
    yield services.marking.ledger(site).require_ready
    yield partial(services.marking.roster, site)
    if site.marking in {MarkingRule.KIOSK, MarkingRule.PIN}:
        yield services.accounts.current
    if site.marking in {MarkingRule.PIN, MarkingRule.CODE}:
        yield services.proving.presence
    if site.marking is MarkingRule.PIN and site.roster_path:
        yield services.proving.pins(site.roster_path).known


def _look(services: Services, site: Site) -> list[dict[str, str]]:
    """Return the codes of what would stop a mark at the site or should be looked at, and who holds the lock."""
    storage = storage_problem(site)
    found = [{"code": storage}] if storage else []
    for look in _looks(services, site):
        try:
            look()
        except StorageBusyError as error:
            found.append({"code": error.code, "holder": error.holder})
        except AttendanceError as error:
            found.append({"code": error.code})
    with suppress(OSError):  # the storage is spoken of already
        kept = [*kept_versions(site.csv_path), *kept_versions(amendments_path(site.csv_path))]
        found += [{"code": "rows_lost" if has_lost_rows(one) else "edits_found"} for one in kept]
    with suppress(LedgerError):  # it stops no mark, and whoever looks at a sheet is told
        found += [{"code": code} for code in services.amending.warnings(site)]
    return [one for at, one in enumerate(found) if one not in found[:at]]
