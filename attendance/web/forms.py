"""Own how a form is read: each field once, as a text, in UTF-8; what does not belong to the form is refused."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile

from attendance.errors import MalformedRequestError

_MAX_FIELDS = 16  # more than any form has, so that a strange one is refused as such


async def read_form(request: Request, *fields: str, ticks: Sequence[str] = (), of_mark: bool = False) -> dict[str, str]:
    """Return the fields of a form, an empty text for one that is missing; `ticks` are there only where they are set.

    Raise MalformedRequestError, with the fields of a mark where it is the form of one, or what the parser raises.
    """
    items = await _read_items(request, of_mark=of_mark)
    found = {key: value for key, value in items if isinstance(value, str)}
    if len(found) != len(items) or not found.keys() <= {*fields, *ticks}:
        raise MalformedRequestError("a field stands twice, or does not belong to this form", of_mark=of_mark)
    return dict.fromkeys(fields, "") | found


async def _read_items(request: Request, *, of_mark: bool) -> Sequence[tuple[str, str | UploadFile]]:
    """Return what a form holds; refuse all but UTF-8: the framework would read it as Latin-1, and spoil a name."""
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type not in {b"application/x-www-form-urlencoded", b"multipart/form-data"}:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise MalformedRequestError("the form is not in UTF-8", of_mark=of_mark)
    try:
        body = (await request.body()).decode()
        if content_type == b"multipart/form-data":
            return (await request.form(max_files=0, max_fields=_MAX_FIELDS)).multi_items()
        return parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:  # UnicodeDecodeError is one
        raise MalformedRequestError("the form is not in UTF-8, or has too many fields", of_mark=of_mark) from None
