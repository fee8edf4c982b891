"""Own public holidays; the only module that knows the library of them, and an unknown country is refused."""

import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import cache
from types import ModuleType

from attendance.errors import UnknownCountryError

_NEAREST = 3
_PART = re.compile(r"[A-Z0-9]{1,3}")


def check_country(code: str) -> None:
    """Raise UnknownCountryError with the nearest codes unless the holidays of an ISO 3166 code are known."""
    country, _, part = code.partition("-")
    names = _countries()
    if country not in names.values():
        raise UnknownCountryError(code, list(_near(country, names)))
    if not part:
        return
    parts = _parts(country)
    if part not in parts.values():
        near = list(_near(part, parts)) or sorted(set(parts.values()))
        raise UnknownCountryError(code, [f"{country}-{one}" for one in near] or [country])


def holiday_on(code: str, on: date) -> str | None:
    """Return the name of the public holiday on a date, in English where there is one, or None.

    The code is one that `check_country` lets pass. A day off in the place of a holiday at a weekend is a holiday too.
    """
    return _holidays(code, on.year).get(on)


@cache
def _holidays(code: str, year: int) -> Mapping[date, str]:
    """Return the holidays of a year."""
    country, _, part = code.partition("-")
    with warnings.catch_warnings():  # some countries know only some years of moveable feasts
        warnings.simplefilter("ignore")
        found = _library().country_holidays(country, subdiv=part or None, years=year, expand=False, language="en_US")
        return dict(found)


@cache
def _countries() -> Mapping[str, str]:
    """Return the two-letter codes, each under itself and under what else people write for it, in small letters."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415  # as in _library

    names: dict[str, str] = {}
    for module, (_, code, *others) in COUNTRIES.items():
        names |= dict.fromkeys([module.replace("_", " "), *map(str.casefold, others)], code)
    return names | {code.casefold(): code for code in names.values()}


def _parts(country: str) -> Mapping[str, str]:
    """Return the codes of the parts of a country, each under itself and under its names, in small letters."""
    entity = getattr(_library(), country)
    codes = {part for part in entity.subdivisions if _PART.fullmatch(part)}  # some are no ISO codes, but names
    names = {name.casefold(): part for name, part in entity.subdivisions_aliases.items() if part in codes}
    return names | {part.casefold(): part for part in codes}


def _near(text: str, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the codes that are spelled nearly like a text, or stand for it."""
    if text.casefold() in names:
        yield names[text.casefold()]
        return
    near = get_close_matches(text.casefold(), names, n=2 * _NEAREST, cutoff=0.5)
    yield from list(dict.fromkeys(names[name] for name in near))[:_NEAREST]


def _library() -> ModuleType:
    """Return the library. It costs 0.1 s and 13 MB: where no site has `holidays:`, it is never imported."""
    import holidays  # noqa: PLC0415

    return holidays
