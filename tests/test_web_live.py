"""Claims about the pages of who is in now, and a stream that is asked once: who sees what, and what links where."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Request
from httpx2 import Response

from attendance.errors import (
    AccessStorageError,
    AccountsError,
    ClosedSheetDamagedError,
    LedgerError,
    PinsError,
    RosterError,
)
from attendance.live import Happening, Place, Places, Watch, watching
from attendance.web.access import caller_of, still_may
from attendance.web.api.live import FRESH_SECONDS, _events
from attendance.web.hr.troubles import trouble
from attendance.web.readiness import WARNINGS
from tests.access_web import add_account, session_of, token_of
from tests.webapp import HTML, Web, is_problem, serving_web, tags, visible_text

EVERY_DAY = "workdays: [mon, tue, wed, thu, fri, sat, sun]"
PLAN = "start: '09:00'; grace_minutes: 10"
SITES = {
    "london": f"timezone: Europe/London; roster: data/london.roster.csv; {PLAN}; visitors: true; {EVERY_DAY}",
    "kathmandu": f"timezone: Asia/Kathmandu; roster: data/kathmandu.roster.csv; visitors: true; {EVERY_DAY}",
    "night": "timezone: Europe/Madrid; day_start: '11:00'",
}
ROSTERS = {"london": "L1,Ana Park\nL2,Bo Park\nL3,Cy Park\n", "kathmandu": "K1,Kiran Rai\n"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Three sites at 09:00:03 UTC on a Monday, asked from the machine itself."""
    (tmp_path / "data").mkdir()
    for site_id, rows in ROSTERS.items():
        (tmp_path / "data" / f"{site_id}.roster.csv").write_text(f"Employee_ID,Name\n{rows}", encoding="utf-8")
    with serving_web(tmp_path, peer="127.0.0.1", sites=SITES) as served:
        yield served


def mark(web: Web, employee_id: str, status: str = "Present", site: str = "london") -> None:
    """Mark somebody."""
    body = {"employee_id": employee_id, "name": "" if site != "night" else "Ana", "status": status}
    assert web.client.post(f"/sites/{site}/attendance", json=body).status_code == 201


def page(web: Web, path: str, role: str = "hr", sites: list[str] | None = None) -> Response:
    """Return a page as somebody with this role at these sites sees it."""
    header = HTML | session_of(web, add_account(web, f"{role}-{len(path)}-{len(sites or [])}", role, sites=sites))
    web.client.cookies.clear()
    return web.client.get(path, headers=header)


def counts(answer: Response, site_id: str) -> dict[str, str]:
    """Return the numbers of a site's row by where they lead."""
    row = answer.text.partition(f'data-id="{site_id}"')[2].partition("</tr>")[0]
    found = {}
    for cell in row.split("?show=")[1:]:
        name, _, rest = cell.partition('"')
        found[name] = rest.partition(">")[2].partition("<")[0]
    return found


def test_the_first_page_counts_each_site_and_each_number_leads_to_its_names(web: Web) -> None:
    """Late is a part of present."""
    web.clock.move(minutes=20)
    mark(web, "L1")
    mark(web, "L2", "Absent")
    mark(web, "K1", site="kathmandu")

    answer = page(web, "/hr")

    assert list(counts(answer, "london").items()) == [
        ("present", "1"),
        ("absent", "1"),
        ("late", "1"),
        ("not_marked", "1"),
        ("off", "0"),
    ]
    assert counts(answer, "kathmandu")["present"] == "1"
    assert [tag["data-sum"] for tag in tags(answer, "b") if "data-sum" in tag] == list(counts(answer, "london"))
    assert "Nothing is wrong." in visible_text(answer)


def test_a_board_shows_who_a_number_counts(web: Web) -> None:
    """And the rest on one more click."""
    web.clock.move(minutes=20)
    mark(web, "L1")

    late, missing = (page(web, f"/hr/sites/london?show={show}") for show in ("late", "not_marked"))

    assert [tag["data-id"] for tag in tags(late, "tr") if "data-id" in tag] == ["l1"]
    assert [tag["data-id"] for tag in tags(missing, "tr") if "data-id" in tag] == ["l2", "l3"]


