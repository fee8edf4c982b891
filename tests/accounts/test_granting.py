"""Claims about giving and taking away: what is refused, what is in force at once, and what is noted."""

from datetime import timedelta

import pytest

from attendance.accounts.granting import password_problems
from attendance.errors import GrantRefusedError, LinkUsedError, UnknownGrantError
from attendance.hashing import hash_secret
from tests.accounts.kit import ANOTHER, HR, PASSWORD, TOTP, VIEWER, House


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ana", "Password1!"),
        ("ana", "attendance"),
        ("ana", "12345678"),
        ("ana", "london2026"),
        ("ana", "1234567"),
        ("ana", "x1y2z3ü" * 36 + "12345"),
        ("ana", "aaaaaaaa"),
        ("ana", "abcabcab"),
        ("ana", "Ana-Ana-9"),
        ("ana", "\uff21\uff2e\uff21 12345"),
        ("ana@example.org", "my ana 1234"),
        ("long-name-of-ana", "name-of-ana"),
        ("ana", "good enough \udcff"),
    ],
)
def test_a_password_that_is_easy_to_guess_or_too_long_is_refused(house: House, name: str, password: str) -> None:
    """It is told beside the field, and no account is made."""
    with pytest.raises(GrantRefusedError) as caught:
        house.add(name, password)

    assert set(caught.value.fields) == {"password"}
    assert house.log == ""


@pytest.mark.parametrize(
    ("name", "password"), [("ana", "8 chars!"), ("ana", "ab12" * 64), ("a", "a good one"), ("al", "calligraphy")]
)
def test_any_other_password_is_taken(name: str, password: str) -> None:
    """Nothing is asked about digits and signs; a name of two letters may occur in it (NIST SP 800-63B, 5.1.1.2)."""
    assert password_problems(name, password) == {}


@pytest.mark.parametrize("name", ["", "Ana", "a b", "-ana", "ana\n", "ä", "a" * 65, "a\0"])
def test_a_name_that_cannot_stand_in_the_file_is_refused(house: House, name: str) -> None:
    """Accounts and tokens have names of the same kind."""
    with pytest.raises(GrantRefusedError, match="64 of a-z"):
        house.add(name)
    with pytest.raises(GrantRefusedError, match="64 of a-z"):
        house.granting.add_token(name, HR, 1, by="test")


@pytest.mark.parametrize("sso", ["", "a\tb", "a\udcff", "a\n"])
def test_a_name_at_the_single_sign_on_that_cannot_be_read_again_is_refused(house: House, sso: str) -> None:
    """One odd account does not make the list unreadable for everybody."""
    with pytest.raises(GrantRefusedError) as caught:
        house.add("ana", None, sso=sso)

    assert set(caught.value.fields) == {"sso"}


def test_a_name_that_is_taken_is_refused(house: House) -> None:
    """Names are of one account, one token, one kiosk, one person at the single sign-on."""
    house.add("ana", None, sso="ana@example.org")
    house.granting.add_token("pay", HR, 1, by="test")
    house.granting.add_kiosk("door", "london", by="test", address=None)

    with pytest.raises(GrantRefusedError, match="Another account"):
        house.add("ana")
    with pytest.raises(GrantRefusedError, match="single sign-on"):
        house.add("jo", None, sso="ana@example.org")
    with pytest.raises(GrantRefusedError, match="Another token"):
        house.granting.add_token("pay", HR, 1, by="test")
    with pytest.raises(GrantRefusedError, match="Another kiosk"):
        house.granting.add_kiosk("door", "london", by="test", address=None)
    with pytest.raises(LinkUsedError):
        house.granting.add_account(house.file.current().accounts["ana"], None, by="test", first=True)


@pytest.mark.parametrize("days", [-1, 0, 401])
def test_a_token_for_ever_is_refused(house: House, days: int) -> None:
    """A token is good for 400 days at most."""
    with pytest.raises(GrantRefusedError, match="1 to 400 days"):
        house.granting.add_token("pay", HR, days, by="test")


