"""Claims about GET /api/days/{date}: what it tells, of which sites, and whom it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access_web import token_of
from tests.webapp import HEADER, Web, is_problem, serving_web, write_roster

SITES = {
    "london": "timezone: Europe/London; roster: data/london.roster.csv; start: '09:00'",
    "kathmandu": "timezone: Asia/Kathmandu",
    "honolulu": "timezone: Pacific/Honolulu",
}
DAY = "/api/days/2026-11-20"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Three sites with a Friday, asked by HR of all."""
    write_roster(tmp_path, "london", E1="Ana Martín", E2="Jo")
    (tmp_path / "data" / "london.csv").write_text(f"{HEADER}2026-11-20T09:00:01+00:00,E1,Ana Martín,Present\n", "utf-8")
    (tmp_path / "data" / "kathmandu.csv").write_text(f"{HEADER}2026-11-20T00:00:00+05:45,K1,Maya,Absent\n", "utf-8")
    with serving_web(tmp_path, sites=SITES, role="hr") as served:
        yield served


def test_a_day_is_told_of_every_site(web: Web) -> None:
    """Of each the work date of this name."""
    answer = web.client.get(DAY)

    assert answer.status_code == 200
    assert answer.json()["date"] == "2026-11-20"
    london, kathmandu, honolulu = answer.json()["sites"]
    assert london["totals"] == {"present": 1, "absent": 0, "late": 1, "not_marked": 1, "off": 0}
    assert london["employees"][0] == {
        "employee_id": "E1",
        "name": "Ana Martín",
        "status": "Present",
        "kind": "present",
        "first": "2026-11-20T09:00:01+00:00",
        "last": "2026-11-20T09:00:01+00:00",
        "late": True,
        "worked_seconds": None,
        "visitor": False,
        "amended": False,
        "trail": [],
        "seen": None,
    }
    assert [one["kind"] for one in kathmandu["employees"]] == ["absent"]
    assert (honolulu["employees"], honolulu["date"]) == ([], "2026-11-20")


def test_sites_can_be_chosen(web: Web) -> None:
    """In the order in which they are asked for, once each."""
    answer = web.client.get(f"{DAY}?site=kathmandu&site=london&site=kathmandu")

    assert [site["site"] for site in answer.json()["sites"]] == ["kathmandu", "london"]


def test_only_the_sites_of_the_grant_are_told(web: Web) -> None:
    """Whoever asks for another one is refused, whether there is such a site or not, and it stands in the audit."""
    bearer = token_of(web, "payroll", "hr", sites=["london"])

    all_of_them = web.client.get(DAY, headers=bearer)
    refused = [web.client.get(f"{DAY}?site=london&site={other}", headers=bearer) for other in ("kathmandu", "atlantis")]

    assert [site["site"] for site in all_of_them.json()["sites"]] == ["london"]
    assert all(is_problem(answer, 403, "forbidden") for answer in refused)
    assert not any("Maya" in answer.text for answer in refused)
    audit = (web.folder / "logs" / "audit.log").read_text(encoding="utf-8")
    assert '"who": "token payroll"' in audit
    assert '"site": "kathmandu"' in audit


def test_a_site_that_is_not_there_is_told_so_to_who_may_see_all(web: Web) -> None:
    """404, as everywhere."""
    assert is_problem(web.client.get(f"{DAY}?site=atlantis"), 404, "unknown_site")


@pytest.mark.parametrize("role", ["viewer", "ops"])
def test_only_hr_may_ask(web: Web, role: str) -> None:
    """Who sees the board does not see who came late last week."""
    assert is_problem(web.client.get(DAY, headers=token_of(web, f"a-{role}", role)), 403, "forbidden")


@pytest.mark.parametrize("on", ["today", "2026-02-30", "20261120", "0", "1893456000", "1899-12-31", "2200-01-01"])
def test_what_is_no_date_is_refused(web: Web, on: str) -> None:
    """Without an echo of it; a number is not taken for seconds since 1970."""
    answer = web.client.get(f"/api/days/{on}")

    assert is_problem(answer, 400, "malformed_request")
    assert on not in answer.json()["detail"]


