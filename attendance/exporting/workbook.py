"""Own tables as XLSX, by XlsxWriter, row by row: text stays text, and a person can send the sheet on as it is."""

from collections.abc import Callable, Iterator, Sequence
from os import SEEK_SET
from typing import IO, TYPE_CHECKING, Any

from attendance.clock import fixed_zone, to_local
from attendance.exporting.cells import text_cell
from attendance.exporting.grid import write_grid
from attendance.exporting.sheetnames import SheetNames
from attendance.exporting.styles import Styles
from attendance.exporting.table import CellKind, Column, Row, Table
from attendance.reporting.legend import WORDS

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1 << 20
"""So many has a sheet, the header and what stands above it included."""

MAX_WIDTH = 48
DAY_SECONDS = 86_400
_MOMENT_WIDTH = len("2026-11-20 09:00:01 +00:00")
_DATE_WIDTH = len("2026-11-20")


def write_xlsx(table: Table, out: IO[bytes]) -> None:
    """Write the rows as a sheet that can be sorted, the totals as another, and each month as a grid."""
    import xlsxwriter  # noqa: PLC0415  # only who asks for a workbook pays for it

    options = {
        "constant_memory": True,  # a row goes to the disk before the next one
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(_Out(out), options) as workbook:
        workbook.set_properties({"title": text_cell(table.title)})
        book = _Book(workbook)
        rows = _Rows(book, table, table.name.capitalize(), table.columns)
        totals = _Rows(book, table, "Totals", table.total_columns) if table.total_columns else None
        sums = list(_write_parts(book, table, rows))
        rows.close()
        if totals:
            for row in [*sums, *_sum(sums)]:
                totals.write(row)
            totals.close()


def _write_parts(book: "_Book", table: Table, rows: "_Rows") -> Iterator[Row]:
    """Write the rows of all parts, and each month as a grid, of which the first is what is seen first; yield totals."""
    grids = 0
    for part in table.parts:
        for row in part.rows:
            rows.write(row)
        if part.month:
            grid = book.sheet(part.month.site.site_id)
            write_grid(grid, book.styles, part.month)
            if not grids:
                grid.activate()
            grids += 1
        if part.totals:
            yield part.totals


def _sum(totals: Sequence[Row]) -> Iterator[Row]:
    """Yield the totals of all sites, if there are several."""
    if len(totals) > 1:
        columns = zip(*(row[1:] for row in totals), strict=True)
        yield ["All sites", *(sum(cell for cell in column if isinstance(cell, int)) for column in columns)]


class _Out:
    """Where a workbook goes; after an error it takes everything, and keeps nothing.

    The archive that was not finished writes its end when it is forgotten, and that error nobody could take.
    """

    def __init__(self, out: IO[bytes]) -> None:
        self._out: IO[bytes] | None = out
        self._at = out.tell()

    def write(self, data: bytes) -> int:
        """Write where it is at; raise OSError, once."""
        self._try(lambda out: out.write(data))
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to an offset."""
        self._at = self._try(lambda out: out.seek(offset, whence)) if self._out else offset
        return self._at

    def tell(self) -> int:
        """Return where it is at."""
        return self._at

    def flush(self) -> None:
        """Let go of what is held back."""
        self._try(lambda out: out.flush())

    def _try(self, use: Callable[[IO[bytes]], Any]) -> Any:
        """Use it, if that went well until now."""
        if self._out is None:
            return None
        try:
            return use(self._out)
        except OSError:
            self._out = None
            raise


class _Book:
    """A workbook while it is written."""

    def __init__(self, workbook: "Workbook") -> None:
        self.styles = Styles(workbook)
        self._workbook = workbook
        self._names = SheetNames()

    def sheet(self, name: str) -> "Worksheet":
        """Return a new sheet, which prints as wide as its page."""
        made = self._workbook.add_worksheet(self._names.free(name))
        made.set_landscape()
        made.set_paper(9)  # A4
        made.fit_to_pages(1, 0)
        made.set_footer("&L&A&R&P / &N")
        return made


class _Rows:
    """A sheet of rows: title and notes above, a header that stays in view; when it is full another one follows."""

    def __init__(self, book: _Book, table: Table, name: str, columns: Sequence[Column]) -> None:
        self._book, self._table, self._name, self._columns = book, table, name, columns
        self._widths = [len(column.name) + 4 for column in columns]  # with the sign of the filter
        self._open()

    def write(self, row: Row) -> None:
        """Write the next row."""
        if self._at == MAX_ROWS:
            self.close()
            self._open()
        for number, (column, cell) in enumerate(zip(self._columns, row, strict=True)):
            if cell is not None:
                width = min(self._put(number, column.kind, cell) + 2, MAX_WIDTH)
                self._widths[number] = max(self._widths[number], width)
        self._at += 1

    def close(self) -> None:
        """Make the columns as wide as what stands in them, and let every column be filtered."""
        for number, width in enumerate(self._widths):
            self._sheet.set_column(number, number, width)
        self._sheet.autofilter(self._head, 0, max(self._at - 1, self._head), len(self._columns) - 1)

    def _open(self) -> None:
        """Begin a sheet, up to its header."""
        styles = self._book.styles
        self._sheet = self._book.sheet(self._name)
        self._sheet.write_string(0, 0, text_cell(self._table.title), styles.title)
        for number, note in enumerate(self._table.notes, 1):
            self._sheet.write_string(number, 0, text_cell(note))
        self._head = len(self._table.notes) + 2
        for number, column in enumerate(self._columns):
            self._sheet.write_string(self._head, number, text_cell(column.name.replace("_", " ")), styles.head)
        self._sheet.freeze_panes(self._head + 1, 0)
        self._sheet.repeat_rows(self._head)
        self._at = self._head + 1

    def _put(self, number: int, kind: CellKind, cell: Any) -> int:
        """Write a cell, and return how wide it is."""
        sheet, at, styles = self._sheet, self._at, self._book.styles
        if kind is CellKind.TEXT:
            text = text_cell(cell)
            sheet.write_string(at, number, text)
            return len(text)
        if kind is CellKind.STATE:
            sheet.write_string(at, number, WORDS[cell], styles.state(cell))
            return len(WORDS[cell])
        if kind is CellKind.FLAG:
            sheet.write_string(at, number, "yes" if cell else "")
        elif kind is CellKind.NUMBER:
            sheet.write_number(at, number, cell)
        elif kind is CellKind.DURATION:
            sheet.write_number(at, number, cell.total_seconds() / DAY_SECONDS, styles.duration)
        elif kind is CellKind.DATE:
            sheet.write_datetime(at, number, cell, styles.date)
            return _DATE_WIDTH
        else:
            local = to_local(cell.at, fixed_zone(cell.utc_offset)).replace(tzinfo=None)
            sheet.write_datetime(at, number, local, styles.moment(cell.utc_offset))
            return _MOMENT_WIDTH
        return _DATE_WIDTH
