"""Claims about who is let in by the real server: what one worker knows, all of them know at once."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from attendance.web.cookies import SESSION
from tests.access_web import PASSWORD
from tests.servers import ANSWER_SECONDS, ATTENDANCE, Server, serving, sign_in, write_sites

ASKED = 24
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Three workers."""
    folder = tmp_path_factory.mktemp("access")
    write_sites(folder)
    with serving(folder, workers=3) as running:
        yield running


def command(server: Server, *words: str, stdin: str = "") -> str:
    """Run a command beside the server, and return what it prints."""
    settings = {
        "ATTENDANCE_SITES": str(server.folder / "sites.yaml"),
        "ATTENDANCE_LOG_DIR": str(server.folder / "logs"),
    }
    done = subprocess.run([ATTENDANCE, *words], env=settings, input=stdin, text=True, capture_output=True, check=True)
    return done.stdout.strip()


def send(server: Server, method: str, path: str, headers: dict[str, str], **form: str) -> tuple[int, str]:
    """Return the status of an answer over a connection of its own, and the cookies it sets."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, urlencode(form) or None, headers | (FORM if form else {}))
        answer = connection.getresponse()
        answer.read()
        return answer.status, "; ".join(answer.headers.get_all("Set-Cookie", []))
    finally:
        connection.close()


def statuses(server: Server, headers: dict[str, str]) -> set[int]:
    """Return with which statuses the workers answer HR's page, asked many times."""
    return {send(server, "GET", "/hr", headers)[0] for _ in range(ASKED)}


def session(server: Server, role: str) -> dict[str, str]:
    """Return the header of a browser in which somebody is signed in."""
    return {"Cookie": f"{SESSION}={sign_in(server.folder, role)}"}


def guess(server: Server) -> int:
    """Return the status of a sign-in under a name that nobody has."""
    return send(server, "POST", "/sign-in", {}, name="nobody", password=PASSWORD)[0]


def test_who_signed_in_at_one_worker_is_in_at_all_and_out_of_all(server: Server) -> None:
    """By the form, to the sign-out."""
    command(server, "accounts", "add", "ana", "--role", "hr", stdin=PASSWORD)

    entered, cookies = send(server, "POST", "/sign-in", {}, name="ana", password=PASSWORD)
    header = {"Cookie": cookies.partition(";")[0]}
    inside = statuses(server, header)
    left, _ = send(server, "POST", "/sign-out", header)

    assert (entered, inside, left) == (303, {200}, 303)
    assert statuses(server, header) == {401}


@pytest.mark.parametrize(
    "change",
    [
        ("accounts", "disable", "test-viewer"),
        ("accounts", "grant", "test-viewer", "--role", "viewer", "--site", "london"),
        ("accounts", "password", "test-viewer"),
        ("accounts", "totp", "test-viewer"),
    ],
    ids=lambda words: words[1],
)
def test_a_change_on_the_command_line_ends_sessions_in_every_worker(server: Server, change: tuple[str, ...]) -> None:
    """At the very next request."""
    command(server, "accounts", "list")
    header = session(server, "viewer")
    assert statuses(server, header) == {200}

    command(server, *change, stdin=f"{PASSWORD}\n")

    assert statuses(server, header) == {401}
    command(server, "accounts", "enable", "test-viewer")


def test_a_token_is_good_and_over_in_every_worker_at_once(server: Server) -> None:
    """Printed alone; revoked at once."""
    token = command(server, "tokens", "add", "payroll", "--role", "hr", "--site", "london")
    header = {"Authorization": f"Bearer {token}"}
    good = statuses(server, header)

    command(server, "tokens", "revoke", "payroll")

    assert (good, statuses(server, header)) == ({200}, {401})
    assert token not in (server.folder / "accounts.yaml").read_text() + server.log
    assert token not in (server.folder / "logs" / "audit.log").read_text()


def test_guesses_at_all_workers_together_are_as_few_as_at_one(server: Server) -> None:
    """Thirty at once from one address: five are looked at, whoever they were sent to."""
    command(server, "accounts", "add", "guessed", "--role", "hr", stdin=PASSWORD)

    with ThreadPoolExecutor(10) as pool:
        told = Counter(
            pool.map(
                lambda at: send(server, "POST", "/sign-in", {}, name="guessed", password=f"guess {at}")[0], range(30)
            )
        )

    assert told[401] == 5
    assert told[429] == 25


def test_kill_9_signs_nobody_out_and_forgets_no_guess(tmp_path: Path) -> None:
    """What was answered outlasts the server."""
    write_sites(tmp_path)
    with serving(tmp_path, workers=1) as server:
        header = session(server, "viewer")
        for _ in range(5):
            guess(server)
        for process in server.workers():
            subprocess.run(["kill", "-9", str(process)], check=True)
        server.process.kill()
        server.process.wait()

    with serving(tmp_path, workers=1) as server:
        assert statuses(server, header) == {200}
        assert [guess(server), guess(server)] == [401, 429]  # the second is too early: five were counted before
