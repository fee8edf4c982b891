"""Everybody who waits for a flush shares the next one, and everybody is answered."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, get_ident

import pytest

from attendance.appendlog import GroupCommit, groupcommit
from attendance.appendlog.groupcommit import LANES, MAX_GROUP, MAX_WAITING, TURNS
from attendance.errors import FlushFailedError, StorageBusyError

Group = GroupCommit[str, int, int]


class Disk:
    """A disk that doubles numbers; each flush takes until it is let go, unless it runs freely."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.logs: list[str] = []
        self.threads: set[int] = set()
        self.flushing = Event()
        self.go = Event()
        self.failure: Exception | None = None
        self.fails_at = "log"

    def commit(self, log: str, numbers: Sequence[int]) -> list[int | Exception]:
        """Return the double of each number; an odd one has an error of its own."""
        self.logs.append(log)
        self.threads.add(get_ident())
        self.groups.append(list(numbers))
        self.flushing.set()
        assert self.go.wait(20)
        if self.failure and log == self.fails_at:
            raise self.failure
        return [ValueError(number) if number % 2 else 2 * number for number in numbers]


@pytest.fixture
def disk() -> Disk:
    """A disk that stands still."""
    return Disk()


@pytest.fixture
def group(disk: Disk) -> Iterator[Group]:
    """A group commit to the disk."""
    with ThreadPoolExecutor(1) as executor:
        yield GroupCommit(disk.commit, executor)
        disk.go.set()


async def ask(group: Group, numbers: Sequence[int], log: str = "log") -> list[asyncio.Task[int]]:
    """Submit each number in a task of its own, and return when all of them wait, or the first group is flushed."""
    tasks = [asyncio.create_task(group.submit(log, number)) for number in numbers]
    for _ in range(TURNS + 2):
        await asyncio.sleep(0)
    return tasks


async def answers(tasks: Sequence[asyncio.Task[int]]) -> list[int | BaseException]:
    """Return what each task was answered."""
    return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)


def test_everybody_gets_the_answer_to_their_own_request(group: Group, disk: Disk) -> None:
    """Results come back in order, and one that fails does not disturb its neighbours."""

    async def scenario() -> list[int | BaseException]:
        disk.go.set()
        return await answers(await ask(group, range(1000)))

    results = asyncio.run(scenario())

    assert results[::2] == list(range(0, 2000, 4))
    assert [str(error) for error in results[1::2]] == [str(number) for number in range(1, 1000, 2)]


def test_who_comes_during_a_flush_goes_into_the_next_one_together(group: Group, disk: Disk) -> None:
    """One flush at a time, in the order of coming, no group larger than allowed, and no waiting without a flush."""

    async def scenario() -> None:
        first = await ask(group, [0])
        rest = await ask(group, range(2, 2 * MAX_GROUP + 6, 2))
        disk.go.set()
        await answers(first + rest)

    asyncio.run(scenario())

    asked = list(range(2, 2 * MAX_GROUP + 6, 2))
    assert disk.groups == [[0], asked[:MAX_GROUP], asked[MAX_GROUP:]]


def test_the_event_loop_lives_while_the_disk_is_slow(group: Group, disk: Disk) -> None:
    """The flush happens in a thread: other requests are served meanwhile."""

    async def scenario() -> bool:
        tasks = await ask(group, [2])
        flushes = await asyncio.to_thread(disk.flushing.wait, 20)
        answered_early = tasks[0].done()
        disk.go.set()
        await answers(tasks)
        return flushes and not answered_early

    assert asyncio.run(scenario())


def test_the_queue_is_bounded(group: Group, disk: Disk) -> None:
    """Who comes when too many wait is told at once; those who wait are answered."""

    async def scenario() -> tuple[list[int | BaseException], list[int | BaseException]]:
        waiting = await ask(group, [0]) + await ask(group, [0] * MAX_WAITING)
        late = await answers(await ask(group, [0, 0]))
        disk.go.set()
        return await answers(waiting), late

    waited, late = asyncio.run(scenario())

    assert waited == [0] * (MAX_WAITING + 1)
    assert [type(answer) for answer in late] == [StorageBusyError] * 2