@pytest.mark.parametrize("on", ["1900-01-01", "2199-12-31", "2027-02-01"])
def test_any_day_can_be_asked_for(web: Web, on: str) -> None:
    """One that has not begun has nobody who is absent."""
    totals = [site["totals"] for site in web.client.get(f"/api/days/{on}").json()["sites"]]

    assert [one["absent"] for one in totals] == [0, 0, 0]


def test_a_roster_that_cannot_be_read_refuses_the_whole_answer(web: Web) -> None:
    """A part of it would look like all."""
    (web.folder / "data" / "london.roster.csv").write_text("Name\n", encoding="utf-8")

    refused = web.client.get(DAY)

    assert "the site london" in refused.json()["detail"]
    assert is_problem(refused, 503, "site_unreadable")
    assert web.client.get(f"{DAY}?site=kathmandu").status_code == 200


def test_a_day_is_told_as_it_was_known(web: Web) -> None:
    """At an instant, or at the end of a work date of each site; a plus that is not encoded is a plus all the same."""
    kinds = {}
    for known in ("2026-11-20T09:00:00Z", "2026-11-20T09:00:01+00:00", "2026-11-19", "2026-11-20", ""):
        sites = web.client.get(f"{DAY}?as_known_on={known}").json()["sites"]
        kinds[known] = [[one["kind"] for one in site["employees"]] for site in sites[:2]]

    assert kinds == {
        "2026-11-20T09:00:00Z": [["not_marked", "not_marked"], ["absent"]],
        "2026-11-20T09:00:01+00:00": [["present", "not_marked"], ["absent"]],
        "2026-11-19": [["not_marked", "not_marked"], []],
        "2026-11-20": [["present", "not_marked"], ["absent"]],
        "": [["present", "not_marked"], ["absent"]],
    }


@pytest.mark.parametrize("known", ["yesterday", "2026-11-20T09:00:00", "2026-11-20T09:00:00%2B24:00", "20261120"])
def test_what_is_no_instant_is_refused(web: Web, known: str) -> None:
    """With what to write, and without an echo."""
    answer = web.client.get(f"{DAY}?as_known_on={known}")

    assert is_problem(answer, 422, "invalid_query")
    assert "with its offset" in answer.json()["fields"]["as_known_on"]
    assert known not in answer.text


def test_who_is_missing_is_told_where_they_are_as_far_as_the_token_reaches(tmp_path: Path) -> None:
    """Also where that site is not asked for; another token sees nothing of it, and what HR amended has its trail."""
    sites = SITES | {"rome": "timezone: Europe/Rome; visitors: true; roster: data/rome.roster.csv"}
    write_roster(tmp_path, "london", E1="Ana Martín", E2="Jo")
    write_roster(tmp_path, "rome", R1="Rea")
    (tmp_path / "data" / "rome.csv").write_text(f"{HEADER}2026-11-20T09:00:00+01:00,E1,Ana Martín,Present\n", "utf-8")
    amendments = "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference\n"
    amendments += "2026-11-21T09:00:00+00:00,amended,2026-11-20,E2,Jo,Absent,hr,ill,\n"
    (tmp_path / "data" / "london.amendments.csv").write_text(amendments, "utf-8")

    with serving_web(tmp_path, sites=sites, role="hr") as web:
        ana, jo = web.client.get(f"{DAY}?site=london").json()["sites"][0]["employees"]
        narrow = web.client.get(DAY, headers=token_of(web, "payroll", "hr", sites=["london"]))
        before = web.client.get(f"{DAY}?site=london&as_known_on=2026-11-20").json()["sites"][0]["employees"]

    assert (ana["kind"], ana["seen"]) == ("not_marked", {"site": "rome", "timestamp": "2026-11-20T09:00:00+01:00"})
    assert narrow.json()["sites"][0]["employees"][0]["seen"] is None
    assert "rome" not in narrow.text
    assert (jo["kind"], jo["amended"], jo["first"]) == ("absent", True, None)
    assert jo["trail"] == [
        {
            "written": "2026-11-21T09:00:00+00:00",
            "action": "amended",
            "about": "2026-11-20",
            "status": "Absent",
            "by": "hr",
            "reason": "ill",
        }
    ]
    assert (before[1]["kind"], before[1]["amended"], before[1]["trail"]) == ("not_marked", False, [])
