"""Claims about the documents: they cannot drift from the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from attendance import errors
from attendance.audit import Action
from attendance.cli import app
from attendance.codec import HEADER
from attendance.config import Settings
from attendance.registry.blocks import WEEKDAYS
from attendance.web.metrics import METRICS
from benchmarks.figures import Figure

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LEDGER = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
GUIDES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def _error_codes() -> list[str]:
    """Return the codes of all errors."""
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    return sorted({item.code for item in classes if issubclass(item, errors.AttendanceError) and hasattr(item, "code")})


def _incident_codes() -> list[str]:
    """Return the codes of all incidents, as they are told in the source."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "attendance").rglob("*.py"))
    return sorted(set(re.findall(r'(?:_tell\(|Incident\(\s*code=)\s*"(\w+)"', source)))


def _commands() -> list[str]:
    """Return the commands of the command line, those within groups as well."""
    return sorted(_within(get_command(app), ""))


def _within(command: Any, name: str) -> Iterator[str]:
    """Yield what a command is called, or, of a group, what its commands are."""
    if not hasattr(command, "commands"):
        yield name
    for key, inner in getattr(command, "commands", {}).items():
        yield from _within(inner, f"{name} {key}".lstrip())


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    """A setting stands in the README or the configuration, and always in the latter."""
    assert f"`ATTENDANCE_{name.upper()}`" in CONFIGURATION
    assert f"ATTENDANCE_{name.upper()}" in README


@pytest.mark.parametrize("code", _error_codes())
def test_every_error_code_is_documented(code: str) -> None:
    """Ops find every code that an answer or the log can hold."""
    assert f"`{code}`" in OPERATIONS


@pytest.mark.parametrize("code", _incident_codes())
def test_every_incident_is_documented(code: str) -> None:
    """Ops find every incident that the log can hold."""
    assert f"`{code}`" in OPERATIONS


def test_there_are_incidents_to_document() -> None:
    """The search for incident codes finds them: without it the claim above would be empty."""
    assert {"tail_cut", "clock_held", "clock_set"} <= set(_incident_codes())


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    """Ops find every metric, and its labels, in a row of its own."""
    labels = ",".join(METRICS[name][1])

    assert f"| `{name}{{{labels}}}` |" in OPERATIONS or (not labels and f"| `{name}` |" in OPERATIONS)


@pytest.mark.parametrize("action", Action)
def test_every_action_of_the_audit_log_is_documented(action: Action) -> None:
    """Whoever reads the audit log finds what each action means."""
    assert f"| `{action}` |" in OPERATIONS


@pytest.mark.parametrize("command", _commands())
def test_every_command_is_documented(command: str) -> None:
    """A command stands in the README or in a guide; the group of one within a group stands in the README."""
    assert f"attendance {command.partition(' ')[0]}" in README
    assert any(f"attendance {command}" in guide for guide in (README, *GUIDES))


@pytest.mark.parametrize("column", HEADER.decode().strip().split(","))
def test_every_column_is_documented(column: str) -> None:
    """A column of the CSV file stands in the description of the ledger."""
    assert f"| `{column}` |" in LEDGER


def test_every_key_of_the_registry_is_documented() -> None:
    """A key of a site's block stands in the configuration."""
    from attendance.registry.blocks import _Block  # noqa: PLC0415  # the table of keys is an inner matter

    missing = [key for key in _Block._READERS if f"`{key}`" not in CONFIGURATION]  # noqa: SLF001

    assert missing == []
    assert all(day in CONFIGURATION for day in WEEKDAYS)


def test_every_module_stands_in_the_picture_of_the_house() -> None:
    """The listing of the package reads like the table of contents in the documents."""
    modules = [path.name for path in (ROOT / "attendance").glob("*.py") if path.name != "__init__.py"]
    modules += [f"{path.parent.name}/" for path in (ROOT / "attendance").glob("*/__init__.py")]
    modules += [path.name for path in (ROOT / "attendance" / "web").glob("*.py") if path.name != "__init__.py"]

    missing = [name for name in modules if f"  {name} " not in ARCHITECTURE]

    assert missing == []


def test_every_test_that_the_security_document_names_is_there() -> None:
    """A requirement is shown by a test that somebody can run."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", text)

    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / "tests" / file).exists()
        or f"def {test}(" not in (ROOT / "tests" / file).read_text(encoding="utf-8")
    ]

    assert len(named) > 40
    assert missing == []


def test_the_readme_is_short() -> None:
    """A stranger reads it to the end."""
    assert len(README.splitlines()) < 150


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda path: path.name)
def test_no_link_between_documents_is_broken(path: Path) -> None:
    """A link leads to a file that is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))

    broken = [link for link in links if not (path.parent / link).exists()]

    assert broken == []


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "results").glob("*.json")), ids=lambda path: path.stem)
def test_the_figures_of_the_documents_are_those_of_the_last_full_run(path: Path) -> None:
    """Each stands in docs/performance.md as it was printed."""
    told = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    figures = [Figure.of_json(one) for one in json.loads(path.read_text(encoding="utf-8"))["figures"]]

    missing = [figure.title for figure in figures if f"| {' | '.join(figure.cells)} |" not in told]

    assert figures
    assert missing == []
