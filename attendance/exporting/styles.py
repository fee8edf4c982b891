"""Own how the cells of a workbook look: a colour for each state, always beside its word or sign."""

from collections.abc import Mapping
from datetime import timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from attendance.timesheet import State

if TYPE_CHECKING:
    from xlsxwriter.format import Format as Style
    from xlsxwriter.workbook import Workbook

COLOURS: Mapping[State, tuple[str, str]] = {
    State.PRESENT: ("#0B4A1F", "#D7F0DC"),
    State.LEFT: ("#1B3B70", "#DCE6F7"),
    State.ABSENT: ("#7A1410", "#F9D9D6"),
    State.NOT_MARKED: ("#5A4300", "#FFF1C7"),
    State.OFF: ("#444444", "#ECECEC"),
    State.HOLIDAY: ("#46267A", "#E6DDF5"),
    State.UNKNOWN: ("#000000", "#FFFFFF"),
}
"""Ink and ground, with a contrast above 4.5:1."""


class Styles:
    """The styles of one workbook, each made once."""

    def __init__(self, workbook: "Workbook") -> None:
        self._workbook = workbook
        self._states: dict[tuple[State, bool], Style] = {}
        self._moments: dict[timedelta, Style] = {}

    @cached_property
    def title(self) -> "Style":
        """Return the style of a headline."""
        return self._made(bold=True, font_size=14)

    @cached_property
    def head(self) -> "Style":
        """Return the style of the header of a column."""
        return self._made(bold=True, bottom=1, valign="top")

    @cached_property
    def centred_head(self) -> "Style":
        """Return the style of the header of a day."""
        return self._made(bold=True, align="center")

    @cached_property
    def date(self) -> "Style":
        """Return the style of a date."""
        return self._made(num_format="yyyy-mm-dd", align="left")

    @cached_property
    def duration(self) -> "Style":
        """Return the style of hours, which may be more than a day has."""
        return self._made(num_format="[h]:mm:ss")

    def moment(self, utc_offset: timedelta) -> "Style":
        """Return the style of a local time, which shows the offset that it had: a workbook knows no zones."""
        if utc_offset not in self._moments:
            offset = f"{timezone(utc_offset)}".removeprefix("UTC") or "+00:00"
            shown = f'yyyy-mm-dd hh:mm:ss "{offset}"'
            self._moments[utc_offset] = self._made(num_format=shown, align="left")
        return self._moments[utc_offset]

    def state(self, state: State, *, centred: bool = False) -> "Style":
        """Return the style of what a day was."""
        key = (state, centred)
        if key not in self._states:
            ink, ground = COLOURS[state]
            look: dict[str, object] = {"font_color": ink, "bg_color": ground}
            self._states[key] = self._made(**look, align="center", bold=True) if centred else self._made(**look)
        return self._states[key]

    @cached_property
    def quiet(self) -> "Style":
        """Return the style of a day on which nobody is expected."""
        return self._made(bg_color=COLOURS[State.OFF][1])

    @cached_property
    def quiet_head(self) -> "Style":
        """Return the style of the header of such a day."""
        return self._made(bold=True, align="center", bg_color=COLOURS[State.OFF][1])

    @cached_property
    def holiday_head(self) -> "Style":
        """Return the style of the header of a public holiday."""
        ink, ground = COLOURS[State.HOLIDAY]
        return self._made(bold=True, align="center", font_color=ink, bg_color=ground)

    @cached_property
    def bold(self) -> "Style":
        """Return the style of the name of a row of totals."""
        return self._made(bold=True)

    @cached_property
    def sums(self) -> "Style":
        """Return the style of a row of totals."""
        return self._made(bold=True, align="center")

    def _made(self, **look: object) -> "Style":
        """Return a new style of the workbook."""
        return self._workbook.add_format(look)
