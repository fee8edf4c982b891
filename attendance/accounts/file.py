"""Own `accounts.yaml`: who may do what, as it stands now, for all processes; refuse it where others could read it."""

import stat
from collections.abc import Callable
from pathlib import Path

from attendance.accounts.entries import read_accounts, write_accounts
from attendance.accounts.nouns import Accounts
from attendance.errors import AccountsError, Problem
from attendance.files import SECRET_MODE, Signs, alone, hidden, replace_durably, signs_at, stat_at

FILE_NAME = "accounts.yaml"
KEPT = "kept"
"""The suffix of a copy of what was written last: by it a file that was lost is told from one that never was."""


class AccountsFile:
    """The file beside the registry; where there is none yet, there is nobody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[Signs | None, Accounts | AccountsError] = (None, Accounts())

    def current(self) -> Accounts:
        """Return what stands in the file, read again if it changed since the last call; raise AccountsError."""
        try:
            signs = signs_at(self.path)
            known, outcome = self._read
            if signs is None:
                outcome = self._none()
            elif signs != known:
                outcome = self._load()
                self._read = (signs, outcome)  # together: several threads ask at once
        except OSError as error:
            outcome = self._refused(f"it cannot be read: {error.strerror}", "give it to the user who runs the server")
        if isinstance(outcome, AccountsError):
            raise AccountsError(outcome.problems)
        return outcome

    def change(self, changed: Callable[[Accounts], Accounts]) -> Accounts:
        """Replace the file by what `changed` makes of it, alone among all processes, flushed; return what it made.

        Raise AccountsError, or what `changed` raises: then the file is as before.
        """
        try:
            with alone(self.path):
                before = self.current()
                after = changed(before)
                if after is not before:
                    content = write_accounts(after)
                    replace_durably(self.path, [content], mode=SECRET_MODE)
                    replace_durably(hidden(self.path, KEPT), [content], mode=SECRET_MODE)
        except OSError as error:
            raise self._refused(
                f"it cannot be written: {error.strerror}", "free the disk, or mend the rights of its folder"
            ) from None
        return after

    def _none(self) -> Accounts | AccountsError:
        """Return that there is nobody, unless there was: then the file was lost, and nobody is to begin it anew."""
        kept = hidden(self.path, KEPT)
        if stat_at(kept) is None:
            return Accounts()
        return self._refused("it is gone", f"cp -p {kept} {self.path}; to begin with nobody, remove {kept} instead")

    def _load(self) -> Accounts | AccountsError:
        """Return what stands in the file, or what is wrong with it: a broken one is not read for every request.

        Raise OSError where it cannot be read now: the next request tries again.
        """
        found = self.path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return self._refused("it is no plain file", "put the file itself there")
        if stat.S_IMODE(found.st_mode) & 0o077:
            return self._refused("others than its owner can read it", f"chmod 600 {self.path}")
        try:
            return read_accounts(self.path)
        except AccountsError as error:
            return error

    def _refused(self, message: str, hint: str) -> AccountsError:
        """Return the failure of the file as a whole."""
        return AccountsError([Problem(path=self.path, line=1, column=1, message=message, hint=hint)])
