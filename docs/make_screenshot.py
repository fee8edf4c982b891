# ruff: noqa: INP001  # a script beside the picture that it makes, and no package
"""Make docs/screenshot.png from the real pages: `make screenshot` (needs Chromium)."""

import base64
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser import DESK, PHONE, chromium_path, fill, press, running_chromium
from tests.servers import serving

DOCS = Path(__file__).parent
FORM = "/sites/kathmandu/attendance"
STYLE = "margin: 0; padding: 40px; display: flex; gap: 40px; background: #e4e6e3"
PICTURE = '<img style="width: 390px; border-radius: 24px; box-shadow: 0 4px 24px #0003" src="data:image/png;base64,{}">'


def pictures(browser: Browser, address: str) -> list[bytes]:
    """Return a form, what becomes of it, and the form of the next day in the dark, each as a PNG."""
    page = _phone(browser, address, "light")
    page.goto(FORM)
    fill(page, "E0042", "Ana Martín")
    page.check("input[name=remember]")
    form = page.screenshot()
    press(page, "button.present")
    confirmation = page.screenshot()
    page.emulate_media(color_scheme="dark")
    page.goto(FORM)
    return [form, confirmation, page.screenshot()]


def _phone(browser: Browser, address: str, scheme: Literal["light", "dark"]) -> Page:
    """Return an empty page on a phone with a sharp display."""
    size = ViewportSize(width=PHONE["width"], height=660)
    return browser.new_page(viewport=size, base_url=address, color_scheme=scheme, device_scale_factor=2)


def main() -> None:
    """Write the picture."""
    chromium = chromium_path()
    if chromium is None:
        sys.exit("No Chromium is installed (on Debian: apt-get install chromium).")
    with TemporaryDirectory() as folder:
        shutil.copy(DOCS.parent / "sites.yaml", folder)
        with serving(Path(folder), workers=1) as server, running_chromium(chromium) as browser:
            shots = pictures(browser, server.address)
            page = browser.new_page(viewport=DESK)
            images = "".join(PICTURE.format(base64.b64encode(shot).decode()) for shot in shots)
            page.set_content(f'<div id="all" style="{STYLE}; width: max-content">{images}</div>')
            page.locator("#all").screenshot(path=DOCS / "screenshot.png")


if __name__ == "__main__":
    main()
