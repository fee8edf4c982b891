"""Own the marks of ledgers with their work dates: all between two dates, or page by page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from attendance.clock import WorkDay, fixed_zone, to_local, work_day, work_day_on
from attendance.ledger import Ledger
from attendance.model import Mark, Site
from attendance.reporting.days import OFFSETS_APART
from attendance.reporting.reading import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedMark:
    """A mark of a site, with the work date that it counts for."""

    site: Site
    work_date: date
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPage:
    """Some marks, and for each site the offset in its ledger at which the next page goes on.

    `more`: whether there is more to read at once; else the next page has what is marked from now on.
    """

    marks: Sequence[DatedMark]
    positions: Mapping[str, int]
    more: bool


class WorkDates:
    """Tell for one site which work date a mark counts for, by the offset in its own row."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._days: dict[tzinfo, WorkDay] = {}

    def of(self, mark: Mark) -> date:
        """Return the work date of a mark; the marks of one day cost next to nothing."""
        elsewhere = to_local(mark.marked_at, self._site.zone).utcoffset() != mark.utc_offset
        zone = fixed_zone(mark.utc_offset) if elsewhere else self._site.zone
        day = self._days.get(zone)
        if day is None or mark.marked_at not in day:
            day = self._days[zone] = work_day(mark.marked_at, zone, self._site.day_start)
        return day.date


class MarkReading:
    """Read the marks of sites; nothing is read that lies far before or behind what is asked for."""

    def __init__(self, ledger_of: Callable[[Site], Ledger]) -> None:
        self._ledger_of = ledger_of

    def marks(self, site: Site, first: date | None, last: date | None) -> Iterator[DatedMark]:
        """Yield the marks of the work dates between two, both included, in the order of the ledger.

        Without a first or a last date there is no such bound. Raise LedgerError.
        """
        for dated, _ in self._from(site, None, first, last):
            if dated:
                yield dated

    def page(
        self, sites: Sequence[Site], positions: Mapping[str, int], first: date | None, last: date | None, *, limit: int
    ) -> MarkPage:
        """Return the next marks, at most so many, site by site from the given offsets on; without one, from the start.

        The same offsets give the same marks again, while others are added behind. Raise SiteUnreadableError,
        ValueError where no row begins at an offset.
        """
        reached = {site.site_id: positions[site.site_id] for site in sites if site.site_id in positions}
        marks: list[DatedMark] = []
        for site in sites:
            for dated, end in rows_of(site, self._from(site, positions.get(site.site_id), first, last)):
                reached[site.site_id] = end
                if dated:
                    marks.append(dated)
                if len(marks) == limit:
                    return MarkPage(marks=marks, positions=reached, more=True)
        return MarkPage(marks=marks, positions=reached, more=False)

    def _from(
        self, site: Site, position: int | None, first: date | None, last: date | None
    ) -> Iterator[tuple[DatedMark | None, int]]:
        """Yield the marks of a site from an offset on, each with the offset behind it; None for other dates."""
        ledger, dates = self._ledger_of(site), WorkDates(site)
        until = work_day_on(last, site.zone, site.day_start).ends_at + OFFSETS_APART if last else None
        if position is None:
            position = (
                ledger.offset_at(work_day_on(first, site.zone, site.day_start).starts_at - OFFSETS_APART)
                if first
                else 0
            )
        for mark, end in ledger.rows(position):
            if until and mark.marked_at >= until:
                return
            on = dates.of(mark)
            within = (first is None or on >= first) and (last is None or on <= last)
            yield (DatedMark(site=site, work_date=on, mark=mark) if within else None), end
