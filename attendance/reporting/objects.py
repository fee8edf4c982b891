"""Own what sheets are as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from attendance.codec import encode_timestamp
from attendance.model import Amendment, Mark, Moment
from attendance.timesheet import DaySheet, Entry, Sighting


def days_object(asked: date | None, sheets: Sequence[DaySheet]) -> dict[str, Any]:
    """Return sheets for JSON: the date that was asked for, or None where it was each site's own today."""
    return {"date": asked.isoformat() if asked else None, "sites": [_sheet_object(sheet) for sheet in sheets]}


def _sheet_object(sheet: DaySheet) -> dict[str, Any]:
    """Return a sheet for JSON."""
    return {
        "site": sheet.site.site_id,
        "timezone": sheet.site.timezone,
        "date": sheet.date.isoformat(),
        "holiday": sheet.holiday,
        "totals": asdict(sheet.totals),
        "employees": [entry_object(entry) for entry in sheet.entries],
    }


def entry_object(entry: Entry) -> dict[str, Any]:
    """Return an entry for JSON."""
    return {
        "employee_id": entry.employee_id,
        "name": entry.name,
        "status": entry.status,
        "kind": str(entry.state),
        "first": _timestamp(entry.first),
        "last": _timestamp(entry.last),
        "late": entry.late,
        "visitor": entry.visitor,
        "amended": entry.amended,
        "trail": [amendment_object(amendment) for amendment in entry.trail],
        "seen": _sighting_object(entry.seen) if entry.seen else None,
    }


def amendment_object(amendment: Amendment) -> dict[str, Any]:
    """Return an amendment for JSON, as it stands beside the value of which it speaks."""
    about = amendment.about
    return {
        "written": encode_timestamp(amendment.written.at, amendment.written.utc_offset),
        "action": str(amendment.action),
        "about": encode_timestamp(about.at, about.utc_offset) if isinstance(about, Moment) else str(about),
        "status": amendment.status or None,
        "by": amendment.by,
        "reason": amendment.reason,
    }


def _sighting_object(seen: Sighting) -> dict[str, Any]:
    """Return for JSON where somebody was seen."""
    return {"site": seen.site.site_id, "timestamp": _timestamp(seen.mark)}


def _timestamp(mark: Mark | None) -> str | None:
    """Return the time of a mark as it stands in the ledger."""
    return encode_timestamp(mark.marked_at, mark.utc_offset) if mark else None
