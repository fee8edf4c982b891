"""Own the gathering of everybody who waits for a flush into the next one; nobody waits for a timer."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from attendance.errors import StorageBusyError

Log = TypeVar("Log", bound=Hashable)
Request = TypeVar("Request")
Result = TypeVar("Result")
Group = list[tuple[Request, asyncio.Future[Result]]]

MAX_GROUP = 256
MAX_WAITING = 2048
TURNS = 4
"""So often the event loop goes round before groups leave, and with them goes whoever arrived meanwhile.

One turn reads what clients sent, one begins to answer it, one brings it here (docs/decisions/0009-hot-path.md).
"""

STUCK_SECONDS = 0.1
"""Nobody waits for another log for longer than this; one whose last commit took so long has a thread of its own."""

SLOW_SECONDS = 0.004
LANES = 4
"""All others that leave together go one after the other to one thread, or to so many if a commit takes that long.

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
        self._waiting: dict[Log, Group[Request, Result]] = {}
        self._busy: set[Log] = set()
        self._stuck: set[Log] = set()
        self._pace_seconds = 0.0
        self._leaving: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def submit(self, log: Log, request: Request) -> Result:
        """Return the request's result once its group was committed; raise its exception, or StorageBusyError."""
        waiting = self._waiting.setdefault(log, [])
        if len(waiting) >= MAX_WAITING:
            raise StorageBusyError(f"{MAX_WAITING} requests wait already")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting.append((request, future))
        self._idle.clear()
        self._leave_soon(log)
        return await future

    async def drain(self) -> None:
        """Return when nobody waits any more."""
        await self._idle.wait()

    def _leave_soon(self, log: Log) -> None:
        """See to it that the group of a log leaves, unless it is busy: then it leaves after that."""
        if log not in self._busy and self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        """Send the groups of all logs that are not busy to threads."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self._leaving = None
        ready = [log for log in self._waiting if log not in self._busy]
        quick = [log for log in ready if log not in self._stuck]
        lanes = LANES if self._pace_seconds > SLOW_SECONDS else 1
        shares = [quick[lane::lanes] for lane in range(min(lanes, len(quick)))]
        for logs in shares + [[log] for log in ready if log in self._stuck]:
            self._send(asyncio.get_running_loop(), deque((log, self._take(log)) for log in logs))

    def _send(self, loop: asyncio.AbstractEventLoop, groups: deque[tuple[Log, Group[Request, Result]]]) -> None:
        """Have a thread commit groups; where one of them is stuck, another thread goes on with the rest."""
        if not groups:
            return
        if len(groups) > 1:
            loop.call_later(STUCK_SECONDS, self._send, loop, groups)
        try:
            self._executor.submit(self._commit_all, loop, groups)
        except RuntimeError as error:  # the system gives no thread, or the executor was shut down
            while groups:
                self._finish(*groups.popleft(), StorageBusyError(f"there is no thread for it: {error}"), 0.0)

    def _take(self, log: Log) -> Group[Request, Result]:
        """Return the next group of a log, which is busy with it from now on."""
        self._busy.add(log)
        waiting = self._waiting.pop(log)
        if len(waiting) > MAX_GROUP:
            self._waiting[log] = waiting[MAX_GROUP:]
        return waiting[:MAX_GROUP]

    def _commit_all(self, loop: asyncio.AbstractEventLoop, groups: deque[tuple[Log, Group[Request, Result]]]) -> None:
        """Commit group after group, and have each answered at once (in a thread)."""
        while True:
            try:
                log, group = groups.popleft()
            except IndexError:  # another thread may have had the last
                return
            begun_seconds = time.monotonic()
            outcome: Sequence[Result | Exception] | Exception
            try:
                outcome = self._commit(log, [request for request, _ in group])
            except Exception as error:  # noqa: BLE001  # the edge of the thread: whoever waits is told
                outcome = error
            loop.call_soon_threadsafe(self._finish, log, group, outcome, time.monotonic() - begun_seconds)

    def _finish(
        self,
        log: Log,
        group: Group[Request, Result],
        outcome: Sequence[Result | Exception] | Exception,
        seconds: float,
    ) -> None:
        """Answer everybody of a group, and go on with who came meanwhile."""
        self._busy.discard(log)
        if isinstance(outcome, Exception) or seconds > STUCK_SECONDS:
            self._stuck.add(log)
        else:
            self._stuck.discard(log)
            self._pace_seconds += (seconds - self._pace_seconds) / 8
        if isinstance(outcome, Exception):
            group = group + self._waiting.pop(log, [])
            outcome = [outcome] * len(group)
        if log in self._waiting:
            self._leave_soon(log)
        _answer(group, outcome)
        if not self._busy and not self._waiting:
            self._idle.set()


def _answer(group: Group[Request, Result], outcomes: Sequence[Result | Exception]) -> None:
    """Give everybody of a group what became of their request."""
    for (_, future), outcome in zip(group, outcomes, strict=True):
        if future.done():  # whoever asked has gone away
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
