"""Claims about the audit of what is installed: a known vulnerability fails it, and it never skips in silence."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "audit.py"
SOUND = {"name": "pytz", "version": "2026.6", "vulns": []}
HURT = {"name": "jinja2", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"]}]}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found"}


@pytest.fixture
def audit() -> ModuleType:
    """The script."""
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def answer(audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what runs the script over a pip-audit that answers what it is told."""

    def run(*packages: object, said: str | None = None) -> int:
        program = tmp_path / "pip-audit"
        (tmp_path / "report").write_text(json.dumps({"dependencies": packages}) if said is None else said)
        program.write_text(f"#!/bin/sh\ncat {tmp_path}/report\necho no route to its data >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setattr(audit, "COMMAND", [program])
        return int(audit.main())

    return run


def test_nothing_known_is_nothing_said(answer: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Where every requirement was looked up and none is known to be hurt, CI goes on."""
    assert answer(SOUND) == 0
    assert capsys.readouterr().err == ""


def test_a_known_vulnerability_fails(answer: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, with the version that mends it."""
    assert answer(SOUND, HURT) == 1
    assert capsys.readouterr().err == "jinja2 1.0: PYSEC-1, mended in 2.0\n"


def test_what_could_not_be_looked_up_is_said_aloud(
    answer: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line; CI goes on, unless something else is known."""
    assert answer(SOUND, UNKNOWN) == 0
    assert capsys.readouterr().err == "NOT AUDITED: 1 of 2 requirements could not be looked up: ours.\n"
    assert answer(UNKNOWN, HURT) == 1


@pytest.mark.parametrize("said", ["", "no JSON"])
def test_no_answer_is_said_aloud(answer: Callable[..., int], capsys: pytest.CaptureFixture[str], said: str) -> None:
    """Where its data cannot be reached, pip-audit reports nothing: one line says so, with its own reason."""
    assert answer(said=said) == 0
    told = capsys.readouterr().err
    assert told.startswith("NOT AUDITED: ")
    assert told.count("\n") == 1
    assert said or "no route to its data" in told
