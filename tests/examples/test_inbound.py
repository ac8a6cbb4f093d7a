"""The example `inbound` keeps the rules of a distribution. What it does is tried in `examples/inbound/tests`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import verify

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/inbound"


@pytest.mark.slow
def test_it_is_verified_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert verify("inbound").findings == []


def test_nothing_in_it_is_left_to_fill_in() -> None:
    texts = [path for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".md", ".toml"}]
    assert [path.name for path in texts if "FILL IN" in path.read_text(encoding="utf-8")] == []
    assert len(texts) > 10
