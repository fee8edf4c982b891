"""Claims about the pages of days, months and years: what they count, of which sites, and what each number leads to."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from urllib.parse import urljoin

import pytest

from attendance.amending import Wish
from tests.access_web import services, token_of
from tests.conftest import HandClock
from tests.webapp import HEADER, HTML, Web, is_problem, serving_web, tags, visible_text, write_roster

SITES = {
    "london": "timezone: Europe/London; roster: data/london.roster.csv; visitors: true; start: '09:00'; "
    "statuses: {Present: present, Absent: absent, Left: left}; holidays: GB-ENG",
    "kathmandu": "timezone: Asia/Kathmandu; roster: data/kathmandu.roster.csv; visitors: true",
    "bern": "timezone: Europe/Zurich; roster: data/bern.roster.csv; "
    "statuses: {Office: present, Remote: present, Sick: absent, Sabbatical: absent}",
    "crowd": "timezone: Europe/Paris; roster: data/crowd.roster.csv",
    "auckland": "timezone: Pacific/Auckland",
    "broken": "timezone: America/Lima",
}
FRIDAY = """2026-11-20T08:58:41+00:00,E1,Ana Martín,Present
2026-11-20T09:12:00+00:00,E2,Jo Park,Present
2026-11-20T09:15:00+00:00,E3,Maya,Absent
2026-11-20T17:00:00+00:00,E1,Ana Martín,Left
2026-11-20T18:00:00+00:00,V9,Guest,Present
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """London with a Friday, Kathmandu where one of its people was, Auckland, and a site that cannot be read."""
    tmp_path = tmp_path_factory.mktemp("sheets")
    write_roster(tmp_path, "london", E1="Ana Martín", E2="Jo Park", E3="Maya", E4="Zoë")
    write_roster(tmp_path, "kathmandu", K1="Gita")
    (tmp_path / "data" / "london.csv").write_text(HEADER + FRIDAY, encoding="utf-8")
    row = "2026-11-20T09:03:00+05:45,E4,Zoë,Present\n"
    (tmp_path / "data" / "kathmandu.csv").write_text(HEADER + row, encoding="utf-8")
    write_roster(tmp_path, "bern", B1="Urs", B2="Ueli")
    rows = "2026-11-20T09:00:00+01:00,B1,Urs,Remote\n2026-11-20T09:00:01+01:00,B2,Ueli,Sick\n"
    (tmp_path / "data" / "bern.csv").write_text(HEADER + rows, encoding="utf-8")
    write_roster(tmp_path, "crowd", **{f"C{number:04}": f"Person {number}" for number in range(1, 502)})
    with serving_web(tmp_path, sites=SITES, role="hr") as web:
        (tmp_path / "data" / "broken.csv").mkdir()
        web.client.headers.update(HTML)
        yield web


@pytest.fixture
def web(served: Web) -> Web:
    """The same on a Monday morning: nothing is written there."""
    served.clock.now = HandClock().now
    return served


