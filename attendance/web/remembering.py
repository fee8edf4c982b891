"""Own the cookie of `Remember me on this device`: it fills the form the next day and grants nothing."""

import base64
import binascii

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from attendance.web.cookies import LONGEST_SECONDS, REMEMBERED, drop_cookie, read_cookie, set_cookie

MAX_COOKIE_BYTES = 2048


class Remembered(BaseModel):
    """Who marked here last and wished to be remembered; it comes back from a browser, so it is only ever shown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    site_id: str
    employee_id: str
    name: str


def read_remembered(request: Request) -> Remembered | None:
    """Return who is remembered on this device, or None; a cookie that was tampered with is as good as none."""
    value = read_cookie(request, REMEMBERED)
    if not value or len(value) > MAX_COOKIE_BYTES:
        return None
    try:
        return Remembered.model_validate_json(base64.urlsafe_b64decode(value))
    except (binascii.Error, ValueError, ValidationError):
        return None


def remember(response: Response, request: Request, remembered: Remembered) -> None:
    """Keep who marked on this device."""
    value = base64.urlsafe_b64encode(remembered.model_dump_json().encode()).decode()
    set_cookie(response, request, REMEMBERED, value, LONGEST_SECONDS)


def forget(response: Response, request: Request) -> None:
    """Forget who marked on this device."""
    drop_cookie(response, request, REMEMBERED)
