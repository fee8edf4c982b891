"""Be somebody for the application in this process: HR or ops of some sites, a viewer, a program, a kiosk."""

from collections.abc import Iterable

from attendance.accounts.nouns import Account
from attendance.accounts.visit import Visit
from attendance.model import Grant, Role
from attendance.web.cookies import KIOSK, SESSION
from attendance.web.deps import Services
from tests.webapp import Web

PASSWORD = "a long walk in the rain"  # noqa: S105  # of nobody but tests


def services(web: Web) -> Services:
    """Return what the handlers share."""
    found: Services = web.app.state.services
    return found


def grant(roles: Iterable[str], sites: Iterable[str] | None = None) -> Grant:
    """Return a grant."""
    return Grant(roles=frozenset(map(Role, roles)), site_ids=None if sites is None else frozenset(sites))


def add_account(web: Web, name: str, *roles: str, sites: Iterable[str] | None = None) -> Account:
    """Make an account with the password of the tests."""
    return services(web).granting.add_account(Account(name=name, grant=grant(roles, sites)), PASSWORD, by="test")


def session_of(web: Web, account: Account) -> dict[str, str]:
    """Return the header of a browser in which somebody is signed in."""
    signed = services(web).signing.let_in(account, Visit(address=None))
    prefix = "__Host-" if str(web.client.base_url).startswith("https") else ""
    return {"Cookie": f"{prefix}{SESSION}={signed.session}"}


def token_of(web: Web, name: str, *roles: str, sites: Iterable[str] | None = None) -> dict[str, str]:
    """Return the header of a program with a token."""
    return {"Authorization": f"Bearer {services(web).granting.add_token(name, grant(roles, sites), 1, by='test')}"}


def kiosk_of(web: Web, site_id: str, name: str = "") -> dict[str, str]:
    """Return the header of a kiosk of a site."""
    secret = services(web).granting.add_kiosk(name or f"at-{site_id}", site_id, by="test", address=None)
    prefix = "__Host-" if str(web.client.base_url).startswith("https") else ""
    return {"Cookie": f"{prefix}{KIOSK}={secret}"}