def text_of(web: Web, path: str, headers: Mapping[str, str] | None = None) -> str:
    """Return what a person reads in a page that is there."""
    answer = web.client.get(path, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return visible_text(answer)


# A day at all sites


def test_a_day_is_told_of_every_site_and_each_number_leads_to_its_rows(web: Web) -> None:
    """Also where another site cannot be read: that is said, and nothing is hidden."""
    answer = web.client.get("/hr/days/2026-11-20")

    text = visible_text(answer)
    assert "Its file was damaged by something else. Nobody can mark there now. Tell whoever looks after" in text
    assert "ledger_damaged" not in text
    assert "London Friday 20 November 2026" in text
    (late,) = tags(answer, "a", href="/hr/sites/london/days/2026-11-20?show=late")
    assert late
    assert [
        tag["href"].partition("show=")[2] for tag in tags(answer, "a") if "london/days/2026-11-20?" in tag["href"]
    ] == [
        "present",
        "absent",
        "late",
        "not_marked",
    ]


def test_today_is_each_sites_own(web: Web) -> None:
    """At 11:30 UTC on a Monday it is Tuesday in Auckland."""
    web.clock.move(hours=2.5)

    text = text_of(web, "/hr/days/today")

    assert "London Monday 23 November 2026 There it is 11:30 (UTC+00:00)" in text
    assert "Auckland Tuesday 24 November 2026 There it is 00:30 (UTC+13:00)" in text


def test_each_date_that_is_today_somewhere_is_one_click_away(web: Web) -> None:
    """None of them is the day of the page, so the field names none; a day of its own stands in it."""
    web.clock.move(hours=2.5)

    today, monday = (web.client.get(f"/hr/days/{on}") for on in ("today", "2026-11-23"))

    around = [tag["href"][-10:] for tag in tags(today, "a") if tag["href"].startswith("/hr/days/2026")]
    assert around == ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"]
    assert [tag["value"] for one in (today, monday) for tag in tags(one, "input", id="on")] == ["", "2026-11-23"]
    assert tags(today, "a", href="/hr/sun/today")


def test_a_day_that_has_not_begun_somewhere_says_so(web: Web) -> None:
    """Of Tuesday nothing is counted in London, while it is Tuesday in Auckland."""
    web.clock.move(hours=2.5)

    text = text_of(web, "/hr/days/2026-11-24")

    assert text.count("Has not begun there yet.") == 4
    london = text_of(web, "/hr/sites/london/days/2026-11-24")
    assert "This day has not begun there yet." in london
    assert "0 Not marked" in london
    assert "This day has not begun" not in text_of(web, "/hr/sites/auckland/days/2026-11-24")


def test_only_the_sites_of_the_grant_are_shown(web: Web) -> None:
    """Neither their names nor who was seen there."""
    bearer = token_of(web, "payroll", "hr", sites=["london"])

    days = text_of(web, "/hr/days/2026-11-20", bearer)
    day = text_of(web, "/hr/sites/london/days/2026-11-20", bearer)
    foreign = web.client.get("/hr/sites/kathmandu/days/2026-11-20", headers=bearer)

    assert "London" in days
    assert "Kathmandu" not in days + day
    assert foreign.status_code == 403


@pytest.mark.parametrize("address", ["/hr/days/", "/hr/sites/london/days/"])
@pytest.mark.parametrize("on", ["2026-02-30", "yesterday", "1899-12-31", "2200-01-01", "20261120", "%3Cb%3E"])
def test_there_is_no_page_of_what_is_no_date(web: Web, address: str, on: str) -> None:
    """404 in words, or the problem for a program; the form with a date says the same."""
    page = web.client.get(address + on)

    assert page.status_code == 404
    assert "There is no such page" in visible_text(page)
    assert is_problem(web.client.get(address + on, headers={"Accept": "*/*"}), 404, "not_found")


@pytest.mark.parametrize("address", ["/hr/days", "/hr/sites/london/days"])
def test_the_form_with_a_date_leads_to_its_page(web: Web, address: str) -> None:
    """No script is needed; nothing typed is today, and what is no date is refused."""
    answers = [web.client.get(f"{address}?on={on}") for on in ("2026-11-20", "", "2026-02-30")]

    assert [answer.headers.get("location") for answer in answers] == [
        f"{address}/2026-11-20",
        f"{address}/today",
        None,
    ]
    assert answers[2].status_code == 404


@pytest.mark.parametrize("on", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_have_one_neighbour(web: Web, on: str) -> None:
    """No link leads to a page that is not there."""
    answer = web.client.get(f"/hr/sites/london/days/{on}")

    assert len(tags(answer, "a", rel="prev") + tags(answer, "a", rel="next")) == 1


# A day at one site


def rows_of(web: Web, query: str = "") -> list[str]:
    """Return the IDs in the rows of London's Friday."""
    answer = web.client.get(f"/hr/sites/london/days/2026-11-20{query}")
    assert answer.status_code == 200
    homes = [tag["href"] for tag in tags(answer, "a") if "/employees/" in tag["href"]]
    return [home.split("/")[5] for home in homes]


def test_a_day_shows_everybody_with_times_and_hours(web: Web) -> None:
    """Who came and when, how long they stayed, who is late, missing, a visitor; each name leads to their day."""
    text = text_of(web, "/hr/sites/london/days/2026-11-20")

    assert "Ana Martín E1 Left 08:58:41 17:00:00 8:01" in text
    assert "Jo Park E2 Present late 09:12:00 09:12:00" in text
    assert "Guest V9 Present visitor 18:00:00" in text
    assert rows_of(web) == ["E1", "E2", "E3", "E4", "V9"]


def test_who_is_missing_is_seen_elsewhere(web: Web) -> None:
    """With the site and the time there."""
    assert "Zoë E4 Not marked seen at Kathmandu, 09:03:00 there" in text_of(web, "/hr/sites/london/days/2026-11-20")


@pytest.mark.parametrize(
    ("show", "wanted"),
    [
        ("present", ["E1", "E2", "V9"]),
        ("late", ["E2"]),
        ("absent", ["E3"]),
        ("not_marked", ["E4"]),
        ("visitor", ["V9"]),
        ("off", []),
    ],
)
def test_a_total_leads_to_the_rows_that_it_counts(web: Web, show: str, wanted: list[str]) -> None:
    """As many as the number says."""
    answer = web.client.get("/hr/sites/london/days/2026-11-20")

    assert rows_of(web, f"?show={show}") == wanted
    assert f"{len(wanted)}" in answer.text.partition(f'href="?show={show}"')[2].partition("</a>")[0]


def test_rows_are_sorted_and_found(web: Web) -> None:
    """By what a heading says, both ways; who has no time stands last in both."""
    assert rows_of(web, "?sort=first") == ["E1", "E2", "E3", "V9", "E4"]
    assert rows_of(web, "?sort=first&down=1") == ["V9", "E3", "E2", "E1", "E4"]
    assert rows_of(web, "?sort=name") == ["E1", "V9", "E2", "E3", "E4"]
    assert rows_of(web, "?q=PARK") == rows_of(web, "?q=e2") == ["E2"]
    assert rows_of(web, "?q=nobody") == []


@pytest.mark.parametrize("query", ["show=all", "sort=shoe", "page=0", "page=x", f"q={'x' * 81}"])
def test_what_cannot_be_asked_for_is_refused(web: Web, query: str) -> None:
    """In words, without an echo."""
    answer = web.client.get(f"/hr/sites/london/days/2026-11-20?{query}")

    assert answer.status_code == 400


def test_a_day_is_shown_as_it_was_known(web: Web) -> None:
    """By the clock of the site, with a banner; what was written later is left out."""
    text = text_of(web, "/hr/sites/london/days/2026-11-20?known=2026-11-20T09:12")

    assert "As known on Friday 20 November 2026, 09:12:00, London (UTC+00:00)" in text
    assert "Ana Martín E1 Present 08:58:41" in text
    assert "Jo Park E2 Present late 09:12:00" in text
    assert "Maya E3 Not marked" in text
    assert "As known on Friday" not in text_of(web, "/hr/sites/london/days/2026-11-20?known=")


@pytest.mark.parametrize("known", ["soon", "2026-02-30", "2026-11-20T25:00", "2026-11-20T09", "1e9"])
def test_what_is_no_time_is_told_beside_its_field(web: Web, known: str) -> None:
    """The sheet is shown as it is now, and the field says what it wants."""
    answer = web.client.get("/hr/sites/london/days/2026-11-20", params={"known": known})

    assert "Enter a date and a time of day" in visible_text(answer)
    assert tags(answer, "input", id="known")[0]["aria-invalid"] == "true"


def test_a_site_that_cannot_be_read_says_so(web: Web) -> None:
    """503, on a page with the way on."""
    answer = web.client.get("/hr/sites/broken/days/2026-11-20")

    assert answer.status_code == 503
    assert tags(answer, "a", href="/hr")


# A month


MONTH = "/hr/sites/london/months/2026-11"


def grid_of(web: Web, address: str = MONTH) -> dict[str, list[str]]:
    """Return what stands in the cells of a month, under each name with its ID; the first cells are days."""
    answer = web.client.get(address)
    assert answer.status_code == 200
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    found = {}
    for row in table.split("<tr>")[1:]:
        head, *cells = re.split(r"<td[^>]*>", row)
        name = " ".join(re.sub(r"<[^>]*>", "", head).split())
        found[name] = [re.sub(r"<[^>]*>", "", cell).strip() for cell in cells]
    return found


def test_a_month_has_a_cell_for_each_day_of_everybody(web: Web) -> None:
    """In words, whatever is seen of them; days that have not begun are empty; behind them stand the totals."""
    grid = grid_of(web)

    assert list(grid) == ["Ana Martín E1", "Jo Park E2", "Maya E3", "Zoë E4", "Guest V9, visitor"]
    assert [cells[19] for cells in grid.values()] == ["Left", "Present, late", "Absent", "Not marked", "Present"]
    assert grid["Zoë E4"][20:24] == ["Day off", "Day off", "Not marked", ""]
    assert grid["Jo Park E2"][30:] == ["1", "", "1", "15", "7", ""]


def test_a_cell_leads_to_the_day_of_the_person(web: Web) -> None:
    """By an address beside that of the month, so that the page stays small."""
    answer = web.client.get(MONTH)

    (link,) = tags(answer, "a", href="../employees/E2/days/2026-11-20")
    assert urljoin(MONTH, link["href"]) == "/hr/sites/london/employees/E2/days/2026-11-20"


def test_totals_of_days_lead_to_their_rows(web: Web) -> None:
    """And those of persons to their own days."""
    answer = web.client.get(MONTH)

    assert tags(answer, "a", href="/hr/sites/london/days/2026-11-20?show=late")
    assert tags(answer, "a", href="../employees/E4?month=2026-11&show=not_marked")


def test_this_and_last_month_are_those_of_the_site(web: Web) -> None:
    """At 23:30 UTC on 30 November it is December in Kathmandu."""
    web.clock.now = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    bearer = token_of(web, "late", "hr")

    assert "London, November 2026" in text_of(web, "/hr/sites/london/months/this", bearer)
    assert "London, October 2026" in text_of(web, "/hr/sites/london/months/last", bearer)
    assert "Kathmandu, December 2026" in text_of(web, "/hr/sites/kathmandu/months/this", bearer)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "next", "1899-12", "2200-01", "2026-11-20", "%3Cb%3E"])
