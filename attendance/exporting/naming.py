"""Own what exported tables and their files are called: from keys of sites, dates and IDs, never from what was sent."""

import re
from collections.abc import Sequence
from datetime import date, datetime

from attendance.model import Site

LOCAL_TIMES = "Times are local to each site, with their offset from UTC."
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def stem(sites: Sequence[Site], *parts: str) -> str:
    """Return what a file is called, without an ending: `attendance-london-2026-10`; of several sites without any."""
    named = [sites[0].site_id] if len(sites) == 1 else []
    return "-".join(["attendance", *named, *(_ODD.sub("_", part) for part in parts)])


def heading(sites: Sequence[Site]) -> str:
    """Return whom a table is about: the name of the site, or how many there are."""
    return sites[0].name if len(sites) == 1 else f"{len(sites)} sites"


def notes(known: datetime | date | None = None) -> Sequence[str]:
    """Return what stands below the title: how times are shown, and when it was known so."""
    if known is None:
        return [LOCAL_TIMES]
    when = f"{known:%Y-%m-%d %H:%M:%S} UTC" if isinstance(known, datetime) else f"the end of {known}"
    return [LOCAL_TIMES, f"As it was known on {when}."]
