"""Claims about the files of deploy/: each is accepted by its program, works as written, and explains itself."""

import ast
import gzip
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from grp import getgrgid
from http.client import HTTPConnection, HTTPSConnection
from itertools import pairwise
from pathlib import Path
from pwd import getpwuid
from subprocess import PIPE
from urllib.parse import urlencode

import pytest

from attendance.audit import read_audit
from tests.servers import (
    ATTENDANCE,
    Server,
    free_port,
    rushing,
    send_mark,
    serving,
    wait_until,
    whole_rows,
    write_sites,
)

DEPLOY = Path(__file__).parent.parent / "deploy"
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])  # where Debian keeps nginx and logrotate
NGINX = shutil.which("nginx", path=PATH)
LOGROTATE = shutil.which("logrotate", path=PATH)
SYSTEMD_ANALYZE = shutil.which("systemd-analyze", path=PATH)

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
needs_logrotate = pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")


class Proxy:
    """A running nginx with a copy of deploy/nginx.conf, before a server; it listens on two ports of the loopback."""

    def __init__(self, folder: Path, server_port: int, changed: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.plain_port, self.tls_port = free_port(), free_port()
        self._certificate = folder / "attendance.pem"
        self._make_certificate(folder / "attendance.key")
        site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        for old, new in {
            "127.0.0.1:8000": f"127.0.0.1:{server_port}",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.tls_port} ssl;",
            "listen [::]:443 ssl;": "",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": "",
            "/etc/ssl/certs/attendance.pem": str(self._certificate),
            "/etc/ssl/private/attendance.key": str(folder / "attendance.key"),
            **(changed or {}),
        }.items():
            assert old in site
            site = site.replace(old, new)
        (folder / "site.conf").write_text(site, encoding="utf-8")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
        self._main = folder / "nginx.conf"
        self._main.write_text(
            f"daemon off; master_process off; pid {folder / 'nginx.pid'}; error_log {folder / 'error.log'};\n"
            f"events {{}} http {{ access_log off; {temporary} include {folder / 'site.conf'}; }}\n",
            encoding="utf-8",
        )

    def command(self, *options: str) -> list[str]:
        """Return how nginx is called with this configuration."""
        return [
            str(NGINX),
            "-p",
            str(self.folder),
            "-c",
            str(self._main),
            "-e",
            str(self.folder / "error.log"),
            *options,
        ]

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Run it."""
        process = subprocess.Popen(self.command())
        try:
            wait_until(self._listens, 10)
            yield self
        finally:
            process.terminate()
            process.wait(10)

    def connect(self) -> HTTPSConnection:
        """Return a connection by HTTPS that trusts its certificate."""
        context = ssl.create_default_context(cafile=self._certificate)
        return HTTPSConnection("127.0.0.1", self.tls_port, context=context, timeout=20)

    def _listens(self) -> bool:
        """Tell whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.plain_port)) == 0

    def _make_certificate(self, key: Path) -> None:
        """Make a certificate that signs itself."""
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        named = ["-days", "2", "-subj", "/CN=attendance.example.org", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(self._certificate)]
        subprocess.run([*made, *named, *files], check=True, capture_output=True)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Server]]:
    """The proxy before a server that trusts it, with a site for the loopback, one for another network, one for all."""
    folder = tmp_path_factory.mktemp("behind")
    here = 'timezone: Europe/London; networks: ["127.0.0.0/8"]'
    there = 'timezone: Europe/London; networks: ["203.0.113.0/24"]'
    staffed = "timezone: Europe/London; roster: data/staffed.roster.csv"
    write_sites(folder, london="timezone: Europe/London", here=here, there=there, staffed=staffed)
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder, workers=1, ATTENDANCE_TRUSTED_PROXY="127.0.0.1"))
        proxy = stack.enter_context(Proxy(tmp_path_factory.mktemp("nginx"), server.port).running())
        yield proxy, server


