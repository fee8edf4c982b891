"""A roster that is uploaded is what its file says, and nothing that the file does not speak of is lost."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from attendance.audit import Audit
from attendance.errors import (
    InvalidInputError,
    RosterChangedError,
    RosterError,
    StorageUnavailableError,
    UploadRefusedError,
)
from attendance.identity import clean_name
from attendance.ledger import Ledger
from attendance.model import Employee, Site
from attendance.pins import PinFile
from attendance.roster import Change, Roster, RosterTable, decode_table, load_roster, reach
from attendance.rostering import Preview, Rostering
from tests.conftest import HandClock, build_site
from tests.webapp import unprivileged

TODAY = date(2026, 11, 23)
FOLDER_TOO = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Office:
    """A site with a roster, and what changes it."""

    def __init__(self, folder: Path, content: str) -> None:
        self.path = folder / "data" / "london.roster.csv"
        self.path.parent.mkdir()
        self.path.write_text(content, encoding="utf-8")
        self.site: Site = build_site(folder=folder, roster_path=self.path)
        self.rostering = Rostering(Audit(folder / "logs", now=HandClock()), now=HandClock())
        self._upload = folder / "upload.csv"

    def propose(self, content: bytes | str) -> Preview:
        """Propose a file."""
        self._upload.write_bytes(content.encode() if isinstance(content, str) else content)
        ledger = Ledger(self.site, now=HandClock(), report=lambda _: None)
        return self.rostering.propose(self.site, self._upload, ledger)

    def apply(self, preview: Preview, *, keep_leavers: bool = False) -> None:
        """Put in force what was proposed."""
        self.rostering.apply(self.site, preview.basis, preview.proposal, keep_leavers=keep_leavers, by="test")

    def people(self) -> list[Employee]:
        """Return who is on the roster."""
        return list(load_roster(self.path).employees.values())


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Three people, one whose ID a spreadsheet would change."""
    return Office(tmp_path, "Employee_ID,Name,Badge,From,Until\nE1,Ana,B1,2020-01-01,\n007,Jo,,,\nE3,Cy,,,2026-12-31\n")


def _is_name(text: str) -> bool:
    """Tell whether a text can be a name as it stands."""
    try:
        return clean_name(text) == text
    except InvalidInputError:
        return False


IDS = st.from_regex(r"E[0-9]{1,4}", fullmatch=True)
NAMES = st.text(st.characters(categories=["L", "Zs", "Po"]), min_size=1, max_size=20).filter(_is_name)
DATES = st.one_of(st.none(), st.dates(date(1990, 1, 1), date(2090, 1, 1)))


@st.composite
def employees(draw: st.DrawFn) -> list[Employee]:
    """Return people, each ID once."""
    people = []
    for employee_id in draw(st.lists(IDS, unique=True, max_size=8)):
        first, last = draw(DATES), draw(DATES)
        if first and last and last < first:
            first, last = last, first
        people.append(Employee(employee_id=employee_id, name=draw(NAMES), from_date=first, until_date=last))
    return people


def text_of(people: Sequence[Employee]) -> str:
    """Return a roster as somebody would write it."""
    rows = [(one.employee_id, one.name, str(one.from_date or ""), str(one.until_date or "")) for one in people]
    return RosterTable(titles=["Employee_ID", "Name", "From", "Until"], rows=rows).encode().decode()


# What becomes of a file


@FOLDER_TOO
@given(before=employees(), after=employees())
def test_what_is_applied_is_what_the_file_says(tmp_path: Path, before: list[Employee], after: list[Employee]) -> None:
    """Whoever was there before, and whoever comes: the roster is the file, and the changes add up."""
    office = Office(Path(mkdtemp(dir=tmp_path)), text_of(before))

    preview = office.propose(text_of(after))
    office.apply(preview)

    changes = preview.changes
    assert office.people() == after
    assert len(before) + len(changes.added) - len(changes.removed) == len(after)
    assert changes.unchanged + len(changes.changed) + len(changes.added) == len(after)