def test_there_is_no_page_of_what_is_no_month(web: Web, month: str) -> None:
    """404 in words, by the address and by the form."""
    assert web.client.get(f"/hr/sites/london/months/{month}").status_code == 404
    assert web.client.get(f"/hr/sites/london/months?on={month[:7]}").status_code in {303, 404}


@pytest.mark.parametrize("month", ["1900-01", "2199-12"])
def test_the_first_and_the_last_month_have_one_neighbour(web: Web, month: str) -> None:
    """No link leads to a page that is not there."""
    answer = web.client.get(f"/hr/sites/london/months/{month}")

    assert len(tags(answer, "a", rel="prev") + tags(answer, "a", rel="next")) == 1


def test_a_month_that_has_not_begun_says_so(web: Web) -> None:
    """Its cells are empty."""
    assert "This month has not begun there yet." in text_of(web, "/hr/sites/london/months/2026-12")


def test_labels_of_one_kind_are_told_apart(web: Web) -> None:
    """By as many letters as it takes, of which the legend tells; the whole word is read out."""
    answer = web.client.get("/hr/sites/bern/months/2026-11")

    assert ">R</b>emote</a>" in answer.text.replace("<b>R", ">R")
    assert "<b>Si</b>ck</a>" in answer.text
    assert "Signs: O Office R Remote Si Sick Sa Sabbatical ? Not marked".replace("? ", "") in visible_text(answer)


