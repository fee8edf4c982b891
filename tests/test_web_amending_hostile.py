"""Claims about hostile names, reasons and forms on the pages of amendments: text stays text, nothing is a defect."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from httpx2 import Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from attendance.errors import InvalidInputError
from attendance.identity import clean_reason
from attendance.web.wishes import FIELDS
from tests.access_web import add_account, kiosk_of, session_of
from tests.hostile import NAMES, employee_id
from tests.servers import write_sites
from tests.test_web_amending import look, send
from tests.webapp import FORM, HTML, Web, serving_web, visible_text

DAY = "2026-11-20"
OCTOBER = "/hr/sites/oslo/months/2026-10"


def is_reason(text: str) -> bool:
    """Tell whether a text may be a reason, as it stands."""
    try:
        return clean_reason(text) == text
    except InvalidInputError:
        return False


REASONS = {name: name if is_reason(name) else "forgot" for name in NAMES}


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes."""

    def __init__(self, page: Response) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(" ".join([tag, *(name for name, _ in attrs)]))


@contextmanager
def company(folder: Path, *, plain: bool) -> Iterator[tuple[Web, dict[str, str], dict[str, str]]]:
    """Serve a site whose people are called so, or all Ana, with what they asked for and what was changed of it."""
    people = [(employee_id(name), "Ana" if plain else name) for name in NAMES]
    rows = StringIO()
    csv.writer(rows, lineterminator="\n").writerows([["Employee_ID", "Name"], *people])
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "staff.csv").write_text(rows.getvalue(), encoding="utf-8")
    write_sites(folder, oslo="timezone: Europe/Oslo; roster: data/staff.csv; marking: kiosk")
    with serving_web(folder, peer="127.0.0.1") as web:
        hr = HTML | session_of(web, add_account(web, "hana", "hr"))
        kiosk = HTML | kiosk_of(web, "oslo", "door")
        yield web, hr, kiosk


def tour(folder: Path, *, plain: bool) -> Iterator[tuple[str, Response]]:
    """Yield every page that shows names and reasons, each with what it is, and is to show."""
    with company(folder, plain=plain) as (web, hr, kiosk):
        for name in NAMES:
            reason = "forgot" if plain else REASONS[name]
            asked = {"employee_id": employee_id(name), "date": DAY, "status": "Present", "scope": "day"}
            yield name, send(web, kiosk, "/sites/oslo/forgotten", **asked, reason=reason)
            day = f"/hr/sites/oslo/employees/{employee_id(name)}/days/{DAY}"
            corrected = send(web, hr, day, status="Absent", scope="day", reason=reason)
            yield name, look(web, hr, corrected.headers["location"])
            again = send(web, hr, day, status="", scope="time", time="Ana" if plain else name, reason=reason)
            yield name, again
        yield "", look(web, hr, "/hr/requests")
        reason = "no" if plain else "<b>no"
        yield "", send(web, hr, "/hr/sites/oslo/requests/2", answer="decline", reason=reason)
        yield "", look(web, hr, "/hr/requests?site=oslo&number=2")
        send(web, hr, f"{OCTOBER}/close")
        send(web, hr, f"{OCTOBER}/reopen", reason="no" if plain else "<script>alert(1)</script>")
        for name in NAMES:
            day = f"/hr/sites/oslo/employees/{employee_id(name)}/days/2026-10-22"
            send(web, hr, day, status="Absent", scope="day", reason="no")
        yield "", look(web, hr, f"{OCTOBER}/closing")


def test_names_and_reasons_are_text_on_every_page(tmp_path: Path) -> None:
    """Each page has the same elements with the same attributes as where everybody is called Ana; names are shown."""
    hostile = list(tour(tmp_path / "hostile", plain=False))
    plain = list(tour(tmp_path / "plain", plain=True))

    assert [Elements(page).found for _, page in hostile] == [Elements(page).found for _, page in plain]
    assert {page.status_code for _, page in hostile} == {page.status_code for _, page in plain} == {200, 201, 303, 422}
    # `visible_text` takes tags away before it unescapes: what is left of a name was escaped.
    shown = [visible_text(page) for _, page in hostile[-4:]]
    for name in NAMES:
        assert " ".join(name.split()) in shown[0], name
        assert " ".join(name.split()) in shown[-1], name


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, dict[str, str], dict[str, str]]]:
    """One company for all examples."""
    with company(tmp_path_factory.mktemp("any") / "company", plain=True) as found:
        yield found


POSTS = {
    "correct": f"/hr/sites/oslo/employees/H00/days/{DAY}",
    "answer": "/hr/sites/oslo/requests/2",
    "reopen": f"{OCTOBER}/reopen",
    "forgotten": "/sites/oslo/forgotten",
}
KEYS = {
    "correct": ["name", *FIELDS],
    "answer": ["answer", "reason"],
    "reopen": ["reason"],
    "forgotten": ["employee_id", "pin", "date", *FIELDS],
}
PLAUSIBLE = st.sampled_from(
    [b"", b"day", b"time", b"Present", b"-", b"first", b"09:30", b"2026-11-22", b"H00", b"decline", b"approve", b"x"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("what", POSTS)
@given(data=st.data())
def test_no_form_is_a_defect(
    served: tuple[Web, dict[str, str], dict[str, str]], what: str, data: st.DataObject
) -> None:
    """Whatever stands in the fields, the answer is none of 5xx."""
    web, hr, kiosk = served
    values = data.draw(st.fixed_dictionaries(dict.fromkeys(KEYS[what], PLAUSIBLE | st.binary(max_size=30))))
    body = "&".join(f"{key}={quote(value)}" for key, value in values.items())
    web.client.cookies.clear()

    answer = web.client.post(POSTS[what], content=body, headers=(kiosk if what == "forgotten" else hr) | FORM)

    assert answer.status_code < 500


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person=st.text(max_size=20), day=st.text(max_size=12), query=st.text(max_size=20))
@example(person="H00", day=DAY, query="done=99999999999999999999")
@example(person="H00", day="9999-12-31", query="")
@example(person="H00", day="1900-01-01", query="time=99:99&which=second")
@example(person="H00", day="2199-12-31", query="time=09:30&which=second")
def test_no_address_is_a_defect(
    served: tuple[Web, dict[str, str], dict[str, str]], person: str, day: str, query: str
) -> None:
    """Neither an ID, nor a date, nor what stands behind them."""
    web, hr, _ = served
    encoded = quote(person.encode("utf-8", "replace"), safe=""), quote(day.encode("utf-8", "replace"), safe="")
    safe_query = quote(query.encode("utf-8", "replace"), safe="=&:")

    answers = [
        look(web, hr, f"/hr/sites/oslo/employees/{encoded[0]}/days/{encoded[1]}?{safe_query}"),
        look(web, hr, f"/hr/sites/oslo/months/{encoded[1]}/closing?{safe_query}"),
        look(web, hr, f"/hr/requests?{safe_query}"),
    ]

    assert max(one.status_code for one in answers) < 500
