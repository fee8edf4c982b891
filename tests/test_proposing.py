"""An edited copy of a ledger is told row by row: what could be amended is proposed, what a spreadsheet did is not."""

import csv
import io
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance import proposing as proposing_module
from attendance.clock import to_local
from attendance.codec import encode_timestamp
from attendance.errors import UploadRefusedError
from attendance.ledger import Ledger
from attendance.model import Amendment, AmendmentAction, Mark, Moment, Site
from attendance.proposing import Comparison, Proposal, Proposing, read_proposal
from tests.conftest import HandClock, build_site

HEADER = "Timestamp,Employee_ID,Name,Status\n"
MONDAY = datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)
ANA = ("E0042", "Ana Martín")
JO = ("00123", "Jo Park")

Compare = Callable[..., Comparison]


def mark(site: Site, at: datetime, who: tuple[str, str], status: str) -> Mark:
    """Return a mark."""
    offset = to_local(at, site.zone).utcoffset() or timedelta()
    return Mark(marked_at=at, utc_offset=offset, employee_id=who[0], name=who[1], status=status)


def write(site: Site, marks: Sequence[Mark]) -> Ledger:
    """Return a ledger with these marks."""
    ledger = Ledger(site, now=HandClock(MONDAY), report=lambda _: None)
    with ledger.exclusive(MONDAY):
        ledger.add(marks)
    return ledger


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """London."""
    return build_site(folder=tmp_path)


@pytest.fixture
def ledger(site: Site) -> Ledger:
    """Three marks on Friday, one on Saturday, one on Monday."""
    friday = datetime(2026, 11, 20, 9, 0, 3, tzinfo=UTC)
    return write(
        site,
        [
            mark(site, friday, ANA, "Present"),
            mark(site, friday, JO, "Present"),
            mark(site, friday + timedelta(hours=1), ("E7", "Zoë"), "Absent"),
            mark(site, friday + timedelta(days=1), ANA, "Absent"),
            mark(site, MONDAY, ANA, "Present"),
        ],
    )


@pytest.fixture
def compare(site: Site, ledger: Ledger, tmp_path: Path) -> Compare:
    """Return a comparison of what is written with the ledger."""

    def compared(content: bytes | str, amendments: Sequence[Amendment] = ()) -> Comparison:
        path = tmp_path / "copy.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Proposing(site, ledger, now=HandClock(MONDAY)).compare(path, amendments)

    return compared


def text_of(site: Site) -> str:
    """Return the ledger as it stands."""
    return site.csv_path.read_text(encoding="utf-8")


