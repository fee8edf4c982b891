"""Own how rows are counted by DuckDB, which is imported when it is needed: what it reads is handed to it, by a pipe.

It knows no zone: rows tell their instants themselves, and work dates are told to it as `Stretch`. It does not look as
closely at a line as the codec does: where somebody wrote a blank instead of the T of a time, it counts the row.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fcntl import F_SETPIPE_SZ, fcntl
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple, Self

from attendance.codec import encode_timestamp
from attendance.model import Employee, Kind
from attendance.reporting.stretches import Stretch

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
"""What DuckDB may take for all that is counted at once; a part of a file takes about its own size."""

PIPE_BYTES = 1 << 20

_TICK = timedelta(microseconds=1)
_EPOCH = datetime.fromtimestamp(0, UTC)
_KINDS = (*Kind,)
_UNKNOWN = 255

_ROWS = """
    SELECT CASE WHEN {ours} AND Name IS NOT NULL THEN epoch_us(Timestamp::TIMESTAMPTZ) - {begin}
                ELSE error('no row of this stretch') END AS micros,
           row_number() OVER () AS row, Employee_ID AS id, Status AS status
    FROM read_csv('{path}', header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
                  new_line = '\\n',
                  columns = {{Timestamp: VARCHAR, Employee_ID: VARCHAR, Name: VARCHAR, Status: VARCHAR}})
"""
# Of a person's marks of a date the last one decides, and of those of the kind `present` the first.
_PEOPLE = """
    SELECT micros // {length} AS day, id, max((row << 8) + {kind}) AS last, min({came}) AS came, count(*) AS marks
    FROM ({rows}) GROUP BY day, id
"""
_COUNTED = """
    SELECT day, last & 255 AS kind, {member} AS member, coalesce(came - day * {length} > {due}, false) AS late,
           count(*), sum(marks)::BIGINT, list(people.id) FILTER (NOT {member})
    FROM ({people}) AS people {join} {without} GROUP BY 1, 2, 3, 4
"""
_JOIN = """
    LEFT JOIN members ON members.id = people.id AND day + {first} BETWEEN members.from_day AND members.until_day
"""

_APART = "CREATE TEMP TABLE apart AS SELECT unnest($1::BIGINT[]) AS day, unnest($2::VARCHAR[]) AS id"
_KEPT_APART = """
    SELECT micros // {length}, micros, id, status
    FROM kept SEMI JOIN apart ON apart.day = micros // {length} AND apart.id = kept.id ORDER BY row
"""
_MEMBERS = """
    CREATE TABLE members AS
    SELECT unnest($1::VARCHAR[]) AS id, unnest($2::INTEGER[]) AS from_day, unnest($3::INTEGER[]) AS until_day
"""


class NotPlainError(Exception):
    """Something among the rows is not as the program writes it today: they must be read one by one."""


class Group(NamedTuple):
    """People of a work date who are alike: the kind of their last mark, None if there is no such status any more."""

    date: date
    kind: Kind | None
    is_member: bool
    late: bool
    people: int
    marks: int
    strangers: Sequence[str]
    """The IDs of those who are no members."""


class Row(NamedTuple):
    """A mark that was asked for by its employee and work date."""

    date: date
    marked_at: datetime
    employee_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What stands in some rows: groups of people, without those who were asked for, and the marks of these."""

    groups: Sequence[Group]
    rows: Sequence[Row]


