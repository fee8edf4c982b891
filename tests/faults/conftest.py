"""What a fault needs of the machine: a test says it, and is skipped where it cannot be had (in CI it fails)."""

import os
import shutil

import pytest


@pytest.fixture(autouse=True)
def _needed(request: pytest.FixtureRequest) -> None:
    """Skip a test that is marked `needs("root", "strace", ...)` where one of them is missing."""
    for marker in request.node.iter_markers("needs"):
        for name in marker.args:
            if name == "root" and os.geteuid() != 0:
                pytest.skip("this fault needs root")
            if name != "root" and shutil.which(name) is None:
                pytest.skip(f"this fault needs {name}; on Debian it is in the packages of .ci/run")
