"""Own the pages of who is in now: at all sites, and at one."""

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from attendance.reporting import board
from attendance.web.access import LOOKS, CallerDep
from attendance.web.deps import ServicesDep, SiteDep, sites_within
from attendance.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/hr", dependencies=[Depends(LOOKS)])
def show_sites(services: ServicesDep, caller: CallerDep) -> Response:
    """Show the sites of the account with who is in; run in a thread, since it asks the disk."""
    sites = sites_within(services, caller.grant)
    boards = [board(services.marking.ledger(site), now=services.now) for site in sites]
    return render("hr.html", now=services.now(), caller=caller, boards=boards)


@router.get("/hr/sites/{site}", dependencies=[Depends(LOOKS)])
def show_board(site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show who is in at one site; run in a thread, since it asks the disk."""
    here = board(services.marking.ledger(site), now=services.now)
    return render("board.html", now=services.now(), caller=caller, board=here)
