"""Claims about a backup: it is whole or called partial, has every acknowledged row, and copying back restores."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attendance import backup
from attendance.amendments import Amendments
from attendance.backup import SUMS_NAME, Backup, back_up
from attendance.codec import AMENDMENTS_HEADER, HEADER
from attendance.errors import BackupNotMadeError, BackupNotWholeError
from attendance.ledger import Ledger
from attendance.model import MarkRequest, Site
from attendance.pins import PinFile
from attendance.registry import Registry, load_registry
from tests.appendlog_kit import row, watch
from tests.conftest import HandClock, Incidents
from tests.servers import rushing, serving, wait_until, whole_rows, write_sites
from tests.test_cli import run

NOW = datetime(2026, 11, 22, 15, 25, 54, tzinfo=UTC)
BackUp = Callable[..., Backup]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three sites, of which two share a roster and one has no mark yet."""
    folder = tmp_path / "attendance"
    (folder / "data").mkdir(parents=True)
    shared = "roster: data/shared.roster.csv"
    write_sites(
        folder,
        london="timezone: Europe/London",
        kathmandu=f"timezone: Asia/Kathmandu; {shared}",
        lisbon=f"timezone: Europe/Lisbon; {shared}",
    )
    (folder / "data" / "shared.roster.csv").write_text("Employee_ID,Name\nE1,Ana\n", encoding="utf-8")
    return folder


@pytest.fixture
def make_backup(folder: Path, tmp_path: Path, clock: HandClock, incidents: Incidents) -> BackUp:
    """Return a maker of backups of the folder."""
    registry = load_registry(folder / "sites.yaml")

    def make(into: Path = tmp_path / "kept" / "here") -> Backup:
        return back_up(
            registry,
            lambda site: Ledger(site, now=clock, report=incidents),
            lambda site: Amendments(site, now=clock, report=incidents),
            into=into,
            now=NOW,
        )

    return make


