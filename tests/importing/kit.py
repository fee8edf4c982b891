"""What the tests of an import share: rows, and what became of them."""

from collections.abc import Callable
from pathlib import Path

from attendance.importing import Importing, Outcome
from attendance.model import Site
from tests.appendlog_kit import rows_of

MakeSite = Callable[..., Site]
MakeForeign = Callable[..., Path]
OpenImporting = Callable[..., Importing]
TITLES = "Timestamp,Employee_ID,Name,Status"
ANA = "2026-11-20T09:00:03+00:00,E1,Ana Park,Present"
JO = "2026-11-20T09:05:00+00:00,E2,Jo Reed,Present"
ANA_LEAVES = "2026-11-20T17:00:00+00:00,E1,Ana Park,Absent"


def lines(site: Site) -> list[str]:
    """Return the rows of a site's ledger, after making sure that it is one."""
    return [row.decode().rstrip("\n") for row in rows_of(site.csv_path)]


def numbers(outcome: Outcome) -> dict[str, list[int]]:
    """Return the row numbers of each kind that is there."""
    kinds = {
        "new": [item.number for item in outcome.new],
        "standing": list(outcome.standing),
        "repeated": list(outcome.repeated),
        "refused": [number for number, _ in outcome.refused],
    }
    return {kind: rows for kind, rows in kinds.items() if rows}


def reasons(outcome: Outcome) -> str:
    """Return why rows are refused, and what to do."""
    return "\n".join(str(error) for _, error in outcome.refused)
