"""Claims about what an import adds: each sound row once, in order, and as it stands."""

from datetime import time

import pytest

from attendance.errors import ForeignTableError, StorageFullError
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Recorded
from tests.appendlog_kit import refuse
from tests.conftest import HandClock
from tests.importing.kit import (
    ANA,
    ANA_LEAVES,
    JO,
    MakeForeign,
    MakeSite,
    OpenImporting,
    lines,
    numbers,
)


def test_a_preview_writes_nothing(open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign) -> None:
    """It says which rows would be added, and no file is made."""
    site = make_site()

    outcome = open_importing(site).preview(foreign(ANA, JO))

    assert numbers(outcome) == {"new": [2, 3]}
    assert not outcome.written
    assert not site.csv_path.exists()


def test_rows_are_added_as_they_stand(open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign) -> None:
    """Rows of a damaged ledger come into the fresh one byte for byte."""
    site = make_site()

    outcome = open_importing(site).write(foreign(ANA, JO, ANA_LEAVES), leave_out=False)

    assert outcome.written
    assert outcome.remarks == []
    assert lines(site) == [ANA, JO, ANA_LEAVES]


def test_rows_that_stand_there_already_are_left_out(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Importing twice, or going on with a longer file, adds each row once."""
    site = make_site()
    open_importing(site).write(foreign(ANA, JO), leave_out=False)

    outcome = open_importing(site).write(foreign(ANA, JO, ANA_LEAVES), leave_out=False)

    assert numbers(outcome) == {"new": [4], "standing": [2, 3]}
    assert lines(site) == [ANA, JO, ANA_LEAVES]


def test_a_repeat_on_the_work_date_is_left_out(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """The same status again is left out until the site's work date turns, at 04:00 here."""
    site = make_site(day_start=time(4))
    at_2300, at_0300, at_0500 = (
        f"2026-11-{moment}:00:00+00:00,E1,Ana,Present" for moment in ("19T23", "20T03", "20T05")
    )

    outcome = open_importing(site).write(foreign(at_2300, at_0300, at_0500), leave_out=False)

    assert numbers(outcome) == {"new": [2, 4], "repeated": [3]}
    assert lines(site) == [at_2300, at_0500]


def test_a_repeat_of_a_row_that_only_the_ledger_has_is_left_out(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """What the ledger has of this work date, also of this very second, decides; what it has of yesterday does not."""
    site = make_site()
    at_noon, absent = (ANA.replace("09:00:03", "12:00:00"), JO.replace("Present", "Absent"))
    tomorrow = ANA.replace("11-20", "11-21")
    open_importing(site).write(foreign(ANA, JO), leave_out=False)

    outcome = open_importing(site).write(foreign(absent, at_noon, tomorrow), leave_out=False)

    assert numbers(outcome) == {"new": [2, 4], "repeated": [3]}
    assert lines(site) == [ANA, JO, absent, tomorrow]


def test_rows_in_another_order_are_sorted_and_it_is_said(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """The order of the times counts; rows of one instant keep theirs."""
    site = make_site()
    back = ANA.replace("Present", "Absent")

    outcome = open_importing(site).write(foreign(JO, ANA, back), leave_out=False)

    assert lines(site) == [ANA, back, JO]
    assert any("sorted" in remark for remark in outcome.remarks)


def test_columns_are_found_by_their_names(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Order and spelling of the header say nothing, and other columns are passed over and named."""
    site = make_site()
    path = foreign("Present;x;E1;2026-11-20T09:00:03+00:00;Ana Park", titles="STATUS;Door;employee id;timestamp;Name")

    outcome = open_importing(site).write(path, leave_out=False)

    assert lines(site) == [ANA]
    assert outcome.remarks == ["columns that are passed over: 'Door'"]


def test_a_missing_column_is_refused_with_what_was_found(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Whoever brings another table is told which columns it has."""
    with pytest.raises(ForeignTableError, match="no column Name and no Status; it names 'Timestamp', 'Employee_ID'"):
        open_importing(make_site()).preview(foreign(titles="Timestamp,Employee_ID"))


def test_marks_go_on_after_an_import_and_know_it(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign, clock: HandClock
) -> None:
    """A mark of today that was brought in makes the next equal one a repeat; one of another day does not."""
    site = make_site()
    today = "2026-11-23T08:00:00+00:00,E2,Jo Reed,Present"
    open_importing(site).write(foreign(ANA, today), leave_out=False)
    requests = [MarkRequest(employee_id=one, name="", status="Present") for one in ("E1", "E2")]

    ana, jo = Ledger(site, now=clock, report=print).record(requests)

    assert isinstance(ana, Recorded)
    assert isinstance(jo, Recorded)
    assert (ana.repeated, jo.repeated) == (False, True)


def test_a_process_that_looked_before_takes_no_old_row_for_one_of_today(
    open_importing: OpenImporting,
    make_site: MakeSite,
    foreign: MakeForeign,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server whose first mark failed, and that then finds brought-in rows, still records a mark of today."""
    site = make_site()
    serving = Ledger(site, now=clock, report=print)
    request = MarkRequest(employee_id="E1", name="Ana Park", status="Present")
    serving.record([])
    with monkeypatch.context() as full:
        refuse(full, "write", 28)
        with pytest.raises(StorageFullError):
            serving.record([request])
    open_importing(site).write(foreign(ANA), leave_out=False)

    [outcome] = serving.record([request])

    assert isinstance(outcome, Recorded)
    assert not outcome.repeated
