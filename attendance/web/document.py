"""Own what the OpenAPI document says beyond what FastAPI derives: problems (RFC 9457), and what opens an operation."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, Field

PROBLEM = "application/problem+json"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}

EVERYWHERE: Mapping[str, str] = {
    "400": "The request cannot be read.",
    "408": "The request took too long to arrive.",
    "413": "The request is too large.",
    "414": "The address is too long.",
    "431": "The header is too large.",
    "503": "The server stops; trying again in a moment is safe.",
}
"""What any request may be answered before anybody has looked what it wishes."""


_DESCRIPTIONS = {
    400: "Not JSON, or not an object with these fields.",
    401: "No token, or one that is not good any more.",
    403: "Not allowed: by the rule of the site, the roster, or the token.",
    404: "No such site.",
    409: "The name is somebody else's, or more than one site could be meant.",
    413: "Too large.",
    415: "Neither JSON nor a form.",
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
    fields: dict[str, str] | None = Field(
        default=None, description="With invalid_input and invalid_query: what is wrong, by field."
    )
    candidates: list[str] | None = Field(
        default=None, description="With ambiguous_site: the sites that could be meant."
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation that are problems, for its `responses`."""
    return {
        status: {
            "model": Problem,
            "content": {PROBLEM: {}},
            "description": _DESCRIPTIONS[status],
        }
        for status in statuses
    }


def described(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the answers that every operation may give; each problem is of its own media type.

    FastAPI files the model of an answer under the media type of the route, also where the answer has another, and tells
    of a 422 that we never give. What may be answered 401 is opened by a token.
    """
    told: dict[str, Any] = deepcopy(dict(document))
    told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for unused in ("HTTPValidationError", "ValidationError"):
        told["components"]["schemas"].pop(unused, None)
    for operations in told["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            if "HTTPValidationError" in str(answers.get("422")):
                del answers["422"]
            if "401" in answers:
                operation["security"] = [{"token": []}]
            for status, description in EVERYWHERE.items():
                answers.setdefault(
                    status, {"description": description, "content": {PROBLEM: {"schema": PROBLEM_SCHEMA}}}
                )
            for answer in answers.values():
                content = answer.get("content", {})
                for media_type in [kind for kind, one in content.items() if one.get("schema") == PROBLEM_SCHEMA]:
                    content[PROBLEM] = content.pop(media_type)
    return told
