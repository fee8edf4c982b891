"""Own what days and months were at a site: pure; it derives them and reads nothing."""

from attendance.timesheet.day import (
    Day,
    DaySheet,
    Entry,
    Sighting,
    State,
    Totals,
    day_sheet,
    due_at,
    is_of_another_zone,
    totals_of,
)
from attendance.timesheet.month import MonthSheet, PersonMonth, month_sheet

__all__ = [
    "Day",
    "DaySheet",
    "Entry",
    "MonthSheet",
    "PersonMonth",
    "Sighting",
    "State",
    "Totals",
    "day_sheet",
    "due_at",
    "is_of_another_zone",
    "month_sheet",
    "totals_of",
]
