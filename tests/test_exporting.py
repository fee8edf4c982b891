"""Claims about files that tables are written to: nothing is lost or guessed, and no text becomes a formula."""

import csv
import errno
import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import icalendar
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter.exceptions import FileCreateError

from attendance.exporting import CellKind, Column, Event, Format, Options, Part, Separator, Table, export, workbook
from attendance.exporting.cells import text_cell
from attendance.exporting.table import Row
from attendance.identity import FORMULA_STARTS
from attendance.model import Moment
from attendance.timesheet import State

NIGHT = Moment(at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC), utc_offset=timedelta(hours=1))
SAME_HOUR = Moment(at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC), utc_offset=timedelta())
HOSTILE = [
    *(f"{start}1+1" for start in (*FORMULA_STARTS, "\t=", "\r=", "\n=", " =", "\u00a0=", "\ufeff=", '"=', "\x00=")),
    '=HYPERLINK("https://evil.example","Ana")',
    "=cmd|' /C calc'!A0",
    "ill;=1+1",
    'ill,"=1+1"',
    "ill\t=1+1",
    "ill|@SUM(1)",
    "ill\n=1+1",
    "a\ud800=1",
    "_x003D_1+1",
    "https://evil.example",
    "{=1+1}",
    "x" * 40_000,
]
FORMULA = re.compile(rf"^[\s\"\ufeff]*[{re.escape(FORMULA_STARTS)}]")


def table(columns: Sequence[Column], rows: Sequence[Row], **more: Any) -> Table:
    """Return a table of one part."""
    return Table(
        name="marks", stem="attendance-marks", title="Marks", columns=columns, parts=iter([Part(rows=rows)]), **more
    )


def texts(*rows: Sequence[str]) -> Table:
    """Return a table of two columns of text."""
    return table([Column(name="Name"), Column(name="Status")], rows)


def written(made: Table, form: Format, options: Options = Options()) -> bytes:  # noqa: B008  # it is frozen
    """Return the bytes of a file."""
    out = BytesIO()
    export(made, form, out, options)
    return out.getvalue()


