"""Claims about the file of accounts: one change at a time among all processes, and refused where others read it."""

import os
import resource
import signal
from pathlib import Path

import pytest

from attendance.accounts.nouns import Accounts
from attendance.errors import AccountsError, UnknownGrantError
from tests.accounts.kit import PASSWORD, VIEWER, House, at_once, start
from tests.webapp import unprivileged

ADD = """
for count in range(5):
    house.granting.add_token(f"t{number}.{count}", HR, 1, by="test")
"""
KILLED = """
import os, signal
def stopped(accounts):
    Path(sys.argv[1], ".accounts.yaml.new").write_text("half of")
    os.kill(os.getpid(), signal.SIGKILL)
house.file.change(stopped)
"""


def test_where_there_is_no_file_there_is_nobody(house: House) -> None:
    """A fresh installation has no accounts, and that is no mistake."""
    assert house.file.current() == Accounts()


def test_a_change_in_one_process_is_seen_by_another_at_the_next_look(house: House) -> None:
    """Workers have no memory of their own that could be out of date."""
    house.add()
    worker = House(house.folder, house.clock)
    before = set(worker.file.current().accounts)
    house.add("jo")

    assert (before, set(worker.file.current().accounts)) == ({"ana"}, {"ana", "jo"})


def test_processes_that_change_at_once_lose_nothing_even_if_one_is_killed(house: House) -> None:
    """Every change stands, in a file for its owner only; whoever is killed amid a change leaves what was there."""
    started = [start(house.folder, KILLED if number == 2 else ADD, number) for number in range(6)]

    ended = at_once(started)

    names = {f"t{number}.{count}" for number in range(6) if number != 2 for count in range(5)}
    assert [one.code for one in ended] == [0, 0, -signal.SIGKILL, 0, 0, 0]
    assert set(house.file.current().tokens) == names
    assert house.file.path.stat().st_mode & 0o777 == 0o600
    assert not house.folder.joinpath(".accounts.yaml.new").exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused_until_it_is_mended(house: House, mode: int) -> None:
    """Hashes of passwords are for the server only; the hint is the command that helps."""
    house.add()
    house.file.path.chmod(mode)

    with pytest.raises(AccountsError) as caught:
        house.file.current()
    house.file.path.chmod(0o600)

    assert caught.value.problems[0].hint == f"chmod 600 {house.file.path}"
    assert set(house.file.current().accounts) == {"ana"}


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_plain_file_is_refused(house: House, kind: str) -> None:
    """A folder, a link or a pipe is neither read nor replaced."""
    path = house.file.path
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(house.folder / "elsewhere")
    else:
        os.mkfifo(path, 0o600)

    with pytest.raises(AccountsError) as caught:
        house.add()

    assert caught.value.problems[0].message == "it is no plain file"
    assert not (house.folder / "elsewhere").exists()


def test_a_file_that_cannot_be_read_now_is_tried_again_at_the_next_look(house: House) -> None:
    """A process without descriptors to spare lets nobody in, and lets them in again as soon as it has some."""
    house.add()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(AccountsError) as caught:
            house.file.current()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert caught.value.problems[0].message == "it cannot be read: Too many open files"
    assert set(house.file.current().accounts) == {"ana"}


@pytest.mark.needs("root")
def test_a_file_of_another_user_is_told(house: House, tmp_path: Path) -> None:
    """Rights are said to be the matter, and what to do."""
    house.add()
    tmp_path.chmod(0o711)
    with unprivileged(), pytest.raises(AccountsError) as caught:
        house.file.current()

    assert "ermission denied" in caught.value.problems[0].message


def test_a_broken_file_is_not_changed_and_told_to_whoever_tries(house: House) -> None:
    """A change of a file with a mistake in it fails, every time, with the line; the file stays."""
    house.file.path.write_text("accounts:\n  ana: {}\n")
    house.file.path.chmod(0o600)

    for _ in range(2):
        with pytest.raises(AccountsError) as caught:
            house.add("jo")

        assert [problem.line for problem in caught.value.problems] == [2, 2]
    assert house.file.path.read_text() == "accounts:\n  ana: {}\n"


def test_a_full_disk_leaves_the_file_as_it_was(house: House) -> None:
    """Where the new file cannot be written, the old one stands, whole, and the next change works."""
    house.add()
    content = house.file.path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, before[1]))
    try:
        with pytest.raises(AccountsError) as caught:
            house.add("jo")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert caught.value.problems[0].message == "it cannot be written: File too large"
    assert house.file.path.read_bytes() == content
    assert sorted(path.name for path in house.folder.glob(".accounts*")) == [
        ".accounts.yaml.kept",
        ".accounts.yaml.lock",
    ]
    assert house.add("jo").name == "jo"


def test_a_change_that_changes_nothing_writes_nothing(house: House) -> None:
    """Who returns what is there leaves the file alone."""
    house.add()
    before = house.file.path.stat()

    house.file.change(lambda accounts: accounts)

    assert house.file.path.stat() == before


def test_a_change_that_is_refused_writes_nothing(house: House) -> None:
    """What the change raises comes out, and the lock is free again."""
    house.add()
    before = house.file.path.stat().st_ino

    with pytest.raises(UnknownGrantError):
        house.granting.disable("jo", by="test")

    assert house.file.path.stat().st_ino == before
    assert house.add("jo", PASSWORD, grant=VIEWER).name == "jo"


@pytest.mark.needs("root")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(house: House) -> None:
    """An administrator who types commands as root locks out no server that runs as somebody else."""
    os.chown(house.folder, 65534, 65534)

    house.add()
    house.first.offer("http://127.0.0.1")
    house.store.open_session("ana", "x")
    house.first.path.with_name("other").touch()

    owners = {path.name: path.stat().st_uid for path in house.folder.rglob("*")}
    assert owners.pop("other") == 0
    assert set(owners.values()) == {65534}
    assert {
        ".access.db",
        ".accounts.yaml.lock",
        ".first-account.lock",
        "accounts.yaml",
        "logs",
        "audit.log",
    } <= owners.keys()


@pytest.mark.needs("root")
def test_a_link_to_a_file_of_roots_is_not_given_away(house: House) -> None:
    """The server's user can put anything into its folder; root gives away only what it has just made."""
    os.chown(house.folder, 65534, 65534)
    (house.folder / "of-root").touch()
    os.link(house.folder / "of-root", house.folder / ".accounts.yaml.lock")
    (house.folder / "logs").mkdir()
    os.link(house.folder / "of-root", house.folder / "logs" / "audit.log")

    house.add()

    assert (house.folder / "of-root").stat().st_uid == 0


def test_a_file_that_was_lost_is_not_begun_anew(house: House) -> None:
    """Nobody is let in, no command writes over what is missing, and it is said how it comes back."""
    house.add()
    content = house.file.path.read_bytes()
    house.file.path.unlink()

    for refused in (house.file.current, lambda: house.add("jo")):
        with pytest.raises(AccountsError) as caught:
            refused()
        assert caught.value.problems[0].message == "it is gone"

    kept = house.folder / ".accounts.yaml.kept"
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (content, 0o600)
    kept.rename(house.file.path)
    assert list(house.file.current().accounts) == ["ana"]


def test_who_wishes_to_begin_with_nobody_can(house: House) -> None:
    """The file and its copy both away: as at the first start."""
    house.add()
    house.file.path.unlink()

    (house.folder / ".accounts.yaml.kept").unlink()

    assert house.file.current().accounts == {}
