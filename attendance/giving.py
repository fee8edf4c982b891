"""Own the use case of giving and taking PINs; whose it was is noted, the PIN itself is told once and stands nowhere."""

from collections.abc import Iterator

from attendance.accounts.attempts import Attempts, pin_counter
from attendance.accounts.store import AccessStore
from attendance.audit import Action, Audit
from attendance.errors import GrantRefusedError, UnknownEmployeeError
from attendance.model import Employee, Site
from attendance.pins import PinFile
from attendance.roster import Roster


class Giving:
    """Change the PINs of a site's roster; `by` says who does it, for the audit.

    Every method raises GrantRefusedError where the site has no roster, PinsError, and what the storage raises.
    """

    def __init__(self, store: AccessStore, audit: Audit) -> None:
        self._attempts = Attempts(store)
        self._audit = audit

    def give(self, site: Site, roster: Roster, typed: str, *, by: str) -> tuple[Employee, str]:
        """Return the employee whose ID was typed, with their new PIN; wrong ones before it count no more.

        Raise what `whose` raises, and AccessStorageError: then the PIN is the one that it was.
        """
        employee, pins = self.whose(site, roster, typed), _file(site)
        self._attempts.forgive(pin_counter(site.roster_path, employee.employee_id))
        return self._given(site, pins, employee, by)

    def whose(self, site: Site, roster: Roster, typed: str) -> Employee:
        """Return the employee whose ID was typed; raise GrantRefusedError where nobody on the roster has it."""
        _file(site)
        employee_id = _typed(typed)
        try:
            return roster.resolve(employee_id)
        except UnknownEmployeeError:
            message = f"Nobody with this ID is on the roster of {site.name}."
            raise GrantRefusedError({"employee_id": message}) from None

    def give_all(self, site: Site, roster: Roster, *, by: str) -> Iterator[tuple[Employee, str]]:
        """Yield everybody on the roster who had no PIN, with their new one; each counts as soon as it is yielded."""
        pins = _file(site)
        known = pins.known()
        for key, employee in roster.employees.items():
            if key not in known:
                yield self._given(site, pins, employee, by)

    def take(self, site: Site, typed: str, *, by: str) -> None:
        """Take a PIN away, also that of somebody who left the roster; raise GrantRefusedError where there is none."""
        pins, employee_id = _file(site), _typed(typed)
        if not pins.remove(employee_id):
            raise GrantRefusedError({"employee_id": "Nobody with this ID has a PIN here."})
        self._audit.note(Action.PIN_REMOVED, who=by, site=site.site_id, employee_id=employee_id)

    def _given(self, site: Site, pins: PinFile, employee: Employee, by: str) -> tuple[Employee, str]:
        """Give one PIN, and note whose."""
        pin = pins.new(employee.employee_id)
        self._audit.note(Action.PIN_SET, who=by, site=site.site_id, employee_id=employee.employee_id)
        return employee, pin


def _typed(text: str) -> str:
    """Return the ID that was typed; raise GrantRefusedError where there is none."""
    employee_id = text.strip()
    if not employee_id:
        raise GrantRefusedError({"employee_id": "Enter an ID."})
    return employee_id


def _file(site: Site) -> PinFile:
    """Return the file of the site's PINs; raise GrantRefusedError."""
    if site.roster_path is None:
        raise GrantRefusedError(
            {"employee_id": "This site has no roster, so nobody has a PIN here: add `roster:` first."}
        )
    return PinFile(site.roster_path)
