"""Claims about the OpenAPI document of the running server (schemathesis): it answers as that says, never 5xx."""

import json
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server, serving, whole_rows, write_sites

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SEARCH_SECONDS = 300  # a busy machine fails no search
MARK = "/sites/{site}/attendance"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all of these claims."""
    folder = tmp_path_factory.mktemp("schema")
    write_sites(folder)
    with serving(folder, workers=1) as running:
        yield running


@pytest.fixture
def document(server: Server) -> dict[str, Any]:
    """The document that it serves."""
    return server.ask("GET", "/openapi.json", Authorization=f"Bearer {server.token}")[1]


def search(server: Server, document: dict[str, Any], *, examples: int = 50) -> subprocess.CompletedProcess[str]:
    """Let schemathesis look for answers that are not as a document says; it is always the same search."""
    ends = [
        parameter for parameter in document["paths"]["/api/live"]["get"]["parameters"] if parameter["name"] == "follow"
    ]
    ends[0].update(required=True, schema={"type": "boolean", "enum": [False]})  # else it goes on for ever
    path = server.folder / "document.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    command: list[str | Path] = [
        SCHEMATHESIS,
        "--no-color",
        "run",
        path,
        "--url",
        server.address,
        "--checks",
        CHECKS,
        "--warnings",
        "off",
        "--header",
        f"Authorization: Bearer {server.token}",
    ]
    bounds = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1", "--no-shrink"]
    return subprocess.run(
        [*command, *bounds], cwd=server.folder, capture_output=True, text=True, timeout=SEARCH_SECONDS, check=False
    )


def test_every_answer_is_as_the_document_says(server: Server, document: dict[str, Any]) -> None:
    """No 5xx; statuses, media types and bodies are those of the document; some of the requests were recorded."""
    found = search(server, document)

    assert found.returncode == 0, found.stdout
    assert whole_rows(server.folder / "data" / "london.csv")
    assert "Traceback" not in server.log


@pytest.mark.parametrize("status", ["404", "422"])
def test_the_search_finds_a_status_that_is_not_documented(
    server: Server, document: dict[str, Any], status: str
) -> None:
    """Without this the claim above could be empty."""
    lacking = deepcopy(document)
    del lacking["paths"][MARK]["post"]["responses"][status]

    found = search(server, lacking, examples=40)

    assert found.returncode == 1
    assert "Undocumented status code" in found.stdout


def test_the_search_finds_a_body_that_is_not_as_documented(server: Server, document: dict[str, Any]) -> None:
    """A field that is documented to be a number, and is none, is seen."""
    wrong = deepcopy(document)
    wrong["components"]["schemas"]["MarkAnswer"]["properties"]["timestamp"]["type"] = "integer"

    found = search(server, wrong, examples=10)

    assert found.returncode == 1
    assert "violates schema" in found.stdout


def test_the_document_lists_every_way_to_call_that_programs_have(document: dict[str, Any]) -> None:
    """Pages and the document itself are not in it."""
    listed = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert listed >= {
        f"POST {MARK}",
        "POST /attendance",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /api/days/{date}",
        "GET /api/months/{month}",
        "GET /api/marks",
        "GET /api/sites/{site}/employees/{employee_id}",
        "GET /api/live",
    }
