"""Own who may call what: every route declares one of these rules, and nothing else decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from attendance.accounts.nouns import Account, Kiosk, Token
from attendance.accounts.visit import Visit
from attendance.audit import Action
from attendance.errors import (
    AccessStorageError,
    AccountsError,
    CodeNeededError,
    ForbiddenError,
    InsecureConnectionError,
    KioskNeededError,
    NotSignedInError,
    SecondFactorNeededError,
)
from attendance.hashing import hash_secret
from attendance.model import Grant, MarkingRule, Role, Site
from attendance.web import deps
from attendance.web.cookies import DEVICE, KIOSK, PRESENCE, SESSION, is_https, read_cookie

_BEARER = "bearer "
_ASKS_MORE = {MarkingRule.KIOSK, MarkingRule.PIN, MarkingRule.CODE}
_MAY = {
    Role.HR: "see who is in, correct days, answer requests, close months, keep rosters, download sheets,"
    " look after kiosks and PINs",
    Role.OPS: "look after the server and the kiosks",
    Role.VIEWER: "see who is in",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is signed in, or whose token a program sent."""

    name: str
    grant: Grant
    account: Account | None
    session: str = ""
    wants_second_factor: bool = False

    @property
    def told(self) -> str:
        """Return the name for the audit."""
        return self.name if self.account else f"token {self.name}"

    @property
    def looks(self) -> bool:
        """Tell whether the caller may see who is in."""
        return not LOOKS.roles.isdisjoint(self.grant.roles)

    @property
    def looks_back(self) -> bool:
        """Tell whether the caller may see and amend what days were."""
        return not LOOKS_BACK.roles.isdisjoint(self.grant.roles)

    @property
    def keeps_kiosks(self) -> bool:
        """Tell whether the caller may make devices kiosks."""
        return not KEEPS_KIOSKS.roles.isdisjoint(self.grant.roles)

    @property
    def gives_pins(self) -> bool:
        """Tell whether the caller may give and take PINs."""
        return not GIVES_PINS.roles.isdisjoint(self.grant.roles)

    @property
    def may(self) -> list[str]:
        """Return what the roles are for, in words."""
        return [words for role, words in _MAY.items() if role in self.grant.roles]


class Rule:
    """What a route declares: called with each request before its handler; lets it pass, or raises why not."""

    async def __call__(self, request: Request) -> None:
        """Let the request pass or raise."""
        raise NotImplementedError


class Anybody(Rule):
    """Open to strangers."""

    async def __call__(self, request: Request) -> None:
        """Let everybody in."""


class Marks(Rule):
    """Open to whoever may mark at the site of the address, as its `marking` in the registry says."""

    async def __call__(self, request: Request) -> None:
        """Let in who may; raise UnknownSiteError, and what `at` raises."""
        if "site" in request.path_params:
            await self.at(request, await deps.site(request, request.path_params["site"]))

    async def at(self, request: Request, site: Site) -> None:
        """Let in who may mark at this site.

        Raise KioskNeededError, CodeNeededError, AccountsError, AccessStorageError.
        """
        if site.marking in _ASKS_MORE:
            await run_in_threadpool(_require_for, request, site)

    def admits(self, request: Request, site: Site) -> bool:
        """Tell whether who asks may mark at this site; asks the disk. Raise AccountsError, AccessStorageError."""
        try:
            _require_for(request, site)
        except (KioskNeededError, CodeNeededError):
            return False
        return True


class AtKiosk(Rule):
    """Open to the kiosks of the site."""

    async def __call__(self, request: Request) -> None:
        """Let a kiosk of the site in; raise KioskNeededError, AccountsError."""
        await run_in_threadpool(require_kiosk, request, request.path_params["site"])


class Allow(Rule):
    """Open to these roles, at the site of the address if it has one; without roles, to everybody who is signed in."""

    def __init__(self, *roles: Role, before_second_factor: bool = False) -> None:
        self.roles = frozenset(roles)
        self.before_second_factor = before_second_factor

    async def __call__(self, request: Request) -> None:
        """Let in who may, and leave with the request who it is.

        Raise NotSignedInError, ForbiddenError, SecondFactorNeededError, AccountsError, AccessStorageError.
        """
        caller = await run_in_threadpool(self._admitted, request)
        client = request.client.host if request.client else None
        structlog.contextvars.bind_contextvars(account=caller.told, address=client)

    def _admitted(self, request: Request) -> Caller:
        """Return who calls, if they may; asks the disk."""
        caller = caller_of(request)
        if caller is None:
            raise NotSignedInError(has_bearer=bool(_bearer(request)))
        request.state.caller = caller  # also for the page that says why not
        site_id = request.path_params.get("site")
        if not self._admits(caller, site_id):
            _note_refusal(request, caller, site_id)
            raise ForbiddenError(is_token=caller.account is None)
        if caller.wants_second_factor and not self.before_second_factor:
            raise SecondFactorNeededError
        return caller

    def _admits(self, caller: Caller, site_id: str | None) -> bool:
        """Tell whether the grant of the caller is enough."""
        in_role = not self.roles or not self.roles.isdisjoint(caller.grant.roles)
        return in_role and (site_id is None or caller.grant.reaches(site_id))


class AllowPeople(Allow):
    """Open to people who are signed in, not to programs."""

    def _admits(self, caller: Caller, site_id: str | None) -> bool:
        """Tell whether the caller signed in, and the grant is enough."""
        return caller.account is not None and super()._admits(caller, site_id)


