"""Claims about what a person sees when a mark cannot be recorded: what happened, where, and nothing is lost."""

import pytest
from playwright.sync_api import expect

from tests import browser as kit
from tests.browser import FORM, Visitor, fill, focused, press, said

browser, server, visitors, visitor = kit.browser, kit.server, kit.visitors, kit.visitor

SCRIPTS = pytest.mark.parametrize("java_script_enabled", [True, False], ids=["with JavaScript", "without JavaScript"])


@SCRIPTS
def test_errors_stand_beside_their_fields_and_in_a_summary_with_the_focus(
    visitor: Visitor, *, java_script_enabled: bool
) -> None:
    """Each mistake is told at its field and in the summary, whose links lead to the fields."""
    page = visitor.open(java_script_enabled=java_script_enabled)

    press(page, "button.present")

    assert page.title().startswith("Not recorded")
    assert focused(page).startswith("Not recorded")
    expect(page.locator("[role=alert] h2")).to_have_text("Not recorded")
    for field, message in {"employee_id": "Enter your ID.", "name": "Enter your name."}.items():
        described = page.locator(f"#{field}").get_attribute("aria-describedby")
        assert page.locator(f"#{field}").get_attribute("aria-invalid") == "true"
        assert said(page, f"#{described}") == message
        page.click(f".summary a:text-is('{message}')")
        assert focused(page) == field
        expect(page.locator(f"#{field}")).to_be_in_viewport()


@SCRIPTS
def test_what_was_typed_stays_typed(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """A wrong ID is refused, and ID, name and the wish to be remembered stand there as before."""
    page = visitor.open(java_script_enabled=java_script_enabled)
    fill(page, "E 1 & <b>", "Ana “Lola” Martín")
    page.check("input[name=remember]")

    press(page, "button.present")

    assert page.input_value("#employee_id") == "E 1 & <b>"
    assert page.input_value("#name") == "Ana “Lola” Martín"
    assert page.is_checked("input[name=remember]")
    expect(page.locator(".wrong")).to_have_count(1)
    assert visitor.rows_of("E 1 & <b>") == []


def test_a_mistake_that_is_mended_is_recorded(visitor: Visitor) -> None:
    """After an error the same form records, and nothing of the error is left."""
    page = visitor.open()
    fill(page, "mended", "")
    press(page, "button.absent")

    page.fill("#name", "Ana")
    press(page, "button.absent")

    assert said(page, "h1") == "You are marked absent"
    assert [row[2:] for row in visitor.rows_of("mended")] == [["Ana", "Absent"]]


def test_a_status_that_the_site_does_not_have_leads_to_the_buttons(visitor: Visitor) -> None:
    """A page that is older than the registry may offer a status that is gone: the buttons say so."""
    page = visitor.open()
    fill(page, "E1")
    page.locator("button.present").evaluate("(button) => { button.value = 'Holiday'; }")
    press(page, "button.present")

    page.click(".summary a")

    assert said(page, "#status .error") == "Choose Present or Absent."
    assert page.locator(":focus").get_attribute("id") == "status"
    page.keyboard.press("Tab")
    assert focused(page) == "Present"


def test_a_site_with_a_roster_asks_for_the_id_only_and_knows_the_name(visitor: Visitor) -> None:
    """Where the site knows its people no name is asked for, and the confirmation shows the one of the roster."""
    page = visitor.open("/sites/rome/attendance")
    fill(page, "r1", name=None)

    press(page, "button.present")

    assert said(page, ".who") == "Aïcha Öztürk R1"
    page.goto("/sites/rome/attendance")
    expect(page.locator("#name")).to_have_count(0)


def test_an_id_that_is_not_on_the_roster_is_told_and_stays_typed(visitor: Visitor) -> None:
    """The page says that nothing was recorded, why, and what to do."""
    page = visitor.open("/sites/rome/attendance")
    fill(page, "nobody", name=None)

    press(page, "button.present")

    assert said(page, "[role=alert]").startswith("Not recorded This ID is not on the list of this site today.")
    assert page.input_value("#employee_id") == "nobody"
    assert visitor.rows("rome") == visitor.rows_of("R1", "rome")


def test_a_name_that_was_asked_for_stays_where_it_can_be_mended(visitor: Visitor) -> None:
    """A visitor whose ID two sites know is asked for the name; a wrong one can be typed again."""
    page = visitor.open("/sites/rome/attendance")
    fill(page, "X1", name=None)
    press(page, "button.present")
    page.fill("#name", "Somebody Else")
    press(page, "button.present")

    assert "another name" in said(page, "[role=alert]")
    assert page.input_value("#name") == "Somebody Else"
    page.fill("#name", "Urs Meier")
    press(page, "button.present")

    assert said(page, ".who") == "Urs Meier X1"


@SCRIPTS
def test_a_mark_that_cannot_be_written_is_never_lost_in_silence(visitor: Visitor, *, java_script_enabled: bool) -> None:
    """When the server cannot record, the page says so, keeps what was typed, and the button is ready again."""
    page = visitor.open("/sites/broken/attendance", java_script_enabled=java_script_enabled)
    fill(page, "E1")

    press(page, "button.present")

    assert said(page, "[role=alert] h2") == "Not recorded"
    assert page.input_value("#name") == "Ana Martín"
    expect(page.locator("form.sent")).to_have_count(0)
    expect(page.locator("button.present")).to_be_enabled()


def test_an_address_that_is_not_there_leads_to_the_sites(visitor: Visitor) -> None:
    """Somebody with an old link is told what to do, and one click leads there."""
    page = visitor.open("/sites/nowhere/attendance")
    assert "There is no such site." in said(page, "[role=alert]")

    press(page, "text=Choose your site")

    assert said(page, "h1") == "Where are you today?"


def test_the_time_beside_an_error_goes_on(visitor: Visitor) -> None:
    """The clock of the site ticks on the page of an error too."""
    page = visitor.open(FORM)
    press(page, "button.present")
    before = said(page, ".clock-time")

    expect(page.locator(".clock-time")).not_to_have_text(before)
