"""Own the PINs of a roster: they lie hashed in a file beside it that only the server reads; it refuses any other file.

A PIN is short: whoever has the file tries a million hashes in a night. The mode of the file guards it, and counters
guard the kiosk.
"""

import csv
import io
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from itertools import count, pairwise
from pathlib import Path

from attendance.errors import GrantRefusedError, InvalidInputError, PinsError, Problem
from attendance.files import SECRET_MODE, OpenFile, alone, make_folder, replace_durably, storage_errors
from attendance.hashing import hash_typed, is_typed
from attendance.identity import clean_employee_id
from attendance.registry import pins_path

__all__ = ["PinFile", "check_pin", "pins_path"]

MAX_BYTES = 64 << 20

_HASH = re.compile(r"\$argon2id\$v=19\$m=[0-9]{1,6},t=[0-9]{1,2},p=[0-9]\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}")
_COLUMNS = ["Employee_ID", "PIN_Hash"]
_PIN = re.compile(r"[0-9]{6,12}")
_STEADY = ({0}, {1}, {9})  # from digit to digit: the same, one up, one down; 0 comes after 9
_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO must not hold us up

_Hashes = dict[str, tuple[str, str]]
"""By the ID in lower case: the ID as it is spelled in the file, and the hash."""
_Signs = tuple[int, ...]


def check_pin(pin: str) -> str:
    """Return a PIN that may be set: 6 to 12 digits, no run. Raise GrantRefusedError."""
    if not _PIN.fullmatch(pin):
        raise GrantRefusedError({"pin": "A PIN has 6 to 12 digits."})
    if _is_trivial(pin):
        raise GrantRefusedError({"pin": "This PIN is guessed first: choose other digits than a run or one digit."})
    return pin


