"""Claims about the file of amendments: it keeps a ledger's promises, and everybody who follows one follows it too."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from attendance import keeping
from attendance.amending import Amending
from attendance.amendments import Amendments, Draft
from attendance.appendlog import BEAT_SECONDS
from attendance.appendlog.lease import Lease
from attendance.appendlog.lockfile import CommitState, LockFile
from attendance.checking import check_seals, check_site
from attendance.clock import Month
from attendance.codec import AMENDMENTS_HEADER
from attendance.edits import kept_versions
from attendance.errors import (
    ClockBehindError,
    FlushFailedError,
    LedgerDamagedError,
    NotHomeError,
    Problem,
    StorageFullError,
)
from attendance.keeping import Follower
from attendance.ledger import Ledger
from attendance.model import AmendmentAction, Site
from attendance.seal import Examined
from tests.amending_kit import open_amending, rows_in_file, wish
from tests.appendlog_kit import quarantined, refuse
from tests.conftest import HandClock, Incidents


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """London without a roster."""
    return make_site()


@pytest.fixture
def amending(site: Site, clock: HandClock, incidents: Incidents) -> Amending:
    """The use case there, after two amendments."""
    amending = open_amending(site, clock=clock, incidents=incidents)
    for employee_id in ("E1", "E2"):
        amending.amend(site, wish(employee_id), by="anna")
    return amending


@pytest.fixture
def file(amending: Amending, site: Site) -> Amendments:
    """Its file."""
    return amending.file(site)


@pytest.fixture
def follower(file: Amendments, clock: HandClock, incidents: Incidents) -> Follower:
    """A follower that has copied and sealed both rows."""
    follower = Follower(file, now=clock, report=incidents)
    follower.follow()
    return follower


def ids(amending: Amending, site: Site) -> list[str]:
    """Return whose amendments are read."""
    return [row.employee_id for row in amending.trail(site)]


@pytest.mark.usefixtures("follower")
def test_a_follower_copies_and_seals_it(file: Amendments) -> None:
    """The shadow and the seals lie beside it, under its name."""
    assert file.shadow.path == file.path.with_name(".london.amendments.csv.shadow")
    assert file.shadow.path.read_bytes() == file.path.read_bytes()
    assert check_seals(file) == Examined(seals=1, sealed=file.path.stat().st_size, broken=None)
    assert file.path.with_name("london.amendments.seals.csv").exists()


@pytest.mark.parametrize("how", ["edited", "cut", "deleted", "replaced"])
def test_whoever_edits_it_finds_it_restored(
    file: Amendments, follower: Follower, incidents: Incidents, how: str
) -> None:
    """By the follower, before anybody amends; what it was made into is kept."""
    good = file.path.read_bytes()
    if how == "edited":
        file.path.write_bytes(good.replace(b"Present", b"Absent.", 1))
    elif how == "cut":
        file.path.write_bytes(good[:-10])
    elif how == "deleted":
        file.path.unlink()
    else:
        saved = file.path.with_name("saved.csv")
        saved.write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"))
        saved.rename(file.path)

    follower.follow()

    assert file.path.read_bytes() == good
    assert incidents.codes[0] == "ledger_restored"
    assert bool(quarantined(file.path)) is (how != "deleted")
    assert [row.employee_id for row in file.rows()] == ["E1", "E2"]


@pytest.mark.usefixtures("follower")
def test_the_next_amendment_mends_it_too(amending: Amending, site: Site, file: Amendments, clock: HandClock) -> None:
    """Nothing is appended to what somebody else made of it; another process sees the same."""
    file.path.write_bytes(file.path.read_bytes().replace(b"E1", b"E9"))

    amending.amend(site, wish("E3"), by="anna")

    assert [row.employee_id for row in rows_in_file(site)] == ["E1", "E2", "E3"]
    assert ids(open_amending(site, clock=clock), site) == ["E1", "E2", "E3"]


def test_what_became_of_it_without_a_copy_is_what_is_read(
    amending: Amending, site: Site, file: Amendments, incidents: Incidents
) -> None:
    """Then what stands there now is the truth, and rows that were known before are forgotten."""
    known = ids(amending, site)
    file.path.write_bytes(file.path.read_bytes().replace(b"E1", b"E9"))

    amending.amend(site, wish("E3"), by="anna")

    assert (known, ids(amending, site)) == (["E1", "E2"], ["E9", "E2", "E3"])
    assert incidents.codes == ["ledger_edited"]


@pytest.mark.usefixtures("follower")
def test_an_edit_is_never_read(
    amending: Amending, site: Site, file: Amendments, clock: HandClock, incidents: Incidents
) -> None:
    """Who knew the rows tells them; who reads them in that moment has the file mended first."""
    amending.trail(site)
    late = open_amending(site, clock=clock, incidents=incidents)
    good = file.path.read_bytes()
    file.path.write_bytes(good.replace(b"E1", b"E9"))

    seen = ids(amending, site), ids(late, site)

    assert seen == (["E1", "E2"], ["E1", "E2"])
    assert file.path.read_bytes() == good
    assert incidents.codes == ["ledger_restored"]


@pytest.mark.usefixtures("follower")
def test_amendments_that_are_gone_are_not_none(
    amending: Amending, site: Site, file: Amendments, clock: HandClock
) -> None:
    """With every copy deleted the seals say that there were some: nothing is read or written until they are back."""
    good = file.path.read_bytes()
    amending.close_files()
    for path in (file.path, *file.path.parent.glob(".london.amendments.csv.*")):
        path.unlink()
    late = open_amending(site, clock=clock)

    with pytest.raises(LedgerDamagedError):
        late.trail(site)
    with pytest.raises(LedgerDamagedError):
        late.amend(site, wish("E3"), by="anna")
    with pytest.raises(LedgerDamagedError):
        late.trail(site)

    late.close_files()
    file.path.write_bytes(good)
    assert ids(open_amending(site, clock=clock), site) == ["E1", "E2"]


def test_after_a_failed_flush_everybody_reads_what_was_committed(
    amending: Amending, site: Site, clock: HandClock
) -> None:
    """Nobody may mend the file then, and a process that comes new to it reads as those that knew it."""
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, "fdatasync", errno.EIO)
        with pytest.raises(FlushFailedError):
            amending.amend(site, wish("E3"), by="anna")

    assert ids(open_amending(site, clock=clock), site) == ["E1", "E2"]


def test_which_rows_were_edited_is_listed_and_checked(
    site: Site, file: Amendments, follower: Follower, clock: HandClock, incidents: Incidents
) -> None:
    """By row, in the quarantine, in the log and in `attendance check`, until somebody has looked."""
    ledger = Ledger(site, now=clock, report=incidents)
    file.path.write_bytes(file.path.read_bytes().replace(b"forgot", b"missed", 1))
    follower.follow()
    follower.follow()

    problems = list(check_site(site, ledger, file))

    (kept,) = kept_versions(file.path)
    assert incidents.codes == ["ledger_restored", "edits_found"]
    assert "missed the tablet" in kept.with_name(f"{kept.name}.txt").read_text(encoding="utf-8")
    assert [(one.path, one.line) for one in problems] == [(kept, 1), (kept, 2)]
    assert kept_versions(site.csv_path) == []
    kept.unlink()
    assert list(check_site(site, ledger, file)) == []


def test_check_reads_every_row_and_every_closed_sheet(
    amending: Amending, site: Site, file: Amendments, clock: HandClock, incidents: Incidents
) -> None:
    """A line that is no row, a row that is older than the one above it, a sheet that is another; nothing is changed."""
    amending.close(site, Month(2026, 10), by="anna")
    amending.close(site, Month(2026, 9), by="anna")
    folder = site.csv_path.with_suffix(".closed")
    (folder / "2026-10.csv").write_bytes(b"another\n")
    (folder / "2026-09.csv").unlink()
    lines = file.path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"2026-11-23T09", b"2026-11-23T10").replace(b",anna,", b",,")
    lines[2] = lines[2].replace(b"2026-11-23T09", b"2026-11-23T10")
    file.path.write_bytes(b"".join(lines))
    before = file.path.read_bytes()

    problems = list(check_site(site, Ledger(site, now=clock, report=incidents), file))

    assert [(one.path.name, one.line) for one in problems] == [
        ("london.amendments.csv", 2),
        ("london.amendments.csv", 4),
        ("london.amendments.csv", 1),
        ("2026-10.csv", 1),
        ("2026-09.csv", 1),
    ]
    assert file.path.read_bytes() == before


@pytest.mark.usefixtures("follower")
def test_verify_finds_the_first_byte_that_is_not_as_it_was_sealed(file: Amendments) -> None:
    """By the copy, to the byte."""
    file.path.write_bytes(file.path.read_bytes().replace(b"E2", b"E9"))

    found = check_seals(file)

    assert isinstance(found, Problem)
    assert (found.path, found.line) == (file.path, 3)


def test_seals_of_amendments_come_with_every_minute(
    amending: Amending, site: Site, file: Amendments, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written since is sealed together."""
    monkeypatch.setattr(keeping, "SEAL_SECONDS", 0.0)
    for employee_id in ("E3", "E4"):
        amending.amend(site, wish(employee_id), by="anna")

    follower.follow()

    assert check_seals(file) == Examined(seals=2, sealed=file.path.stat().st_size, broken=None)


