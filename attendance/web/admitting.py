"""Own what a mark must show beyond its fields, where its site asks for more: a PIN, or a ticket from the door."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from attendance.errors import KioskNeededError
from attendance.model import MarkingRule, MarkRequest, Site
from attendance.web import deps
from attendance.web.access import require_kiosk, ticket_at


async def admit(request: Request, site: Site, wish: MarkRequest, pin: str) -> None:
    """Let a mark pass, or raise; called when its body was read. Most sites ask for nothing more, and it costs nothing.

    Raise KioskNeededError, PinRefusedError, TooManyAttemptsError, PinsError, CodeNeededError, AccessStorageError,
    AccountsError, RosterError, and at a site with `marking: code` what Marking.admit raises.
    """
    if site.marking is MarkingRule.PIN:
        await deps.run_hashing(deps.services_of(request), _check_pin, request, site, wish, pin)
    elif site.marking is MarkingRule.CODE:
        await run_in_threadpool(_bind_ticket, request, site, wish)


def _check_pin(request: Request, site: Site, wish: MarkRequest, pin: str) -> None:
    """Check the PIN at a kiosk of the site; it takes a while, and asks the disk."""
    services = deps.services_of(request)
    kiosk, roster = require_kiosk(request, site.site_id), services.marking.roster(site)
    if roster is None:  # one is there: without it the registry is refused
        raise KioskNeededError
    services.proving.check_pin(site, roster, wish.employee_id, pin, kiosk.name)


def _bind_ticket(request: Request, site: Site, wish: MarkRequest) -> None:
    """Give the ticket to whom the wish names, if they may mark here at all: a slip in the ID must not use it up."""
    services = deps.services_of(request)
    ticket_id = ticket_at(request, site)
    services.proving.bind_ticket(ticket_id, services.marking.admit(site, wish).employee_id)
