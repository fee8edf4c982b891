"""A roster says who belongs to a site; it is read again when it changed, and refused as a whole when it is broken."""

import os
import signal
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance.errors import Problem, RosterError, UnknownEmployeeError
from attendance.identity import clean_employee_id, clean_name
from attendance.mangled import made_of
from attendance.model import Employee
from attendance.roster import RosterFile, load_roster
from attendance.roster import file as roster_file_module

HEADER = "Employee_ID,Name\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the roster lies."""
    return tmp_path / "london.roster.csv"


@pytest.fixture
def roster_file(path: Path) -> RosterFile:
    """The roster of London."""
    return RosterFile(path)


@pytest.fixture
def hurry() -> Iterator[None]:
    """Stop a test that waits for the other end of a FIFO."""

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(3)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _names(path: Path) -> dict[str, str]:
    """Return the names of a roster by their IDs as they are spelled in it."""
    return {employee.employee_id: employee.name for employee in load_roster(path).employees.values()}


def _problems(path: Path) -> list[Problem]:
    """Return what is wrong with a roster."""
    with pytest.raises(RosterError) as caught:
        load_roster(path)
    return list(caught.value.problems)


# What is read


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", {}),
        (b"E1,Ana\nE2,Jo Park\n", {"E1": "Ana", "E2": "Jo Park"}),
        (b"E1,Ana", {"E1": "Ana"}),
        (b'E1,"Park, Jo"\n"E2","O""Neil"\n', {"E1": "Park, Jo", "E2": 'O"Neil'}),
        (b"E1,Ana,Sales,=1+1\nE2,Jo\n", {"E1": "Ana", "E2": "Jo"}),
        (b"\nE1,Ana\n\n,,\nE2,Jo\n\n", {"E1": "Ana", "E2": "Jo"}),
        (b" E1 ,  Ana   Maria \n", {"E1": "Ana Maria"}),
        ("E1,Ana Martín\nE2,Zoe\u0308\nE3,王秀英\n".encode(), {"E1": "Ana Martín", "E2": "Zoë", "E3": "王秀英"}),
    ],
    ids=["nobody", "plain", "no last line feed", "quotes", "columns", "blank rows", "spaces", "scripts"],
)
def test_employees_are_read_as_they_are_meant(path: Path, source: bytes, expected: dict[str, str]) -> None:
    """Quotes, more columns, blank rows and surrounding spaces are what CSV says they are."""
    path.write_bytes(HEADER.encode() + source)

    assert _names(path) == expected


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_what_a_spreadsheet_saves_as_utf8_is_read(path: Path, mark: bytes, line_end: bytes) -> None:
    """A byte order mark and any line end are passed over, and more columns may be named."""
    path.write_bytes(mark + line_end.join([b"Employee_ID,Name,Team", b"E1,Ana,Sales", b'E2,"Park, Jo",', b""]))

    assert _names(path) == {"E1": "Ana", "E2": "Park, Jo"}


@pytest.mark.parametrize("typed", ["E-1a", "e-1A", "E-1A", "e-1a"])
def test_an_id_is_found_in_any_case(path: Path, typed: str) -> None:
    """Somebody on a phone need not find the shift key; the answer is spelled as in the roster."""
    path.write_text(HEADER + "E-1a,Ana\n")

    employee = load_roster(path).resolve(typed)

    assert employee == Employee(employee_id="E-1a", name="Ana")


@pytest.mark.parametrize("typed", ["E2", "", "E1 ", "E", "E11"])
def test_an_unknown_id_is_refused(path: Path, typed: str) -> None:
    """Nothing but the whole ID finds somebody."""
    path.write_text(HEADER + "E1,Ana\n")
    roster = load_roster(path)

    with pytest.raises(UnknownEmployeeError):
        roster.resolve(typed)


