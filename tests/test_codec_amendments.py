"""Claims about the bytes of an amendment: what is written is read back, and nothing else is a row."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.clock import Month
from attendance.codec import AMENDMENTS_HEADER, about_text, decode_amendment, encode_amendment, is_amendment
from attendance.errors import InvalidInputError, MalformedRowError
from attendance.identity import clean_reason
from attendance.model import Amendment, AmendmentAction, Moment

ROW = b"2026-11-23T09:00:03+00:00,amended,2026-11-20,E0042,Ana,Present,anna,forgot the tablet,\n"
CLOSED = b"2026-12-01T08:00:00+00:00,closed,2026-11,,,,anna,," + b"0" * 64 + b"\n"

# What identity and the registry let through: no control characters, no line separators, no beginning of a formula.
texts = st.text(
    st.one_of(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), st.sampled_from(",\"'; \\\u200d\u3000")),
    max_size=300,
).filter(lambda text: text[:1] not in tuple("=+-@"))
some = texts.filter(bool)
moments = st.builds(
    Moment,
    at=st.datetimes(datetime(1900, 1, 3), datetime(2199, 12, 29), timezones=st.just(UTC)).map(  # noqa: DTZ001  # hypothesis adds the zone
        lambda instant: instant.replace(microsecond=0)
    ),
    utc_offset=st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda minutes: timedelta(minutes=minutes)),
)
dates = st.dates(date(1900, 1, 1), date(2199, 12, 31))
OF_MONTHS = [AmendmentAction.CLOSED, AmendmentAction.REOPENED]
of_days = st.builds(
    Amendment,
    number=st.integers(2, 10**9),
    written=moments,
    action=st.sampled_from([one for one in AmendmentAction if one not in OF_MONTHS]),
    about=st.one_of(dates, moments),
    employee_id=some,
    name=texts,
    status=texts,
    by=some,
    reason=texts,
    reference=texts,
)
of_months = st.builds(
    Amendment,
    number=st.integers(2, 10**9),
    written=moments,
    action=st.sampled_from(OF_MONTHS),
    about=dates.map(Month.of),
    employee_id=st.just(""),
    name=texts,
    status=texts,
    by=some,
    reason=texts,
    reference=texts,
)
amendments = st.one_of(of_days, of_months)


def moment(at: datetime, offset_minutes: int) -> Moment:
    """Return a moment with its offset."""
    return Moment(at=at, utc_offset=timedelta(minutes=offset_minutes))


def amendment(**changes: Any) -> Amendment:
    """Return the amendment of ROW, but for what is said otherwise."""
    values: dict[str, Any] = {
        "number": 2,
        "written": Moment(at=datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC), utc_offset=timedelta()),
        "action": AmendmentAction.AMENDED,
        "about": date(2026, 11, 20),
        "employee_id": "E0042",
        "name": "Ana",
        "status": "Present",
        "by": "anna",
        "reason": "forgot the tablet",
        "reference": "",
    }
    return Amendment(**values | changes)


@given(one=amendments)
def test_every_amendment_reads_back_as_it_was_written(one: Amendment) -> None:
    """Its number comes from where it stands; all else from its line, which is one physical line."""
    line = encode_amendment(one)

    assert decode_amendment(line, one.number) == one
    assert decode_amendment(line.removesuffix(b"\n"), one.number) == one
    assert encode_amendment(decode_amendment(line, 7)) == line
    assert is_amendment(line) is True
    assert line.decode().splitlines(keepends=True) == [line.decode()]


@given(one=amendments)
def test_the_stdlib_reads_the_same_fields(one: Amendment) -> None:
    """Whoever opens the file with another program sees what was written, quoted no more than it must be."""
    line = encode_amendment(one)

    (fields,) = csv.reader(io.StringIO(line.decode(), newline=""), strict=True)

    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    assert buffer.getvalue().encode() == line
    assert fields[1:] == [
        one.action,
        about_text(one.about),
        one.employee_id,
        one.name,
        one.status,
        one.by,
        one.reason,
        one.reference,
    ]


@given(text=st.text(max_size=320))
def test_whatever_may_be_a_reason_can_be_written(text: str) -> None:
    """What is let through stands in a row as it is, and is let through again unchanged; it begins no formula."""
    try:
        reason = clean_reason(text)
    except InvalidInputError as refused:
        assert list(refused.fields) == ["reason"]  # noqa: PT017  # most texts are refused
        return

    assert clean_reason(reason) == reason
    assert 1 <= len(reason) <= 300
    assert is_amendment(encode_amendment(amendment(reason=reason)))


@pytest.mark.parametrize(
    ("about", "text"),
    [
        (date(2026, 11, 20), "2026-11-20"),
        (Month(2026, 11), "2026-11"),
        (moment(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 60), "2026-10-25T01:30:00+01:00"),
        (moment(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 0), "2026-10-25T01:30:00+00:00"),
    ],
)
def test_what_an_amendment_speaks_of_stands_in_it_as(about: date | Month | Moment, text: str) -> None:
    """A date, a month, or a moment: the two same times of an autumn night are told apart."""
    assert about_text(about) == text


def test_an_amendment_is_written_to_the_byte_as() -> None:
    """Nine fields, in UTF-8, quoted only where they must be."""
    written = encode_amendment(amendment(name="Martín, Ana", reason='said "yes"'))

    assert encode_amendment(amendment()) == ROW
    assert written == ROW.replace(b"Ana", '"Martín, Ana"'.encode()).replace(b"forgot the tablet", b'"said ""yes"""')
    assert AMENDMENTS_HEADER.count(b",") == ROW.count(b",")