def test_after_a_failed_flush_nobody_amends_until_it_was_verified(
    amending: Amending, site: Site, file: Amendments, clock: HandClock
) -> None:
    """No other process either; marks of the site go on. What was not acknowledged is gone."""
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, "fdatasync", errno.EIO)
        with pytest.raises(FlushFailedError):
            amending.amend(site, wish("E3"), by="anna")
    for other in (amending, open_amending(site, clock=clock)):
        with pytest.raises(FlushFailedError):
            other.amend(site, wish("E4"), by="anna")
    poisoned = ids(amending, site)
    Ledger(site, now=clock, report=print).record([])

    file.recover()

    amending.amend(site, wish("E5"), by="anna")
    assert poisoned == ["E1", "E2"]
    assert [row.employee_id for row in rows_in_file(site)] == ["E1", "E2", "E5"]
    assert ids(open_amending(site, clock=clock), site) == ["E1", "E2", "E5"]


def test_a_full_disk_leaves_the_file_as_it_was(amending: Amending, site: Site, file: Amendments) -> None:
    """And a month is not half closed: the sheet comes before the row, and alone it counts for nothing."""
    before = file.path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, "write", errno.ENOSPC)
        with pytest.raises(StorageFullError):
            amending.amend(site, wish("E3"), by="anna")
        with pytest.raises(StorageFullError):
            amending.close(site, Month(2026, 10), by="anna")
    closed = amending.closing(site, Month(2026, 10))

    assert (file.path.read_bytes(), closed) == (before, None)
    assert amending.close(site, Month(2026, 10), by="anna").number == 4


