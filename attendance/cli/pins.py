"""Own the commands for PINs: a PIN is said once, on stdout, and stands nowhere else."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from attendance.cli.printing import talk
from attendance.cli.shared import SiteId, audit, open_registry, typist
from attendance.errors import GrantRefusedError, PinsError, RosterError
from attendance.pins import PinFile
from attendance.roster import Roster, RosterFile

app = typer.Typer(no_args_is_help=True, help="Give and take the PINs with which employees confirm a mark at a kiosk.")


@app.command()
def new(
    site_id: SiteId,
    employee_id: Annotated[str | None, typer.Argument(metavar="EMPLOYEE_ID", show_default=False)] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody on the roster who has none, as CSV.")] = False,
) -> None:
    """Give an employee a new random PIN and print it; an earlier one is good no more."""
    if everybody == (employee_id is not None):
        raise typer.BadParameter("say EMPLOYEE_ID or --all")
    with _mistakes_told():
        roster, pins = _open(site_id)
        if employee_id is not None:
            employee_id = roster.resolve(employee_id).employee_id
            sys.stdout.write(f"{pins.new(employee_id)}\n")
            _note("pin_set", site_id, employee_id)
        else:
            _give_all(site_id, roster, pins)


@app.command()
def remove(site_id: SiteId, employee_id: Annotated[str, typer.Argument(metavar="EMPLOYEE_ID")]) -> None:
    """Take an employee's PIN away, also that of somebody who left the roster."""
    with _mistakes_told():
        _, pins = _open(site_id)
        if not pins.remove(employee_id):
            raise GrantRefusedError({"employee_id": "Nobody with this ID has a PIN here."})
        _note("pin_removed", site_id, employee_id)
        talk.print(f"The PIN of {employee_id} is good no more.", markup=False)


def _give_all(site_id: str, roster: Roster, pins: PinFile) -> None:
    """Give a PIN to everybody who has none; each is printed as soon as it counts, so that none is lost."""
    known = pins.known()
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["Employee_ID", "Name", "PIN"])
    for key, employee in roster.employees.items():
        if key not in known:
            table.writerow([employee.employee_id, employee.name, pins.new(employee.employee_id)])
            sys.stdout.flush()
            _note("pin_set", site_id, employee.employee_id)


def _note(action: str, site_id: str, employee_id: str) -> None:
    """Note whose PIN was given or taken, never the PIN."""
    audit().note(action, who=typist(), site=site_id, employee_id=employee_id)


def _open(site_id: str) -> tuple[Roster, PinFile]:
    """Return the roster of a site and its PINs; raise UnknownSiteError, RosterError, GrantRefusedError."""
    site = open_registry().resolve(site_id)
    if site.roster_path is None:
        raise GrantRefusedError({"site": "This site has no roster, so nobody has a PIN here: add `roster:` first."})
    return RosterFile(site.roster_path).current(), PinFile(site.roster_path)


@contextmanager
def _mistakes_told() -> Iterator[None]:
    """Say on stderr which lines of a roster or of its PINs are wrong."""
    try:
        yield
    except (RosterError, PinsError) as error:
        for problem in error.problems:
            talk.print(str(problem), style="red", markup=False)
        raise typer.Exit(1) from None