def from_csv(content: bytes, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of a CSV file, the header too."""
    return list(csv.reader(content.decode().splitlines(), delimiter=delimiter, strict=True))


def from_xlsx(content: bytes, sheet: int = 0) -> list[list[Any]]:
    """Return the cells of a sheet below its header."""
    found = openpyxl.load_workbook(BytesIO(content)).worksheets[sheet]
    rows = [[cell.value for cell in row] for row in found.iter_rows()]
    head = found.auto_filter.ref.split(":")[0].lstrip("A")
    return rows[int(head) :]


def from_parquet(content: bytes, folder: Path) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    """Return the columns with their types, and the rows, of a Parquet file."""
    path = folder / "table.parquet"
    path.write_bytes(content)
    with duckdb.connect() as connection:
        columns = connection.execute("DESCRIBE FROM read_parquet(?)", [str(path)]).fetchall()
        rows = connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()
    return [(name, kind) for name, kind, *_ in columns], rows


EVERY_KIND = [
    Column(name="Name"),
    Column(name="Row", kind=CellKind.NUMBER),
    Column(name="Date", kind=CellKind.DATE),
    Column(name="First", kind=CellKind.MOMENT),
    Column(name="Worked", kind=CellKind.DURATION),
    Column(name="Late", kind=CellKind.FLAG),
    Column(name="Kind", kind=CellKind.STATE),
]
FULL: Row = ("007", 12, date(2026, 10, 25), NIGHT, timedelta(hours=27, minutes=5), True, State.NOT_MARKED)
AGAIN: Row = ("1E5", -3, date(1900, 1, 1), SAME_HOUR, timedelta(), False, State.PRESENT)
EMPTY: Row = (None,) * len(EVERY_KIND)


def test_a_csv_file_has_every_kind_of_cell() -> None:
    """Both times of the hour that is repeated are told apart; nothing is an empty cell."""
    rows = from_csv(written(table(EVERY_KIND, [FULL, AGAIN, EMPTY]), Format.CSV))

    assert rows == [
        ["Name", "Row", "Date", "First", "Worked", "Late", "Kind"],
        ["007", "12", "2026-10-25", "2026-10-25T01:30:00+01:00", "27:05:00", "yes", "not_marked"],
        ["1E5", "-3", "1900-01-01", "2026-10-25T01:30:00+00:00", "0:00:00", "no", "present"],
        [""] * 7,
    ]


@pytest.mark.parametrize("separator", Separator)
def test_a_csv_file_is_parted_as_it_is_wished(separator: Separator) -> None:
    """A cell with the separator in it stays one cell."""
    name = f"Ana{separator.character}Lola"
    content = written(texts((name, 'say "hi"')), Format.CSV, Options(separator=separator))

    shown = "Ana Lola" if separator is Separator.TAB else name
    assert from_csv(content, separator.character)[1] == [shown, 'say "hi"']
    assert separator.character in content.decode().splitlines()[0]


def test_a_byte_order_mark_stands_in_front_where_it_is_wished() -> None:
    """Once, and nowhere else."""
    plain = written(texts(("Ana", "Present")), Format.CSV)
    marked = written(texts(("Ana", "Present")), Format.CSV, Options(byte_order_mark=True))

    assert marked == b"\xef\xbb\xbf" + plain


def test_a_workbook_has_every_kind_of_cell() -> None:
    """Dates and hours can be counted with; an ID stays text; the offset of a local time is shown beside it."""
    content = written(table(EVERY_KIND, [FULL, AGAIN, EMPTY]), Format.XLSX)
    sheet = openpyxl.load_workbook(BytesIO(content)).worksheets[0]
    full, again, *_ = from_xlsx(content)

    assert full[:3] == ["007", 12, datetime(2026, 10, 25)]  # noqa: DTZ001  # as a workbook has it
    assert full[3:] == [datetime(2026, 10, 25, 1, 30), timedelta(hours=27, minutes=5), "yes", "not marked"]  # noqa: DTZ001
    assert again[0] == "1E5"
    assert again[3] == full[3]
    formats = [sheet.cell(sheet.max_row - step, 4).number_format for step in (1, 0)]
    assert formats == ['yyyy-mm-dd hh:mm:ss "+01:00"', 'yyyy-mm-dd hh:mm:ss "+00:00"']


def test_a_workbook_can_be_sent_on() -> None:
    """It has a title, notes, a header that stays in view, filters, and columns as wide as what stands in them."""
    made = table([Column(name="Name"), Column(name="Status")], [("A" * 30, "Present")], notes=["P present"])
    sheet = openpyxl.load_workbook(BytesIO(written(made, Format.XLSX))).worksheets[0]

    assert [sheet["A1"].value, sheet["A2"].value, sheet["A4"].value] == ["Marks", "P present", "Name"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A5", "A4:B5")
    assert sheet.column_dimensions["A"].width > 30 > sheet.column_dimensions["B"].width
    assert sheet.page_setup.orientation == "landscape"


def test_states_have_a_word_and_a_colour() -> None:
    """Each another one: whoever sees no colours reads the word."""
    made = table([Column(name="Kind", kind=CellKind.STATE)], [(state,) for state in State])
    sheet = openpyxl.load_workbook(BytesIO(written(made, Format.XLSX))).worksheets[0]
    cells = [sheet.cell(row, 1) for row in range(sheet.max_row - len(State) + 1, sheet.max_row + 1)]

    assert len({cell.value for cell in cells}) == len(State)
    assert len({(cell.fill.fgColor.rgb, cell.font.color.rgb) for cell in cells}) == len(State)


def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet takes a million rows and no more; none is lost."""
    monkeypatch.setattr(workbook, "MAX_ROWS", 10)

    content = written(texts(*((f"E{number}", "x") for number in range(15))), Format.XLSX)

    found = openpyxl.load_workbook(BytesIO(content))
    assert found.sheetnames == ["Marks", "Marks 2", "Marks 3"]
    assert [row[0] for sheet in range(3) for row in from_xlsx(content, sheet)] == [f"E{number}" for number in range(15)]


class FullDisk(BytesIO):
    """Somewhere that takes a few bytes and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: Any) -> int:
        """Take it if there is room."""
        if self.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.mark.parametrize("room", [0, 100, 1000])
def test_a_disk_that_is_full_is_one_error(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Nothing comes behind it, out of a workbook that was not finished."""
    unheard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unheard.append)

    with pytest.raises(FileCreateError, match="No space left"):
        export(texts(("E1", "x")), Format.XLSX, FullDisk(room))
    gc.collect()

    assert unheard == []


