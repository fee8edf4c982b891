"""A registry that is wrong is refused with the place of every mistake and what to do about it."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attendance.errors import Problem, RegistryError
from attendance.registry import load_registry
from attendance.registry.nodes import MAX_BYTES

LONDON = "sites:\n  london:\n    name: London\n    timezone: Europe/London\n    csv: data/london.csv\n"
"""A sound registry of five lines; what is appended to it stands from line 6 on."""

Refused = Callable[[str | bytes], list[Problem]]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Return a loader of a text as `sites.yaml` that gives the mistakes found in it, and fails where there are none."""

    def load(source: str | bytes) -> list[Problem]:
        path = tmp_path / "sites.yaml"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        with pytest.raises(RegistryError) as caught:
            load_registry(path)
        assert {problem.path for problem in caught.value.problems} == {path}
        return list(caught.value.problems)

    return load


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


def _key(line: str) -> str:
    """Return the sound registry with one more line in the block of its site."""
    return f"{LONDON}    {line}\n"


def _two(csv: str, *, more: str = "", first: str = "") -> str:
    """Return the sound registry with a second site, whose block begins in line 7 (8 if the first has one key more)."""
    return f"{LONDON}{first}  paris:\n    name: Paris\n    timezone: Europe/Paris\n    csv: {csv}\n{more}"


def _csv(path: str) -> str:
    """Return the sound registry with another path of its ledger."""
    return LONDON.replace("data/london.csv", path)


def _zone(name: str) -> str:
    """Return the sound registry with another zone."""
    return LONDON.replace("Europe/London", name)


QUOTES = "put it in quotes"
KNOWN = "known are: name, timezone, csv, roster, visitors, statuses, day_start, workdays, start, grace_minutes"
OWN = "give every ledger and every roster a file of its own"
BELOW = "write a path below that folder"
TOO_LONG = "x" * 300

Row = tuple[str | bytes, int, int, str, str]
"""A text, the line and the column of its one mistake, a part of the message, and a part of the hint."""

YAML_MISTAKES: dict[str, Row] = {
    "a bracket left open": (
        _key("networks: [10.0.0.0/8"),
        7,
        1,
        "not YAML: did not find expected ',' or ']'",
        "quotes",
    ),
    "a tab as indentation": (LONDON + "\tname: x\n", 6, 1, "a tab character that violates indentation", "spaces"),
    "a colon too many": (_key("start: at: nine"), 6, 14, "not YAML: mapping values are not allowed", "colons"),
    "a quote left open": (_key('start: "09:00'), 7, 1, "not YAML: found unexpected end of stream", "quotes"),
    "two documents": (LONDON + "---\nsites: {}\n", 6, 1, "not YAML: but found another document", "look at this line"),
    "an alias": ("a: &a [x]\nsites: *a\n", 2, 8, "an alias (*name) stands for another place", "write the value out"),
    "an alias to nothing": ("sites: *a\n", 1, 8, "an alias (*name)", "write the value out"),
    "a merge key": (_key("<<: {start: x}"), 6, 5, "YAML reads '<<' as something else", 'quotes: "<<"'),
    "nested lists": ("[" * 9, 1, 9, "nested too deeply", "docs/configuration.md"),
    "a tag of Python": (_key("start: !!python/object/apply:os.getcwd []"), 6, 12, "one value is expected", "docs/"),
    "a tag of Python on a text": (_key("start: !!python/name:os.sep x"), 6, 12, "'x' as something else", QUOTES),
    "a tag of one's own": (_key("start: !nine '09:00'"), 6, 12, "'09:00' as something else", 'quotes: "09:00"'),
    "a bell": (_key("# été \a"), 6, 11, "a character that YAML refuses", "take it out"),
    "a NUL": ("\0", 1, 1, "a character that YAML refuses", "take it out"),
    "a lone continuation byte": (b"sites: \x80\n", 1, 1, "the file is not UTF-8", "save it as UTF-8"),
    "Latin-1": (LONDON.replace("London\n", "Málaga\n").encode("latin-1"), 1, 1, "not UTF-8", "save it as UTF-8"),
    "UTF-16": (LONDON.encode("utf-16"), 1, 1, "the file is not UTF-8", "save it as UTF-8"),
    "nothing": ("", 1, 1, "the file is empty", "write `sites:`"),
    "a comment only": ("# soon\n", 1, 1, "the file is empty", "write `sites:`"),
    "a byte order mark only": (b"\xef\xbb\xbf", 1, 1, "the file is empty", "write `sites:`"),
    "no sites": ("{}\n", 1, 1, "there are no sites", "write `sites:`"),
    "sites without a site": ("sites: {}\n", 1, 8, "there is no site", "write one block for each site"),
    "sites without a value": ("sites:\n", 1, 7, "a block of `key: value` is expected", "look at the example"),
    "sites as a list": ("sites: [london]\n", 1, 8, "a block of `key: value` is expected", "look at the example"),
    "a site as a text": ("sites:\n  london: London\n", 2, 11, "a block of `key: value` is expected", "the example"),
}