# What is refused


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (HEADER + "E1,Ana\nE1,Bob\n", 3, "the ID E1 stands twice"),
        (HEADER + "E1,Ana\n\ne1,Ana\n", 4, "the ID e1 stands twice"),
        (HEADER + "E 1,Ana\n", 2, "An ID has up to 64 letters"),
        (HEADER + "=1+1,Ana\n", 2, "An ID has up to 64 letters"),
        (HEADER + f"{'E' * 65},Ana\n", 2, "An ID has up to 64 letters"),
        (HEADER + "Ｅ１,Ana\n", 2, "An ID has up to 64 letters"),
        (HEADER + ",Ana\n", 2, "Enter your ID"),
        (HEADER + "E1,\n", 2, "Enter your name"),
        (HEADER + "E1\n", 2, "Enter your name"),
        (HEADER + "E1,=1+1\n", 2, "A name cannot begin with"),
        (HEADER + "E1,@Ana\n", 2, "A name cannot begin with"),
        (HEADER + 'E1,"Ana\nMaria"\n', 3, "a character that cannot be seen"),
        (HEADER + "E1,Ana\0\n", 2, "a character that cannot be seen"),
        (HEADER + "E1,\u202eanA\n", 2, "a character that cannot be seen"),
        (HEADER + f"E1,{'x' * 101}\n", 2, "A name has up to 100 characters"),
        (HEADER + 'E1,"Ana\n', 2, "this is not CSV: unexpected end of data"),
        (HEADER + 'E1,"Ana" Maria\n', 2, "this is not CSV: ',' expected after"),
        (HEADER + f"E1,Ana,{'x' * 140_000}\n", 2, "this is not CSV: field larger than field limit"),
        ('"', 1, "this is not CSV: unexpected end of data"),
        ("", 1, "the first row must be Employee_ID,Name"),
        ("Employee_ID\n", 1, "the first row must be Employee_ID,Name"),
        ("Name,Employee_ID\nAna,E1\n", 1, "the first row must be Employee_ID,Name"),
        ("employee_id,name\nE1,Ana\n", 1, "the first row must be Employee_ID,Name"),
        ("Employee_ID;Name\nE1;Ana\n", 1, "parted by commas"),
        ("E1,Ana\n", 1, "the first row must be Employee_ID,Name"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(path: Path, source: str, line: int, message: str) -> None:
    """One mistake refuses the roster, with the line and what to do."""
    path.write_text(source, newline="")

    [problem] = _problems(path)

    assert (problem.path, problem.line, problem.column) == (path, line, 1)
    assert message in problem.message
    assert "mend this row" in problem.hint


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused(path: Path, encoding: str) -> None:
    """A guess about letters would be wrong for somebody, so the file must be UTF-8."""
    path.write_bytes((HEADER + "E1,Ana Martín\n").encode(encoding))

    [problem] = _problems(path)

    assert "save it as `CSV UTF-8`" in problem.message


def test_all_wrong_rows_are_listed_in_their_order(path: Path) -> None:
    """Whoever mends a roster sees everything at once."""
    path.write_text(HEADER + "E1,Ana\nE1,Bob\n?,Cy\nE4,\nE5,Di\n")

    problems = _problems(path)

    assert [problem.line for problem in problems] == [3, 4, 5]


def test_of_a_roster_that_is_wrong_throughout_the_first_thousand_rows_are_told(path: Path) -> None:
    """The rest is not read, so that a file of millions of wrong rows takes a worker neither memory nor time."""
    path.write_text(HEADER + "?,Cy\n" * 500_000)
    tracemalloc.start()
    try:
        problems = _problems(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [problem.line for problem in problems] == list(range(2, 1002))
    assert peak < 12 * path.stat().st_size  # twice its text, of which csv reads 4 bytes a character


def test_a_roster_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many people as may be there are read; one more is told, at its line, and nothing behind it."""
    monkeypatch.setattr(roster_file_module, "MAX_PEOPLE", 2)
    path.write_text(HEADER + "E1,Ana\nE2,Jo\n")
    assert _names(path) == {"E1": "Ana", "E2": "Jo"}

    path.write_text(HEADER + "E1,Ana\nE2,Jo\nE3,Cy\n?,Di\n")
    [problem] = _problems(path)

    assert (problem.line, problem.message) == (4, "the roster has more than 2 people")


def test_a_roster_that_is_too_large_is_not_read(path: Path) -> None:
    """A file beyond the limit is refused by its size alone."""
    path.write_text(HEADER)
    os.truncate(path, roster_file_module.MAX_BYTES + 1)

    [problem] = _problems(path)

    assert f"larger than {64 << 20} bytes" in problem.message


def test_a_roster_at_the_limit_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit itself is allowed."""
    path.write_text(HEADER + "E1,Ana\n")
    monkeypatch.setattr(roster_file_module, "MAX_BYTES", path.stat().st_size)

    assert _names(path) == {"E1": "Ana"}


@pytest.mark.usefixtures("hurry")
def test_a_fifo_is_no_roster(path: Path) -> None:
    """A FIFO is refused without waiting for somebody who writes to it, so the site answers."""
    os.mkfifo(path)

    [problem] = _problems(path)

    assert problem.message == "the roster is no plain file"


def test_a_folder_is_no_roster(roster_file: RosterFile, path: Path) -> None:
    """A folder in the place of a roster is told like any other mistake."""
    path.mkdir()

    with pytest.raises(RosterError):
        roster_file.current()


def test_the_error_tells_an_employee_nothing_of_the_file(path: Path) -> None:
    """Its text says whom to ask; rows and paths are for ops, in the problems."""
    path.write_text(HEADER + "E1,=secret\n")

    with pytest.raises(RosterError) as caught:
        load_roster(path)

    assert "Tell whoever looks after this site" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert str(path) not in str(caught.value)


# Badges

BADGES = "Employee_ID,Name,Team,Badge\n"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        *(("E1", "E1"), ("e1", "E1"), (" E1 ", "E1"), ("4006381333931", "E1")),
        *(("Card 7/b", "E2"), ("card 7/B", "E2"), ("E3", "E3"), ("E4", "E4")),
    ],
)
def test_a_kiosk_finds_somebody_by_id_or_badge(path: Path, typed: str, expected: str) -> None:
    """Capitals do not matter, spaces around do not either; a badge may be left out, or be the holder's own ID."""
    path.write_text(BADGES + "E1,Ana,Sales,4006381333931\nE2,Bob,,Card 7/b\nE3,Cy,x\nE4,Di,,e4\n")

    assert load_roster(path).find(typed).employee_id == expected


