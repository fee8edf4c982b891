"""Claims about the bytes of a row: what is written, what is read back, and what is refused."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attendance.codec import HEADER, MAX_LINE_BYTES, decode, decode_timestamp, encode, encode_timestamp, is_row
from attendance.errors import MalformedRowError
from attendance.model import Mark

ROW = b"2026-10-25T01:30:00+01:00,E0042,Ana,Present\n"

# What identity and the registry let through: no control characters, no surrogates, no line separators, never empty.
fields = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")),
        st.sampled_from(",\"'; =+-@|\\\u200d\u00a0\u3000"),
    ),
    min_size=1,
    max_size=100,
)
instants = st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001  # hypothesis adds the zone
    lambda instant: instant.replace(microsecond=0)
)
offsets = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda minutes: timedelta(minutes=minutes))
marks = st.builds(Mark, marked_at=instants, utc_offset=offsets, employee_id=fields, name=fields, status=fields)


def make_mark(*, name: str = "Ana", status: str = "Present", offset_minutes: int = 60) -> Mark:
    """Return a mark of E0042 in the first of London's two 01:30 of an autumn night, but for what is said otherwise."""
    return Mark(
        marked_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        utc_offset=timedelta(minutes=offset_minutes),
        employee_id="E0042",
        name=name,
        status=status,
    )


# What is written


@pytest.mark.parametrize(
    ("mark", "line"),
    [
        (make_mark(), "2026-10-25T01:30:00+01:00,E0042,Ana,Present\n"),
        (make_mark(offset_minutes=0), "2026-10-25T00:30:00+00:00,E0042,Ana,Present\n"),
        (make_mark(offset_minutes=-210), "2026-10-24T21:00:00-03:30,E0042,Ana,Present\n"),
        (make_mark(offset_minutes=825), "2026-10-25T14:15:00+13:45,E0042,Ana,Present\n"),
        (make_mark(name="Ana Martín"), "2026-10-25T01:30:00+01:00,E0042,Ana Martín,Present\n"),
        (make_mark(name="Martín, Ana"), '2026-10-25T01:30:00+01:00,E0042,"Martín, Ana",Present\n'),
        (make_mark(name='Ana "Ani" M'), '2026-10-25T01:30:00+01:00,E0042,"Ana ""Ani"" M",Present\n'),
        (make_mark(name='"'), '2026-10-25T01:30:00+01:00,E0042,"""",Present\n'),
        (make_mark(name="𠮷田 太郎"), "2026-10-25T01:30:00+01:00,E0042,𠮷田 太郎,Present\n"),
        (make_mark(status="On site, late"), '2026-10-25T01:30:00+01:00,E0042,Ana,"On site, late"\n'),
    ],
)
def test_a_mark_is_written_to_the_byte_as(mark: Mark, line: str) -> None:
    """A row is local time with its offset, ID, name and status, in UTF-8, quoted only where it must be."""
    written = encode(mark)

    assert written == line.encode()


def test_the_two_same_times_of_an_autumn_night_are_told_apart() -> None:
    """The first and the second 01:30 differ in the offset of their rows, and an hour lies between what they mean."""
    first, second = make_mark(), b"2026-10-25T01:30:00+00:00,E0042,Ana,Present\n"

    later = decode(second)

    assert encode(first)[:19] == second[:19]
    assert later.marked_at - first.marked_at == timedelta(hours=1)


def test_microseconds_are_cut_off_and_never_rounded_up() -> None:
    """A timestamp never tells a second that has not begun."""
    marked_at = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

    written = encode_timestamp(marked_at, timedelta())

    assert written == "2026-12-31T23:59:59+00:00"


@given(mark=marks)
def test_every_mark_reads_back_as_it_was_written(mark: Mark) -> None:
    """Decoding the line of a mark gives an equal mark, with its line feed and without."""
    line = encode(mark)

    assert decode(line) == mark
    assert decode(line.removesuffix(b"\n")) == mark
    assert is_row(line) is True


@given(mark=marks)
def test_a_mark_is_one_physical_line(mark: Mark) -> None:
    """Whoever cuts the file into lines, by bytes or by Python's own idea of lines, gets the row in one piece."""
    line = encode(mark)

    assert line.index(b"\n") == len(line) - 1
    assert line.decode().splitlines(keepends=True) == [line.decode()]
    assert list(io.BytesIO(line)) == [line]


@given(many=st.lists(marks, max_size=8))
def test_a_file_splits_at_line_feeds_into_its_marks(many: list[Mark]) -> None:
    """Rows that follow one another are parted by the byte of the line feed and nothing else."""
    content = b"".join(map(encode, many))

    *lines, rest = content.split(b"\n")

    assert list(map(decode, lines)) == many
    assert rest == b""


@given(mark=marks)
def test_the_stdlib_writes_and_reads_the_same_rows(mark: Mark) -> None:
    """Python's csv module, with minimal quoting, writes the very same bytes, and reads the same fields in them."""
    expected = [encode_timestamp(mark.marked_at, mark.utc_offset), mark.employee_id, mark.name, mark.status]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(expected)

    line = encode(mark)

    assert line == buffer.getvalue().encode()
    assert list(csv.reader(io.StringIO(line.decode(), newline=""), strict=True)) == [expected]


