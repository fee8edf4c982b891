"""Claims about signing in and out: who is let in, who is not and what is told, and what ends a session."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from attendance.accounts.signing import SecondStep
from attendance.errors import (
    AttendanceError,
    SignInFailedError,
    SignOnFailedError,
    TooManyAttemptsError,
)
from attendance.model import Grant, Role
from tests.accounts.kit import ANOTHER, HR, PASSWORD, TOTP, VIEWER, House, from_address

HOSTILE = ["", "x" * 100_000, "a\0b", "\ud800", "\udcff", "ana'; DROP TABLE attempts", "ä" * 64, "\n"]


@pytest.mark.parametrize("typed", ["ana", "Ana", " ANA "])
def test_name_and_password_let_in(house: House, typed: str) -> None:
    """A name is taken in capitals and between spaces; every worker knows the session."""
    house.add()

    signed_in = house.enter(typed)

    signed = House(house.folder, house.clock).signing.who(signed_in.session)
    assert signed is not None
    assert (signed.account.name, signed.by_sso) == ("ana", False)
    assert house.events[-1] | {"at": ""} == {
        "at": "", "action": "sign_in", "outcome": "done", "who": "ana", "address": "192.0.2.7", "site": None,
        "by": "password",
    }  # fmt: skip


def test_whoever_is_refused_learns_nothing_but_that(house: House) -> None:
    """Wrong name, wrong password, no password and a disabled account are answered alike."""
    house.add("ana")
    house.add("off")
    house.granting.disable("off", by="test")
    house.add("sso", None, sso="sso@example.org")

    told = set()
    for name, password in [("nobody", PASSWORD), ("ana", ANOTHER), ("off", PASSWORD), ("sso", PASSWORD), ("sso", "")]:
        with pytest.raises(SignInFailedError) as caught:
            house.signing.sign_in(name, password, from_address())
        told.add(str(caught.value))

    assert len(told) == 1


def test_a_password_typed_as_a_name_is_not_noted(house: House) -> None:
    """The audit names those who have an account, and nobody else."""
    house.add()
    for name in (PASSWORD, "ana"):
        with pytest.raises(SignInFailedError):
            house.signing.sign_in(name, "wrong one", from_address())

    assert [event["who"] for event in house.events[1:]] == ["?", "ana"]
    assert PASSWORD not in house.log


@pytest.mark.parametrize("hostile", HOSTILE)
def test_any_name_password_ticket_code_or_session_is_answered(house: House, hostile: str) -> None:
    """Whatever a client sends is refused by an error of ours, and its session is nobody's."""
    house.add("totp")
    house.granting.set_second_factor("totp", TOTP, by="test")
    step = house.signing.sign_in("totp", PASSWORD, from_address())
    assert isinstance(step, SecondStep)
    tries: list[Callable[[], Any]] = [
        lambda: house.signing.sign_in(hostile, hostile, from_address(device=hostile)),
        lambda: house.signing.sign_in("totp", hostile, from_address(device=hostile)),
        lambda: house.signing.confirm(hostile, hostile, from_address(device=hostile)),
        lambda: house.signing.confirm(step.ticket, hostile, from_address(device=hostile)),
        lambda: house.signing.sign_on([hostile], from_address(device=hostile)),
    ]

    for attempt in tries:
        with pytest.raises(AttendanceError):
            attempt()
    house.signing.sign_out(hostile, from_address())

    assert house.signing.who(hostile) is None


def test_the_second_factor_is_asked_for(house: House) -> None:
    """The password gives a ticket, the code a session; code and ticket are good once."""
    house.add()
    house.granting.set_second_factor("ana", TOTP, by="test")
    step, other = (house.signing.sign_in("ana", PASSWORD, from_address()) for _ in range(2))
    assert isinstance(step, SecondStep)
    assert isinstance(other, SecondStep)

    with pytest.raises(SignInFailedError):
        house.signing.confirm(step.ticket, "000000", from_address())
    signed_in = house.signing.confirm(step.ticket, house.code(), from_address())

    assert house.is_in(signed_in.session)
    for ticket, code in ((step.ticket, house.code(steps=1)), (other.ticket, house.code())):
        with pytest.raises(SignInFailedError):
            house.signing.confirm(ticket, code, from_address())
    assert [TOTP in house.log, step.ticket in house.log, signed_in.session in house.log, house.code() in house.log] == [
        False
    ] * 4


