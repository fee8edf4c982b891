"""Claims about where those were seen who are missing at their own site."""

from datetime import date
from typing import Any

from attendance.model import Site
from attendance.timesheet import DaySheet, day_sheet, sightings_in, with_sightings
from tests.conftest import build_site
from tests.sheet_kit import ANA, BO, amendment, roster, row

FRIDAY = date(2026, 11, 20)
ROME = build_site("rome", "Europe/Rome", visitors=True)
TOKYO = build_site("tokyo", "Asia/Tokyo", visitors=True)


def visited(site: Site, text: str, status: str = "Present", employee_id: str = "E1", name: str = "Ana") -> DaySheet:
    """Return the Friday of a site where somebody marked who does not belong there."""
    return day_sheet(site, FRIDAY, [row(f"2026-11-20T{text}", status, employee_id, name)], roster(BO))


def seen(*hosts: DaySheet, marks: Any = (), of: Any = ()) -> tuple[str, str] | None:
    """Return where Ana of London was seen, and when by the clock there."""
    home = day_sheet(build_site(), FRIDAY, marks, roster(ANA), of)
    sighting = with_sightings(home, sightings_in(hosts)).entries[0].seen
    return (sighting.site.site_id, f"{sighting.mark.marked_at + sighting.mark.utc_offset:%H:%M}") if sighting else None


def test_who_has_not_marked_at_home_is_seen_where_they_did() -> None:
    """With their first mark there."""
    assert seen(visited(ROME, "09:00:00+01:00")) == ("rome", "09:00")
    assert seen() is None


def test_of_several_places_the_first_counts() -> None:
    """By the instants, whatever the order of the sites and whatever their clocks show."""
    rome, tokyo = visited(ROME, "09:00:00+01:00"), visited(TOKYO, "16:30:00+09:00")

    assert seen(rome, tokyo) == seen(tokyo, rome) == ("tokyo", "16:30")


def test_an_id_in_another_case_is_the_same_person() -> None:
    """As in every sheet."""
    assert seen(visited(ROME, "09:00:00+01:00", employee_id="e1")) == ("rome", "09:00")


def test_the_same_id_with_another_name_is_somebody_else() -> None:
    """The rosters of two sites may both have it; a name that is shortened may be theirs."""
    assert seen(visited(ROME, "09:00:00+01:00", name="Zoé Blanc")) is None
    assert seen(visited(ROME, "09:00:00+01:00", name="MARTIN, A.")) == ("rome", "09:00")


def test_who_said_there_that_they_are_absent_was_not_seen() -> None:
    """Nor who belongs there."""
    belongs = day_sheet(ROME, FRIDAY, [row("2026-11-20T09:00:00+01:00")], roster(ANA))

    assert seen(visited(ROME, "09:00:00+01:00", "Absent")) is None
    assert seen(belongs) is None


def test_who_is_there_by_the_word_of_hr_alone_was_not_seen() -> None:
    """There is no mark to tell of."""
    ruled = day_sheet(ROME, FRIDAY, [], roster(BO), [amendment(FRIDAY, "Present")])

    assert seen(ruled) is None


def test_who_is_present_at_home_is_not_looked_for() -> None:
    """Who is absent there is."""
    host = visited(ROME, "09:00:00+01:00")

    assert seen(host, marks=[row("2026-11-20T08:00:00+00:00")]) is None
    assert seen(host, marks=[row("2026-11-20T08:00:00+00:00", "Absent")]) == ("rome", "09:00")
    assert seen(host, of=[amendment(FRIDAY, "Present")]) is None


def test_a_visitor_at_home_is_not_looked_for() -> None:
    """They are nobody's missing person."""
    home = day_sheet(build_site(), FRIDAY, [row("2026-11-20T08:00:00+00:00", "Absent")], roster(BO))

    assert [one.seen for one in with_sightings(home, sightings_in([visited(ROME, "09:00:00+01:00")])).entries] == [
        None,
        None,
    ]
