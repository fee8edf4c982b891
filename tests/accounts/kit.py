"""What the tests of accounts share: a folder with all of it, visits, codes, and real processes that begin at once."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pyotp

from attendance.accounts.enrolling import Enrolling
from attendance.accounts.file import FILE_NAME, AccountsFile
from attendance.accounts.first import FirstLink
from attendance.accounts.granting import Granting
from attendance.accounts.nouns import Account
from attendance.accounts.second_factor import SecondFactor
from attendance.accounts.signing import SignedIn, Signing
from attendance.accounts.store import STORE_NAME, AccessStore
from attendance.accounts.visit import Visit
from attendance.audit import Audit
from attendance.model import Grant, Role
from tests.conftest import HandClock

HR = Grant(roles=frozenset({Role.HR}), site_ids=None)
VIEWER = Grant(roles=frozenset({Role.VIEWER}), site_ids=frozenset({"london"}))
PASSWORD = "correct horse battery"  # noqa: S105  # it opens nothing
ANOTHER = "staple of the stable"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class House:
    """Everything about accounts in one folder, as each worker has it, by a clock set by hand."""

    def __init__(self, folder: Path, clock: HandClock) -> None:
        self.folder = folder
        self.clock = clock
        self.file = AccountsFile(folder / FILE_NAME)
        self.store = AccessStore(folder / STORE_NAME, now=clock)
        audit = Audit(folder / "logs", now=clock)
        self.granting = Granting(self.file, audit, now=clock)
        self.signing = Signing(self.file, self.store, audit, now=clock)
        self.factor = SecondFactor(self.store, now=clock)
        self.enrolling = Enrolling(self.granting, self.store, audit)
        self.first = FirstLink(self.file)

    def add(self, name: str = "ana", password: str | None = PASSWORD, **values: Any) -> Account:
        """Make an account, for HR unless said otherwise."""
        account = Account(name=name, **{"grant": HR, **values})
        return self.granting.add_account(account, password, by="test")

    def enter(self, name: str = "ana", password: str = PASSWORD, visit: Visit | None = None) -> SignedIn:
        """Sign in where there is no second factor."""
        outcome = self.signing.sign_in(name, password, visit or from_address())
        assert isinstance(outcome, SignedIn)
        return outcome

    def is_in(self, session: str) -> bool:
        """Tell whether a session is good."""
        return self.signing.who(session) is not None

    def code(self, secret: str = TOTP, steps: int = 0) -> str:
        """Return the code of the second factor, of now or of so many half minutes later."""
        return pyotp.TOTP(secret).at(int(self.clock().timestamp()) + 30 * steps)

    @property
    def log(self) -> str:
        """Return the audit log."""
        path = self.folder / "logs" / "audit.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the events of the audit log."""
        return [json.loads(line) for line in self.log.splitlines()]


def from_address(address: str = "192.0.2.7", device: str = "") -> Visit:
    """Return a visit from an address, on a known device or not."""
    return Visit(address=ip_address(address), device=device)


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, and the last of what it printed."""

    code: int
    said: str


_PRELUDE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tests.accounts.kit import *
from tests.conftest import HandClock
from attendance.errors import *
house = House(Path(sys.argv[1]), HandClock())
number = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
"""


def start(folder: Path, program: str, number: int = 0) -> subprocess.Popen[str]:
    """Start a program that has a `house` and its `number`; it waits for a line."""
    command = [sys.executable, "-c", _PRELUDE + program, str(folder), str(number)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


def at_once(started: Sequence[subprocess.Popen[str]]) -> list[Ended]:
    """Let processes begin when all are ready, and return how each ended."""
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0].strip() for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    return [Ended(process.returncode, words) for process, words in zip(started, said, strict=True)]
