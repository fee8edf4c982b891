"""Claims about codes and tickets: they are good at one site, for a moment, and only as the server made them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from attendance.presence import STEP, TICKET_LIFETIME, Presence
from tests.conftest import HandClock

KEY = bytes(range(32))
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a step begins
TICK = timedelta(microseconds=1)

ANY = st.characters(exclude_categories=())  # lone surrogates too
site_ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True) | st.text()
instants = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # they ask for naive bounds
texts = st.text() | st.text(alphabet="AQgw_-.0123456789") | st.text(alphabet=ANY)


def at(instant: datetime, key: bytes = KEY) -> Presence:
    """Return the codes and tickets at an instant."""
    return Presence(key, HandClock(instant))


def altered(text: str, at_index: int, character: str) -> str:
    """Return a text with another character at a place."""
    at_index %= len(text)
    return text[:at_index] + character + text[at_index + 1 :]


# Codes


@given(site_id=site_ids, made=instants, age=st.timedeltas(timedelta(), timedelta(seconds=30)))
def test_a_code_is_fresh_for_at_least_a_step(site_id: str, made: datetime, age: timedelta) -> None:
    """Whoever reads it in its last moment still has thirty seconds to open the page."""
    code = at(made).code(site_id)

    assert at(made + age).is_fresh(site_id, code)


@given(site_id=site_ids, made=instants, age=st.timedeltas(timedelta(seconds=60), timedelta(days=9999)))
def test_a_code_is_never_fresh_after_two_steps(site_id: str, made: datetime, age: timedelta) -> None:
    """A photograph of the door is worth nothing a minute later."""
    code = at(made).code(site_id)

    assert not at(made + age).is_fresh(site_id, code)


@pytest.mark.parametrize(
    ("instant", "fresh"),
    [
        (NINE - TICK, False),
        (NINE, True),
        (NINE + STEP - TICK, True),
        (NINE + STEP, True),
        (NINE + 2 * STEP - TICK, True),
        (NINE + 2 * STEP, False),
    ],
    ids=str,
)
def test_a_code_turns_at_the_edges_of_its_steps(instant: datetime, fresh: bool) -> None:  # noqa: FBT001  # a claim's two sides
    """The code of 09:00:00 is good from then until before 09:01:00; before 09:00:00 it is good for nothing."""
    code = at(NINE).code("london")

    assert at(instant).is_fresh("london", code) is fresh
    assert (at(instant).code("london") == code) is (NINE <= instant < NINE + STEP)


@pytest.mark.parametrize(("past", "left"), [(0, 30.0), (29.5, 0.5), (30, 30.0), (-0.25, 0.25)])
def test_the_present_code_has_so_many_seconds_left(past: float, left: float) -> None:
    """The display asks again when they are over, so they are never none."""
    assert at(NINE + timedelta(seconds=past)).seconds_left() == left


@given(instant=instants)
def test_the_code_is_another_one_as_soon_as_no_seconds_are_left(instant: datetime) -> None:
    """What the display waits for is what turns the code."""
    left = timedelta(seconds=at(instant).seconds_left())

    assert timedelta() < left <= STEP
    assert at(instant + left).code("london") != at(instant).code("london")
    assert at(instant + left - TICK).code("london") == at(instant).code("london")


@given(site_id=site_ids, other=site_ids, instant=instants)
def test_a_code_is_good_at_its_site_only(site_id: str, other: str, instant: datetime) -> None:
    """The door of one site opens no other."""
    assume(site_id != other)

    assert not at(instant).is_fresh(other, at(instant).code(site_id))


@given(index=st.integers(0, 99), character=ANY)
def test_an_altered_code_is_not_fresh(index: int, character: str) -> None:
    """Not one character may be another."""
    code = at(NINE).code("london")
    changed = altered(code, index, character)
    assume(changed != code)

    assert not at(NINE).is_fresh("london", changed)


@given(site_id=site_ids, text=texts)
@example(site_id="london", text="\ud800")
def test_any_text_is_no_code(site_id: str, text: str) -> None:
    """Whatever comes in is answered, never with an exception."""
    assert not at(NINE).is_fresh(site_id, text)


def test_a_code_of_another_key_is_not_fresh() -> None:
    """Who does not know the key cannot make one."""
    assert not at(NINE).is_fresh("london", at(NINE, key=bytes(32)).code("london"))


def test_a_code_may_stand_in_an_address_and_is_long_enough() -> None:
    """22 characters of 6 bits: nobody guesses 128 bits."""
    code = at(NINE).code("london")

    assert len(code) == 22
    assert code.replace("-", "").replace("_", "").isalnum()


# Tickets


@given(site_id=site_ids, made=instants, age=st.timedeltas(timedelta(), TICKET_LIFETIME - timedelta(seconds=1)))
def test_a_ticket_is_good_for_five_minutes(site_id: str, made: datetime, age: timedelta) -> None:
    """It is known by its random ID as long as it lasts (but for the fraction of a second that is cut off)."""
    text = at(made).ticket(site_id)

    assert at(made + age).read_ticket(site_id, text) == text.split(".")[0]


@pytest.mark.parametrize(
    ("instant", "good"),
    [
        (NINE - STEP - TICK, False),
        (NINE - STEP, True),
        (NINE, True),
        (NINE + TICKET_LIFETIME - TICK, True),
        (NINE + TICKET_LIFETIME, False),
        (NINE + timedelta(days=365), False),
        (NINE - timedelta(hours=1), False),
    ],
    ids=str,
)
def test_a_ticket_ends_and_does_not_last_longer_when_the_clock_goes_back(instant: datetime, good: bool) -> None:  # noqa: FBT001  # a claim's two sides
    """A clock that is set back an hour makes no ticket good for an hour; a small correction harms nobody."""
    text = at(NINE).ticket("london")

    assert (at(instant).read_ticket("london", text) is not None) is good


@given(site_id=site_ids, other=site_ids)
def test_a_ticket_is_good_at_its_site_only(site_id: str, other: str) -> None:
    """Who was at one site was not at another."""
    assume(site_id != other)

    assert at(NINE).read_ticket(other, at(NINE).ticket(site_id)) is None


@given(index=st.integers(0, 99), character=ANY | st.sampled_from("0123456789AQgw"))
def test_an_altered_ticket_is_none(index: int, character: str) -> None:
    """Neither its ID, nor its end, nor its signature may be another."""
    text = at(NINE).ticket("london")
    changed = altered(text, index, character)
    assume(changed != text)

    assert at(NINE).read_ticket("london", changed) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text + "=",
        lambda text: text.replace(".", ".0", 1),
        lambda text: text.rpartition(".")[0],
        lambda text: text + text,
        lambda text: text.replace("1", "١"),
    ],
)
def test_a_ticket_that_is_spelled_otherwise_is_none(change: Callable[[str], str]) -> None:
    """There is one spelling of it."""
    text = at(NINE).ticket("london")

    assert at(NINE).read_ticket("london", change(text)) is None


@given(site_id=site_ids, text=texts)
def test_any_text_is_no_ticket(site_id: str, text: str) -> None:
    """Whatever comes in is answered, never with an exception."""
    assert at(NINE).read_ticket(site_id, text) is None


def test_a_ticket_of_another_key_is_none() -> None:
    """Who does not know the key cannot make one."""
    assert at(NINE).read_ticket("london", at(NINE, key=bytes(32)).ticket("london")) is None


def test_no_two_tickets_are_the_same() -> None:
    """Each can be bound to the one who marks with it."""
    presence = at(NINE)

    assert len({presence.ticket("london") for _ in range(100)}) == 100
