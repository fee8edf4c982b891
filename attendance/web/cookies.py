"""Own our cookies: their names, and what makes a browser keep them to itself."""

from starlette.requests import Request
from starlette.responses import Response

REMEMBERED = "attendance"
SESSION = "attendance-session"
SECOND_STEP = "attendance-step"
SIGN_ON = "attendance-sign-on"
DEVICE = "attendance-device"
KIOSK = "attendance-kiosk"
PRESENCE = "attendance-presence"

LONGEST_SECONDS = 400 * 86_400  # browsers keep a cookie no longer than 400 days (RFC 6265bis)


def read_cookie(request: Request, name: str) -> str:
    """Return the value of a cookie of ours, or nothing."""
    return request.cookies.get(_full_name(request, name), "")


def set_cookie(answer: Response, request: Request, name: str, value: str, max_age_seconds: int | None = None) -> None:
    """Set a cookie, until the browser is closed or for so long; no script reads it, no other site sends it along."""
    answer.set_cookie(
        _full_name(request, name), value, max_age_seconds, secure=is_https(request), httponly=True, samesite="lax"
    )


def drop_cookie(answer: Response, request: Request, name: str) -> None:
    """Remove a cookie."""
    answer.delete_cookie(_full_name(request, name), secure=is_https(request), httponly=True, samesite="lax")


def is_https(request: Request) -> bool:
    """Tell whether the browser came by HTTPS (the trusted proxy says so)."""
    return request.url.scheme == "https"


def _full_name(request: Request, name: str) -> str:
    """Return the name; the prefix makes browsers refuse one that another host or a plain connection sets."""
    return f"__Host-{name}" if is_https(request) else name
