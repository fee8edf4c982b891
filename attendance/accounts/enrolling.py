"""Own the use case of making a device a kiosk: HR or ops get a short code, and the device redeems it once."""

from dataclasses import dataclass
from secrets import choice

from attendance.accounts.attempts import ENROLMENT, Attempts
from attendance.accounts.entries import NAME
from attendance.accounts.granting import Granting
from attendance.accounts.store import AccessStore
from attendance.accounts.visit import Visit
from attendance.audit import Action, Audit
from attendance.errors import EnrolmentFailedError, GrantRefusedError, TooManyAttemptsError

CODE_SECONDS = 10 * 60
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another; eight of them are 40 bits
_CODE_LENGTH = 8
_PURPOSE = "kiosk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A device became a kiosk: its name, and the secret that it holds from now on."""

    name: str
    secret: str


class Enrolling:
    """Give codes, and take them from devices."""

    def __init__(self, granting: Granting, store: AccessStore, audit: Audit) -> None:
        self._granting = granting
        self._store = store
        self._attempts = Attempts(store)
        self._audit = audit

    def code(self, name: str, site_id: str, *, by: str) -> str:
        """Return a code, such as `K7QM-2XHD`, that makes one device the kiosk of this name; raise GrantRefusedError."""
        label = name.strip().lower().replace(" ", "-")
        if not NAME.fullmatch(label):
            raise GrantRefusedError(
                {"name": "A kiosk's name has up to 64 of a-z, 0-9 and . _ @ + -, such as front-door."}
            )
        name = f"{site_id}.{label}"  # so that no site hears of the kiosks of another
        self._granting.require_free_kiosk(name)
        letters = "".join(choice(_LETTERS) for _ in range(_CODE_LENGTH))
        self._store.issue(_PURPOSE, f"{site_id} {name}", CODE_SECONDS, letters)
        self._audit.note(Action.KIOSK_CODE, who=by, site=site_id, name=name)
        return f"{letters[:4]}-{letters[4:]}"

    def enrol(self, site_id: str, code: str, visit: Visit) -> Enrolled:
        """Make the device that sent this code a kiosk of the site.

        Raise EnrolmentFailedError, TooManyAttemptsError, GrantRefusedError where the name is taken by now.
        """
        counted = (ENROLMENT, visit.network)
        try:
            self._attempts.begin(counted)
        except TooManyAttemptsError:
            self._audit.note(Action.REFUSED, who="?", address=visit.told, site=site_id, outcome="too_many_attempts")
            raise
        letters = "".join(code.split()).replace("-", "").upper()
        meant, _, name = (self._store.peek(_PURPOSE, letters) or "").partition(" ")
        if meant != site_id or self._store.redeem(_PURPOSE, letters) is None:
            self._audit.note(Action.REFUSED, who="?", address=visit.told, site=site_id, outcome="wrong_kiosk_code")
            raise EnrolmentFailedError
        self._attempts.succeed(counted)
        secret = self._granting.add_kiosk(name, site_id, by=name, address=visit.told)
        return Enrolled(name=name, secret=secret)
