"""Own the one-time link that makes the first account; it is good until there is an account, and no longer."""

from contextlib import suppress
from pathlib import Path

from attendance.accounts import file as accounts_file
from attendance.accounts.file import AccountsFile
from attendance.errors import LinkUsedError
from attendance.files import SECRET_MODE, alone, replace_durably
from attendance.hashing import hash_secret, new_secret

FILE_NAME = ".first-account"
PATH = "/first-account/"


class FirstLink:
    """The link lies in a file that only the server's user can read; so all workers know it, and ops find it."""

    def __init__(self, file: AccountsFile) -> None:
        self._file = file
        self.path = file.path.with_name(FILE_NAME)

    def offer(self, address: str) -> str | None:
        """Return the link, the same until it is used, or None where there is an account; raise AccountsError, OSError.

        `address` is where the server is to be found, such as `http://127.0.0.1:8000`.
        """
        with alone(self.path):
            if self._file.current().accounts:
                self.path.unlink(missing_ok=True)
                return None
            link = f"{address}{PATH}{self._secret() or new_secret()}"
            replace_durably(self.path, [f"{link}\n".encode()], mode=SECRET_MODE)
        return link

    def require(self, secret: str) -> None:
        """Raise LinkUsedError unless this is the secret of the link and there is no account yet; AccountsError."""
        known = self._secret()
        has_account = bool(self._file.current().accounts)
        if has_account or not known or hash_secret(secret) != hash_secret(known):
            raise LinkUsedError(has_account=has_account)

    def withdraw(self) -> None:
        """Remove the link: there is an account, so it is good for nothing, even where it cannot be removed."""
        with suppress(OSError):
            self.path.unlink()

    def _secret(self) -> str:
        """Return the secret in the file, or nothing where there is none that can be read."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").rpartition("/")[2].strip()
        except OSError:
            return ""


def first_link_of(folder: Path) -> FirstLink:
    """Return the link of the registry's folder."""
    return FirstLink(AccountsFile(folder / accounts_file.FILE_NAME))
