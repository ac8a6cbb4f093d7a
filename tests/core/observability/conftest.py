"""The deployment that the tests of the command line use."""

from __future__ import annotations

from tests.core.cli.conftest import deployment

__all__ = ["deployment"]
