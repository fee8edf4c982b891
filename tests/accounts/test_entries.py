"""Claims about what stands in accounts.yaml: it is read as it was written, and each mistake is told by its place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.accounts.entries import NAME, read_accounts, write_accounts
from attendance.accounts.nouns import Account, Accounts, Kiosk, Token
from attendance.errors import AccountsError
from attendance.hashing import hash_typed
from attendance.model import Grant, Role

HASH = "ab" * 32
TYPED = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"

_names = st.one_of(
    st.from_regex(NAME, fullmatch=True), st.sampled_from(["null", "yes", "1e5", "0x1f", "2026-11-22", "0"])
)
_texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300).filter(str.isprintable)
_hashes = st.from_regex("[0-9a-f]{64}", fullmatch=True)
_instants = st.datetimes(timezones=st.just(UTC))
_grants = st.builds(
    Grant,
    roles=st.frozensets(st.sampled_from(Role), min_size=1),
    site_ids=st.none() | st.frozensets(st.one_of(_texts, st.just("all"))),
)
_accounts = st.builds(
    Account,
    name=_names,
    grant=_grants,
    password_hash=st.none() | st.just(TYPED),
    totp=st.none() | st.from_regex("[A-Z2-7]{16}|[A-Z2-7]{32}", fullmatch=True),
    sso=st.none() | _texts.map(lambda text: f"sso {text}"),
    disabled=st.booleans(),
    changes=st.integers(0, 999_999_999),
)
_tokens = st.builds(Token, name=_names, grant=_grants, secret_hash=_hashes, expires_at=_instants)
_kiosks = st.builds(Kiosk, name=_names, site_id=_texts, secret_hash=_hashes, enrolled_at=_instants)


@given(
    st.lists(_accounts, unique_by=(lambda one: one.name, lambda one: one.sso or one.name), max_size=5),
    st.lists(_tokens, unique_by=(lambda one: one.name, lambda one: one.secret_hash), max_size=5),
    st.lists(_kiosks, unique_by=lambda one: one.name, max_size=5),
)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, accounts: list[Account], tokens: list[Token], kiosks: list[Kiosk]
) -> None:
    """Whatever accounts there are, the file that is written of them says just that."""
    held = {one.secret_hash for one in tokens}
    kiosks = [
        one
        for index, one in enumerate(kiosks)
        if one.secret_hash not in held | {other.secret_hash for other in kiosks[:index]}
    ]
    everybody = Accounts(
        accounts={one.name: one for one in accounts},
        tokens={one.name: one for one in tokens},
        kiosks={one.name: one for one in kiosks},
    )
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    path.write_bytes(write_accounts(everybody))

    assert read_accounts(path) == everybody


def test_a_hash_that_is_made_here_can_be_read(tmp_path: Path) -> None:
    """The hash of a password passes the look at what a hash is."""
    account = Account(name="ana", grant=Grant(roles=frozenset({Role.HR}), site_ids=None), password_hash=hash_typed("x"))
    path = tmp_path / "accounts.yaml"
    path.write_bytes(write_accounts(Accounts().having(account)))

    assert read_accounts(path).accounts["ana"] == account


def problems(path: Path, text: str | bytes) -> list[str]:
    """Write a file, and return its mistakes as `line:column: message (hint)`."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(AccountsError) as caught:
        read_accounts(path)
    return [str(one).removeprefix(f"{path}:") for one in caught.value.problems]