@pytest.mark.parametrize("typed", ["", " ", "B", "B 1", "B1B1", "\ud800", "x" * 10_000])
def test_a_kiosk_finds_nobody_by_anything_else(path: Path, typed: str) -> None:
    """Who has no badge is not found by an empty one."""
    path.write_text(BADGES + "E1,Ana,,B1\nE2,Bob,,\n")
    roster = load_roster(path)

    with pytest.raises(UnknownEmployeeError):
        roster.find(typed)


def test_a_badge_is_no_id(path: Path) -> None:
    """On one's own phone a badge that was read at the door says nothing."""
    path.write_text(BADGES + "E1,Ana,,B1\n")
    roster = load_roster(path)

    with pytest.raises(UnknownEmployeeError):
        roster.resolve("B1")


def test_the_column_of_badges_is_found_by_its_name(path: Path) -> None:
    """It may be the third or a later one; without it nobody has a badge."""
    read = []
    for source in ("Employee_ID,Name,Badge\nE1,Ana,B1\n", BADGES + "E1,Ana,x,B1\n", "Employee_ID,Name,b\nE1,Ana,B1\n"):
        path.write_text(source)
        read.append(load_roster(path).resolve("E1").badge)

    assert read == ["B1", "B1", None]


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        ("E1,Ana,, B1\n", 2, "a badge has 1 to 64 plain characters"),
        ("E1,Ana,,B1 \n", 2, "a badge has 1 to 64 plain characters"),
        ("E1,Ana,, \n", 2, "a badge has 1 to 64 plain characters"),
        ("E1,Ana,,é\n", 2, "a badge has 1 to 64 plain characters"),
        ("E1,Ana,,a\tb\n", 2, "a badge has 1 to 64 plain characters"),
        ('E1,Ana,,"a\n"\n', 3, "a badge has 1 to 64 plain characters"),
        (f"E1,Ana,,{'x' * 65}\n", 2, "a badge has 1 to 64 plain characters"),
        ("E1,Ana,,B1\nE2,Bob,,b1\n", 3, "this badge stands twice"),
        ("E1,Ana,,e2\nE2,Bob,,\n", 2, "this badge is the ID of somebody else"),
        ("E1,Ana,,\nE2,Bob,,E1\n", 3, "this badge is the ID of somebody else"),
    ],
)
def test_a_wrong_badge_is_told_with_its_line(path: Path, rows: str, line: int, message: str) -> None:
    """A badge means one person, and what a scanner types can be typed."""
    path.write_text(BADGES + rows, encoding="utf-8", newline="")

    [problem] = _problems(path)

    assert (problem.line, problem.column) == (line, 1)
    assert message in problem.message


