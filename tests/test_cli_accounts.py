"""Claims about the commands of accounts, tokens and kiosks: words, JSON, exit codes, and what no secret leaks to."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attendance.accounts.file import FILE_NAME, AccountsFile
from attendance.accounts.first import first_link_of
from attendance.hashing import hash_secret, is_typed
from attendance.model import Grant, Role
from tests.servers import ATTENDANCE, write_sites

NAMELESS = 61234
AS_NAMELESS = ("setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups")
PASSWORD = "correct horse battery"  # noqa: S105  # it opens nothing


def run(
    folder: Path, *words: str, typed: str | bytes = "", under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with something on stdin, and return what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTENDANCE_")}
    done = subprocess.run(
        [*under, ATTENDANCE, *words],
        cwd=folder,
        env=environment,
        input=typed.encode() if isinstance(typed, str) else typed,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a registry of two sites."""
    write_sites(tmp_path, london="timezone: Europe/London", paris="timezone: Europe/Paris")
    return tmp_path


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder with a registry that belongs to a user without a name, below folders that anybody may enter."""
    with TemporaryDirectory() as path:
        write_sites(Path(path), london="timezone: Europe/London")
        os.chown(path, NAMELESS, NAMELESS)
        yield Path(path)


@pytest.fixture
def with_ana(folder: Path) -> Path:
    """The same, with an account of HR."""
    assert run(folder, "accounts", "add", "ana", "--role", "hr", typed=PASSWORD).returncode == 0
    return folder


def accounts(folder: Path) -> AccountsFile:
    """Return the accounts of a folder."""
    return AccountsFile(folder / FILE_NAME)


def audit(folder: Path) -> str:
    """Return the audit log."""
    return (folder / "logs" / "audit.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nsecond line"])
def test_an_account_is_added_with_the_password_from_stdin(folder: Path, ending: str) -> None:
    """The first line is the password; the file is for its owner only; the one-time link is gone."""
    first_link_of(folder).offer("http://127.0.0.1:8000")
    done = run(
        folder, "accounts", "add", " Ana ", "--role", "hr", "--role", "ops", "--site", "paris", typed=PASSWORD + ending
    )

    account = accounts(folder).current().accounts["ana"]
    assert (done.returncode, done.stdout) == (0, "")
    assert "ana may sign in." in done.stderr
    assert is_typed(PASSWORD, account.password_hash)
    assert account.grant == Grant(roles=frozenset({Role.HR, Role.OPS}), site_ids=frozenset({"paris"}))
    assert accounts(folder).path.stat().st_mode & 0o777 == 0o600
    assert not first_link_of(folder).path.exists()
    assert PASSWORD not in audit(folder)
    assert '"who": "os:' in audit(folder)


def test_an_account_of_the_single_sign_on_needs_no_password(folder: Path) -> None:
    """Nothing is asked for, and nothing is set."""
    done = run(folder, "accounts", "add", "jo", "--role", "viewer", "--sso", "jo@example.org", typed=PASSWORD)

    account = accounts(folder).current().accounts["jo"]
    assert (done.returncode, account.sso, account.password_hash) == (0, "jo@example.org", None)


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("accounts", "add", "jo", "--role", "hr"), "short", "at least 8 characters"),
        (("accounts", "add", "jo", "--role", "hr"), "", "at least 8 characters"),
        (("accounts", "add", "jo", "--role", "hr"), b"latin \xe9\xe8\xe0 1", "UTF-8"),
        (("accounts", "add", "j o", "--role", "hr"), PASSWORD, "64 of a-z"),
        (("accounts", "add", "ana", "--role", "hr"), PASSWORD, "Another account has this name"),
        (("accounts", "add", "jo", "--role", "hr", "--sso", ""), "", "as the provider does"),
        (("accounts", "add", "jo", "--role", "hr", "--site", "rome"), PASSWORD, "no such site"),
        (("accounts", "grant", "ana", "--role", "hr", "--site", "rome"), "", "no such site"),
        (("accounts", "grant", "jo", "--role", "hr"), "", "There are: ana."),
        (("accounts", "disable", "jo"), "", "no account of this name"),
        (("accounts", "enable", "jo"), "", "no account of this name"),
        (("accounts", "password", "jo"), PASSWORD, "no account of this name"),
        (("accounts", "totp", "jo"), "", "no account of this name"),
        (("accounts", "totp", "jo", "--remove"), "", "no account of this name"),
        (("tokens", "add", "pay", "--role", "hr", "--days", "401"), "", "1 to 400 days"),
        (("tokens", "add", "pay", "--role", "hr", "--site", "rome"), "", "no such site"),
        (("tokens", "revoke", "pay"), "", "no token of this name"),
        (("kiosks", "enrol", "rome", "door"), "", "no such site"),
        (("kiosks", "enrol", "paris", "T\u00fcr"), "", "64 of a-z"),
        (("kiosks", "revoke", "door"), "", "no kiosk of this name"),
    ],
)
def test_an_expected_failure_is_said_on_stderr_and_ends_with_1(
    with_ana: Path, words: tuple[str, ...], typed: str | bytes, said: str
) -> None:
    """What is wrong is one sentence; stdout stays empty, and the accounts are as they were."""
    before = accounts(with_ana).path.read_bytes()

    done = run(with_ana, *words, typed=typed)

    assert (done.returncode, done.stdout) == (1, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert accounts(with_ana).path.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("accounts", "add"),
        ("accounts", "add", "jo"),
        ("accounts", "add", "jo", "--role", "boss"),
        ("accounts", "fly"),
        ("tokens", "add", "pay"),
        ("tokens", "add", "pay", "--role", "hr", "--days", "many"),
        ("kiosks", "enrol", "paris"),
        ("kiosks", "list", "--xml"),
    ],
)
def test_wrong_usage_ends_with_2(folder: Path, words: tuple[str, ...]) -> None:
    """Wrong usage has the exit code 2, and makes no file."""
    done = run(folder, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert not accounts(folder).path.exists()


def test_an_account_is_changed_by_its_name_in_any_letters(with_ana: Path) -> None:
    """Disabled and enabled, with other roles and another password; each is noted, no password is."""
    done = [
        run(with_ana, "accounts", "disable", "ANA").returncode,
        run(with_ana, "accounts", "grant", "Ana", "--role", "viewer", "--site", "london").returncode,
        run(with_ana, "accounts", "password", "Ana", typed="staple of the stable\n").returncode,
    ]
    disabled = accounts(with_ana).current().accounts["ana"].disabled
    done.append(run(with_ana, "accounts", "enable", "ana").returncode)

    account = accounts(with_ana).current().accounts["ana"]
    assert (done, disabled, account.disabled) == ([0] * 4, True, False)
    assert account.grant == Grant(roles=frozenset({Role.VIEWER}), site_ids=frozenset({"london"}))
    assert is_typed("staple of the stable", account.password_hash)
    assert "staple" not in audit(with_ana)


def test_a_second_factor_is_shown_once_and_taken_away(with_ana: Path) -> None:
    """The secret stands alone on stdout, the QR code on stderr, neither in the audit."""
    shown = run(with_ana, "accounts", "totp", "ana")
    secret = shown.stdout.rstrip("\n")
    set_up = accounts(with_ana).current().accounts["ana"].totp

    removed = run(with_ana, "accounts", "totp", "ana", "--remove")

    assert (set_up, len(secret)) == (secret, 32)
    assert "\u2588" in shown.stderr or "\u2580" in shown.stderr
    assert (removed.returncode, removed.stdout) == (0, "")
    assert accounts(with_ana).current().accounts["ana"].totp is None
    assert secret not in audit(with_ana)


def test_accounts_are_listed_without_their_secrets(with_ana: Path) -> None:
    """Who there is, what for, and how they sign in, for people and for programs."""
    run(with_ana, "accounts", "totp", "ana")
    run(with_ana, "accounts", "add", "jo", "--role", "viewer", "--site", "paris", "--sso", "jo@example.org")
    run(with_ana, "accounts", "add", "kim", "--role", "ops", typed=PASSWORD)
    run(with_ana, "accounts", "disable", "jo")

    table = run(with_ana, "accounts", "list").stdout
    listed = json.loads(run(with_ana, "accounts", "list", "--json").stdout)

    assert "password and code" in " ".join(table.replace("\u2502", " ").split())
    assert listed[:2] == [
        {
            "name": "ana", "roles": ["hr"], "sites": None, "password": True, "second_factor": True, "sso": None,
            "disabled": False,
        },
        {
            "name": "jo", "roles": ["viewer"], "sites": ["paris"], "password": False, "second_factor": False,
            "sso": "jo@example.org", "disabled": True,
        },
    ]  # fmt: skip
    known = accounts(with_ana).current().accounts["ana"]
    assert [one for one in (known.password_hash, known.totp) if str(one) in table + str(listed)] == []


def test_a_token_stands_alone_on_stdout_and_nowhere_else(folder: Path) -> None:
    """A script can take it from there; only its hash is kept, and no list shows it."""
    made = run(folder, "tokens", "add", "pay", "--role", "hr", "--site", "paris", "--days", "7")
    secret = made.stdout.rstrip("\n")

    table = run(folder, "tokens", "list").stdout
    listed = json.loads(run(folder, "tokens", "list", "--json").stdout)
    token = accounts(folder).current().tokens["pay"]
    revoked = run(folder, "tokens", "revoke", "pay")

    assert made.stdout == f"{secret}\n"
    assert token.secret_hash == hash_secret(secret)
    assert listed == [{"name": "pay", "roles": ["hr"], "sites": ["paris"], "expires": token.expires_at.isoformat()}]
    assert "pay" in table
    assert secret not in made.stderr + table + audit(folder) + (folder / FILE_NAME).read_text()
    assert (revoked.returncode, revoked.stdout, accounts(folder).current().tokens) == (0, "", {})


def test_a_kiosks_code_stands_alone_on_stdout(folder: Path) -> None:
    """The code makes no kiosk yet; kiosks that there are can be listed and revoked."""
    made = run(folder, "kiosks", "enrol", "paris", "Door")
    before = run(folder, "kiosks", "list", "--json").stdout
    (folder / FILE_NAME).write_text(
        f"kiosks:\n  door:\n    hash: {'ab' * 32}\n    site: paris\n    enrolled: '2026-11-22T09:00:00+00:00'\n"
    )
    (folder / FILE_NAME).chmod(0o600)

    table = run(folder, "kiosks", "list").stdout
    listed = json.loads(run(folder, "kiosks", "list", "--json").stdout)
    revoked = run(folder, "kiosks", "revoke", "door")

    assert (len(made.stdout), made.returncode, json.loads(before)) == (10, 0, [])
    assert listed == [{"name": "door", "site": "paris", "enrolled": "2026-11-22T09:00:00+00:00"}]
    assert "door" in table
    assert made.stdout.strip() not in audit(folder)
    assert (revoked.returncode, accounts(folder).current().kiosks) == (0, {})


def test_a_broken_list_is_told_line_by_line(with_ana: Path) -> None:
    """Whoever types is who looks after the server: every mistake is printed, by commands and by `check`."""
    path = with_ana / FILE_NAME
    path.write_text("accounts:\n  ana: {roles: [boss], sites: all}\n")
    path.chmod(0o600)

    told = [run(with_ana, *words) for words in (("accounts", "list"), ("accounts", "disable", "ana"))]
    checked = run(with_ana, "check")

    place = f"{path}:2:16: these are no roles"
    assert [one.returncode for one in (*told, checked)] == [1, 1, 1]
    assert [place in one.stderr for one in told] == [True, True]
    assert checked.stdout.startswith(place)


def test_a_store_that_cannot_be_used_is_told_with_its_reason(folder: Path) -> None:
    """The path stands in what is said."""
    (folder / ".access.db").mkdir()

    done = run(folder, "kiosks", "enrol", "paris", "door")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"{folder / '.access.db'} is not a plain file" in done.stderr


@pytest.mark.needs("root", "setpriv")
def test_what_root_types_can_be_read_by_the_server(folder_of_nobody: Path) -> None:
    """Files that root's commands make belong to the owner of the folder, who goes on with them; told by number.

    In a container the user may have no name.
    """
    folder = folder_of_nobody
    for words in (("accounts", "add", "ana", "--role", "hr"), ("accounts", "password", "ana")):
        assert run(folder, *words, typed=PASSWORD).returncode == 0
    owners = {path.name: path.stat().st_uid for path in folder.rglob("*") if path.name != "sites.yaml"}

    done = run(folder, "accounts", "disable", "ana", under=AS_NAMELESS)

    assert (done.returncode, accounts(folder).current().accounts["ana"].disabled) == (0, True), done.stderr
    assert set(owners.values()) == {NAMELESS}
    assert {"accounts.yaml", ".accounts.yaml.lock", ".access.db", "logs", "audit.log"} <= owners.keys()
    assert [json.loads(line)["who"] for line in audit(folder).splitlines()][-1] == f"os:{NAMELESS}"
