"""Own what a day of somebody looks like in the cell of a grid: its colour, its sign, the words read out."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from attendance.model import Kind, Site
from attendance.timesheet import Entry, State

WORDS: Mapping[State, str] = {
    State.PRESENT: "Present",
    State.ABSENT: "Absent",
    State.LEFT: "Left",
    State.NOT_MARKED: "Not marked",
    State.OFF: "Day off",
    State.HOLIDAY: "Holiday",
    State.UNKNOWN: "No status of this site now",
}
CLASSES: Mapping[State, str] = {
    State.PRESENT: "",  # what most cells are needs no byte
    State.LEFT: "",
    State.ABSENT: "a",
    State.NOT_MARKED: "n",
    State.OFF: "o",
    State.HOLIDAY: "h",
    State.UNKNOWN: "u",
}
LATE, AMENDED = "l", "e"


@dataclass(frozen=True, slots=True)
class Glyph:
    """What stands in a cell: its classes, the letters of a label that are to be seen, and the words after them.

    Without letters the sign of the kind is seen, which the style sheet adds.
    """

    classes: str
    letters: str
    words: str


def letters_of(site: Site) -> Mapping[str, str]:
    """Return how labels are told apart that share their kind: each by as many of its first letters as it takes."""
    kinds = list(site.statuses.values())
    shared = [label for label, kind in site.statuses.items() if kinds.count(kind) > 1 and kind is not Kind.LEFT]
    return {label: _shortest(label, shared) for label in shared}


def glyphs(site: Site) -> Callable[[Entry], Glyph]:
    """Return what makes glyphs for a site; those that look the same are made once."""
    letters = letters_of(site)
    made: dict[tuple[State, str | None, str | None, bool, bool], Glyph] = {}

    def glyph(entry: Entry) -> Glyph:
        came = _came(site, entry) if entry.state is State.LEFT else None
        key = (entry.state, entry.status, came, entry.late, entry.amended)
        if key not in made:
            made[key] = _glyph(entry, came, letters)
        return made[key]

    return glyph


def _glyph(entry: Entry, came: str | None, letters: Mapping[str, str]) -> Glyph:
    """Return the glyph of an entry; who left again is shown by what they came with."""
    label = came if came and came in letters else entry.status or ""
    seen = letters.get(label, "")
    if entry.state is State.UNKNOWN:
        seen = next(_clusters(label))
    classes = [CLASSES[entry.state], LATE if entry.late else "", AMENDED if entry.amended else ""]
    words = ", ".join(_words(entry, label))
    return Glyph(" ".join(filter(None, classes)), seen, words.removeprefix(seen))


def _words(entry: Entry, label: str) -> Iterator[str]:
    """Yield the words for an entry: the label first, if there is one."""
    if label:
        yield label
    if not label or entry.state in {State.OFF, State.HOLIDAY, State.UNKNOWN}:
        yield WORDS[entry.state].lower() if label else WORDS[entry.state]
    if entry.state is State.LEFT and label != entry.status:
        yield str(entry.status).lower()
    if entry.late:
        yield "late"
    if entry.amended:
        yield "amended"


def _came(site: Site, entry: Entry) -> str | None:
    """Return the status with which somebody came."""
    return next((mark.status for mark in entry.marks if site.statuses.get(mark.status) is Kind.PRESENT), None)


def _shortest(label: str, others: Sequence[str]) -> str:
    """Return the shortest beginning of a label with which no other begins."""
    seen = ""
    for cluster in _clusters(label):
        seen += cluster
        if not any(other.casefold().startswith(seen.casefold()) for other in others if other != label):
            break
    return seen


def _clusters(text: str) -> Iterator[str]:
    """Yield what is read as one letter each, with the marks that belong to it."""
    cluster = ""
    for character in text:
        if cluster and unicodedata.category(character)[0] != "M" and character not in "\u200c\u200d":
            yield cluster
            cluster = ""
        cluster += character
    yield cluster
