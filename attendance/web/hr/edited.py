"""Own the pages of an edited copy of a ledger: how it differs, row by row, and the amendments that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from attendance.errors import AttendanceError, InvalidInputError, MalformedRequestError
from attendance.identity import clean_reason
from attendance.model import Site
from attendance.proposing import Comparison, Proposal, Proposing, read_proposal
from attendance.web.access import LOOKS_BACK, Caller, CallerDep
from attendance.web.deps import Services, ServicesDep, SiteDep
from attendance.web.errors import page_or_problem, status_of
from attendance.web.rendering import render
from attendance.web.uploads import read_many, received

HOME = "/hr/sites/{site}/edited"
MAX_BYTES = 20 << 20
MAX_SHOWN = 200
_TOO_LARGE = "Send the rows of one month, with the header above them."
_FIELDS = {"offer", "row", "only", "all", "reason"}

router = APIRouter(include_in_schema=False, dependencies=[Depends(LOOKS_BACK)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of proposals: those that are amendments now, and why others are not."""

    done: Sequence[Proposal] = ()
    failed: Sequence[tuple[Proposal, str]] = ()


@router.get(HOME)
def show_form(site: SiteDep, caller: CallerDep) -> Response:
    """Show where an edited copy is uploaded."""
    return _page(site, caller)


@router.post(HOME)
async def compare(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Show how an uploaded copy differs from the ledger; nothing is written."""
    try:
        async with received(request, MAX_BYTES, _TOO_LARGE) as copy:
            proposing = Proposing(site, services.marking.ledger(site), now=services.now)
            trail = await run_in_threadpool(services.amending.trail, site)
            comparison = await run_in_threadpool(proposing.compare, copy, trail)
    except AttendanceError as error:
        return page_or_problem(request, error, _page(site, caller, error=error))
    return _page(site, caller, comparison=comparison, offers=comparison.proposals[:MAX_SHOWN])


@router.post(f"{HOME}/amend")
async def amend(request: Request, site: SiteDep, services: ServicesDep, caller: CallerDep) -> Response:
    """Make amendments of the proposals that were chosen, with one reason; show what is left."""
    fields = await read_many(request)
    if not {key for key, _ in fields} <= _FIELDS:
        raise MalformedRequestError("a field does not belong to this form", of_mark=False)
    offers, chosen, reason = _wished(fields)
    try:
        if not chosen:
            raise InvalidInputError({"row": "Choose at least one row."})
        reason = clean_reason(reason)
        outcome = await run_in_threadpool(_amend, services, site, chosen, reason, caller.told)
    except AttendanceError as error:
        page = _page(site, caller, error=error, offers=offers, chosen=chosen, reason=reason)
        return page_or_problem(request, error, page)
    left = [one for one in offers if one not in outcome.done]
    return _page(site, caller, offers=left, outcome=outcome, reason=reason)


def _wished(fields: Sequence[tuple[str, str]]) -> tuple[list[Proposal], list[Proposal], str]:
    """Return what was offered, what was chosen of it, and the reason; raise UploadRefusedError."""
    offers = [read_proposal(value) for key, value in fields if key == "offer"]
    only = [value for key, value in fields if key == "only"]
    everything = any(key == "all" for key, _ in fields)
    lines = only or [value for key, value in fields if key == "row"]
    chosen = offers if everything else [read_proposal(line) for line in lines]
    return offers, chosen, next((value for key, value in fields if key == "reason"), "")


def _amend(services: Services, site: Site, chosen: Sequence[Proposal], reason: str, by: str) -> Outcome:
    """Amend one by one: what is refused does not stop the others. It waits for the disk."""
    done: list[Proposal] = []
    failed: list[tuple[Proposal, str]] = []
    for one in chosen:
        try:
            services.amending.amend(site, one.wish(site, reason), by=by)
            done.append(one)
        except AttendanceError as error:
            failed.append((one, str(error)))
    return Outcome(done=done, failed=failed)


def _page(  # noqa: PLR0913  # what one page may tell
    site: Site,
    caller: Caller,
    *,
    comparison: Comparison | None = None,
    offers: Sequence[Proposal] = (),
    chosen: Sequence[Proposal] = (),
    outcome: Outcome | None = None,
    reason: str = "",
    error: AttendanceError | None = None,
) -> Response:
    """Return the page: the form, what differs, or what was done."""
    return render(
        "edited.html",
        status_of(error) if error else 200,
        caller=caller,
        site=site,
        home=HOME.format(site=site.site_id),
        comparison=comparison,
        offers=offers,
        chosen=set(chosen),
        outcome=outcome,
        reason=reason,
        error=error,
        fields=getattr(error, "fields", {}),
        reasons=getattr(error, "reasons", ()),
    )