def test_two_columns_of_badges_are_refused(path: Path) -> None:
    """Nobody could tell which of them counts."""
    path.write_text("Employee_ID,Name,Badge,Badge\nE1,Ana,B1,B2\n")

    [problem] = _problems(path)

    assert (problem.line, problem.message) == (1, "the column Badge stands twice")


def test_a_badge_of_64_characters_is_read(path: Path) -> None:
    """The limit itself is allowed."""
    path.write_text(f"{BADGES}E1,Ana,,{'x' * 64}\n")

    assert load_roster(path).find("X" * 64).name == "Ana"


# From when until when

DATES = "Employee_ID,Name,From,Until\n"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (",", (None, None)),
        ("2026-11-20,", (date(2026, 11, 20), None)),
        (",2026-11-20", (None, date(2026, 11, 20))),
        ("2026-11-20,2026-11-20", (date(2026, 11, 20), date(2026, 11, 20))),
        (" 2026-11-20 , ", (date(2026, 11, 20), None)),
        ("2028-02-29,", (date(2028, 2, 29), None)),
        ("", (None, None)),
    ],
)
def test_dates_say_from_when_until_when(path: Path, cells: str, expected: tuple[date | None, date | None]) -> None:
    """Both may be left out, one may be, and one day is enough."""
    path.write_text(f"{DATES}E1,Ana,{cells}\nE2,Bob\n")

    roster = load_roster(path)

    employee = roster.resolve("E1")
    assert (employee.from_date, employee.until_date) == expected
    assert roster.has_dates is (expected != (None, None))


@pytest.mark.parametrize("title", ["From", "Until"])
@pytest.mark.parametrize(
    "cell", ["20/11/2026", "11/20/2026", "20.11.2026", "2026/11/20", "46346", "2026-11-31", "20 Nov 2026", "soon"]
)
def test_a_date_that_a_spreadsheet_rewrote_is_refused(path: Path, title: str, cell: str) -> None:
    """Which day is meant is not guessed; the row and the way to mend it are told."""
    path.write_text(f"Employee_ID,Name,{title}\nE1,Ana,2026-11-20\nE2,Bob,{cell}\n")

    [problem] = _problems(path)

    assert problem.line == 3
    assert problem.message.startswith(f"{title} is no date that is written as 2026-11-20")
    assert "format the column as text" in problem.message


def test_nobody_leaves_before_they_begin(path: Path) -> None:
    """Such a row is a slip of the hand."""
    path.write_text(DATES + "E1,Ana,2026-11-20,2026-11-19\n")

    [problem] = _problems(path)

    assert problem.message == "Until lies before From"


@pytest.mark.parametrize("title", ["From", "Until"])
def test_a_column_of_dates_stands_once(path: Path, title: str) -> None:
    """Nobody could tell which of two counts."""
    path.write_text(f"Employee_ID,Name,{title},{title}\n")

    [problem] = _problems(path)

    assert problem.message == f"the column {title} stands twice"


def test_an_id_stands_once_even_where_the_dates_do_not_overlap(path: Path) -> None:
    """One row is one person: who comes back has one row, from the first day on."""
    path.write_text(DATES + "E1,Ana,2020-01-01,2021-01-01\nE1,Ana,2026-01-01,\n")

    [problem] = _problems(path)

    assert problem.message == "the ID E1 stands twice"


