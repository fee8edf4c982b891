"""What faults share: what they need of the machine (in CI it is an error where it is missing), and their figures."""

import os
import shutil
from collections import Counter

import pytest

_FIGURES = pytest.StashKey[Counter[str]]()


@pytest.fixture(autouse=True)
def _needed(request: pytest.FixtureRequest) -> None:
    """Skip a test that is marked `needs("root", "strace", ...)` where one of them is missing."""
    for marker in request.node.iter_markers("needs"):
        for name in marker.args:
            if name == "root" and os.geteuid() != 0:
                pytest.skip("this fault needs root")
            if name != "root" and shutil.which(name) is None:
                pytest.skip(f"this fault needs {name}; on Debian it is in the packages of .ci/run")


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Counter[str]:
    """What the tests count, such as kills; it is printed at the end."""
    return pytestconfig.stash.setdefault(_FIGURES, Counter())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    for name, value in sorted(terminalreporter.config.stash.get(_FIGURES, Counter()).items()):
        terminalreporter.write_line(f"{name}: {value}")