def test_a_crowd_is_shown_in_parts_with_the_totals_of_all(web: Web) -> None:
    """200 of 501 on a page; somebody is found on whichever page they are."""
    first = web.client.get("/hr/sites/crowd/months/2026-11")
    last = grid_of(web, "/hr/sites/crowd/months/2026-11?page=3")

    assert first.text.count("<tr><th scope=row>") == 200
    assert "501 People" in visible_text(first)
    assert "all 501" in visible_text(first)
    assert tags(first, "a", rel="next", href="?page=2")
    assert len(last) == 101
    assert list(grid_of(web, "/hr/sites/crowd/months/2026-11?q=person+500")) == ["Person 500 C0500"]
    assert web.client.get("/hr/sites/crowd/months/2026-11?page=9").text.count("<tr><th scope=row>") == 101


def test_whoever_had_such_a_day_is_shown(web: Web) -> None:
    """And nobody else."""
    assert list(grid_of(web, f"{MONTH}?show=late")) == ["Jo Park E2"]


def test_a_month_is_shown_as_it_was_known(web: Web) -> None:
    """What was written later is left out."""
    grid = grid_of(web, f"{MONTH}?known=2026-11-20T09:00")

    assert [cells[19] for cells in grid.values()] == ["Present", "Not marked", "Not marked", "Not marked"]