def test_another_home_is_refused(amending: Amending, site: Site, file: Amendments) -> None:
    """A second machine that writes it keeps this one out; reading goes on."""
    lock = LockFile(file.path.with_name(".london.amendments.csv.lock"), 1)
    with lock.held():
        lock.write_lease(Lease(home=b"another home....", host="other-host"))

    with pytest.raises(NotHomeError) as refused:
        amending.amend(site, wish("E3"), by="anna")

    assert "other-host" in refused.value.reason
    assert ids(amending, site) == ["E1", "E2"]


def test_a_follower_gives_signs_of_life_there(file: Amendments, follower: Follower) -> None:
    """So that another home is kept out while nobody amends."""
    lock = LockFile(file.path.with_name(".london.amendments.csv.lock"), 1)
    before = lock.peek()[1]
    follower._beat_seconds -= BEAT_SECONDS  # noqa: SLF001  # three seconds later

    follower.follow()

    after = lock.peek()[1]
    assert before is not None
    assert after is not None
    assert after.beat == before.beat + 1


def test_instants_never_go_back(amending: Amending, site: Site, clock: HandClock, incidents: Incidents) -> None:
    """A small step of the clock is waited for; a large one refuses amendments."""
    clock.move(seconds=-3)
    held = amending.amend(site, wish("E3"), by="anna")
    clock.move(seconds=-3)

    with pytest.raises(ClockBehindError):
        amending.amend(site, wish("E4"), by="anna")

    first = rows_in_file(site)[0]
    assert held.written == first.written
    assert incidents.codes == ["clock_held"]


