"""A process that is killed at any moment loses no file, and leaves no object that no row knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.builtin.files.doomed import OPERATIONS

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_wherever_it_is_killed_nothing_is_lost_and_nothing_unknown(operation: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.builtin.files.doomed", str(tmp_path), operation],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if line["wrong"]] == []
    assert lines[-1]["seam"] == "survived"
    assert {line["seam"] for line in lines} >= {"before a commit", "after a commit"}
    assert len(lines) >= 5