def test_the_widest_amendment_stays_below_what_a_log_takes_for_a_line() -> None:
    """The widest fields that get through, in doubled quotes or four bytes each."""
    widest = amendment(
        employee_id="E" * 64,
        name="𠮷" * 100,
        status="𠮷" * 32,
        by="a" * 200,
        reason='"' + "𠮷" * 299,
        reference="0" * 64,
    )

    assert len(encode_amendment(widest)) < 4096
    assert len(encode_amendment(amendment(name='"' * 100, reason='"' * 300))) < 4096


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b"", "1 fields", id="nothing"),
        pytest.param(AMENDMENTS_HEADER, "second field", id="the header"),
        pytest.param(ROW[:50], "fields", id="torn"),
        pytest.param(ROW.replace(b",\n", b"\n"), "8 fields", id="a field too few"),
        pytest.param(ROW.replace(b"\n", b",\n"), "10 fields", id="a field too many"),
        pytest.param(ROW.replace(b"Ana", b"An\xc3"), "not UTF-8", id="half a character"),
        pytest.param(ROW.replace(b"amended", b"Amended"), "second field", id="another action"),
        pytest.param(ROW.replace(b"2026-11-20", b"2026-02-30"), "third field", id="no date"),
        pytest.param(ROW.replace(b"2026-11-20", b"1820-11-20"), "third field", id="a date too long ago"),
        pytest.param(ROW.replace(b"2026-11-20", b"2026-13"), "third field", id="no month"),
        pytest.param(ROW.replace(b"2026-11-20", b"20/11/2026"), "third field", id="a spreadsheet's date"),
        pytest.param(ROW.replace(b"2026-11-20", b"yesterday"), "third field", id="a word for a date"),
        pytest.param(ROW.replace(b"+00:00", b"Z"), "first field", id="Z for an offset"),
    ],
)
def test_what_cannot_be_an_amendment_is_refused(line: bytes, reason: str) -> None:
    """The error says why."""
    with pytest.raises(MalformedRowError, match=reason):
        decode_amendment(line, 2)

    assert is_amendment(line) is False


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(ROW.removesuffix(b"\n"), id="no line feed"),
        pytest.param(ROW.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(ROW.replace(b"Ana", b'"Ana"'), id="quotes without need"),
        pytest.param(ROW.replace(b"Ana", b"A\tna"), id="a tab"),
        pytest.param(ROW.replace(b"Ana", "A\u2028na".encode()), id="a line separator"),
        pytest.param(ROW.replace(b"forgot", b"=1+1 forgot"), id="a formula as a reason"),
        pytest.param(ROW.replace(b"Present", b"@Present"), id="a formula as a status"),
        pytest.param(ROW.replace(b",anna,", b",-anna,"), id="a formula as an account"),
        pytest.param(ROW.replace(b",anna,", b",,"), id="by nobody"),
        pytest.param(ROW.replace(b"E0042", b""), id="about nobody"),
        pytest.param(ROW.replace(b"2026-11-20", b"2026-11"), id="somebody amended for a month"),
        pytest.param(CLOSED.replace(b"2026-11,", b"2026-11-20,"), id="a closed day"),
        pytest.param(CLOSED.replace(b",closed,2026-11,,", b",closed,2026-11,E1,"), id="somebody's month closed"),
    ],
)
def test_what_is_not_as_it_is_written_is_no_row(line: bytes) -> None:
    """It could be read, but this program never wrote it."""
    decode_amendment(line, 2)

    assert is_amendment(ROW)
    assert is_amendment(CLOSED)
    assert is_amendment(line) is False
