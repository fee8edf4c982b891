"""The keeper follows every ledger: shadow, seals and signs of life come by themselves, and it is in nobody's way."""

import fcntl
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as wall_time
from pathlib import Path

import pytest

from attendance import keeping
from attendance.appendlog.lease import Lease
from attendance.appendlog.lockfile import LockFile
from attendance.codec import HEADER
from attendance.keeping import Follower, Keeper
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Site
from attendance.seal import Seals
from tests.conftest import HandClock, Incidents
from tests.servers import wait_until


@pytest.fixture
def ledger(make_site: Callable[..., Site], clock: HandClock, incidents: Incidents) -> Ledger:
    """London's, with one mark."""
    ledger = Ledger(make_site(), now=clock, report=incidents)
    mark(ledger, "E1")
    return ledger


@pytest.fixture
def follower(ledger: Ledger, clock: HandClock, incidents: Incidents) -> Iterator[Follower]:
    """Its follower."""
    follower = Follower(ledger, now=clock, report=incidents)
    yield follower
    follower.close()


def mark(ledger: Ledger, employee_id: str) -> None:
    """Mark somebody present."""
    ledger.record([MarkRequest(employee_id=employee_id, name="Ana", status="Present")])


def offsets(site: Site) -> list[int]:
    """Return up to where the ledger of a site is sealed."""
    lines = site.csv_path.with_suffix(".seals.csv").read_text().splitlines()[1:]
    return [int(line.split(",")[1]) for line in lines]


def test_a_follower_copies_and_seals(ledger: Ledger, follower: Follower) -> None:
    """The first time there is something to do, the second time nothing."""
    moved = [follower.follow(), follower.follow()]

    assert moved == [True, False]
    assert ledger.shadow.path.read_bytes() == ledger.site.csv_path.read_bytes()
    assert offsets(ledger.site) == [ledger.site.csv_path.stat().st_size]


