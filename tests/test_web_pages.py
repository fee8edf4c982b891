"""Claims about the pages: what is typed is text and stays, errors stand beside their fields, sites are found."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from attendance.web.pages import MAX_LISTED_SITES
from tests.webapp import ANA, HTML, PAGE, Web, serving_web, tags, visible_text

SCRIPT = "<script>alert('Ana')</script>"
ZONES = ["Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns", "Africa/Casablanca"]
MANY = {f"office-{number}": f"timezone: {ZONES[number % 4]}" for number in range(64)}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """One site without a roster, at 09:00:03 in London."""
    with serving_web(tmp_path) as served:
        yield served


def typed(page: Response) -> dict[str, str]:
    """Return what stands in the fields of a page."""
    return {field["name"]: field.get("value", "") for field in tags(page, "input") if "value" in field}


# What is typed


def test_a_tag_in_a_name_is_text_on_every_page(web: Web) -> None:
    """The confirmation, the repeat, the filled form and the form with an error show it, and hold no such element."""
    sent = ANA | {"name": SCRIPT, "remember": "yes"}

    pages = [
        web.client.post(PAGE, data=sent, headers=HTML),
        web.client.post(PAGE, data=sent, headers=HTML),
        web.client.get(PAGE, headers=HTML),
        web.client.post(PAGE, data=sent | {"employee_id": '"><b id="x">', "status": "<i>"}, headers=HTML),
    ]

    assert [page.status_code for page in pages] == [201, 200, 200, 422]
    assert all("&lt;script&gt;" in page.text for page in pages)
    assert all("src" in script for page in pages for script in tags(page, "script"))
    assert not tags(pages[3], "b") + tags(pages[3], "i")
    assert typed(pages[3])["employee_id"] == '"><b id="x">'


def test_a_tag_in_a_search_is_text(tmp_path: Path) -> None:
    """What is looked for stands in the field as it was typed."""
    with serving_web(tmp_path, sites=MANY) as web:
        page = web.client.get("/", params={"q": '"><b>'})

    assert typed(page) == {"q": '"><b>'}
    assert not tags(page, "b")


def test_a_name_of_a_site_is_text(tmp_path: Path) -> None:
    """The registry may name a site as it likes."""
    text = "sites:\n  london:\n    name: <b>&London\n    timezone: Europe/London\n    csv: data/london.csv\n"
    (tmp_path / "sites.yaml").write_text(text, encoding="utf-8")

    with serving_web(tmp_path) as web:
        pages = [web.client.get("/"), web.client.get(PAGE), web.client.post(PAGE, data=ANA, headers=HTML)]

    assert all("<b>&London" in visible_text(page) for page in pages)
    assert not [tag for page in pages for tag in tags(page, "b")]


def test_what_was_typed_stays_typed(web: Web) -> None:
    """After an error the fields and the tick are as they were, and the status is said to be recorded nowhere."""
    sent = {"employee_id": "E 42", "name": "Ana Martín", "status": "Present", "remember": "yes"}

    page = web.client.post(PAGE, data=sent, headers=HTML)

    assert page.status_code == 422
    assert typed(page) == {"employee_id": "E 42", "name": "Ana Martín", "remember": "yes"}
    assert "checked" in tags(page, "input", name="remember")[0]
    assert tags(page, "div", role="alert")
    assert "Not recorded" in visible_text(page)
    assert web.ledger() == ""


def test_every_error_stands_beside_its_field_and_in_the_summary(web: Web) -> None:
    """The summary comes first and links to the fields, which are said to be wrong and by what."""
    page = web.client.post(PAGE, data={"employee_id": "", "name": "", "status": "x"}, headers=HTML)

    links = [link["href"] for link in tags(page, "a") if link["href"].startswith("#")]
    targets = {element["id"] for name in ("input", "div") for element in tags(page, name) if "id" in element}
    assert links == ["#employee_id", "#name", "#status"]
    assert {link[1:] for link in links} <= targets
    for field, message in {"employee_id": "Enter your ID.", "name": "Enter your name."}.items():
        wrong = tags(page, "input", id=field)[0]
        assert (wrong["aria-invalid"], wrong["aria-describedby"]) == ("true", f"{field}-error")
        assert tags(page, "p", id=f"{field}-error")
        assert visible_text(page).count(message) == 2
    assert visible_text(page).count("Choose Present or Absent.") == 2


def test_a_page_without_an_error_tells_of_none(web: Web) -> None:
    """Nothing is marked wrong before anything was sent."""
    page = web.client.get(PAGE)

    assert not tags(page, "div", role="alert")
    assert not [field for field in tags(page, "input") if "aria-invalid" in field]
    assert typed(page) == {"employee_id": "", "name": "", "remember": "yes"}


def test_every_field_has_a_label(web: Web) -> None:
    """A screen reader says what each field is for."""
    page = web.client.get(PAGE)

    labelled = {label["for"] for label in tags(page, "label") if "for" in label}
    assert {"employee_id", "name"} <= labelled
    assert [tag["lang"] for tag in tags(page, "html")] == ["en"]


def test_a_browser_is_told_of_an_error_by_a_page(web: Web) -> None:
    """An address that is not there, and a site that is not there, lead to the list of sites."""
    for path in ("/nothing", "/sites/nowhere/attendance"):
        page = web.client.get(path, headers=HTML)

        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert tags(page, "a", href="/")


# The sites


def test_the_list_shows_every_site_with_its_own_time(tmp_path: Path) -> None:
    """One instant is shown as the time and date that each site has, with its offset."""
    sites = {
        "chatham": "timezone: Pacific/Chatham",
        "kathmandu": "timezone: Asia/Kathmandu",
        "pago": "timezone: Etc/GMT+11",
    }

    with serving_web(tmp_path, sites=sites) as web:
        said = visible_text(web.client.get("/"))

    assert re.search(r"Chatham 22:45:03 Monday 23 November 2026, UTC\+13:45", said)
    assert re.search(r"Kathmandu 14:45:03 Monday 23 November 2026, UTC\+05:45", said)
    assert re.search(r"Pago 22:00:03 Sunday 22 November 2026, UTC-11:00", said)


def test_the_page_of_a_site_shows_its_time(web: Web) -> None:
    """The clock stands at the time of the answer until the browser moves it."""
    page = web.client.get(PAGE)

    assert "London 09:00:03 Monday 23 November 2026, UTC+00:00" in visible_text(page)
    assert tags(page, "span", **{"data-clock": "london", "data-now": "1795424403000", "data-offset": "0"})


def test_a_long_list_is_cut_and_says_so(tmp_path: Path) -> None:
    """So many sites are shown, the rest are counted, and there is a search."""
    with serving_web(tmp_path, sites=MANY) as web:
        page = web.client.get("/")

    assert len(tags(page, "a", **{"class": "site"})) == MAX_LISTED_SITES
    assert f"{len(MANY) - MAX_LISTED_SITES} more sites are not shown." in visible_text(page)
    assert tags(page, "input", name="q")


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("office-7", 1),
        ("OFFICE-62", 1),
        ("kathmandu", 16),
        ("office-1 casablanca", 3),
        ("atlantis", 0),
        ("  ", MAX_LISTED_SITES),
    ],
)
def test_sites_are_found_by_name_and_zone(tmp_path: Path, sought: str, found: int) -> None:
    """Every word is looked for, in whatever case."""
    with serving_web(tmp_path, sites=MANY) as web:
        page = web.client.get("/", params={"q": sought})

    assert len(tags(page, "a", **{"class": "site"})) == found
    assert found or "No site is called that." in visible_text(page)


def test_a_short_list_needs_no_search(web: Web) -> None:
    """One site is one link, besides that of HR."""
    page = web.client.get("/")

    assert not tags(page, "input")
    assert [link["href"] for link in tags(page, "a")] == [PAGE, "/sign-in"]


def test_a_search_that_is_too_long_is_refused(web: Web) -> None:
    """The field takes eighty characters, and so does the server."""
    assert web.client.get("/", params={"q": "a" * 80}).status_code == 200
    assert web.client.get("/", params={"q": "a" * 81}).status_code == 400


# The clock


def test_the_clock_tells_the_instant_and_the_offsets_asked_for(tmp_path: Path) -> None:
    """Sites that are not there are passed over, and no cache keeps the answer."""
    with serving_web(tmp_path, sites=MANY) as web:
        answer = web.client.get("/clock", params={"site": ["office-0", "office-2", "nowhere"]})

    assert answer.json() == {"now": 1795424403000, "offsets": {"office-0": 20700, "office-2": -12600}}
    assert answer.headers["cache-control"] == "no-store"


def test_the_clock_is_asked_for_as_many_sites_as_a_page_shows(tmp_path: Path) -> None:
    """So many are answered, more or none are refused."""
    counts = (MAX_LISTED_SITES, MAX_LISTED_SITES + 1, 0)

    with serving_web(tmp_path, sites=MANY) as web:
        statuses = [web.client.get("/clock", params={"site": list(MANY)[:count]}).status_code for count in counts]

    assert statuses == [200, 400, 400]


def test_the_clock_follows_summer_time(web: Web) -> None:
    """The offset is that of the instant, not of the day on which the page was made."""
    web.clock.move(days=180)

    assert web.client.get("/clock", params={"site": "london"}).json()["offsets"] == {"london": 3600}


def test_the_zone_rules_of_the_moment_are_those_of_pytz(tmp_path: Path) -> None:
    """Casablanca changed its rules in 2026; the system's own database still says otherwise."""
    with serving_web(tmp_path, sites={"casa": "timezone: Africa/Casablanca"}) as web:
        offsets = web.client.get("/clock", params={"site": "casa"}).json()["offsets"]

    assert offsets == {"casa": 0}


def test_a_confirmation_says_in_one_sentence_what_was_recorded(web: Web) -> None:
    """What a shared link, a history or a program shows of the page is the whole sentence, and nothing of the person."""
    recorded = web.client.post(PAGE, data=ANA, headers=HTML).text
    repeated = web.client.post(PAGE, data=ANA, headers=HTML).text

    when = "09:00:03, Monday 23 November 2026, London, UTC+00:00"
    assert f'<meta name="description" content="Present at {when}">' in recorded
    assert f'content="You are already marked present since {when}. Nothing was added."' in repeated