def mark(folder: Path, clock: HandClock, *employee_ids: str, site_id: str = "london") -> None:
    """Mark people at a site of the folder."""
    site = load_registry(folder / "sites.yaml").resolve(site_id)
    requests = [MarkRequest(employee_id=one, name="Ana", status="Present") for one in employee_ids]
    Ledger(site, now=clock, report=print).record(requests)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder: their bytes by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sums_agree(folder: Path) -> bool:
    """Tell whether sha256sum finds all files as they were copied."""
    done = subprocess.run(["sha256sum", "--check", "--strict", SUMS_NAME], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def test_a_backup_holds_what_all_sites_stand_on(folder: Path, make_backup: BackUp, clock: HandClock) -> None:
    """The registry, rosters, ledgers, amendments and seals lie at the same paths, and nothing else does."""
    mark(folder, clock, "E1")
    mark(folder, clock, "E1", site_id="kathmandu")
    (folder / "data" / "london.amendments.csv").write_bytes(AMENDMENTS_HEADER)
    (folder / "data" / "london.seals.csv").write_bytes(b"c\n")

    made = make_backup()

    names = ["sites.yaml", *(f"data/{name}.csv" for name in ("shared.roster", "london", "kathmandu"))]
    names += ["data/london.amendments.csv", "data/london.seals.csv"]
    copied = files_in(made.path)
    copied.pop(SUMS_NAME)
    assert made.path.name == "attendance-20261122T152554Z"
    assert (made.files, made.damaged) == (len(names), ())
    assert copied == {name: (folder / name).read_bytes() for name in names}
    assert sums_agree(made.path)


def test_pins_are_copied_and_stay_for_the_server_alone(folder: Path, make_backup: BackUp) -> None:
    """A roster's PINs lie beside it in the backup, once, and nobody else can read them there."""
    before = os.umask(0)
    try:
        PinFile(folder / "data" / "shared.roster.csv").set("E1", "204816")
        made = make_backup()
    finally:
        os.umask(before)

    copied = made.path / "data" / "shared.roster.pins"
    assert copied.read_bytes() == (folder / "data" / "shared.roster.pins").read_bytes()
    assert copied.stat().st_mode & 0o777 == 0o600
    assert PinFile(made.path / "data" / "shared.roster.csv").check("E1", "204816")
    assert sums_agree(made.path)


def test_only_committed_rows_and_whole_lines_are_copied(folder: Path, make_backup: BackUp, clock: HandClock) -> None:
    """Rows behind the last commit are flushed first, as before a mark; what is half written is in no backup."""
    mark(folder, clock, "E1")
    ledger = folder / "data" / "london.csv"
    committed = ledger.read_bytes()
    with ledger.open("ab") as file:
        file.write(row("E9") + b"2026-11")
    (folder / "data" / "london.seals.csv").write_bytes(b"sealed\nhal")

    made = make_backup()

    assert (made.path / "data" / "london.csv").read_bytes() == committed + row("E9")
    assert (made.path / "data" / "london.seals.csv").read_bytes() == b"sealed\n"


def test_seals_are_copied_before_their_ledger(folder: Path, clock: HandClock, tmp_path: Path) -> None:
    """No seal speaks of a row that is missing: one that is added and sealed meanwhile is in the ledger at most."""
    mark(folder, clock, "E1")
    seals = folder / "data" / "london.seals.csv"
    seals.write_bytes(b"of E1\n")

    def open_late(site: Site) -> Ledger:
        if site.site_id == "london":
            mark(folder, clock, "E2")
            seals.write_bytes(b"of E1\nof E2\n")
        return Ledger(site, now=clock, report=print)

    made = back_up(
        load_registry(folder / "sites.yaml"),
        open_late,
        lambda site: Amendments(site, now=clock, report=print),
        into=tmp_path / "kept",
        now=NOW,
    )

    assert (made.path / "data" / "london.seals.csv").read_bytes() == b"of E1\n"
    assert len(whole_rows(made.path / "data" / "london.csv")) == 2


def test_a_backup_is_never_written_over(make_backup: BackUp, tmp_path: Path) -> None:
    """A whole one, a half-made one, and an empty folder of that name all stay as they are."""
    into = tmp_path / "kept"
    whole = make_backup(into).path
    before = files_in(whole)

    with pytest.raises(BackupNotMadeError, match="is there already"):
        make_backup(into)
    whole.rename(into / f"{whole.name}.partial")
    with pytest.raises(BackupNotMadeError, match="File exists"):
        make_backup(into)

    assert [path.name for path in into.iterdir()] == [f"{whole.name}.partial"]
    assert files_in(into / f"{whole.name}.partial") == before


def test_a_full_disk_leaves_a_partial_backup_and_says_so(
    folder: Path, make_backup: BackUp, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not whole never has the name of a backup."""
    mark(folder, clock, "E1")
    into = tmp_path / "kept"
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if data.startswith(HEADER):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(BackupNotWholeError, match="No space left on device") as refused:
        make_backup(into)

    [partial] = into.iterdir()
    assert partial.name.endswith(".partial")
    assert str(partial) in str(refused.value)


def test_a_folder_that_cannot_be_made_is_said(make_backup: BackUp, tmp_path: Path) -> None:
    """A file in the place of the folder is an expected failure."""
    (tmp_path / "file").touch()

    with pytest.raises(BackupNotMadeError, match="No backup was made"):
        make_backup(tmp_path / "file")


def test_everything_is_flushed_before_it_has_its_name(
    folder: Path, make_backup: BackUp, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file and every folder of a backup was flushed before the rename, and the name after it."""
    mark(folder, clock, "E1")
    flushed: list[tuple[str, bool]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        flushed.append((path.name, any(path.parent.glob("**/attendance-*Z"))))

    monkeypatch.setattr(os, "fsync", fsync)
    made = make_backup()

    names = {name for name, renamed in flushed if not renamed}
    assert names >= {*(path.name for path in made.path.rglob("*")), f"{made.path.name}.partial"}
    assert flushed[-1] == ("here", True)


def test_a_damaged_ledger_is_copied_as_it_stands_and_named(folder: Path, make_backup: BackUp, clock: HandClock) -> None:
    """One spoilt file keeps no other from being backed up; its bytes are kept too."""
    mark(folder, clock, "E1", site_id="kathmandu")
    (folder / "data" / "london.csv").write_bytes(b"PK\x03\x04")

    made = make_backup()

    assert "does not begin with its header" in made.damaged[0]
    assert (made.path / "data" / "london.csv").read_bytes() == b"PK\x03\x04"
    assert len(whole_rows(made.path / "data" / "kathmandu.csv")) == 1
    assert sums_agree(made.path)


@pytest.mark.parametrize("what", ["roster", "ledger"])
def test_a_file_that_cannot_be_copied_stops_the_backup(
    folder: Path, make_backup: BackUp, clock: HandClock, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """What is no plain file, and a ledger that is cut meanwhile, are told; the backup stays partial."""
    mark(folder, clock, "E1")
    if what == "roster":
        (folder / "data" / "shared.roster.csv").unlink()
        os.mkfifo(folder / "data" / "shared.roster.csv")
    else:
        ledger = folder / "data" / "london.csv"

        def cut(descriptor: object, *_: object) -> None:
            if Path(f"/proc/self/fd/{descriptor}").resolve() == ledger:
                os.truncate(ledger, 10)

        watch(monkeypatch, "pread", cut)

    with pytest.raises(BackupNotWholeError, match="not a plain file" if what == "roster" else "something else cut it"):
        make_backup()


def test_names_are_escaped_as_sha256sum_reads_them(tmp_path: Path) -> None:
    """A backslash in the name of a file spoils no check."""
    (tmp_path / "sites.yaml").write_text("sites: {}\n", encoding="utf-8")
    odd = tmp_path / "odd\\name.yaml"
    odd.write_text("sites: {}\n", encoding="utf-8")
    registry = Registry(path=odd, sites={})

    def nobody(site: Site) -> Ledger:
        pytest.fail(site.name)

    made = back_up(registry, nobody, nobody, into=tmp_path / "kept", now=NOW)

    assert sums_agree(made.path)
    assert backup.SUMS_NAME in files_in(made.path)


def test_a_backup_under_load_holds_every_row_that_was_acknowledged(tmp_path: Path) -> None:
    """While people mark, the copy is whole rows, a beginning of the ledger, with all that was acknowledged before."""
    write_sites(tmp_path)
    with serving(tmp_path) as server, rushing(server) as rush:
        for round_number in range(2):
            enough = 30 * (round_number + 1)
            wait_until(lambda enough=enough: len(rush.acknowledged) >= enough, 10)
            acknowledged = set(rush.acknowledged)
            done = run(tmp_path, "backup", f"kept{round_number}")
            assert done.returncode == 0, done.stderr
            copy = tmp_path / done.stdout.strip() / "data" / "london.csv"
            copied = {fields[1] for fields in whole_rows(copy)}
            assert acknowledged <= copied
            assert (tmp_path / "data" / "london.csv").read_bytes().startswith(copy.read_bytes())


def test_a_backup_that_is_copied_back_is_served_as_before(tmp_path: Path) -> None:
    """From a backup in a fresh folder: nothing is wrong, a repeat is known, and marks go on."""
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    old.mkdir()
    write_sites(old)
    with serving(old, workers=1) as server:
        server.mark("E1")
        made = old / run(old, "backup", str(tmp_path / "kept")).stdout.strip()
    shutil.copytree(made, fresh)
    (fresh / "logs").mkdir()

    checked = run(fresh, "check")
    with serving(fresh, workers=1) as server:
        answers = [server.mark("E1")[0], server.mark("E2")[0]]
        events = [event["event"] for event in server.events if event["level"] != "info"]

    assert (checked.returncode, checked.stdout) == (0, "")
    assert answers == [200, 201]
    assert [fields[1] for fields in whole_rows(fresh / "data" / "london.csv")] == ["E1", "E2"]
    assert events == []


def test_one_site_is_restored_beside_the_others(tmp_path: Path) -> None:
    """One ledger that is copied back, after what lies beside it was removed, is served as in the backup."""
    write_sites(tmp_path)
    with serving(tmp_path, workers=1) as server:
        server.mark("E1")
        wait_until((tmp_path / "data" / "london.seals.csv").exists, 10)
        made = tmp_path / run(tmp_path, "backup", "kept").stdout.strip()
        server.mark("E2")
    ledger = tmp_path / "data" / "london.csv"
    for beside in ledger.parent.glob(".london.*"):
        beside.unlink()
    for name in ("london.csv", "london.seals.csv"):
        shutil.copy(made / "data" / name, ledger.parent)

    checked = run(tmp_path, "check")
    with serving(tmp_path, workers=1) as server:
        answers = [server.mark("E1")[0], server.mark("E3")[0]]

    assert checked.returncode == 0
    assert answers == [200, 201]
    assert [fields[1] for fields in whole_rows(ledger)] == ["E1", "E3"]


def test_the_command_names_damaged_ledgers_and_ends_with_1(folder: Path) -> None:
    """Whoever lets it run every night hears of it."""
    (folder / "data" / "london.csv").write_bytes(b"spoilt\n")

    done = run(folder, "backup", "kept")

    assert done.returncode == 1
    assert (folder / done.stdout.strip() / SUMS_NAME).exists()
    assert "london.csv does not begin with its header" in " ".join(done.stderr.split())
