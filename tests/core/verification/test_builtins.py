"""What ships with the core keeps the rules that strangers are held to."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.settings import DEFAULT_BUILTINS
from pegboard.verification import CHECKS, verify


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULT_BUILTINS)
def test_a_builtin_is_clean(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # They are in one wheel, and building it takes seconds: once, for the one that has every kind of file.
    checks = [check for check in CHECKS if check != "package" or name == "files"]
    assert verify(name, only=checks).findings == []
