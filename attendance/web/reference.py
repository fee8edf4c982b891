"""Own the page that explains the API, and the document that it is made of; it loads no script and nothing of others."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from attendance.web.access import SIGNED_IN
from attendance.web.document import EVERYWHERE, PROBLEM, PROBLEM_SCHEMA
from attendance.web.rendering import render

_Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter, or a field of a body; what lies inside of another has a name such as `problems[].code`."""

    name: str
    type: str
    needed: bool
    description: str
    example: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a body or an answer holds: its media type, what it is, its fields, and an example where all have one."""

    media_type: str
    description: str
    fields: Sequence[Field]
    example: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation may answer: the status and what it means."""

    status: str
    phrase: str
    description: str
    contents: Sequence[Content]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method at an address."""

    anchor: str
    method: str
    path: str
    summary: str
    paragraphs: Sequence[str]
    parameters: Sequence[Field]
    bodies: Sequence[Content]
    answers: Sequence[Answer]


router = APIRouter(include_in_schema=False, dependencies=[Depends(SIGNED_IN)])


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """Return the OpenAPI document of everything that programs call."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def reference(request: Request) -> Response:
    """Show the same for a person."""
    told = request.app.openapi()
    return render(
        "reference.html",
        version=told["info"]["version"],
        operations=list(operations(told)),
        problem=_Reader(told).content(PROBLEM, PROBLEM_SCHEMA),
        everywhere=[(status, _phrase(status), text) for status, text in EVERYWHERE.items()],
    )


def operations(told: _Schema) -> Iterator[Operation]:
    """Yield every operation of an OpenAPI document, in its order, with all references resolved."""
    reader = _Reader(told)
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            text = operation.get("description", "")
            yield Operation(
                anchor=re.sub(r"[^a-z0-9]+", "-", f"{method} {path}".lower()).strip("-"),
                method=method.upper(),
                path=path,
                summary=operation.get("summary", ""),
                paragraphs=[part.strip() for part in text.split("\n\n") if part.strip()],
                parameters=[reader.parameter(one) for one in operation.get("parameters", [])],
                bodies=reader.contents(operation.get("requestBody", {})),
                answers=list(reader.answers(operation["responses"])),
            )


class _Reader:
    """Read schemas of one document."""

    def __init__(self, told: _Schema) -> None:
        self._told = told

    def parameter(self, parameter: _Schema) -> Field:
        """Return a parameter of the address, the query or the header; its description says which."""
        text = f"In the {parameter['in']}. {parameter.get('description', '')}".strip()
        return self._field(
            parameter["name"], parameter["schema"], needed=parameter.get("required", False), description=text
        )

    def answers(self, responses: _Schema) -> Iterator[Answer]:
        """Yield what may be answered, by status; not what every operation may answer."""
        for status, answer in sorted(responses.items()):
            if answer["description"] != EVERYWHERE.get(status):
                yield Answer(
                    status=status,
                    phrase=_phrase(status),
                    description=answer["description"],
                    contents=self.contents(answer),
                )

    def contents(self, holder: _Schema) -> list[Content]:
        """Return what a body or an answer may hold, by media type."""
        return [self.content(kind, one.get("schema", {})) for kind, one in holder.get("content", {}).items()]

    def content(self, media_type: str, schema: _Schema) -> Content:
        """Return what a media type holds."""
        resolved = self._resolve(schema)
        return Content(
            media_type=media_type,
            description=resolved.get("description", ""),
            fields=list(self._fields(schema, "", ())),
            example=self._example(resolved),
        )

    def _fields(self, schema: _Schema, prefix: str, above: Sequence[str]) -> Iterator[Field]:
        """Yield the fields of an object, and under each the fields of what it holds; a schema within itself ends."""
        name = schema.get("$ref")
        if name in above:
            return
        resolved, within = self._resolve(schema), [*above, *([name] if name else [])]
        for key, inner in resolved.get("properties", {}).items():
            yield self._field(prefix + key, inner, needed=key in resolved.get("required", ()))
            yield from self._fields(inner, f"{prefix}{key}.", within)
        for inner in (*resolved.get("anyOf", ()), *resolved.get("oneOf", ()), *resolved.get("allOf", ())):
            yield from self._fields(inner, prefix, within)
        if "items" in resolved:
            yield from self._fields(resolved["items"], f"{prefix.removesuffix('.')}[].", within)

    def _field(self, name: str, schema: _Schema, *, needed: bool, description: str | None = None) -> Field:
        """Return a field as it is told."""
        resolved = self._resolve(schema)
        examples = resolved.get("examples", [])
        return Field(
            name=name,
            type=self._type(schema),
            needed=needed,
            description=resolved.get("description", "") if description is None else description,
            example=_as_json(examples[0]) if examples else None,
        )

    def _type(self, schema: _Schema) -> str:
        """Return what kind of value it is, in words."""
        resolved = self._resolve(schema)
        choices = resolved.get("anyOf", resolved.get("oneOf", ()))
        if choices:
            return " or ".join(self._type(one) for one in choices)
        if "enum" in resolved or "const" in resolved:
            return " or ".join(_as_json(one) for one in resolved.get("enum", [resolved.get("const")]))
        kind = resolved.get("type", "anything")
        if kind == "array":
            return f"list of {self._type(resolved.get('items', {}))}"
        values = resolved.get("additionalProperties")
        if kind == "object" and isinstance(values, Mapping):
            return f"object of {self._type(values)}"
        return f"{kind} ({resolved['format']})" if "format" in resolved else str(kind)

    def _example(self, schema: _Schema) -> str | None:
        """Return an object made of the examples of its fields, or None where a needed one has none."""
        examples = {
            key: self._resolve(inner)["examples"][0]
            for key, inner in schema.get("properties", {}).items()
            if self._resolve(inner).get("examples")
        }
        return _as_json(examples, indent=2) if examples and examples.keys() >= set(schema.get("required", ())) else None

    def _resolve(self, schema: _Schema) -> _Schema:
        """Return what a reference refers to, or the schema itself."""
        while "$ref" in schema:
            found: Any = self._told
            for key in schema["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            schema = found
        return schema


def _as_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON that a person reads."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _phrase(status: str) -> str:
    """Return what HTTP calls a status."""
    return HTTPStatus(int(status)).phrase
