"""Own the use case of a mark: who is it, may they mark here; the ledger says when, and whether it is new."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations

from attendance.appendlog import GroupCommit
from attendance.clock import Clock, WorkDay, work_day
from attendance.codec import encode_timestamp
from attendance.errors import (
    AmbiguousSiteError,
    AttendanceError,
    InvalidInputError,
    NameMismatchError,
    OutsideNetworkError,
    RosterError,
    UnknownEmployeeError,
)
from attendance.identity import clean_employee_id, clean_name, clearly_different
from attendance.ledger import Ledger
from attendance.model import Employee, Incident, MarkingRule, MarkRequest, Recorded, Site
from attendance.registry import Registry
from attendance.roster import Roster, RosterFile

Address = IPv4Address | IPv6Address

COMMIT_THREADS = 16
"""So many sites whose disks are stuck can wait for them at once; one site never holds more than one thread."""


class Marking:
    """Record marks at the sites of a registry; one for each process, made after the fork.

    `now` gives the instants; `report` hears of what was noticed and did not stop a mark.
    """

    def __init__(self, registry: Registry, *, now: Clock, report: Callable[[Incident], None]) -> None:
        self._registry = registry
        self._now = now
        self._days: dict[str, WorkDay] = {}
        self._rosters: dict[str, RosterFile] = {}
        self._open_ledger = partial(Ledger, now=now, report=report)
        self._ledgers: dict[str, Ledger] = {}
        self._executor = ThreadPoolExecutor(COMMIT_THREADS, thread_name_prefix="commit")
        self._groups = GroupCommit[Ledger, MarkRequest, Recorded](
            lambda ledger, requests: self.record(ledger.site, requests), self._executor
        )

    async def mark(self, site: Site, request: MarkRequest, address: Address | None) -> Recorded:
        """Return the row that stands for what somebody sent from an address; raise AttendanceError.

        Everybody who marks at the site meanwhile shares the flush.
        """
        if self.is_outside(site, address):
            raise OutsideNetworkError
        return await self._groups.submit(self.ledger(site), request)

    def is_outside(self, site: Site, address: Address | None) -> bool:
        """Tell whether the site limits marks to its networks, and the address is in none of them."""
        return bool(site.networks) and site.marking is not MarkingRule.OPEN and not _is_within(site, address)

    def record(self, site: Site, requests: Sequence[MarkRequest]) -> list[Recorded | Exception]:
        """Return for each request, as it was typed, its row or what is wrong with it; raise LedgerError for all."""
        outcomes = [self._checked(site, request) for request in requests]
        sound = [outcome for outcome in outcomes if isinstance(outcome, MarkRequest)]
        recorded = iter(self.ledger(site).record(sound) if sound else [])
        return [next(recorded) if isinstance(outcome, MarkRequest) else outcome for outcome in outcomes]

    def admit(self, site: Site, request: MarkRequest) -> MarkRequest:
        """Return a request, as it was typed, as it may stand in the ledger: under the ID and name of the roster.

        Raise InvalidInputError, RosterError, UnknownEmployeeError, NameMismatchError.
        """
        return self._identified(site, _cleaned(site, request))

    def ledger(self, site: Site) -> Ledger:
        """Return the site's ledger; it is opened when it is first used."""
        ledger = self._ledgers.get(site.site_id)
        return ledger or self._ledgers.setdefault(site.site_id, self._open_ledger(site))

    def roster(self, site: Site) -> Roster | None:
        """Return the site's roster if it has one; raise RosterError."""
        if site.roster_path is None:
            return None
        file = self._rosters.get(site.site_id)
        if file is None:
            file = RosterFile(site.roster_path, self.ledger(site).recent_ids)
            file = self._rosters.setdefault(site.site_id, file)
        return file.current()

    def belongs(self, site: Site, employee: Employee) -> bool:
        """Tell whether somebody on the site's roster belongs to it on its present work date."""
        if employee.from_date is None and employee.until_date is None:
            return True
        now = self._now()
        day = self._days.get(site.site_id)
        if day is None or now not in day:
            day = self._days[site.site_id] = work_day(now, site.zone, site.day_start)
        return employee.belongs_on(day.date)

    def sites_at(self, address: Address | None) -> list[Site]:
        """Return the sites that have the address in one of their networks."""
        return [site for site in self._registry.sites.values() if _is_within(site, address)]

    def resolve_site(
        self, employee_id: str, address: Address | None, may_mark: Callable[[Site], bool] = lambda _: True
    ) -> Site:
        """Return the site that somebody belongs to: by the rosters, and by the networks where that is not enough.

        Only sites at which they may mark count: of others nobody learns who is on their rosters.

        Raise InvalidInputError, RosterError, UnknownEmployeeError, or AmbiguousSiteError with the candidates.
        """
        employee_id = clean_employee_id(employee_id)
        candidates = [site for site, _ in self._known_at(employee_id) if may_mark(site)]
        if not candidates:
            for broken in self._rosters.values():  # who is not found may stand in one that cannot be read
                broken.current()
            candidates = [site for site in self._registry.sites.values() if site.roster_path is None and may_mark(site)]
        near = [site for site in candidates if _is_within(site, address)]
        if len(near) == 1 or len(candidates) == 1:
            return (near or candidates)[0]
        if not candidates:
            raise UnknownEmployeeError
        raise AmbiguousSiteError([site.site_id for site in candidates])

    async def drain(self) -> None:
        """Answer everybody who waits."""
        await self._groups.drain()

    async def close(self) -> None:
        """Answer everybody who waits, then let go of the files."""
        await self.drain()
        self._executor.shutdown()
        for ledger in self._ledgers.values():
            ledger.close()

    def _checked(self, site: Site, request: MarkRequest) -> MarkRequest | AttendanceError:
        """Return the request as it may stand in the ledger, or what is wrong with it."""
        try:
            return self.admit(site, request)
        except AttendanceError as error:
            return error

    def _identified(self, site: Site, request: MarkRequest) -> MarkRequest:
        """Return the request under the ID and name of the roster; raise UnknownEmployeeError, NameMismatchError."""
        roster = self.roster(site)
        if roster is None:
            return request
        try:
            employee = self._member(site, roster, request.employee_id)
        except UnknownEmployeeError:
            if not site.visitors:
                raise
            employee = self._visitor(request)
        if request.name and clearly_different(employee.name, request.name):
            raise NameMismatchError
        return replace(request, employee_id=employee.employee_id, name=employee.name)

    def _visitor(self, request: MarkRequest) -> Employee:
        """Return the employee of another site who is meant; two sites may give one ID to two people."""
        known = [employee for _, employee in self._known_at(request.employee_id)]
        if not known:
            raise UnknownEmployeeError
        meant = [one for one in known if not (request.name and clearly_different(one.name, request.name))]
        if not meant:
            raise NameMismatchError
        if any(clearly_different(one.name, other.name) for one, other in combinations(meant, 2)):
            raise InvalidInputError({"name": "Enter your name too: this ID is used at more than one site."})
        return meant[0]

    def _known_at(self, employee_id: str) -> Iterator[tuple[Site, Employee]]:
        """Yield the sites whose rosters hold the ID, with whom it means there; a broken roster knows nobody."""
        for site in self._registry.sites.values():
            with suppress(UnknownEmployeeError, RosterError):
                if roster := self.roster(site):
                    yield site, self._member(site, roster, employee_id)

    def _member(self, site: Site, roster: Roster, employee_id: str) -> Employee:
        """Return who has the ID and belongs to the site today; raise UnknownEmployeeError: no stranger learns more."""
        employee = roster.resolve(employee_id)
        if roster.has_dates and not self.belongs(site, employee):
            raise UnknownEmployeeError
        return employee


