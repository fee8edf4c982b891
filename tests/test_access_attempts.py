"""Claims about guesses: they are slowed over all processes, to the microsecond, and nobody is locked out."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance.accounts.attempts import ACCOUNT, ADDRESS, DEVICE, EMPLOYEE, ENROLMENT, KIOSK, Attempts, Limit
from attendance.accounts.store import AccessStore
from attendance.errors import AccessStorageError, TooManyAttemptsError
from tests.access_kit import in_processes
from tests.conftest import HandClock

MOMENT = timedelta(microseconds=1)
LIMITS = [ACCOUNT, DEVICE, ADDRESS, EMPLOYEE, KIOSK, ENROLMENT]
ANNA = (ACCOUNT, "anna")

of_each_limit = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is made."""
    return tmp_path / ".access.db"


@pytest.fixture
def attempts(path: Path, clock: HandClock) -> Attempts:
    """Counters with a clock that is set by hand."""
    return Attempts(AccessStore(path, now=clock))


def wait(attempts: Attempts, *counted: tuple[Limit, str]) -> int:
    """Try, and return how many seconds are to be waited; 0 if the attempt was let through, and counted."""
    try:
        attempts.begin(*counted)
    except TooManyAttemptsError as error:
        return error.retry_after_seconds
    return 0


def spend(attempts: Attempts, limit: Limit, key: str) -> None:
    """Fail as often as it costs no wait."""
    for _ in range(limit.free):
        attempts.begin((limit, key))


@of_each_limit
def test_the_wait_doubles_from_the_first_to_the_longest(attempts: Attempts, clock: HandClock, limit: Limit) -> None:
    """A microsecond before its end an attempt is refused and not counted; at its end it is let through."""
    spend(attempts, limit, "x")

    seen = []
    for _ in range(12):
        seen.append(wait(attempts, (limit, "x")))
        clock.now += timedelta(seconds=seen[-1]) - MOMENT
        assert wait(attempts, (limit, "x")) == 1
        clock.now += MOMENT
        assert wait(attempts, (limit, "x")) == 0

    assert seen == [min(limit.first_seconds * 2**number, limit.most_seconds) for number in range(12)]


def test_as_many_processes_as_there_are_get_through_as_often_as_one(path: Path) -> None:
    """Eight of them guess at one account at the same moment, ten times each: five guesses are let through in all."""
    program = """
passed = 0
for _ in range(10):
    try:
        attempts.begin((ACCOUNT, "anna"), (ADDRESS, f"192.0.2.{number}"))
        passed += 1
    except TooManyAttemptsError:
        pass
print(passed)
"""
    assert sum(map(int, in_processes(path, program))) == ACCOUNT.free


def test_an_attempt_that_must_wait_counts_nowhere(attempts: Attempts) -> None:
    """Where one counter is delayed the others stay as they are, and the longest wait is told."""
    spend(attempts, ACCOUNT, "anna")
    spend(attempts, EMPLOYEE, "E1")

    told = [wait(attempts, ANNA, (EMPLOYEE, "E1"), (ADDRESS, "192.0.2.1")) for _ in range(50)]

    assert told == [2] * 50
    assert [wait(attempts, (ADDRESS, "192.0.2.1")) for _ in range(ADDRESS.free + 1)] == [0] * ADDRESS.free + [1]


def test_a_stranger_cannot_lock_the_owner_out(attempts: Attempts, clock: HandClock) -> None:
    """However often strangers fail, a device that signed in before is let through, as is another account."""
    spend(attempts, ACCOUNT, "anna")
    for _ in range(20):
        clock.move(seconds=wait(attempts, ANNA))
        wait(attempts, ANNA)

    assert wait(attempts, ANNA) == ACCOUNT.most_seconds
    assert wait(attempts, (DEVICE, "anna")) == 0
    assert wait(attempts, (ACCOUNT, "bob")) == 0


def test_success_forgets_a_counter(attempts: Attempts) -> None:
    """The next slips are free again."""
    spend(attempts, ACCOUNT, "anna")

    attempts.succeed(ANNA)

    assert [wait(attempts, ANNA) for _ in range(ACCOUNT.free + 1)] == [0] * ACCOUNT.free + [1]


@pytest.mark.parametrize("limit", [ADDRESS, KIOSK, ENROLMENT], ids=lambda limit: limit.name)
def test_success_takes_back_only_itself_where_many_people_are_counted(attempts: Attempts, limit: Limit) -> None:
    """Whoever knows one password cannot use it to go on guessing others from the same address."""
    for _ in range(limit.free - 1):
        attempts.begin((limit, "x"))
        attempts.begin((limit, "x"))
        attempts.succeed((limit, "x"))
    attempts.begin((limit, "x"))

    assert wait(attempts, (limit, "x")) == limit.first_seconds


