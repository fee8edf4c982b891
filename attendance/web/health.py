"""Own what a machine asks: does the process live, and could every site record a mark now."""

import time
from collections.abc import Iterator
from threading import Lock
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from attendance.clock import ZONE_DATABASE_VERSION
from attendance.errors import AccountsError
from attendance.eventlog import dropped_lines
from attendance.model import Grant
from attendance.web.access import ANYBODY, ops_grant
from attendance.web.deps import Services, ServicesDep, sites_within
from attendance.web.readiness import EVERYWHERE, look_at_sites

RECENT_SECONDS = 1.0


class Alive(BaseModel):
    """The process can answer."""

    status: str = Field(examples=["ok"])


class Finding(BaseModel):
    """Something that stops marks, or that should be looked at before it does."""

    code: str = Field(description="Stable; what to do about it stands in docs/operations.md.")
    site: str | None = Field(default=None, description="Where; of a refused registry it is missing.")
    holder: str | None = Field(default=None, description="With storage_busy: who holds the lock.")
    line: int | None = Field(default=None, description="With registry_invalid: the line of the registry's file.")
    detail: str | None = Field(default=None, description="With registry_invalid: what is wrong there.")


class Readiness(BaseModel):
    """Whether every site could record a mark now. All but the status is for ops alone."""

    status: str = Field(description="ready or not_ready", examples=["ready"])
    sites: int | None = Field(default=None, description="How many sites the registry holds.")
    problems: list[Finding] | None = Field(default=None, description="What would stop a mark now.")
    warnings: list[Finding] | None = Field(default=None, description="What does not stop a mark yet.")
    zone_database: str | None = Field(default=None, description="The version of the time-zone database.")
    dropped_log_lines: int | None = Field(
        default=None, description="Lines of the log that the process which answers could not write."
    )


class Recent:
    """Whether all is well, as it was a second ago at most: strangers cannot keep the server busy with the question."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until_seconds = 0.0
        self._status = ""

    def status(self, services: Services) -> str:
        """Return `ready` or `not_ready`; asks the disk if nobody did so within the last second."""
        with self._lock:
            if time.monotonic() >= self._until_seconds:
                self._status = _details(services, EVERYWHERE)["status"]
                self._until_seconds = time.monotonic() + RECENT_SECONDS
            return self._status


router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    dependencies=[Depends(ANYBODY)],
    responses={200: {"model": Alive, "description": "It lives."}},
)
async def healthz() -> JSONResponse:
    """Answer as long as the process can."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    dependencies=[Depends(ANYBODY)],
    responses={
        200: {"model": Readiness, "description": "Every site could record a mark now."},
        503: {"model": Readiness, "description": "A site could not record a mark now."},
    },
)
def readyz(request: Request, services: ServicesDep) -> JSONResponse:
    """Tell whether every site could record a mark now; to ops, also where it could not, and why."""
    recent: Recent = request.app.state.recent_readiness
    grant = ops_grant(request)  # run in a thread, since it asks the disk
    body = _details(services, grant) if grant else {"status": recent.status(services)}
    return JSONResponse(body, 200 if body["status"] == "ready" else 503, {"Cache-Control": "no-store"})


def _details(services: Services, grant: Grant) -> dict[str, Any]:
    """Return all that is found at the sites that a grant is good for; the status is that of all sites."""
    problems: list[dict[str, Any]] = _registry_problems(services)
    warnings: list[dict[str, Any]] = list(_access_problems(services))
    ready = not problems
    for looked in look_at_sites(services):
        ready = ready and not looked.problems
        if grant.reaches(looked.site.site_id):
            problems += [{"site": looked.site.site_id, **one} for one in looked.problems]
            warnings += [{"site": looked.site.site_id, **one} for one in looked.warnings]
    return {
        "status": "ready" if ready else "not_ready",
        "sites": len(sites_within(services, grant)),
        "problems": problems,
        "warnings": warnings,
        "zone_database": ZONE_DATABASE_VERSION,
        "dropped_log_lines": dropped_lines(),
    }


def _access_problems(services: Services) -> Iterator[dict[str, Any]]:
    """Yield why nobody can be let in; where marks need that, it is a problem of the site besides."""
    try:
        services.accounts.current()
    except AccountsError as error:
        for problem in error.problems:
            yield {"code": error.code, "line": problem.line, "detail": problem.message}


def _registry_problems(services: Services) -> list[dict[str, Any]]:
    """Return what is wrong with the file that could not replace the registry in force."""
    return [
        {"code": "registry_invalid", "line": problem.line, "detail": problem.message}
        for problem in services.registry_file.problems
    ]