def test_a_month_can_be_taken_away(web: Web) -> None:
    """As a file of each kind."""
    answer = web.client.get("/hr/sites/london/months/last")

    wanted = [f"/api/months/2026-10?site=london&format={name}" for name in ("xlsx", "csv", "parquet", "json")]
    assert [link for link in wanted if not tags(answer, "a", href=link)] == []


def test_a_month_as_it_was_known_is_taken_away_so(web: Web) -> None:
    """The file tells what the page under its banner does, not what is known now."""
    answer = web.client.get(f"{MONTH}?known=2026-11-20T09:00")

    links = [tag["href"] for tag in tags(answer, "a") if "format=csv" in tag.get("href", "")]
    rows = web.client.get(links[0]).text.splitlines()
    day = [row for row in rows if "2026-11-20" in row]
    assert [("Present" in row) for row in day] == [True, False, False, False]


def test_a_cell_is_small(web: Web) -> None:
    """With its link and its words: 500 people over 31 days who are there take a megabyte, and little more else."""
    cell = re.compile(r"<td[^>]*><a href=\.\./employees/[^>]*>[^<]*</a>")
    present = [one for one in cell.findall(web.client.get(MONTH).text) if "Present<" in one]
    missing = cell.findall(web.client.get("/hr/sites/crowd/months/2026-10").text)

    assert max(map(len, present)) < 60
    assert len(missing) == 200 * 31
    assert max(map(len, missing)) < 72


@pytest.mark.parametrize("path", ["/hr/sites/london/days/2026-11-20", MONTH])
def test_counts_are_of_everybody_whoever_is_looked_for(web: Web, path: str) -> None:
    """And the search says how many it found."""
    all_of_them, found = text_of(web, path), text_of(web, f"{path}?q=jo")

    counts = re.search(r"\d+ (?:All|People) .*?Late \d+ Not marked", all_of_them)
    assert counts is not None
    assert counts[0] in found
    assert "Find 1 found" in found
    assert " found" not in all_of_them


# Drawings


def test_arrivals_are_drawn_and_told_and_stand_in_a_table(web: Web) -> None:
    """Each quarter of an hour with its number, who is late as a part of it, and the line behind which one is.

    They came until the end of the last quarter, not until its beginning.
    """
    answer = web.client.get("/hr/sites/london/days/2026-11-20")
    text = visible_text(answer)

    assert "When people came: 3, from 08:45 to 18:15; most, 1, in the quarter of an hour from 08:45." in text
    assert "late after 09:00" in text
    assert len(tags(answer, "rect", **{"class": "bar-in"})) == 3
    assert len(tags(answer, "rect", **{"class": "bar-late"})) == 1
    assert "From Came Late 08:45 1 0 09:00 1 1 18:00 1 0" in text
    assert tags(answer, "svg", role="img")


def test_nothing_is_drawn_where_nobody_came(web: Web) -> None:
    """No empty axis."""
    assert not tags(web.client.get("/hr/sites/london/days/2026-11-21"), "svg")


def test_all_sites_lie_over_one_axis(web: Web) -> None:
    """Each with its own time and dates; one that cannot be read says so."""
    answer = web.client.get("/hr/sun/2026-11-20")
    text = visible_text(answer)

    assert "Follow the sun, Friday 20 November 2026" in text
    assert "Broken Its file was damaged by something else. Nobody can mark there now. Tell whoever" in text
    assert "ledger_damaged" not in text
    assert "Bern at most 1 of 2 in" in text  # Ueli is ill
    assert "Auckland at most 0 in" in text  # nobody knows of how many
    assert len(tags(answer, "path", **{"class": "in"})) == 5
    assert "Kathmandu 0 Fri 05:45 0 Fri 08:45 1 Fri 11:45" in text
    assert "Auckland 0 Fri 13:00" in text