def test_check_names_a_row_that_lies_in_the_future(
    amending: Amending, site: Site, file: Amendments, clock: HandClock, incidents: Incidents
) -> None:
    """The clock was ahead for a while: until that time nobody amends. A few seconds are waited for."""
    ledger = Ledger(site, now=clock, report=incidents)
    clock.move(hours=2)
    amending.amend(site, wish("E3"), by="anna")
    clock.move(seconds=-5)
    soon = list(check_site(site, ledger, file))
    clock.move(hours=-2)

    (problem,) = check_site(site, ledger, file)

    assert soon == []
    assert (problem.path, problem.line) == (file.path, 4)
    assert "in the future" in problem.message


def test_a_line_that_is_no_row_is_passed_over_and_counted(site: Site, clock: HandClock, incidents: Incidents) -> None:
    """Rows keep their numbers, as a spreadsheet shows them; it is told once."""
    amending = open_amending(site, clock=clock, incidents=incidents)
    good = amending.amend(site, wish("E1"), by="anna")
    amending.close_files()
    path = site.csv_path.with_suffix(".amendments.csv")
    for hidden in path.parent.glob(".london.amendments.csv.*"):
        hidden.unlink()
    line = path.read_bytes().removeprefix(AMENDMENTS_HEADER)
    path.write_bytes(AMENDMENTS_HEADER + line + b"no row\n" + line)
    file = Amendments(site, now=clock, report=incidents)
    lock = LockFile(path.with_name(".london.amendments.csv.lock"), 1)

    seen = []
    for generation in (7, 8):  # so that it is read anew
        with lock.held():
            _leave_as_committed(lock, path, generation)
        seen.append([row.number for row in file.rows()])

    assert seen == [[good.number, good.number + 2]] * 2
    assert incidents.codes == ["row_unreadable"]


def _leave_as_committed(lock: LockFile, path: Path, generation: int) -> None:
    """Say of a file as it stands that it was committed."""
    found = path.stat()
    state = CommitState(
        inode=found.st_ino, committed=found.st_size, generation=generation, changed_ns=found.st_ctime_ns
    )
    lock.write(state)


def test_what_must_not_stand_in_a_row_is_never_written(file: Amendments) -> None:
    """A defect of a caller writes nothing."""
    draft = Draft(action=AmendmentAction.AMENDED, about=Month(2026, 10), by="anna", employee_id="E1")
    before = file.path.read_bytes()

    with pytest.raises(ValueError, match="must not be written"), file.exclusive():
        file.add(draft)

    assert file.path.read_bytes() == before


def test_threads_that_read_meanwhile_confuse_no_number(amending: Amending, site: Site, file: Amendments) -> None:
    """Who holds the lock counts by what they read under it, whatever a slower reader puts into the cache."""
    with file.exclusive() as rows:
        file._known = type(file._known)(generation=file.log.generation)  # noqa: SLF001  # as a slow reader would
        numbers = [len(rows), file.add(_draft()).number]

    assert numbers == [2, 4]
    assert [row.number for row in amending.trail(site)] == [2, 3, 4]


def _draft() -> Draft:
    """Return an amendment to write."""
    return Draft(action=AmendmentAction.AMENDED, about=wish().on, by="anna", employee_id="E3", status="Present")
