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


class GroupCommit(Generic[Request, Result]):
    """Hand requests to `commit` in groups: while one group is flushed in a thread, the next one gathers.

    `commit` gets at most MAX_GROUP requests and returns one result or exception for each; what it raises goes to
    everybody who waits, since it stops them too. Used from one event loop only.
    """

    def __init__(self, commit: Callable[[Sequence[Request]], Sequence[Result | Exception]], executor: Executor) -> None:
        self._commit = commit
        self._executor = executor
        self._waiting: list[tuple[Request, asyncio.Future[Result]]] = []
        self._running: asyncio.Future[Sequence[Result | Exception]] | None = None

    async def submit(self, request: Request) -> Result:
        """Return the request's result once its group was committed; raise its exception, or StorageBusyError."""
        if len(self._waiting) >= MAX_WAITING:
            raise StorageBusyError(f"{MAX_WAITING} requests wait already")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._running is None:
            self._start(asyncio.get_running_loop())
        return await future

    async def drain(self) -> None:
        """Return when nobody waits any more."""
        while self._running is not None:
            await asyncio.wait([self._running])

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send the next group to a thread."""
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        self._running = loop.run_in_executor(self._executor, self._commit, [request for request, _ in group])
        self._running.add_done_callback(lambda done: self._finish(loop, group, done))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[tuple[Request, asyncio.Future[Result]]],
        done: asyncio.Future[Sequence[Result | Exception]],
    ) -> None:
        """Answer everybody of the group, and start the next."""
        self._running = None
        outcomes: Sequence[Result | Exception | BaseException]
        if error := done.exception():
            group, self._waiting = group + self._waiting, []
            outcomes = [error] * len(group)
        else:
            outcomes = done.result()
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():  # whoever asked has gone away
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if self._waiting:
            self._start(loop)