def test_a_failure_goes_to_everybody_who_waits(group: Group, disk: Disk) -> None:
    """What stops one group stops those behind it too: they hear of it at once, and the next to come try anew."""

    async def scenario() -> tuple[list[int | BaseException], list[int | BaseException]]:
        disk.failure = FlushFailedError("the disk is gone")
        waiting = await ask(group, [0]) + await ask(group, range(600))
        disk.go.set()
        failed = await answers(waiting)
        disk.failure = None
        return failed, await answers(await ask(group, [2, 4]))

    failed, later = asyncio.run(scenario())

    assert {type(answer) for answer in failed} == {FlushFailedError}
    assert later == [4, 8]
    assert disk.groups == [[0], [2, 4]]


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_who_goes_away_disturbs_nobody(group: Group, disk: Disk, gone: int) -> None:
    """A client closes the line while its mark is flushed or waits: the others are answered, its mark is recorded."""

    async def scenario() -> list[int | BaseException]:
        tasks = await ask(group, [0]) + await ask(group, [2, 4])
        tasks[gone].cancel()
        await asyncio.sleep(0)
        disk.go.set()
        return await answers(tasks)

    results = asyncio.run(scenario())

    assert isinstance(results.pop(gone), asyncio.CancelledError)
    assert results == [answer for number, answer in enumerate([0, 4, 8]) if number != gone]
    assert disk.groups == [[0], [2, 4]]


@pytest.mark.parametrize("fails", [False, True])
def test_drain_returns_when_everybody_was_answered(group: Group, disk: Disk, *, fails: bool) -> None:
    """A graceful stop waits for the group at the disk and for those behind it."""

    async def scenario() -> tuple[bool, list[bool]]:
        disk.failure = FlushFailedError("the disk is gone") if fails else None
        tasks = await ask(group, [0]) + await ask(group, range(0, 1200, 2))
        draining = asyncio.create_task(group.drain())
        await asyncio.sleep(0.01)
        early = draining.done()
        disk.go.set()
        await asyncio.wait_for(draining, 20)
        await asyncio.sleep(0)
        done = [task.done() for task in tasks]
        for task in tasks:
            with suppress(FlushFailedError):
                await task
        return early, done

    early, done = asyncio.run(scenario())

    assert not early
    assert all(done)


def test_nothing_is_drained_at_once(group: Group) -> None:
    """Where nobody waits there is nothing to wait for."""
    asyncio.run(asyncio.wait_for(group.drain(), 1))


def test_each_commit_gets_its_requests_only(group: Group, disk: Disk) -> None:
    """However requests and flushes overlap, each request reaches the disk exactly once."""

    async def scenario() -> None:
        disk.go.set()
        tasks = []
        for start in range(0, 4000, 14):
            tasks += await ask(group, range(start, start + 14, 2))
        await answers(tasks)

    asyncio.run(scenario())

    assert [number for numbers in disk.groups for number in numbers] == list(range(0, 4004, 2))


async def ask_sites(group: Group) -> list[asyncio.Task[int]]:
    """Submit a number at each of ten sites."""
    tasks = [asyncio.create_task(group.submit(f"site {number}", 2 * number)) for number in range(10)]
    for _ in range(TURNS + 2):
        await asyncio.sleep(0)
    return tasks


def test_groups_of_several_logs_leave_together(disk: Disk) -> None:
    """One thread takes one after the other, and each gets its own answers; one that fails disturbs nobody else."""
    disk.go.set()
    disk.failure, disk.fails_at = FlushFailedError("the disk is gone"), "site 3"

    async def scenario() -> list[int | BaseException]:
        return await answers(await ask_sites(Group(disk.commit, executor)))

    with ThreadPoolExecutor(16) as executor:
        results = asyncio.run(scenario())

    assert isinstance(results.pop(3), FlushFailedError)
    assert results == [4 * number for number in range(10) if number != 3]
    assert disk.logs == [f"site {number}" for number in range(10)]
    assert len(disk.threads) == 1


