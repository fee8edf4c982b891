"""Claims about the one-time link that makes the first account."""

import pytest

from attendance.accounts.first import first_link_of
from attendance.errors import AccountsError, LinkUsedError
from tests.accounts.kit import House, at_once, start

HERE = "http://127.0.0.1:8000"
MAKE = """
try:
    house.granting.add_account(Account(name=f"a{number}", grant=HR), PASSWORD, by="one-time link", first=True)
except LinkUsedError:
    print("used")
else:
    print("made")
"""


def secret_of(link: str | None) -> str:
    """Return the secret of a link."""
    assert link is not None
    return link.removeprefix(f"{HERE}/first-account/")


def test_the_link_is_the_same_for_all_until_there_is_an_account(house: House) -> None:
    """It stands in a file for its owner only, is good for every worker, and is gone with the first account."""
    link = house.first.offer(HERE)
    again = first_link_of(house.folder).offer(HERE)
    house.first.require(secret_of(link))
    mode = house.first.path.stat().st_mode & 0o777

    house.add()

    assert (again, mode, len(secret_of(link))) == (link, 0o600, 22)
    with pytest.raises(LinkUsedError):
        house.first.require(secret_of(link))
    assert house.first.offer(HERE) is None
    assert not house.first.path.exists()


def test_the_link_follows_the_address_and_keeps_its_secret(house: House) -> None:
    """A server that moved to another port tells the link that works there."""
    before = secret_of(house.first.offer(HERE))

    assert house.first.offer("https://a.example") == f"https://a.example/first-account/{before}"


def test_processes_that_offer_at_once_offer_the_same(house: House) -> None:
    """Two servers that start at once do not make each other's link void."""
    ended = at_once([start(house.folder, f"print(house.first.offer('{HERE}'))", number) for number in range(6)])

    assert {one.said for one in ended} == {house.first.path.read_text().strip()}


def test_of_those_who_use_the_link_at_once_one_makes_the_account(house: House) -> None:
    """The link makes one account, whoever else had it open."""
    house.first.offer(HERE)

    ended = at_once([start(house.folder, MAKE, number) for number in range(6)])

    assert sorted(one.said for one in ended) == ["made"] + ["used"] * 5
    assert len(house.file.current().accounts) == 1


@pytest.mark.parametrize("guess", ["", "x", "\0", "\ud800", "é" * 5000])
def test_a_guess_is_refused_whatever_it_holds(house: House, guess: str) -> None:
    """Nothing but the secret opens the form, with a link and without."""
    with pytest.raises(LinkUsedError):
        house.first.require(guess)
    house.first.offer(HERE)
    with pytest.raises(LinkUsedError):
        house.first.require(guess)


def test_a_broken_list_of_accounts_offers_no_link(house: House) -> None:
    """Whoever damages the list does not become the first account of it."""
    secret = secret_of(house.first.offer(HERE))
    house.file.path.write_text("{")
    house.file.path.chmod(0o600)

    with pytest.raises(AccountsError):
        house.first.offer(HERE)
    with pytest.raises(AccountsError):
        house.first.require(secret)


def test_a_folder_in_the_place_of_the_link_is_told_and_opens_nothing(house: House) -> None:
    """What cannot be read or removed is no link."""
    house.first.path.mkdir()

    with pytest.raises(LinkUsedError):
        house.first.require("")
    with pytest.raises(OSError, match="directory"):
        house.first.offer(HERE)
    house.first.withdraw()
