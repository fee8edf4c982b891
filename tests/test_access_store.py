"""Claims about what all workers share of sign-ins: it ends when it should, in all of them, and holds no secret."""

import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from attendance.accounts.database import Database
from attendance.accounts.store import ABSOLUTE_LIMIT, IDLE_LIMIT, AccessStore
from attendance.errors import AccessStorageError
from tests.access_kit import PROCESSES, in_processes, modes
from tests.conftest import HandClock
from tests.webapp import unprivileged

MOMENT = timedelta(microseconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is made."""
    return tmp_path / ".access.db"


@pytest.fixture
def store(path: Path, clock: HandClock) -> AccessStore:
    """A store with a clock that is set by hand."""
    return AccessStore(path, now=clock)


# Sessions


def test_a_session_is_found_by_its_secret_alone(store: AccessStore, clock: HandClock) -> None:
    """It tells the account, its fingerprint and the moment of the sign-in; another secret finds nothing."""
    secret = store.open_session("anna", "first")

    found = store.session(secret)

    assert found is not None
    assert (found.account, found.fingerprint, found.opened_at) == ("anna", "first", clock.now)
    assert store.session(secret + "x") is None
    assert store.session("\ud800\0") is None
    assert len(secret) == 22  # 128 bits, six a character


def test_a_session_ends_when_nothing_is_asked_for_an_hour(store: AccessStore, clock: HandClock) -> None:
    """A microsecond before it lasts, and lasts on; at the limit it is over, and stays so."""
    lasting, ending = store.open_session("anna", ""), store.open_session("bob", "")

    clock.now += IDLE_LIMIT - MOMENT
    assert store.session(lasting)
    clock.now += MOMENT

    assert store.session(ending) is None
    assert store.session(lasting)
    clock.move(minutes=-30)
    assert store.session(ending) is None


def test_a_session_ends_twelve_hours_after_the_sign_in(store: AccessStore, clock: HandClock) -> None:
    """However much is asked: a microsecond before the limit it lasts, at the limit it is over."""
    secret = store.open_session("anna", "")
    end = clock.now + ABSOLUTE_LIMIT

    while clock.now < end - timedelta(minutes=30):
        clock.move(minutes=30)
        assert store.session(secret)
    clock.now = end - MOMENT

    assert store.session(secret)
    clock.now = end
    assert store.session(secret) is None


def test_the_use_of_a_session_is_written_once_a_minute(store: AccessStore, path: Path, clock: HandClock) -> None:
    """A page that asks every second does not flush the disk every second."""
    secret = store.open_session("anna", "")
    before = path.read_bytes()

    clock.move(seconds=59)
    store.session(secret)
    assert path.read_bytes() == before
    clock.move(seconds=1)
    store.session(secret)

    assert path.read_bytes() != before


@pytest.mark.parametrize("back", [IDLE_LIMIT, ABSOLUTE_LIMIT, timedelta(days=400)])
def test_a_clock_that_is_set_back_makes_no_session_last_longer(
    store: AccessStore, clock: HandClock, back: timedelta
) -> None:
    """Somebody who was seen too far in the future signs in again."""
    secret = store.open_session("anna", "")

    clock.now -= back

    assert store.session(secret) is None


def test_a_sign_out_ends_one_session(store: AccessStore) -> None:
    """The same account stays signed in elsewhere."""
    here, there = store.open_session("anna", ""), store.open_session("anna", "")

    store.close_session(here)

    assert store.session(here) is None
    assert store.session(there)


def test_all_sessions_of_an_account_end_but_the_one_that_is_spared(store: AccessStore) -> None:
    """Nobody else's session ends with them."""
    mine, other, bobs = (store.open_session(name, "") for name in ("anna", "anna", "bob"))

    store.close_sessions("anna", but=mine)
    assert [bool(store.session(one)) for one in (mine, other, bobs)] == [True, False, True]
    store.close_sessions("anna")

    assert [bool(store.session(one)) for one in (mine, other, bobs)] == [False, False, True]


def test_a_session_that_is_ended_in_one_process_is_ended_in_all(store: AccessStore, path: Path) -> None:
    """A process that knew it a moment before does not know it any more."""
    secret = store.open_session("anna", "")
    program = f"print(bool(store.session({secret!r})), flush=True)\n"

    ended = in_processes(path, f"{program}store.close_sessions('anna')\n", count=1)
    after = in_processes(path, program, count=2)

    assert (ended, after) == (["True"], ["False", "False"])
    assert store.session(secret) is None


def test_sessions_that_are_over_do_not_pile_up(store: AccessStore, path: Path, clock: HandClock) -> None:
    """The next sign-in throws them away."""
    for _ in range(3):
        store.open_session("anna", "")
        clock.now += IDLE_LIMIT

    with closing(sqlite3.connect(path)) as rows:
        assert rows.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


# Tickets


def test_a_ticket_is_good_for_its_time_only(store: AccessStore, clock: HandClock) -> None:
    """A microsecond before its end it is, at its end it is not, and not after the clock was set back by its time."""
    secret = store.issue("enrol", "london", 600)
    issued = clock.now

    clock.now = issued + timedelta(seconds=600) - MOMENT
    assert store.peek("enrol", secret) == "london"
    for instant in (issued + timedelta(seconds=600), issued - timedelta(seconds=600)):
        clock.now = instant

        assert store.peek("enrol", secret) is None
        assert store.redeem("enrol", secret) is None


def test_a_ticket_is_good_once_and_for_its_purpose_only(store: AccessStore) -> None:
    """Looking at it does not use it up."""
    given = "4711-0815"

    secret = store.issue("enrol", "london", 600, secret=given)

    assert secret == given
    assert store.redeem("sign-on", secret) is None
    assert store.peek("enrol", secret) == store.peek("enrol", secret) == "london"
    assert store.redeem("enrol", secret) == "london"
    assert store.redeem("enrol", secret) is None


def test_one_of_many_processes_redeems_a_ticket(store: AccessStore, path: Path) -> None:
    """Eight of them try at the same moment, twenty times."""
    tickets = [store.issue("enrol", str(number), 600) for number in range(20)]

    answers = in_processes(path, f"print(*[store.redeem('enrol', one) for one in {tickets!r}])")

    columns = zip(*(answer.split() for answer in answers), strict=True)
    assert [sorted(column) for column in columns] == [
        sorted([str(number)] + ["None"] * (PROCESSES - 1)) for number in range(20)
    ]


def test_the_first_of_many_processes_binds_a_ticket(store: AccessStore, path: Path, clock: HandClock) -> None:
    """All hear the payload of the same one, until its time is over."""
    answers = in_processes(path, "print(store.bind('code', 'ticket', f'E{number}', 300))")
    bound = answers[0]

    assert set(answers) == {bound}
    assert bound in {f"E{number}" for number in range(PROCESSES)}
    clock.move(seconds=299)
    assert store.bind("code", "ticket", "late", 300) == bound
    clock.move(seconds=1)
    assert store.bind("code", "ticket", "late", 300) == "late"


def test_tickets_that_are_over_do_not_pile_up(store: AccessStore, path: Path, clock: HandClock) -> None:
    """The next ticket throws them away."""
    for _ in range(3):
        store.issue("state", "", 10)
        clock.move(seconds=10)

    with closing(sqlite3.connect(path)) as rows:
        assert rows.execute("SELECT count(*) FROM tickets").fetchone() == (1,)


# Keys and steps


def test_all_processes_have_the_same_key(store: AccessStore, path: Path) -> None:
    """Eight of them ask for it first at the same moment, while the file is not there; other names have other keys."""
    keys = set(in_processes(path, "print(store.key('presence').hex())"))

    assert keys == {store.key("presence").hex()}
    assert len(store.key("presence")) == 32
    assert store.key("presence") != store.key("state")


def test_a_code_of_a_second_factor_is_good_once(store: AccessStore, path: Path) -> None:
    """Of eight processes one may use it; an older one is used up with it, a newer one is not; others have their own."""
    answers = in_processes(path, "print(store.use_step('anna', 100))")

    assert sorted(answers) == ["False"] * (PROCESSES - 1) + ["True"]
    assert [store.use_step("anna", step) for step in (99, 100, 101, 101)] == [False, False, True, False]
    assert store.use_step("bob", 99)


# The file


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_file_is_its_owners_alone_whatever_the_umask(path: Path, umask: int) -> None:
    """From the first system call on: nothing is ever made with a wider mode, not even the journal."""
    program = """
import os, pathlib
seen = []
def look(event, args):
    if event in ("open", "os.chmod", "sqlite3.connect", "os.rename"):
        folder = pathlib.Path(sys.argv[1]).parent
        seen.extend(oct(one.lstat().st_mode & 0o777) for one in folder.iterdir())
sys.addaudithook(look)
with store.database.writing() as rows:
    rows.execute("INSERT INTO keys VALUES ('a', x'00')")
    seen.extend(oct(one.lstat().st_mode & 0o777) for one in pathlib.Path(sys.argv[1]).parent.iterdir())
print(*sorted(set(seen) - {"0o0"}))
"""
    assert in_processes(path, program, count=1, umask=umask) == ["0o600"]
    assert modes(path.parent) == {".access.db": 0o600}


def test_a_file_that_came_with_a_wider_mode_is_narrowed(store: AccessStore, path: Path) -> None:
    """As after a copy from somewhere."""
    secret = store.open_session("anna", "")
    path.chmod(0o664)

    assert store.session(secret)
    assert modes(path.parent) == {".access.db": 0o600}


def test_no_secret_stands_in_the_file(store: AccessStore, path: Path) -> None:
    """Neither of sessions nor of tickets, in no form that can be used."""
    given = secrets.token_hex(8)
    issued = [store.open_session("anna", ""), store.issue("enrol", "x", 60), store.issue("enrol", "x", 60, given)]
    store.bind("code", "bound-ticket", "E1", 60)

    content = path.read_bytes()

    assert b"anna" in content
    assert [one for one in [*issued, "bound-ticket"] if one.encode() in content] == []


def spoil_header(path: Path) -> None:
    """Write something that is no database."""
    path.write_bytes(b"no database at all\n" * 500)


def empty(path: Path) -> None:
    """Leave an empty file."""
    path.write_bytes(b"")


def another_version(path: Path) -> None:
    """Leave a database of a later version."""
    with closing(sqlite3.connect(path)) as rows:
        rows.execute("PRAGMA user_version = 999")


def a_journal_alone(path: Path) -> None:
    """Delete the file of a process that was killed in a transaction, and leave its journal."""
    killed = "import os, sqlite3, sys; rows = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    killed += (
        "rows.execute('PRAGMA cache_size = 1'); rows.execute('BEGIN IMMEDIATE'); rows.execute('DELETE FROM sessions')\n"
    )
    killed += "rows.executemany('INSERT INTO keys VALUES (?, ?)', [(str(n), b'x' * 3000) for n in range(50)])\n"
    killed += "os._exit(0)"
    subprocess.run([sys.executable, "-c", killed, path], check=True)
    assert path.with_name(".access.db-journal").stat().st_size > 0
    path.unlink()


