"""Own what days and months were at a site: pure; it derives them and reads nothing."""

from attendance.timesheet.day import Day, day_sheet, due_at, is_of_another_zone
from attendance.timesheet.month import MonthSheet, PersonMonth, month_sheet
from attendance.timesheet.nouns import THERE, DaySheet, Entry, Sighting, State, Totals, TotalsNow, totals_of
from attendance.timesheet.open_day import OpenDay
from attendance.timesheet.sighting import sightings_in, with_sightings
from attendance.timesheet.year import PersonYear, person_year

__all__ = [
    "THERE",
    "Day",
    "DaySheet",
    "Entry",
    "MonthSheet",
    "OpenDay",
    "PersonMonth",
    "PersonYear",
    "Sighting",
    "State",
    "Totals",
    "TotalsNow",
    "day_sheet",
    "due_at",
    "is_of_another_zone",
    "month_sheet",
    "person_year",
    "sightings_in",
    "totals_of",
    "with_sightings",
]
