"""The example `webdav_files` keeps the rules of a distribution. What it does is tried in `examples/webdav_files/tests`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import CHECKS, verify

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/webdav_files"


@pytest.mark.slow
def test_it_is_verified_by_its_name_in_every_respect_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = verify("webdav_files")
    assert report.findings == []
    assert {one.check: one.state for one in report.outcomes} == {**dict.fromkeys(CHECKS, "ok"), "migrations": "skipped"}


def test_nothing_in_it_is_left_to_fill_in() -> None:
    texts = [path for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".md", ".toml"}]
    assert [path.name for path in texts if "FILL IN" in path.read_text(encoding="utf-8")] == []
    assert len(texts) > 10
