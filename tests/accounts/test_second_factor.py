"""Claims about codes of 30 seconds: which are good, how often, and how the factor is set up."""

import pyotp
import pytest

from attendance.accounts.second_factor import new_second_factor, second_factor_uri
from attendance.errors import GrantRefusedError
from tests.accounts.kit import TOTP, House, at_once, start

USE = "print(house.factor.is_code('ana', TOTP, house.code()))"


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_for_its_half_minute_and_those_around_it(house: House, steps: int, *, good: bool) -> None:
    """Clocks of telephones differ a little (RFC 6238, 5.2)."""
    assert house.factor.is_code("ana", TOTP, house.code(steps=steps)) is good


def test_a_code_is_good_once(house: House) -> None:
    """Neither it nor an older one is taken again; the next one is, and another account has its own."""
    taken = [house.factor.is_code("ana", TOTP, house.code(steps=steps)) for steps in (0, 0, -1, 1)]

    assert taken == [True, False, False, True]
    assert house.factor.is_code("jo", TOTP, house.code())


def test_of_processes_that_send_a_code_at_once_one_is_let_in(house: House) -> None:
    """A code that was read over a shoulder is good for one of them only."""
    ended = at_once([start(house.folder, USE, number) for number in range(6)])

    assert sorted(one.said for one in ended) == ["False"] * 5 + ["True"]


def test_a_clock_that_is_set_back_makes_no_code_good_again(house: House) -> None:
    """Only what is newer than the last code is taken, whatever the clock says."""
    code = house.code()
    house.factor.is_code("ana", TOTP, code)

    house.clock.move(hours=-1)

    assert not house.factor.is_code("ana", TOTP, house.code())
    house.clock.move(hours=1, seconds=30)
    assert not house.factor.is_code("ana", TOTP, code)
    assert house.factor.is_code("ana", TOTP, house.code())


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "1" * 10_000]
)
def test_what_is_no_code_is_wrong(house: House, code: str) -> None:
    """Digits of other scripts and texts of other lengths are no codes, and no errors."""
    assert not house.factor.is_code("ana", TOTP, code)
    assert not house.factor.is_code("ana", "", house.code())


def test_a_code_may_be_typed_in_two_groups(house: House) -> None:
    """Apps show `123 456`."""
    code = house.code()

    assert house.factor.is_code("ana", TOTP, f" {code[:3]} {code[3:]}\n")


def test_the_factor_is_in_force_when_the_app_has_shown_a_code(house: House) -> None:
    """Until then the same secret is shown; a wrong code changes nothing, the right one ends it."""
    account = house.add()
    secret = house.factor.pending(account)

    with pytest.raises(GrantRefusedError) as caught:
        house.factor.adopt(account, "000000", house.granting)
    without = house.file.current().accounts["ana"].totp
    adopted = house.factor.adopt(account, house.code(secret), house.granting)

    assert (set(caught.value.fields), without, adopted.totp) == ({"code"}, None, secret)
    assert house.factor.pending(account) != secret


def test_a_secret_that_waits_too_long_is_forgotten(house: House) -> None:
    """After a quarter of an hour another secret is shown, and the old one's code is refused."""
    account = house.add()
    secret = house.factor.pending(account)

    house.clock.move(minutes=15)

    with pytest.raises(GrantRefusedError):
        house.factor.adopt(account, house.code(secret), house.granting)
    assert house.factor.pending(account) != secret


def test_an_app_reads_the_address_of_the_secret() -> None:
    """What the QR code holds gives the same codes, under a name that people know again."""
    secret = new_second_factor()

    read = pyotp.parse_uri(second_factor_uri("ana@example.org", secret))

    assert (read.secret, read.name, read.issuer) == (secret, "ana@example.org", "attendance")
    assert len(secret) == 32
