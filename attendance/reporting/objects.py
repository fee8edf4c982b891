"""Own what sheets are as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from attendance.codec import encode_timestamp
from attendance.model import Amendment, Mark, Moment
from attendance.timesheet import DaySheet, Entry, MonthSheet, PersonMonth, Sighting, totals_of


def days_object(asked: date | None, sheets: Sequence[DaySheet]) -> dict[str, Any]:
    """Return sheets for JSON: the date that was asked for, or None where it was each site's own today."""
    return {"date": asked.isoformat() if asked else None, "sites": [sheet_object(sheet) for sheet in sheets]}


def sheet_object(sheet: DaySheet) -> dict[str, Any]:
    """Return a sheet for JSON."""
    return {
        "site": sheet.site.site_id,
        "timezone": sheet.site.timezone,
        "date": sheet.date.isoformat(),
        "holiday": sheet.holiday,
        "totals": asdict(sheet.totals),
        "employees": [entry_object(entry) for entry in sheet.entries],
    }


def month_object(sheet: MonthSheet) -> dict[str, Any]:
    """Return a month at a site for JSON; each employee has as many days as the month, None where nothing is to tell."""
    days = zip(sheet.days, sheet.totals or [totals_of(())] * len(sheet.days), strict=True)
    return {
        "site": sheet.site.site_id,
        "timezone": sheet.site.timezone,
        "month": str(sheet.month),
        "totals": asdict(sheet.sum),
        "days": [
            {
                "date": day.date.isoformat(),
                "workday": day.off is None,
                "holiday": day.holiday,
                "totals": asdict(totals),
            }
            for day, totals in days
        ],
        "employees": [_person_object(sheet, person) for person in sheet.people],
    }


def _person_object(sheet: MonthSheet, person: PersonMonth) -> dict[str, Any]:
    """Return a month of an employee for JSON."""
    return {
        "employee_id": person.employee_id,
        "name": person.name,
        "visitor": person.visitor,
        "totals": asdict(person.totals),
        "worked_seconds": _seconds(person.worked),
        "days": [
            {"date": day.date.isoformat(), **own_object(entry)} if entry else None
            for day, entry in zip(sheet.days, person.entries, strict=True)
        ],
    }


def entry_object(entry: Entry) -> dict[str, Any]:
    """Return an entry for JSON."""
    return {
        "employee_id": entry.employee_id,
        "name": entry.name,
        **own_object(entry),
        "seen": _sighting_object(entry.seen) if entry.seen else None,
    }


def own_object(entry: Entry) -> dict[str, Any]:
    """Return what an entry says, without whose it is."""
    return {
        "status": entry.status,
        "kind": str(entry.state),
        "first": _timestamp(entry.first),
        "last": _timestamp(entry.last),
        "late": entry.late,
        "worked_seconds": _seconds(entry.worked),
        "visitor": entry.visitor,
        "amended": entry.amended,
        "trail": [amendment_object(amendment) for amendment in entry.trail],
    }


def _seconds(worked: timedelta | None) -> int | None:
    """Return a time in whole seconds."""
    return None if worked is None else int(worked.total_seconds())


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
