"""Own what may stand in `accounts.yaml`: read it with every mistake by its place, and write it."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import yaml

from attendance.accounts.nouns import Account, Accounts, Entry, Kiosk, Token
from attendance.errors import AccountsError, RegistryError
from attendance.hashing import is_typed_hash
from attendance.model import Grant, Role
from attendance.registry.nodes import Mistake, Nodes

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_KIOSK_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,127}")
_HEAD = "# Who may do what. `attendance accounts`, `tokens` and `kiosks` write this file; comments are not kept.\n"
_HINT = "put it back from a backup; where it is gone, there is nobody"
_ALL = "all"
_HASH = re.compile(r"[0-9a-f]{64}")
_BASE32 = re.compile(r"[A-Z2-7]{16,128}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_KEYS = {
    "accounts": ("password", "totp", "sso", "roles", "sites", "disabled", "changes"),
    "tokens": ("hash", "roles", "sites", "expires"),
    "kiosks": ("hash", "site", "enrolled"),
}
_NEEDED = {"accounts": ("roles", "sites"), "tokens": _KEYS["tokens"], "kiosks": _KEYS["kiosks"]}


def read_accounts(path: Path) -> Accounts:
    """Return what stands in the file; raise AccountsError with every mistake, OSError where it cannot be read."""
    nodes = Nodes(path, hint=_HINT)
    try:
        sections = nodes.block(nodes.root(), list(_KEYS))
    except RegistryError as error:  # no YAML at all
        if nodes.unreadable:
            raise nodes.unreadable from None
        raise AccountsError(error.problems) from None
    made: dict[str, dict[str, Any]] = {section: {} for section in _KEYS}
    known: dict[str, int] = {}
    for section, node in sections.items():
        for key, entry in nodes.items(node):
            found = _Entry(nodes, section, key, entry, known).made()
            if found:
                made[section][found.name] = found
    if nodes.problems:
        raise AccountsError(nodes.problems)
    return Accounts(**made)


def write_accounts(accounts: Accounts) -> bytes:
    """Return the content of the file."""
    sections = {
        "accounts": {one.name: _account(one) for one in accounts.accounts.values()},
        "tokens": {
            one.name: {"hash": one.secret_hash, **_grant(one.grant), "expires": one.expires_at.isoformat()}
            for one in accounts.tokens.values()
        },
        "kiosks": {
            one.name: {"hash": one.secret_hash, "site": one.site_id, "enrolled": one.enrolled_at.isoformat()}
            for one in accounts.kiosks.values()
        },
    }
    return (_HEAD + yaml.safe_dump(sections, sort_keys=False, allow_unicode=True, width=10_000)).encode()


def is_plain(text: str) -> bool:
    """Tell whether a text may stand in the file as it is."""
    return bool(text) and text.isprintable()


def _account(account: Account) -> dict[str, Any]:
    """Return an account as it stands in the file."""
    values = {"password": account.password_hash, "totp": account.totp, "sso": account.sso}
    known = {key: value for key, value in values.items() if value is not None}
    marks = {"disabled": account.disabled, "changes": account.changes}
    return {**known, **_grant(account.grant), **{key: value for key, value in marks.items() if value}}


def _grant(grant: Grant) -> dict[str, Any]:
    """Return a grant as it stands in the file."""
    sites = _ALL if grant.site_ids is None else sorted(grant.site_ids)
    return {"roles": sorted(str(role) for role in grant.roles), "sites": sites}


class _Entry:
    """One entry of the file while it is read."""

    def __init__(
        self, nodes: Nodes, section: str, key: yaml.ScalarNode, node: yaml.Node, known: dict[str, int]
    ) -> None:
        self._nodes = nodes
        self._section = section
        self._key = key
        self._node = node
        self._known = known

    def made(self) -> Entry | None:
        """Return the entry, or None where something is wrong with it."""
        before = len(self._nodes.problems)
        if not (_KIOSK_NAME if self._section == "kiosks" else NAME).fullmatch(self._key.value):
            self._nodes.refuse(self._key, Mistake("this cannot be a name", "use a-z, 0-9 and . _ @ + -, 64 at most"))
        values = {
            key: self._value(key, node) for key, node in self._nodes.block(self._node, _KEYS[self._section]).items()
        }
        for key in _NEEDED[self._section]:
            if key not in values:
                self._nodes.refuse(self._key, Mistake(f"there is no `{key}`", f"add `{key}:`"))
        if len(self._nodes.problems) > before:
            return None
        return _MADE[self._section](self._key.value, values)

    def _value(self, key: str, node: yaml.Node) -> Any:
        """Return the value of a key, or None after adding what is wrong with it."""
        try:
            return self._READERS[key](self, node)
        except Mistake as mistake:
            self._nodes.refuse(node, mistake)
            return None

    def _password(self, node: yaml.Node) -> str:
        """Read the hash of a password."""
        text = self._nodes.text(node)
        if not is_typed_hash(text):
            raise Mistake("this is no hash of a password", "set one with `attendance accounts password NAME`")
        return text

    def _secret(self, node: yaml.Node) -> str:
        """Read the hash of a token, which stands once: else it would not be told whose it is."""
        return self._once(
            node, self._matching(node, _HASH, "this is no SHA-256 in hex", "make a new one; a hash cannot be typed")
        )

    def _totp(self, node: yaml.Node) -> str:
        """Read the secret of a second factor."""
        message, hint = "this is no secret in Base32", "`attendance accounts totp NAME` makes one"
        text = self._matching(node, _BASE32, message, hint)
        try:
            base64.b32decode(text + "=" * (-len(text) % 8))
        except binascii.Error:  # of a length that nothing has
            raise Mistake(message, hint) from None
        return text

    def _sso(self, node: yaml.Node) -> str:
        """Read an e-mail, in small letters, or a subject; it stands once: else it would not be told who comes."""
        text = self._plain(node)
        return self._once(node, text.lower() if "@" in text else text)

    def _once(self, node: yaml.Node, text: str) -> str:
        """Return a text that stands nowhere above in the file."""
        if text in self._known:
            raise Mistake(f"it stands in line {self._known[text]} already", "each is one account's, token's or kiosk's")
        self._known[text] = node.start_mark.line + 1
        return text

    def _matching(self, node: yaml.Node, pattern: re.Pattern[str], message: str, hint: str) -> str:
        """Read a text of a pattern."""
        text = self._nodes.text(node)
        if not pattern.fullmatch(text):
            raise Mistake(message, hint)
        return text

    def _plain(self, node: yaml.Node) -> str:
        """Read any text that is not empty."""
        text = self._nodes.text(node)
        if not is_plain(text):
            raise Mistake("a text is expected here", "write it in quotes")
        return text

    def _roles(self, node: yaml.Node) -> frozenset[Role]:
        """Read a list of roles."""
        texts = self._texts(node, "a role")
        if not texts or not texts <= set(Role):
            raise Mistake("these are no roles", f"roles are: {', '.join(Role)}")
        return frozenset(Role(text) for text in texts)

    def _sites(self, node: yaml.Node) -> frozenset[str] | None:
        """Read a list of sites, or `all`: None."""
        if isinstance(node, yaml.ScalarNode):
            if self._nodes.text(node) != _ALL:
                raise Mistake("these are no sites", "write `all`, or a list such as [london, new-york]")
            return None
        return frozenset(self._texts(node, "a site"))

    def _texts(self, node: yaml.Node, noun: str) -> set[str]:
        """Read a list of texts."""
        texts = {self._nodes.text(item) for item in self._nodes.children(node, yaml.SequenceNode)}
        if "" in texts:
            raise Mistake(f"{noun} is empty", "take it out")
        return texts

    def _instant(self, node: yaml.Node) -> datetime:
        """Read an instant with its offset."""
        try:
            found = datetime.fromisoformat(self._nodes.text(node))
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):  # one before the year 1, elsewhere
            pass
        raise Mistake("this is no instant", 'write it as "2026-11-22T09:00:00+00:00", in quotes')

    def _flag(self, node: yaml.Node) -> bool:
        """Read true or false."""
        return self._nodes.scalar(node, "bool", "true or false").casefold() in {"true", "yes", "on"}

    def _number(self, node: yaml.Node) -> int:
        """Read how often something was changed."""
        text = self._nodes.scalar(node, "int", "a number")
        if not _NUMBER.fullmatch(text):
            raise Mistake("this is no number of changes", "write digits only")
        return int(text)

    _READERS: ClassVar[Mapping[str, Callable[[Any, yaml.Node], Any]]] = {
        "password": _password,
        "totp": _totp,
        "sso": _sso,
        "roles": _roles,
        "sites": _sites,
        "site": _plain,
        "disabled": _flag,
        "changes": _number,
        "hash": _secret,
        "expires": _instant,
        "enrolled": _instant,
    }


def _made_account(name: str, values: Mapping[str, Any]) -> Account:
    """Return an account of what was read."""
    return Account(
        name=name,
        grant=Grant(roles=values["roles"], site_ids=values["sites"]),
        password_hash=values.get("password"),
        totp=values.get("totp"),
        sso=values.get("sso"),
        disabled=values.get("disabled", False),
        changes=values.get("changes", 0),
    )


def _made_token(name: str, values: Mapping[str, Any]) -> Token:
    """Return a token of what was read."""
    grant = Grant(roles=values["roles"], site_ids=values["sites"])
    return Token(name=name, grant=grant, secret_hash=values["hash"], expires_at=values["expires"])


def _made_kiosk(name: str, values: Mapping[str, Any]) -> Kiosk:
    """Return a kiosk of what was read."""
    return Kiosk(name=name, site_id=values["site"], secret_hash=values["hash"], enrolled_at=values["enrolled"])


_MADE: Mapping[str, Callable[[str, Mapping[str, Any]], Entry]] = {
    "accounts": _made_account,
    "tokens": _made_token,
    "kiosks": _made_kiosk,
}
