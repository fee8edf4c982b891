"""Own how large bodies are received: streamed to the disk within a limit, where an access rule has let the caller in.

Handlers of these addresses read the body themselves, so nothing of it is read before the rule has spoken.
"""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from attendance.errors import MalformedRequestError, UploadRefusedError, UploadTooLargeError
from attendance.files import storage_errors

MAX_UPLOAD_BYTES = 21 << 20
"""More than any of these addresses takes, with what a form writes around a file: so much the worker lets through."""

UPLOAD_SECONDS = 120.0
"""How long an upload may take to arrive."""

MAX_FORM_BYTES = 1 << 20
MAX_FORM_FIELDS = 2_000
_OVERHEAD_BYTES = 4096  # what a form writes around its file
_UPLOADS = re.compile(r"/hr/sites/[^/]{1,255}/(?:roster|edited(?:/amend)?)")


def is_upload(path: str) -> bool:
    """Tell whether this is an address to which more may be sent than to others."""
    return path.startswith("/hr/") and _UPLOADS.fullmatch(path) is not None  # a mark is told by the first letters


@asynccontextmanager
async def received(request: Request, max_bytes: int, advice: str) -> AsyncIterator[Path]:
    """Give the path of the one file that a form brings in its field `file`; it is gone afterwards.

    Raise UploadTooLargeError, with `advice` what to do then, UploadRefusedError where no file came in a form, and
    StorageFullError or StorageUnavailableError where it cannot be kept meanwhile.
    """
    with storage_errors():
        form = await _form(request, max_bytes, advice, files=1)
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise UploadRefusedError(["Choose a file first."])
        with storage_errors():
            kept = NamedTemporaryFile(prefix="attendance-")  # noqa: SIM115  # closed below, with what reads it
        with kept:
            with storage_errors():
                await run_in_threadpool(_copy, file.file, kept)
            yield Path(kept.name)
    finally:
        await form.close()


async def read_many(request: Request) -> list[tuple[str, str]]:
    """Return the fields of a form with many, in their order. Raise UploadTooLargeError, MalformedRequestError."""
    form = await _form(request, MAX_FORM_BYTES, "Choose fewer rows at once.", files=0)
    return [(key, value) for key, value in form.multi_items() if isinstance(value, str)]


async def _form(request: Request, max_bytes: int, advice: str, *, files: int) -> FormData:
    """Read a form of limited size; raise UploadTooLargeError, UploadRefusedError, MalformedRequestError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        if not files:
            raise MalformedRequestError("this is no form (multipart/form-data)", of_mark=False)
        raise UploadRefusedError(["Send the file in a form (multipart/form-data)."])
    limit = max_bytes + _OVERHEAD_BYTES
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise UploadTooLargeError(max_bytes, advice)
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise UploadTooLargeError(max_bytes, advice)
        return message

    return await Request(request.scope, receive).form(
        max_files=files, max_fields=MAX_FORM_FIELDS if not files else 1, max_part_size=_OVERHEAD_BYTES
    )


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a file that a form brought to one with a name."""
    shutil.copyfileobj(source, target)
    target.flush()
