"""Own a table that something else saved as CSV: read its header and numbered rows, whatever state they are in.

The first line is the header and decides how fields are parted. One line is one row, since no field of ours holds a line
end: so a quote that is not closed spoils its own row and no other.
"""

import codecs
import csv
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from attendance.errors import ForeignTableError

MAX_BYTES = 200 << 20
MAX_LINE_CHARACTERS = 1 << 16
MAX_COLUMNS = 1024

_SAVE_AS_CSV = "save it as CSV (UTF-8), with text cells"
_SPREADSHEETS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods are ZIP files, .xls is OLE
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t"
_QUOTED = re.compile('"[^"]*"')
_UNDECODABLE = "\ufffd"  # what a decoder writes for bytes that it cannot read; no name of ours holds it


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number as a spreadsheet counts (the header is row 1), and its fields, or what is wrong with it.

    There are as many fields as in the header; where it had fewer, the last are empty.
    """

    number: int
    fields: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table in a file: its header, and by what its bytes become fields."""

    path: Path
    header: tuple[str, ...]
    encoding: str
    delimiter: str

    def column(self, name: str) -> int | None:
        """Return where the column stands, whatever its case, spaces, hyphens and underscores; None if it does not.

        Raise ForeignTableError if two columns have this name.
        """
        found = [index for index, title in enumerate(self.header) if _folded(title) == _folded(name)]
        if len(found) > 1:
            raise ForeignTableError(self.path, f"the column {name} stands there twice; take one out")
        return found[0] if found else None

    def rows(self, limit: int | None = None) -> Iterator[Row]:
        """Yield the rows below the header that are not empty, reading the file once more.

        Raise ForeignTableError, also for more rows than the limit: empty ones count, since they take time too.
        """
        with _opened(self.path, self.encoding) as file:
            for number, line in enumerate(_lines(file), start=1):
                if limit is not None and number > limit + 1:
                    raise ForeignTableError(self.path, f"it has more than {limit:,} rows, empty ones among them")
                row = self._row(number, line)
                if number > 1 and (row.problem or any(map(str.strip, row.fields))):
                    yield row

    def _row(self, number: int, line: str) -> Row:
        """Return the row of a line."""
        try:
            fields = _fields(line, self.delimiter)
        except ValueError as error:
            return Row(number=number, problem=str(error))
        width = len(self.header)
        if any(fields[width:]):
            return Row(number=number, problem=f"{len(fields)} fields, but {width} columns: is a field not quoted?")
        return Row(number=number, fields=tuple(fields[:width] + [""] * (width - len(fields))))


def read_table(path: Path) -> Table:
    """Read what a file is; its rows are read when they are asked for.

    It is UTF-8, or UTF-16 with a byte order mark; its lines end in LF, CRLF or CR; its fields are parted by commas,
    semicolons or tabs. Raise ForeignTableError where there is no header to be read.
    """
    encoding = _encoding(path)
    with _opened(path, encoding) as file:
        line = next(_lines(file), "")
    bare = _QUOTED.sub("", line)
    delimiter = max(_DELIMITERS, key=bare.count)
    try:
        header = tuple(title.strip() for title in _fields(line, delimiter))
    except ValueError as error:
        raise ForeignTableError(path, f"row 1: {error}; {_SAVE_AS_CSV}") from None
    if not any(header):
        raise ForeignTableError(path, "row 1 is empty; it must name the columns")
    if len(header) > MAX_COLUMNS:  # every row becomes as wide
        raise ForeignTableError(path, f"row 1 has more than {MAX_COLUMNS:,} columns")
    return Table(path=path, header=header, encoding=encoding, delimiter=delimiter)


def _encoding(path: Path) -> str:
    """Return how the text of a file is encoded; raise ForeignTableError where it is none."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a FIFO would hold us up
            raise ForeignTableError(path, "it is no plain file")
        if found.st_size > MAX_BYTES:
            raise ForeignTableError(path, f"it is larger than {MAX_BYTES >> 20} MiB; part it into several files")
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ForeignTableError(path, error.strerror or "") from None
    if start.startswith(_SPREADSHEETS):
        raise ForeignTableError(path, f"this is a spreadsheet file: {_SAVE_AS_CSV}")
    return "utf-16" if start.startswith(_UTF16_MARKS) else "utf-8-sig"


def _opened(path: Path, encoding: str) -> TextIO:
    """Open the text of a file; bytes that cannot be read become U+FFFD. Raise ForeignTableError."""
    try:
        return path.open(encoding=encoding, errors="replace", newline=None)
    except OSError as error:
        raise ForeignTableError(path, error.strerror or "") from None


def _lines(file: TextIO) -> Iterator[str]:
    """Yield the lines without their ends; one that is far too long is cut off behind what is allowed."""
    while line := file.readline(MAX_LINE_CHARACTERS + 1):
        rest = line
        while rest and not rest.endswith("\n"):
            rest = file.readline(MAX_LINE_CHARACTERS)
        yield line.removesuffix("\n")


def _fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line; raise ValueError with what is wrong with it."""
    if len(line) > MAX_LINE_CHARACTERS:
        raise ValueError(f"the row is longer than {MAX_LINE_CHARACTERS} characters")
    if "\0" in line:
        raise ValueError("the row holds zero bytes")
    if _UNDECODABLE in line:
        raise ValueError("the row holds bytes that are not UTF-8")
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise ValueError("quotes that do not pair, or a line end within a field") from None


def _folded(title: str) -> str:
    """Return the name of a column without what spreadsheets and people change in it."""
    return re.sub("[ _-]", "", title).casefold()
