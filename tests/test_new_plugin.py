"""A plugin begun with the published command: what is printed works when it is typed, and its wheel is complete."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.author import Author, author, built, shared
from tests.core.cli.scaffold.generated import fill_in

__all__ = ["author", "built", "shared"]
pytestmark = pytest.mark.slow


def test_a_new_plugin_is_filled_in_tested_enabled_built_installed_and_clean(author: Author) -> None:
    said = author.types("pegboard plugins new attic --capability files --with models,pages")
    folder = author.folder / "pegboard-attic"
    assert fill_in(folder) == ["write", "open", "remove"]
    readme = folder / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("FILL IN: ", "As for "), encoding="utf-8")
    for line in said.partition("Next:\n")[2].splitlines():
        author.types(line.strip())
    (row,) = [row for row in json.loads(author.types("pegboard plugins list --json")) if row["name"] == "attic"]
    assert (row["state"], row["version"], row["origin"]) == ("enabled", "0.1.0", "pegboard-attic")
    assert row["contributes"]["providers"] == ["files: attic"]
    assert row["contributes"]["tables"] == ["attic_notes"]
    assert "/attic/" in row["contributes"]["URLs"]

    author.types(f"python -m build --no-isolation --outdir dist {folder}")
    (wheel,) = (author.folder / "dist").glob("*.whl")
    assert held(wheel) == {str(path.relative_to(folder)) for path in source_files(folder / "pegboard_attic")}
    author.install("--force-reinstall", "--no-deps", str(wheel))
    where = author.types("python -c 'import pegboard_attic; print(pegboard_attic.__file__)'")
    assert Path(where.strip()).is_relative_to(author.environment)
    assert "attic 0.1.0 is clean" in author.types("pegboard plugins verify attic")


def held(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def source_files(package: Path) -> list[Path]:
    return [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
