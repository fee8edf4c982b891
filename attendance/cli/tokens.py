"""Own the commands of tokens: what programs send instead of signing in."""

import sys
from typing import Annotated

import typer

from attendance.cli import shared
from attendance.cli.printing import print_json, print_table, talk

app = typer.Typer(no_args_is_help=True, help="What programs send instead of signing in: add, list, revoke tokens.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as payroll.")]


@app.command()
def add(
    name: Name,
    roles: shared.Roles,
    sites: shared.Sites = [],  # noqa: B006  # typer makes a new one each time
    days: Annotated[int, typer.Option(help="For how long it is good.")] = 90,
) -> None:
    """Make a token and print it alone on stdout: it is shown this once, and only its hash is kept."""
    sys.stdout.write(shared.granting().add_token(name, shared.grant_of(roles, sites), days, by=shared.typist()) + "\n")
    talk.print("Send it as `Authorization: Bearer TOKEN`. It cannot be shown again.")


@app.command("list")
def list_(*, as_json: shared.Json = False) -> None:
    """List the tokens."""
    tokens = list(shared.accounts_file().current().tokens.values())
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "roles": sorted(one.grant.roles),
                    "sites": None if one.grant.site_ids is None else sorted(one.grant.site_ids),
                    "expires": one.expires_at.isoformat(),
                }
                for one in tokens
            ]
        )
        return
    rows = [(one.name, *shared.told(one.grant), one.expires_at.isoformat(timespec="minutes")) for one in tokens]
    print_table("", ("Token", "Roles", "Sites", "Good until"), rows)


@app.command()
def revoke(name: Name) -> None:
    """Take a token away, at once."""
    shared.granting().revoke_token(name, by=shared.typist())
    talk.print(f"The token {name} opens nothing any more.", markup=False)
