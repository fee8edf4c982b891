"""Claims about who may call what from elsewhere than the machine itself, and where no site stands in the address."""

from pathlib import Path

from tests.access_web import add_account, kiosk_of, session_of
from tests.test_web_access import EVERYBODY, MAY, SIGNED_IN, SITES, ask
from tests.webapp import serving_web, write_roster


def test_from_elsewhere_nobody_passes_a_rule_without_the_second_factor(tmp_path: Path) -> None:
    """At every route that asks for a role; one's own account is open, since the factor is set up there."""
    with serving_web(tmp_path, scheme="https", sites=SITES) as far:
        account = add_account(far, "ana", "hr", "ops")

        told = {route: ask(far, route, "london", session_of(far, account)) for route in MAY}

    needed = {route for route, answer in told.items() if "second_factor_needed" in answer.text}
    asked = {route for route, who in MAY.items() if who & SIGNED_IN and who != EVERYBODY}
    assert needed == {route for route in asked if " /account" not in route}


def test_marks_without_a_site_follow_the_rule_of_the_site_that_is_found(tmp_path: Path) -> None:
    """A kiosk finds its own; a stranger finds nobody, whoever is on the roster: they may not mark there either way."""
    write_roster(tmp_path, "oslo", E7="Ana Martín")
    block = "timezone: Europe/Oslo; roster: data/oslo.roster.csv; marking: kiosk"
    mark = {"employee_id": "E7", "status": "Present"}
    with serving_web(tmp_path, sites={"oslo": block}) as web:
        stranger = web.client.post("/attendance", json=mark)
        nobody = web.client.post("/attendance", json=mark | {"employee_id": "E8"})
        at_kiosk = web.client.post("/attendance", json=mark, headers=kiosk_of(web, "oslo"))

    assert [answer.json()["code"] for answer in (stranger, nobody)] == ["unknown_employee"] * 2
    assert at_kiosk.status_code == 201
