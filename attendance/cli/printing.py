"""Own how the commands speak: tables, lists and JSON on stdout, talk on stderr."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attendance.codec import encode, encode_timestamp
from attendance.errors import Problem
from attendance.importing import Outcome
from attendance.model import Mark, Site

talk = Console(stderr=True, highlight=False, soft_wrap=True)  # a path is not broken in two
data = Console(highlight=False)

_MAX_SHOWN = 20


def timestamp(mark: Mark) -> str:
    """Return the time of a mark as it stands in the ledger."""
    return encode_timestamp(mark.marked_at, mark.utc_offset)


def mark_row(site: Site, mark: Mark) -> dict[str, Any]:
    """Return a mark for JSON."""
    return {
        "timestamp": timestamp(mark),
        "employee_id": mark.employee_id,
        "name": mark.name,
        "status": mark.status,
        "kind": str(site.statuses.get(mark.status, "")),
    }


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """Return what an import comes to, for JSON; rows are told by their numbers in the file."""
    return {
        "written": outcome.written,
        "new": [{"row": item.number, "line": encode(item.mark).decode().rstrip("\n")} for item in outcome.new],
        "standing": list(outcome.standing),
        "repeated": list(outcome.repeated),
        "refused": [{"row": number, "reason": one.reason, "hint": one.hint} for number, one in outcome.refused],
        "remarks": list(outcome.remarks),
    }


def print_outcome(outcome: Outcome) -> None:
    """Print what an import comes to: refused rows one by one, of the others how many, and the first."""
    for number, refused in outcome.refused:
        sys.stdout.write(f"row {number}: refused: {refused.reason} ({refused.hint})\n")
    for remark in outcome.remarks:
        sys.stdout.write(f"note: {remark}\n")
    sys.stdout.write(f"{len(outcome.refused)} rows refused\n")
    for what, numbers in {
        "stand in the ledger already and are left out": outcome.standing,
        "repeat the employee's last mark of the work date and are left out": outcome.repeated,
    }.items():
        sys.stdout.write(f"{len(numbers)} rows {what}{_listed(numbers)}\n")
    added = "added" if outcome.written else "to add"
    sys.stdout.write(f"{len(outcome.new)} rows {added}\n")
    for item in outcome.new[:_MAX_SHOWN]:
        sys.stdout.write(f"  row {item.number}: {encode(item.mark).decode()}")
    if len(outcome.new) > _MAX_SHOWN:
        last = outcome.new[-1]
        sys.stdout.write(f"  ... up to row {last.number}: {encode(last.mark).decode()}")


def _listed(numbers: Sequence[int]) -> str:
    """Return the first of row numbers."""
    shown = ", ".join(map(str, numbers[:_MAX_SHOWN])) + (", ..." if len(numbers) > _MAX_SHOWN else "")
    return f": row {shown}" if numbers else ""


def printable(text: str) -> str:
    """Return a text without anything that moves, colours or turns around what a terminal shows."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def print_json(value: object) -> None:
    """Print JSON on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Print problems on stdout, one a line."""
    if as_json:
        print_json(
            [
                {
                    "path": str(one.path),
                    "line": one.line,
                    "column": one.column,
                    "message": one.message,
                    "hint": one.hint,
                }
                for one in problems
            ]
        )
        return
    for problem in problems:
        sys.stdout.write(f"{problem}\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; whatever stands in a cell is shown as it is."""
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    data.print(table)