def test_people_of_all_sites_are_found_by_a_part_of_their_name(web: Web) -> None:
    """With what they are now and where; sites are found by the same words."""
    mark(web, "K1", site="kathmandu")

    found, site = visible_text(page(web, "/hr?q=kiran")), page(web, "/hr?q=kathmandu")

    assert "Kiran Rai" in found
    assert "K1: Present" in " ".join(found.split())
    assert "No site is called that." not in found
    assert [tag["data-id"] for tag in tags(site, "tr") if "data-id" in tag] == ["kathmandu"]
    assert "1 of 3 sites." in visible_text(site)


def test_a_name_that_is_found_leads_to_their_day_or_to_their_row(web: Web) -> None:
    """To the day for whoever may see it, else to the board; what nobody and no site is called is said of both."""
    links = [
        {tag["href"] for tag in tags(page(web, "/hr?q=kiran", role), "a") if "K1" in tag["href"]}
        for role in ("hr", "viewer")
    ]
    nobody = visible_text(page(web, "/hr?q=zzzz"))

    day = "/hr/sites/kathmandu/employees/K1/days/2026-11-23"
    assert links == [{day, "/hr/sites/kathmandu?q=K1"}, {"/hr/sites/kathmandu?q=K1"}]
    assert page(web, day).status_code == 200
    assert "Nobody’s name or ID holds that." in nobody
    assert "No site is called that." in nobody


def test_a_search_without_hits_says_so(web: Web) -> None:
    """And leads back to all; that nobody has marked is another thing. The numbers stay those of everybody."""
    mark(web, "L1")

    answer = page(web, "/hr/sites/london?q=zzzz")
    found = page(web, "/hr/sites/london?q=park&show=not_marked")

    said = " ".join(visible_text(answer).split())
    assert "Nobody has marked yet" not in said
    assert "Nobody’s name or ID holds “ zzzz ”. Show all" in said
    assert "3 All" in said
    assert "2 found among these." in " ".join(visible_text(found).split())
    assert "Nobody has marked yet on this work date." in visible_text(page(web, "/hr/sites/night"))


@pytest.fixture
def leaving(tmp_path: Path) -> Iterator[Web]:
    """London, where people mark when they leave, and Kathmandu, where they do not; in London one came and one left."""
    (tmp_path / "data").mkdir()
    statuses = "statuses: {Present: present, Absent: absent, Left: left}"
    sites = SITES | {"london": f"{SITES['london']}; {statuses}"}
    for site_id, rows in ROSTERS.items():
        (tmp_path / "data" / f"{site_id}.roster.csv").write_text(f"Employee_ID,Name\n{rows}", encoding="utf-8")
    with serving_web(tmp_path, peer="127.0.0.1", sites=sites) as served:
        for employee_id, status in (("L1", "Present"), ("L2", "Present"), ("L2", "Left")):
            mark(served, employee_id, status)
        mark(served, "K1", site="kathmandu")
        yield served


def test_who_left_is_not_counted_as_in_now(leaving: Web) -> None:
    """First who is in, then who left; `present` has both. Where nobody marks leaving, who is present is in."""
    answer = page(leaving, "/hr")
    board, without = page(leaving, "/hr/sites/london"), page(leaving, "/hr/sites/kathmandu")
    muster = visible_text(page(leaving, "/hr/sites/london/muster"))

    assert list(counts(answer, "london").items())[:3] == [("in", "1"), ("left", "1"), ("present", "2")]
    assert counts(answer, "kathmandu")["in"] == "1"
    assert "left" not in counts(answer, "kathmandu")
    assert [tag["data-total"] for tag in tags(board, "b") if "data-total" in tag][:3] == ["in", "left", "present"]
    assert not [tag for tag in tags(without, "b") if tag.get("data-total") in {"in", "left"}]
    assert "In the house: 1" in muster


@pytest.mark.parametrize(("show", "wanted"), [("in", ["l1"]), ("left", ["l2"]), ("present", ["l1", "l2"])])
def test_a_board_shows_who_is_in_and_who_left(leaving: Web, show: str, wanted: list[str]) -> None:
    """Each number leads to those whom it counts."""
    answer = page(leaving, f"/hr/sites/london?show={show}")

    assert [tag["data-id"] for tag in tags(answer, "tr") if "data-id" in tag] == wanted