@pytest.mark.parametrize("spoil", [spoil_header, empty, another_version, a_journal_alone, Path.unlink])
def test_a_file_that_is_none_of_ours_is_replaced(store: AccessStore, path: Path, spoil: Callable[[Path], None]) -> None:
    """Everybody is signed out, what stood there is kept, and eight processes that find it agree on the new file."""
    secret = store.open_session("anna", "")
    spoil(path)
    kept = path.read_bytes() if path.exists() else None

    keys = set(in_processes(path, "print(store.key('presence').hex())"))

    assert keys == {store.key("presence").hex()}
    assert store.session(secret) is None
    quarantined = [one.read_bytes() for one in path.parent.glob("quarantine/*")]
    assert quarantined == ([] if kept is None else [kept])
    assert modes(path.parent)[".access.db"] == 0o600


def test_a_file_that_is_damaged_inside_is_told_once_and_replaced(store: AccessStore, path: Path) -> None:
    """The call that finds it is refused, the next one has an empty file."""
    secret = store.open_session("anna", "")
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(AccessStorageError) as caught:
        store.session(secret)

    assert "malformed" in caught.value.reason
    assert store.session(secret) is None
    assert store.session(store.open_session("anna", ""))
    assert len(list(path.parent.glob("quarantine/*"))) == 1