@needs_nginx
def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    """`nginx -t` finds nothing wrong with deploy/nginx.conf."""
    proxy = Proxy(tmp_path, 8000)

    done = subprocess.run(proxy.command("-t"), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@needs_nginx
def test_a_mark_passes_through_nginx_with_the_address_that_nginx_saw(behind: tuple[Proxy, Server]) -> None:
    """Behind nginx a site's networks see the client's own address, whatever the client claims it to be."""
    proxy, server = behind
    connection = proxy.connect()

    claimed = {"X-Forwarded-For": "203.0.113.7"}
    statuses = [send_mark(connection, "E0001", site, **claimed)[0] for site in ("london", "here", "there")]
    repeated, _ = send_mark(connection, "E0001", "here")
    connection.close()

    assert statuses == [201, 201, 403]
    assert repeated == 200
    assert [row[1] for row in whole_rows(server.folder / "data" / "here.csv")] == ["E0001"]


@needs_nginx
def test_a_form_behind_nginx_gets_a_cookie_for_this_host_only(behind: tuple[Proxy, Server]) -> None:
    """By HTTPS the cookie is named __Host- and secure, the page's own posts pass, and those of other sites do not."""
    proxy, _ = behind
    form = urlencode({"employee_id": "E0002", "name": "Jo Park", "status": "Present", "remember": "on"})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    connection = proxy.connect()

    answers = []
    for origin in (f"https://127.0.0.1:{proxy.tls_port}", "https://example.com"):
        connection.request("POST", "/sites/london/attendance", form, headers | {"Origin": origin})
        answer = connection.getresponse()
        answer.read()
        answers.append(answer)
    connection.close()

    assert [answer.status for answer in answers] == [201, 403]
    cookie = answers[0].headers["Set-Cookie"]
    assert cookie.startswith("__Host-attendance=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert answers[0].headers["Strict-Transport-Security"] == "max-age=31536000"


@needs_nginx
def test_a_roster_of_megabytes_passes_through_nginx_and_a_stranger_learns_at_once(
    behind: tuple[Proxy, Server],
) -> None:
    """Where HR uploads, more may be sent; and whoever may not is refused before all of it was sent."""
    proxy, server = behind
    rows = "".join(f"E{number:06},Ana Park\n" for number in range(150_000))
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        + f"Employee_ID,Name\n{rows}".encode()
        + b"\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {server.token}"}
    connection = proxy.connect()

    connection.request("POST", "/hr/sites/staffed/roster", form, headers | {"Accept": "text/html"})
    answer = connection.getresponse()
    shown = answer.read().decode()
    connection.close()
    stranger = proxy.connect()
    stranger.putrequest("POST", "/hr/sites/staffed/roster")
    stranger.putheader("Content-Type", "multipart/form-data; boundary=x")
    stranger.putheader("Content-Length", str(8 << 20))
    stranger.endheaders(form[:1000])
    refused = stranger.getresponse().status
    stranger.close()

    assert len(form) > 2 << 20
    assert answer.status == 200
    assert "150000 added" in shown
    assert refused == 401


@needs_nginx
def test_a_stream_passes_through_nginx_as_it_happens(behind: tuple[Proxy, Server]) -> None:
    """Nothing is held back until there is more of it."""
    proxy, server = behind
    connection = proxy.connect()
    connection.request("GET", "/api/live?site=london", headers={"Authorization": f"Bearer {server.token}"})
    answer = connection.getresponse()
    first = [answer.readline() for _ in range(3)]

    server.mark("E0009")
    marked = b"".join(answer.readline() for _ in range(6))
    connection.close()

    assert first[2] == b"event: board\n"
    assert b"event: mark" in marked
    assert b'"E0009"' in marked


@needs_nginx
def test_an_export_may_take_long_behind_nginx_and_a_few_run_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where a page is given up, files are waited for; the ninth of one address at once is answered 429."""
    folder = tmp_path_factory.mktemp("exporting")
    write_sites(folder)
    hurried = {"proxy_read_timeout 30s;": "proxy_read_timeout 1s;"}  # so that the test need not wait for 30
    addresses = ["days/2026-10-01", "months/2026-10", "marks", "sites/london/employees/E1"] * 2 + ["marks"]
    with (
        serving(folder, workers=1, ATTENDANCE_TRUSTED_PROXY="127.0.0.1") as server,
        Proxy(tmp_path_factory.mktemp("nginx"), server.port, hurried).running() as proxy,
    ):
        headers = {"Authorization": f"Bearer {server.token}"}
        (worker,) = server.workers()
        connections = [proxy.connect() for _ in addresses]
        page = proxy.connect()
        os.kill(worker, signal.SIGSTOP)
        try:
            for connection, address in zip(connections, addresses, strict=True):
                connection.request("GET", f"/api/{address}", headers=headers)
            page.request("GET", "/sites")
            given_up = page.getresponse().status
        finally:
            os.kill(worker, signal.SIGCONT)
        statuses = sorted(connection.getresponse().status for connection in connections)
        for connection in (*connections, page):
            connection.close()

    assert given_up == 504
    assert set(statuses) <= {200, 404, 429}
    assert statuses.count(429) == 1


@needs_nginx
def test_nginx_refuses_a_large_body(behind: tuple[Proxy, Server]) -> None:
    """A body of 20 kB is answered 413 by nginx, and a connection without TLS is sent to HTTPS."""
    proxy, _ = behind
    connection = proxy.connect()
    connection.request("POST", "/sites/london/attendance", b"a" * 20_000, {"Content-Type": "application/json"})
    large = connection.getresponse().status
    connection.close()

    plain = HTTPConnection("127.0.0.1", proxy.plain_port, timeout=10)
    plain.request("GET", "/hr", headers={"Host": "attendance.example.org"})
    redirect = plain.getresponse()
    plain.close()

    assert large == 413
    assert (redirect.status, redirect.headers["Location"]) == (308, "https://attendance.example.org/hr")


@needs_nginx
def test_nginx_slows_one_address_that_floods(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Half a thousand at once is a whole site at nine o'clock, and passes; more of the same is answered 429."""
    folder = tmp_path_factory.mktemp("flooded")
    write_sites(folder)
    with (
        serving(folder, workers=1, ATTENDANCE_TRUSTED_PROXY="127.0.0.1") as server,
        Proxy(tmp_path_factory.mktemp("nginx"), server.port).running() as proxy,
    ):
        connection = proxy.connect()
        statuses = []
        for _ in range(1500):
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()

    assert statuses[:500] == [200] * 500
    assert 429 in statuses
    assert set(statuses) == {200, 429}


@needs_nginx
def test_a_sign_in_behind_nginx_is_counted_by_the_address_that_nginx_saw(behind: tuple[Proxy, Server]) -> None:
    """It is open by TLS, refused without, and no header of a client makes it another address."""
    proxy, server = behind
    connection = proxy.connect()
    form = "name=nobody&password=wrong"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": "203.0.113.77"}
    connection.request("POST", "/sign-in", form, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()

    audit = (server.folder / "logs" / "audit.log").read_text()

    assert answer.status == 401
    assert '"outcome": "wrong_password", "who": "?", "address": "127.0.0.1"' in audit


@needs_nginx
def test_nobody_behind_nginx_is_told_of_a_worker_that_died(behind: tuple[Proxy, Server]) -> None:
    """A mark that nginx sent over a kept connection to a worker that is killed is sent again, and recorded once."""
    proxy, server = behind
    connection = proxy.connect()
    send_mark(connection, "E0003")  # so that nginx keeps a connection to the worker
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)

    body = '{"employee_id": "E0004", "name": "Jo Park", "status": "Present"}'
    connection.request("POST", "/sites/london/attendance", body, {"Content-Type": "application/json"})
    wait_until(lambda: _unread_bytes(server.port) > 0, 5)
    os.kill(worker, signal.SIGKILL)
    status = connection.getresponse().status
    connection.close()

    assert status in {200, 201}
    assert [row[1] for row in whole_rows(server.folder / "data" / "london.csv")].count("E0004") == 1


def _unread_bytes(port: int) -> int:
    """Return how many bytes wait unread at connections to a port of the loopback (proc_net_tcp: rx_queue)."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    established = (words for words in map(str.split, lines) if words[3] == "01")
    return sum(int(words[4].split(":")[1], 16) for words in established if words[1].endswith(f":{port:04X}"))


def rotation(folder: Path) -> list[str]:
    """Return how logrotate is called with a copy of deploy/logrotate.conf for the logs in a folder."""
    configuration = (DEPLOY / "logrotate.conf").read_text(encoding="utf-8")
    assert "/var/log/attendance/attendance.log /var/log/attendance/audit.log {" in configuration
    configuration = configuration.replace("/var/log/attendance/", f"{folder}/logs/")
    configuration = configuration.replace(
        "su attendance attendance", f"su {getpwuid(os.getuid()).pw_name} {getgrgid(os.getgid()).gr_name}"
    )
    (folder / "logrotate.conf").write_text(configuration, encoding="utf-8")
    return [str(LOGROTATE), "-f", "-s", str(folder / "state"), str(folder / "logrotate.conf")]


@needs_logrotate
def test_rotation_loses_no_line_while_the_server_writes(tmp_path: Path) -> None:
    """Under `logrotate -f` every event of a running server stands in exactly one of the files, compressed or not."""
    write_sites(tmp_path)
    log = tmp_path / "logs" / "attendance.log"
    rotate = rotation(tmp_path)

    with serving(tmp_path) as server, rushing(server, doors=2, site="nowhere") as rush:
        for number in (1, 2, 3):
            wait_until(lambda: log.exists() and log.stat().st_size > 10_000, 10)
            subprocess.run(rotate, check=True, timeout=20)
            wait_until(log.with_name(f"attendance.log.{number}{'.gz' if number > 1 else ''}").exists, 10)

    assert set(rush.refused.values()) == {404}
    lines = b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in log.parent.glob("attendance.log*")
    )
    assert lines.count(b'"unknown_site"') == len(rush.refused)
    assert log.stat().st_mode & 0o777 == 0o640


@needs_logrotate
def test_rotation_loses_no_line_of_the_audit_log(tmp_path: Path) -> None:
    """Under `logrotate -f` every line that processes write stands in one of the files, and is read in its order."""
    log = tmp_path / "logs" / "audit.log"
    program = """
import itertools, pathlib, select, sys
from attendance.audit import Audit
from attendance.clock import utc_now
audit = Audit(pathlib.Path(sys.argv[1]), now=utc_now)
for number in itertools.count():
    audit.note("export", who=sys.argv[2], number=number)
    if select.select([sys.stdin], [], [], 0.001)[0]:
        sys.exit(print(number + 1))
"""
    command = [sys.executable, "-c", program, str(log.parent)]

    with ExitStack() as stack:
        started = [subprocess.Popen([*command, name], stdin=PIPE, stdout=PIPE, text=True) for name in "ab"]
        writers = [stack.enter_context(process) for process in started]
        for number in (1, 2, 3):
            wait_until(lambda: log.exists() and log.stat().st_size > 5000, 10)
            subprocess.run(rotation(tmp_path), check=True, timeout=20)
            wait_until(log.with_name(f"audit.log.{number}{'.gz' if number > 1 else ''}").exists, 10)
        written = [int(writer.communicate("\n", timeout=20)[0]) for writer in writers]

    found = read_audit(log.parent)
    numbers = [[event["number"] for event in found if event["who"] == name] for name in "ab"]
    assert numbers == [list(range(count)) for count in written]
    assert found.unreadable == 0
    assert log.stat().st_mode & 0o777 == 0o640


def test_the_unit_is_accepted_and_every_directive_explained(tmp_path: Path) -> None:
    """systemd, where it is installed, has nothing to say of the unit; a comment stands before every directive."""
    text = (DEPLOY / "attendance.service").read_text(encoding="utf-8")
    lines = text.splitlines()

    bare = [line for before, line in pairwise(lines) if "=" in line and line[0] != "#" and not before.startswith("# ")]

    assert bare == []
    if SYSTEMD_ANALYZE:
        unit = tmp_path / "attendance.service"
        unit.write_text(text.replace("/opt/attendance/.venv/bin/attendance", str(ATTENDANCE)), encoding="utf-8")
        done = subprocess.run([SYSTEMD_ANALYZE, "verify", unit], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_gives_the_server_time_to_stop() -> None:
    """The unit waits longer than gunicorn does, and gunicorn is done within the ten seconds that are promised."""
    unit = (DEPLOY / "attendance.service").read_text(encoding="utf-8")
    gunicorn = (DEPLOY / "gunicorn.conf.py").read_text(encoding="utf-8")

    kill_seconds = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    grace_seconds = re.search(r"^graceful_timeout = (\d+)$", gunicorn, re.MULTILINE)

    assert kill_seconds
    assert grace_seconds
    assert int(grace_seconds[1]) < 10 < int(kill_seconds[1])


def test_every_setting_of_gunicorn_is_explained() -> None:
    """A comment stands before every setting, and every hook has a docstring."""
    source = (DEPLOY / "gunicorn.conf.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    body = ast.parse(source).body

    settings = [node for node in body if isinstance(node, ast.Assign)]
    hooks = [node for node in body if isinstance(node, ast.FunctionDef)]

    assert len(settings) > 10
    assert [lines[node.lineno - 1] for node in settings if not lines[node.lineno - 2].startswith("# ")] == []
    assert all(map(ast.get_docstring, hooks))
