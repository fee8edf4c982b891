"""Claims about closed months: the sheet, its digest, who may close, what differs after one was opened again."""

import csv
import io
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from hashlib import sha256
from pathlib import Path

import pytest

from attendance.amending import Amending
from attendance.amendments import Draft, differences
from attendance.amendments.sheets import COLUMNS
from attendance.clock import Month
from attendance.errors import (
    ClosedSheetDamagedError,
    InvalidInputError,
    MonthClosedError,
    MonthNotClosedError,
    MonthNotOverError,
    RequestsOpenError,
    RosterError,
    StorageBusyError,
)
from attendance.model import AmendmentAction, Kind, Plan, Site
from tests.amending_kit import at, open_amending, rows_in_file, wish, write_marks, write_roster
from tests.appendlog_kit import quarantined, watch
from tests.conftest import HandClock, Incidents

OCTOBER = Month(2026, 10)
THIRD = date(2026, 10, 3)


@pytest.fixture
def site(make_site: Callable[..., Site], tmp_path: Path) -> Site:
    """London with a roster, hours and a start at nine, and a first and second of October."""
    site = make_site(
        roster_path=tmp_path / "data" / "london.roster.csv",
        statuses={"In": Kind.PRESENT, "Out": Kind.LEFT, "Away": Kind.ABSENT},
        plan=Plan(start_time=time(9)),
    )
    write_roster(site, 'E2,"Park, Jo",,', "E1,Ana Martín,,2026-10-02")
    write_marks(
        site,
        "2026-10-01T08:55:00+01:00 E1 Ana In",
        "2026-10-01T09:20:00+01:00 E2 Jo In",
        "2026-10-01T16:20:00+01:00 E2 Jo Out",
        "2026-10-02T09:00:00+01:00 E1 Ana Away",
    )
    return site


@pytest.fixture
def amending(site: Site, clock: HandClock, incidents: Incidents) -> Amending:
    """The use case there."""
    return open_amending(site, clock=clock, incidents=incidents)


def sheet_of(site: Site, name: str = "2026-10.csv") -> Path:
    """Return where a sheet lies."""
    return site.csv_path.with_name("london.closed") / name