class PinFile:
    """The PINs of one roster as their file stands now; where there is none, nobody has a PIN."""

    def __init__(self, roster_path: Path) -> None:
        self.path = pins_path(roster_path)
        self._read: tuple[_Signs, _Hashes | PinsError] = ((), {})

    def check(self, employee_id: str, pin: str) -> bool:
        """Tell whether the PIN is that of the ID, in whatever case it was typed; raise PinsError.

        It takes as long for an ID without a PIN.
        """
        kept = self._current().get(employee_id.casefold())
        sound = _PIN.fullmatch(pin) is not None
        return is_typed(pin if sound else "", kept[1] if kept else None) and sound

    def known(self) -> frozenset[str]:
        """Return the IDs that have a PIN, in lower case; raise PinsError."""
        return frozenset(self._current())

    def set(self, employee_id: str, pin: str) -> None:
        """Give an employee this PIN, in the place of an earlier one; it is on the disk afterwards.

        Raise GrantRefusedError, InvalidInputError, PinsError, StorageFullError, StorageUnavailableError.
        """
        employee_id = clean_employee_id(employee_id)
        hashed = hash_typed(check_pin(pin))

        def give(hashes: _Hashes) -> bool:
            hashes[employee_id.casefold()] = (employee_id, hashed)
            return True

        self._change(give)

    def new(self, employee_id: str) -> str:
        """Give an employee a random PIN of six digits, and return it: it stands nowhere else. Raise as `set` does."""
        pin = _random_pin()
        self.set(employee_id, pin)
        return pin

    def remove(self, employee_id: str) -> bool:
        """Take an employee's PIN away, and tell whether there was one. Raise as `set` does."""
        return self._change(lambda hashes: hashes.pop(employee_id.casefold(), None) is not None)

    def _change(self, change: Callable[[_Hashes], bool]) -> bool:
        """Write the file again, under the lock, if `change` says that something is to be written."""
        with storage_errors():
            make_folder(self.path.parent)
            with alone(self.path):
                hashes = dict(self._fresh()[1])
                changed = change(hashes)
                if changed:
                    replace_durably(self.path, [_packed(hashes)], mode=SECRET_MODE)
        return changed

    def _current(self) -> _Hashes:
        """Return the hashes, read again if the file changed since the last call; raise PinsError."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unreadable(error) from None
        known, outcome = self._read
        if known != _signs(found):
            try:
                self._read = self._fresh()
            except PinsError as error:
                self._read = (_signs(found), error)
            _, outcome = self._read
        if isinstance(outcome, PinsError):
            raise PinsError(outcome.problems)
        return outcome

    def _fresh(self) -> tuple[_Signs, _Hashes]:
        """Read the file: its signs, and the hashes in it. Raise PinsError with every line that is wrong."""
        try:
            file = OpenFile(os.open(self.path, _OPEN_FLAGS))
            found = file.stat()
            self._refuse_odd(found)
            content = file.read(0, found.st_size)
        except FileNotFoundError:
            return (), {}
        except OSError as error:
            raise self._unreadable(error) from None
        hashes: _Hashes = {}
        problems: list[Problem] = []
        for line, row in _rows(content):
            if isinstance(row, tuple) and hashes.setdefault(row[0].casefold(), row) is not row:
                problems.append(self._problem(line, f"the ID {row[0]} stands twice"))
            elif isinstance(row, str):
                problems.append(self._problem(line, row))
        if problems:
            raise PinsError(problems)
        return _signs(found), hashes

    def _refuse_odd(self, found: os.stat_result) -> None:
        """Raise PinsError for what cannot be a file of PINs, or what others can read."""
        if not stat.S_ISREG(found.st_mode):
            raise PinsError([self._problem(1, "this is no plain file", "put it elsewhere")])
        if found.st_mode & 0o077:
            message = "the file of PINs can be read by others"
            raise PinsError([self._problem(1, message, f"chmod 600 {self.path}")])
        if found.st_size > MAX_BYTES:
            raise PinsError([self._problem(1, f"the file is larger than {MAX_BYTES} bytes")])

    def _unreadable(self, error: OSError) -> PinsError:
        """Return the failure that an error of the operating system means."""
        hint = "let the user of the server own the file, a plain one"
        return PinsError([self._problem(1, f"the file of PINs cannot be read: {error.strerror}", hint)])

    def _problem(self, line: int, message: str, hint: str = "") -> Problem:
        """Return what is wrong at a line of the file."""
        hint = hint or "take this line out and give a new PIN with `attendance pins new`"
        return Problem(path=self.path, line=line, column=1, message=message, hint=hint)


def _rows(content: bytes) -> Iterator[tuple[int, tuple[str, str] | str]]:
    """Yield each row's line with its ID and hash, or with what is wrong with it; no hash is told."""
    try:
        reader = csv.reader(io.StringIO(content.decode("ascii"), newline=""), strict=True)
    except UnicodeDecodeError as error:
        yield 1 + content.count(b"\n", 0, error.start), "a character is no ASCII"
        return
    try:
        if next(reader, []) != _COLUMNS:
            yield 1, f"the first row must be {','.join(_COLUMNS)}"
            return
        for fields in reader:
            yield reader.line_num, _row(fields)
    except csv.Error as error:
        yield reader.line_num, f"this is not CSV: {error}"


def _row(fields: list[str]) -> tuple[str, str] | str:
    """Return the ID and the hash of a row, or what is wrong with it."""
    if len(fields) != len(_COLUMNS):
        return f"a row is {','.join(_COLUMNS)}"
    try:
        employee_id = clean_employee_id(fields[0])
    except InvalidInputError as error:
        return " ".join(error.fields.values())
    return (employee_id, fields[1]) if _HASH.fullmatch(fields[1]) else "this is no hash of a PIN"


def _packed(hashes: Mapping[str, tuple[str, str]]) -> bytes:
    """Return the content of a file; a hash has commas, so it is quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *hashes.values()])
    return text.getvalue().encode("ascii")


def _random_pin() -> str:
    """Return six random digits; the first is no zero, which a spreadsheet would take away."""
    drawn = (str(100_000 + secrets.randbelow(900_000)) for _ in count())
    return next(pin for pin in drawn if not _is_trivial(pin))


def _is_trivial(pin: str) -> bool:
    """Tell whether a PIN is one digit over and over, or a run up or down."""
    return {(int(later) - int(earlier)) % 10 for earlier, later in pairwise(pin)} in _STEADY


def _signs(found: os.stat_result) -> _Signs:
    """Return what changes with every change of the file or its mode."""
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
