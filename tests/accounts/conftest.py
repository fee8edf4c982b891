"""What the tests of accounts are given."""

from pathlib import Path

import pytest

from tests.accounts.kit import House
from tests.conftest import HandClock


@pytest.fixture
def house(tmp_path: Path, clock: HandClock) -> House:
    """Everything about accounts, in an empty folder."""
    return House(tmp_path, clock)
