"""Claims about PINs: they are hashed beside the roster, for the server's eyes alone, and none is lost or told."""

import os
import re
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import GrantRefusedError, InvalidInputError, PinsError, StorageUnavailableError
from attendance.pins import MAX_BYTES, PinFile, check_pin, pins_path
from tests.appendlog_kit import run_all

PIN = "204816"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "B" * 42 + "A"
HEADER = "Employee_ID,PIN_Hash\n"


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """Where the roster lies; it need not be there."""
    return tmp_path / "data" / "london.roster.csv"


@pytest.fixture
def pins(roster: Path) -> PinFile:
    """The PINs of London."""
    return PinFile(roster)


def write(roster: Path, content: str | bytes, mode: int = 0o600) -> Path:
    """Write a file of PINs by hand, and return its path."""
    path = pins_path(roster)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


# What is set


def test_a_pin_counts_for_its_employee_only(pins: PinFile) -> None:
    """It is checked against the ID, in whatever case that is typed."""
    pins.set("E-1a", PIN)
    pins.set("E2", "550199")

    assert pins.check("E-1a", PIN)
    assert pins.check("e-1A", PIN)
    assert not pins.check("E2", PIN)
    assert not pins.check("E-1a", "550199")
    assert pins.known() == {"e-1a", "e2"}


def test_nobody_has_a_pin_before_one_is_set(pins: PinFile) -> None:
    """Without a file nobody has a PIN, and none is made by looking."""
    assert pins.known() == frozenset()
    assert not pins.check("E1", PIN)
    assert not pins.path.exists()


def test_a_new_pin_takes_the_place_of_the_old_one(pins: PinFile) -> None:
    """The old one is good no more, under the ID in any case."""
    pins.set("E1", PIN)
    pins.set("e1", "550199")

    assert not pins.check("E1", PIN)
    assert pins.check("E1", "550199")
    assert pins.known() == {"e1"}


def test_a_removed_pin_is_good_no_more(pins: PinFile) -> None:
    """Others keep theirs; taking away what is not there says so."""
    pins.set("E1", PIN)
    pins.set("E2", PIN)

    assert pins.remove("e1")
    assert not pins.remove("E1")
    assert not pins.check("E1", PIN)
    assert pins.check("E2", PIN)


def test_a_random_pin_is_set_and_returned(pins: PinFile) -> None:
    """It has six digits, none of which a spreadsheet would take away."""
    pin = pins.new("E1")

    assert re.fullmatch("[1-9][0-9]{5}", pin)
    assert check_pin(pin) == pin
    assert pins.check("E1", pin)


def test_the_file_holds_ids_and_hashes_and_is_the_servers_alone(pins: PinFile, roster: Path) -> None:
    """It lies beside the roster, whatever the umask, and holds no PIN."""
    before = os.umask(0)
    try:
        pins.set("E1", PIN)
    finally:
        os.umask(before)

    text = pins.path.read_text()
    assert pins.path == roster.with_name("london.roster.pins")
    assert pins.path.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(
        rf'{HEADER}E1,"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{{22}}\$[A-Za-z0-9+/]{{43}}"\n', text
    )
    assert PIN not in text


def test_two_equal_pins_have_two_hashes(pins: PinFile) -> None:
    """Nobody sees in the file that two people have the same PIN."""
    pins.set("E1", PIN)
    pins.set("E2", PIN)

    first, second = pins.path.read_text().splitlines()[1:]

    assert first.removeprefix("E1") != second.removeprefix("E2")


@pytest.mark.parametrize(
    "pin",
    [
        *("", "12345", "20481", "2048160123456", "20481a", "204 816", " 204816", "204816\n", "٢٠٤٨١٦", "２０４８１６"),
        *("000000", "999999", "777777777777", "123456", "012345", "654321", "567890", "987654", "210987", "890123"),
    ],
)
def test_a_pin_that_is_none_or_is_guessed_first_is_refused(pins: PinFile, pin: str) -> None:
    """6 to 12 ASCII digits, not one alone, not a run; what was typed is not told."""
    with pytest.raises(GrantRefusedError) as caught:
        pins.set("E1", pin)

    assert list(caught.value.fields) == ["pin"]
    assert not pin or pin not in str(caught.value)
    assert not pins.path.exists()
    assert not pins.check("E1", pin)