KEY_MISTAKES: dict[str, Row] = {
    "an unknown key at the top": (LONDON + "site: {}\n", 6, 1, "unknown key 'site'", "known are: sites"),
    "an unknown key of a site": (_key("time_zone: UTC"), 6, 5, "unknown key 'time_zone'", KNOWN),
    "a duplicate key": (_key("name: Leeds"), 6, 5, "the key 'name' stands twice", "it stands in line 3 already"),
    "a duplicate key at the top": (LONDON + "sites: {}\n", 6, 1, "the key 'sites' stands twice", "in line 1 already"),
    "a duplicate site": (LONDON + "  london: {}\n", 6, 3, "the key 'london' stands twice", "in line 2 already"),
    "a site called NO": (LONDON.replace("london:", "NO:"), 2, 3, "YAML reads 'NO' as yes or no", 'quotes: "NO"'),
    "a number as a site": (LONDON.replace("london:", "42:"), 2, 3, "YAML reads '42' as a number", 'quotes: "42"'),
    "a list as a site": (LONDON.replace("london:", "[a]:"), 2, 3, "one value is expected here", "the example"),
    "a site in capitals": (LONDON.replace("london:", "London:"), 2, 3, "cannot stand in an address", "a to z, 0 to 9"),
    "a site with a slash": (LONDON.replace("london:", "a/b:"), 2, 3, "cannot stand in an address", "hyphens"),
    "a site of 64 letters": (LONDON.replace("london:", f"{'a' * 64}:"), 2, 3, "cannot stand in an address", "a to z"),
    "no name": (LONDON.replace("    name: London\n", ""), 2, 3, "the site has no `name`", "add `name:`"),
    "no zone": (LONDON.replace("    timezone: Europe/London\n", ""), 2, 3, "has no `timezone`", "add `timezone:`"),
    "no ledger": (LONDON.replace("    csv: data/london.csv\n", ""), 2, 3, "the site has no `csv`", "add `csv:`"),
}

