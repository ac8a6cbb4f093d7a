"""Editing `pegboard.toml`: what a person wrote stays, and what would count for nothing is said."""

from __future__ import annotations

import tomllib
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from pegboard.editing import edit, hidden_by
from pegboard.errors import PegboardError
from pegboard.sources import read_sources

SPLIT = """\
# what we run
[pegboard]
app_name = "Club"  # our name

[s3_storage]
bucket = "club"

[pegboard.providers]  # who serves what
mail = "captured"
"""


def _choose(table: MutableMapping[str, Any]) -> None:
    table.setdefault("providers", {})["files"] = "s3"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SPLIT, SPLIT + 'files = "s3"\n', id="tables that stand apart"),
        pytest.param("", '[pegboard]\n[pegboard.providers]\nfiles = "s3"\n', id="an empty file"),
        pytest.param(
            '[pegboard]\nproviders = { files = "local" } # one\n',
            '[pegboard]\nproviders = { files = "s3" } # one\n',
            id="an inline table",
        ),
        pytest.param(
            '[pegboard]\nproviders.files = "local"  # here\nplugins = []\n',
            '[pegboard]\nproviders.files = "s3"  # here\nplugins = []\n',
            id="a dotted key",
        ),
    ],
)
def test_what_a_person_wrote_stays(board_folder: Any, before: str, after: str) -> None:
    file = board_folder.toml(before)
    assert edit(read_sources(file, environ={}), _choose) == file
    text = file.read_text(encoding="utf-8")
    assert tomllib.loads(text) == tomllib.loads(after)
    for line in before.splitlines():
        assert line.partition("#")[2] in text


def test_a_file_is_made_where_there_is_none(board_folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(board_folder.path)
    file = edit(read_sources(environ={}), _choose)
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"pegboard": {"providers": {"files": "s3"}}}


def test_its_permissions_stay(board_folder: Any) -> None:
    file = board_folder.toml("[pegboard]\n")
    file.chmod(0o640)
    edit(read_sources(file, environ={}), _choose)
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_cannot_be_written_is_named(board_folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = board_folder.toml("[pegboard]\n")
    sources = read_sources(file, environ={})

    def refuse(self: Path, *args: object, **kwargs: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(PegboardError, match=r"pegboard\.toml cannot be written: Read-only file system"):
        edit(sources, _choose)
    assert file.read_text(encoding="utf-8") == "[pegboard]\n"


@pytest.mark.parametrize(
    ("toml", "environ", "why"),
    [
        ("[pegboard]\n", {}, ""),
        ("[pegboard.providers]\nfiles = 'local'\n", {}, ""),
        ("[pegboard]\n", {"PEGBOARD_PROVIDERS": "{}"}, "PEGBOARD_PROVIDERS is set in the environment and hides the file"),
        ("[env.production.pegboard.providers]\nfiles = 'local'\n", {}, ""),
        (
            "[env.production.pegboard.providers]\nfiles = 'local'\n",
            {"PEGBOARD_ENV": "production"},
            "providers is set in [env.production] of pegboard.toml, which hides [pegboard]",
        ),
    ],
)  # fmt: skip
def test_what_hides_the_file_is_named(board_folder: Any, toml: str, environ: dict[str, str], why: str) -> None:
    assert hidden_by(read_sources(board_folder.toml(toml), environ=environ), "providers") == why


def test_what_is_no_toml_is_refused_with_the_place_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "pegboard.toml"
    file.write_text('[pegboard]\nplugins = ["s3_stor', encoding="utf-8")
    with pytest.raises(PegboardError, match="not valid TOML: Unexpected end of file at line 2"):
        edit(read_sources(file, environ={}), _choose)
    assert file.read_text(encoding="utf-8") == '[pegboard]\nplugins = ["s3_stor'
