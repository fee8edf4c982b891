"""Own who belongs to a site: its roster, read from a file that is refused as a whole while it is broken."""

from attendance.roster.file import MAX_BYTES, RosterFile, load_roster, parse_roster
from attendance.roster.nouns import Roster

__all__ = ["MAX_BYTES", "Roster", "RosterFile", "load_roster", "parse_roster"]