def test_who_may_have_left_is_not_drawn_as_in(web: Web) -> None:
    """Bern does not mark leaving: eight hours after Urs came at nine he may be in; London does, and needs no doubt.

    He is half of the roster, so half as high as all of it would be.
    """
    answer = web.client.get("/hr/sun/2026-11-20")

    drawn = [tag["d"] for tag in tags(answer, "path", **{"class": "in"})]
    perhaps = [tag["d"] for tag in tags(answer, "path", **{"class": "in-perhaps"})]
    assert "M0 36H0V36H320V18H640V36ZM920 36H920V36H960V36Z" in drawn
    assert len(perhaps) == 2  # Kathmandu's guest as well
    assert "M640 36H640V18H920V36Z" in perhaps
    assert "1 Fri 13:00 1 Fri 16:00 ≤ 1 Fri 19:00 ≤ 1 Fri 22:00" in visible_text(answer)


def test_the_line_of_the_present_stands_on_its_own_day_only(web: Web) -> None:
    """Nothing is drawn after it, and what comes is no zero."""
    today, before = (web.client.get(f"/hr/sun/{on}") for on in ("today", "2026-11-22"))

    assert (len(tags(today, "path", **{"class": "now"})), len(tags(before, "path", **{"class": "now"}))) == (1, 0)
    assert "now, 09:00 UTC" in visible_text(today)
    assert "London 0 Mon 00:00 0 Mon 03:00 0 Mon 06:00 0 Mon 09:00 – Mon 12:00" in visible_text(today)


def test_working_hours_are_shaded_where_the_plan_has_them(web: Web) -> None:
    """London starts at nine, on workdays; the others do not say when."""
    friday, saturday = (web.client.get(f"/hr/sun/{on}") for on in ("2026-11-20", "2026-11-21"))

    (work,) = tags(friday, "rect", **{"class": "work"})
    assert (work["x"], work["width"]) == ("360.0", "320.0")  # of 960 for 24 hours
    assert not tags(saturday, "rect", **{"class": "work"})


def test_the_sun_shines_on_the_sites_of_the_grant(web: Web) -> None:
    """And on no other."""
    text = text_of(web, "/hr/sun/2026-11-20", token_of(web, "sunny", "hr", sites=["london"]))

    assert "London" in text
    assert "Kathmandu" not in text


@pytest.mark.parametrize("on", ["2026-02-30", "tomorrow"])
def test_the_sun_has_dates_alone(web: Web, on: str) -> None:
    """404 in words, by the address and by the form."""
    assert web.client.get(f"/hr/sun/{on}").status_code == 404
    assert web.client.get(f"/hr/sun?on={on}").status_code == 404
    assert web.client.get("/hr/sun?on=2026-11-20").headers["location"] == "/hr/sun/2026-11-20"


# A year of one employee


YEAR = "/hr/sites/london/employees/E2"


def test_a_year_is_drawn_summed_up_and_listed(web: Web) -> None:
    """A square for each day that has been, a row for each month, a row for each day that is not off."""
    answer = web.client.get(YEAR)
    text = visible_text(answer)

    (drawing,) = tags(answer, "svg", **{"class": "heat"})
    assert "Jo Park, 2026 ID E2, London" in text
    assert drawing["aria-label"].startswith("The days of 2026: 1 present, 0 absent, 1 late, 226 not marked")
    assert len(tags(answer, "g", transform="translate(0 54)")) == 1  # Thursday 1 January
    assert answer.text.count("<title>") == 1 + 327  # days until 23 November, and the page's own
    assert "November 1 0 1 15 7" in text
    assert "Fri 20 Nov Present late 09:12:00 UTC+00:00" in text


def test_a_month_of_a_year_lists_the_days_that_its_totals_count(web: Web) -> None:
    """By the address to which the page of the month leads as well."""
    answer = web.client.get(f"{YEAR}?month=2026-11&show=late")

    days = {tag["href"] for tag in tags(answer, "a") if "/days/2026" in tag["href"]}
    assert days == {f"{YEAR}/days/2026-11-20"}
    assert "Late, November 2026" in visible_text(answer)
    october = web.client.get(f"{YEAR}?month=2026-10")
    listed = re.findall(rf'"{YEAR}/days/(2026-\d\d)-\d\d"', october.text)
    assert listed == ["2026-10"] * 22


