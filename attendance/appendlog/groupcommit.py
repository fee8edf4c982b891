"""Own the gathering of everybody who waits for a flush into the next one; there is no timer in it."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from attendance.errors import StorageBusyError

Request = TypeVar("Request")
Result = TypeVar("Result")

MAX_GROUP = 256
MAX_WAITING = 2048
TURNS = 4
"""So often the event loop goes round before a group leaves, and with it goes whoever arrived meanwhile.

One turn reads what clients sent, one begins to answer it, one brings it here (docs/decisions/0009-hot-path.md).
"""


class GroupCommit(Generic[Request, Result]):
    """Hand requests to `commit` in groups: while one group is flushed in a thread, the next one gathers.

    `commit` gets at most MAX_GROUP requests and returns one result or exception for each; what it raises goes to
    everybody who waits, since it stops them too. Used from one event loop only.
    """

    def __init__(self, commit: Callable[[Sequence[Request]], Sequence[Result | Exception]], executor: Executor) -> None:
        self._commit = commit
        self._executor = executor
        self._waiting: list[tuple[Request, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def submit(self, request: Request) -> Result:
        """Return the request's result once its group was committed; raise its exception, or StorageBusyError."""
        if len(self._waiting) >= MAX_WAITING:
            raise StorageBusyError(f"{MAX_WAITING} requests wait already")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Return when nobody waits any more."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        """Send group after group to a thread, until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
            running = loop.run_in_executor(self._executor, self._commit, [request for request, _ in group])
            await asyncio.wait([running])
            if error := running.exception():
                everybody, self._waiting = group + self._waiting, []
                _answer(everybody, [error] * len(everybody))
            else:
                _answer(group, running.result())
        self._running = None


def _answer(
    group: Sequence[tuple[Request, asyncio.Future[Result]]], outcomes: Sequence[Result | BaseException]
) -> None:
    """Give everybody of a group what became of their request."""
    for (_, future), outcome in zip(group, outcomes, strict=True):
        if future.done():  # whoever asked has gone away
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