def told(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Return what is proposed: when, for whom, what was and what should be."""
    return [(f"{one.local:%d %H:%M:%S}", one.employee_id, one.was, one.status) for one in comparison.proposals]


# What is no difference


@pytest.mark.parametrize(
    "form",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig").replace(b"\n", b"\r\n"),
        lambda text: text.replace(",", ";").encode("utf-16"),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: "".join(
            ",".join(f'"{cell}"' for cell in row) + "\n" for row in csv.reader(io.StringIO(text))
        ).encode(),
        lambda text: text.replace("T", " ", 6).replace(" imestamp", "Timestamp").encode(),
        lambda text: text.replace("+00:00", "Z").encode(),
        lambda text: text.replace("+00:00", "").encode(),
        lambda text: text.replace(":03+00:00", "+00:00").encode(),
        lambda text: text.replace("Martín", "Marti\u0301n").encode(),
        lambda text: text.replace("E0042", "e0042").encode(),
        lambda text: (HEADER + "".join(sorted(text.splitlines(keepends=True)[1:], reverse=True))).encode(),
        lambda text: text.replace("\n", ",,\n").encode(),
    ],
    ids=[
        *("as it is", "BOM and CRLF", "UTF-16 and semicolons", "tabs", "all quoted", "a space for T", "Z"),
        *("no offset", "no seconds", "NFD", "small letters", "sorted", "empty columns"),
    ],
)
def test_what_differs_in_form_is_no_difference(site: Site, compare: Compare, form: Callable[[str], bytes]) -> None:
    """Quotes, marks, line ends, encodings, the order of rows: a spreadsheet decides about those."""
    comparison = compare(form(text_of(site)))

    assert (told(comparison), comparison.told, comparison.same) == ([], [], 5)


# What is proposed


def test_a_changed_status_is_proposed_for_its_moment(site: Site, compare: Compare) -> None:
    """With the row of the copy, and what was there before."""
    comparison = compare(text_of(site).replace("Ana Martín,Absent", "Ana Martín,Present"))

    assert told(comparison) == [("21 09:00:03", "E0042", "Absent", "Present")]
    assert (comparison.proposals[0].number, comparison.proposals[0].kind) == (5, "changed")
    assert comparison.same == 4


def test_a_row_that_was_taken_out_is_proposed_as_not_marked(site: Site, compare: Compare) -> None:
    """Between the first and the last work date of the copy, not beyond."""
    rows = text_of(site).splitlines(keepends=True)

    first, middle, last = (compare("".join(rows[:at] + rows[at + 1 :])) for at in (1, 4, 5))

    assert told(first) == [("20 09:00:03", "E0042", "Present", "")]
    assert told(middle) == [("21 09:00:03", "E0042", "Absent", "")]
    assert first.proposals[0].kind == "removed"
    assert told(last) == []


def test_a_row_that_was_added_is_proposed_at_its_time(site: Site, compare: Compare) -> None:
    """Typed by hand, without seconds or offset, it is the time that the clock showed."""
    comparison = compare(text_of(site) + "2026-11-20 17:30,E7,Zoë,Present\n")

    assert told(comparison) == [("20 17:30:00", "E7", "", "Present")]
    assert (comparison.proposals[0].number, comparison.proposals[0].kind) == (7, "added")


def test_a_copy_of_a_month_is_compared_with_that_month(site: Site, compare: Compare) -> None:
    """Rows before and after are not taken for removed ones."""
    rows = text_of(site).splitlines(keepends=True)

    comparison = compare(rows[0] + rows[4].replace("Absent", "Present"))

    assert told(comparison) == [("21 09:00:03", "E0042", "Absent", "Present")]
    assert (f"{comparison.first:%d}", f"{comparison.last:%d}") == ("21", "21")


def test_what_is_amended_already_is_not_proposed_again(site: Site, compare: Compare) -> None:
    """The last word counts; a request is none."""
    at = datetime(2026, 11, 21, 9, 0, 3, tzinfo=UTC)

    def amendment(status: str, action: AmendmentAction = AmendmentAction.AMENDED) -> Amendment:
        moment = Moment(at=at, utc_offset=timedelta())
        return Amendment(
            number=2,
            written=moment,
            action=action,
            about=moment,
            employee_id="e0042",
            name="Ana",
            status=status,
            by="hr",
            reason="so",
            reference="",
        )

    copy = text_of(site).replace("Ana Martín,Absent", "Ana Martín,Present")
    asked = amendment("Present", AmendmentAction.REQUESTED)

    found = [
        compare(copy, trail)
        for trail in ([amendment("Present")], [amendment("Present"), amendment("")], [asked], [amendment("")])
    ]

    assert [(len(one.proposals), one.amended) for one in found] == [(0, 1), (1, 0), (1, 0), (1, 0)]


def test_amendments_are_looked_through_once(site: Site, compare: Compare) -> None:
    """However many rows differ: a trail of thousands of rows would be read as often."""
    looked = []

    class Trail(list[Amendment]):
        def __iter__(self) -> Iterator[Amendment]:
            looked.append(1)
            return super().__iter__()

    comparison = compare(text_of(site).replace("Present", "Absent"), Trail())

    assert len(comparison.proposals) > 1
    assert len(looked) == 1


@pytest.mark.parametrize(
    ("hour", "which"), [(0, "first"), (1, "second")], ids=["the first half past one", "the second"]
)
def test_a_time_that_happened_twice_is_the_one_of_the_row(tmp_path: Path, hour: int, which: str) -> None:
    """In the night in which the clock of London goes back."""
    site = build_site(folder=tmp_path)
    at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    ledger = write(site, [mark(site, at, ANA, "Present")])
    path = tmp_path / "copy.csv"
    path.write_text(text_of(site).replace("Present", "Absent"))

    [proposal] = Proposing(site, ledger, now=HandClock(MONDAY)).compare(path, ()).proposals
    wish = proposal.wish(site, "a slip")

    assert (str(wish.on), wish.at, wish.which) == ("2026-10-25", time(1, 30), which)


def test_a_night_shift_wishes_for_its_work_date(tmp_path: Path) -> None:
    """Half past one is in the night behind where the day turns at four."""
    site = build_site(folder=tmp_path, day_start=time(4))
    ledger = write(site, [mark(site, datetime(2026, 11, 21, 1, 30, tzinfo=UTC), ANA, "Present")])
    path = tmp_path / "copy.csv"
    path.write_text(text_of(site).replace("Present", "Absent"))

    [proposal] = Proposing(site, ledger, now=HandClock(MONDAY)).compare(path, ()).proposals

    assert str(proposal.wish(site, "a slip").on) == "2026-11-20"
    assert f"{proposal.local:%d %H:%M}" == "21 01:30"


# What is told, and not proposed


@pytest.mark.parametrize(
    ("was", "became", "reason"),
    [
        ("00123,Jo Park", "123,Jo Park", "the ID was 00123: did a spreadsheet change it?"),
        ("E7,Zoë", "E8,Zoë", "the ID was E7: an ID is not amended"),
        ("Zoë,Absent", "Zoe Smith,Absent", "the name was Zoë: names are corrected on the roster"),
        ("Zoë,Absent", "Zoë,Asleep", "its status is none of this site: write Present or Absent"),
        ("Zoë,Absent", "Zoë,", "its status is none of this site"),
        ("E7,Zoë,Absent", "E7,Zoë,Absent,more,than,that", "fields, but 4 columns"),
        ("2026-11-20T10:00:03+00:00", "20/11/2026 10:00", "which day is meant is not sure"),
        ("2026-11-20T10:00:03+00:00,E7,Zoë", "2026-11-24T10:00:03+00:00,E0042,Ana", "lies in the future"),
        ("E7,Zoë", "1.00E+05,Zoë", "a spreadsheet wrote the ID as a power of ten"),
        ("E7,Zoë", "=1+1,Zoë", "this can be no ID"),
        ("E7,Zoë", "E7,Z\0ë", "the row holds zero bytes"),
    ],
)
def test_what_cannot_be_amended_is_told(site: Site, compare: Compare, was: str, became: str, reason: str) -> None:
    """A column that a spreadsheet changed, an ID, a name, a status that the site does not have."""
    text = text_of(site)
    assert was in text

    comparison = compare(text.replace(was, became))

    assert [number for number, _ in comparison.told] in ([4], [3])
    assert reason in comparison.told[0][1]
    assert [one for one in told(comparison) if one[3]] == []


def test_an_id_that_was_mangled_throughout_is_not_taken_for_removed_and_added(site: Site, compare: Compare) -> None:
    """Else one saving by a spreadsheet would propose the end of everybody."""
    comparison = compare(text_of(site).replace("00123", "123"))

    assert told(comparison) == []
    assert len(comparison.told) == 1


def test_a_row_that_stands_twice_changes_nothing(site: Site, compare: Compare) -> None:
    """It is told."""
    rows = text_of(site).splitlines(keepends=True)

    comparison = compare("".join([*rows, rows[3]]))

    assert told(comparison) == []
    assert "another number of times" in comparison.told[0][1]


# What is refused


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "row 1 is empty"),
        (HEADER, "The file has no row below its header."),
        ("Timestamp,Name\n2026-11-20T09:00:03+00:00,Ana\n", "Row 1 names no column Employee_ID and no Status."),
        (HEADER + "20/11/2026 09:00,E0042,Ana,Present\n", "No row can be compared."),
        (b"PK\x03\x04rest", "this is a spreadsheet file"),
        (HEADER.replace("Name", "Status") + "x\n", "the column Status stands there twice"),
    ],
)
def test_a_file_with_nothing_to_compare_is_refused(compare: Compare, content: bytes | str, reason: str) -> None:
    """Nothing is proposed from it: an empty file does not mean that nobody marked."""
    with pytest.raises(UploadRefusedError) as caught:
        compare(content)

    assert reason in " ".join(caught.value.reasons)


def test_where_no_row_can_be_compared_no_number_is_made_up(compare: Compare) -> None:
    """The first twenty rows are told; beside the field stands what is true of all."""
    with pytest.raises(UploadRefusedError) as caught:
        compare(HEADER + "20/11/2026 09:00,E0042,Ana,Present\n" * 30)

    assert len(caught.value.reasons) == 21
    assert caught.value.fields == {"file": "No row can be compared."}


def test_a_wrong_year_does_not_read_the_whole_ledger(
    site: Site, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the ledger has far more rows on the days of the copy, no list is made of them."""
    monkeypatch.setattr(proposing_module, "MORE_ROWS", 0)
    rows = text_of(site).splitlines(keepends=True)

    with pytest.raises(UploadRefusedError) as caught:
        compare(rows[0] + "2020-01-01T09:00:00+00:00,E7,Zoë,Present\n" + rows[5])

    assert "leaves out most rows of the days from 2020-01-01 to 2026-11-23" in str(caught.value)


def test_a_copy_of_which_nothing_can_be_read_is_given_up_soon(compare: Compare) -> None:
    """Neither memory nor time goes into the millions of rows behind the first thousand that cannot be read."""
    tracemalloc.start()
    try:
        with pytest.raises(UploadRefusedError) as caught:
            compare(HEADER.encode() + b"a\n" * 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caught.value.reasons[0] == "1,000 rows cannot be read."
    assert caught.value.reasons[1].startswith("Row 2: ")
    assert len(caught.value.reasons) == 21
    assert peak < 16 << 20  # the file itself is 2 MB, and stands in memory while it is written


def test_some_rows_that_cannot_be_read_are_told_and_no_more(site: Site, compare: Compare) -> None:
    """Up to the limit the others are compared."""
    comparison = compare(text_of(site) + "a\n" * 999)

    assert len(comparison.told) == 999
    assert comparison.same == 5


def test_more_rows_than_a_copy_may_have_are_refused(
    site: Site, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that may be there are compared; with one more nothing is."""
    monkeypatch.setattr(proposing_module, "MAX_ROWS", 5)
    assert compare(text_of(site)).same == 5

    with pytest.raises(UploadRefusedError) as caught:
        compare(text_of(site) + "\n")

    assert caught.value.reasons == ("The file cannot be read: it has more than 5 rows, empty ones among them.",)


# The line in which a proposal travels


@given(
    at=st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001  # made aware below
    offset=st.integers(-12 * 60, 14 * 60),
    texts=st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30), min_size=4, max_size=4),
    number=st.integers(0, 10**7),
)
def test_a_proposal_reads_back_from_its_line(at: datetime, offset: int, texts: list[str], number: int) -> None:
    """Whatever a name holds: commas, quotes, every script."""
    proposal = Proposal(
        at=at.replace(microsecond=0, tzinfo=UTC),
        utc_offset=timedelta(minutes=offset),
        employee_id=texts[0],
        name=texts[1],
        was=texts[2],
        status=texts[3],
        number=number,
    )

    assert read_proposal(str(proposal)) == proposal


@pytest.mark.parametrize("line", ["", "x", "2026-11-20T09:00:00,E1,Ana,,Present,2", 'a"b', "2026-11-20T09:00:00+00:00"])
def test_a_line_that_is_none_of_ours_is_refused(line: str) -> None:
    """A form that was forged is answered with words."""
    with pytest.raises(UploadRefusedError):
        read_proposal(line)


# Whatever is edited


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_amending_every_proposal_makes_the_copy_true(tmp_path: Path, data: st.DataObject) -> None:
    """Random edits of statuses, of whole rows: laid over the ledger, the proposals give the rows of the copy."""
    site = build_site(folder=Path(mkdtemp(dir=tmp_path)))
    begin = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # through the night in which the clock goes back
    people = [ANA, JO, ("E7", "Zoë")]
    statuses = st.sampled_from(["Present", "Absent"])
    minutes = data.draw(st.lists(st.integers(0, 900), min_size=2, max_size=20, unique=True).map(sorted))
    rows: dict[Any, str] = {
        (begin + timedelta(minutes=minute), data.draw(st.sampled_from(people))): data.draw(statuses)
        for minute in minutes
    }
    ledger = write(site, [mark(site, at, who, status) for (at, who), status in rows.items()])
    edited = {key: data.draw(st.one_of(st.just(was), statuses, st.just(""))) for key, was in rows.items()}
    edited |= {
        (begin + timedelta(minutes=minute, seconds=30), data.draw(st.sampled_from(people))): data.draw(statuses)
        for minute in data.draw(st.lists(st.integers(0, 900), max_size=3, unique=True))
    }
    first, last = min(edited), max(edited)
    edited[first] = edited[first] or "Present"  # the days at the ends are those of the copy
    edited[last] = edited[last] or "Present"
    lines = [
        f"{encode_timestamp(at, to_local(at, site.zone).utcoffset() or timedelta())},{who[0]},{who[1]},{status}\n"
        for (at, who), status in edited.items()
        if status
    ]
    copy = site.csv_path.with_name("copy.csv")
    copy.write_text(HEADER + "".join(data.draw(st.permutations(lines))), encoding="utf-8")

    comparison = Proposing(site, ledger, now=HandClock(MONDAY)).compare(copy, ())

    laid = {(at, who[0]): status for (at, who), status in rows.items()}
    laid |= {(one.at, one.employee_id): one.status for one in comparison.proposals}
    assert {key: status for key, status in laid.items() if status} == {
        (at, who[0]): status for (at, who), status in edited.items() if status
    }
    assert comparison.told == []
