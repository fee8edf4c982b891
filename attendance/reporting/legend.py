"""Own the signs and words for what a day was, where it has little room: a letter in the cell of a grid."""

from collections.abc import Mapping

from attendance.timesheet import Entry, State

WORDS: Mapping[State, str] = {
    State.PRESENT: "present",
    State.LEFT: "left",
    State.ABSENT: "absent",
    State.NOT_MARKED: "not marked",
    State.OFF: "off",
    State.HOLIDAY: "holiday",
    State.UNKNOWN: "a status that the site has no more",
}
SIGNS: Mapping[State, str] = {
    State.PRESENT: "P",
    State.LEFT: "P",
    State.ABSENT: "A",
    State.NOT_MARKED: "N",
    State.OFF: "·",
    State.HOLIDAY: "H",
    State.UNKNOWN: "?",
}
LATE, AMENDED = "!", "*"
_MEANINGS: Mapping[str, str] = {
    **{sign: WORDS[state] for state, sign in SIGNS.items()},
    SIGNS[State.PRESENT]: "present, also who left again",
    LATE: "late",
    AMENDED: "amended",
}
LEGEND = "; ".join(f"{sign} {meaning}" for sign, meaning in _MEANINGS.items())


def sign_of(entry: Entry | None) -> str:
    """Return the sign of an entry, with what is to be said beside it; nothing where there is no entry."""
    if entry is None:
        return ""
    return SIGNS[entry.state] + LATE * entry.late + AMENDED * entry.amended