def test_a_year_can_be_taken_away(web: Web) -> None:
    """As a calendar and as a table."""
    answer = web.client.get(f"{YEAR}?year=2025")

    wanted = [f"/api/sites/london/employees/E2?year=2025&format={name}" for name in ("ics", "csv")]
    assert [link for link in wanted if not tags(answer, "a", href=link)] == []


def test_a_year_that_has_not_begun_says_so(web: Web) -> None:
    """And the way back is there."""
    answer = web.client.get(f"{YEAR}?year=2030")

    assert "There is nothing to tell of this year yet." in visible_text(answer)
    assert tags(answer, "a", rel="prev", href=f"{YEAR}?year=2029")


def test_a_year_is_shown_as_it_was_known(web: Web) -> None:
    """Its links, its files and the way back keep to that, and to the month that is listed."""
    answer = web.client.get(f"{YEAR}?month=2026-11&known=2026-11-20T09:00")

    assert "As known on Friday 20 November 2026, 09:00:00, London" in visible_text(answer)
    assert "09:12" not in visible_text(answer)
    assert "09:12" in text_of(web, f"{YEAR}?month=2026-11")
    assert tags(answer, "a", href=f"{YEAR}?month=2026-11")
    assert tags(answer, "input", name="month", value="2026-11")
    assert tags(answer, "a", href=f"{YEAR}?month=2026-11&show=late&known=2026-11-20T09%3A00#days")
    (file,) = [one["href"] for one in tags(answer, "a") if one.get("href", "").endswith("format=csv")]
    assert "09:12" not in web.client.get(file).text


@pytest.mark.parametrize("path", [f"{YEAR[:-1]}9", "/hr/sites/london/employees/%3Cb%3E", f"{YEAR}?month=2026-13"])
def test_there_is_no_page_of_whom_nobody_knows(web: Web, path: str) -> None:
    """404, and no echo."""
    answer = web.client.get(path)

    assert answer.status_code == 404
    assert "<b>" not in answer.text


@pytest.mark.parametrize("year", ["1899", "2200", "0", "x"])
def test_a_year_far_away_is_refused(web: Web, year: str) -> None:
    """400, as everywhere."""
    assert web.client.get(f"{YEAR}?year={year}").status_code == 400


# Amendments


def test_what_was_amended_says_so_with_who_and_why(web: Web) -> None:
    """On the day, in the month and in the year; on paper as well, since nothing has to be opened."""
    wish = Wish(employee_id="B1", on=date(2026, 11, 19), status="Sick", reason="<i>Called in</i>")
    site = services(web).registry_file.current.sites["bern"]
    services(web).amending.amend(site, wish, by="hr-ana")

    day = web.client.get("/hr/sites/bern/days/2026-11-19")
    month = web.client.get("/hr/sites/bern/months/2026-11")
    year = web.client.get("/hr/sites/bern/employees/B1")

    trail = "Amended: Sick, by hr-ana, Monday 23 November 2026, 10:00:03 (UTC+01:00): “ <i>Called in</i> ”"
    assert trail in visible_text(day).replace(" :", ":")
    assert trail in visible_text(year).replace(" :", ":")
    assert ' class="a e"><a href=../employees/B1/days/2026-11-19><b>Si</b>ck, amended</a>' in month.text
    assert tags(day, "a", href="?show=amended")
    assert tags(year, "use", href="#s-e")


# Links


@pytest.mark.parametrize(
    "path", ["/hr/days/2026-11-20", "/hr/sites/london/days/2026-11-20", MONTH, YEAR, "/hr/sun/today"]
)
def test_no_link_of_a_sheet_is_dead(web: Web, path: str) -> None:
    """Whatever is counted or offered is there; one of a kind stands for all, and a token has no account."""
    answer = web.client.get(path)
    links = {urljoin(path, tag["href"]).partition("#")[0] for tag in tags(answer, "a")}
    kinds = {re.sub(r"\d+", "0", link): link for link in links if "/broken/" not in link and link != "/account"}

    dead = [link for link in kinds.values() if web.client.get(link).status_code != 200]

    assert len(kinds) > 8
    assert dead == []
