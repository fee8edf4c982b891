"""Own what is wrong at a site in words for HR, and what they do about it; each code of a finding has both."""

from collections.abc import Mapping
from dataclasses import dataclass

from attendance.live import Shown
from attendance.web.readiness import Looked

_OPS = "Tell whoever looks after the server."
_NO_MARKS = "Nobody can mark there now."
_WORDS: Mapping[str, tuple[str, str]] = {
    "storage_busy": ("Its file is busy.", "It is tried again by itself. If this stays for a minute: " + _OPS.lower()),
    "storage_full": ("The disk is full. " + _NO_MARKS, _OPS),
    "storage_low": ("The disk is nearly full. Marks go on.", _OPS),
    "storage_unavailable": ("Its file cannot be reached. " + _NO_MARKS, _OPS),
    "flush_failed": ("The disk refused to keep a row. " + _NO_MARKS, _OPS),
    "not_home": ("Another server writes its file. " + _NO_MARKS, _OPS),
    "ledger_damaged": ("Its file was damaged by something else. " + _NO_MARKS, _OPS),
    "clock_behind": ("The clock of the server is wrong. " + _NO_MARKS, _OPS),
    "roster_invalid": ("Its roster has a mistake. " + _NO_MARKS, "Mend the roster, or upload it again."),
    "pins_invalid": ("Its PINs cannot be read. " + _NO_MARKS, _OPS),
    "accounts_invalid": ("It cannot be told who may do what. Nobody can mark at its kiosks now.", _OPS),
    "access_unavailable": ("It cannot be told who is signed in. Nobody can mark at its kiosks now.", _OPS),
    "edits_found": (
        "Somebody saved its file with another program. Nothing was lost: it was put back, and their version kept.",
        "See in what they differ, and tell whoever did it to work on a copy.",
    ),
    "rows_lost": (
        "Its last rows were taken away before they were copied.",
        "Ask those who marked just then to mark again. " + _OPS,
    ),
    "amendments_ahead": ("An amendment lies in the future: nothing can be amended or closed until then.", _OPS),
    "closed_sheet_damaged": ("The sheet of a closed month is gone, or is not the one that was closed.", _OPS),
}
_ELSEWHERE = {"roster_invalid": "roster", "edits_found": "edited"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that is wrong at a site: what it is, what to do, and the page of the site on which to do it, if any."""

    code: str
    what: str
    todo: str
    place: str


def trouble(code: str) -> Trouble:
    """Return what a code of a finding means."""
    what, todo = _WORDS.get(code, (f"Something is wrong there: {code}.", _OPS))
    return Trouble(code=code, what=what, todo=todo, place=_ELSEWHERE.get(code, ""))


def troubles_of(shown: Shown, looked: Looked) -> list[Trouble]:
    """Return what is wrong at a site, each once: what stops marks first, then why its day cannot be told."""
    problems = [one["code"] for one in looked.problems]
    if shown.problem and shown.problem not in problems:
        problems.append(shown.problem)
    return [trouble(code) for code in (*problems, *(one["code"] for one in looked.warnings))]
