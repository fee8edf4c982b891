"""Own the commands of kiosks: which devices may let people mark at a site."""

import sys
from typing import Annotated

import typer

from attendance.accounts.enrolling import CODE_SECONDS, Enrolling
from attendance.cli import shared
from attendance.cli.printing import print_json, print_table, talk

app = typer.Typer(no_args_is_help=True, help="Shared devices on which people mark: enrol, list, revoke kiosks.")


@app.command()
def enrol(
    site_id: shared.SiteId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as front-door.")],
) -> None:
    """Print a code that makes one device a kiosk of the site; enter it there, at /sites/SITE/kiosk."""
    shared.open_registry().resolve(site_id)
    enrolling = Enrolling(shared.granting(), shared.access_store(), shared.audit())
    sys.stdout.write(enrolling.code(name, site_id, by=shared.typist()) + "\n")
    talk.print(
        f"Good once, for {CODE_SECONDS // 60} minutes. On the device, open /sites/{site_id}/kiosk.", markup=False
    )


@app.command("list")
def list_(*, as_json: shared.Json = False) -> None:
    """List the kiosks."""
    kiosks = list(shared.accounts_file().current().kiosks.values())
    if as_json:
        print_json([{"name": one.name, "site": one.site_id, "enrolled": one.enrolled_at.isoformat()} for one in kiosks])
        return
    rows = [(one.name, one.site_id, one.enrolled_at.isoformat(timespec="minutes")) for one in kiosks]
    print_table("", ("Kiosk", "Site", "Since"), rows)


@app.command()
def revoke(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Make a kiosk an ordinary device again, at once."""
    shared.granting().revoke_kiosk(name, by=shared.typist())
    talk.print(f"{name} is no kiosk any more.", markup=False)
