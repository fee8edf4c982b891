"""Claims about public holidays: which codes are known, what is nearest to others, and that they cost others nothing."""

import subprocess
import sys
from datetime import date
from itertools import product
from string import ascii_uppercase

import pytest

from attendance.errors import UnknownCountryError
from attendance.holiday import check_country, holiday_on


def _nearest(code: str) -> tuple[str, ...] | None:
    """Return the nearest codes of one that is not known, or None."""
    try:
        check_country(code)
    except UnknownCountryError as error:
        return error.nearest
    return None


def test_every_country_of_two_letters_is_known_or_has_neighbours() -> None:
    """Whoever writes a wrong code is shown codes that are right."""
    nearest = {code: _nearest("".join(code)) for code in product(ascii_uppercase, repeat=2)}

    known = {"".join(code) for code, near in nearest.items() if near is None}
    assert len(known) > 200
    assert {"DE", "GB", "IN", "JP", "NO", "NP", "NZ"} <= known
    assert all(near is None or (1 <= len(near) <= 3 and known.issuperset(near)) for near in nearest.values())


@pytest.mark.parametrize("code", ["GB", "GB-ENG", "DE-BY", "CH-ZH", "US-CA", "NO"])
def test_a_known_code_passes(code: str) -> None:
    """A country, or a part of one."""
    check_country(code)


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("UK", ("GB",)),
        ("GB-EN", ("GB-ENG",)),
        ("GB-XXX", ("GB-ENG", "GB-NIR", "GB-SCT", "GB-WLS")),
        ("JP-99", ("JP",)),
        ("US-CALIFORNIA", ("US-CA",)),
    ],
)
def test_an_unknown_code_is_refused_with_the_nearest(code: str, nearest: tuple[str, ...]) -> None:
    """Each of which can be written."""
    with pytest.raises(UnknownCountryError) as refused:
        check_country(code)

    assert refused.value.code == "unknown_country"
    assert refused.value.nearest == nearest


@pytest.mark.parametrize(
    ("code", "on", "name"),
    [
        ("DE", date(2026, 10, 3), "German Unity Day"),
        ("DE-BY", date(2026, 1, 6), "Epiphany"),
        ("DE", date(2026, 1, 6), None),
        ("GB-ENG", date(2026, 12, 28), "Boxing Day (observed)"),
        ("GB-SCT", date(2026, 11, 30), "Saint Andrew's Day"),
        ("GB-ENG", date(2026, 11, 30), None),
        ("IN", date(2040, 1, 26), "Republic Day"),
    ],
)
def test_a_holiday_is_told_by_its_name(code: str, on: date, name: str | None) -> None:
    """Also one of a part alone, one that is moved, and one in a year of which not all is known."""
    assert holiday_on(code, on) == name


def test_only_codes_that_can_be_written_are_proposed() -> None:
    """The library knows Augsburg by its name; the registry takes ISO codes."""
    with pytest.raises(UnknownCountryError) as refused:
        check_country("DE-XX")

    assert "DE-BY" in refused.value.nearest
    assert all(len(code) == len("DE-BY") for code in refused.value.nearest)


def test_the_library_is_imported_for_sites_with_holidays_only() -> None:
    """Everything else starts without it."""
    source = "import sys, attendance.cli, attendance.web.app; print('holidays' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "False\n"
