"""What becomes of a test where the machine lacks what it needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(advice: str) -> NoReturn:
    """Skip the test with a line that says how to get it. Where `CI=true`, everything must be there: the test fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(advice)
    pytest.skip(advice)