# IDs that a spreadsheet changed


@pytest.mark.parametrize(
    ("was", "became"),
    [("00123", "123"), ("1E5", "100000"), ("1e5", "100000"), ("5.0", "5"), ("007", "7"), ("12E1", "120")],
)
@pytest.mark.parametrize("known_by", ["the roster", "the ledger"])
def test_an_id_that_a_spreadsheet_changed_is_refused(path: Path, was: str, became: str, known_by: str) -> None:
    """It is known by the roster that was in force, or by those who marked lately, and the row is told."""
    roster_file = RosterFile(path, lambda: {was.casefold()} if known_by == "the ledger" else set())
    if known_by == "the roster":
        path.write_text(f"{HEADER}{was},Ana\n")
        roster_file.current()
    path.write_text(f"{HEADER}E1,Bob Smith\n{became},Ana\n")

    for _ in range(2):
        with pytest.raises(RosterError) as caught:
            roster_file.current()

    [problem] = caught.value.problems
    assert problem.line == 3
    assert f"{became} is not known, but {was.upper()} is" in problem.message


@pytest.mark.parametrize("cell", ["1.00E+05", '"1,234"', "20/11/2026"])
def test_what_a_spreadsheet_wrote_is_told_as_such(path: Path, cell: str) -> None:
    """It can be no ID at all, and whoever mends it learns where it comes from."""
    path.write_text(f"{HEADER}{cell},Ana\n")

    [problem] = _problems(path)

    assert "format the column as text" in problem.message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["1E5", "5.0", "Jan-23", "00123"], ["1E5", "5.0", "Jan-23", "00123"]),
        (["00123"], ["00123", "123"]),
        (["123"], ["123", "00123"]),
        (["E1"], ["123", "1E5"]),
        ([], ["123", "1E5", "00123"]),
        (["00123"], ["124"]),
    ],
    ids=["theirs", "the old one stays", "zeros", "nothing alike", "nobody known", "another number"],
)
def test_ids_that_are_like_this_raise_no_alarm(path: Path, before: list[str], after: list[str]) -> None:
    """Companies have such IDs: it counts whether one that was known went and its number came."""
    roster_file = RosterFile(path)
    path.write_text(HEADER + "".join(f"{one},Ana\n" for one in before))
    roster_file.current()
    path.write_text(HEADER + "".join(f"{one},Bobby\n" for one in after))

    assert [one.employee_id for one in roster_file.current().employees.values()] == after


def test_the_ledger_is_not_asked_where_no_id_reads_as_a_number(path: Path) -> None:
    """To ask costs time, and E0042 is safe."""
    path.write_text(HEADER + "E0042,Ana\nQ-17,Bob\n")

    def ask() -> set[str]:
        pytest.fail("the ledger was asked")

    assert len(RosterFile(path, ask).current().employees) == 2


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True))
def test_no_id_is_taken_for_its_own_victim(employee_id: str) -> None:
    """Whatever an ID looks like: where it is known already, it is right."""
    key = employee_id.casefold()

    assert made_of([key], {key}) == {}


@given(st.from_regex(r"0{1,9}[1-9][0-9]{0,20}", fullmatch=True))
def test_zeros_that_were_cut_off_are_always_found(employee_id: str) -> None:
    """However long the number is."""
    assert made_of([employee_id.lstrip("0")], {employee_id}) == {employee_id.lstrip("0"): employee_id}


# How it follows its file


def test_a_missing_roster_is_told_until_it_is_there(roster_file: RosterFile, path: Path) -> None:
    """Nobody can mark without the roster; once it is written, it is used."""
    with pytest.raises(RosterError) as caught:
        roster_file.current()
    path.write_text(HEADER + "E1,Ana\n")

    employee = roster_file.current().resolve("E1")

    [problem] = caught.value.problems
    assert problem.message == "the roster cannot be read: No such file or directory"
    assert "Employee_ID,Name" in problem.hint
    assert employee.name == "Ana"