def test_a_parquet_file_has_the_types_that_were_given(tmp_path: Path) -> None:
    """No type is guessed: 007 is text; a moment is an instant, and the local time beside it."""
    columns, rows = from_parquet(written(table(EVERY_KIND, [FULL, AGAIN, EMPTY]), Format.PARQUET), tmp_path)

    assert columns == [
        ("name", "VARCHAR"),
        ("row", "BIGINT"),
        ("date", "DATE"),
        ("first", "TIMESTAMP WITH TIME ZONE"),
        ("first_local", "TIMESTAMP"),
        ("worked_seconds", "BIGINT"),
        ("late", "BOOLEAN"),
        ("kind", "VARCHAR"),
    ]
    local = datetime(2026, 10, 25, 1, 30)  # noqa: DTZ001  # as the clock showed it
    assert rows[0] == ("007", 12, date(2026, 10, 25), NIGHT.at, local, 97_500, True, "not_marked")
    assert rows[1] == ("1E5", -3, date(1900, 1, 1), SAME_HOUR.at, local, 0, False, "present")
    assert rows[2] == (None,) * 8


def test_a_json_file_has_a_line_for_each_row() -> None:
    """It is one object, and also without any row."""
    content = written(table(EVERY_KIND, [FULL, EMPTY]), Format.JSON)

    told = json.loads(content)
    assert (told["table"], told["title"]) == ("marks", "Marks")
    assert told["rows"][0] == {
        "name": "007",
        "row": 12,
        "date": "2026-10-25",
        "first": "2026-10-25T01:30:00+01:00",
        "worked_seconds": 97_500,
        "late": True,
        "kind": "not_marked",
    }
    assert set(told["rows"][1].values()) == {None}
    assert len(content.splitlines()) == 4
    assert json.loads(written(table(EVERY_KIND, []), Format.JSON))["rows"] == []


def test_a_calendar_needs_no_zone() -> None:
    """Times are instants in UTC, all else whole dates; the same table is the same bytes."""
    events = [
        Event(about="london E1 2026-10-25", date=date(2026, 10, 25), stamped_at=NIGHT.at, summary="Present",
              starts_at=NIGHT.at, ends_at=SAME_HOUR.at),
        Event(about="london E1 2026-10-26", date=date(2026, 10, 26), stamped_at=NIGHT.at, summary="Absent"),
    ]  # fmt: skip
    first, second = (written(table([], [], events=iter(events)), Format.ICAL) for _ in range(2))

    shift, day = icalendar.Calendar.from_ical(first).walk("VEVENT")
    assert first == second
    assert b"VTIMEZONE" not in first
    assert b"DTSTART:20261025T003000Z\r\nDTEND:20261025T013000Z" in first
    assert (day.decoded("dtstart"), day.decoded("dtend")) == (date(2026, 10, 26), date(2026, 10, 27))
    assert shift["uid"] != day["uid"]