def test_where_the_disk_is_slow_groups_are_shared_out_among_threads(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for the disk at the same time then, and no longer when it is fast again."""
    disk.go.set()

    async def threads_of(group: Group) -> int:
        disk.threads.clear()
        await answers(await ask_sites(group))
        return len(disk.threads)

    async def scenario() -> list[int]:
        group, seen = Group(slow_commit, executor), []
        for slow_seconds in (0.0, 10.0, 10.0):
            seen.append(await threads_of(group))
            monkeypatch.setattr(groupcommit, "SLOW_SECONDS", slow_seconds)
        return seen

    def slow_commit(log: str, numbers: Sequence[int]) -> list[int | Exception]:
        time.sleep(0.01)
        return disk.commit(log, numbers)

    with ThreadPoolExecutor(16) as executor:
        assert asyncio.run(scenario()) == [1, LANES, 1]


@pytest.mark.parametrize("fails", [False, True])
def test_a_log_that_is_stuck_holds_up_another_once(monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    """They leave together: the first time one waits for a while, from then on each has a thread of its own."""
    monkeypatch.setattr(groupcommit, "STUCK_SECONDS", 0.2)

    def commit(log: str, numbers: Sequence[int]) -> list[int | Exception]:
        if log == "stuck":
            time.sleep(0.5)
            if fails:
                raise FlushFailedError(log)
        return list(numbers)

    async def seconds(group: Group) -> float:
        stuck, quick = asyncio.create_task(group.submit("stuck", 0)), asyncio.create_task(group.submit("quick", 2))
        begun_seconds = time.monotonic()
        assert await quick == 2
        taken_seconds = time.monotonic() - begun_seconds
        await answers([stuck])
        return taken_seconds

    async def scenario() -> list[bool]:
        group = Group(commit, executor)
        return [await seconds(group) > 0.15 for _ in range(3)]

    with ThreadPoolExecutor(16) as executor:
        assert asyncio.run(scenario()) == [True, False, False]


def test_several_stuck_logs_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever left with them is taken over by another thread after each, instead of waiting for all."""
    monkeypatch.setattr(groupcommit, "STUCK_SECONDS", 0.02)

    def commit(log: str, numbers: Sequence[int]) -> list[int | Exception]:
        if log != "quick":
            time.sleep(0.5)
        return list(numbers)

    async def scenario() -> float:
        group = Group(commit, executor)
        tasks = [asyncio.create_task(group.submit(log, 2)) for log in ("one", "two", "three", "quick")]
        begun_seconds = time.monotonic()
        await tasks.pop()
        taken_seconds = time.monotonic() - begun_seconds
        await answers(tasks)
        return taken_seconds

    with ThreadPoolExecutor(16) as executor:
        assert asyncio.run(scenario()) < 0.4


def test_each_group_is_answered_as_soon_as_it_is_committed(disk: Disk) -> None:
    """It does not wait for those behind it."""

    async def scenario() -> list[int | BaseException]:
        group = Group(lambda log, numbers: disk.commit("log", numbers) if log == "slow" else list(numbers), executor)
        quick, slow = asyncio.create_task(group.submit("quick", 2)), asyncio.create_task(group.submit("slow", 4))
        first = await asyncio.wait_for(quick, 20)
        assert not slow.done()
        disk.go.set()
        return [first, *await answers([slow])]

    with ThreadPoolExecutor(16) as executor:
        assert asyncio.run(scenario()) == [2, 8]


def test_who_arrives_in_the_next_turn_goes_along(disk: Disk) -> None:
    """A group does not leave with the first who comes."""
    disk.go.set()
    turns = 5  # the first begins to wait, the others come while it does

    async def scenario() -> None:
        group, tasks = Group(disk.commit, executor), []
        for number in range(turns):
            tasks.append(asyncio.create_task(group.submit("log", 2 * number)))
            await asyncio.sleep(0)
        await answers(tasks)

    with ThreadPoolExecutor(16) as executor:
        asyncio.run(scenario())

    assert disk.groups == [[2 * number for number in range(turns)]]


def test_where_no_thread_is_to_be_had_everybody_is_told(disk: Disk) -> None:
    """And the next who comes too, instead of waiting for ever."""
    executor = ThreadPoolExecutor(1)
    executor.shutdown()

    async def scenario() -> list[int | BaseException]:
        group = Group(disk.commit, executor)
        told = await answers(await ask(group, [2, 4])) + await answers(await ask(group, [6]))
        await asyncio.wait_for(group.drain(), 20)
        return told

    assert [type(answer) for answer in asyncio.run(scenario())] == [StorageBusyError] * 3


def test_a_log_that_is_busy_holds_up_no_other(disk: Disk) -> None:
    """Who asks for another one meanwhile is answered."""

    async def scenario() -> list[int | BaseException]:
        group = Group(lambda log, numbers: disk.commit(log, numbers) if log == "slow" else list(numbers), executor)
        held = await ask(group, [0], "slow")
        done = await answers(await ask(group, [2, 4], "fast"))
        disk.go.set()
        return done + await answers(held)

    with ThreadPoolExecutor(16) as executor:
        assert asyncio.run(scenario()) == [2, 4, 0]
