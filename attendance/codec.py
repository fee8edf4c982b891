"""Own the bytes of one row: encode a mark or an amendment to its line, decode it again, and refuse what is no row."""

import csv
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from attendance.clock import Month, read_date, read_month
from attendance.errors import MalformedRowError
from attendance.model import Amendment, AmendmentAction, Mark, Moment

HEADER = b"Timestamp,Employee_ID,Name,Status\n"
AMENDMENTS_HEADER = b"Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference\n"
MAX_LINE_BYTES = 2048  # an ID, a name of 100 code points (four bytes each, quoted) and a label stay far below

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)
_YEARS = range(1900, 9999)  # at both ends of the calendar there is no day before or after
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FORMULA = re.compile("[=+@-]")


def encode(mark: Mark) -> bytes:
    """Return the mark as one line of UTF-8 that ends in a line feed, quoted only where RFC 4180 needs it."""
    timestamp = encode_timestamp(mark.marked_at, mark.utc_offset)
    return f"{timestamp},{_quoted(mark.employee_id)},{_quoted(mark.name)},{_quoted(mark.status)}\n".encode()


def decode(line: bytes) -> Mark:
    """Return the mark of a line, with or without its line feed; raise MalformedRowError if it is not a row."""
    timestamp, employee_id, name, status = _fields(line, 4)
    marked_at, utc_offset = decode_timestamp(timestamp)
    return Mark(marked_at=marked_at, utc_offset=utc_offset, employee_id=employee_id, name=name, status=status)


def is_row(line: bytes) -> bool:
    """Tell whether the line is, to the byte, a row as `encode` writes it."""
    try:
        mark = decode(line)
    except MalformedRowError:
        return False
    fields = (mark.employee_id, mark.name, mark.status)
    return all(fields) and not any(map(_CONTROL.search, fields)) and encode(mark) == line


def encode_amendment(amendment: Amendment) -> bytes:
    """Return the amendment as one line of UTF-8, as a mark is; its number is the line's and does not stand in it."""
    fields = (
        _moment_text(amendment.written),
        str(amendment.action),
        about_text(amendment.about),
        amendment.employee_id,
        amendment.name,
        amendment.status,
        amendment.by,
        amendment.reason,
        amendment.reference,
    )
    return (",".join(map(_quoted, fields)) + "\n").encode()


def decode_amendment(line: bytes, number: int) -> Amendment:
    """Return the amendment of a line, which has this number; raise MalformedRowError if it is not one."""
    written, action, about, employee_id, name, status, by, reason, reference = _fields(line, 9)
    try:
        kind = AmendmentAction(action)
    except ValueError:
        raise MalformedRowError("the second field is no action") from None
    return Amendment(
        number=number,
        written=_moment(written),
        action=kind,
        about=_about(about),
        employee_id=employee_id,
        name=name,
        status=status,
        by=by,
        reason=reason,
        reference=reference,
    )


def is_amendment(line: bytes) -> bool:
    """Tell whether the line is, to the byte, an amendment as `encode_amendment` writes it."""
    try:
        one = decode_amendment(line, 0)
    except MalformedRowError:
        return False
    fields = (one.employee_id, one.name, one.status, one.by, one.reason, one.reference)
    unsafe = any(_CONTROL.search(field) or _FORMULA.match(field) for field in fields)
    of_month = one.action in {AmendmentAction.CLOSED, AmendmentAction.REOPENED}
    whole = one.by and isinstance(one.about, Month) is of_month and bool(one.employee_id) is not of_month
    return bool(whole) and not unsafe and encode_amendment(one) == line


def about_text(about: date | Moment | Month) -> str:
    """Return what an amendment speaks of as it stands in its row: `2026-11-20`, a moment, or `2026-11`."""
    return _moment_text(about) if isinstance(about, Moment) else str(about)


@lru_cache(maxsize=1024)
def _about(text: str) -> date | Moment | Month:
    """Return what an amendment speaks of; raise MalformedRowError."""
    try:
        if len(text) == len("2026-11"):
            return read_month(text)
        return read_date(text) if len(text) == len("2026-11-20") else _moment(text)
    except (ValueError, MalformedRowError):
        raise MalformedRowError("the third field is no date, moment or month") from None


def _moment_text(moment: Moment) -> str:
    """Return a moment as it stands in a row."""
    return encode_timestamp(moment.at, moment.utc_offset)


def _moment(text: str) -> Moment:
    """Return the moment of a field; raise MalformedRowError."""
    at, utc_offset = decode_timestamp(text)
    return Moment(at=at, utc_offset=utc_offset)


@lru_cache(maxsize=256)
def encode_timestamp(marked_at: datetime, utc_offset: timedelta) -> str:
    """Return the local time in ISO 8601 with whole seconds and the numeric offset, as it stands in a row."""
    return marked_at.astimezone(timezone(utc_offset)).isoformat(timespec="seconds")


@lru_cache(maxsize=256)
def decode_timestamp(text: str) -> tuple[datetime, timedelta]:
    """Return the instant (aware UTC) and the offset of a row's first field; raise MalformedRowError."""
    if not _TIMESTAMP.fullmatch(text):
        raise MalformedRowError("the first field is not a time with its offset")
    try:
        local = datetime.fromisoformat(text)
        if local.year not in _YEARS:
            raise MalformedRowError("the first field is not a possible time")
        return local.astimezone(UTC), local.utcoffset() or timedelta()
    except (ValueError, OverflowError):
        raise MalformedRowError("the first field is not a possible time") from None


def _fields(line: bytes, columns: int) -> Sequence[str]:
    """Return the fields of a line; raise MalformedRowError unless there are so many."""
    try:
        text = line.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise MalformedRowError("not UTF-8") from None
    fields = _unquoted(text) if '"' in text else text.split(",")
    if len(fields) != columns:
        raise MalformedRowError(f"{len(fields)} fields instead of {columns}")
    return fields


def _quoted(field: str) -> str:
    """Return the field in quotes if it holds a comma or a quote; line ends never get this far."""
    if "," in field or '"' in field:
        return '"' + field.replace('"', '""') + '"'
    return field


def _unquoted(text: str) -> list[str]:
    """Return the fields of a line in which at least one is quoted; raise MalformedRowError where quotes do not pair."""
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        raise MalformedRowError("quotes that do not pair") from None