@given(pin=st.from_regex("[0-9]{6,12}", fullmatch=True))
def test_only_runs_are_trivial(pin: str) -> None:
    """A PIN is refused exactly if each digit follows from the one before in the same way: same, up or down."""
    steps = [(int(later) - int(earlier)) % 10 for earlier, later in pairwise(pin)]
    trivial = steps in ([one] * len(steps) for one in (0, 1, 9))

    try:
        refused = check_pin(pin) != pin
    except GrantRefusedError:
        refused = True

    assert refused is trivial


@pytest.mark.parametrize("employee_id", ["", "=E1", "E 1", 'E1,"', "E1\n", "é"])
def test_a_pin_belongs_to_what_can_be_an_id(pins: PinFile, employee_id: str) -> None:
    """Nothing else is written into the file."""
    with pytest.raises(InvalidInputError):
        pins.set(employee_id, PIN)

    assert not pins.path.exists()


# Who guesses


@pytest.mark.parametrize("pin", ["", "x", "204816\n", "9" * 100_000, "\ud800", "\0" * 6])
def test_any_text_is_checked_without_an_exception(pins: PinFile, pin: str) -> None:
    """Whatever is typed is answered with no."""
    pins.set("E1", PIN)

    assert not pins.check("E1", pin)
    assert not pins.check(pin, PIN)


def test_a_check_takes_as_long_for_an_id_without_a_pin(pins: PinFile) -> None:
    """Nobody learns from the time which IDs there are: half as long or twice as long would be seen."""
    pins.set("E1", PIN)

    def seconds(employee_id: str) -> float:
        """Return the processor time of a check, in the middle of some."""
        spent = []
        for _ in range(9):
            before = time.process_time()
            pins.check(employee_id, "204817")
            spent.append(time.process_time() - before)
        return median(spent)

    assert 0.5 < seconds("E1") / seconds("E2") < 2


# What is refused


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("", 1, "the first row must be Employee_ID,PIN_Hash"),
        ("Employee_ID,PIN\n", 1, "the first row must be"),
        (f'{HEADER}E1,"{HASH}"\ne1,"{HASH}"\n', 3, "the ID e1 stands twice"),
        (f'{HEADER}=1,"{HASH}"\n', 2, "An ID has up to 64 letters"),
        (f"{HEADER}E1,{HASH}\n", 2, "a row is Employee_ID,PIN_Hash"),
        (f'{HEADER}\nE1,"{HASH}"\n', 2, "a row is Employee_ID,PIN_Hash"),
        (f"{HEADER}E1,{PIN}\n", 2, "this is no hash of a PIN"),
        (f'{HEADER}E1,"{HASH.replace("argon2id", "argon2i")}"\n', 2, "this is no hash of a PIN"),
        (f'{HEADER}E1,"{HASH.replace("19456", "99999999")}"\n', 2, "this is no hash of a PIN"),
        (f'{HEADER}E1,"{HASH}', 2, "this is not CSV: unexpected end of data"),
        (f'{HEADER}E1,"{HASH}"\nE2é,x\n'.encode("latin-1"), 3, "a character is no ASCII"),
    ],
)
def test_a_broken_file_is_refused_by_line(
    pins: PinFile, roster: Path, content: str | bytes, line: int, message: str
) -> None:
    """Nothing is checked against it and nothing is written over it; no hash and no PIN is told."""
    path = write(roster, content)
    before = path.read_bytes()

    with pytest.raises(PinsError) as caught:
        pins.check("E1", PIN)
    with pytest.raises(PinsError):
        pins.set("E9", PIN)

    [problem] = caught.value.problems
    assert (problem.path, problem.line) == (path, line)
    assert message in problem.message
    assert not any(secret in str(problem) for secret in (PIN, HASH[40:]))
    assert path.read_bytes() == before


