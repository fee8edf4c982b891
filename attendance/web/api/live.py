"""Own the stream of what happens at sites: totals, marks as they are committed, and changes (server-sent events)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from attendance.live import Happening, Watch
from attendance.web.access import LOOKS, CallerDep, sites_asked, still_may
from attendance.web.deps import ServicesDep, SiteKeys
from attendance.web.document import problems

AGAIN_MILLISECONDS = 1000
"""So long a client waits before it comes again."""

BEAT_SECONDS = 10.0
"""So often a comment goes out where nothing happens: proxies close what is silent for long."""

CHECK_SECONDS = 1.0
"""So often it is asked whether whoever listens still may, where nothing happens."""

FRESH_SECONDS = 0.2
"""No older is the answer to that when something is told."""

BEAT = b":\n\n"
STREAM = "text/event-stream"

_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["board", "mark", "changed"]},
        "id": {"type": "string", "description": "Up to where this leads."},
        "data": {"type": "string", "description": "An object as JSON; what is in it stands in docs/live.md."},
    },
}

router = APIRouter(prefix="/api", dependencies=[Depends(LOOKS)], responses=problems(401, 403, 404, 503))


class Stream(StreamingResponse):
    """An answer that goes on until the watch is over; no proxy may hold it back."""

    media_type = STREAM

    def __init__(self, content: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what happens; however that ends, nobody watches any more."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


@router.get(
    "/live",
    status_code=200,
    response_class=Stream,
    responses={200: {"content": {STREAM: {"schema": _EVENT}}}},
    response_description="Events: `board`, `mark` and `changed`, each with a JSON object; see docs/live.md.",
)
async def show_live(  # noqa: PLR0913  # what a client may say
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    *,
    site: SiteKeys = [],  # noqa: B006  # it is not changed
    after: Annotated[str, Query(max_length=8000, description="The last `id`, to go on behind it.")] = "",
    last_event_id: Annotated[str, Header(description="The same, as a browser sends it when it comes again.")] = "",
    follow: Annotated[bool, Query(description="Whether it goes on; without that it ends behind what there is.")] = True,
) -> Stream:
    """Tell what happens at sites, as soon as it is committed."""
    chosen = sites_asked(request, caller, site)
    heard = asyncio.Event()
    wake = partial(_wake, asyncio.get_running_loop(), heard)
    watch = await run_in_threadpool(services.live.watch, chosen, last_event_id or after, wake)
    if not follow:
        watch.end()
    events = _events(watch, heard, partial(still_may, request, caller))
    return Stream(events, partial(services.live.leave, watch))


def _wake(loop: asyncio.AbstractEventLoop, heard: asyncio.Event) -> None:
    """Let the loop hear, from any thread; one that is closed hears nothing any more."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(heard.set)


async def _events(watch: Watch, heard: asyncio.Event, may: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield what a watch hears, until it is over or whoever listens may no more."""
    sent_seconds = checked_seconds = time.monotonic()
    yield f"retry: {AGAIN_MILLISECONDS}\n\n".encode()
    while True:
        is_over = watch.is_over
        heard.clear()
        told = b"".join(_event(happening, places) for happening, places in watch.take())
        if time.monotonic() - checked_seconds > (FRESH_SECONDS if told else CHECK_SECONDS):
            if not await run_in_threadpool(may):
                return
            checked_seconds = time.monotonic()
        if told or time.monotonic() - sent_seconds > BEAT_SECONDS:
            yield told or BEAT
            sent_seconds = time.monotonic()
        if is_over:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), CHECK_SECONDS)


def _event(happening: Happening, places: str) -> bytes:
    """Return an event as it is sent."""
    named = f"id: {places}\n" if places else ""
    return f"event: {happening.kind}\n{named}data: {happening.body}\n\n".encode()