VALUE_MISTAKES: dict[str, Row] = {
    "a name that is a number": (LONDON.replace("name: London", "name: 1984"), 3, 11, "'1984' as a number", '"1984"'),
    "a name that is a date": (LONDON.replace("name: London", "name: 2026-01-01"), 3, 11, "as a date", '"2026-01-01"'),
    "a name that is missing": (LONDON.replace("name: London", "name:"), 3, 10, "YAML reads '' as nothing", QUOTES),
    "an empty name": (LONDON.replace("name: London", 'name: " "'), 3, 11, "cannot be shown as a name", "1 to 80"),
    "a name in two lines": (LONDON.replace("name: London", r'name: "a\nb"'), 3, 11, "cannot be shown", "plain"),
    "a name of 81 letters": (LONDON.replace("name: London", f"name: {'x' * 81}"), 3, 11, "cannot be shown", "1 to 80"),
    "a zone in small letters": (_zone("europe/london"), 4, 15, "no zone is called 'europe/london'", "Europe/London"),
    "a city": (_zone("Kathmandu"), 4, 15, "no zone is called 'Kathmandu'", "did you mean Asia/Kathmandu"),
    "a zone with a slip": (_zone("Europe/Lodnon"), 4, 15, "no zone is called 'Europe/Lodnon'", "Europe/London"),
    "an offset as a zone": (_zone("'+05:45'"), 4, 15, "no zone is called '+05:45'", "the IANA list of zones"),
    "an unquoted time": (_key("day_start: 18:00"), 6, 16, "YAML reads '18:00' as a number", 'quotes: "18:00"'),
    "a bare NO": (_key("holidays: NO"), 6, 15, "YAML reads 'NO' as yes or no", 'put it in quotes: "NO"'),
    "a text that would break the hint": (_key(r'start: !x "a\n\e"'), 6, 12, r"'a\n\x1b'", r'"a\n\u001b"'),
    "an hour too many": (_key('start: "24:00"'), 6, 12, "this is not a time of day", 'in quotes: "09:00"'),
    "an hour of one digit": (_key('start: "9:00"'), 6, 12, "this is not a time of day", 'in quotes: "09:00"'),
    "a time with seconds": (_key('day_start: "04:00:00"'), 6, 16, "this is not a time of day", "hours and minutes"),
    "a weekday in full": (_key("workdays: [mon, tuesday]"), 6, 21, "'tuesday' is no weekday", "mon, tue, wed"),
    "weekdays as a text": (_key("workdays: mon-fri"), 6, 15, "a list in [ ] is expected here", "the example"),
    "an unquoted number as a weekday": (_key("workdays: [1]"), 6, 16, "YAML reads '1' as a number", 'quotes: "1"'),
    "minutes in quotes": (_key('grace_minutes: "10"'), 6, 20, "a number of minutes is expected", "without quotes"),
    "minutes below zero": (_key("grace_minutes: -1"), 6, 20, "this is no number of minutes", "write 0 to 1440"),
    "minutes beyond a day": (_key("grace_minutes: 1441"), 6, 20, "this is no number of minutes", "write 0 to 1440"),
    "minutes as a time": (_key("grace_minutes: 18:00"), 6, 20, "this is no number of minutes", "write 0 to 1440"),
    "half a minute": (_key("grace_minutes: 0.5"), 6, 20, "a number of minutes is expected", "without quotes"),
    "a list of minutes": (_key("grace_minutes: [10]"), 6, 20, "a number of minutes is expected", "without quotes"),
    "a flag in quotes": (_key('visitors: "true"'), 6, 15, "true or false is expected here", "without quotes"),
    "a flag that only claims to be one": (_key("visitors: !!bool maybe"), 6, 15, "neither true nor false", "true or"),
    "an unknown country": (_key("holidays: XQ"), 6, 15, "no public holidays are known for 'XQ'", "did you mean"),
    "a country by another code": (_key("holidays: UK"), 6, 15, "no public holidays are known for 'UK'", "mean GB?"),
    "an unknown part of a country": (_key("holidays: GB-EN"), 6, 15, "known for 'GB-EN'", "did you mean GB-ENG?"),
    "a part like no other": (_key("holidays: GB-XXX"), 6, 15, "for 'GB-XXX'", "GB-ENG or GB-NIR or GB-SCT or GB-WLS"),
    "a country without parts": (_key("holidays: JP-99"), 6, 15, "known for 'JP-99'", "did you mean JP?"),
    "a country in small letters": (_key("holidays: gb-eng"), 6, 15, "this is no country", "such as DE or GB-ENG"),
    "a network with host bits": (_key("networks: [10.1.2.3/16]"), 6, 16, "'10.1.2.3/16' is no network", "host bits"),
    "the second of two networks": (_key("networks: ['::/0', x]"), 6, 24, "'x' is no network", "10.20.0.0/16"),
    "a network outside a list": (_key("networks: 10.0.0.0/8"), 6, 15, "a list in [ ] is expected", "the example"),
    "an unknown rule of marking": (
        _key("marking: badge"),
        6,
        14,
        "'badge' is no rule of marking",
        "rules are: open, network, kiosk, pin, code",
    ),
    "a rule in capitals": (_key("marking: Kiosk"), 6, 14, "'Kiosk' is no rule of marking", "rules are: open,"),
    "two rules": (_key("marking: [kiosk, pin]"), 6, 14, "one value is expected here", "the example"),
    "networks without networks": (_key("marking: network"), 6, 14, "needs `networks`", "or write `marking: open`"),
    "an empty list of networks": (
        _key("networks: []\n    marking: network"),
        7,
        14,
        "`marking: network` needs `networks`",
        "add `networks:` to its block",
    ),
    "PINs without a roster": (_key("marking: pin"), 6, 14, "`marking: pin` needs a `roster`", "add `roster:`"),
    "no status": (_key("statuses: {}"), 6, 15, "there is no status", "{Present: present, Absent: absent}"),
    "statuses as a list": (_key("statuses: [In]"), 6, 15, "a block of `key: value` is expected", "the example"),
    "an unknown kind": (_key("statuses: {In: here}"), 6, 20, "'here' is no kind of status", "present, absent, left"),
    "a bare yes as a kind": (_key("statuses: {In: yes}"), 6, 20, "YAML reads 'yes' as yes or no", 'quotes: "yes"'),
    "a bare On as a label": (_key("statuses: {On: present}"), 6, 16, "YAML reads 'On' as yes or no", 'quotes: "On"'),
    "a formula as a label": (_key("statuses: {=A1: left}"), 6, 16, "'=A1' cannot be a status", "letters, digits"),
    "a label with a comma": (_key("statuses: {'In, B': left}"), 6, 16, "'In, B' cannot be a status", "32 at most"),
    "a label of 33 letters": (_key(f"statuses: {{{'x' * 33}: left}}"), 6, 16, "cannot be a status", "32 at most"),
    "a label twice": (_key("statuses: {In: present, In: left}"), 6, 29, "'In' stands twice", "in line 6 already"),
}