def test_seals_come_once_a_minute_and_at_the_end(
    ledger: Ledger, clock: HandClock, incidents: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks of the same minute share one; whoever stops seals the rest."""
    follower = Follower(ledger, now=clock, report=incidents)
    sizes = []
    for employee_id in ("E2", "E3"):
        follower.follow()
        sizes.append(ledger.log.committed())
        mark(ledger, employee_id)
    monkeypatch.setattr(keeping, "SEAL_SECONDS", 0.0)
    follower.follow()
    sizes[1] = ledger.log.committed()
    mark(ledger, "E4")

    follower.close()

    assert offsets(ledger.site) == [*sizes, ledger.log.committed()]


@pytest.mark.parametrize(
    ("zone", "day_start"), [("Pacific/Kiritimati", wall_time()), ("America/New_York", wall_time(4))]
)
def test_each_work_date_is_sealed_by_itself(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents, zone: str, day_start: wall_time
) -> None:
    """Three work dates, over the end of summer time: three seals, which end where the dates do."""
    ledger = Ledger(make_site(timezone=zone, day_start=day_start), now=clock, report=incidents)
    clock.now = datetime(2026, 10, 31, 12, tzinfo=UTC)
    ends = []
    for day in range(3):
        for number in range(3):
            mark(ledger, f"E{day}{number}")
            clock.move(minutes=5)
        ends.append(ledger.log.committed())
        clock.move(days=1)

    Follower(ledger, now=clock, report=incidents).follow()

    assert offsets(ledger.site) == ends


def test_a_ledger_that_was_never_used_is_left_alone(
    make_site: Callable[..., Site], clock: HandClock, incidents: Incidents
) -> None:
    """No file is made before the first mark."""
    site = make_site()

    Follower(Ledger(site, now=clock, report=incidents), now=clock, report=incidents).follow()

    assert not site.csv_path.parent.exists()


def test_an_edit_is_mended_before_anybody_marks(ledger: Ledger, follower: Follower, incidents: Incidents) -> None:
    """The follower looks as a writer does."""
    follower.follow()
    good = ledger.site.csv_path.read_bytes()
    ledger.site.csv_path.write_bytes(good.replace(b"Ana", b"Eva"))

    follower.follow()

    assert ledger.site.csv_path.read_bytes() == good
    assert incidents.codes == ["ledger_restored", "edits_found"]


def test_what_stops_a_follower_is_told_once(ledger: Ledger, follower: Follower, incidents: Incidents) -> None:
    """And again after it went on."""
    lock = LockFile(ledger.site.csv_path.with_name(".london.csv.lock"), 1)
    seen = []
    for _ in range(2):
        with lock.held():
            lock.write_lease(Lease(home=b"another home....", host="other-host"))
        mark_path = ledger.site.csv_path
        mark_path.chmod(0o600)  # so that there is something to look at
        seen += [follower.follow(), follower.follow()]
        with lock.held():
            lock.write_lease(None)
        seen.append(follower.follow())

    assert seen == [False, False, True, False, False, True]
    told = [one.detail for one in incidents.seen if one.detail.startswith("copy is not kept up: not_home")]
    assert len(told) == 2


def test_a_ledger_that_is_shorter_than_its_seals_is_told(
    ledger: Ledger, clock: HandClock, incidents: Incidents
) -> None:
    """Somebody put an older file there, and deleted what is hidden beside it."""
    follower = Follower(ledger, now=clock, report=incidents)
    follower.follow()
    follower.close()
    ledger.log.close()
    for hidden in ledger.site.csv_path.parent.glob(".london.csv.*"):
        hidden.unlink()
    ledger.site.csv_path.write_bytes(HEADER)

    other = Ledger(ledger.site, now=clock, report=incidents)
    other.record([])
    Follower(other, now=clock, report=incidents).follow()

    assert incidents.codes == ["seal_broken"]


def test_one_of_all_processes_follows(
    ledger: Ledger, follower: Follower, tmp_path: Path, clock: HandClock, incidents: Incidents
) -> None:
    """The one that has the lock of the leader; when it ends, another one begins."""
    leader_path = tmp_path / "sites.yaml"
    other = os.open(leader_path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    keeper = Keeper([follower], leader_path, now=clock, report=incidents)
    keeper.start()
    idle = not ledger.shadow.path.exists()
    os.close(other)

    wait_until(ledger.shadow.path.exists, 10)
    keeper.stop()

    assert idle
    assert offsets(ledger.site)[-1] == ledger.log.committed()


def test_a_keeper_that_never_led_stops_at_once(
    ledger: Ledger, follower: Follower, tmp_path: Path, clock: HandClock, incidents: Incidents
) -> None:
    """It made nothing."""
    other = os.open(tmp_path / "sites.yaml", os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    keeper = Keeper([follower], tmp_path / "sites.yaml", now=clock, report=incidents)
    keeper.start()

    keeper.stop()
    os.close(other)

    assert not ledger.shadow.path.exists()
    assert threading.active_count() == 1


def compute(seconds: float) -> None:
    """Use the processor for so long."""
    until_seconds = time.thread_time() + seconds
    while time.thread_time() < until_seconds:
        pass


@pytest.mark.parametrize("spend", [compute, time.sleep])
def test_the_keeper_rests_as_long_as_it_worked(
    ledger: Ledger, tmp_path: Path, clock: HandClock, incidents: Incidents, spend: Callable[[float], None]
) -> None:
    """Four times as long; to wait for a lock or a disk is no work."""
    followed = []

    class Busy(Follower):
        def follow(self) -> bool:
            followed.append(1)
            spend(0.1)
            return True

    keeper = Keeper([Busy(ledger, now=clock, report=incidents)], tmp_path / "sites.yaml", now=clock, report=incidents)
    (tmp_path / "sites.yaml").touch()
    keeper.start()
    time.sleep(1.4)
    keeper.stop()

    rounds = len(followed) - 1  # the last one is at the end
    assert rounds <= 3 if spend is compute else rounds > 3


@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_was_set_is_told(tmp_path: Path, clock: HandClock, incidents: Incidents, hours: int) -> None:
    """By how much, once; a clock that only runs is not."""
    (tmp_path / "sites.yaml").touch()
    looked = threading.Semaphore(0)

    def now() -> datetime:
        looked.release()
        return clock()

    keeper = Keeper([], tmp_path / "sites.yaml", now=now, report=incidents)
    keeper.start()
    for _ in range(2):
        looked.acquire()
    quiet = list(incidents.codes)
    clock.move(hours=hours)
    wait_until(lambda: incidents.codes, 10)
    for _ in range(2):
        looked.acquire()
    keeper.stop()

    assert quiet == []
    assert incidents.codes == ["clock_set"]
    (by_seconds,) = re.findall(r"by ([+-]\d+) s", incidents.seen[0].detail)
    assert int(by_seconds) == pytest.approx(hours * 3600, abs=60)  # the machine's own time goes on meanwhile


def test_an_edit_in_the_moment_of_a_commit_is_found_by_comparing(
    ledger: Ledger, follower: Follower, incidents: Incidents
) -> None:
    """The commit took its time of change for its own: the next look at this piece of the file finds it."""
    follower.follow()
    good = ledger.site.csv_path.read_bytes()
    ledger.site.csv_path.write_bytes(good.replace(b"Ana", b"Eva"))
    lock = LockFile(ledger.site.csv_path.with_name(".london.csv.lock"), 1)
    with lock.held():
        state, _ = lock.read()
        assert state is not None
        lock.write(replace(state, changed_ns=ledger.site.csv_path.stat().st_ctime_ns))

    follower.follow()
    unseen = ledger.site.csv_path.read_bytes()
    follower.scrub()
    follower.follow()

    assert unseen != good
    assert ledger.site.csv_path.read_bytes() == good
    assert "ledger_restored" in incidents.codes


def test_a_defect_in_one_task_stops_no_other(ledger: Ledger, follower: Follower, incidents: Incidents) -> None:
    """A list of edits cannot be written: copies and seals go on, and it is told once."""
    quarantine = ledger.site.csv_path.parent / "quarantine"
    quarantine.mkdir()
    (quarantine / "london.csv.replaced-75").write_bytes(HEADER)
    (quarantine / ".london.csv.replaced-75.txt.new").mkdir()

    for _ in range(2):
        follower.follow()

    assert ledger.shadow.path.read_bytes() == ledger.site.csv_path.read_bytes()
    assert offsets(ledger.site) == [ledger.site.csv_path.stat().st_size]
    assert incidents.codes == ["follower_stopped"]
    assert incidents.seen[0].detail.startswith("explain is not kept up")


def test_seals_go_on_after_a_recovery(ledger: Ledger, clock: HandClock, incidents: Incidents) -> None:
    """A flush of the seals failed once."""
    (ledger.site.csv_path.parent / ".london.seals.csv.flush-failed").touch()
    follower = Follower(ledger, now=clock, report=incidents)
    follower.follow()
    stopped = list(incidents.codes)

    Seals(ledger.site.csv_path, report=incidents).recover()
    follower.close()

    assert stopped == ["follower_stopped"]
    assert offsets(ledger.site) == [ledger.log.committed()]