@FOLDER_TOO
@given(before=employees(), after=employees())
def test_whoever_began_is_never_lost_where_leavers_are_kept(
    tmp_path: Path, before: list[Employee], after: list[Employee]
) -> None:
    """They are expected no longer than today, and their days before keep them."""
    office = Office(Path(mkdtemp(dir=tmp_path)), text_of(before))

    office.apply(office.propose(text_of(after)), keep_leavers=True)

    there = {one.employee_id.casefold(): one for one in office.people()}
    stayed = {one.employee_id.casefold() for one in after}
    for one in before:
        key = one.employee_id.casefold()
        if key not in stayed and (one.from_date is None or one.from_date <= TODAY):
            assert there[key].until_date == min(one.until_date or TODAY, TODAY)
            assert there[key].name == one.name
    assert stayed <= there.keys()


@FOLDER_TOO
@given(people=employees())
def test_a_copy_that_comes_back_changes_nothing(tmp_path: Path, people: list[Employee]) -> None:
    """Whatever is in a roster: downloaded and uploaded it is the same."""
    office = Office(Path(mkdtemp(dir=tmp_path)), text_of(people))
    roster = load_roster(office.path)

    preview = office.propose(office.rostering.copy(roster))

    assert not preview.changes.any
    assert preview.changes.unchanged == len(people)


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), min_size=2, max_size=4),
        max_size=5,
    )
)
def test_a_table_reads_back_as_it_was_written(rows: list[list[str]]) -> None:
    """Cells that nobody looks at keep their commas, quotes and line ends."""
    titles = ["Employee_ID", "Name", "Team", "Note"]
    table = RosterTable(titles=titles, rows=[[*row, "", ""][:4] for row in rows if any(row)])
    assume(all(map(any, table.rows)))

    assert list(decode_table(table.encode()).rows) == table.rows


def test_cells_with_line_ends_do_not_shift_the_numbers_of_rows(office: Office) -> None:
    """A note of two lines was written by hand; a mistake behind it is told by the row of the upload."""
    office.path.write_text('Employee_ID,Name,Note\nE1,Ana,"two\nlines"\nE2,Jo,\n', encoding="utf-8")

    with pytest.raises(UploadRefusedError) as caught:
        office.propose("Employee_ID,Name\nE1,Ana\nE2,\n")

    assert caught.value.reasons == ("Row 3: Enter your name.",)


# Together and in pieces


def test_an_id_that_comes_back_begins_without_a_pin_whatever_happened_before(office: Office) -> None:
    """Whoever was stopped after the roster and before its PINs left one: it is gone before the ID counts again."""
    pins = PinFile(office.path)
    pins.set("E9", "482915")
    pins.set("E1", "739164")

    office.apply(office.propose("Employee_ID,Name\nE1,Ana\n007,Jo\nE9,Zoë\n"))

    assert pins.known() == {"e1"}


def test_a_pin_that_cannot_be_taken_keeps_the_id_off_the_roster(office: Office) -> None:
    """The PINs go first: where their file cannot be changed, nobody is added who has one."""
    pins = PinFile(office.path)
    pins.set("E9", "482915")
    before = office.path.read_bytes()
    preview = office.propose("Employee_ID,Name\nE1,Ana\n007,Jo\nE9,Zoë\n")
    lock = office.path.with_name(f".{pins.path.name}.lock")
    lock.unlink()
    lock.mkdir()

    with pytest.raises(StorageUnavailableError):
        office.apply(preview)

    assert office.path.read_bytes() == before


@pytest.mark.parametrize("lost", ["", "Employee_ID,Name\n?,Broken\n"])
def test_a_roster_that_was_missing_or_broken_takes_no_pin(office: Office, lost: str) -> None:
    """Everybody counts as added then, and has been there before: a PIN of somebody who stays is not lost."""
    pins = PinFile(office.path)
    pins.set("E1", "739164")
    office.path.write_text(lost)

    office.apply(office.propose("Employee_ID,Name\nE1,Ana\n007,Jo\n"))

    assert pins.known() == {"e1"}