PATH_MISTAKES: dict[str, Row] = {
    "a way up": (_csv("../london.csv"), 5, 10, "'../london.csv' leads out of the folder", BELOW),
    "a way up and down again": (_csv("data/../london.csv"), 5, 10, "leads out of the folder of the registry", BELOW),
    "an absolute path elsewhere": (_csv("/etc/london.csv"), 5, 10, "'/etc/london.csv' leads out of the folder", BELOW),
    "the folder itself as a roster": (_key("roster: ."), 6, 13, "'.' leads out of the folder", BELOW),
    "an empty path": (_csv("''"), 5, 10, "this is not the name of a file", "such as data/london.csv"),
    "a path with a NUL": (_csv(r'"a\0.csv"'), 5, 10, "this is not the name of a file", "such as data/london.csv"),
    "a very long name": (_csv(f"data/{'x' * 200}.csv"), 5, 10, "the name of the file is too long", "at most 200 bytes"),
    "no .csv at the end": (_csv("data/london.txt"), 5, 10, "not the name of a ledger", "let it end in .csv"),
    "a name of amendments": (_csv("a.amendments.csv"), 5, 10, "not the name of a ledger", "not in .amendments.csv"),
    "a name that no file can have": (_csv(f"{TOO_LONG}.csv"), 5, 10, "File name too long", "choose another path"),
    "a folder that is the registry": (_csv("sites.yaml/a.csv"), 5, 10, "is there and is no folder", "another path"),
    "one ledger for two": (_two("data/london.csv"), 7, 5, "a file of site 'paris' belongs to site 'london'", OWN),
    "the same path, said otherwise": (_two("./data//london.csv"), 7, 5, "belongs to site 'london' already", OWN),
    "a ledger for a folder": (_two("data/london.csv/b.csv"), 7, 5, "belongs to site 'london' already", OWN),
    "a folder for a ledger": (
        _two("data/a.csv").replace("data/london.csv", "data/a.csv/b.csv"),
        7,
        5,
        "belongs to site 'london' already",
        OWN,
    ),
    "the same path in another case": (_two("data/London.csv"), 7, 5, "belongs to site 'london' already", OWN),
    "a ledger that is a roster of another": (
        _two("data/staff.csv", first="    roster: data/staff.csv\n"),
        8,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a roster that is a ledger of another": (
        _two("data/paris.csv", more="    roster: data/london.csv\n"),
        7,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a roster that holds another's amendments": (
        _two("data/paris.csv", more="    roster: data/london.amendments.csv\n"),
        7,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a roster that holds the seals of another's amendments": (
        _two("data/paris.csv", more="    roster: data/london.amendments.seals.csv\n"),
        7,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a ledger among another's closed months": (
        _two("data/london.closed/2026-10.csv"),
        7,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a roster among another's closed months": (
        _two("data/paris.csv", more="    roster: data/London.closed/2026-10.csv\n"),
        7,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "closed months around the roster of another": (
        _two("data/staff.csv", first="    roster: data/staff.closed/london.csv\n"),
        8,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a roster among the site's own closed months": (
        _key("roster: data/london.closed/staff.csv"),
        3,
        5,
        "a file of site 'london' belongs to site 'london' already",
        OWN,
    ),
    "a roster where its PINs would lie": (_key("roster: staff.pins"), 6, 13, "a file of PINs", "end in .csv"),
    "a roster where its PINs would lie, in capitals": (_key("roster: staff.PINS"), 6, 13, "a file of PINs", "in .csv"),
    "the PINs of two rosters in one file": (
        _two("data/paris.csv", first="    roster: data/staff.csv\n", more="    roster: data/Staff.txt\n"),
        8,
        5,
        "a file of site 'paris' belongs to site 'london' already",
        OWN,
    ),
    "a roster that is the site's own ledger": (
        _key("roster: data/london.csv"),
        3,
        5,
        "a file of site 'london' belongs to site 'london' already",
        OWN,
    ),
}

MISTAKES = YAML_MISTAKES | KEY_MISTAKES | VALUE_MISTAKES | PATH_MISTAKES


@pytest.mark.parametrize("row", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place_and_a_way_out(refused: Refused, row: Row) -> None:
    """One mistake is one problem: its line, its column, what it is, and what to do."""
    source, line, column, message, hint = row

    [problem] = refused(source)

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize("row", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_of_a_log(refused: Refused, row: Row) -> None:
    """What a registry holds can neither break the line that tells of it nor steer a terminal."""
    [problem] = refused(row[0])

    assert str(problem).isprintable()


def test_all_mistakes_are_listed_together_in_the_order_of_the_file(refused: Refused) -> None:
    """Whoever mends a registry sees everything at once, from the top to the bottom."""
    source = """
        surplus: 1
        sites:
          london:
            name: London
            timezone: Europe/Lodnon
            csv: ../london.csv
            start: 9:00
            start: "09:00"
          paris:
            timezone: Europe/Paris
            csv: data/paris.csv
          OSLO:
            name: Oslo
            timezone: Europe/Oslo
            csv: data/paris.csv
        more: 2
        """

    problems = refused(textwrap.dedent(source))

    assert [(problem.line, problem.column, problem.message.partition(" ")[0]) for problem in problems] == [
        (2, 1, "unknown"),
        (6, 15, "no"),
        (7, 10, "'../london.csv'"),
        (8, 12, "YAML"),
        (9, 5, "the"),
        (10, 3, "the"),
        (13, 3, "this"),
        (17, 1, "unknown"),
    ]


def test_the_error_is_one_line_for_each_mistake(refused: Refused) -> None:
    """As text the error reads `file:line:column: message (hint)`, as editors and terminals know it."""
    problems = refused(_key("colour: red") + "a: b\n")

    text = str(RegistryError(problems))

    first, second = text.splitlines()
    assert first.startswith(f"{problems[0].path}:6:5: unknown key 'colour' (known are: name, ")
    assert second == f"{problems[0].path}:7:1: unknown key 'a' (known are: sites)"


@pytest.mark.parametrize("symbol", ["[", "{a: ", "- ", "? ", "&a [", "!x ["])
def test_deep_nesting_does_not_crash_the_interpreter(tmp_path: Path, symbol: str) -> None:
    """A hundred thousand levels are refused by a process that lives on; a recursive reader would overflow its stack."""
    path = tmp_path / "sites.yaml"
    path.write_text(symbol * 100_000)
    code = (
        "import sys, pathlib\n"
        "from attendance.errors import RegistryError\n"
        "from attendance.registry import load_registry\n"
        "try: load_registry(pathlib.Path(sys.argv[1]))\n"
        "except RegistryError as error: print(error)"
    )

    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=20, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "nested too deeply" in done.stdout or "not YAML" in done.stdout


def test_a_bomb_of_anchors_is_refused_before_it_grows(refused: Refused) -> None:
    """A billion laughs cost nothing: the first alias ends the reading."""
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]

    [problem] = refused("\n".join(["a0: &a0 [x]", *levels]))

    assert (problem.line, problem.column) == (2, 10)
    assert "an alias" in problem.message


def test_a_registry_that_is_missing_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Without a file the hint says how to name one and how to write a first one."""
    with pytest.raises(RegistryError) as caught:
        load_registry(tmp_path / "sites.yaml")

    [problem] = caught.value.problems
    assert "cannot be read: No such file or directory" in problem.message
    assert "ATTENDANCE_SITES" in problem.hint
    assert "attendance init" in problem.hint


def test_a_folder_is_no_registry(tmp_path: Path) -> None:
    """A folder in the place of the registry is told."""
    with pytest.raises(RegistryError, match="this is no plain file"):
        load_registry(tmp_path)


@pytest.mark.usefixtures("hurry")
def test_a_fifo_is_no_registry(tmp_path: Path) -> None:
    """A FIFO is refused without waiting for somebody who writes to it."""
    os.mkfifo(tmp_path / "sites.yaml")

    with pytest.raises(RegistryError, match="this is no plain file"):
        load_registry(tmp_path / "sites.yaml")


def test_a_registry_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """A file beyond the limit is refused by its size alone."""
    path = tmp_path / "sites.yaml"
    path.write_text(LONDON)
    os.truncate(path, MAX_BYTES + 1)

    with pytest.raises(RegistryError, match=f"larger than {MAX_BYTES} bytes"):
        load_registry(path)


def test_a_ledger_that_is_a_symlink_is_refused(refused: Refused, tmp_path: Path) -> None:
    """A link could lead to another site's ledger, or out of the folder."""
    (tmp_path / "london.csv").symlink_to("nowhere.csv")

    [problem] = refused(_csv("london.csv"))

    assert problem.message == f"'{tmp_path}/london.csv' is a symbolic link"
    assert (problem.line, problem.hint) == (5, "put the file itself there")


def test_amendments_that_are_a_symlink_are_refused(refused: Refused, tmp_path: Path) -> None:
    """The amendments of a ledger are held to the same promises."""
    (tmp_path / "london.amendments.csv").symlink_to("nowhere.csv")

    [problem] = refused(_csv("london.csv"))

    assert problem.message == f"'{tmp_path}/london.amendments.csv' is a symbolic link"


def test_a_folder_of_a_ledger_that_is_a_symlink_is_refused(refused: Refused, tmp_path: Path) -> None:
    """A link on the way to a ledger is as bad as one in its place."""
    (tmp_path / "real").mkdir()
    (tmp_path / "data").symlink_to("real")

    [problem] = refused(_csv("data/deep/london.csv"))

    assert problem.message == f"'{tmp_path}/data' is a symbolic link"


def test_a_ledger_that_is_a_fifo_is_refused(refused: Refused, tmp_path: Path) -> None:
    """Rows written to a FIFO would be gone."""
    os.mkfifo(tmp_path / "london.csv")

    [problem] = refused(_csv("london.csv"))

    assert problem.message == f"'{tmp_path}/london.csv' is there and is no plain file"


def test_a_ledger_that_is_a_folder_is_refused(refused: Refused, tmp_path: Path) -> None:
    """A folder cannot be a ledger, whatever it is called."""
    (tmp_path / "london.csv").mkdir()

    [problem] = refused(_csv("london.csv"))

    assert problem.message == f"'{tmp_path}/london.csv' is there and is no plain file"


def test_a_roster_that_is_a_symlink_is_refused(refused: Refused, tmp_path: Path) -> None:
    """A roster obeys the rules of a ledger."""
    (tmp_path / "staff.csv").symlink_to("nowhere.csv")

    [problem] = refused(_key("roster: staff.csv"))

    assert problem.message == f"'{tmp_path}/staff.csv' is a symbolic link"


@pytest.mark.parametrize("name", ["paris.csv", "paris.amendments.csv"])
def test_a_hard_link_to_another_ledger_is_refused(refused: Refused, tmp_path: Path, name: str) -> None:
    """Two names of one file are one file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "london.csv").touch()
    (tmp_path / "data" / name).hardlink_to(tmp_path / "data" / "london.csv")

    [problem] = refused(_two("data/paris.csv"))

    assert problem.message == "a file of site 'paris' belongs to site 'london' already"
    assert problem.hint == OWN


@pytest.mark.parametrize("first", [True, False], ids=["the roster first", "the ledger first"])
def test_a_ledger_that_is_a_hard_link_to_pins_is_refused(refused: Refused, tmp_path: Path, first: bool) -> None:  # noqa: FBT001  # both orders
    """PINs are never taken for a ledger, whichever site comes first."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "staff.pins").touch()
    (tmp_path / "data" / "paris.csv" if first else tmp_path / "data" / "london.csv").hardlink_to(
        tmp_path / "data" / "staff.pins"
    )
    roster = "    roster: data/staff.csv\n"

    [problem] = refused(_two("data/paris.csv", first=roster if first else "", more="" if first else roster))

    assert problem.message == "a file of site 'paris' belongs to site 'london' already"


def test_a_ledger_that_is_a_hard_link_to_its_own_pins_is_refused(refused: Refused, tmp_path: Path) -> None:
    """PINs are never taken for a ledger of the same site."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "staff.pins").touch()
    (tmp_path / "data" / "london.csv").hardlink_to(tmp_path / "data" / "staff.pins")

    [problem] = refused(_key("roster: data/staff.csv"))

    assert problem.message == "a file of site 'london' belongs to site 'london' already"


def test_a_folder_where_the_pins_would_lie_is_refused(refused: Refused, tmp_path: Path) -> None:
    """It is told at the roster, before anybody needs a PIN."""
    (tmp_path / "staff.pins").mkdir()

    [problem] = refused(_key("roster: staff.csv"))

    assert problem.message == f"'{tmp_path}/staff.pins' is there and is no plain file"


def test_a_file_where_the_closed_months_would_lie_is_refused(refused: Refused, tmp_path: Path) -> None:
    """No month of the site could be closed."""
    (tmp_path / "london.closed").touch()

    [problem] = refused(_csv("london.csv"))

    assert problem.message == f"'{tmp_path}/london.closed' is there and is no folder"
