"""Own the commands of accounts: who signs in, in which roles, at which sites."""

import sys
from typing import Annotated

import pyotp
import segno
import typer

from attendance.accounts.attempts import ACCOUNT, Attempts
from attendance.accounts.first import first_link_of
from attendance.accounts.nouns import Account
from attendance.accounts.second_factor import new_second_factor, second_factor_uri
from attendance.cli import shared
from attendance.cli.printing import print_json, print_table, talk

app = typer.Typer(no_args_is_help=True, help="Who signs in: add, disable, list accounts, set passwords.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as ana, or ana@example.org.", parser=shared.account_name)
]


@app.command()
def add(
    name: Name,
    roles: shared.Roles,
    sites: shared.Sites = [],  # noqa: B006  # typer makes a new one each time
    sso: Annotated[str | None, typer.Option(help="Verified e-mail or subject at the single sign-on.")] = None,
) -> None:
    """Add an account; its password is asked for, or read from stdin. With --sso it needs none."""
    account = Account(name=name, grant=shared.grant_of(roles, sites), sso=sso)
    password = None if sso is not None else shared.ask_password()
    shared.granting().add_account(account, password, by=shared.typist())
    first_link_of(shared.accounts_file().path.parent).withdraw()
    talk.print(f"{account.name} may sign in.", markup=False)


@app.command()
def disable(name: Name) -> None:
    """Let an account in no more; its sessions end at once."""
    shared.granting().disable(name, by=shared.typist())
    talk.print(f"{name} may not sign in any more; every session of it is over.", markup=False)


@app.command()
def enable(name: Name) -> None:
    """Let a disabled account in again."""
    shared.granting().enable(name, by=shared.typist())
    talk.print(f"{name} may sign in again.", markup=False)


@app.command()
def grant(name: Name, roles: shared.Roles, sites: shared.Sites = []) -> None:  # noqa: B006  # typer makes a new one
    """Give an account other roles or sites instead of those it has; its sessions end at once."""
    shared.granting().regrant(name, shared.grant_of(roles, sites), by=shared.typist())
    talk.print(f"{name} signs in again with its new roles.", markup=False)


@app.command()
def password(name: Name) -> None:
    """Set another password, and forget wrong attempts; the sessions of the account end at once."""
    shared.granting().require_account(name)  # before anything is typed
    shared.granting().set_password(name, shared.ask_password(), by=shared.typist())
    Attempts(shared.access_store()).forgive((ACCOUNT, name))
    talk.print(f"{name} has a new password.", markup=False)


@app.command()
def totp(
    name: Name,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the second factor away: a phone was lost.")] = False,
) -> None:
    """Set a new second factor and show its QR code; the sessions of the account end at once."""
    if remove:
        shared.granting().remove_second_factor(name, by=shared.typist())
        talk.print(
            f"{name} has no second factor now, and sets one up at the next sign-in from elsewhere.", markup=False
        )
        return
    secret = new_second_factor()
    shared.granting().set_second_factor(name, secret, by=shared.typist())
    segno.make(second_factor_uri(name, secret), error="l").terminal(out=sys.stderr, compact=True)
    sys.stdout.write(f"{secret}\n")
    talk.print(f"The app shows {pyotp.TOTP(secret).now()} now, if it has it right.", markup=False)


@app.command("list")
def list_(*, as_json: shared.Json = False) -> None:
    """List the accounts."""
    accounts = list(shared.accounts_file().current().accounts.values())
    if as_json:
        print_json([_object(account) for account in accounts])
        return
    rows = [
        (one.name, *shared.told(one.grant), _way_in(one), "disabled" if one.disabled else "good") for one in accounts
    ]
    print_table("", ("Account", "Roles", "Sites", "Signs in by", "State"), rows)


def _object(account: Account) -> dict[str, object]:
    """Return an account for JSON, without its secrets."""
    sites = None if account.grant.site_ids is None else sorted(account.grant.site_ids)
    return {
        "name": account.name,
        "roles": sorted(account.grant.roles),
        "sites": sites,
        "password": account.password_hash is not None,
        "second_factor": account.totp is not None,
        "sso": account.sso,
        "disabled": account.disabled,
    }


def _way_in(account: Account) -> str:
    """Return how an account signs in."""
    ways = {
        "password and code": account.password_hash is not None and account.totp is not None,
        "password": account.password_hash is not None and account.totp is None,
        "single sign-on": account.sso is not None,
    }
    return ", ".join(way for way, has in ways.items() if has)