@pytest.mark.parametrize("path", ["days/today", "months/2026-11", "employees/L1"])
@pytest.mark.parametrize("show", ["in", "left"])
def test_what_is_asked_of_now_fits_other_sheets_too(leaving: Web, path: str, show: str) -> None:
    """No page of a day or a month fails by it."""
    assert page(leaving, f"/hr/sites/london/{path}?show={show}").status_code == 200


def test_nobody_is_missing_before_they_are_due(web: Web) -> None:
    """Until the start and its grace are over they are not due yet, which is counted apart; then they are missing."""
    web.clock.move(minutes=5)
    early, board = page(web, "/hr"), page(web, "/hr/sites/london")
    web.clock.move(minutes=5)
    late, missing = page(web, "/hr?q="), page(web, "/hr/sites/london?q=")

    sums = [
        [int(one.partition(">")[2].partition("<")[0]) for one in answer.text.split('data-sum="not_marked"')[1:]]
        for answer in (early, late)
    ]
    assert sums == [[1], [4]]  # Kathmandu has no start
    assert counts(early, "london")["not_marked"] == "3"
    assert "3 Not due yet" in " ".join(visible_text(early).split())
    assert "Not due yet" not in visible_text(late)
    assert "Nobody is missing before 09:10." in visible_text(board)
    assert "3 Not due yet" in " ".join(visible_text(board).split())
    assert "Not marked" not in visible_text(board)
    assert "3 Not marked" in " ".join(visible_text(missing).split())


def test_hr_of_one_site_sees_nothing_of_another(web: Web) -> None:
    """Neither its name, nor its people by searching, nor where somebody of theirs was seen, nor its troubles."""
    mark(web, "L1", site="kathmandu")
    (web.folder / "data" / "night.csv").mkdir(exist_ok=True)

    texts = [page(web, path, sites=["london"]).text for path in ("/hr", "/hr?q=k1", "/hr/sites/london")]
    texts.append(page(web, "/hr/sites/london/muster", sites=["london"]).text)
    elsewhere = page(web, "/hr/sites/london", "viewer")

    assert all("Kathmandu" not in text and "Kiran" not in text and "Night" not in text for text in texts)
    assert "seen at" in elsewhere.text
    assert page(web, "/hr/sites/kathmandu/muster", sites=["london"]).status_code == 403


def test_a_viewer_sees_the_board_and_no_way_to_what_hr_may(web: Web) -> None:
    """Names, but no link to anybody's days."""
    answer = page(web, "/hr/sites/london", "viewer")

    assert "Bo Park" in visible_text(answer)
    assert not [tag for tag in tags(answer, "a") if "/employees/" in tag["href"] or "/roster" in tag["href"]]


def test_what_is_wrong_is_said_with_what_to_do(web: Web) -> None:
    """For HR, and at the site as well; what is right at other sites stays to be seen."""
    (web.folder / "data" / "night.csv").mkdir()
    (web.folder / "data" / "kathmandu.roster.csv").write_text("nonsense", encoding="utf-8")

    answer = page(web, "/hr")
    there = page(web, "/hr/sites/kathmandu")

    said = visible_text(answer)
    assert "Something is wrong at 2 sites" in said
    assert "Its roster has a mistake." in said
    assert "Its file was damaged by something else." in said
    assert tags(answer, "a", href="/hr/sites/kathmandu/roster")
    assert counts(answer, "night") == {}
    assert counts(answer, "london")["not_marked"] == "3"
    assert "Its roster has a mistake." in visible_text(there)
    assert "Who is in cannot be told now." in visible_text(there)


FINDINGS = [
    *(one.code for one in LedgerError.__subclasses__() if one is not ClosedSheetDamagedError),
    *(one.code for one in (RosterError, PinsError, AccountsError, AccessStorageError)),
    *sorted(WARNINGS),
]


@pytest.mark.parametrize("code", FINDINGS)
def test_a_finding_has_words(code: str) -> None:
    """No code is shown to HR, whichever of those that the look at a site may find."""
    found = trouble(code)

    assert code not in found.what
    assert found.todo


