"""The local provider passes the contract suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pegboard.contracts.files import FileStorage
from pegboard.testing.files.local import Clock, LocalFilesContract, serve_files


class TestLocalFileStorage(LocalFilesContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[FileStorage]:
        self.clock = Clock()
        with serve_files(tmp_path / "files", self.clock) as (storage, self.own_origin):
            yield storage
