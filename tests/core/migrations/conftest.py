"""A fresh deployment for each test of the command line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli.deployment import Deployment


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    for name in ("PEGBOARD_CONFIG", "PEGBOARD_ENV", "DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "APP_URL"):
        monkeypatch.delenv(name, raising=False)
    before = list(sys.path)
    importlib.invalidate_caches()
    made = Deployment(tmp_path)
    made.write()
    yield made
    sys.path[:] = before
