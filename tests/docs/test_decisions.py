"""The decisions are numbered, headed alike, and all listed where people look for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
DECISIONS = sorted((DOCS / "decisions").iterdir())


def test_no_two_have_one_number() -> None:
    numbers = [path.name.partition("-")[0] for path in DECISIONS]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_each_is_headed_by_its_number_and_listed_by_it(path: Path) -> None:
    number = int(path.name[:3])
    heading = path.read_text(encoding="utf-8").partition("\n")[0]
    assert re.fullmatch(rf"# {number}\. [A-Z].*[^.]", heading)
    listed = re.findall(rf"^ +{number}\. \[[A-Z][^\]]+\]\(decisions/{re.escape(path.name)}\)$",
                        (DOCS / "README.md").read_text(encoding="utf-8"), re.MULTILINE)  # fmt: skip
    assert len(listed) == 1, f"list {path.name} in docs/README.md as number {number}"
