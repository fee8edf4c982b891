"""Own what sheets are as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from attendance.codec import encode_timestamp
from attendance.model import Mark
from attendance.timesheet import DaySheet, Entry


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
        "employees": [_entry_object(entry) for entry in sheet.entries],
    }


def _entry_object(entry: Entry) -> dict[str, Any]:
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
    }


def _timestamp(mark: Mark | None) -> str | None:
    """Return the time of a mark as it stands in the ledger."""
    return encode_timestamp(mark.marked_at, mark.utc_offset) if mark else None
