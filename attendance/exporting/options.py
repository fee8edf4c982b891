"""Own in which forms tables are exported, and what can be chosen of them."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """A form of a file; its value is the ending of the file's name."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JSON = "json"
    ICAL = "ics"

    @property
    def is_text(self) -> bool:
        """Tell whether a terminal can show it."""
        return self not in {Format.XLSX, Format.PARQUET}


class Separator(StrEnum):
    """What parts the cells of a CSV file; as a word, since a tab cannot be seen in an address."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"

    @property
    def character(self) -> str:
        """Return the character."""
        return {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be chosen of a CSV file; the other forms need no choice."""

    separator: Separator = Separator.COMMA
    byte_order_mark: bool = False