def test_of_two_who_apply_at_the_same_time_one_is_heard(office: Office) -> None:
    """The other learns that the roster is another now."""
    preview = office.propose("Employee_ID,Name\nE1,Ana\n007,Jo\nE3,Cy\nE4,Di\n")
    barrier, outcomes = Barrier(2), []

    def apply() -> None:
        barrier.wait()
        try:
            office.apply(preview)
            outcomes.append("done")
        except RosterChangedError:
            outcomes.append("refused")

    threads = [Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done", "refused"]
    assert len(office.people()) == 4


def test_a_folder_that_cannot_be_written_changes_nothing(office: Office) -> None:
    """The roster stays in force, and the cause is told to ops."""
    folder = office.path.parent
    for path in (folder, folder.parent):
        path.chmod(0o755)
    preview = office.propose("Employee_ID,Name\nE1,Ana\n")
    before = office.path.read_bytes()

    with unprivileged(), pytest.raises(StorageUnavailableError):
        office.apply(preview)

    assert office.path.read_bytes() == before


def test_a_broken_roster_is_still_broken_after_a_proposal(office: Office) -> None:
    """Only what is applied mends it."""
    office.path.write_text("Employee_ID,Name\nE1,Ana\nE1,Bob\n")

    preview = office.propose("Employee_ID,Name\nE1,Ana\n")

    assert preview.was_broken
    with pytest.raises(RosterError):
        load_roster(office.path)
    office.apply(preview)
    assert [one.name for one in office.people()] == ["Ana"]


# A real spreadsheet


@pytest.fixture(scope="module")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, str], bytes]:
    """Return what opens a CSV file in LibreOffice, with a format for each column, and saves it again."""
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("libreoffice")

    def saved(content: bytes, columns: str) -> bytes:
        (folder / "roster.csv").write_bytes(content)
        subprocess.run(
            [
                *("soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"),
                f"--infilter=CSV:44,34,76,1,{columns}",
                *("--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1", "--outdir", str(folder / "saved")),
                str(folder / "roster.csv"),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return (folder / "saved" / "roster.csv").read_bytes()

    return saved


def _copy(office: Office) -> bytes:
    """Return the roster as it is downloaded."""
    roster: Roster = load_roster(office.path)
    return office.rostering.copy(roster)


def test_libreoffice_with_text_columns_changes_nothing(
    office: Office, libreoffice: Callable[[bytes, str], bytes]
) -> None:
    """As the page says it should be opened."""
    preview = office.propose(libreoffice(_copy(office), "1/2/2/2/3/2/4/2"))

    assert not preview.changes.any


def test_libreoffice_by_itself_is_found_out(office: Office, libreoffice: Callable[[bytes, str], bytes]) -> None:
    """It makes 7 of 007: the row is told, and nothing can be applied."""
    content = libreoffice(_copy(office), "")

    with pytest.raises(UploadRefusedError) as caught:
        office.propose(content)

    assert any("Row 3: 7 is not known, but 007 is" in reason for reason in caught.value.reasons)


@given(*[st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 1, 9)))] * 4)
def test_the_times_of_a_change_are_the_dates_that_change(
    was_from: date | None, was_until: date | None, begins: date | None, ends: date | None
) -> None:
    """A date lies in one of them where somebody belonged and will not, or the other way; no other date does."""
    assume((was_from or date.min) <= (was_until or date.max) and (begins or date.min) <= (ends or date.max))
    was = Employee(employee_id="E1", name="Ana", from_date=was_from, until_date=was_until)
    became = Employee(employee_id="E1", name="Ana", from_date=begins, until_date=ends)
    spans = list(Change(was=was, became=became).spans)

    for day in range(1, 15):
        on = date(2026, 1, day)
        assert reach(spans, on, on) is (was.belongs_on(on) is not became.belongs_on(on))
