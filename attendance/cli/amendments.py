"""Own the commands of amendments: amend, list, answer requests, close a month and open it again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from typing import Annotated, Any

import typer

from attendance.amending import Amending, Which, Wish
from attendance.amendments import Closing, Difference
from attendance.cli.printing import print_json, print_table, talk
from attendance.cli.services import followed, open_amending, open_marking
from attendance.cli.shared import Json, SiteId, open_registry, required_date, required_month, typist
from attendance.codec import about_text, encode_timestamp
from attendance.model import Amendment, Site

Reason = Annotated[str, typer.Option(help="Why; it stands beside the value everywhere.")]
Number = Annotated[int, typer.Argument(metavar="ROW", help="The row of the request, as `--requests` lists it.")]
MonthText = Annotated[str, typer.Argument(metavar="MONTH", help="Such as 2026-10.")]

_COLUMNS = ("Row", "Written", "Action", "About", "ID", "Name", "Status", "By", "Reason")


def amend(  # noqa: PLR0913  # each is an option
    site_id: SiteId,
    employee_id: Annotated[str, typer.Argument(metavar="EMPLOYEE_ID")],
    on: Annotated[str, typer.Argument(metavar="DATE", help="The work date, as 2026-11-20.")],
    status: Annotated[str, typer.Argument(metavar="STATUS", help='A status of the site; "" is as if not marked.')],
    reason: Reason,
    *,
    at: Annotated[str, typer.Option(metavar="HH:MM[:SS]", help="A mark of this time there; else the whole date.")] = "",
    first: Annotated[bool, typer.Option("--first", help="Of a time that came twice, the first.")] = False,
    second: Annotated[bool, typer.Option("--second", help="Of a time that came twice, the second.")] = False,
    name: Annotated[str, typer.Option(help="The name; not needed where the site knows it.")] = "",
    as_json: Json = False,
) -> None:
    """Say what a day of an employee was, or a mark of theirs, and why; the marks themselves stay as they are."""
    if first and second:
        raise typer.BadParameter("say one of them", param_hint="--first, --second")
    which: Which = "first" if first else "second" if second else ""
    wish = Wish(
        employee_id=employee_id,
        on=required_date(on, "DATE"),
        at=_time(at),
        which=which,
        status=status,
        reason=reason,
        name=name,
    )
    with _open(site_id) as (site, amending):
        _print_written(site, amending.amend(site, wish, by=typist()), as_json=as_json)


def show_amendments(
    site_id: SiteId,
    *,
    requests: Annotated[bool, typer.Option("--requests", help="Only requests that wait for an answer.")] = False,
    as_json: Json = False,
) -> None:
    """List what was amended, asked for, answered, closed and opened again at a site, in the order of writing."""
    site, amending = _look(site_id)
    rows = amending.requests(site) if requests else amending.trail(site)
    if as_json:
        print_json([amendment_object(row) for row in rows])
        return
    print_table("", _COLUMNS, [_row(row) for row in rows])


def approve(
    site_id: SiteId, number: Number, *, reason: Annotated[str, typer.Option(help="Why.")] = "", as_json: Json = False
) -> None:
    """Answer a request with yes: what it asks for counts from now on."""
    with _open(site_id) as (site, amending):
        _print_written(site, amending.approve(site, number, by=typist(), reason=reason), as_json=as_json)


def decline(site_id: SiteId, number: Number, reason: Reason, *, as_json: Json = False) -> None:
    """Answer a request with no, and say why."""
    with _open(site_id) as (site, amending):
        _print_written(site, amending.decline(site, number, by=typist(), reason=reason), as_json=as_json)


def close(site_id: SiteId, month: MonthText, *, as_json: Json = False) -> None:
    """Close a month that is over: write its sheet beside the ledger, and nothing of it can be amended any more."""
    of = required_month(month, "MONTH")
    with _open(site_id) as (site, amending):
        written = amending.close(site, of, by=typist())
        closing = amending.closing(site, of)
    assert closing is not None  # noqa: S101  # it was closed just now
    if as_json:
        print_json(amendment_object(written) | {"sheet": str(closing.sheet_path)})
        return
    sys.stdout.write(f"{closing.digest}  {closing.sheet_path}\n")
    talk.print(f"{of} is closed. To check its sheet at any time: compare the digest with sha256sum's.", markup=False)


def reopen(site_id: SiteId, month: MonthText, reason: Reason, *, as_json: Json = False) -> None:
    """Open a closed month again, and say why; then it can be amended, and closed once more."""
    with _open(site_id) as (site, amending):
        _print_written(
            site, amending.reopen(site, required_month(month, "MONTH"), by=typist(), reason=reason), as_json=as_json
        )


def differences(site_id: SiteId, month: MonthText, *, as_json: Json = False) -> None:
    """List in what a month differs now from its sheet when it was closed last."""
    site, amending = _look(site_id)
    of = required_month(month, "MONTH")
    found = amending.differences(site, of)
    if as_json:
        print_json([_difference_object(one) for one in found])
        return
    lines = [
        (one.date.isoformat(), one.employee_id, one.name, column, one.was.get(column, ""), one.became.get(column, ""))
        for one in found
        for column in one.columns
    ]
    print_table("", ("Date", "ID", "Name", "Column", "Was closed as", "Is now"), lines)
    closing = amending.closing(site, of)
    if closing:
        talk.print(_told(closing), markup=False)


def amendment_object(row: Amendment) -> dict[str, Any]:
    """Return an amendment for JSON."""
    return {
        "row": row.number,
        "written": encode_timestamp(row.written.at, row.written.utc_offset),
        "action": str(row.action),
        "about": about_text(row.about),
        "employee_id": row.employee_id,
        "name": row.name,
        "status": row.status,
        "by": row.by,
        "reason": row.reason,
        "reference": row.reference,
    }


def _look(site_id: str) -> tuple[Site, Amending]:
    """Return a site and the use case; raise UnknownSiteError."""
    registry = open_registry()
    return registry.resolve(site_id), open_amending(open_marking(registry))


@contextmanager
def _open(site_id: str) -> Iterator[tuple[Site, Amending]]:
    """Give a site and the use case; what was written is copied and sealed, since no server may be running."""
    site, amending = _look(site_id)
    with followed(amending.file(site)):
        yield site, amending


def _print_written(site: Site, row: Amendment, *, as_json: bool) -> None:
    """Print the row that was written."""
    if as_json:
        print_json({"site": site.site_id} | amendment_object(row))
        return
    status = row.status or ("as if not marked:" if row.employee_id else "")
    words = (str(row.action), about_text(row.about), row.employee_id, row.name, status, row.reason)
    sys.stdout.write(f"row {row.number}: {' '.join(filter(None, words))}\n")


def _row(row: Amendment) -> tuple[str, ...]:
    """Return an amendment for a table."""
    told = amendment_object(row)
    return (str(row.number), *(told[name] for name in list(told)[1:-1]))


def _difference_object(one: Difference) -> dict[str, Any]:
    """Return a difference for JSON."""
    return {
        "date": one.date.isoformat(),
        "employee_id": one.employee_id,
        "name": one.name,
        "columns": one.columns,
        "was": {name.lower(): one.was.get(name, "") for name in one.columns},
        "became": {name.lower(): one.became.get(name, "") for name in one.columns},
    }


def _told(closing: Closing) -> str:
    """Return when a month was closed, and whether it is open again."""
    at = encode_timestamp(closing.closed_at.at, closing.closed_at.utc_offset)
    again = f"; opened again by {closing.reopened.by}: {closing.reopened.reason}" if closing.reopened else ""
    return f"Closed {at} by {closing.by}{again}."


def _time(text: str) -> time | None:
    """Return the wall-clock time that was typed, if any; raise typer.BadParameter."""
    try:
        at = time.fromisoformat(text) if text else None
    except ValueError:
        at = time(microsecond=1)
    if at is not None and (at.tzinfo is not None or at.microsecond or len(text) not in {5, 8}):
        raise typer.BadParameter("write a time of the clock there, such as 08:55 or 08:55:30", param_hint="--at")
    return at
