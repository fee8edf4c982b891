"""Own how tables are downloaded: whole before the first byte is sent, under a name of ours, and noted in the audit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, Literal

from anyio import from_thread
from fastapi import Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect

from attendance.audit import Action
from attendance.errors import ExportFailedError
from attendance.exporting import Format, Options, Separator, Table, export
from attendance.model import Site
from attendance.web.access import Caller
from attendance.web.deps import Services

MEDIA_TYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSON: "application/json",
    Format.ICAL: "text/calendar; charset=utf-8",
}
_CHUNK_BYTES = 1 << 18

TableForm = Annotated[
    Literal[Format.JSON, Format.CSV, Format.XLSX, Format.PARQUET],
    Query(alias="format", description="JSON, or a file to download."),
]
PersonForm = Annotated[
    Literal[Format.JSON, Format.CSV, Format.ICAL],
    Query(alias="format", description="JSON, or a file to download: a table, or a calendar."),
]


async def csv_options(
    separator: Annotated[Separator, Query(description="CSV: what parts the cells.")] = Separator.COMMA,
    bom: Annotated[bool, Query(description="CSV: begin with a byte order mark, for old spreadsheets.")] = False,  # noqa: FBT002
) -> Options:
    """Return what is chosen of a CSV file."""
    return Options(separator=separator, byte_order_mark=bom)


OptionsDep = Annotated[Options, Depends(csv_options)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Who takes a table away, and of which sites."""

    services: Services
    caller: Caller
    sites: Sequence[Site]

    def note(self, what: str, form: Format) -> None:
        """Leave a line in the audit."""
        site_ids = ",".join(site.site_id for site in self.sites)
        self.services.audit.note(Action.EXPORT, who=self.caller.told, what=what, format=form.value, sites=site_ids)


async def still_here(request: Request) -> Callable[[], None]:
    """Return what raises ClientDisconnect where nobody waits for the answer any more; it is called in a thread."""

    def look() -> None:
        if from_thread.run(request.is_disconnected):
            raise ClientDisconnect

    return look


StillDep = Annotated[Callable[[], None], Depends(still_here)]

Apart = Callable[[IO[bytes]], bool]
"""Have it written by a process of its own, if that is worth it; tell whether it was."""


def _not_apart(_: IO[bytes]) -> bool:
    """Leave it to this process."""
    return False


def download(taker: Taker, table: Table, form: Format, options: Options, *, apart: Apart = _not_apart) -> Response:
    """Return a table as a file that a browser saves; raise SiteUnreadableError, ExportFailedError.

    It is written into a file without a name first, which takes no memory and is gone when it was sent: so an answer is
    never a part of a table.
    """
    answer = spooled(MEDIA_TYPES[form], lambda out: export(table, form, out, options), apart=apart)
    answer.headers["Content-Disposition"] = f'attachment; filename="{table.stem}.{form}"'
    taker.note(table.stem, form)
    return answer


def spooled(media_type: str, write: Callable[[IO[bytes]], None], *, apart: Apart = _not_apart) -> Response:
    """Return an answer of what is written; what is raised while it is written is raised, and nothing is sent.

    It is written here where it could not be `apart`.
    """
    file = TemporaryFile(prefix="attendance-")  # noqa: SIM115  # it is closed when it was sent
    try:
        if not apart(file):
            write(file)
        size = file.tell()
        file.seek(0)
    except OSError as error:
        file.close()
        raise ExportFailedError(error.strerror or str(error)) from error
    except BaseException:
        file.close()
        raise
    headers = {"Content-Length": str(size), "Cache-Control": "no-store"}
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file in pieces, and close it."""
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def files(*forms: Format) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation that are files, for its `responses`."""
    shown = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": {MEDIA_TYPES[form].partition(";")[0]: shown for form in forms}}}


TABLES = files(Format.CSV, Format.XLSX, Format.PARQUET)
PERSONAL = files(Format.CSV, Format.ICAL)
