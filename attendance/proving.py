"""Own the use case of proving who marks: by a PIN at a kiosk, by a ticket from the door; it refuses all else."""

from pathlib import Path

from attendance.accounts.attempts import ASKING, KIOSK, Attempts, pin_counter
from attendance.accounts.store import AccessStore
from attendance.audit import Action, Audit
from attendance.clock import Clock
from attendance.errors import (
    CodeNeededError,
    InvalidInputError,
    PinRefusedError,
    TooManyAttemptsError,
    UnknownEmployeeError,
)
from attendance.model import Site
from attendance.pins import PinFile
from attendance.presence import TICKET_LIFETIME, Presence
from attendance.roster import Roster

_PURPOSE = "presence"
_BOUND_SECONDS = 2 * int(TICKET_LIFETIME.total_seconds())  # longer than any ticket of it can last


class Proving:
    """What all handlers of a process share; every method asks the disk and may raise AccessStorageError."""

    def __init__(self, store: AccessStore, audit: Audit, *, now: Clock) -> None:
        self._store = store
        self._attempts = Attempts(store)
        self._audit = audit
        self._now = now
        self._pins: dict[Path, PinFile] = {}

    def presence(self) -> Presence:
        """Return the codes and tickets by the key that stands now: all workers read it, wherever it was made anew."""
        return Presence(self._store.key(_PURPOSE), self._now)

    def ticket_id(self, site: Site, ticket: str) -> str:
        """Return the ID of a ticket that is good at a site; raise CodeNeededError."""
        found = self.presence().read_ticket(site.site_id, ticket) if ticket else None
        if found is None:
            raise CodeNeededError
        return found

    def bind_ticket(self, ticket_id: str, employee_id: str) -> None:
        """Give a ticket to the first who marks with it; raise CodeNeededError for everybody else."""
        key = employee_id.casefold()
        if self._store.bind(_PURPOSE, ticket_id, key, _BOUND_SECONDS) != key:
            raise CodeNeededError(was_used=True)

    def pins(self, roster_path: Path) -> PinFile:
        """Return the PINs of a roster."""
        return self._pins.setdefault(roster_path, PinFile(roster_path))

    def check_pin(self, site: Site, roster: Roster, employee_id: str, pin: str, kiosk: str) -> None:
        """Raise PinRefusedError unless somebody is on the roster and this is their PIN: one answer, in one time.

        A PIN that was not typed is told as such. Raise InvalidInputError, TooManyAttemptsError, PinsError.
        """
        if not pin:
            raise InvalidInputError({"pin": "Type your ID and your PIN."})
        employee_id = employee_id.strip()
        counted = (pin_counter(site.roster_path, employee_id), (KIOSK, kiosk))
        try:
            self._attempts.begin(*counted)
        except TooManyAttemptsError:
            self._audit.note(Action.REFUSED, who=f"kiosk {kiosk}", site=site.site_id, outcome="too_many_attempts")
            raise
        known = _known(roster, employee_id)
        right = site.roster_path is not None and self.pins(site.roster_path).check(employee_id, pin)
        if not right or known is None:
            self._audit.note(
                Action.REFUSED, who=f"kiosk {kiosk}", site=site.site_id, outcome="wrong_pin", employee_id=known
            )
            raise PinRefusedError
        self._attempts.succeed(*counted)

    def count_request(self, kiosk: str) -> None:
        """Count what somebody asks for at a kiosk; raise TooManyAttemptsError where a flood of it comes from there."""
        self._attempts.begin((ASKING, kiosk))


def _known(roster: Roster, employee_id: str) -> str | None:
    """Return the ID as it stands on the roster, or None: what was typed in its place may be a PIN."""
    try:
        return roster.resolve(employee_id).employee_id
    except UnknownEmployeeError:
        return None