def test_of_two_who_send_a_ticket_at_once_one_gets_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket that somebody else used meanwhile is used up, also with another good code."""
    house.add()
    house.granting.set_second_factor("ana", TOTP, by="test")
    step = house.signing.sign_in("ana", PASSWORD, from_address())
    assert isinstance(step, SecondStep)
    worker = House(house.folder, house.clock)
    use_step = house.store.use_step

    def meanwhile(account: str, number: int) -> bool:
        used = use_step(account, number)
        worker.signing.confirm(step.ticket, house.code(steps=1), from_address())
        return used

    monkeypatch.setattr(house.store, "use_step", meanwhile)

    with pytest.raises(SignInFailedError):
        house.signing.confirm(step.ticket, house.code(), from_address())


@pytest.mark.parametrize("change", ["password", "disabled", "factor", "late"])
def test_a_ticket_is_void_when_the_account_changed_or_time_passed(house: House, change: str) -> None:
    """Between password and code nothing may change, and five minutes are enough."""
    house.add()
    house.granting.set_second_factor("ana", TOTP, by="test")
    step = house.signing.sign_in("ana", PASSWORD, from_address())
    assert isinstance(step, SecondStep)
    changes: dict[str, Callable[[], object]] = {
        "password": lambda: house.granting.set_password("ana", ANOTHER, by="test"),
        "disabled": lambda: house.granting.disable("ana", by="test"),
        "factor": lambda: house.granting.remove_second_factor("ana", by="test"),
        "late": lambda: house.clock.move(minutes=5),
    }
    changes[change]()

    with pytest.raises(SignInFailedError):
        house.signing.confirm(step.ticket, house.code(), from_address())


CHANGES: dict[str, Callable[[House], object]] = {
    "roles": lambda house: house.granting.regrant("ana", VIEWER, by="test"),
    "sites": lambda house: house.granting.regrant(
        "ana", Grant(roles=frozenset({Role.HR}), site_ids=frozenset({"london"})), by="test"
    ),
    "password": lambda house: house.granting.set_password("ana", ANOTHER, by="test"),
    "disabled": lambda house: house.granting.disable("ana", by="test"),
    "second factor": lambda house: house.granting.set_second_factor("ana", TOTP, by="test"),
    "removed by hand": lambda house: house.file.path.write_text("accounts: {}\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_session_ends_with_every_change_of_its_account(house: House, change: Callable[[House], object]) -> None:
    """Whatever changes in one process, the next request in another is nobody's."""
    house.add()
    session = house.enter().session
    worker = House(house.folder, house.clock)
    before = worker.is_in(session)

    change(house)

    assert (before, worker.is_in(session), house.is_in(session)) == (True, False, False)


@pytest.mark.parametrize("seen", [True, False])
def test_what_is_taken_back_opens_no_old_session(house: House, *, seen: bool) -> None:
    """Who was disabled, or had other roles for a while, signs in again, even if nothing was asked meanwhile."""
    house.add()
    changes: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: house.granting.disable("ana", by="test"), lambda: house.granting.enable("ana", by="test")),
        (lambda: house.granting.regrant("ana", VIEWER, by="t"), lambda: house.granting.regrant("ana", HR, by="t")),
    ]
    for change, back in changes:
        session = house.enter().session
        change()
        if seen:
            assert not house.is_in(session)
        back()

        assert not house.is_in(session)


def test_a_list_put_back_from_a_backup_lets_nobody_in_who_was_seen_out(house: House) -> None:
    """A session that was refused once stays over, whatever becomes of the file."""
    house.add()
    session = house.enter().session
    content = house.file.path.read_bytes()
    house.granting.disable("ana", by="test")
    seen = house.is_in(session)

    house.file.path.write_bytes(content)

    assert (seen, house.is_in(session)) == (False, False)


def test_each_sign_in_has_a_session_of_its_own(house: House) -> None:
    """No session can be fixed beforehand; to sign out ends one, to sign out elsewhere all others."""
    house.add()
    first, second, third = (house.enter().session for _ in range(3))

    house.signing.sign_out(first, from_address())
    house.signing.sign_out_elsewhere("ana", third, from_address())

    assert len({first, second, third}) == 3
    assert [house.is_in(one) for one in (first, second, third)] == [False, False, True]
    assert [(event["action"], event["outcome"]) for event in house.events[-2:]] == [
        ("sign_out", "done"), ("sign_out", "everywhere_else"),
    ]  # fmt: skip


