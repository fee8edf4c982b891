"""Claims about whose marks an import takes: IDs as they were given out, and who could mark at the site."""

import pytest

from attendance.errors import RosterError
from tests.importing.kit import (
    ANA,
    ANA_LEAVES,
    MakeForeign,
    MakeSite,
    OpenImporting,
    lines,
    numbers,
    reasons,
)


@pytest.mark.parametrize(
    ("employee_id", "said"),
    [
        ("1.23E+05", "power of ten"),
        ("1,2E+07", "power of ten"),
        ("1E+05", "power of ten"),
        ("1.5e10", "power of ten"),
        ("123.0", "decimal"),
        ("123.00", "decimal"),
        ("12 345", "blanks or separators"),
        ("12\u202f345", "blanks or separators"),
        ("12,345", "blanks or separators"),
        ("12'345", "blanks or separators"),
        ("E 42", "blanks or separators"),
        ("", "Enter your ID"),
        ("=1", "An ID has"),
    ],
)
def test_a_mangled_id_is_refused(
    open_importing: OpenImporting, make_site: MakeSite, foreign: MakeForeign, employee_id: str, said: str
) -> None:
    """What a spreadsheet makes of an ID is never taken for the ID."""
    outcome = open_importing(make_site()).preview(foreign(f'2026-11-20T09:00:03+00:00,"{employee_id}",Ana,Present'))

    assert numbers(outcome) == {"refused": [2]}
    assert said in reasons(outcome)


@pytest.mark.parametrize("roster", [True, False])
def test_an_id_that_lost_its_zeros_is_refused(
    open_importing: OpenImporting,
    make_site: MakeSite,
    with_roster: MakeSite,
    foreign: MakeForeign,
    *,
    roster: bool,
) -> None:
    """Where the roster, or else the ledger, knows 00123, the ID 123 is refused and 00123 is offered."""
    site = with_roster("00123,Ana Park") if roster else make_site()
    if not roster:
        open_importing(site).write(foreign(ANA.replace("E1", "00123")), leave_out=False)

    outcome = open_importing(site).preview(foreign(ANA_LEAVES.replace("E1", "123")))

    assert numbers(outcome) == {"refused": [2]}
    assert "write 00123" in reasons(outcome)


def test_an_id_that_the_roster_knows_is_none_that_was_mangled(
    open_importing: OpenImporting, with_roster: MakeSite, foreign: MakeForeign
) -> None:
    """Whoever really has the ID 5.0 stands on the roster; and 123 may be there beside 00123."""
    site = with_roster("5.0,Ana Park", "00123,Jo Reed", "123,Ben Cole")
    rows = (f"2026-11-20T09:00:03+00:00,{one},,Present" for one in ("5.0", "123"))

    assert numbers(open_importing(site).preview(foreign(*rows))) == {"new": [2, 3]}


def test_the_roster_gives_id_and_name(
    open_importing: OpenImporting, with_roster: MakeSite, foreign: MakeForeign
) -> None:
    """The file may lack the names; what is written is the roster's."""
    site = with_roster("E1,Ana Park", "E2,Jo Reed")
    path = foreign("2026-11-20T09:00:03+00:00,e1,Present", titles="Timestamp,Employee_ID,Status")

    open_importing(site).write(path, leave_out=False)

    assert lines(site) == [ANA]


@pytest.mark.parametrize(
    ("employee", "said"), [("E9,Ana Park", "roster of the site"), ("E1,Zoe Quist", "clearly another name")]
)
def test_who_could_not_mark_is_refused(
    open_importing: OpenImporting, with_roster: MakeSite, foreign: MakeForeign, employee: str, said: str
) -> None:
    """An ID that is not on the roster, and a name that is another's, are refused as when somebody marks."""
    outcome = open_importing(with_roster("E1,Ana Park")).preview(
        foreign(f"2026-11-20T09:00:03+00:00,{employee},Present")
    )

    assert numbers(outcome) == {"refused": [2]}
    assert said in reasons(outcome)


def test_a_visitor_is_admitted_where_visitors_may_mark(
    open_importing: OpenImporting, with_roster: MakeSite, make_site: MakeSite, foreign: MakeForeign
) -> None:
    """A site that takes visitors takes their old rows too."""
    paris = with_roster("P1,Léa Roy")
    home = paris.roster_path
    assert home is not None
    home = home.rename(home.with_name("paris.roster.csv"))
    london = with_roster("E1,Ana Park", visitors=True)

    outcome = open_importing(london, make_site("paris", "Europe/Paris", roster_path=home)).preview(
        foreign("2026-11-20T09:00:03+00:00,P1,Lea Roy,Present")
    )

    assert [item.mark.name for item in outcome.new] == ["Léa Roy"]


def test_a_broken_roster_stops_the_import(
    open_importing: OpenImporting, with_roster: MakeSite, foreign: MakeForeign
) -> None:
    """While it is not known who belongs to the site, nobody is let in."""
    with pytest.raises(RosterError):
        open_importing(with_roster("=1,Ana")).preview(foreign(ANA))
