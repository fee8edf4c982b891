"""Drive a real Chromium against the real server, and keep whatever the browser complains of."""

import csv
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

from attendance.accounts.nouns import Account
from attendance.model import Grant, Role
from attendance.web.cookies import KIOSK, SESSION
from tests.servers import Server, make_kiosk, serving, sign_in, write_sites

PHONE = ViewportSize(width=390, height=844)
SMALL_PHONE = ViewportSize(width=320, height=568)
DESK = ViewportSize(width=1280, height=800)
WALL = ViewportSize(width=1920, height=1200)
ZOOMED = ViewportSize(width=320, height=200)  # a desk's window at 400 %
SIZES = {"phone": PHONE, "small phone": SMALL_PHONE, "desk": DESK, "wall": WALL, "zoomed to 400 %": ZOOMED}

FORM = "/sites/london/attendance"
PATIENCE_MS = 20_000  # a machine that tests many things at once is slow
expect.set_options(timeout=PATIENCE_MS)
_SERVER = pytest.StashKey[Server]()
_ARGUMENTS = [
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",  # it would look for updates and lists of its maker
    "--disable-component-update",
    "--disable-sync",
]
_ROSTERS = {"rome": "R1,Aïcha Öztürk\n", "oslo": "X1,Kari Nordmann\n", "bern": "X1,Urs Meier\n"}


