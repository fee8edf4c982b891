"""Own what a spreadsheet makes of an ID: tell one that was made into a number or a date, and from which it was made."""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

WRITE_THE_ID = "write the ID as it was given out; format the column as text before anything is typed in"

_MONTHS = "jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
_MANGLED = {
    "a spreadsheet wrote the ID as a power of ten": re.compile(r"\d([.,]\d+)?[Ee]\+\d+|\d[.,]\d+[Ee]\d+"),
    "a spreadsheet wrote the ID as a decimal number": re.compile(r"\d+[.,]0+"),
    "a spreadsheet wrote the ID as a date": re.compile(
        rf"({_MONTHS})[a-z]*-\d\d(\d\d)?|\d\d?-({_MONTHS})[a-z]*(-\d\d(\d\d)?)?"
        r"|(\d{4}|\d\d?)(?P<between>[-./])\d\d?(?P=between)(\d{4}|\d\d?)",
        re.IGNORECASE | re.ASCII,
    ),
    "the ID is written with blanks or separators of thousands": re.compile(r"\d{1,3}([,'\u2019]\d{3})+|.*\s.*"),
}
_IN_DANGER = re.compile(r"\d+[Ee]\d+", re.ASCII)
_NUMBER = re.compile(r"\d{1,64}(\.\d{1,64})?([Ee]\+?\d{1,3})?", re.ASCII)


def mangled(employee_id: str) -> str:
    """Return what a spreadsheet made of an ID, as its look says, or nothing."""
    return next((reason for reason, pattern in _MANGLED.items() if pattern.fullmatch(employee_id)), "")


def suspicious(employee_id: str) -> str:
    """Return what a spreadsheet made, or will make, of an ID, as its look says, or nothing."""
    if reason := mangled(employee_id):
        return reason
    return "a spreadsheet reads the ID as a power of ten" if _IN_DANGER.fullmatch(employee_id) else ""


def may_be_mangled(employee_id: str) -> bool:
    """Tell whether a spreadsheet may have made this of another ID: it reads as a number."""
    return _NUMBER.fullmatch(employee_id) is not None


def made_of(employee_ids: Iterable[str], known: Collection[str]) -> Mapping[str, str]:
    """Return the IDs that a spreadsheet made of known ones, each with that one: 123 of 00123, 100000 of 1E5.

    An ID that is known itself is none of these, nor is one whose original stands among the IDs too. All in one case.
    """
    here = set(employee_ids)
    fresh = [one for one in here if one not in known and may_be_mangled(one)]
    if not fresh:
        return {}
    originals = {_value(one): one for one in known if one not in here and may_be_mangled(one)}
    return {one: originals[_value(one)] for one in fresh if _value(one) in originals}


def _value(employee_id: str) -> Decimal:
    """Return the number as which an ID reads."""
    return Decimal(employee_id)  # exact, and equal whatever zeros are written
