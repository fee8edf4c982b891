"""Own the cookie of `Remember me on this device`: it fills the form the next day and grants nothing."""

import base64
import binascii

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "attendance"
MAX_AGE_SECONDS = 400 * 86_400  # browsers keep a cookie no longer than 400 days (RFC 6265bis)
MAX_COOKIE_BYTES = 2048


class Remembered(BaseModel):
    """Who marked here last and wished to be remembered; it comes back from a browser, so it is only ever shown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    site_id: str
    employee_id: str
    name: str


def read_remembered(request: Request) -> Remembered | None:
    """Return who is remembered on this device, or None; a cookie that was tampered with is as good as none."""
    value = request.cookies.get(_cookie_name(request), "")
    if not value or len(value) > MAX_COOKIE_BYTES:
        return None
    try:
        return Remembered.model_validate_json(base64.urlsafe_b64decode(value))
    except (binascii.Error, ValueError, ValidationError):
        return None


def remember(response: Response, request: Request, remembered: Remembered) -> None:
    """Keep who marked on this device."""
    value = base64.urlsafe_b64encode(remembered.model_dump_json().encode()).decode()
    response.set_cookie(
        _cookie_name(request), value, MAX_AGE_SECONDS, secure=_is_secure(request), httponly=True, samesite="lax"
    )


def forget(response: Response, request: Request) -> None:
    """Forget who marked on this device."""
    response.delete_cookie(_cookie_name(request), secure=_is_secure(request), httponly=True, samesite="lax")


def _cookie_name(request: Request) -> str:
    """Return the name; the prefix makes browsers refuse one that another host or a plain connection sets."""
    return f"__Host-{COOKIE}" if _is_secure(request) else COOKIE


def _is_secure(request: Request) -> bool:
    """Tell whether the browser came by HTTPS (the trusted proxy says so)."""
    return request.url.scheme == "https"
