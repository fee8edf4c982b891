"""Have names that are markup, script, template or formula, or merely look odd, and the pages that may show them."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from attendance.clock import find_zone, to_local, utc_now

SCRIPT = "<script>alert(1)</script>"
SITE_NAME = f"O'Brien & {SCRIPT}"

NAMES: Sequence[str] = (
    SCRIPT,
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '" autofocus onfocus="alert(1)',
    "<svg/onload=alert(1)>",
    f"</title>{SCRIPT}",
    f"</textarea>{SCRIPT}",
    f"</script>{SCRIPT}",
    f"a-->{SCRIPT}",
    f"<!--{SCRIPT}",
    "]]><b>Ana",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<base href=//evil.example>",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example><button>Ana",
    "<plaintext>Ana",
    "<a href=javascript:alert(1)>Ana</a>",
    "javascript:alert(1)",
    "{{7*7}} Ana",
    "{% print(7*7) %}",
    "${7*7} Ana",
    "`${alert(1)}`",
    "#{7*7} Ana",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;amp; &#x27; Ana",
    "%3Cscript%3E %s %n",
    "\\u003cscript\\u003e \\",
    "x'; DROP TABLE marks; --",
    "../../etc/passwd",
    "Siobhán O'Brien-D’Arcy",
    'Martín, Ana "Lola", Jr.',
    "محمد بن سلمان",
    "שָׁלוֹם Cohen (1)",
    "نمی\u200cدانم",  # ZWNJ between letters
    "ක්\u200dෂ",  # ZWJ between letters
    "Z̤̈o̤̽ë̤",  # what has no composed form
    "Nguyễn Thị Ánh",
    "W" * 100,
    "aЖωҖあア한国กཀকગதతಕകකကខกአႠԱაᏣᐃᚠᛁⴰ𐐀𞤀",  # thirty scripts
)
"""Names that the rules let pass, all of them different and as they are kept."""

REFUSED: Sequence[str] = (
    f"={SCRIPT}",
    f"--><img src=x onerror=alert(1)>{SCRIPT}",
    f"@{SCRIPT}",
    f"{SCRIPT}\u2028alert(1)",
    f"\u202e{SCRIPT}",
    f"{SCRIPT}\u200b",
    f"{SCRIPT}\x00",
    f"{SCRIPT}\r\nSet-Cookie: a=b",
    f"\x1b]0;{SCRIPT}\x07",
    f"{SCRIPT}{'̂' * 5}",
    f'"><{SCRIPT * 5}',
)
"""Names that the rules refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page, and the names that it has to show once they are marked at `names` and `roster`.

    With `kiosk_at` it is shown to a kiosk of that site, with `role` to somebody who is signed in with it.
    """

    url: str
    shows: Sequence[str] = ()
    kiosk_at: str | None = None
    role: str = ""


def pages(base_url: str) -> Iterator[Place]:
    """Yield every page that stays at its address; a new kind of page is added here, with the names it shows."""
    yield Place(url=f"{base_url}/", shows=[SITE_NAME])
    yield Place(url=f"{base_url}/?q=%3Cscript%3Ealert(1)%3C/script%3E")
    yield Place(url=f"{base_url}/attendance")
    yield Place(url=f"{base_url}/sites/names/attendance", shows=[SITE_NAME])
    yield Place(url=f"{base_url}/sites/roster/attendance", shows=[SITE_NAME])
    yield Place(url=f"{base_url}/sites/%3Cscript%3Ealert(1)%3C/script%3E/attendance")
    yield Place(url=f"{base_url}/docs", role="viewer")
    yield Place(url=f"{base_url}/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    yield Place(url=f"{base_url}/hr", shows=[SITE_NAME], role="hr")
    yield Place(url=f"{base_url}/hr?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", role="hr")
    yield Place(url=f"{base_url}/hr?q=H", shows=[SITE_NAME, *NAMES[:20]], role="hr")
    yield Place(url=f"{base_url}/hr/sites/names/muster", shows=[*NAMES], role="viewer")
    yield Place(url=f"{base_url}/hr/sites/names", shows=[SITE_NAME, *NAMES], role="hr")
    yield Place(url=f"{base_url}/hr/sites/roster", shows=[SITE_NAME, *NAMES], role="hr")
    yield from _sheets(base_url)
    yield Place(url=f"{base_url}/hr/sites/roster/pins", shows=[SITE_NAME], role="hr")
    yield Place(url=f"{base_url}/hr/sites/roster/roster", shows=[SITE_NAME, *NAMES], role="hr")
    yield Place(url=f"{base_url}/hr/sites/names/roster", shows=[SITE_NAME], role="hr")
    yield Place(url=f"{base_url}/hr/sites/roster/edited", shows=[SITE_NAME], role="hr")
    for name in NAMES[::5]:  # tests/test_web_amending_hostile.py looks at all of them
        day = f"employees/{employee_id(name)}/days/{to_local(utc_now(), find_zone('Europe/London')).date()}"
        yield Place(url=f"{base_url}/hr/sites/roster/{day}", shows=[SITE_NAME, name], role="hr")
    yield Place(url=f"{base_url}/hr/sites/roster/months/2026-01/closing", shows=[SITE_NAME], role="hr")
    yield Place(url=f"{base_url}/hr/requests", role="hr")
    yield Place(url=f"{base_url}/hr/kiosks", shows=[SITE_NAME], role="hr")
    yield Place(url=f"{base_url}/hr/kiosks?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", role="hr")
    yield Place(url=f"{base_url}/account", role="hr")
    yield Place(url=f"{base_url}/sites/roster/kiosk", shows=[SITE_NAME])  # for a stranger: not a kiosk yet
    yield from _kiosk_pages(f"{base_url}/sites/roster/kiosk")


def _sheets(base_url: str) -> Iterator[Place]:
    """Yield the pages of days, months and years; each name stands on all of them, and on a page of its own."""
    script = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for site in ("names", "roster"):
        home = f"{base_url}/hr/sites/{site}"
        yield Place(url=f"{home}/days/today", shows=[SITE_NAME, *NAMES], role="hr")
        yield Place(url=f"{home}/months/this", shows=[SITE_NAME, *NAMES], role="hr")
        yield Place(url=f"{home}/days/today?q={script}", shows=[SITE_NAME], role="hr")
        yield Place(url=f"{home}/months/this?known={script}", shows=[SITE_NAME], role="hr")
    for name in NAMES:
        path = f"/hr/sites/roster/employees/{employee_id(name)}"
        yield Place(url=f"{base_url}{path}", shows=[SITE_NAME, name], role="hr")
    yield Place(url=f"{base_url}/hr/days/today", shows=[SITE_NAME], role="hr")
    yield Place(url=f"{base_url}/hr/sun/today", shows=[SITE_NAME], role="hr")


def _kiosk_pages(home: str) -> Iterator[Place]:
    """Yield the pages of a kiosk: itself, and the names to tap, of which a page shows 24."""
    names = sorted(NAMES, key=str.casefold)
    yield Place(url=home, shows=[SITE_NAME], kiosk_at="roster")
    yield Place(url=f"{home}/people", shows=names[:24], kiosk_at="roster")
    for name in names[24:]:
        yield Place(url=f"{home}/people?q={employee_id(name)}", shows=[name], kiosk_at="roster")


def employee_id(name: str) -> str:
    """Return the ID under which a name is recorded and stands in the roster."""
    return f"H{NAMES.index(name):02}"


def write_hostile_sites(folder: Path) -> None:
    """Write two sites: `names` takes every name, `roster` has them in its roster; their own is hostile too."""
    common = {"name": SITE_NAME, "timezone": "Europe/London"}
    sites = {
        "names": common | {"csv": "data/names.csv"},
        "roster": common | {"csv": "data/roster.csv", "roster": "data/roster.roster.csv"},
    }
    (folder / "sites.yaml").write_text(json.dumps({"sites": sites}, indent=1), encoding="utf-8")  # JSON is YAML
    rows = StringIO()
    csv.writer(rows, lineterminator="\n").writerows([["Employee_ID", "Name"], *([employee_id(n), n] for n in NAMES)])
    (folder / "data").mkdir()
    (folder / "data" / "roster.roster.csv").write_text(rows.getvalue(), encoding="utf-8")
