"""Own what a time from elsewhere says: an instant and the offset to write with it; refuse what could be another."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from attendance.clock import first_instant, instants_of, to_local
from attendance.errors import RefusedRowError

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)([.,]\d+)?)? ?([Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_FIRST_YEAR, _LAST_YEAR = 1970, 9998  # before it, zones were at offsets that are no whole minutes, and nobody marked
_EARLIEST_OFFSET, _LATEST_OFFSET = timedelta(hours=-12), timedelta(hours=14)
_EXAMPLE = "write it as 2026-10-25T01:30:00+01:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a time says, and the remarks on how it was read that whoever brought it should see."""

    marked_at: datetime
    utc_offset: timedelta
    remarks: tuple[str, ...] = ()


def read_time(text: str, zone: tzinfo) -> Reading:
    """Read a time of a site in `zone`, in ISO 8601; raise RefusedRowError with what to write instead.

    A numeric offset is kept as it stands, also one that the zone did not have then: it is what the row has said since
    it was written, and its local date hangs on it. `Z` and `-00:00` name an instant and no local time (RFC 3339, 4.3;
    RFC 9557, 2.2): the zone's offset is written. Without any offset it is what the clock at the zone showed.
    """
    match = _ISO.fullmatch(text)
    if not match:
        raise RefusedRowError("Timestamp is no time in ISO 8601; which day is meant is not sure", _EXAMPLE)
    *numbers, fraction, offset = match.groups()
    try:
        wall = datetime(*(int(number or 0) for number in numbers))  # type: ignore[arg-type]  # noqa: DTZ001  # six numbers, a wall-clock time
    except ValueError:
        raise RefusedRowError("Timestamp is no possible time", _EXAMPLE) from None
    if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
        raise RefusedRowError(f"Timestamp lies before {_FIRST_YEAR} or after {_LAST_YEAR}", "correct it")
    remarks = ["the fraction of the second is cut off"] if fraction else []
    if numbers[-1] is None:
        remarks.append("without seconds: :00 is written")
    marked_at, utc_offset = _placed(wall, offset, zone, remarks)
    return Reading(marked_at=marked_at, utc_offset=utc_offset, remarks=tuple(remarks))


def _placed(wall: datetime, offset: str | None, zone: tzinfo, remarks: list[str]) -> tuple[datetime, timedelta]:
    """Return the instant of a wall-clock time, and the offset to write with it."""
    if offset is None:
        remarks.append(f"without an offset: it is what a clock at {zone} showed")
        marked_at = _only_instant(wall, zone)
        return marked_at, _offset_at(marked_at, zone)
    if offset in {"Z", "z", "-00:00", "-0000", "-00"}:
        marked_at = wall.replace(tzinfo=UTC)
        return marked_at, _offset_at(marked_at, zone)
    utc_offset = _numeric(offset)
    marked_at = (wall - utc_offset).replace(tzinfo=UTC)
    if utc_offset != _offset_at(marked_at, zone):
        remarks.append(f"an offset that {zone} did not have then; it is kept (for UTC, write Z instead)")
    return marked_at, utc_offset


def _numeric(offset: str) -> timedelta:
    """Return the offset that was written in digits; raise RefusedRowError where no place on earth has it."""
    digits = offset[1:].replace(":", "")
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    utc_offset = -length if offset[0] == "-" else length
    if not _EARLIEST_OFFSET <= utc_offset <= _LATEST_OFFSET or digits[2:] >= "60":
        raise RefusedRowError("Timestamp has an offset that no place has", _EXAMPLE)
    return utc_offset


def _only_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the one instant at which a clock at the zone showed the time; raise RefusedRowError if it is not one."""
    shown = instants_of(wall, zone)
    if len(shown) == 1:
        return shown[0]
    if shown:
        offsets = [_offset_at(instant, zone) for instant in shown]
        reason = f"Timestamp was shown twice at {zone}, when the clock was put back"
    else:
        jump = first_instant(wall, zone)
        offsets = [_offset_at(jump - timedelta(seconds=1), zone), _offset_at(jump, zone)]
        reason = f"Timestamp was never shown at {zone}: the clock was put forward over it"
    choices = [wall.replace(tzinfo=timezone(utc_offset)).isoformat() for utc_offset in offsets]
    raise RefusedRowError(reason, f"write {' or '.join(choices)}")


def _offset_at(instant: datetime, zone: tzinfo) -> timedelta:
    """Return the offset that the zone had at the instant."""
    return to_local(instant, zone).utcoffset() or timedelta()
