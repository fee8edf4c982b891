"""Claims about tables that something else saved: our rows are read back equal, whatever saved them."""

import codecs
import csv
import io
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import ForeignTableError
from attendance.foreign import MAX_BYTES, MAX_COLUMNS, MAX_LINE_CHARACTERS, Row, read_table

HEADER = ("Timestamp", "Employee_ID", "Name", "Status")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")
TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffd\ufeff"), min_size=1, max_size=20
)


def saved(path: Path, content: bytes | str) -> Path:
    """Write a file as something else saved it."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def as_dialect(rows: list[tuple[str, ...]], encoding: str, delimiter: str, end: str, quoting: int) -> bytes:
    """Return a table as a spreadsheet of some country writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]  # one of the csv.QUOTE_ numbers
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""  # Python writes it by itself for the others
    return mark + text.getvalue().encode(encoding)


def rows_of(path: Path) -> list[Row]:
    """Return all rows of a table."""
    return list(read_table(path).rows())


@given(
    rows=st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT).filter(lambda row: any(map(str.strip, row))), max_size=5),
    dialect=st.sampled_from(list(product(ENCODINGS, ",;\t", ("\n", "\r\n", "\r"), (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))),
)
def test_rows_that_were_saved_in_any_dialect_are_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], dialect: tuple[str, str, str, int]
) -> None:
    """Encoding, byte order mark, line ends, delimiter and quotes change no field and no row number."""
    path = tmp_path_factory.getbasetemp() / "dialect.csv"
    saved(path, as_dialect([HEADER, *rows], *dialect))

    table = read_table(path)

    assert table.header == HEADER
    assert table.delimiter == dialect[1]
    assert [(row.number, row.fields) for row in table.rows()] == list(enumerate(rows, start=2))


@given(content=st.binary(max_size=300))
def test_any_bytes_are_a_table_or_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever the bytes are, each row has the header's fields or a problem; nothing else is raised."""
    path = saved(tmp_path_factory.getbasetemp() / "any.csv", b"a,b\n" + content)

    for row in rows_of(path):
        assert bool(row.problem) != bool(row.fields)
        assert len(row.fields) in {0, 2}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'1,"Ana', "quotes that do not pair"),
        (b"1,\xe9", "not UTF-8"),
        (b"1,A\0", "zero bytes"),
        (b"1,Park,Jo", "3 fields, but 2 columns"),
        (b"1," + b"x" * 3 * MAX_LINE_CHARACTERS, "longer than"),
        (b"\0" * 500_000, "longer than"),
    ],
)
def test_a_broken_row_is_told_by_its_number_and_spoils_no_other(tmp_path: Path, line: bytes, problem: str) -> None:
    """The rows above and below a broken one are read as ever."""
    path = saved(tmp_path / "a.csv", b"ID,Name\n1,Ana\n" + line + b"\n3,Jo\n")

    above, broken, below = rows_of(path)

    assert (above.fields, below.fields) == (("1", "Ana"), ("3", "Jo"))
    assert (broken.number, broken.fields) == (3, ())
    assert problem in broken.problem


def test_empty_rows_are_passed_over_and_counted(tmp_path: Path) -> None:
    """A row keeps the number that a spreadsheet shows beside it; short rows and empty fields at the end are no harm."""
    path = saved(tmp_path / "a.csv", 'ID;Name\n\n;\n"";""\n1\n2;Jo;;;\n')

    rows = rows_of(path)

    assert [(row.number, row.fields) for row in rows] == [(5, ("1", "")), (6, ("2", "Jo"))]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\0\x06\0", "this is a spreadsheet file: save it as CSV (UTF-8), with text cells"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is a spreadsheet file"),
        ("ID,Name\n".encode("utf-16-le"), "zero bytes"),
        ("ID,Name\n".encode("utf-32"), "zero bytes"),
        ("ID,Prénom\n".encode("latin-1"), "row 1: the row holds bytes that are not UTF-8"),
        (b"", "row 1 is empty"),
        (b"\n1,Ana\n", "row 1 is empty"),
        (b'"ID,Name\n', "row 1: quotes that do not pair"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(tmp_path: Path, content: bytes, said: str) -> None:
    """A spreadsheet file and unreadable headers are refused, and it is said what to do."""
    path = saved(tmp_path / "a.csv", content)

    with pytest.raises(ForeignTableError) as refused:
        read_table(path)

    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_what_is_no_plain_file_of_bearable_size_is_refused(tmp_path: Path) -> None:
    """A file that is not there, a folder, and one that is too large are refused before they are read."""
    (tmp_path / "huge.csv").touch()
    with (tmp_path / "huge.csv").open("r+b") as huge:
        huge.truncate(MAX_BYTES + 1)

    for name, said in {"none.csv": "No such file", ".": "no plain file", "huge.csv": "larger than 200 MiB"}.items():
        with pytest.raises(ForeignTableError, match=said):
            read_table(tmp_path / name)


@pytest.mark.parametrize("rest", ["1,A\n2,B\n3,C\n", "1,A\n\n\n", "\n\n\n"])
def test_more_rows_than_are_asked_for_are_refused(tmp_path: Path, rest: str) -> None:
    """Empty rows count: twenty million of them would take a minute."""
    table = read_table(saved(tmp_path / "a.csv", f"ID,Name\n{rest}"))

    assert len(list(table.rows(3))) == rest.count(",")
    with pytest.raises(ForeignTableError, match="it has more than 2 rows, empty ones among them"):
        list(table.rows(2))


def test_a_header_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    """Every row is filled up to its width, so one line of commas would make each empty row large."""
    assert len(read_table(saved(tmp_path / "a.csv", "ID" + "," * (MAX_COLUMNS - 1) + "\n")).header) == MAX_COLUMNS
    with pytest.raises(ForeignTableError, match="row 1 has more than 1,024 columns"):
        read_table(saved(tmp_path / "b.csv", "ID" + "," * MAX_COLUMNS + "\n"))


def test_a_file_that_goes_away_is_refused(tmp_path: Path) -> None:
    """A file that is taken away between two looks is an expected failure."""
    table = read_table(saved(tmp_path / "a.csv", "ID,Name\n"))
    table.path.unlink()

    with pytest.raises(ForeignTableError, match="No such file"):
        list(table.rows())


@pytest.mark.parametrize("title", ["Employee_ID", "employee id", "EMPLOYEE-ID", " EmployeeId "])
def test_a_column_is_found_however_its_name_is_written(tmp_path: Path, title: str) -> None:
    """Case, spaces, hyphens and underscores in the name of a column say nothing."""
    table = read_table(saved(tmp_path / "a.csv", f"Name,{title}\n"))

    assert table.column("Employee_ID") == 1
    assert table.column("Status") is None


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which of the two is meant cannot be known."""
    table = read_table(saved(tmp_path / "a.csv", "Name,name\n"))

    with pytest.raises(ForeignTableError, match="the column Name stands there twice"):
        table.column("Name")
