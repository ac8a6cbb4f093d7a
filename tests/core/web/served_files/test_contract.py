"""Three methods are enough: what is made of them passes the whole contract suite."""

from __future__ import annotations

import pytest

from pegboard.testing.files import MakeStorage, ServedFilesContract

from .memory import MemoryStorage


class TestThreeMethods(ServedFilesContract):
    large = 4 * 1024 * 1024  # a dictionary holds what it stores

    @pytest.fixture
    def make(self) -> MakeStorage:
        return MemoryStorage
