"""Own a day that goes on: derived as any other day, but mark by mark as they come; it reads nothing."""

from collections.abc import Iterable, Mapping
from datetime import date

from attendance.model import Amendment, Employee, Mark, Site
from attendance.timesheet.day import Day, key_of
from attendance.timesheet.nouns import DaySheet, Entry, TotalsNow, totals_now_of


class OpenDay:
    """A work date at a site to which marks are added, in the order of the ledger: what `day_sheet` makes of them.

    `employees` is the roster, by IDs in small letters, or None.
    """

    def __init__(
        self,
        site: Site,
        work_date: date,
        employees: Mapping[str, Employee] | None,
        amendments: Iterable[Amendment] = (),
    ) -> None:
        self._site = site
        self._day = Day(site, work_date)
        self._has_roster = employees is not None
        self._known = employees or {}
        self._belong = [key for key, employee in self._known.items() if employee.belongs_on(work_date)]
        self._marks: dict[str, list[Mark]] = {}
        self._trails: dict[str, list[Amendment]] = {}
        for amendment in amendments:
            if self._day.is_of(amendment):
                self._trails.setdefault(key_of(amendment.employee_id, self._known), []).append(amendment)
        self._entries: dict[str, Entry] = {key: self._entry(key) for key in (*self._belong, *self._trails)}

    def add(self, mark: Mark) -> Entry | None:
        """Return what the day is now for whoever marked; None where the mark counts for another work date."""
        if not self._day.is_of(mark):
            return None
        key = key_of(mark.employee_id, self._known)
        self._marks[key] = [*self._marks.get(key, ()), mark]  # entries keep theirs as they were
        entry = self._entries[key] = self._entry(key)
        return entry

    def entry_of(self, mark: Mark) -> Entry | None:
        """Return what the day is now for whoever made a mark that was added; None where it counts for another one."""
        return self._entries.get(key_of(mark.employee_id, self._known)) if self._day.is_of(mark) else None

    @property
    def totals_now(self) -> TotalsNow:
        """Return how many are what."""
        return totals_now_of(self._entries.values())

    def sheet(self) -> DaySheet:
        """Return the day as it is now."""
        order = dict.fromkeys((*self._belong, *self._marks, *self._trails))
        entries = [self._entries[key] for key in order]
        return DaySheet(site=self._site, date=self._day.date, holiday=self._day.holiday, entries=entries)

    def _entry(self, key: str) -> Entry:
        """Return what the day is for somebody."""
        marks, trail = self._marks.get(key, []), self._trails.get(key, [])
        return self._day.entry(self._known.get(key), marks, trail, has_roster=self._has_roster)
