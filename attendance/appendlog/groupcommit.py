"""Own the gathering of everybody who waits for a flush into the next one; there is no timer in it."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Generic, TypeVar

from attendance.errors import StorageBusyError

Log = TypeVar("Log", bound=Hashable)
Request = TypeVar("Request")
Result = TypeVar("Result")
Waiting = list[tuple[Request, asyncio.Future[Result]]]

MAX_GROUP = 256
MAX_WAITING = 2048
TURNS = 4
"""So often the event loop goes round before groups leave, and with them goes whoever arrived meanwhile.

One turn reads what clients sent, one begins to answer it, one brings it here (docs/decisions/0009-hot-path.md).
"""

SLOW_SECONDS = 0.004
LANES = 4
"""Groups that leave together go one after the other to one thread, or to so many where the disk takes that long.

Threads are in each other's way: with a fast disk one does more than sixteen, and leaves more to the event loop.
"""


class GroupCommit(Generic[Log, Request, Result]):
    """Hand requests to `commit` in groups, one for each log: while one is flushed in a thread, the next one gathers.

    `commit` gets a log and at most MAX_GROUP requests, and returns one result or exception for each; what it raises
    goes to everybody who waits for that log, since it stops them too. Used from one event loop only.
    """

    def __init__(
        self, commit: Callable[[Log, Sequence[Request]], Sequence[Result | Exception]], executor: Executor
    ) -> None:
        self._commit = commit
        self._executor = executor
        self._waiting: dict[Log, Waiting[Request, Result]] = {}
        self._busy: set[Log] = set()
        self._leaving: asyncio.Task[None] | None = None
        self._running: set[asyncio.Future[list[Sequence[Result | Exception] | BaseException]]] = set()
        self._pace_seconds = 0.0

    async def submit(self, log: Log, request: Request) -> Result:
        """Return the request's result once its group was committed; raise its exception, or StorageBusyError."""
        waiting = self._waiting.setdefault(log, [])
        if len(waiting) >= MAX_WAITING:
            raise StorageBusyError(f"{MAX_WAITING} requests wait already")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting.append((request, future))
        if log not in self._busy and self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())
        return await future

    async def drain(self) -> None:
        """Return when nobody waits any more."""
        while self._leaving or self._running:
            await asyncio.wait([self._leaving] if self._leaving else self._running)

    async def _leave(self) -> None:
        """Send the groups of all logs that are not busy to threads."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self._leaving = None
        loop, ready = asyncio.get_running_loop(), [log for log in self._waiting if log not in self._busy]
        lanes = LANES if self._pace_seconds > SLOW_SECONDS else 1
        for lane in range(min(lanes, len(ready))):
            groups = [(log, self._take(log)) for log in ready[lane::lanes]]
            running = loop.run_in_executor(self._executor, self._commit_all, groups)
            self._running.add(running)
            running.add_done_callback(partial(self._finish, groups, loop.time()))

    def _take(self, log: Log) -> Waiting[Request, Result]:
        """Return the next group of a log, which is busy with it from now on."""
        self._busy.add(log)
        waiting = self._waiting.pop(log)
        if len(waiting) > MAX_GROUP:
            self._waiting[log] = waiting[MAX_GROUP:]
        return waiting[:MAX_GROUP]

    def _commit_all(
        self, groups: Sequence[tuple[Log, Waiting[Request, Result]]]
    ) -> list[Sequence[Result | Exception] | BaseException]:
        """Return what became of each group: results, or the exception that stopped it (in a thread)."""
        outcomes: list[Sequence[Result | Exception] | BaseException] = []
        for log, group in groups:
            try:
                outcomes.append(self._commit(log, [request for request, _ in group]))
            except BaseException as error:  # noqa: BLE001  # it is told to everybody who waits for it
                outcomes.append(error)
        return outcomes

    def _finish(
        self,
        groups: Sequence[tuple[Log, Waiting[Request, Result]]],
        begun_seconds: float,
        done: asyncio.Future[list[Sequence[Result | Exception] | BaseException]],
    ) -> None:
        """Answer everybody of these groups, and go on with who came meanwhile."""
        self._running.discard(done)
        self._pace_seconds = (asyncio.get_running_loop().time() - begun_seconds) / len(groups)
        for (log, group), outcomes in zip(groups, done.result(), strict=True):
            self._busy.discard(log)
            if isinstance(outcomes, BaseException):
                everybody = group + self._waiting.pop(log, [])
                _answer(everybody, [outcomes] * len(everybody))
            else:
                _answer(group, outcomes)
        if self._leaving is None and not self._waiting.keys() <= self._busy:
            self._leaving = asyncio.create_task(self._leave())


def _answer(group: Waiting[Request, Result], outcomes: Sequence[Result | BaseException]) -> None:
    """Give everybody of a group what became of their request."""
    for (_, future), outcome in zip(group, outcomes, strict=True):
        if future.done():  # whoever asked has gone away
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
