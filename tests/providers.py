"""Start a provider of single sign-on that others wrote, sign in there as a browser would, and play one that lies."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.servers import START_SECONDS, STOP_SECONDS, free_port, wait_until

PROVIDER = Path(sys.executable).with_name("oidc-provider-mock")
REDIRECT_URI = "http://127.0.0.1:8000/sign-in/answer"


@dataclass(frozen=True)
class RunningProvider:
    """A running `oidc-provider-mock`."""

    port: int

    @property
    def issuer(self) -> str:
        """Return how it calls itself."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Tell whether it answers now."""
        try:
            return self.send("GET", "/.well-known/openid-configuration")[0] == 200
        except OSError:
            return False

    def set_user(self, subject: str, **claims: object) -> None:
        """Say what it knows of somebody."""
        status, _, _ = self.send("PUT", f"/users/{subject}", json.dumps(claims), "application/json")
        assert status == 204

    def register(self) -> tuple[str, str]:
        """Return the ID and the secret of a new client."""
        wish = json.dumps({"redirect_uris": [REDIRECT_URI]})
        status, _, content = self.send("POST", "/oauth2/clients", wish, "application/json")
        assert status == 201
        client = json.loads(content)
        return client["client_id"], client["client_secret"]

    def sign_in(self, address: str, **form: str) -> dict[str, str]:
        """Fill in the form that lies at the address, and return what the browser is sent back with."""
        path = address.removeprefix(self.issuer)
        status, _, page = self.send("GET", path)
        assert status == 200
        assert b'name="sub"' in page
        status, location, _ = self.send("POST", path, urlencode(form), "application/x-www-form-urlencoded")
        assert status == 302
        assert location.startswith(f"{REDIRECT_URI}?")
        return dict(parse_qsl(urlsplit(location).query))

    def send(self, method: str, path: str, body: str | None = None, kind: str = "") -> tuple[int, str, bytes]:
        """Return status, location and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location", ""), answer.read()
        finally:
            connection.close()


@contextmanager
def providing(folder: Path, *options: str) -> Iterator[RunningProvider]:
    """Run the provider on a free port; end it at the end."""
    provider = RunningProvider(free_port())
    with (folder / "provider.err").open("wb") as talk:
        process = subprocess.Popen(
            [PROVIDER, "--port", str(provider.port), *options], stdin=subprocess.DEVNULL, stdout=talk, stderr=talk
        )
    try:
        wait_until(provider.answers, START_SECONDS)
        yield provider
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@dataclass
class LyingProvider:
    """A provider that answers what a test tells it; without being told it is honest."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}))
    published: list[RSAKey] | None = None
    metadata: dict[str, object] = field(default_factory=dict)
    header: dict[str, object] = field(default_factory=dict)
    claims: dict[str, object] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    id_token: str | None = None
    token_form: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, object] | None = None
    raw: dict[str, bytes] = field(default_factory=dict)
    packed: bool = False
    asked: list[str] = field(default_factory=list)
    nonce: str = ""

    def approve(self, address: str) -> dict[str, str]:
        """Remember what somebody was sent here with, and send them back."""
        query = dict(parse_qsl(urlsplit(address).query))
        self.nonce = query["nonce"]
        return {"code": "c0de", "state": query["state"]}

    def answer(self, path: str, form: str) -> bytes:
        """Return what is sent for a request."""
        self.asked.append(path)
        if path in self.raw:
            return self.raw[path]
        if path == "/token":
            self.token_form = parse_qs(form)
        answers: dict[str, Callable[[], object]] = {
            "/.well-known/openid-configuration": self._configuration,
            "/keys": lambda: KeySet(list(self.published or [self.key])).as_dict(),
            "/token": lambda: {"access_token": "t", "token_type": "Bearer", "id_token": self.id_token or self.sign()},
            "/me": lambda: self.told or {},
        }
        return json.dumps(answers[path]()).encode()

    def sign(self) -> str:
        """Return an ID token."""
        now = int(datetime.now(UTC).timestamp())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": "0042",
            "aud": "attendance",
            "iat": now,
            "exp": now + 600,
            "nonce": self.nonce,
            "email": "ana@example.com",
            "email_verified": True,
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if name not in self.without}
        header: dict[str, object] = {"alg": "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, kept, self.key, algorithms=[str(header["alg"])])

    def _configuration(self) -> Mapping[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
            **self.metadata,
        }


@contextmanager
def lying() -> Iterator[LyingProvider]:
    """Serve a provider that may lie on a free port of the loopback."""
    provider = LyingProvider()

    class Handler(BaseHTTPRequestHandler):
        """Pass requests on."""

        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, form: str) -> None:
            content = provider.answer(self.path, form)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            if provider.packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
