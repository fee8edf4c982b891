"""Own a month as a sheet of a workbook: employees by days, a sign in each cell, totals at both ends."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

from attendance.exporting.cells import text_cell
from attendance.exporting.styles import Styles
from attendance.reporting.legend import LEGEND, sign_of
from attendance.timesheet import Day, MonthSheet, PersonMonth, State, Totals

if TYPE_CHECKING:
    from xlsxwriter.format import Format as Style
    from xlsxwriter.worksheet import Worksheet

TOTALS = ("Present", "Absent", "Late", "Not marked", "Off")
_NUMBERS_ROW, _WEEKDAYS_ROW, _FIRST_ROW = 4, 5, 6
_FIRST_DAY = 2
_DAY_SECONDS = 86_400


def write_grid(sheet: "Worksheet", styles: Styles, month: MonthSheet) -> None:
    """Write the month; days on which nobody is expected are shaded, and public holidays named above."""
    _write_head(sheet, styles, month)
    for at, person in enumerate(month.people, _FIRST_ROW):
        _write_person(sheet, styles, at, month.days, person)
    _write_sums(sheet, styles, _FIRST_ROW + len(month.people) + 1, month)
    last_day = _FIRST_DAY + len(month.days) - 1
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 14)
    sheet.set_column(_FIRST_DAY, last_day, 4.5)
    sheet.set_column(last_day + 1, last_day + len(TOTALS) + 1, 11)
    sheet.freeze_panes(_FIRST_ROW, _FIRST_DAY)
    sheet.repeat_rows(_NUMBERS_ROW, _WEEKDAYS_ROW)


def _write_head(sheet: "Worksheet", styles: Styles, month: MonthSheet) -> None:
    """Write what the sheet is, the legend, the holidays, and a number and a weekday above each column of a day."""
    sheet.write_string(0, 0, text_cell(f"{month.site.name}, {month.month.first:%B %Y}"), styles.title)
    sheet.write_string(1, 0, text_cell(LEGEND))
    holidays = [f"{day.date.day} {day.holiday}" for day in month.days if day.holiday]
    sheet.write_string(2, 0, text_cell("Public holidays: " + ", ".join(holidays) if holidays else ""))
    for row, names in {_NUMBERS_ROW: ("Name", "Employee ID"), _WEEKDAYS_ROW: ("", "")}.items():
        for number, name in enumerate(names):
            sheet.write_string(row, number, name, styles.head)
        for number, day in enumerate(month.days, _FIRST_DAY):
            shown = f"{day.date.day}" if row == _NUMBERS_ROW else f"{day.date:%a}"
            sheet.write_string(row, number, shown, _head_style(styles, day))
        if row == _WEEKDAYS_ROW:
            for number, name in enumerate((*TOTALS, "Hours"), _FIRST_DAY + len(month.days)):
                sheet.write_string(row, number, name, styles.head)


def _head_style(styles: Styles, day: Day) -> "Style":
    """Return the style of the header of a day."""
    if day.off is None:
        return styles.centred_head
    return styles.holiday_head if day.off is State.HOLIDAY else styles.quiet_head


def _write_person(sheet: "Worksheet", styles: Styles, at: int, days: Sequence[Day], person: PersonMonth) -> None:
    """Write the row of an employee."""
    name = f"{person.name} (visitor)" if person.visitor else person.name
    sheet.write_string(at, 0, text_cell(name))
    sheet.write_string(at, 1, text_cell(person.employee_id))
    for number, (day, entry) in enumerate(zip(days, person.entries, strict=True), _FIRST_DAY):
        if entry:
            sheet.write_string(at, number, text_cell(sign_of(entry)), styles.state(_shown(entry.state), centred=True))
        elif day.off:
            sheet.write_blank(at, number, None, styles.quiet)
    behind = _FIRST_DAY + len(days)
    _write_totals(sheet, styles, at, behind, person.totals)
    if person.worked is not None:
        sheet.write_number(at, behind + len(TOTALS), person.worked.total_seconds() / _DAY_SECONDS, styles.duration)


def _shown(state: State) -> State:
    """Return in which colour a day is shown: who left again was present, as the sign says."""
    return State.PRESENT if state is State.LEFT else state


def _write_totals(sheet: "Worksheet", styles: Styles, at: int, behind: int, totals: Totals) -> None:
    """Write the totals of an employee, or of all."""
    for number, count in enumerate(astuple(totals), behind):
        sheet.write_number(at, number, count, styles.sums)


def _write_sums(sheet: "Worksheet", styles: Styles, at: int, month: MonthSheet) -> None:
    """Write below the days how many there were, a row for each of the totals, and in the corner those of the month."""
    columns = [astuple(totals) for totals in month.totals]
    for number, name in enumerate(TOTALS):
        sheet.write_string(at + number, 0, name, styles.bold)
        for place, column in enumerate(columns, _FIRST_DAY):
            sheet.write_number(at + number, place, column[number], styles.sums)
        every_day = sum(column[number] for column in columns)
        sheet.write_number(at + number, _FIRST_DAY + len(month.days) + number, every_day, styles.sums)
