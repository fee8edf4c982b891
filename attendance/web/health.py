"""Own what a machine asks: does the process live, and could every site record a mark now."""

from contextlib import suppress
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from attendance.checking import storage_problem
from attendance.clock import ZONE_DATABASE_VERSION
from attendance.edits import has_lost_rows, kept_versions
from attendance.errors import AttendanceError, StorageBusyError
from attendance.eventlog import dropped_lines
from attendance.model import Site
from attendance.web.access import ANYBODY
from attendance.web.deps import Services, ServicesDep

WARNINGS = {"storage_low", "edits_found", "rows_lost"}
"""Codes of what does not stop a mark yet."""

router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[Depends(ANYBODY)])
async def healthz() -> JSONResponse:
    """Answer as long as the process can."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz", dependencies=[Depends(ANYBODY)], responses={503: {"description": "A site could not record a mark now."}}
)
def readyz(services: ServicesDep) -> JSONResponse:
    """Tell whether every site could record a mark now; run in a thread, since it asks the disk."""
    problems = _registry_problems(services)
    warnings: list[dict[str, Any]] = []
    for site in services.registry_file.current.sites.values():
        for found in _site_problems(services, site):
            (warnings if found["code"] in WARNINGS else problems).append({"site": site.site_id, **found})
    body = {
        "status": "not_ready" if problems else "ready",
        "sites": len(services.registry_file.current.sites),
        "problems": problems,
        "warnings": warnings,
        "zone_database": ZONE_DATABASE_VERSION,
        "dropped_log_lines": dropped_lines(),
    }
    return JSONResponse(body, 503 if problems else 200, {"Cache-Control": "no-store"})


def _registry_problems(services: Services) -> list[dict[str, Any]]:
    """Return what is wrong with the file that could not replace the registry in force."""
    return [
        {"code": "registry_invalid", "line": problem.line, "detail": problem.message}
        for problem in services.registry_file.problems
    ]


def _site_problems(services: Services, site: Site) -> list[dict[str, str]]:
    """Return the codes of what would stop a mark at the site or should be looked at, and who holds the lock."""
    storage = storage_problem(site)
    found = [{"code": storage}] if storage else []
    for look in (services.marking.ledger(site).require_ready, partial(services.marking.roster, site)):
        try:
            look()
        except StorageBusyError as error:
            found.append({"code": error.code, "holder": error.holder})
        except AttendanceError as error:
            found.append({"code": error.code})
    with suppress(OSError):  # the storage is spoken of already
        found += [
            {"code": "rows_lost" if has_lost_rows(kept) else "edits_found"} for kept in kept_versions(site.csv_path)
        ]
    return [one for at, one in enumerate(found) if one not in found[:at]]