def test_a_work_day_that_is_not_the_date_is_said(web: Web) -> None:
    """A night shift's day goes on while its clock shows the next date."""
    answer = page(web, "/hr")

    assert "Its work day is still Sunday 22 November 2026." in visible_text(answer)


def test_the_list_for_an_evacuation_has_who_is_inside_and_apart_from_them_the_rest(web: Web) -> None:
    """Visitors too; whoever is absent or has not marked, and where they were seen."""
    mark(web, "L2")
    mark(web, "K1")
    mark(web, "L3", site="kathmandu")
    mark(web, "L1", "Absent")

    answer = page(web, "/hr/sites/london/muster", "viewer")

    inside, _, apart = answer.text.partition("Not in the house")
    assert inside.index("Bo Park") < inside.index("Kiran Rai")
    assert "visitor" in inside
    assert "Ana Park" not in inside
    assert "Ana Park" in apart
    assert "seen at <bdi>Kathmandu</bdi>" in apart
    assert "09:00:03, Monday 23 November 2026" in visible_text(answer)


def test_an_evacuation_list_that_cannot_be_told_says_so(web: Web) -> None:
    """It does not look like an empty house."""
    (web.folder / "data" / "night.csv").mkdir()

    answer = page(web, "/hr/sites/night/muster")

    assert "Who is in cannot be told now." in visible_text(answer)
    assert "In the house" not in visible_text(answer)


def test_a_stream_that_is_asked_once_ends(web: Web) -> None:
    """With the totals first, and with what was missed the next time."""
    token = token_of(web, "program", "viewer", sites=["london"])
    first = web.client.get("/api/live?follow=false", headers=token)
    places = next(line for line in first.text.splitlines() if line.startswith("id: ")).removeprefix("id: ")
    mark(web, "L1")

    by_query = web.client.get(f"/api/live?follow=false&after={places}", headers=token)
    by_header = web.client.get("/api/live?follow=false", headers=token | {"Last-Event-ID": places})

    assert first.headers["content-type"].startswith("text/event-stream")
    assert "event: board" in first.text
    assert "event: mark" in by_query.text
    assert "event: board" not in by_query.text
    assert by_header.text == by_query.text


def test_nothing_is_told_to_whoever_may_no_more(web: Web) -> None:
    """What happens after a right was taken away is not among the last words of a stream that was open."""
    site = web.app.state.services.registry_file.current.resolve("london")
    place = Place(edition=1, offset=1)
    happening = Happening(site_id="london", place=place, kind="changed", body="{}")
    may = [True]

    async def listen() -> list[bytes]:
        """Hear of one happening, lose the right to, and return what is told of the next."""
        heard = asyncio.Event()
        watch = Watch([site], Places(by_site={}), heard.set)
        stream = _events(watch, heard, lambda: may[0])
        watch.hear(happening)
        begun = [await anext(stream), await anext(stream)]
        assert b"event: changed" in begun[1]
        may[0] = False
        await asyncio.sleep(FRESH_SECONDS + 0.05)
        watch.hear(happening)
        return [told async for told in stream]

    assert asyncio.run(listen()) == []


def test_one_stream_too_many_is_a_problem(web: Web) -> None:
    """503, with a code and when to come again."""
    token = token_of(web, "program", "viewer")
    live = web.app.state.services.live
    site = web.app.state.services.registry_file.current.resolve("london")
    for _ in range(watching.MAX_STREAMS):
        live.watch([site], "", lambda: None)

    refused = web.client.get("/api/live?follow=false", headers=token)

    assert is_problem(refused, 503, "too_many_streams")
    assert "retry-after" in refused.headers


def test_a_stream_keeps_no_session_alive(web: Web) -> None:
    """Whoever only listens is signed out an hour after the last page: what a stream asks by itself is no use."""
    cookie = session_of(web, add_account(web, "idle", "viewer"))["Cookie"]
    request = Request({"type": "http", "path": "/api/live", "app": web.app, "headers": [(b"cookie", cookie.encode())]})
    listener = caller_of(request)
    assert listener

    heard = []
    for _ in range(3):
        web.clock.move(minutes=25)
        heard.append(still_may(request, listener))

    assert heard == [True, True, False]
