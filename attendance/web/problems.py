"""Own how problems stand in the API's document: RFC 9457, with a stable code."""

from typing import Any

from pydantic import BaseModel, Field

_DESCRIPTIONS = {
    400: "Not JSON, or not an object with these fields.",
    401: "No token, or one that is not good any more.",
    403: "Not allowed: by the rule of the site, the roster, or the token.",
    404: "No such site.",
    409: "The name is somebody else's, or more than one site could be meant.",
    413: "Too large.",
    422: "A field is wrong.",
    429: "Too many attempts; `Retry-After` says when to come again.",
    503: "Not possible now; trying again is safe.",
}


class Problem(BaseModel):
    """RFC 9457, with a stable code."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None
    fields: dict[str, str] | None = Field(default=None, description="With invalid_input: what is wrong, by field.")
    candidates: list[str] | None = Field(
        default=None, description="With ambiguous_site: the sites that could be meant."
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation that are problems, for its `responses`."""
    return {
        status: {
            "model": Problem,
            "content": {"application/problem+json": {}},
            "description": _DESCRIPTIONS[status],
        }
        for status in statuses
    }
