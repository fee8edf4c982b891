"""Own the bytes of one row: encode a mark to its line, decode it again, and refuse what is no row."""

import csv
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from attendance.errors import MalformedRowError
from attendance.model import Mark

HEADER = b"Timestamp,Employee_ID,Name,Status\n"
COLUMNS = 4
MAX_LINE_BYTES = 2048  # an ID, a name of 100 code points (four bytes each, quoted) and a label stay far below

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)
_YEARS = range(1900, 9999)  # at both ends of the calendar there is no day before or after
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def encode(mark: Mark) -> bytes:
    """Return the mark as one line of UTF-8 that ends in a line feed, quoted only where RFC 4180 needs it."""
    timestamp = encode_timestamp(mark.marked_at, mark.utc_offset)
    return f"{timestamp},{_quoted(mark.employee_id)},{_quoted(mark.name)},{_quoted(mark.status)}\n".encode()


def decode(line: bytes) -> Mark:
    """Return the mark of a line, with or without its line feed; raise MalformedRowError if it is not a row."""
    try:
        text = line.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise MalformedRowError("not UTF-8") from None
    fields = _unquoted(text) if '"' in text else text.split(",")
    if len(fields) != COLUMNS:
        raise MalformedRowError(f"{len(fields)} fields instead of 4")
    marked_at, utc_offset = decode_timestamp(fields[0])
    return Mark(marked_at=marked_at, utc_offset=utc_offset, employee_id=fields[1], name=fields[2], status=fields[3])


def is_row(line: bytes) -> bool:
    """Tell whether the line is, to the byte, a row as `encode` writes it."""
    try:
        mark = decode(line)
    except MalformedRowError:
        return False
    fields = (mark.employee_id, mark.name, mark.status)
    return all(fields) and not any(map(_CONTROL.search, fields)) and encode(mark) == line


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
