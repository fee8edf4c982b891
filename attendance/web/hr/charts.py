"""Own where figures lie in a drawing: bars, steps, hours of work; templates draw, and nothing here knows a colour."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from attendance.clock import first_instant, to_local
from attendance.model import Kind, Site
from attendance.reporting.charts import QUARTER, Bar, SunDay, SunRow, arrivals
from attendance.timesheet import Day, DaySheet, due_at
from attendance.web.hr.troubles import Trouble

BAR_WIDTH, BAR_HEIGHT = 16, 96
AROUND = 4  # quarters without anybody that are drawn before the first and after the last
ROW_HEIGHT, AREA_HEIGHT = 76, 36
AXIS_WIDTH = 960
WORK_HOURS = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A bar of the chart of arrivals: where it begins, how high it is, and how high the part of those who are late."""

    bar: Bar
    x: int
    height: float
    late_height: float

    @property
    def is_hour(self) -> bool:
        """Tell whether an hour begins with it."""
        return self.bar.local.minute == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalsChart:
    """When people came on a day: the quarters around those in which anybody did."""

    columns: Sequence[Column]
    came: int
    peak: Bar
    first: Bar
    last: Bar
    due_x: float | None
    due_local: datetime | None

    @property
    def width(self) -> int:
        """Return how wide it is."""
        return len(self.columns) * BAR_WIDTH


