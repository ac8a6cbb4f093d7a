"""A folder on the path, for plugins of strangers, and the library of their vendor."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.core.verification.planting import SDK, Planted, install, plant


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """A plugin that keeps every rule."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    (site / f"{SDK}.py").write_text("VERSION = 1\n", encoding="utf-8")
    install(site, "acme-sdk", top=f"{SDK}\n")
    importlib.invalidate_caches()
    return plant(site)
