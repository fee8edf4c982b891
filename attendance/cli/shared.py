"""Own what several groups of commands need: the registry, the accounts, and who types."""

import getpass
import os
import sys
from datetime import date, datetime
from pwd import getpwuid
from typing import Annotated

import typer

from attendance.accounts.file import FILE_NAME, AccountsFile
from attendance.accounts.granting import Granting
from attendance.accounts.store import STORE_NAME, AccessStore
from attendance.audit import Audit
from attendance.cli.printing import talk
from attendance.clock import Month, read_date, read_instant_or_date, read_month, utc_now
from attendance.config import load_settings
from attendance.model import Grant, Role
from attendance.registry import Registry, load_registry

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
SiteId = Annotated[str, typer.Argument(metavar="SITE", help="The key of the site in sites.yaml.")]
Roles = Annotated[list[Role], typer.Option("--role", help="What for: hr, ops or viewer; may stand more than once.")]
Sites = Annotated[
    list[str], typer.Option("--site", help="At which sites: keys of sites.yaml, once each; without it, at all of them.")
]
OnDate = Annotated[
    str, typer.Option("--date", metavar="DATE", help="Which day, as 2026-11-20; without it, each site's own today.")
]
InMonth = Annotated[
    str,
    typer.Option("--month", metavar="MONTH", help="Which month, as 2026-11; without it, each site's own present one."),
]
KnownOn = Annotated[
    str,
    typer.Option(
        "--as-known-on",
        metavar="WHEN",
        help="What was known at 2026-11-20T18:00:00+00:00, or at the end of the work date 2026-11-20; "
        "without it, what is known now.",
    ),
]


def known_on(text: str) -> datetime | date | None:
    """Return the instant (aware UTC) or the work date that was typed; raise typer.BadParameter."""
    try:
        return read_instant_or_date(text) if text else None
    except ValueError:
        hint = "write an instant with its offset, such as 2026-11-20T18:00:00+00:00, or a date, such as 2026-11-20"
        raise typer.BadParameter(hint, param_hint="--as-known-on") from None


def typed_date(text: str, option: str) -> date | None:
    """Return the date that was typed, if any; raise typer.BadParameter."""
    return required_date(text, option) if text else None


def required_date(text: str, option: str) -> date:
    """Return the date that was typed; raise typer.BadParameter."""
    try:
        return read_date(text)
    except ValueError:
        raise typer.BadParameter("write a date such as 2026-11-20", param_hint=option) from None


def typed_month(text: str) -> Month | None:
    """Return the month that was typed, if any; raise typer.BadParameter."""
    return required_month(text, "--month") if text else None


def required_month(text: str, option: str) -> Month:
    """Return the month that was typed; raise typer.BadParameter."""
    try:
        return read_month(text)
    except ValueError:
        raise typer.BadParameter("write a month such as 2026-11", param_hint=option) from None


def open_registry() -> Registry:
    """Return the registry that the settings name; raise SettingsError or RegistryError."""
    settings = load_settings()
    return load_registry(settings.sites, network_storage=settings.network_storage)


def audit() -> Audit:
    """Return the audit that the settings name."""
    return Audit(load_settings().log_dir, now=utc_now)


def accounts_file() -> AccountsFile:
    """Return the accounts beside the registry."""
    return AccountsFile(load_settings().sites.absolute().with_name(FILE_NAME))


def granting() -> Granting:
    """Return the use case that changes the accounts beside the registry."""
    return Granting(accounts_file(), audit(), now=utc_now)


def access_store() -> AccessStore:
    """Return the sessions and counters beside the registry."""
    return AccessStore(load_settings().sites.absolute().with_name(STORE_NAME), now=utc_now)


def typist() -> str:
    """Return who typed the command, as the system knows them: `os:root`."""
    try:
        return f"os:{getpwuid(os.getuid()).pw_name}"
    except KeyError:  # a container's user without a name
        return f"os:{os.getuid()}"


def grant_of(roles: list[Role], site_ids: list[str]) -> Grant:
    """Return the grant that was typed; raise UnknownSiteError."""
    for site_id in site_ids:
        open_registry().resolve(site_id)
    return Grant(roles=frozenset(roles), site_ids=frozenset(site_ids) if site_ids else None)


def account_name(text: str) -> str:
    """Return the name of an account as it was typed at a prompt, as the sign-in page takes it."""
    return text.strip().lower()


def told(grant: Grant) -> tuple[str, str]:
    """Return the roles and sites of a grant for a table."""
    return ", ".join(sorted(grant.roles)), "all" if grant.site_ids is None else ", ".join(sorted(grant.site_ids))


def ask_password() -> str:
    """Return a password: typed twice on a terminal, unseen; else the first line of stdin, in UTF-8."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
    while (first := getpass.getpass("Password: ")) != getpass.getpass("Once more: "):
        talk.print("These two are not the same.")
    return first
