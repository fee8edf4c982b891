"""Own the command that tells what long ranges of days were, in totals over sites; it changes nothing."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer

from attendance.cli.printing import print_json, print_table, talk
from attendance.cli.readers import open_readers, readable
from attendance.cli.shared import Json, Sites, required_date
from attendance.clock import Month
from attendance.model import Site
from attendance.reporting.ranges import RangeDay, Ranges, added

_HEADS = ("Present", "Absent", "Late", "Not marked", "Off", "Marks")


class By(StrEnum):
    """What each row of the table is."""

    DAY = "day"
    MONTH = "month"
    SITE = "site"


_KEYS: dict[By, Callable[[Site, RangeDay], str]] = {
    By.DAY: lambda _, day: day.date.isoformat(),
    By.MONTH: lambda _, day: str(Month.of(day.date)),
    By.SITE: lambda site, _: site.site_id,
}


def show_range(
    *,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day, as 2026-01-01.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last day, as 2026-12-31.")],
    sites: Sites = [],  # noqa: B006  # typer makes a new one each time
    by: Annotated[By, typer.Option("--by", help="What each row tells of.")] = By.MONTH,
    as_json: Json = False,
) -> None:
    """Count over sites and days how many people were there, absent, late, had not marked, were off; amended as sheets.

    A day counts everybody once, so a month counts people as often as it has days; days count at each site as it calls
    them. Marks are counted as they were made.
    """
    begin, end = required_date(first, "--from"), required_date(last, "--to")
    if end < begin:
        raise typer.BadParameter("this is before --from", param_hint="--to")
    readers = open_readers()
    ranges, chosen = Ranges(readers.amending.sources), readers.chosen(sites)
    found: dict[str, list[RangeDay]] = {}
    told = 0
    for site, days in readable(chosen, lambda site: (site, ranges.days(site, begin, end))):
        told += 1
        for day in days:
            found.setdefault(_KEYS[by](site, day), []).append(day)
    _print(by, (begin, end), found, as_json=as_json)
    if told < len(chosen):
        raise typer.Exit(1)


def _print(by: By, asked: tuple[date, date], found: dict[str, list[RangeDay]], *, as_json: bool) -> None:
    """Print a row for each key, and all of them together: on stderr beside the table, in the JSON of it."""
    rows = {key: _sums(days) for key, days in sorted(found.items())}
    together = _sums(day for days in found.values() for day in days)
    if as_json:
        name = "date" if by is By.DAY else str(by)
        listed = [{name: key, **sums} for key, sums in rows.items()]
        print_json({"from": asked[0].isoformat(), "to": asked[1].isoformat(), "rows": listed, "totals": together})
        return
    title = f"{asked[0]} to {asked[1]}"
    print_table(title, (by.capitalize(), *_HEADS), [(key, *map(str, sums.values())) for key, sums in rows.items()])
    talk.print(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in together.items()), markup=False)


def _sums(days: Iterable[RangeDay]) -> dict[str, Any]:
    """Return the totals of days together."""
    every = list(days)
    return {**asdict(added(day.totals for day in every)), "marks": sum(day.marks for day in every)}
