"""Own the file of a roster: read it again whenever it changed, and refuse a broken one by row."""

import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType

from attendance.errors import MAX_REASONS, Problem, RosterError
from attendance.mangled import made_of, may_be_mangled
from attendance.model import Employee
from attendance.roster.nouns import Roster
from attendance.roster.rows import read_rows

MAX_BYTES = 64 << 20
MAX_PEOPLE = 1_000_000
MAX_MISTAKES = MAX_REASONS
"""So many mistakes are told of a roster: with the last of them its reading stops, so that it takes no memory more."""

_NOBODY = Roster(employees={})
_HINT = "mend this row; the roster is used again as soon as the file is right"


@dataclass(frozen=True, slots=True)
class _People:
    """Who was read so far, by ID and by badge in lower case, and at which line each ID stands."""

    lines: dict[str, int] = field(default_factory=dict)
    employees: dict[str, Employee] = field(default_factory=dict)
    badges: dict[str, tuple[int, Employee]] = field(default_factory=dict)

    def mistakes(self, text: str) -> Iterator[tuple[int, str]]:
        """Read a roster, and yield the lines that are wrong as they come."""
        for line, row in read_rows(text):
            if isinstance(row, str):
                yield line, row
                continue
            key = row.employee_id.casefold()
            self.lines.setdefault(key, line)
            if self.employees.setdefault(key, row) is not row:
                yield line, f"the ID {row.employee_id} stands twice"
            if row.badge and self.badges.setdefault(row.badge.casefold(), (line, row))[1] is not row:
                yield line, "this badge stands twice"
            if len(self.employees) > MAX_PEOPLE:
                yield line, f"the roster has more than {MAX_PEOPLE:,} people"
                return


class RosterFile:
    """The roster of one site as its file stands now.

    `marked_ids` gives IDs, in lower case, under which people marked lately: what a spreadsheet made of one of those, or
    of one that was in force, is refused. It is asked only where an ID reads as a number, when the file changed.
    """

    def __init__(self, path: Path, marked_ids: Callable[[], Collection[str]] = frozenset) -> None:
        self._path = path
        self._marked_ids = marked_ids
        self._read: tuple[tuple[int, int, int] | None, Roster | RosterError] = (None, _NOBODY)
        self._sound = _NOBODY

    def current(self) -> Roster:
        """Return the roster, read again if the file changed since the last call; raise RosterError."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            known, outcome = self._read
            if version != known:
                outcome = self._load()
                self._read = (version, outcome)  # together: several sites ask at once, each in its thread
        except OSError as error:
            outcome = self._unreadable(error)
        if isinstance(outcome, RosterError):
            raise RosterError(outcome.problems)
        return outcome

    def _load(self) -> Roster | RosterError:
        """Return the roster, or what is wrong with it: a large broken one is not read again for every mark."""
        try:
            self._sound = load_roster(self._path, self._known_ids)
        except RosterError as error:
            return error
        return self._sound

    def _known_ids(self) -> Collection[str]:
        """Return the IDs that were in force, and those under which people marked."""
        return {*self._sound.employees, *self._marked_ids()}

    def _unreadable(self, error: OSError) -> RosterError:
        """Return the failure that an error of the operating system means."""
        message = f"the roster cannot be read: {error.strerror}"
        hint = "write a CSV file with the columns Employee_ID,Name, or remove `roster:` from the site"
        return RosterError([_problem(self._path, 1, message, hint)])


def load_roster(path: Path, known_ids: Callable[[], Collection[str]] = frozenset) -> Roster:
    """Read a roster file: UTF-8 CSV with the columns Employee_ID and Name first; Badge, From and Until may follow.

    Other columns are passed over. An ID that a spreadsheet made of a known one is refused, as long as that one does not
    stand there too. Raise RosterError with the rows that are wrong, the first MAX_MISTAKES of them, or OSError.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise RosterError([_problem(path, 1, "the roster is no plain file")])
    if found.st_size > MAX_BYTES:
        raise RosterError([_problem(path, 1, f"the roster is larger than {MAX_BYTES} bytes")])
    return parse_roster(path, path.read_bytes(), known_ids)


def parse_roster(path: Path, content: bytes, known_ids: Callable[[], Collection[str]] = frozenset) -> Roster:
    """Return the roster that the bytes of a file are, or would be.

    Raise RosterError with the rows that are wrong, the first MAX_MISTAKES of them.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "the roster is not UTF-8; in a spreadsheet, save it as `CSV UTF-8`"
        raise RosterError([_problem(path, 1, message)]) from None
    people = _People()
    found = chain(
        people.mistakes(text),
        _taken_for_ids(people.badges, people.employees),
        _made_by_spreadsheets(people.lines, known_ids),
    )
    if mistakes := list(islice(found, MAX_MISTAKES)):
        raise RosterError([_problem(path, line, message) for line, message in sorted(mistakes)])
    return Roster(
        employees=MappingProxyType(people.employees),
        badges=MappingProxyType({badge: employee for badge, (_, employee) in people.badges.items()}),
        has_dates=any(one.from_date or one.until_date for one in people.employees.values()),
    )


def _taken_for_ids(
    badges: Mapping[str, tuple[int, Employee]], employees: Mapping[str, Employee]
) -> Iterator[tuple[int, str]]:
    """Yield the lines of badges that are the IDs of others: at a kiosk they would stand for those."""
    for badge, (line, holder) in badges.items():
        if badge in employees and badge != holder.employee_id.casefold():
            yield line, "this badge is the ID of somebody else"


def _made_by_spreadsheets(
    lines: Mapping[str, int], known_ids: Callable[[], Collection[str]]
) -> Iterator[tuple[int, str]]:
    """Yield the lines of IDs that a spreadsheet made of known ones."""
    if any(map(may_be_mangled, lines)):
        for key, original in made_of(lines, known_ids()).items():
            yield lines[key], _changed_id(key.upper(), original.upper())


def _changed_id(fresh: str, original: str) -> str:
    """Return what is told of an ID that a spreadsheet made of a known one, and the way out if it did not."""
    return (
        f"{fresh} is not known, but {original} is, and does not stand here: did a spreadsheet change it? "
        f"Write {original}; if {fresh} is right, keep {original} in a row of its own with an Until date"
    )


def _problem(path: Path, line: int, message: str, hint: str = _HINT) -> Problem:
    """Return what is wrong at a line of the file."""
    return Problem(path=path, line=line, column=1, message=message, hint=hint)
