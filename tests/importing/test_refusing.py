"""Claims about what an import refuses: what could be meant otherwise, by the number of its row."""

import pytest

from tests.importing.kit import (
    ANA,
    ANA_LEAVES,
    JO,
    MakeForeign,
    MakeSite,
    OpenImporting,
    lines,
    numbers,
    reasons,
)


def test_a_refused_row_stops_all_unless_it_is_to_be_left_out(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Nothing is added while a row is refused; only whoever says so leaves it out."""
    site = make_site()
    path = foreign(ANA, "yesterday,E2,Jo Reed,Present", ANA_LEAVES)

    first = open_importing(site).write(path, leave_out=False)
    before = lines(site)
    second = open_importing(site).write(path, leave_out=True)

    assert (first.written, before) == (False, [])
    assert numbers(first) == {"new": [2, 4], "refused": [3]}
    assert second.written
    assert lines(site) == [ANA, ANA_LEAVES]


def test_a_row_before_the_last_of_the_ledger_is_refused(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Rows only follow rows: what is older and does not stand there yet cannot be added any more."""
    site = make_site()
    open_importing(site).write(foreign(JO), leave_out=False)

    outcome = open_importing(site).write(foreign(ANA, JO, ANA_LEAVES), leave_out=False)

    assert numbers(outcome) == {"new": [4], "standing": [3], "refused": [2]}
    assert "older than the last row" in reasons(outcome)
    assert "docs/operations.md" in reasons(outcome)
    assert lines(site) == [JO]


def test_a_row_of_the_last_instant_may_follow_it(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Instants never go backwards, but may stay."""
    site = make_site()
    ben = ANA.replace("E1,Ana Park", "E3,Ben Cole")
    open_importing(site).write(foreign(ANA), leave_out=False)

    open_importing(site).write(foreign(ben), leave_out=False)

    assert lines(site) == [ANA, ben]


def test_a_row_of_the_future_is_refused(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """No mark could follow a row of the future; the present second is none."""
    now, later = (f"2026-11-23T09:00:0{second}+00:00,E1,Ana,Present" for second in (3, 4))

    outcome = open_importing(make_site()).preview(foreign(now, later))

    assert numbers(outcome) == {"new": [2], "refused": [3]}
    assert "future" in reasons(outcome)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("present", "write Present"),
        ("Gone", "write Present or Absent"),
        ("", "Status is empty"),
        ("\x1b[31mX", r"'\x1b[31mX' is no status"),
    ],
)
def test_another_status_is_refused_with_the_label_that_was_meant(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign, status: str, said: str
) -> None:
    """A status is one of the site's, to the letter; what stands in the file never reaches the terminal raw."""
    outcome = open_importing(make_site()).preview(foreign(f"2026-11-20T09:00:03+00:00,E1,Ana,{status}"))

    assert numbers(outcome) == {"refused": [2]}
    assert said in reasons(outcome)


def test_a_broken_row_is_refused_by_its_number(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Half a row at the end of a damaged ledger stops no other."""
    outcome = open_importing(make_site()).preview(foreign(ANA, 'x,"y', JO, JO[:31]))

    assert numbers(outcome) == {"new": [2, 4], "refused": [3, 5]}


@pytest.mark.parametrize("name", ["", "=1+1", "A\u202eB", "17"])
def test_a_name_that_could_not_be_marked_is_refused(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign, name: str
) -> None:
    """Names are held to the same rules as when somebody types them."""
    outcome = open_importing(make_site()).preview(foreign(f"2026-11-20T09:00:03+00:00,E1,{name},Present"))

    assert numbers(outcome) == {"refused": [2]}


def test_an_id_of_two_people_on_one_date_is_refused(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """Somebody else's mark under the same ID is never left out as a repeat."""
    outcome = open_importing(make_site()).preview(foreign(ANA, ANA.replace("Ana Park", "Jo Reed")))

    assert numbers(outcome) == {"new": [2], "refused": [3]}
    assert "clearly another name" in reasons(outcome)
