"""Claims about pages that everybody can read and use: contrast, labels, headlines, what a screen reader says."""

import re
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests import browser as kit
from tests.browser import DESK, FORM, Visitor, fill, press, states

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Contrast as WCAG 2.2 defines it (relative luminance), computed from the colours that the browser uses.
CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const paper = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, paper(element.parentElement));
  };
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const poor = [];
  const judge = (what, element, one, other, least) => {
    const found = ratio(one, other);
    if (found < least) poor.push(`${what} ${element.tagName}.${element.className} ${found.toFixed(2)}`);
  };
  let judged = 0;
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const here = paper(element);
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (words || element.matches("input, .sign")) {
      judge("text", element, over(parse(style.color), here), here, 4.5);
      judged++;
    }
    const around = paper(element.parentElement);
    if (element.matches("input:not([type=checkbox], [type=radio]), select, .option, .button, .quiet, .summary")) {
      judge("edge", element, parse(style.borderTopColor), around, 3);
    }
    if (element.matches(".status, .result .sign")) judge("shape", element, here, around, 3);
    if (element.matches("a, button, input")) {
      element.focus({focusVisible: true});
      judge("ring", element, parse(getComputedStyle(element).outlineColor), around, 3);
    }
  }
  return {poor, judged};
}"""
# What a page of ours is for somebody who hears it.
FAULTS = """() => {
  const faults = [];
  const need = (sound, fault) => { if (!sound) faults.push(fault); };
  const words = (element) => element.textContent.trim();
  const all = (selector) => [...document.querySelectorAll(selector)];
  const named = (id) => document.getElementById(id);
  need(document.documentElement.lang === "en", "no language");
  need(document.title.trim().length > 10, "no title");
  need(all("h1").length === 1, `${all("h1").length} h1`);
  need(all("main").length === 1, "no main");
  for (const input of all("input:not([type=hidden])")) need([...input.labels].map(words).join(), `bare: ${input.name}`);
  for (const one of all("a, button:not([hidden])")) need(words(one), `no words: ${one.outerHTML}`);
  const described = (one) => one.getAttribute("aria-describedby").trim().split(/ +/).every(named);
  for (const one of all("[aria-describedby]")) need(described(one), "undescribed");
  for (const one of all("[id]")) need(all(`[id="${one.id}"]`).length === 1, `twice: ${one.id}`);
  for (const one of all(".sign")) need(one.ariaHidden === "true", "a sign is read out");
  for (const link of all("a[href^='#']")) need(named(link.hash.slice(1)), `leads nowhere: ${link.hash}`);
  need(!all("[style], style, script:not([src])").length, "something inline");
  need(!all(":is([aria-live], [role=status], [role=alert]) .clock").length, "every second is read out");
  return faults;
}"""
AXE = find_spec("axe_playwright_python")


def axe_violations(page: Page) -> list[str]:
    """Return what the rules of axe-core find on a page."""
    assert AXE
    assert AXE.origin
    page.evaluate(Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    answer: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{one['id']} {one['nodes'][0]['target']}" for one in answer["violations"]]


def test_words_edges_and_rings_keep_their_contrast_in_light_and_dark(visitor: Visitor) -> None:
    """Text keeps 4.5:1, the edges of what is pressed or typed into and the ring of the focus keep 3:1."""
    page = visitor.open("/", size=DESK)
    poor, judged = [], 0

    for state in states(page, "contrast"):
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(CONTRAST)
            poor += [f"{state}, {scheme}: {one}" for one in found["poor"]]
            judged += found["judged"]

    assert poor == []
    assert judged > 200


def test_every_page_can_be_heard(visitor: Visitor) -> None:
    """Every page has a language, a title, one h1, a label for each field, and nothing that only eyes understand."""
    page = visitor.open("/")

    found = [f"{state}: {fault}" for state in states(page, "heard") for fault in page.evaluate(FAULTS)]

    assert found == []


def test_what_happened_is_announced(visitor: Visitor) -> None:
    """An error is an alert, a confirmation a status, each has the focus and begins with what happened."""
    page = visitor.open()
    press(page, "button.present")
    alert = page.locator("[role=alert]:focus").text_content() or ""
    fill(page, "announced")
    press(page, "button.present")

    status = page.locator("[role=status]:focus").text_content() or ""

    assert alert.split()[:2] == ["Not", "recorded"]
    assert status.split()[:4] == ["You", "are", "marked", "present"]
    assert page.title() == "You are marked present – London"


def test_a_screen_reader_hears_the_form_as_it_is_meant(visitor: Visitor) -> None:
    """Fields, boxes and buttons have the names that stand beside them; signs are not read."""
    page = visitor.open(FORM)

    heard = page.locator("form").aria_snapshot()

    for part in ['textbox "Your ID"', 'textbox "Your name"', 'checkbox "Remember me on this device"']:
        assert part in heard
    assert 'group "What should be recorded"' in heard
    assert 'button "Present"' in heard
    assert 'button "Absent"' in heard


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
def test_axe_finds_nothing(visitor: Visitor) -> None:
    """The rules of axe-core for WCAG 2.2 AA and its best practices find no fault in any state, light or dark."""
    page = visitor.open("/")
    found: list[str] = []

    for state, scheme in zip(states(page, "axe"), cycle(SCHEMES), strict=False):
        page.emulate_media(color_scheme=scheme)
        found += [f"{state}, {scheme}: {one}" for one in axe_violations(page)]

    assert found == []


def test_words_can_be_copied_as_they_are_read(visitor: Visitor) -> None:
    """A confirmation that is copied into a message has its comma after the time, though nobody sees it."""
    page = visitor.open()
    fill(page, "copied")
    press(page, "button.present")

    page.keyboard.press("Control+A")

    copied = " ".join(str(page.evaluate("getSelection().toString()")).split())
    assert re.search(r"Present at \d\d:\d\d:\d\d, \w+day \d+ \w+ \d{4}, London, UTC\+0\d:00 Ana Martín copied", copied)
