"""The local provider passes the contract suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.testing.files import MakeStorage, ServedFilesContract


class TestLocalFileStorage(ServedFilesContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> MakeStorage:
        return lambda links: LocalFileStorage(tmp_path / "files", links)