def _read_back(folder: Path) -> Iterator[tuple[Format, Callable[[bytes], list[str]]]]:
    """Yield for every form how the texts of its rows are read back."""
    yield Format.CSV, lambda content: [row[0] for row in from_csv(content)[1:]]
    yield Format.XLSX, lambda content: [row[0] for row in from_xlsx(content)]
    yield Format.PARQUET, lambda content: [row[0] for row in from_parquet(content, folder)[1]]
    yield Format.JSON, lambda content: [row["name"] for row in json.loads(content)["rows"]]
    yield (
        Format.ICAL,
        lambda content: [str(event["summary"]) for event in icalendar.Calendar.from_ical(content).walk("VEVENT")],
    )


def test_no_text_becomes_a_formula_in_any_form(tmp_path: Path) -> None:
    """Whatever stands in a label, a reason or the name of a holiday: each form gives back one harmless line."""
    readers = dict(_read_back(tmp_path))
    assert set(readers) == set(Format), "a form that nobody reads back here"
    for form, read in readers.items():
        events = [Event(about=text, date=date(2026, 1, 1), stamped_at=NIGHT.at, summary=text) for text in HOSTILE]
        made = table([Column(name="Name"), Column(name="Status")], [(one, one) for one in HOSTILE], events=events)

        found = read(written(made, form))

        assert len(found) == len(HOSTILE), form
        for text, shown in zip(HOSTILE, found, strict=True):
            assert not FORMULA.match(shown), (form, text, shown)
            assert not any(FORMULA.match(piece) for piece in re.split(r"[,;|\t]", shown)), (form, text, shown)
            assert not re.search(r"[\x00-\x1f]", shown), (form, text, shown)


def test_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    """Every text is a text cell: also the title, the notes, the headers and the names of sheets."""
    for text in HOSTILE:
        made = Table(name="marks", stem="x", title=text, notes=[text], columns=[Column(name=text)],
                     parts=[Part(rows=[(text,)])])  # fmt: skip
        found = openpyxl.load_workbook(BytesIO(written(made, Format.XLSX)))
        cells = [cell for sheet in found for row in sheet.iter_rows() for cell in row if cell.value is not None]

        assert len(cells) == 4
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
        assert not any(cell.hyperlink for cell in cells)
        assert not any(FORMULA.match(str(cell.value)) for cell in cells)


@given(st.text(st.sampled_from(FORMULA_STARTS + ",;|\t\r\n\" '\ufeff\u200bA1") | st.characters()))
def test_a_text_that_was_made_safe_stays_as_it_is(text: str) -> None:
    """However a file is parted, no part of it begins as a formula; and safe is safe."""
    safe = text_cell(text)

    assert text_cell(safe) == safe
    for piece in re.split(r"[,;|\t\r\n]", safe):
        assert piece.strip('" \ufeff\u200b')[:1] not in tuple(FORMULA_STARTS)
    safe.encode()


def test_names_of_people_are_left_alone() -> None:
    """What a roster lets pass is what every export has."""
    for name in ("O'Brien-D’Arcy", "Martín, Ana", "Nguyễn Thị Ánh", "Z̤̈o̤̽ë̤", "نمی\u200cدانم", "Jo (1)", "00123", "1E5"):
        assert text_cell(name) == name


def test_rows_are_taken_one_by_one(tmp_path: Path) -> None:
    """Of a million rows no more than a few are in memory, in any form."""
    program = (Path(__file__).parent / "exporting_memory.py").read_text(encoding="utf-8")
    for form in (Format.CSV, Format.JSON, Format.XLSX, Format.PARQUET):
        small, large = (_peak(program, form, rows, tmp_path) for rows in (2_000, 120_000))

        assert large - small < 25_000, form  # KiB; the rows alone would take 36 MB


def _peak(program: str, form: Format, rows: int, folder: Path) -> int:
    """Return how many KiB a process took that wrote so many rows."""
    done = subprocess.run(
        [sys.executable, "-c", program, form, str(rows), folder / "out"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)