ANA = "accounts:\n  ana:\n    roles: [hr]\n    sites: all\n"
TOKEN = (
    f"tokens:\n  pay:\n    hash: {HASH}\n    roles: [hr]\n    sites: all\n    expires: '2026-11-23T09:00:00+00:00'\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: the file is empty"),
        ("# nobody\n", "1:1: the file is empty"),
        ("- ana\n", "1:1: a block of `key: value` is expected here"),
        ("people: {}\n", "1:1: unknown key 'people'"),
        ("accounts:\n", "1:10: a block of `key: value` is expected here"),
        ("accounts: [ana]\n", "1:11: a block of `key: value` is expected here"),
        ("accounts:\n\tana: {}\n", "2:1: not YAML: "),
        ("accounts: \x00\n", "1:11: not YAML: it holds a character that YAML refuses"),
        (b"accounts: \xff\n", "1:1: the file is not UTF-8"),
        (b"#" * ((8 << 20) + 1), "1:1: the file is larger than"),
        ("accounts: &a {}\ntokens: *a\n", "2:9: an alias (*name) stands for another place"),
        ("a: " + "[" * 20 + "]" * 20, "1:11: blocks and lists are nested too deeply"),
        (ANA + "  ana:\n    roles: [hr]\n    sites: all\n", "5:3: the key 'ana' stands twice"),
        (ANA + "accounts: {}\n", "5:1: the key 'accounts' stands twice"),
        (ANA + "    sites: all\n", "5:5: the key 'sites' stands twice"),
        (ANA + "    colour: red\n", "5:5: unknown key 'colour'"),
        (ANA.replace("ana", "Ana"), "2:3: this cannot be a name"),
        (ANA.replace("ana", "'a b'"), "2:3: this cannot be a name"),
        (ANA.replace("ana", "42"), "2:3: YAML reads '42' as a number"),
        (ANA.replace("    sites: all\n", ""), "2:3: there is no `sites`"),
        (ANA.replace("    roles: [hr]\n", ""), "2:3: there is no `roles`"),
        ("accounts:\n  ana: all\n", "2:8: a block of `key: value` is expected here"),
        (ANA.replace("[hr]", "[boss]"), "3:12: these are no roles (roles are: hr, ops, viewer)"),
        (ANA.replace("[hr]", "[]"), "3:12: these are no roles"),
        (ANA.replace("[hr]", "hr"), "3:12: a list in [ ] is expected here"),
        (ANA.replace("[hr]", "[[hr]]"), "3:13: one value is expected here"),
        (ANA.replace("all", "london"), "4:12: these are no sites"),
        (ANA.replace("all", "['']"), "4:12: a site is empty"),
        (ANA.replace("all", "{london: yes}"), "4:12: a list in [ ] is expected here"),
        (ANA.replace("all", ""), "4:11: YAML reads '' as nothing"),
        (ANA + "    password: secret\n", "5:15: this is no hash of a password"),
        (ANA + "    password: $argon2i$v=19$m=1,t=2,p=1$c2FsdA$aGFzaA\n", "5:15: this is no hash of a password"),
        (ANA + "    totp: secret\n", "5:11: this is no secret in Base32"),
        (ANA + f"    totp: {'A' * 17}\n", "5:11: this is no secret in Base32"),
        (ANA + "    sso: ''\n", "5:10: a text is expected here"),
        (ANA + '    sso: "a\\tb"\n', "5:10: a text is expected here"),
        (ANA + "    disabled: 'no'\n", "5:15: true or false is expected here"),
        (ANA + "    disabled: 1\n", "5:15: true or false is expected here"),
        (ANA + "    changes: -1\n", "5:14: this is no number of changes"),
        (ANA + "    changes: 1_0\n", "5:14: this is no number of changes"),
        (ANA + "    changes: many\n", "5:14: a number is expected here"),
        (TOKEN.replace(HASH, "secret"), "3:11: this is no SHA-256 in hex"),
        (TOKEN.replace("2026-11-23T09:00:00+00:00", "2026-11-23T09:00:00"), "6:14: this is no instant"),
        (TOKEN.replace("2026-11-23T09:00:00+00:00", "soon"), "6:14: this is no instant"),
        (TOKEN.replace("2026-11-23T09:00:00+00:00", "0001-01-01T00:00:00+14:00"), "6:14: this is no instant"),
        (TOKEN.replace("'", ""), "6:14: YAML reads '2026-11-23T09:00:00+00:00' as a date"),
        ("kiosks:\n  door: {}\n", "2:3: there is no `hash`"),
        (
            ANA + "    sso: a@b\n  jo:\n    roles: [hr]\n    sites: all\n    sso: a@b\n",
            "9:10: it stands in line 5 already",
        ),
        (TOKEN + TOKEN.replace("tokens:\n", "").replace("pay", "two"), "8:11: it stands in line 3 already"),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, text: str | bytes, told: str) -> None:
    """Each mistake stands in its line and column; what YAML would quietly read otherwise is one too."""
    assert problems(tmp_path / "accounts.yaml", text)[0].startswith(told)


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    """Whoever mends the file sees everything at once."""
    text = ANA.replace("hr", "boss") + "  jo: {roles: [hr], sites: all, colour: red}\nkiosks: {d: {hash: x}}\n"

    assert len(problems(tmp_path / "accounts.yaml", text)) == 5


def test_the_hint_at_a_whole_file_is_not_that_of_the_registry(tmp_path: Path) -> None:
    """Who has an empty list of accounts is not told to write sites into it."""
    assert problems(tmp_path / "accounts.yaml", "") == [
        "1:1: the file is empty (put it back from a backup; where it is gone, there is nobody)"
    ]


def test_empty_sections_are_nobody(tmp_path: Path) -> None:
    """What is written where the last token was taken away can be read."""
    path = tmp_path / "accounts.yaml"
    path.write_bytes(write_accounts(Accounts()))

    assert read_accounts(path) == Accounts()


def test_an_instant_is_kept_in_utc(tmp_path: Path) -> None:
    """An instant that somebody wrote with another offset is the same instant."""
    path = tmp_path / "accounts.yaml"
    path.write_text(TOKEN.replace("09:00:00+00:00", "14:45:00+05:45"))

    assert read_accounts(path).tokens["pay"].expires_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "disabled"), [("true", True), ("Yes", True), ("on", True), ("false", False), ("off", False)]
)
def test_disabled_is_read_as_yaml_reads_it(tmp_path: Path, word: str, *, disabled: bool) -> None:
    """All words that YAML has for true and false are known."""
    path = tmp_path / "accounts.yaml"
    path.write_text(f"{ANA}    disabled: {word}\n")

    assert read_accounts(path).accounts["ana"].disabled is disabled
