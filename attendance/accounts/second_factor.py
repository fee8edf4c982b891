"""Own the second factor: codes of 30 seconds by an authenticator app (RFC 6238), each good once."""

from hmac import compare_digest

import pyotp

from attendance.accounts.granting import Granting
from attendance.accounts.nouns import Account
from attendance.accounts.store import AccessStore
from attendance.clock import Clock
from attendance.errors import GrantRefusedError

SET_UP_SECONDS = 15 * 60
STEP_SECONDS = 30  # RFC 6238, 5.2
_PENDING = "second_factor"


class SecondFactor:
    """Check codes, and set the factor up: the secret is in force when the app has shown that it has it."""

    def __init__(self, store: AccessStore, *, now: Clock) -> None:
        self._store = store
        self._now = now

    def is_code(self, name: str, secret: str, code: str) -> bool:
        """Tell whether this is a code of the present 30 seconds, or of those around them, used for the first time."""
        code = "".join(code.split())
        if not (secret and code.isascii() and code.isdigit()):
            return False
        totp, present = pyotp.TOTP(secret), int(self._now().timestamp()) // STEP_SECONDS
        found = [
            step for step in (present - 1, present, present + 1) if compare_digest(totp.at(step * STEP_SECONDS), code)
        ]
        return bool(found) and self._store.use_step(name, found[0])

    def pending(self, account: Account) -> str:
        """Return the secret that the account is about to get, the same until it is set up or too old."""
        return self._store.bind(_PENDING, account.name, new_second_factor(), SET_UP_SECONDS)

    def adopt(self, account: Account, code: str, granting: Granting) -> Account:
        """Put the pending secret in force, if this is its code; raise GrantRefusedError. The account's sessions end."""
        secret = self.pending(account)
        if not self.is_code(account.name, secret, code):
            raise GrantRefusedError({"code": "This is not the code that the app shows now. Type the next one."})
        self._store.redeem(_PENDING, account.name)
        return granting.set_second_factor(account.name, secret, by=account.name)


def new_second_factor() -> str:
    """Return the secret of a second factor: 160 random bits in Base32 (RFC 4226, 4)."""
    return pyotp.random_base32()


def second_factor_uri(account: str, secret: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="attendance")
