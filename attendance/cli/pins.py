"""Own the commands for PINs: a PIN is said once, on stdout, and stands nowhere else."""

import csv
import sys
from typing import Annotated

import typer

from attendance.cli.printing import talk
from attendance.cli.shared import SiteId, access_store, audit, open_registry, typist
from attendance.giving import Giving
from attendance.model import Site
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
    site, roster = _open(site_id)
    giving = Giving(access_store(), audit())
    if employee_id is not None:
        sys.stdout.write(f"{giving.give(site, roster, employee_id, by=typist())[1]}\n")
        return
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["Employee_ID", "Name", "PIN"])
    for employee, pin in giving.give_all(site, roster, by=typist()):
        table.writerow([employee.employee_id, employee.name, pin])
        sys.stdout.flush()  # it counts from now on, so none may be lost


@app.command()
def remove(site_id: SiteId, employee_id: Annotated[str, typer.Argument(metavar="EMPLOYEE_ID")]) -> None:
    """Take an employee's PIN away, also that of somebody who left the roster."""
    Giving(access_store(), audit()).take(_open(site_id)[0], employee_id, by=typist())
    talk.print(f"The PIN of {employee_id} is good no more.", markup=False)


def _open(site_id: str) -> tuple[Site, Roster]:
    """Return a site and its roster, an empty one where it has none; raise UnknownSiteError, RosterError."""
    site = open_registry().resolve(site_id)
    return site, RosterFile(site.roster_path).current() if site.roster_path else Roster(employees={})