def test_all_wrong_lines_are_told_at_once(pins: PinFile, roster: Path) -> None:
    """Whoever mends the file sees everything."""
    write(roster, f'{HEADER}E1,x\nE2,"{HASH}"\nE3\n')

    with pytest.raises(PinsError) as caught:
        pins.known()

    assert [problem.line for problem in caught.value.problems] == [2, 4]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_can_read_is_refused(pins: PinFile, mode: int) -> None:
    """Also where it was read before; with its mode mended it counts again."""
    pins.set("E1", PIN)
    assert pins.check("E1", PIN)
    pins.path.chmod(mode)

    with pytest.raises(PinsError) as caught:
        pins.check("E1", PIN)
    with pytest.raises(PinsError):
        pins.set("E2", PIN)
    pins.path.chmod(0o600)

    [problem] = caught.value.problems
    assert problem.hint == f"chmod 600 {pins.path}"
    assert pins.check("E1", PIN)


def test_what_is_no_plain_file_is_refused_at_once(pins: PinFile, tmp_path: Path) -> None:
    """A folder, a FIFO and a link in its place hold nobody up."""
    pins.path.parent.mkdir()
    messages = []
    for make in (Path.mkdir, os.mkfifo, lambda path: path.symlink_to(tmp_path / "elsewhere")):
        make(pins.path)
        with pytest.raises(PinsError) as caught:
            pins.known()
        messages.append(caught.value.problems[0].message)
        pins.path.rename(tmp_path / f"gone{len(messages)}")

    assert messages[:2] == ["this is no plain file"] * 2
    assert messages[2].startswith("the file of PINs cannot be read:")


def test_a_file_beyond_the_limit_is_not_read(pins: PinFile, roster: Path) -> None:
    """Its size alone refuses it."""
    os.truncate(write(roster, HEADER), MAX_BYTES + 1)

    with pytest.raises(PinsError, match="cannot be read") as caught:
        pins.known()

    assert "larger than" in caught.value.problems[0].message


def test_a_folder_that_cannot_be_made_is_told_as_storage(tmp_path: Path) -> None:
    """What the system says is not taken for a broken file."""
    (tmp_path / "data").write_text("in the way")
    pins = PinFile(tmp_path / "data" / "london.roster.csv")

    with pytest.raises(StorageUnavailableError):
        pins.set("E1", PIN)
    with pytest.raises(PinsError):
        pins.known()


# How it follows its file, and who else writes


def test_what_another_process_set_counts_at_once(pins: PinFile, roster: Path) -> None:
    """A worker that has read the file reads it again when it changed, also when it went away."""
    pins.set("E1", PIN)
    pins.check("E1", PIN)

    PinFile(roster).set("E1", "550199")
    changed = pins.check("E1", "550199"), pins.check("E1", PIN)
    pins.path.unlink()

    assert changed == (True, False)
    assert not pins.check("E1", "550199")


def test_a_broken_file_heals(pins: PinFile, roster: Path) -> None:
    """It is refused at every look until it is right."""
    pins.set("E1", PIN)
    sound = pins.path.read_bytes()
    write(roster, "?")
    for _ in range(2):
        with pytest.raises(PinsError):
            pins.check("E1", PIN)
    write(roster, sound)

    assert pins.check("E1", PIN)


def give_many(roster: Path, employee_ids: Sequence[str]) -> None:
    """Give PINs in a process of its own."""
    pins = PinFile(roster)
    for employee_id in employee_ids:
        pins.set(employee_id, PIN)


def test_processes_that_set_pins_at_once_lose_none(roster: Path, pins: PinFile) -> None:
    """Four of them write one file; every PIN that was set stands in it."""
    groups = [[f"E{process}-{number}" for number in range(15)] for process in range(4)]

    run_all(*((give_many, (roster, group)) for group in groups))

    assert pins.known() == {employee_id.casefold() for group in groups for employee_id in group}
    assert sorted(path.name for path in roster.parent.iterdir()) == [".london.roster.pins.lock", "london.roster.pins"]
