"""Claims about making a device a kiosk, and about where a stranger comes from."""

import re
from ipaddress import ip_address

import pytest

from attendance.accounts.visit import Visit
from attendance.errors import EnrolmentFailedError, GrantRefusedError, TooManyAttemptsError
from attendance.hashing import hash_secret
from tests.accounts.kit import House, at_once, from_address, start

REDEEM = """
try:
    house.enrolling.enrol("london", Path(sys.argv[1], "code").read_text(), from_address())
except EnrolmentFailedError:
    print("refused")
else:
    print("enrolled")
"""


def test_a_code_makes_one_device_a_kiosk(house: House) -> None:
    """It may be typed in small letters and with spaces; the secret of the device is found by its hash."""
    code = house.enrolling.code(" Front Door ", "london", by="ana")

    enrolled = house.enrolling.enrol("london", f" {code.lower().replace('-', ' ')} ", from_address())

    kiosk = house.file.current().by_secret[hash_secret(enrolled.secret)]
    assert re.fullmatch("[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}", code)
    assert (kiosk.name, kiosk) == (enrolled.name, house.file.current().kiosks["london.front-door"])
    with pytest.raises(EnrolmentFailedError):
        house.enrolling.enrol("london", code, from_address())
    assert [event["action"] for event in house.events] == ["kiosk_code", "kiosk_enrolled", "refused"]
    assert [one for one in (code, code.replace("-", ""), enrolled.secret) if one in house.log] == []


def test_of_processes_that_redeem_a_code_at_once_one_does(house: House) -> None:
    """One code makes one kiosk."""
    (house.folder / "code").write_text(house.enrolling.code("door", "london", by="ana"))

    ended = at_once([start(house.folder, REDEEM, number) for number in range(8)])

    assert sorted(one.said for one in ended) == ["enrolled"] + ["refused"] * 7
    assert len(house.file.current().kiosks) == 1


def test_a_code_is_for_its_site_and_ten_minutes(house: House) -> None:
    """At another site it is refused and stays good; too late it is not."""
    code = house.enrolling.code("door", "london", by="ana")

    with pytest.raises(EnrolmentFailedError):
        house.enrolling.enrol("paris", code, from_address())
    house.clock.move(minutes=9, seconds=59)
    enrolled = house.enrolling.enrol("london", code, from_address())
    late = house.enrolling.code("gate", "london", by="ana")
    house.clock.move(minutes=10)

    assert enrolled.name == "london.door"
    with pytest.raises(EnrolmentFailedError):
        house.enrolling.enrol("london", late, from_address())


@pytest.mark.parametrize("code", ["", "-", "AAAA-AAAA", "\0", "\ud800", "ß" * 10_000])
def test_a_guess_is_refused_and_slowed(house: House, code: str) -> None:
    """Ten wrong codes from one address, and the next must wait."""
    for _ in range(10):
        with pytest.raises(EnrolmentFailedError):
            house.enrolling.enrol("london", code, from_address())

    with pytest.raises(TooManyAttemptsError):
        house.enrolling.enrol("london", code, from_address())


def test_a_name_that_is_taken_or_none_is_refused(house: House) -> None:
    """When the code is made, and again when it is used, for both may have been given out."""
    first, second = (house.enrolling.code("door", "london", by="ana") for _ in range(2))
    house.enrolling.enrol("london", first, from_address())

    with pytest.raises(GrantRefusedError):
        house.enrolling.enrol("london", second, from_address())
    for name in ("door", "", "Tür", "a" * 65):
        with pytest.raises(GrantRefusedError):
            house.enrolling.code(name, "london", by="ana")


@pytest.mark.parametrize(
    ("address", "told", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1%eth0", "fe80::/64"),
        (None, None, "None"),
    ],
)
def test_guesses_are_counted_by_network(address: str | None, told: str | None, network: str) -> None:
    """With IPv6 somebody has a whole /64, and an IPv4 address is one however it is written."""
    visit = Visit(address=ip_address(address) if address else None)

    assert (visit.told and visit.told.replace("::ffff:c000:207", "::ffff:192.0.2.7"), visit.network) == (told, network)
