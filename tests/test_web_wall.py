"""Claims about the display on the wall: whom it shows, to which devices, and what of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access_web import kiosk_of, services
from tests.webapp import HEADER, HTML, Web, is_problem, serving_web, write_roster

SITES = {
    "oslo": "timezone: Europe/Oslo; roster: data/oslo.roster.csv; marking: kiosk; visitors: true; day_start: '04:00'; "
    "statuses: {In: present, Away: absent, Out: left}",
    "lima": "timezone: America/Lima; marking: kiosk",
}
BOARD = "/sites/oslo/board"
PEOPLE = f"{BOARD}/people"
PRESENT = [
    "2026-11-23T08:00:00+01:00,E1,Ana Martín,In",
    "2026-11-23T08:01:00+01:00,E2,Ana Pérez,In",
    '2026-11-23T08:02:00+01:00,V1,"Blanc, Zoé",In',
    "2026-11-23T08:03:00+01:00,E3,Bo Lind,In",
    "2026-11-23T09:00:00+01:00,E3,Bo Lind,Out",
    "2026-11-23T09:01:00+01:00,E4,Cy Young,Away",
]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Oslo, where three are in at ten o'clock, and Lima, where nobody is."""
    write_roster(tmp_path, "oslo", E1="Ana Martín", E2="Ana Pérez", E3="Bo Lind", E4="Cy Young", E5="Di Ek")
    (tmp_path / "data" / "oslo.csv").write_text(HEADER + "\n".join([*PRESENT, ""]), encoding="utf-8")
    with serving_web(tmp_path, sites=SITES, peer="127.0.0.1") as served:
        yield served


def shown(text: str) -> list[str]:
    """Return the names on the display."""
    return [line.split("</bdi>")[0] for line in text.split("<li><bdi>")[1:]]


def test_a_display_shows_the_first_names_of_who_is_in(web: Web) -> None:
    """Two Anas are told apart; who left, is absent, or has not marked is a number."""
    kiosk = kiosk_of(web, "oslo")

    page, part = web.client.get(BOARD, headers=kiosk).text, web.client.get(PEOPLE, headers=kiosk).text

    assert shown(page) == shown(part) == ["Ana M.", "Ana P.", "Zoé"]
    for number, word in ((3, "in"), (1, "left"), (1, "absent"), (1, "not marked")):
        assert f"<b>{number}</b> {word}" in part
    assert "10:00:03" in page
    assert "<html" not in part


@pytest.mark.parametrize("kept", ["Martín", "Pérez", "Blanc", "Bo", "Cy", "Di", "E1", "V1", "08:0", "09:0"])
def test_a_display_shows_no_more_of_anybody(web: Web, kept: str) -> None:
    """Neither family names nor IDs, nor who is not in, nor since when anybody is."""
    kiosk = kiosk_of(web, "oslo")

    page, part = web.client.get(BOARD, headers=kiosk).text, web.client.get(PEOPLE, headers=kiosk).text

    assert kept not in page.partition("<main")[2]
    assert kept not in part


def test_whom_hr_amended_is_shown_as_amended(web: Web) -> None:
    """A mark that was taken away shows nobody, and by the word of HR somebody is in."""
    kiosk = kiosk_of(web, "oslo")
    path = web.folder / "data" / "oslo.amendments.csv"
    rows = [
        "Timestamp,Action,About,Employee_ID,Name,Status,By,Reason,Reference",
        "2026-11-23T09:30:00+01:00,amended,2026-11-23T08:00:00+01:00,E1,Ana Martín,,hr,by mistake,",
        "2026-11-23T09:31:00+01:00,amended,2026-11-23,E5,Di Ek,In,hr,on the phone,",
        "",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")

    assert shown(web.client.get(PEOPLE, headers=kiosk).text) == ["Ana", "Di", "Zoé"]


def test_a_device_that_is_none_of_the_site_is_asked_for_a_code(web: Web) -> None:
    """And shows nobody; neither does the display of another site."""
    for headers in ({}, kiosk_of(web, "lima")):
        page = web.client.get(BOARD, headers=headers | HTML)

        assert page.status_code == 200
        assert 'name="code"' in page.text
        assert f'action="{BOARD}"' in page.text
        assert shown(page.text) == []
        assert is_problem(web.client.get(PEOPLE, headers=headers), 403, "kiosk_needed")


def test_a_code_of_hr_makes_a_screen_a_display(web: Web) -> None:
    """Once; it is led to the board, and what is wrong stands beside the field."""
    code = services(web).enrolling.code("hall", "oslo", by="hr")

    wrong = web.client.post(BOARD, data={"code": "AAAA-AAAA"}, headers=HTML)
    done = web.client.post(BOARD, data={"code": code}, headers=HTML, follow_redirects=False)
    page = web.client.get(BOARD)

    assert wrong.status_code == 403
    assert f'action="{BOARD}"' in wrong.text
    assert (done.status_code, done.headers["location"]) == (303, BOARD)
    assert shown(page.text) == ["Ana M.", "Ana P.", "Zoé"]


def test_a_ledger_that_cannot_be_read_is_said(web: Web) -> None:
    """Nobody is in is another thing; the reason is for ops."""
    kiosk = kiosk_of(web, "oslo")
    path = web.folder / "data" / "oslo.csv"
    path.unlink()
    path.mkdir()

    page = web.client.get(BOARD, headers=kiosk)

    assert page.status_code == 200
    assert "cannot be told now" in page.text
    assert "Nobody is in" not in page.text
    assert shown(page.text) == []


def test_an_empty_site_says_so(web: Web) -> None:
    """With the numbers that there are."""
    page = web.client.get("/sites/lima/board", headers=kiosk_of(web, "lima")).text

    assert "Nobody is in." in page
    assert "<b>0</b> in" in page
    assert "left</span>" not in page


def test_the_date_that_counts_is_said_where_it_is_another_one(web: Web) -> None:
    """At half past three the day before goes on at a site whose day turns at four."""
    kiosk = kiosk_of(web, "oslo")
    web.clock.move(hours=17, minutes=30)  # 03:30 on Tuesday in Oslo

    page = web.client.get(BOARD, headers=kiosk).text

    assert "for Monday 23 November 2026" in page
    assert shown(page) == ["Ana M.", "Ana P.", "Zoé"]


def test_a_name_is_never_markup(web: Web) -> None:
    """Whatever stands in the ledger."""
    kiosk = kiosk_of(web, "lima")
    rows = ["2026-11-23T03:00:00-05:00,E1,<b>Ana</b>,Present", ""]
    (web.folder / "data" / "lima.csv").write_text(HEADER + "\n".join(rows), encoding="utf-8")

    assert "&lt;b&gt;Ana&lt;/b&gt;" in web.client.get("/sites/lima/board/people", headers=kiosk).text


@pytest.mark.parametrize(("people", "crowd"), [(12, "few"), (13, "some"), (41, "many"), (111, "crowd")])
def test_letters_are_as_large_as_so_many_names_allow(web: Web, people: int, crowd: str) -> None:
    """Read from metres: few names are larger."""
    kiosk = kiosk_of(web, "lima")
    rows = [f"2026-11-23T03:00:00-05:00,E{number},Ana,Present" for number in range(people)]
    (web.folder / "data" / "lima.csv").write_text(HEADER + "\n".join([*rows, ""]), encoding="utf-8")

    assert f'class="names {crowd}"' in web.client.get("/sites/lima/board/people", headers=kiosk).text
