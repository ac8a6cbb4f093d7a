"""What `make check` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import check


def test_a_plugin_that_has_its_tests_with_it_has_them_checked_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weather/tests").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "pattern/tests").mkdir(parents=True)
    monkeypatch.setattr(check, "plugin_folders", lambda: [tmp_path / "other", tmp_path / "weather"])
    monkeypatch.setattr(check, "example_folders", lambda: [tmp_path / "pattern"])
    steps = check.steps([])
    assert [name for name in steps if name.startswith("types")] == ["types", "types of weather", "types of pattern"]
    assert check.OWN_TESTS in steps["types"]
    assert steps["types of weather"][-1] == str(tmp_path / "weather/tests")