@dataclass
class Visitor:
    """Open pages as somebody would; `complaints` are errors, refused resources and requests to anywhere else.

    A new browser profile costs a second. So a tab is used again, emptied of all that a test could leave in it, and only
    who needs a profile of a special kind, or prepares it, gets a new one.
    """

    browser: Browser
    server: Server
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _tabs: dict[tuple[bool, bool], Page] = field(default_factory=dict)
    _special: list[BrowserContext] = field(default_factory=list)

    def open(
        self, path: str = FORM, size: ViewportSize = PHONE, *, java_script_enabled: bool = True, has_touch: bool = False
    ) -> Page:
        """Return a tab at the address; the browser knows nothing of earlier visits."""
        kind = (java_script_enabled, has_touch)
        if kind not in self._tabs:
            context = self._new_context(java_script_enabled=java_script_enabled, has_touch=has_touch)
            self._tabs[kind] = context.new_page()
        page = self._tabs[kind]
        page.context.clear_cookies()
        page.set_viewport_size(size)
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
        page.goto(path)
        return page

    def open_special(
        self, path: str = FORM, *, before: Callable[[Page], object] = lambda page: page, **options: Any
    ) -> Page:
        """Return a page in a browser of a special kind, at the address, after `before` prepared it."""
        context = self._new_context(viewport=PHONE, **options)
        self._special.append(context)
        page = context.new_page()
        before(page)
        page.goto(path)
        return page

    def open_as(self, role: str, path: str, size: ViewportSize = PHONE) -> Page:
        """Return a tab at the address in which somebody with this role is signed in."""
        page = self.open("/", size)
        sign_in_page(page, self, role)
        page.goto(path)
        return page

    def open_as_kiosk(
        self,
        site_id: str,
        path: str,
        size: ViewportSize = PHONE,
        *,
        java_script_enabled: bool = True,
        has_touch: bool = False,
    ) -> Page:
        """Return a tab at the address on a device that is a kiosk of the site."""
        page = self.open("/", size, java_script_enabled=java_script_enabled, has_touch=has_touch)
        secret = make_kiosk(self.server.folder, site_id)
        page.context.add_cookies([{"name": KIOSK, "value": secret, "url": self.server.address}])
        page.goto(path)
        return page

    def start(self) -> None:
        """Forget what was seen before."""
        self.complaints.clear()
        self.requests.clear()

    def finish(self) -> None:
        """Close what was special."""
        while self._special:
            self._special.pop().close()

    @property
    def posts(self) -> list[str]:
        """Return where forms were sent to."""
        return [request.url for request in self.requests if request.method == "POST"]

    def rows(self, site_id: str = "london") -> list[list[str]]:
        """Return the rows of a site's ledger without its header."""
        path = self.server.folder / "data" / f"{site_id}.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as ledger:
            return list(csv.reader(ledger))[1:]

    def rows_of(self, employee_id: str, site_id: str = "london") -> list[list[str]]:
        """Return the rows of one employee."""
        return [row for row in self.rows(site_id) if row[1] == employee_id]

    def _new_context(self, **options: Any) -> BrowserContext:
        """Return a profile without history, whose complaints are heard."""
        context = self.browser.new_context(base_url=self.server.address, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", lambda failure: self.complaints.append(str(failure.error)))
        return context

    def _on_request(self, request: Request) -> None:
        """Remember a request, and complain of one that leaves this machine."""
        self.requests.append(request)
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.complaints.append(f"asked for {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        """Complain of an error, but for the browser's own word that a document came with 4xx or 503."""
        refused = "the server responded with a status of"
        if message.type in {"error", "warning"} and refused not in message.text:
            self.complaints.append(message.text)


def sign_in_page(page: Page, visitor: Visitor, role: str) -> None:
    """Give a browser the session of somebody with this role."""
    session = sign_in(visitor.server.folder, role)
    page.context.add_cookies([{"name": SESSION, "value": session, "url": visitor.server.address}])


def hr_account(name: str) -> Account:
    """Return an account of HR of all sites, without a password yet."""
    return Account(name=name, grant=Grant(roles=frozenset({Role.HR}), site_ids=None))


def chromium_path() -> str | None:
    """Return where the Chromium of this machine is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """Run a Chromium that nobody sees, and that asks its maker for nothing."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one file: Playwright's event loop must not outlive them."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium is installed (on Debian: apt-get install chromium)")
    with running_chromium(path) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Server:
    """The server of all browser tests: it starts with the first and stops at the end of the run."""
    assert browser.is_connected()  # without a browser no server is needed either
    stash = request.config.stash
    if _SERVER not in stash:
        stack = ExitStack()
        request.config.add_cleanup(stack.close)
        stash[_SERVER] = stack.enter_context(_many_sites(tmp_path_factory.mktemp("sites")))
    return stash[_SERVER]


@contextmanager
def _many_sites(folder: Path) -> Iterator[Server]:
    """Serve sites of every kind, so many that the list of sites offers a search."""
    write_sites(
        folder,
        london="timezone: Europe/London",
        kathmandu="timezone: Asia/Kathmandu",
        **{"lord-howe": "timezone: Australia/Lord_Howe"},
        auckland="timezone: Pacific/Auckland",
        three="timezone: Europe/Paris; statuses: {Present: present, Absent: absent, Left: left}",
        rome="timezone: Europe/Rome; roster: data/rome.roster.csv; visitors: true",
        oslo="timezone: Europe/Oslo; roster: data/oslo.roster.csv",
        bern="timezone: Europe/Zurich; roster: data/bern.roster.csv",
        broken="timezone: America/New_York",
    )
    (folder / "data").mkdir()
    for site_id, people in _ROSTERS.items():
        (folder / "data" / f"{site_id}.roster.csv").write_text("Employee_ID,Name\n" + people, encoding="utf-8")
    with serving(folder, workers=1) as running:
        (folder / "data" / "broken.csv").mkdir()  # what cannot be written, even by root
        yield running


@pytest.fixture(scope="module")
def visitors(browser: Browser, server: Server) -> Visitor:
    """Somebody whose tabs stay open from test to test."""
    return Visitor(browser, server)


@pytest.fixture
def visitor(visitors: Visitor) -> Iterator[Visitor]:
    """Somebody with a browser; at the end of every test nothing may have been complained of."""
    visitors.start()
    yield visitors
    visitors.finish()
    assert visitors.complaints == []


def fill(page: Page, employee_id: str, name: str | None = "Ana Martín") -> None:
    """Type an ID, and a name where there is one."""
    page.fill("#employee_id", employee_id)
    if name is not None:
        page.fill("#name", name)


def press(page: Page, selector: str) -> None:
    """Click there, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.click(selector)


def said(page: Page, selector: str) -> str:
    """Return what is read out there, with single spaces."""
    return " ".join((page.locator(selector).text_content() or "").split())


def focused(page: Page) -> str:
    """Return the ID, the value or the text of what has the focus."""
    script = "(element) => element.id || element.value || element.textContent.trim()"
    return str(page.locator(":focus").evaluate(script))


def states(page: Page, key: str) -> Iterator[str]:
    """Lead a page through everything that somebody can meet; yield a name for each, while it is shown."""
    page.goto("/")
    yield "the sites"
    page.goto("/?q=europe")
    yield "some of the sites"
    page.goto("/?q=nowhere")
    yield "no site"
    page.goto("/sites/nowhere/attendance")
    yield "an address that is not there"
    page.goto(FORM)
    yield "the form"
    press(page, "button.present")
    yield "two errors"
    fill(page, f"{key}-{'E' * 40}", "Wolfeschlegelsteinhausenbergerdorff" * 2)
    page.check("input[name=remember]")
    press(page, "button.absent")
    yield "the confirmation"
    page.goto(FORM)
    yield "the form of somebody remembered"
    press(page, "button.absent")
    yield "the repeat"
    press(page, "text=Not you?")
    yield "the form after forgetting"
    page.goto("/sites/three/attendance")
    yield "three statuses"
    fill(page, key)
    press(page, "button.left")
    yield "the confirmation of leaving"
    page.goto("/sites/broken/attendance")
    fill(page, key)
    press(page, "button.present")
    yield "a site that cannot record"