def answer(site: Site, recorded: Recorded) -> dict[str, str | bool]:
    """Return the answer to a mark as programs read it, by HTTP and on the command line."""
    mark = recorded.mark
    return {
        "site": site.site_id,
        "timezone": site.timezone,
        "timestamp": encode_timestamp(mark.marked_at, mark.utc_offset),
        "work_date": recorded.work_date.isoformat(),
        "employee_id": mark.employee_id,
        "name": mark.name,
        "status": mark.status,
        "repeated": recorded.repeated,
    }


def _cleaned(site: Site, request: MarkRequest) -> MarkRequest:
    """Return the request with its fields in order; raise InvalidInputError that names every field which is not."""
    problems: dict[str, str] = {}
    employee_id, name = request.employee_id, request.name.strip()
    try:
        employee_id = clean_employee_id(employee_id)
    except InvalidInputError as error:
        problems |= error.fields
    try:
        if name or site.roster_path is None:
            name = clean_name(name)
    except InvalidInputError as error:
        problems |= error.fields
    if request.status not in site.statuses:
        problems["status"] = f"Choose {' or '.join(site.statuses)}."
    if problems:
        raise InvalidInputError(problems)
    return MarkRequest(employee_id=employee_id, name=name, status=request.status)


def _is_within(site: Site, address: Address | None) -> bool:
    """Tell whether the address is in one of the site's networks."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address is not None and any(address in network for network in site.networks)
