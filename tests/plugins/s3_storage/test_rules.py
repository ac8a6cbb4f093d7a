"""The plugin keeps the rules that plugins of strangers are held to."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import verify


@pytest.mark.slow
def test_it_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = verify("s3_storage")
    assert report.findings == []
    assert [outcome.check for outcome in report.outcomes if outcome.skipped] == ["migrations"]
