"""Claims about the page of the API and the document behind it: all that programs call is there, in words and fields."""

import json
from collections.abc import Iterator

import pytest

from attendance.web.document import EVERYWHERE, described
from attendance.web.reference import operations
from tests.webapp import Web, serving_web, tags, visible_text

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "paths": {
        "/trees/{id}": {
            "get": {
                "summary": "See a tree",
                "description": "Return a tree.\n\nIt may be <b>old</b>.",
                "parameters": [
                    {
                        "name": "id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                        "description": "Which.",
                    },
                    {"name": "deep", "in": "query", "schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                ],
                "responses": {
                    "200": {
                        "description": "Here it is.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}},
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Tree": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "examples": ["Öak"], "description": "Its name."},
                    "kind": {"enum": ["leaf", "needle"]},
                    "planted": {"type": "string", "format": "date"},
                    "branches": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                    "birds": {"type": "array", "items": {"$ref": "#/components/schemas/Bird"}},
                    "notes": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "Bird": {"type": "object", "properties": {"song": {"type": "string"}}},
        }
    },
}


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One site."""
    with serving_web(tmp_path_factory.mktemp("web"), role="viewer") as served:
        yield served


def test_every_operation_of_the_document_is_explained(web: Web) -> None:
    """Method, address, description, parameters, fields and statuses stand on the page, and in its contents."""
    document = web.client.get("/openapi.json").json()

    page = web.client.get("/docs")

    text = visible_text(page)
    links = {tag["href"] for tag in tags(page, "a")}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in text
            assert operation["description"] in text
            assert all(parameter["description"] in text for parameter in operation.get("parameters", []))
            assert all(answer["description"] in text for answer in operation["responses"].values())
    for schema in document["components"]["schemas"].values():
        assert [name for name in schema.get("properties", {}) if f"{name} " not in text] == []
    assert {f"#{tag['id']}" for tag in tags(page, "section")} <= links


def test_the_page_needs_no_script_and_nothing_inline(web: Web) -> None:
    """It is HTML and two style sheets of ours, and no cache keeps it."""
    page = web.client.get("/docs")

    assert page.headers["cache-control"] == "no-store"
    assert tags(page, "script") == []
    assert "<style" not in page.text
    assert "style=" not in page.text
    assert all(web.client.get(tag["href"]).status_code == 200 for tag in tags(page, "link"))


def test_references_are_resolved_and_what_holds_itself_ends() -> None:
    """Fields of inner objects have long names; a tree within a tree is told once."""
    [operation] = operations(DOCUMENT)

    [content] = operation.answers[0].contents
    assert [(field.name, field.type, field.needed) for field in content.fields] == [
        ("name", "string", True),
        ("kind", '"leaf" or "needle"', False),
        ("planted", "string (date)", False),
        ("branches", "list of object", False),
        ("birds", "list of object", False),
        ("birds[].song", "string", False),
        ("notes", "object of string", False),
    ]
    assert content.example == '{\n  "name": "Öak"\n}'


def test_parameters_say_where_they_stand() -> None:
    """In the path or the query, needed or not, with their descriptions."""
    [operation] = operations(DOCUMENT)

    assert [(one.name, one.type, one.needed, one.description) for one in operation.parameters] == [
        ("id", "string", True, "In the path. Which."),
        ("deep", "integer or null", False, "In the query."),
    ]
    assert operation.anchor == "get-trees-id"
    assert operation.paragraphs == ["Return a tree.", "It may be <b>old</b>."]


def test_every_operation_may_give_the_answers_of_all() -> None:
    """They are added to the document, and what the operation says of a status itself stays."""
    before = json.dumps(DOCUMENT)

    told = described(DOCUMENT)

    responses = told["paths"]["/trees/{id}"]["get"]["responses"]
    assert responses.keys() == {"200", *EVERYWHERE}
    assert json.dumps(DOCUMENT) == before


def test_a_problem_has_its_own_media_type_in_the_document(web: Web) -> None:
    """No operation says that it answers a problem as plain JSON."""
    document = web.client.get("/openapi.json").json()

    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
                assert answer["content"].get("application/json") != reference
                assert status[0] in "25" or answer["content"] == {"application/problem+json": reference}


def test_the_document_and_its_page_are_not_in_the_document(web: Web) -> None:
    """It tells what programs call."""
    paths = web.client.get("/openapi.json").json()["paths"]

    assert not {"/docs", "/openapi.json", "/"} & paths.keys()


def test_the_page_says_how_to_get_in_and_nothing_of_how_it_is_made(web: Web) -> None:
    """A token, how it is made and sent; no words of the framework, and none about threads."""
    text = visible_text(web.client.get("/docs"))

    assert "attendance tokens add NAME --role ROLE" in text
    assert "Authorization: Bearer TOKEN" in text
    assert "Successful Response" not in text
    assert "thread" not in text