@given(marked_at=instants, utc_offset=offsets)
def test_a_timestamp_reads_back_as_instant_and_offset(marked_at: datetime, utc_offset: timedelta) -> None:
    """The instant and the offset survive, for every offset of whole minutes that Python admits."""
    text = encode_timestamp(marked_at, utc_offset)

    assert decode_timestamp(text) == (marked_at, utc_offset)
    assert len(text) == 25
    assert text[:10] == (marked_at + utc_offset).date().isoformat()


def test_the_widest_mark_stays_below_the_longest_line() -> None:
    """The widest ID, name and label that can get through leave room to spare in the longest line that is read."""
    in_four_bytes = make_mark(name="," + "𠮷" * 99, status="S" * 32)
    in_doubled_quotes = make_mark(name='"' * 100, status="S" * 32)

    assert len(encode(in_four_bytes)) + 64 < MAX_LINE_BYTES // 2
    assert len(encode(in_doubled_quotes)) + 64 < MAX_LINE_BYTES // 2


# What is refused


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b"", "1 fields", id="nothing"),
        pytest.param(b"\n", "1 fields", id="empty line"),
        pytest.param(b"\0" * 64, "1 fields", id="the NULs of a power cut"),
        pytest.param(ROW[:20], "1 fields", id="torn in the timestamp"),
        pytest.param(ROW[:33], "3 fields", id="torn in the name"),
        pytest.param(b"2026-10-25T01:30:00+01:00,E0042,Ana\n", "3 fields", id="a field too few"),
        pytest.param(b"2026-10-25T01:30:00+01:00,E0042,Ana,Present,\n", "5 fields", id="a field too many"),
        pytest.param(b"2026-10-25T01:30:00+01:00,E0042,Martin, Ana,Present\n", "5 fields", id="comma without quotes"),
        pytest.param(b"2026-10-25T01:30:00+01:00;E0042;Ana;Present\n", "1 fields", id="semicolons"),
        pytest.param(ROW.replace(b"Ana", b"An\xe1"), "not UTF-8", id="Latin-1"),
        pytest.param(ROW.replace(b"Ana", b"An\xc3"), "not UTF-8", id="half a character"),
        pytest.param(ROW.replace(b"Ana", b"\xc0\xafAna"), "not UTF-8", id="overlong form"),
        pytest.param(ROW.replace(b"Ana", b"\xed\xa0\x80"), "not UTF-8", id="surrogate"),
        pytest.param(ROW.decode().encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param(ROW.replace(b"Ana", b'"Ana'), "quotes", id="quote that never closes"),
        pytest.param(ROW.replace(b"Ana", b'"Ana"x'), "quotes", id="text after the closing quote"),
        pytest.param(ROW.replace(b"Ana", b'"An"a"'), "quotes", id="quote that is not doubled"),
        pytest.param(ROW.replace(b"Ana", b"A\rna").replace(b"Present", b'""'), "quotes", id="CR next to quotes"),
        pytest.param(HEADER, "not a time", id="the header"),
        pytest.param(b"\xef\xbb\xbf" + ROW, "not a time", id="byte order mark"),
        pytest.param(b" " + ROW, "not a time", id="leading space"),
        pytest.param(b"\n" + ROW, "not a time", id="leading line feed"),
        pytest.param(b"\0" + ROW, "not a time", id="leading NUL"),
        pytest.param(ROW.replace(b"+01:00", b""), "not a time", id="no offset"),
        pytest.param(ROW.replace(b"+01:00", b"Z"), "not a time", id="Z for an offset"),
        pytest.param(ROW.replace(b"+01:00", b"+0100"), "not a time", id="offset without colon"),
        pytest.param(ROW.replace(b"+01:00", b"+01:00:30"), "not a time", id="offset with seconds"),
        pytest.param(ROW.replace(b"+01:00", "−01:00".encode()), "not a time", id="typographic minus"),
        pytest.param(ROW.replace(b"T", b" "), "not a time", id="space for the T"),
        pytest.param(ROW.replace(b":30:00", b":30:00.5"), "not a time", id="fraction of a second"),
        pytest.param(ROW.replace(b":30:00", b":30"), "not a time", id="no seconds"),
        pytest.param(ROW.replace(b"2026-10-25", b"26-10-25"), "not a time", id="year of two digits"),
        pytest.param(ROW.replace(b"2026-10-25", b"25/10/2026"), "not a time", id="a spreadsheet's date"),
        pytest.param(ROW.replace(b"2026", "٢٠٢٦".encode()), "not a time", id="Arabic digits"),
        pytest.param(ROW.replace(b"2026", "２０２６".encode()), "not a time", id="full-width digits"),
        pytest.param(ROW.replace(b"+01:00", b"+25:00"), "possible", id="offset of 25 hours"),
        pytest.param(ROW.replace(b"+01:00", b"+24:00"), "possible", id="offset of 24 hours"),
        pytest.param(ROW.replace(b"2026-10-25", b"2026-02-30"), "possible", id="30 February"),
        pytest.param(ROW.replace(b"2026-10-25", b"2026-02-29"), "possible", id="29 February of a common year"),
        pytest.param(ROW.replace(b"2026-10-25", b"2026-13-01"), "possible", id="month 13"),
        pytest.param(ROW.replace(b"2026-10-25", b"0000-10-25"), "possible", id="year 0"),
        pytest.param(ROW.replace(b"01:30:00", b"24:00:00"), "possible", id="hour 24"),
        pytest.param(ROW.replace(b":30:00", b":30:60"), "possible", id="leap second"),
        pytest.param(ROW.replace(b"2026-10-25T01", b"0001-01-01T00"), "possible", id="before the first instant"),
        pytest.param(
            ROW.replace(b"2026-10-25T01:30:00+", b"9999-12-31T23:30:00-"), "possible", id="after the last instant"
        ),
    ],
)
def test_what_cannot_be_a_row_is_refused(line: bytes, reason: str) -> None:
    """A line that means no mark raises an error which says why, and is no row."""
    with pytest.raises(MalformedRowError, match=reason) as refused:
        decode(line)

    assert refused.value.code == "malformed_row"
    assert is_row(line) is False


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(ROW.removesuffix(b"\n"), id="no line feed"),
        pytest.param(ROW + b"\n", id="two line feeds"),
        pytest.param(ROW.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(ROW.replace(b"\n", b" \0\n"), id="NUL at the end"),
        pytest.param(ROW.replace(b"Ana", b"A\0na"), id="NUL"),
        pytest.param(ROW.replace(b"Ana", b"A\nna"), id="line feed"),
        pytest.param(ROW.replace(b"Ana", b'"A\nna, M"'), id="line feed in quotes"),
        pytest.param(ROW.replace(b"Ana", b"A\rna"), id="carriage return"),
        pytest.param(ROW.replace(b"Ana", b"A\tna"), id="tab"),
        pytest.param(ROW.replace(b"Ana", b"A\x0bna"), id="vertical tab"),
        pytest.param(ROW.replace(b"Ana", b"A\x1cna"), id="file separator"),
        pytest.param(ROW.replace(b"Ana", b"A\x7fna"), id="delete"),
        pytest.param(ROW.replace(b"Ana", "A\u0085na".encode()), id="U+0085, next line"),
        pytest.param(ROW.replace(b"Ana", "A\u2028na".encode()), id="U+2028, line separator"),
        pytest.param(ROW.replace(b"Ana", "A\u2029na".encode()), id="U+2029, paragraph separator"),
        pytest.param(b'"2026-10-25T01:30:00+01:00","E0042","Ana","Present"\n', id="all quoted"),
        pytest.param(ROW.replace(b"Ana", b'"Ana"'), id="quoted without need"),
        pytest.param(ROW.replace(b"Ana", b'An""a'), id="quotes in a bare field"),
        pytest.param(ROW.replace(b"Ana", b""), id="no name"),
        pytest.param(ROW.replace(b"Ana", b'""'), id="no name, quoted"),
        pytest.param(ROW.replace(b"E0042", b""), id="no ID"),
        pytest.param(ROW.replace(b"Present", b""), id="no status"),
        pytest.param(ROW.replace(b"+01:00", b"-00:00"), id="minus zero"),
        pytest.param(ROW.replace(b"+01:00", b"+00:60"), id="offset of 60 minutes"),
    ],
)
def test_what_this_program_would_have_written_otherwise_is_no_row(line: bytes) -> None:
    """A line that could be read, but is not to the byte what `encode` writes, was touched by something else."""
    verdict = is_row(line)

    assert verdict is False


def test_a_row_as_written_is_a_row() -> None:
    """The row that all the refused lines are made from is itself accepted."""
    assert is_row(ROW) is True
    assert encode(decode(ROW)) == ROW


@given(
    line=st.one_of(
        st.binary(max_size=80), st.text('",\n\r\0 a', max_size=20).map(lambda tail: ROW[:26] + tail.encode())
    )
)
@example(line=b'"' + b"a" * 200_000 + b'"')
def test_any_bytes_decode_or_are_refused_with_the_one_error(line: bytes) -> None:
    """Whatever stands in a file, decoding gives a mark or MalformedRowError, and never another exception."""
    try:
        decoded: Mark | None = decode(line)
    except MalformedRowError:
        decoded = None

    assert decoded is not None or is_row(line) is False


@given(mark=marks, position=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_what_is_a_row_is_always_what_encode_writes(mark: Mark, position: int, byte: int) -> None:
    """A row with one byte changed is no row, or else it is to the byte the line of the mark it now tells."""
    line = bytearray(encode(mark))
    line[position % len(line)] = byte

    changed = bytes(line)

    assert not is_row(changed) or encode(decode(changed)) == changed
    assert not is_row(changed) or changed.count(b"\n") == 1
