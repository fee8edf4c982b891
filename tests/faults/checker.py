"""Check a ledger from outside: by what docs/ledger.md says of the file, with no line of the product's code."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

_HEADER = b"Timestamp,Employee_ID,Name,Status\n"
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)


class Row(NamedTuple):
    """One row of a ledger, each field as it stands there."""

    timestamp: str
    employee_id: str
    name: str
    status: str

    @property
    def marked_at(self) -> datetime:
        """Return the instant of the row, aware."""
        return datetime.fromisoformat(self.timestamp)


def rows_in(path: Path) -> list[Row]:
    """Return the rows of a ledger; fail where it is not a header and whole rows in the order of time."""
    content = path.read_bytes()
    assert content.startswith(_HEADER), f"{path} begins with {content[:60]!r}"
    assert content.endswith(b"\n"), f"{path} ends in {content[-60:]!r}"
    assert b"\0" not in content, f"{path} holds a NUL at byte {content.index(0)}"
    assert b"\r" not in content
    rows = [_row(line) for line in content[len(_HEADER) :].split(b"\n")[:-1]]
    for before, after in itertools.pairwise(rows):
        assert before.marked_at <= after.marked_at, f"{after} stands behind {before}"
    return rows


def check_rows(path: Path, acknowledged: Iterable[Row]) -> list[Row]:
    """Return the rows of a ledger; fail where an acknowledged one is not there, or any one is there twice."""
    rows = rows_in(path)
    times = Counter(rows)
    lost = [row for row in acknowledged if not times[row]]
    assert not lost, f"{len(lost)} acknowledged rows are lost, such as {lost[0]}"
    doubled = [row for row, count in times.items() if count > 1]
    assert not doubled, f"{len(doubled)} rows are there twice, such as {doubled[0]}"
    return rows


def _row(line: bytes) -> Row:
    """Return the row of a line; fail where it is none."""
    fields = next(csv.reader([line.decode()], strict=True))
    assert len(fields) == 4, f"{line!r} has {len(fields)} fields"
    assert all(fields), f"{line!r} has an empty field"
    row = Row(*fields)
    assert _TIMESTAMP.fullmatch(row.timestamp), f"{line!r} does not begin with a time and its offset"
    return row