def test_those_who_look_after_the_accounts_can_forgive(attempts: Attempts) -> None:
    """Shared counters too, and no others."""
    for limit in (ACCOUNT, ADDRESS, DEVICE):
        spend(attempts, limit, "anna")

    attempts.forgive(ANNA, (ADDRESS, "anna"))

    assert [wait(attempts, (limit, "anna")) for limit in (ACCOUNT, ADDRESS, DEVICE)] == [0, 0, 1]


@of_each_limit
def test_attempts_are_forgotten_when_nothing_was_tried_for_long(
    attempts: Attempts, clock: HandClock, limit: Limit
) -> None:
    """However many there were: then all the free ones are there again."""
    spend(attempts, limit, "x")
    for _ in range(20):
        clock.move(seconds=wait(attempts, (limit, "x")))
        wait(attempts, (limit, "x"))

    clock.move(seconds=limit.forget_seconds)

    assert [wait(attempts, (limit, "x")) for _ in range(limit.free + 1)][:-1] == [0] * limit.free
    assert wait(attempts, (limit, "x")) == limit.first_seconds


def test_a_long_attack_is_over_soon_after_it(attempts: Attempts, clock: HandClock) -> None:
    """However often somebody failed at a kiosk, half the time until all is forgotten frees attempts."""
    for _ in range(200):
        clock.move(seconds=wait(attempts, (KIOSK, "door")))
        wait(attempts, (KIOSK, "door"))

    clock.move(seconds=KIOSK.forget_seconds / 2)

    assert [wait(attempts, (KIOSK, "door")) for _ in range(5)] == [0] * 5


@of_each_limit
def test_a_slip_now_and_then_never_adds_up(attempts: Attempts, clock: HandClock, limit: Limit) -> None:
    """At the pace at which a counter sinks, nobody ever waits: many people share an address and a kiosk."""
    for _ in range(limit.free * 5):
        assert wait(attempts, (limit, "x")) == 0
        clock.move(seconds=limit.forget_seconds / limit.free)


@pytest.mark.parametrize("back", [MOMENT, timedelta(minutes=5), timedelta(days=400)])
def test_a_clock_that_is_set_back_neither_shortens_a_wait_nor_makes_it_endless(
    attempts: Attempts, clock: HandClock, back: timedelta
) -> None:
    """The whole wait begins again, once; then the attempt is let through."""
    spend(attempts, EMPLOYEE, "E1")
    clock.move(seconds=1)
    clock.now -= back + timedelta(seconds=1)

    assert wait(attempts, (EMPLOYEE, "E1")) == 2
    clock.now += timedelta(seconds=2) - MOMENT
    assert wait(attempts, (EMPLOYEE, "E1")) == 1
    clock.now += MOMENT
    assert wait(attempts, (EMPLOYEE, "E1")) == 0


def test_what_was_typed_as_a_name_does_not_stand_in_the_file(attempts: Attempts, path: Path) -> None:
    """People type their password there; and no name, however odd, is more than a counter."""
    for name in ("correct horse battery", "\0\ud800", "x" * 1_000_000):
        attempts.begin((ACCOUNT, name))

    assert b"horse" not in path.read_bytes()
    assert path.stat().st_size < 100_000


def test_counters_that_cannot_be_had_let_nobody_through(tmp_path: Path, clock: HandClock) -> None:
    """Who cannot count must not let guess."""
    attempts = Attempts(AccessStore(tmp_path / "nowhere" / ".access.db", now=clock))

    for call in (attempts.begin, attempts.succeed, attempts.forgive):
        with pytest.raises(AccessStorageError):
            call(ANNA)


STEPS = st.lists(
    st.one_of(
        st.just("try"),
        st.just("try"),
        st.floats(0, 40),  # forward
        st.floats(-40, 0),  # back
    ),
    max_size=60,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_attempt_passes_or_counts_during_a_wait(steps: list[float | str]) -> None:
    """Whatever the clock does: between two attempts that pass, as much time went by as the earlier ones cost.

    Time that goes by is what the clock goes forward; an attempt that was refused leaves the wait as it was, unless the
    clock was set back.
    """
    clock = HandClock()
    limit = Limit(name="few", free=2, first_seconds=4, most_seconds=32, forget_seconds=10**9)
    passed, forward, set_back = 0, 0.0, False
    with TemporaryDirectory() as folder:
        attempts = Attempts(AccessStore(Path(folder) / ".access.db", now=clock))
        for step in steps:
            if isinstance(step, float):
                moved = timedelta(seconds=step)
                clock.now += moved
                forward += max(0.0, moved.total_seconds())
                set_back = set_back or moved < timedelta()
                continue
            cost = min(4 * 2.0 ** (passed - 2), 32) if passed >= 2 else 0
            seconds = wait(attempts, (limit, "x"))
            assert seconds <= 32
            if not set_back:
                assert (seconds == 0) == (forward >= cost - 1e-6)
            if seconds == 0:
                assert forward >= cost - 1e-6
                passed, forward, set_back = passed + 1, 0.0, False
