"""Own the composition of the server: settings, registry, services, routes; the factory that gunicorn calls."""

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from attendance import __version__
from attendance.accounts import file as accounts_file
from attendance.accounts.enrolling import Enrolling
from attendance.accounts.file import AccountsFile
from attendance.accounts.first import FirstLink, first_link_of
from attendance.accounts.granting import Granting
from attendance.accounts.second_factor import SecondFactor
from attendance.accounts.signing import Signing
from attendance.accounts.sso import SingleSignOn
from attendance.accounts.store import STORE_NAME, AccessStore
from attendance.amending import Amending
from attendance.amendments import Amendments
from attendance.audit import Action, Audit
from attendance.clock import Clock, utc_now
from attendance.config import Settings, load_settings
from attendance.errors import AccountsError, AttendanceError, LedgerError, RegistryError
from attendance.eventlog import open_log
from attendance.giving import Giving
from attendance.keeping import Follower, Keeper
from attendance.ledger import Ledger
from attendance.live import Live
from attendance.marking import Marking
from attendance.model import Incident
from attendance.proving import Proving
from attendance.registry import Registry, RegistryFile
from attendance.reporting import Reporting
from attendance.rostering import Rostering
from attendance.web import account, forgotten, health, kiosk, metrics, pages, reference, signing, wall
from attendance.web.api import boards as api_boards
from attendance.web.api import days, live, marking, marks, months, people
from attendance.web.deps import Services
from attendance.web.document import described
from attendance.web.errors import (
    on_attendance_error,
    on_client_gone,
    on_http_error,
    on_unexpected_error,
    on_validation_error,
)
from attendance.web.hr import boards, closing, correcting, edited, kiosks, pins, requests, roster
from attendance.web.hr import days as hr_days
from attendance.web.hr import months as hr_months
from attendance.web.hr import sun as hr_sun
from attendance.web.hr import years as hr_years
from attendance.web.hygiene import Hygiene
from attendance.web.rendering import CachedFiles, static_path

MAX_BODY_BYTES = 16 << 10
LEAVE_SECONDS = 1.0
STOP = "stop"
"""Under this key the state of a request holds what ends the streams that are open."""

HASHING_AT_ONCE = 3

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("attendance")

_PARTS = (
    marking,
    pages,
    api_boards,
    days,
    months,
    marks,
    people,
    live,
    signing,
    account,
    boards,
    hr_days,
    hr_months,
    hr_sun,
    hr_years,
    kiosks,
    kiosk,
    wall,
    forgotten,
    pins,
    correcting,
    requests,
    closing,
    roster,
    edited,
    health,
    metrics,
    reference,
)
"""What has routes; the first that matches answers, and a mark is what is asked for most."""

# What answers an exception that a handler raised.
_ON_ERROR: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    AttendanceError: on_attendance_error,
    HTTPException: on_http_error,
    RequestValidationError: on_validation_error,
    ClientDisconnect: on_client_gone,
    Exception: on_unexpected_error,
}