@pytest.mark.parametrize("in_the_way", ["folder", "link", "fifo", "nothing"])
def test_what_is_no_plain_file_is_told_and_left(tmp_path: Path, clock: HandClock, in_the_way: str) -> None:
    """Nothing hangs, nothing is let in, and nothing is taken away."""
    path = tmp_path / "etc" / ".access.db"
    if in_the_way != "nothing":
        path.parent.mkdir()
    make = {"folder": path.mkdir, "link": lambda: path.symlink_to("x"), "fifo": lambda: os.mkfifo(path)}
    make.get(in_the_way, tuple)()

    with pytest.raises(AccessStorageError) as caught:
        AccessStore(path, now=clock).session("x")

    assert str(path.parent) in caught.value.reason
    assert os.path.lexists(path) == (in_the_way != "nothing")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, clock: HandClock) -> None:
    """Whether the file is there or not, whoever asks hears that it cannot be told, with a reason for ops."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "etc"
    folder.mkdir()
    store = AccessStore(folder / ".access.db", now=clock)

    folder.chmod(0o555)
    with unprivileged(), pytest.raises(AccessStorageError) as absent:
        store.open_session("anna", "")
    store.key("presence")
    with unprivileged(), pytest.raises(AccessStorageError) as present:
        store.open_session("anna", "")

    assert ".access.db" in absent.value.reason
    assert ".access.db" in present.value.reason


def test_a_busy_file_is_told_and_not_replaced(store: AccessStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else holds it for longer than is waited for."""
    monkeypatch.setattr("attendance.accounts.database.BUSY_SECONDS", 0.05)
    secret = store.open_session("anna", "")

    with Database(path).writing(), pytest.raises(AccessStorageError) as caught:
        store.close_session(secret)

    assert "locked" in caught.value.reason
    assert store.session(secret)