def test_an_unchanged_file_is_not_read_again(roster_file: RosterFile, path: Path) -> None:
    """A mark costs one look at the file's date and size."""
    path.write_text(HEADER + "E1,Ana\n")

    assert roster_file.current() is roster_file.current()


def test_a_changed_file_is_read_again(roster_file: RosterFile, path: Path) -> None:
    """Somebody who was added may mark at once, and somebody who was taken out may not."""
    path.write_text(HEADER + "E1,Ana\n")
    roster_file.current()
    path.write_text(HEADER + "E2,Jonathan\n")

    roster = roster_file.current()

    assert roster.resolve("E2").name == "Jonathan"
    with pytest.raises(UnknownEmployeeError):
        roster.resolve("E1")


def test_a_file_of_the_same_size_and_date_is_read_when_it_was_moved_into_place(
    roster_file: RosterFile, path: Path
) -> None:
    """A new file is noticed even where its date and size are those of the old one."""
    path.write_text(HEADER + "E1,Ana\n")
    roster_file.current()
    found = path.stat()
    fresh = path.with_suffix(".new")
    fresh.write_text(HEADER + "E1,Bob\n")
    os.utime(fresh, ns=(found.st_atime_ns, found.st_mtime_ns))
    fresh.replace(path)

    assert roster_file.current().resolve("E1").name == "Bob"


def test_a_file_of_the_same_size_is_read_when_its_date_changed(roster_file: RosterFile, path: Path) -> None:
    """An edit that keeps the length is noticed."""
    path.write_text(HEADER + "E1,Ana\n")
    roster_file.current()
    path.write_text(HEADER + "E1,Bob\n")
    os.utime(path, ns=(0, 0))

    assert roster_file.current().resolve("E1").name == "Bob"


def test_a_broken_change_is_refused_and_a_mended_one_heals(roster_file: RosterFile, path: Path) -> None:
    """A broken roster is never half used: it is refused at every look, until it is right."""
    path.write_text(HEADER + "E1,Ana\n")
    roster_file.current()
    path.write_text(HEADER + "E1,Ana\nE1,Bob\n")
    for _ in range(2):
        with pytest.raises(RosterError):
            roster_file.current()
    path.write_text(HEADER + "E1,Ana\nE2,Bob\n")

    assert roster_file.current().resolve("E2").name == "Bob"


def test_a_broken_file_is_read_once_and_refused_every_time(roster_file: RosterFile, path: Path) -> None:
    """A large broken roster does not cost every mark its reading: the same bytes are wrong in the same way."""
    path.write_text(f"{HEADER}=1,Ana\n")
    with pytest.raises(RosterError) as first:
        roster_file.current()
    found = path.stat()
    path.write_text(f"{HEADER}E1,Ana\n")  # as long as before, and with the old date: not to be told apart
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    with pytest.raises(RosterError) as second:
        roster_file.current()

    assert second.value.problems == first.value.problems
    assert second.value is not first.value


def test_a_roster_that_went_away_is_refused(roster_file: RosterFile, path: Path) -> None:
    """Without the file nobody is known, not even those who were known before."""
    path.write_text(HEADER + "E1,Ana\n")
    roster_file.current()
    path.unlink()

    with pytest.raises(RosterError):
        roster_file.current()


# Whatever stands in the file


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One path for all examples of a property."""
    return tmp_path_factory.mktemp("properties") / "london.roster.csv"


@settings(max_examples=200, deadline=None)
@given(source=st.binary() | st.text(alphabet='E1,e"\r\n =aé\0').map(str.encode))
def test_a_roster_holds_only_what_may_stand_in_a_ledger(scratch: Path, source: bytes) -> None:
    """Whatever stands in the file, it is refused, or every employee in it is sound."""
    scratch.write_bytes(HEADER.encode() + source)
    employees: list[Employee] = []

    try:
        employees.extend(load_roster(scratch).employees.values())
    except RosterError:
        assert source

    assert [clean_employee_id(employee.employee_id) for employee in employees] == [one.employee_id for one in employees]
    assert [clean_name(employee.name) for employee in employees] == [one.name for one in employees]