def test_a_closed_month_is_a_plain_file_that_sha256sum_checks(site: Site, amending: Amending) -> None:
    """Without this program: the digest in the row is that of the file."""
    row = amending.close(site, OCTOBER, by="anna")

    said = subprocess.run(["sha256sum", str(sheet_of(site))], capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == row.reference
    assert rows_in_file(site) == [row]
    assert (row.action, row.about, row.by) == (AmendmentAction.CLOSED, OCTOBER, "anna")


def test_the_sheet_tells_of_every_day_of_everybody(site: Site, amending: Amending) -> None:
    """In the order of dates and IDs; days on which somebody did not belong to the site are not in it."""
    amending.amend(site, wish("E2", date(2026, 10, 2), "In", at=at("08:30"), name=""), by="anna")

    amending.close(site, OCTOBER, by="anna")

    lines = sheet_of(site).read_text(encoding="utf-8").splitlines()
    assert lines[:5] == [
        "Date,Employee_ID,Name,Status,Kind,First,Last,Late,Worked,Amended",
        "2026-10-01,E1,Ana Martín,In,present,2026-10-01T08:55:00+01:00,2026-10-01T08:55:00+01:00,,0:00:00,",
        '2026-10-01,E2,"Park, Jo",Out,left,2026-10-01T09:20:00+01:00,2026-10-01T16:20:00+01:00,yes,7:00:00,',
        "2026-10-02,E1,Ana Martín,Away,absent,2026-10-02T09:00:00+01:00,2026-10-02T09:00:00+01:00,,0:00:00,",
        '2026-10-02,E2,"Park, Jo",In,present,2026-10-02T08:30:00+01:00,2026-10-02T08:30:00+01:00,,0:00:00,yes',
    ]
    assert lines[5] == '2026-10-03,E2,"Park, Jo",,off,,,,0:00:00,'
    assert lines[-1].startswith('2026-10-31,E2,"Park, Jo",,off')
    assert len(lines) == 1 + 2 * 2 + 29


def test_the_sheet_does_not_hang_on_the_order_of_the_roster(site: Site, amending: Amending, clock: HandClock) -> None:
    """The same month has the same bytes."""
    first = amending.close(site, OCTOBER, by="anna")
    amending.reopen(site, OCTOBER, by="anna", reason="payroll")
    write_roster(site, "E1,Ana Martín,,2026-10-02", 'E2,"Park, Jo",,')

    second = open_amending(site, clock=clock).close(site, OCTOBER, by="jo")

    assert second.reference == first.reference
    assert amending.differences(site, OCTOBER) == []


@pytest.mark.parametrize(
    ("zone", "day_start", "ends"),
    [
        ("Europe/London", time(), datetime(2026, 11, 1, 0, 0, tzinfo=UTC)),
        ("Europe/London", time(4), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
        ("Pacific/Kiritimati", time(), datetime(2026, 10, 31, 10, 0, tzinfo=UTC)),
        ("Pacific/Pago_Pago", time(), datetime(2026, 11, 1, 11, 0, tzinfo=UTC)),
    ],
)
def test_a_month_is_closed_when_its_last_work_date_has_ended_there(
    make_site: Callable[..., Site], zone: str, day_start: time, ends: datetime
) -> None:
    """Not a second earlier, whatever the date is elsewhere."""
    clock = HandClock(ends)
    clock.move(seconds=-1)
    site = make_site(timezone=zone, day_start=day_start)
    amending = open_amending(site, clock=clock)

    with pytest.raises(MonthNotOverError, match="October 2026"):
        amending.close(site, OCTOBER, by="anna")
    clock.move(seconds=1)

    assert amending.close(site, OCTOBER, by="anna").about == OCTOBER


def test_a_month_with_open_requests_is_not_closed(site: Site, amending: Amending) -> None:
    """The error names them; those of other months do not matter, and a moment counts for its date."""
    amending.ask(site, wish("E2", date(2026, 11, 2), "In", name=""), by="kiosk front-door")
    numbers = [
        amending.ask(site, wish("E2", THIRD, "In", name=""), by="kiosk front-door").number,
        amending.ask(site, wish("E1", date(2026, 10, 2), "In", at=at("09:00"), name=""), by="kiosk").number,
    ]

    with pytest.raises(RequestsOpenError, match=r"row 3, 4") as refused:
        amending.close(site, OCTOBER, by="anna")
    amending.approve(site, numbers[0], by="anna")
    amending.decline(site, numbers[1], by="anna", reason="no")

    assert refused.value.numbers == (3, 4)
    assert amending.close(site, OCTOBER, by="anna").number == 7


def test_no_request_about_a_closed_month_is_approved(site: Site, amending: Amending) -> None:
    """Not even where a closing came before its answer all the same, since somebody wrote the file otherwise."""
    asked = amending.ask(site, wish("E2", THIRD, "In", name=""), by="kiosk front-door").number
    with amending.file(site).exclusive():
        amending.file(site).add(Draft(action=AmendmentAction.CLOSED, about=OCTOBER, by="anna", reference="0" * 64))

    with pytest.raises(MonthClosedError):
        amending.approve(site, asked, by="anna")

    assert amending.decline(site, asked, by="anna", reason="too late").number == 4


def test_a_closed_month_is_closed_once(site: Site, amending: Amending) -> None:
    """And is told with who, when and the digest."""
    row = amending.close(site, OCTOBER, by="anna")

    with pytest.raises(MonthClosedError):
        amending.close(site, OCTOBER, by="jo")

    closing = amending.closing(site, OCTOBER)
    assert closing is not None
    assert (closing.by, closing.closed_at, closing.digest) == ("anna", row.written, row.reference)
    assert (closing.is_open, closing.sheet_path) == (False, sheet_of(site))
    assert amending.closing(site, Month(2026, 9)) is None


def test_only_a_closed_month_is_opened_again_and_with_a_reason(site: Site, amending: Amending) -> None:
    """Twice is once too often."""
    with pytest.raises(MonthNotClosedError, match="It can be amended as it is"):
        amending.reopen(site, OCTOBER, by="jo", reason="payroll")
    amending.close(site, OCTOBER, by="anna")
    with pytest.raises(InvalidInputError):
        amending.reopen(site, OCTOBER, by="jo", reason="  ")

    row = amending.reopen(site, OCTOBER, by="jo", reason="payroll")

    with pytest.raises(MonthNotClosedError):
        amending.reopen(site, OCTOBER, by="jo", reason="payroll")
    closing = amending.closing(site, OCTOBER)
    assert closing is not None
    assert (closing.is_open, closing.reopened, row.reason) == (True, row, "payroll")


def test_a_row_that_opens_what_was_never_closed_says_nothing(site: Site, amending: Amending) -> None:
    """Somebody wrote the file otherwise: the month is as open as before, and can be closed."""
    with amending.file(site).exclusive():
        amending.file(site).add(Draft(action=AmendmentAction.REOPENED, about=OCTOBER, by="anna", reason="payroll"))

    assert amending.closing(site, OCTOBER) is None
    assert amending.close(site, OCTOBER, by="anna").number == 3


def test_what_was_amended_since_is_a_list_of_differences(site: Site, amending: Amending) -> None:
    """By employee and date, with the columns that differ; closing again writes a sheet of its own."""
    first = amending.close(site, OCTOBER, by="anna")
    before = sheet_of(site).read_bytes()
    amending.reopen(site, OCTOBER, by="anna", reason="payroll")
    nothing = amending.differences(site, OCTOBER)
    amending.amend(site, wish("E2", date(2026, 10, 2), "In", name=""), by="anna")
    amending.amend(site, wish("E1", date(2026, 10, 1), "Away", name=""), by="anna")

    found = amending.differences(site, OCTOBER)
    second = amending.close(site, OCTOBER, by="anna")

    assert nothing == []
    assert [(one.date, one.employee_id, one.columns) for one in found] == [
        (date(2026, 10, 1), "E1", ["Status", "Kind", "Amended"]),
        (date(2026, 10, 2), "E2", ["Status", "Kind", "Amended"]),
    ]
    assert (found[0].was["Status"], found[0].became["Status"], found[0].name) == ("In", "Away", "Ana Martín")
    assert sheet_of(site).read_bytes() == before
    assert sha256(sheet_of(site, "2026-10.2.csv").read_bytes()).hexdigest() == second.reference != first.reference
    assert amending.differences(site, OCTOBER) == []


def test_who_came_or_went_since_is_a_difference(site: Site, amending: Amending) -> None:
    """A day that is in one sheet only; a new name is none."""
    amending.close(site, OCTOBER, by="anna")
    write_roster(site, "E2,Jo Park-Lee,,2026-10-30", "E1,Ana Martín,,2026-10-03")

    found = amending.differences(site, OCTOBER)

    assert [(one.date.day, one.employee_id, bool(one.was), bool(one.became)) for one in found] == [
        (3, "E1", False, True),
        (31, "E2", True, False),
    ]


def test_a_sheet_of_a_version_that_had_other_columns_is_compared_by_those_it_has(
    site: Site, amending: Amending
) -> None:
    """What it does not tell was not the same, and is said so."""
    amending.close(site, OCTOBER, by="anna")
    text = sheet_of(site).read_text(encoding="utf-8")
    at_column = COLUMNS.index("Worked")
    old = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(text, newline=""))
    csv.writer(old, lineterminator="\n").writerows([*row[:at_column], *row[at_column + 1 :]] for row in rows)

    found = list(differences(old.getvalue().encode(), text.encode()))

    assert len(found) == text.count("\n") - 1
    assert {tuple(one.columns) for one in found} == {("Worked",)}


def test_a_closing_is_durable_before_its_row_counts(
    site: Site, amending: Amending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sheet is written and flushed, renamed, its folder flushed; then the row is written and flushed."""
    amending.amend(site, wish("E2", THIRD, "In", name=""), by="anna")
    calls: list[str] = []
    for name in ("write", "fsync", "rename", "fdatasync"):
        watch(monkeypatch, name, lambda *_, name=name: calls.append(name))

    amending.close(site, OCTOBER, by="anna")

    assert "".join(f" {name}" for name in calls).endswith(" write fsync rename fsync write fdatasync write")


def test_without_a_closing_there_is_nothing_to_compare_with(site: Site, amending: Amending) -> None:
    """It is no empty list."""
    with pytest.raises(MonthNotClosedError):
        amending.differences(site, OCTOBER)


@pytest.mark.parametrize("what", ["changed", "gone", "a folder"])
def test_a_sheet_that_is_not_what_it_was_is_told(site: Site, amending: Amending, what: str) -> None:
    """Nobody compares with a sheet that somebody edited."""
    amending.close(site, OCTOBER, by="anna")
    path = sheet_of(site)
    if what == "changed":
        path.write_bytes(path.read_bytes().replace(b"In", b"On", 1))
    else:
        path.unlink()
    if what == "a folder":
        path.mkdir()

    with pytest.raises(ClosedSheetDamagedError) as refused:
        amending.differences(site, OCTOBER)

    assert str(path) in refused.value.reason


def test_a_sheet_that_was_left_without_a_row_counts_for_nothing(site: Site, amending: Amending) -> None:
    """Somebody was stopped between the two: the month is open, and what lay there is kept where it is another."""
    sheet_of(site).parent.mkdir(parents=True)
    sheet_of(site).write_bytes(b"half")

    open_before = amending.closing(site, OCTOBER) is None
    row = amending.close(site, OCTOBER, by="anna")

    assert open_before
    assert sha256(sheet_of(site).read_bytes()).hexdigest() == row.reference
    assert quarantined(sheet_of(site)) == {"2026-10.csv": b"half"}


def test_the_same_sheet_that_was_left_is_taken(site: Site, amending: Amending, clock: HandClock) -> None:
    """Nothing goes to quarantine where nothing differs."""
    amending.close(site, OCTOBER, by="anna")
    amending.close_files()
    site.csv_path.with_suffix(".amendments.csv").unlink()
    for hidden in site.csv_path.parent.glob(".london.amendments.csv.*"):
        hidden.unlink()

    row = open_amending(site, clock=clock).close(site, OCTOBER, by="anna")

    assert row.number == 2
    assert quarantined(sheet_of(site)) == {}


def test_a_month_that_is_amended_again_and_again_meanwhile_is_not_closed(
    site: Site, clock: HandClock, incidents: Incidents
) -> None:
    """The sheet is that of the rows above its own row, or there is none."""
    amending, other = (open_amending(site, clock=clock, incidents=incidents) for _ in range(2))
    reasons = iter(f"reason {number}" for number in range(9))
    month = amending._reporting.month  # noqa: SLF001  # what takes long, so that others come in between

    def slow(*arguments: object) -> object:
        sheet = month(*arguments)  # type: ignore[arg-type]  # as it was called
        if (reason := next(reasons, None)) is not None:
            other.amend(site, wish("E2", THIRD, "In", reason=reason, name=""), by="jo")
        return sheet

    amending._reporting.month = slow  # type: ignore[method-assign,assignment]  # noqa: SLF001

    with pytest.raises(StorageBusyError):
        amending.close(site, OCTOBER, by="anna")
    row = amending.close(site, OCTOBER, by="anna")

    assert row.number == 11
    assert ",In,present,,,,0:00:00,yes" in sheet_of(site).read_text(encoding="utf-8")


def test_a_month_is_closed_while_others_amend_other_months_without_pause(
    site: Site, clock: HandClock, incidents: Incidents
) -> None:
    """What they write is not in its sheet, and its row follows theirs."""
    amending, other = (open_amending(site, clock=clock, incidents=incidents) for _ in range(2))
    reasons = iter(f"reason {number}" for number in range(9))
    month = amending._reporting.month  # noqa: SLF001  # what takes long, so that others come in between

    def slow(*arguments: object) -> object:
        sheet = month(*arguments)  # type: ignore[arg-type]  # as it was called
        other.amend(site, wish("E2", date(2026, 11, 2), "In", reason=next(reasons), name=""), by="jo")
        return sheet

    amending._reporting.month = slow  # type: ignore[method-assign,assignment]  # noqa: SLF001

    row = amending.close(site, OCTOBER, by="anna")

    assert [one.about for one in rows_in_file(site)] == [date(2026, 11, 2), OCTOBER]
    assert row.number == 3


def test_a_month_of_a_broken_roster_is_not_closed(site: Site, amending: Amending) -> None:
    """Nobody knows who is in the sheet; no file is left."""
    assert site.roster_path
    site.roster_path.write_text("Name\n", encoding="utf-8")

    with pytest.raises(RosterError):
        amending.close(site, OCTOBER, by="anna")

    assert not sheet_of(site).exists()
    assert amending.closing(site, OCTOBER) is None


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_the_sheet_is_documented(column: str) -> None:
    """Whoever opens it without this program finds what it means."""
    told = (Path(__file__).parent.parent / "docs" / "amendments.md").read_text(encoding="utf-8")

    assert f"`{column}`" in told.partition("The sheet is plain CSV")[2]