def test_the_single_sign_on_lets_in_whom_an_account_names(house: House) -> None:
    """The provider's word stands for password and code; who has no account, or a disabled one, stays out."""
    house.add("ana", None, sso="ana@example.org", totp=TOTP)
    house.add("off", None, sso="off@example.org")
    house.granting.disable("off", by="test")

    signed = house.signing.who(house.signing.sign_on(["1234", "ana@example.org"], from_address()).session)

    assert signed is not None
    assert (signed.account.name, signed.by_sso) == ("ana", True)
    for names in ([], ["jo@example.org"], ["off@example.org"]):
        with pytest.raises(SignOnFailedError):
            house.signing.sign_on(names, from_address())


def test_whoever_changes_a_password_proves_the_present_one(house: House) -> None:
    """A browser that was left alone is no password; wrong ones are counted like any."""
    account = house.add()
    house.signing.prove(account, PASSWORD, from_address())

    with pytest.raises(SignInFailedError):
        house.signing.prove(account, ANOTHER, from_address())
    assert house.is_in(house.signing.let_in(account, from_address()).session)


def guess(house: House, address: str = "198.51.100.9", device: str = "") -> bool:
    """Guess the password of Ana wrong, and tell whether it was looked at."""
    try:
        house.signing.sign_in("ana", ANOTHER, from_address(address, device))
    except SignInFailedError:
        return True
    except TooManyAttemptsError:
        return False
    raise AssertionError("this is not the password")


def test_guesses_are_slowed_in_all_workers(house: House) -> None:
    """After five wrong passwords not even the right one is looked at for a while, in no worker; then it is."""
    house.add()
    worker = House(house.folder, house.clock)

    looked_at = [guess(one, f"198.51.100.{number}") for number in range(4) for one in (house, worker)]
    with pytest.raises(TooManyAttemptsError) as caught:
        worker.enter()
    house.clock.move(seconds=caught.value.retry_after_seconds)

    assert looked_at == [True] * 5 + [False] * 3
    assert house.events[-1]["outcome"] == "too_many_attempts"
    assert house.is_in(house.enter().session)


def test_strangers_who_guess_for_hours_do_not_keep_the_owner_out(house: House) -> None:
    """On a device where she signed in before, Ana gets in at once, even from the strangers' address."""
    house.add()
    device = house.enter().device

    for number in range(4 * 60):
        house.clock.move(minutes=1)
        guess(house)
        with suppress(SignInFailedError, TooManyAttemptsError):
            house.signing.sign_in(f"name{number}", ANOTHER, from_address("198.51.100.9"))

    with pytest.raises(TooManyAttemptsError):
        house.enter(visit=from_address("203.0.113.5"))
    with pytest.raises(TooManyAttemptsError):
        house.signing.sign_in("jo", PASSWORD, from_address("198.51.100.9"))
    assert house.is_in(house.enter(visit=from_address("198.51.100.9", device)).session)


def test_a_device_is_known_for_one_account_and_counted_by_itself(house: House) -> None:
    """Who stole a device's cookie guesses no faster, and it helps with no other account."""
    house.add("ana")
    house.add("jo")
    device = house.enter("jo").device

    assert [guess(house, device=device) for _ in range(6)] == [True] * 5 + [False]
    own = house.enter("jo", visit=from_address(device=device)).device
    assert own == device
    with pytest.raises(SignInFailedError):
        house.signing.sign_in("jo", ANOTHER, from_address(device=device))


def test_an_address_that_tries_many_names_is_slowed(house: House) -> None:
    """Twenty wrong names from one network, and the next must wait; another network need not."""
    house.add()
    for number in range(20):
        with pytest.raises(SignInFailedError):
            house.signing.sign_in(f"name{number}", PASSWORD, from_address(f"2001:db8::{number}"))

    with pytest.raises(TooManyAttemptsError):
        house.enter(visit=from_address("2001:db8::ffff:1"))
    assert house.is_in(house.enter(visit=from_address("2001:db8:0:1::1")).session)


def test_an_office_that_signs_in_by_two_steps_is_not_slowed(house: House) -> None:
    """What is right is no guess: forty people in a row come in from one address with their codes."""
    account = house.add()
    account = house.granting.set_second_factor("ana", TOTP, by="test")

    for _ in range(40):
        house.clock.move(seconds=30)
        step = house.signing.sign_in(account.name, PASSWORD, from_address())
        assert isinstance(step, SecondStep)
        house.signing.confirm(step.ticket, house.code(), from_address())
