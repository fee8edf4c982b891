"""Own the command that shows who did what; it changes nothing."""

import json
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

import typer

from attendance.audit import Action, read_audit
from attendance.cli.printing import printable, talk
from attendance.config import load_settings

_COLUMNS = ("at", "action", "outcome", "who", "address", "site")


def show_audit(  # noqa: PLR0913  # each is an option
    *,
    since: Annotated[str, typer.Option(metavar="DATE", help="From this date or instant on, in UTC.")] = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="To the end of this date, or before this instant.")] = "",
    action: Annotated[Action | None, typer.Option(help="Only what was done like this.")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this account, token or kiosk did.")] = None,
    site: Annotated[str | None, typer.Option(metavar="SITE", help="Only what was done at this site.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per event.")] = False,
) -> None:
    """Show who did what, a line for each: sign-ins, refusals, changes of accounts, tokens, kiosks and PINs."""
    first, last = _instant(since, "--since", 0), _instant(until, "--until", 1)
    wanted = {"action": action, "who": who, "site": site}
    found = read_audit(load_settings().log_dir)
    shown = (
        event
        for event in found
        if (first is None or datetime.fromisoformat(event["at"]) >= first)
        and (last is None or datetime.fromisoformat(event["at"]) < last)
        and all(value is None or event.get(name) == value for name, value in wanted.items())
    )
    nothing = True
    for event in shown:
        nothing = False
        sys.stdout.write((json.dumps(event) if as_json else _line(event)) + "\n")
    if nothing:
        talk.print("Nothing was found.")
    if found.unreadable:
        talk.print(f"{found.unreadable} lines are no events and were passed over.")


def _instant(text: str, option: str, days: int) -> datetime | None:
    """Return what an option says: an instant, or for a date its start, so many days later; raise typer.BadParameter."""
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=days)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        message = "write a date (2026-11-01) or an instant (2026-11-01T22:10:00Z)"
        raise typer.BadParameter(message, param_hint=option) from None
    return instant.replace(tzinfo=instant.tzinfo or UTC)


def _line(event: dict[str, Any]) -> str:
    """Return an event as a line that can be read at any width; what a terminal would obey is shown as an escape."""
    parts = [f"{str(event.get('at'))[:19]}Z", event.get("action"), event.get("outcome"), event.get("who")]
    parts += [f"{word} {event[name]}" for word, name in (("from", "address"), ("at", "site")) if event.get(name)]
    parts += [f"{name}={value}" for name, value in event.items() if name not in _COLUMNS]
    return printable("  ".join(map(str, parts)))