class Engine:
    """Count the rows of one site; a context, and good for several threads at once."""

    def __init__(self, statuses: Mapping[str, Kind], members: Iterable[Employee] | None) -> None:
        import duckdb  # noqa: PLC0415  # 45 MB: who asks for no range never pays for it

        self._errors = (duckdb.InvalidInputException, duckdb.ConversionException)
        self._labels = list(statuses)
        self._codes = [_KINDS.index(kind) for kind in statuses.values()]
        self._has_members = members is not None
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": "1",  # rows must come in their order; two parts of a file are counted by two threads of ours
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._connection = duckdb.connect(config=config)
        if members is not None:
            self._load(members)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def count(self, stretch: Stretch, pieces: Iterable[bytes], apart: Iterable[tuple[date, str]]) -> Counted:
        """Return what stands in rows of a stretch, which come in pieces; marks of a date by an ID may be kept apart.

        Raise NotPlainError where one of the rows has not the offset that the stretch has there, or is no row.
        """
        pairs = [(on.toordinal() - stretch.first.toordinal(), employee_id) for on, employee_id in apart]
        with closing(self._connection.cursor()) as cursor, _piped(pieces) as path:
            try:
                return self._counted(cursor, stretch, _rows(stretch, path), pairs)
            except self._errors as error:
                raise NotPlainError(str(error)) from None

    def _load(self, members: Iterable[Employee]) -> None:
        """Tell DuckDB who belongs to the site, and when."""
        columns: tuple[list[str], list[int], list[int]] = [], [], []
        for one in members:
            columns[0].append(one.employee_id)
            columns[1].append((one.from_date or date.min).toordinal())
            columns[2].append((one.until_date or date.max).toordinal())
        self._connection.execute(_MEMBERS, list(columns))

    def _counted(
        self, cursor: "DuckDBPyConnection", stretch: Stretch, rows: str, pairs: Sequence[tuple[int, str]]
    ) -> Counted:
        """Return what stands in rows; they are kept for a second look where some are kept apart."""
        apart: list[tuple[int, int, str, str]] = []
        if pairs:
            days, ids = ([pair[side] for pair in pairs] for side in (0, 1))
            cursor.execute(f"CREATE TEMP TABLE kept AS {rows}")
            cursor.execute(_APART, [days, ids])
            apart = cursor.execute(_KEPT_APART.format(length=stretch.length // _TICK)).fetchall()
            rows = "SELECT * FROM kept"
        groups = cursor.execute(self._query(stretch, rows, without=bool(pairs)), self._labels).fetchall()
        if pairs:
            cursor.execute("DROP TABLE kept; DROP TABLE apart")
        return Counted(groups=list(_groups(stretch, groups)), rows=list(_dated(stretch, apart)))

    def _query(self, stretch: Stretch, rows: str, *, without: bool) -> str:
        """Return the question, to which the labels of the statuses are the parameters."""
        kinds = " ".join(f"WHEN ${number} THEN {code}" for number, code in enumerate(self._codes, start=1))
        come = [f"${number}" for number, code in enumerate(self._codes, start=1) if _KINDS[code] is Kind.PRESENT]
        people = _PEOPLE.format(
            length=stretch.length // _TICK,
            kind=f"CASE status {kinds} ELSE {_UNKNOWN} END",
            came=f"CASE WHEN status IN ({', '.join(come)}) THEN micros END" if come else "NULL::BIGINT",
            rows=rows,
        )
        return _COUNTED.format(
            member="(members.id IS NOT NULL)" if self._has_members else "true",
            length=stretch.length // _TICK,
            due="NULL" if stretch.due is None else stretch.due // _TICK,
            people=people,
            join=_JOIN.format(first=stretch.first.toordinal()) if self._has_members else "",
            without="ANTI JOIN apart ON apart.day = people.day AND apart.id = people.id" if without else "",
        )


def _rows(stretch: Stretch, path: str) -> str:
    """Return the question for the rows behind a path: their instants count from the beginning of the stretch."""
    before, after = (_offset_text(offset) for offset in (stretch.offset, stretch.offset_after))
    at, change = "epoch_us(Timestamp::TIMESTAMPTZ)", _microseconds(stretch.changes_at)
    ours = f"suffix(Timestamp, '{after}')"
    if before != after:
        ours = f"suffix(Timestamp, CASE WHEN {at} < {change} THEN '{before}' ELSE '{after}' END)"
    return _ROWS.format(ours=ours, begin=_microseconds(stretch.starts_at), path=path)


def _offset_text(offset: timedelta) -> str:
    """Return how an offset ends the time of a row."""
    return encode_timestamp(_EPOCH, offset)[19:]


def _microseconds(instant: datetime) -> int:
    """Return an instant as DuckDB counts it."""
    return (instant - _EPOCH) // _TICK


def _groups(
    stretch: Stretch, found: Iterable[tuple[int, int, bool, bool, int, int, list[str] | None]]
) -> Iterator[Group]:
    """Yield groups as they were found; raise NotPlainError where a row lies outside of the stretch."""
    for day, code, is_member, late, people, marks, strangers in found:
        if not 0 <= day < stretch.days:
            raise NotPlainError
        kind = None if code == _UNKNOWN else _KINDS[code]
        on = stretch.first + timedelta(days=day)
        yield Group(on, kind, is_member, late, people, marks, strangers or ())


def _dated(stretch: Stretch, found: Iterable[tuple[int, int, str, str]]) -> Iterator[Row]:
    """Yield rows as they were found."""
    for day, at, employee_id, status in found:
        marked_at = stretch.starts_at + at * _TICK
        yield Row(stretch.first + timedelta(days=day), marked_at, employee_id, status)


@contextmanager
def _piped(pieces: Iterable[bytes]) -> Iterator[str]:
    """Have a thread write pieces into a pipe, and give the path to read it at; what is not read is dropped."""
    failures: list[BaseException] = []
    reading, writing = os.pipe()
    fcntl(writing, F_SETPIPE_SZ, PIPE_BYTES)
    feeder = Thread(target=_feed, args=(pieces, writing, failures))
    feeder.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        feeder.join()
        if failures:
            raise failures[0]


def _feed(pieces: Iterable[bytes], writing: int, failures: list[BaseException]) -> None:
    """Write pieces into a pipe until nobody reads it any more."""
    try:
        with os.fdopen(writing, "wb", buffering=0) as pipe, suppress(BrokenPipeError):
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    view = view[pipe.write(view) :]
    except Exception as error:  # noqa: BLE001  # it is raised where the rows are asked for
        failures.append(error)