ANYBODY = Anybody()
MARKS = Marks()
AT_KIOSK = AtKiosk()
LOOKS = Allow(Role.HR, Role.VIEWER)
LOOKS_BACK = Allow(Role.HR)
OPERATES = Allow(Role.OPS)
KEEPS_KIOSKS = Allow(Role.HR, Role.OPS)
GIVES_PINS = Allow(Role.HR)
KEEPS_ROSTERS = Allow(Role.HR)
SIGNED_IN = Allow()
OWN_ACCOUNT = AllowPeople(before_second_factor=True)


def rules_of(route: APIRoute) -> Sequence[Rule]:
    """Return the rules that a route declares: one, or the route is not finished."""
    declared: list[object] = [one.dependency for one in route.dependencies]
    return [rule for rule in declared if isinstance(rule, Rule)]


def caller_of(request: Request, *, is_use: bool = True) -> Caller | None:
    """Return who is signed in, or whose token this is, or None; raise AccountsError, AccessStorageError."""
    services = deps.services_of(request)
    if bearer := _bearer(request):
        entry = services.accounts.current().by_secret.get(hash_secret(bearer))
        if isinstance(entry, Token) and entry.expires_at > services.now():
            return Caller(name=entry.name, grant=entry.grant, account=None)
        return None
    session = read_cookie(request, SESSION)
    signed = services.signing.who(session, is_use=is_use) if session else None
    if signed is None:
        return None
    account = signed.account
    unsafe = account.wants_second_factor and not signed.by_sso and not is_local(request)
    return Caller(name=account.name, grant=account.grant, account=account, session=session, wants_second_factor=unsafe)


def still_may(request: Request, caller: Caller) -> bool:
    """Tell whether a caller who was let in is who they were, with the same rights; asks the disk, and is no use.

    While that cannot be told, they are not.
    """
    try:
        found = caller_of(request, is_use=False)
    except (AccountsError, AccessStorageError):
        return False
    return found is not None and (found.name, found.grant) == (caller.name, caller.grant)


def sites_asked(request: Request, caller: Caller, site_ids: Sequence[str]) -> list[Site]:
    """Return the sites that somebody asks for, once each; without a wish, all that their grant reaches.

    Raise ForbiddenError where the grant does not reach, UnknownSiteError.
    """
    services = deps.services_of(request)
    for site_id in site_ids:
        if not caller.grant.reaches(site_id):
            _note_refusal(request, caller, site_id)
            raise ForbiddenError
    if not site_ids:
        return deps.sites_within(services, caller.grant)
    return [services.registry_file.current.resolve(site_id) for site_id in dict.fromkeys(site_ids)]


def ops_grant(request: Request) -> Grant | None:
    """Return what the ops who ask look after, where strangers are told less; None while that cannot be told."""
    try:
        found = caller_of(request)
    except (AccountsError, AccessStorageError):
        return None
    is_ops = found is not None and Role.OPS in found.grant.roles and not found.wants_second_factor
    return found.grant if found and is_ops else None


def _require_for(request: Request, site: Site) -> None:
    """Raise KioskNeededError or CodeNeededError where a mark at the site needs what the request has not."""
    if site.marking is MarkingRule.CODE:
        ticket_at(request, site)
    elif site.marking in _ASKS_MORE:
        require_kiosk(request, site.site_id)


def require_kiosk(request: Request, site_id: str) -> Kiosk:
    """Return the kiosk of the site that sent this; raise KioskNeededError, AccountsError. Asks the disk."""
    kiosk = kiosk_at(request, site_id)
    if kiosk is None:
        raise KioskNeededError
    return kiosk


def kiosk_at(request: Request, site_id: str) -> Kiosk | None:
    """Return the kiosk of the site that sent this, by its cookie or as a bearer; raise AccountsError."""
    secret = _bearer(request) or read_cookie(request, KIOSK)
    if not secret:
        return None
    entry = deps.services_of(request).accounts.current().by_secret.get(hash_secret(secret))
    return entry if isinstance(entry, Kiosk) and entry.site_id == site_id else None


def ticket_at(request: Request, site: Site) -> str:
    """Return the ID of the ticket with which a phone came from the door of the site; asks the disk.

    Raise CodeNeededError, AccessStorageError.
    """
    return deps.services_of(request).proving.ticket_id(site, read_cookie(request, PRESENCE))


async def visit(request: Request) -> Visit:
    """Return from where somebody comes who is about to sign in; raise InsecureConnectionError."""
    if not is_https(request) and not is_local(request):
        raise InsecureConnectionError
    return Visit(
        address=await deps.address(request), device=read_cookie(request, DEVICE), session=read_cookie(request, SESSION)
    )


def is_local(request: Request) -> bool:
    """Tell whether the request comes from this machine itself, by no proxy: then nobody can listen on the way."""
    if request.client is None or not {"x-forwarded-for", "forwarded"}.isdisjoint(request.headers):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _bearer(request: Request) -> str:
    """Return what stands behind `Authorization: Bearer`, or nothing."""
    value = Headers(scope=request.scope).get("authorization", "")
    return value[len(_BEARER) :].strip() if value[: len(_BEARER)].lower() == _BEARER else ""


def _note_refusal(request: Request, caller: Caller, site_id: str | None) -> None:
    """Note that somebody who is known tried what they may not."""
    address = request.client.host if request.client else None
    deps.services_of(request).audit.note(
        Action.REFUSED, who=caller.told, address=address, site=site_id, outcome="forbidden", path=request.url.path
    )


async def caller(request: Request) -> Caller:
    """Return who calls a route whose rule let them in."""
    found: Caller = request.state.caller
    return found


CallerDep = Annotated[Caller, Depends(caller)]
VisitDep = Annotated[Visit, Depends(visit)]