def arrivals_chart(sheet: DaySheet) -> ArrivalsChart | None:
    """Return the chart of a day, or None where nobody came."""
    bars = arrivals(sheet)
    some = [number for number, bar in enumerate(bars) if bar.count]
    if not some:
        return None
    shown = bars[max(0, some[0] - AROUND) : some[-1] + AROUND + 1]
    peak = max(shown, key=lambda bar: bar.count)
    due = due_at(sheet.site, sheet.date, sheet.site.zone)
    at = (due - shown[0].starts_at) / QUARTER if due else -1.0
    inside = 0 <= at <= len(shown)
    return ArrivalsChart(
        columns=[
            Column(
                bar=bar,
                x=number * BAR_WIDTH,
                height=round(bar.count / peak.count * BAR_HEIGHT, 1),
                late_height=round(bar.late / peak.count * BAR_HEIGHT, 1),
            )
            for number, bar in enumerate(shown)
        ],
        came=sum(bar.count for bar in bars),
        peak=peak,
        first=bars[some[0]],
        last=bars[some[-1]],
        due_x=round(at * BAR_WIDTH, 1) if inside else None,
        due_local=to_local(due, sheet.site.zone) if due and inside else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the axis of a day of UTC."""

    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where a work date of a site begins on the axis."""

    x: float
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a site's clock shows at an hour of UTC, and how many were in then; None where that is not known yet.

    It is `unsure` where so many were in at most: whether they have left cannot be known.
    """

    x: float
    local: datetime
    count: int | None
    unsure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SunLine:
    """A site in the chart that follows the sun; without steps it could not be read, and `problem` says why.

    `unsure` goes around those who may have left: where nobody marks that, and the hours of work are over.
    """

    site: Site
    y: int
    work: Sequence[Stretch] = ()
    turns: Sequence[Turn] = ()
    readings: Sequence[Reading] = ()
    outline: str = ""
    unsure: str = ""
    peak: int = 0
    people: int | None = None
    problem: Trouble | None = None


def sun_line(row: SunRow, number: int, utc_day: date, until: datetime) -> SunLine:
    """Return a site as the row of this number; nothing is drawn of what comes after the instant `until`.

    How many were in is drawn against the roster, without one against the most that were in.
    """
    x_of = axis(utc_day)
    end = max(0.0, min(x_of(until), AXIS_WIDTH))
    steps = [(x_of(step.at), step.count) for step in row.steps]
    unsure = [stretch for day in row.days for stretch in _unsure(row.site, day, x_of)]
    most = max(row.peak, row.people or 0)
    return SunLine(
        site=row.site,
        y=number * ROW_HEIGHT,
        work=[stretch for day in row.days for stretch in _work(row.site, day, x_of)],
        turns=[Turn(x=x_of(day.starts_at), date=day.date) for day in row.days],
        readings=list(_readings(row.site, steps, unsure, utc_day, end)),
        outline=_outlines(steps, _between(unsure, end), end, most),
        unsure=_outlines(steps, unsure, end, most),
        peak=row.peak,
        people=row.people,
    )


def axis(utc_day: date) -> Callable[[datetime], float]:
    """Return what tells where an instant lies on the axis of a day."""
    starts_at = datetime.combine(utc_day, time(), UTC)
    return lambda at: round((at - starts_at) / timedelta(days=1) * AXIS_WIDTH, 1)


def _begins(site: Site, day: SunDay) -> datetime | None:
    """Return when people are expected to begin work on a day, or None where nobody is, or no plan says when."""
    start = site.plan.start_time
    if start is None or Day(site, day.date).off:
        return None
    return first_instant(datetime.combine(day.date + timedelta(days=start < site.day_start), start), site.zone)


def _work(site: Site, day: SunDay, x_of: Callable[[datetime], float]) -> Iterator[Stretch]:
    """Yield where people are expected to work: eight hours from their start, on days on which anybody is expected."""
    begins = _begins(site, day)
    if begins:
        yield from _stretch(max(0.0, x_of(begins)), min(x_of(begins + WORK_HOURS), AXIS_WIDTH))


def _unsure(site: Site, day: SunDay, x_of: Callable[[datetime], float]) -> Iterator[Stretch]:
    """Yield where nobody knows who is still in: after the hours of work, at a site where leaving is not marked.

    Without a plan these are counted from when the first came.
    """
    begins = _begins(site, day) or day.came_at
    if begins and Kind.LEFT not in site.statuses.values():
        yield from _stretch(x_of(max(begins + WORK_HOURS, day.starts_at)), x_of(day.ends_at))


def _stretch(start: float, end: float) -> Iterator[Stretch]:
    """Yield the part of the axis between two places, if there is any."""
    if start < end:
        yield Stretch(x=start, width=round(end - start, 1))


def _between(stretches: Sequence[Stretch], end: float) -> Iterator[Stretch]:
    """Yield what lies around stretches of the axis, up to its end."""
    start = 0.0
    for stretch in stretches:
        yield from _stretch(start, min(stretch.x, end))
        start = stretch.x + stretch.width
    yield from _stretch(start, end)


def _readings(
    site: Site, steps: Sequence[tuple[float, int]], unsure: Sequence[Stretch], utc_day: date, end: float
) -> Iterator[Reading]:
    """Yield what the clock of a site shows every three hours of UTC, with how many were in."""
    midnight = datetime.combine(utc_day, time(), UTC)
    for hour in range(0, 24, 3):
        x = hour * AXIS_WIDTH / 24
        count = next((count for at, count in reversed(steps) if at <= x), 0)
        yield Reading(
            x=x,
            local=to_local(midnight + timedelta(hours=hour), site.zone),
            count=count if x <= end else None,
            unsure=count > 0 and x <= end and any(one.x <= x < one.x + one.width for one in unsure),
        )


def _outlines(steps: Sequence[tuple[float, int]], stretches: Iterable[Stretch], end: float, most: int) -> str:
    """Return the path around how many were in on stretches of the axis, as far as its end is reached."""
    parts = []
    for stretch in stretches:
        stop = min(stretch.x + stretch.width, end)
        if stretch.x < stop:
            held = [count for x, count in steps if x <= stretch.x][-1:]
            within = [(x, count) for x, count in steps if stretch.x < x < stop]
            parts.append(_outline([*((stretch.x, count) for count in held), *within], stop, most))
    return "".join(parts)


def _outline(steps: Sequence[tuple[float, int]], end: float, most: int) -> str:
    """Return the path around how many were in: up and down by steps, from the ground and back to it."""
    parts = [f"M{steps[0][0]:g} {AREA_HEIGHT}"]
    for x, count in steps:
        parts.append(f"H{x:g}V{round(AREA_HEIGHT * (1 - count / max(most, 1)), 1):g}")
    return "".join([*parts, f"H{end:g}V{AREA_HEIGHT}Z"])