class _Application(FastAPI):
    """FastAPI with our hygiene around all of it."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the application as it is called; an answer to a defect of ours has the headers too."""
        return Hygiene(super().build_middleware_stack(), max_body_bytes=MAX_BODY_BYTES)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, with what is true of every operation."""
        return described(super().openapi())


def create_app(settings: Settings | None = None, *, now: Clock = utc_now) -> FastAPI:
    """Return the application; raise SettingsError or RegistryError.

    Called once in gunicorn's master, which forks it: so all workers have the same registry, whatever happens to the
    file. What holds files or threads is made in each worker, when it starts to serve.
    """
    settings = settings or load_settings()
    open_log(settings.log_dir)
    registry_file = RegistryFile(settings.sites, network_storage=settings.network_storage)
    folder = registry_file.current.path.parent
    with suppress(AccountsError, OSError):  # nobody is let in then, and /readyz is red
        first_link_of(folder).offer(settings.address)
    sso = _sso(settings, folder, now)
    audit = Audit(settings.log_dir, now=now)
    report = _reporter(audit)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Callable[[], None]]]:
        use_case = Marking(registry_file.current, now=now, report=report)
        amending = Amending(use_case, audit, now=now, report=report)
        services = app.state.services = _services(registry_file, use_case, amending, sso=sso, audit=audit, now=now)
        keeper = _keeper(registry_file.current, use_case, amending, now, report)
        keeper.start()
        yield {STOP: services.live.stop}  # the server calls it as soon as it is told to stop
        await use_case.drain()
        await run_in_threadpool(services.live.close)  # it reads the ledgers that are closed then
        await run_in_threadpool(keeper.stop)  # it uses the ledgers that are closed then
        await use_case.close()
        amending.close_files()

    app = _Application(
        title="attendance",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,  # web.reference serves the document, and a page that loads no script from elsewhere
        telemetry={"tracing": False, "metrics": False, "logs": False},  # to look for it costs time
        exception_handlers=_ON_ERROR,
    )
    app.state.registry_file, app.state.audit, app.state.recent_readiness = registry_file, audit, health.Recent()
    # Not `include_router`: every request would be matched twice (docs/decisions/0009-hot-path.md).
    for part in _PARTS:
        app.router.routes.extend(part.router.routes)
    app.mount(static_path(), CachedFiles(packages=[("attendance.web", "static")]))
    if settings.trusted_proxy:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=[str(settings.trusted_proxy)])
    return app


def reload_registry(app: FastAPI) -> None:
    """Read the registry again (gunicorn's master calls it on SIGHUP); a broken file changes nothing and is reported."""
    registry_file: RegistryFile = app.state.registry_file
    try:
        registry_file.reload()
    except RegistryError as error:
        _log.error("registry_refused", code=error.code, problems=[str(problem) for problem in error.problems])
    else:
        _log.info("registry_loaded", sites=len(registry_file.current.sites))
        app.state.audit.note(Action.REGISTRY_LOADED, who="server", sites=len(registry_file.current.sites))


def leave(app: FastAPI) -> None:
    """Say that the ledgers have no home here any more (gunicorn's master calls it last): another need not wait.

    Where locks are held by others that takes too long: then another waits for a while.
    """
    registry_file: RegistryFile = app.state.registry_file
    until_seconds = time.monotonic() + LEAVE_SECONDS
    for site in registry_file.current.sites.values():
        if time.monotonic() > until_seconds:
            return
        for kind in (Ledger, Amendments):
            with suppress(LedgerError):  # then the other waits for a while
                kind(site, now=utc_now, report=lambda _: None).log.leave()


def _keeper(
    registry: Registry, marking: Marking, amending: Amending, now: Clock, report: Callable[[Incident], None]
) -> Keeper:
    """Return the keeper of ledgers and amendments; the workers agree by the registry's file which of them follows."""
    sites = registry.sites.values()
    followed = (file for site in sites for file in (marking.ledger(site), amending.file(site)))
    followers = (Follower(file, now=now, report=report) for file in followed)
    return Keeper(followers, registry.path, now=now, report=report)


def _sso(settings: Settings, folder: Path, now: Clock) -> SingleSignOn | None:
    """Return the single sign-on, if one is configured; raise SettingsError where its libraries are missing."""
    if not (settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret):
        return None
    return SingleSignOn(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        store=AccessStore(folder / STORE_NAME, now=now),
        now=now,
    )


def _services(  # noqa: PLR0913  # all that the services stand on
    registry_file: RegistryFile,
    marking: Marking,
    amending: Amending,
    *,
    sso: SingleSignOn | None,
    audit: Audit,
    now: Clock,
) -> Services:
    """Return what the handlers of this process share."""
    folder = registry_file.current.path.parent
    accounts = AccountsFile(folder / accounts_file.FILE_NAME)
    store = AccessStore(folder / STORE_NAME, now=now)
    granting = Granting(accounts, audit, now=now)
    return Services(
        registry_file=registry_file,
        marking=marking,
        amending=amending,
        reporting=Reporting(amending.sources),
        live=Live(amending.sources, report=_reporter(audit)),
        accounts=accounts,
        store=store,
        granting=granting,
        signing=Signing(accounts, store, audit, now=now),
        second_factor=SecondFactor(store, now=now),
        sso=sso,
        enrolling=Enrolling(granting, store, audit),
        first_link=FirstLink(accounts),
        proving=Proving(store, audit, now=now),
        giving=Giving(store, audit),
        rostering=Rostering(audit, now=now),
        audit=audit,
        hashing=CapacityLimiter(HASHING_AT_ONCE),
        now=now,
    )


def _reporter(audit: Audit) -> Callable[[Incident], None]:
    """Return what leaves a line for something that went on and that ops must hear of."""

    def report(incident: Incident) -> None:
        _log.warning(incident.code, file=str(incident.path), detail=incident.detail)
        audit.note(
            Action.FILE_INCIDENT, who="server", code=incident.code, file=str(incident.path), detail=incident.detail
        )

    return report
