"""Own what something else made of a ledger or its amendments: which rows it changed, removed or added, one by one."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from io import StringIO
from itertools import zip_longest
from pathlib import Path

from attendance.codec import HEADER
from attendance.errors import ForeignTableError
from attendance.files import quarantine
from attendance.foreign import read_table

MAX_TOLD = 1000
"""So many rows are listed; of more than that only the number is told."""

_MAX_NUMBERS = 20
_MAX_BYTES = 64 << 20
_MAX_COLUMNS = 64
_MAX_PAIRS = 4_000_000
_KEPT = re.compile(r"\.replaced-(\d{1,15})(?:-lost-(\d{1,15}))?(?:\.\d+)?")

_Row = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One row that differs: its fields as they were and as they became, and its number (the header is row 1).

    A row that was removed has its number in the ledger, the others have theirs in the file that was kept.
    """

    number: int
    was: Sequence[str]
    became: Sequence[str]

    @property
    def kind(self) -> str:
        """Return `changed`, `removed` or `added`."""
        return "changed" if self.was and self.became else "removed" if self.was else "added"

    def __str__(self) -> str:
        """Return what happened to the row in one line."""
        told = [f"was {_line(self.was)}"] if self.was else []
        told += [f"became {_line(self.became)}"] if self.became else []
        where = " of the ledger" if self.kind == "removed" else ""
        return f"row {self.number}{where} {self.kind}: {'; '.join(told)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """All that differs between a ledger and a version of it that was kept, or why that cannot be told by row."""

    edits: Sequence[Edit] = ()
    problem: str = ""
    lost_bytes: int = 0

    @property
    def summary(self) -> str:
        """Return how many rows differ and the numbers of the first: no name and no ID stands in it."""
        lost = f"the last {self.lost_bytes} bytes that were committed before are lost; " if self.lost_bytes else ""
        if self.problem:
            return f"{lost}cannot be compared by row: {self.problem}"
        told = [self._told(kind) for kind in ("changed", "removed", "added")]
        return lost + ("; ".join(filter(None, told)) or "the same rows in another form")

    def _told(self, kind: str) -> str:
        """Return how many rows of a kind there are, and the numbers of the first."""
        numbers = [str(edit.number) for edit in self.edits if edit.kind == kind]
        shown = ", ".join(numbers[:_MAX_NUMBERS]) + (", ..." if len(numbers) > _MAX_NUMBERS else "")
        where = " of the ledger" if kind == "removed" else ""
        return f"{len(numbers)} {kind} (row {shown}{where})" if numbers else ""

    def text(self) -> str:
        """Return the list for people."""
        lines = [str(edit) for edit in self.edits[:MAX_TOLD]]
        if len(self.edits) > MAX_TOLD:
            lines.append(f"and {len(self.edits) - MAX_TOLD} more")
        stands = "The ledger is as it was: none of this is in it."
        if self.lost_bytes:
            stands = "The ledger is as it was, but for what is lost: whoever marked just before should mark again."
        return "\n".join([self.summary, stands, *lines, ""])


def kept_versions(csv_path: Path) -> list[Path]:
    """Return what was kept of a ledger in `quarantine/` when something else edited or replaced it."""
    folder = quarantine(csv_path)
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    prefix = csv_path.name
    return [folder / name for name in names if name.startswith(prefix) and _KEPT.fullmatch(name, len(prefix))]


def has_lost_rows(kept_path: Path) -> bool:
    """Tell whether rows that were committed could not be had any more when this was kept."""
    return "-lost-" in kept_path.name


def find_edits(csv_path: Path, kept_path: Path, header: bytes = HEADER) -> Edits:
    """Return what a version that was kept says otherwise than the file did when it was put back. Raise OSError.

    `header` is the first line of such a file, which names its columns.
    """
    found = _KEPT.fullmatch(kept_path.name, len(csv_path.name))
    size, lost = (int(found[1]), int(found[2] or 0)) if found else (0, 0)
    if lost and not kept_path.lstat().st_size:
        return Edits(problem="it was deleted", lost_bytes=lost)
    try:
        theirs = list(_their_rows(kept_path, header.decode().rstrip("\n").split(",")))
    except ForeignTableError as error:
        return Edits(problem=str(error), lost_bytes=lost)
    return Edits(edits=list(_differences(list(_our_rows(csv_path, size)), theirs)), lost_bytes=lost)


def _line(fields: Sequence[str]) -> str:
    """Return the fields as one line of CSV."""
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _our_rows(path: Path, size: int) -> Iterator[_Row]:
    """Yield the rows in the first bytes of a ledger."""
    with path.open("rb") as file:
        lines = file.read(min(size, path.stat().st_size)).decode(errors="replace").split("\n")[1:-1]
    for number, line in enumerate(lines, start=2):
        yield number, tuple(next(csv.reader([line]), []) if '"' in line else line.split(","))


def _their_rows(path: Path, names: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows of a table that something else saved, in the order of our columns; raise ForeignTableError."""
    if path.is_symlink():
        raise ForeignTableError(path, "it is a symbolic link")
    if path.stat().st_size > _MAX_BYTES:
        raise ForeignTableError(path, f"it is larger than {_MAX_BYTES >> 20} MiB")
    table = read_table(path)
    if len(table.header) > _MAX_COLUMNS:
        raise ForeignTableError(path, f"it has {len(table.header)} columns")
    columns = [table.column(name) for name in names]
    for row in table.rows():
        if row.problem:
            yield row.number, (row.problem,)
        else:
            yield row.number, tuple(row.fields[at] if at is not None else "" for at in columns)


def _differences(ours: Sequence[_Row], theirs: Sequence[_Row]) -> Iterator[Edit]:
    """Yield the rows that differ."""
    start = _common(ours, theirs)
    end = _common(ours[start:][::-1], theirs[start:][::-1])
    ours, theirs = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
    if len(ours) * len(theirs) > _MAX_PAIRS:  # to find the shortest list would take too long
        if len(ours) == len(theirs):  # changed where they stand, as a spreadsheet does
            yield from (_edit(one, other) for one, other in zip(ours, theirs, strict=True) if one[1] != other[1])
        else:
            yield from _without_order(ours, theirs)
        return
    matcher = SequenceMatcher(None, [row for _, row in ours], [row for _, row in theirs], autojunk=False)
    for tag, ours_from, ours_to, theirs_from, theirs_to in matcher.get_opcodes():
        if tag == "equal":
            continue
        for one, other in zip_longest(ours[ours_from:ours_to], theirs[theirs_from:theirs_to]):
            yield _edit(one, other)


def _edit(one: _Row | None, other: _Row | None) -> Edit:
    """Return what became of one row, or that it went, or came."""
    number = (other or one or (0,))[0]
    return Edit(number=number, was=one[1] if one else (), became=other[1] if other else ())


def _common(ours: Sequence[_Row], theirs: Sequence[_Row]) -> int:
    """Return how many rows at the beginning are the same."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((at for at, (one, other) in pairs if one[1] != other[1]), min(len(ours), len(theirs)))


def _without_order(ours: Sequence[_Row], theirs: Sequence[_Row]) -> Iterator[Edit]:
    """Yield the rows that only one has, as removed and as added."""
    for rows, others, ours_first in ((ours, theirs, True), (theirs, ours, False)):
        left = Counter(row for _, row in others)
        for number, row in rows:
            left[row] -= 1
            if left[row] < 0:
                yield Edit(number=number, was=row if ours_first else (), became=() if ours_first else row)