def test_a_token_is_found_by_its_secret_until_it_is_taken_away(house: House) -> None:
    """Only the hash stands in the file; it is good for exactly the days that were said."""
    secret = house.granting.add_token("pay", VIEWER, 400, by="test")
    token = house.file.current().tokens["pay"]
    found = house.file.current().by_secret[hash_secret(secret)]

    house.granting.revoke_token("pay", by="test")

    assert found == token
    assert token.expires_at == house.clock() + timedelta(days=400)
    assert secret.startswith("att_")
    assert house.file.current().by_secret == {}
    with pytest.raises(UnknownGrantError, match="none yet"):
        house.granting.revoke_token("pay", by="test")


def test_a_kiosk_is_found_by_its_secret_until_it_is_revoked(house: House) -> None:
    """Another kiosk stays one."""
    first, second = (house.granting.add_kiosk(name, "london", by="test", address=None) for name in ("door", "gate"))

    house.granting.revoke_kiosk("door", by="test")

    by_secret = house.file.current().by_secret
    assert (hash_secret(first) in by_secret, by_secret[hash_secret(second)].name) == (False, "gate")
    with pytest.raises(UnknownGrantError, match="There are: gate"):
        house.granting.revoke_kiosk("door", by="test")


def test_what_is_done_is_noted_and_no_secret_with_it(house: House) -> None:
    """Each change is a line that says who did what to whom; no password, token, code, factor or hash is in it."""
    house.add("ana", PASSWORD, grant=VIEWER)
    token = house.granting.add_token("pay", HR, 1, by="boss")
    kiosk = house.granting.add_kiosk("door", "london", by="door", address="192.0.2.7")
    house.granting.disable("ana", by="boss")
    house.granting.enable("ana", by="boss")
    house.granting.regrant("ana", HR, by="boss")
    house.granting.set_password("ana", ANOTHER, by="boss")
    account = house.granting.set_second_factor("ana", TOTP, by="boss")
    house.granting.remove_second_factor("ana", by="boss")
    house.granting.revoke_token("pay", by="boss")
    house.granting.revoke_kiosk("door", by="boss")

    noted = [(event["action"], event["who"], event["name"]) for event in house.events]
    assert noted == [
        ("account_added", "test", "ana"),
        ("token_added", "boss", "pay"),
        ("kiosk_enrolled", "door", "door"),
        ("account_disabled", "boss", "ana"),
        ("account_enabled", "boss", "ana"),
        ("account_changed", "boss", "ana"),
        ("password_changed", "boss", "ana"),
        ("second_factor_set", "boss", "ana"),
        ("second_factor_removed", "boss", "ana"),
        ("token_revoked", "boss", "pay"),
        ("kiosk_revoked", "boss", "door"),
    ]
    assert (house.events[0]["roles"], house.events[0]["sites"], house.events[1]["sites"]) == ("viewer", "london", "all")
    secrets = [PASSWORD, ANOTHER, TOTP, token, hash_secret(token), kiosk, hash_secret(kiosk), account.password_hash]
    assert [one for one in secrets if str(one) in house.log] == []


def test_a_password_that_is_too_short_is_not_set(house: House) -> None:
    """The old password stays good."""
    before = house.add()

    with pytest.raises(GrantRefusedError):
        house.granting.set_password("ana", "short", by="test")

    assert house.file.current().accounts["ana"] == before


def test_who_wants_a_second_factor(house: House) -> None:
    """Whoever can do more than look at boards needs one, until there is one."""
    hr, viewer = house.add("hr", None), house.add("eye", None, grant=VIEWER)

    with_one = house.granting.set_second_factor("hr", TOTP, by="test")

    assert [one.wants_second_factor for one in (hr, viewer, with_one)] == [True, False, False]
