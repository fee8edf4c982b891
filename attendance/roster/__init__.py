"""Own who belongs to a site: its roster, read from a file that is refused as a whole while it is broken."""

from attendance.roster.changes import Change, Changes, Span, changes_between, reach
from attendance.roster.file import MAX_BYTES, RosterFile, load_roster, parse_roster
from attendance.roster.nouns import Roster
from attendance.roster.rows import FIRST_COLUMNS
from attendance.roster.table import RosterTable, decode_table, uploaded_table

__all__ = [
    "FIRST_COLUMNS",
    "MAX_BYTES",
    "Change",
    "Changes",
    "Roster",
    "RosterFile",
    "RosterTable",
    "Span",
    "changes_between",
    "decode_table",
    "load_roster",
    "parse_roster",
    "reach",
    "uploaded_table",
]
