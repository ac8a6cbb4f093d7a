"""What plugins keep on this machine gets into an archive, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from pegboard import Plugin, hookimpl
from pegboard.backup import examine, put_back, save
from pegboard.board import Plan, assemble
from pegboard.settings import BoardSettings, PluginSettings
from pegboard.sources import given_sources


class Albums(Plugin[PluginSettings]):
    """Keeps pictures in the instance folder, and sounds elsewhere."""

    name = "albums"
    elsewhere: Path

    @hookimpl
    def stored_folders(self) -> Iterable[Path]:
        yield Path("pictures")
        yield self.elsewhere


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A board with three files in two folders, and a link to what is not its own."""
    kind = type("Albums", (Albums,), {"__doc__": "Albums.", "elsewhere": tmp_path / "sounds"})
    for name in ("instance/pictures/a/1.png", "instance/pictures/2.png", "sounds/3.ogg", "instance/other/4.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    (tmp_path / "instance/pictures/link").symlink_to(tmp_path / "instance/other/4.txt")
    (tmp_path / "instance/test.db").touch()
    settings = BoardSettings(env="test", builtins=(), instance_path=tmp_path / "instance")
    made = assemble(given_sources({}), settings=settings, plugins=[kind])
    made.require()
    return made


def test_the_files_of_all_folders_are_saved_and_put_back_and_links_are_not_followed(plan: Plan, tmp_path: Path) -> None:
    heard: list[int] = []
    saved = save(plan, tmp_path / "kept.tar.gz", heard.append)
    assert (saved.contents.files, saved.vanished, heard) == (3, 0, [1, 2, 3])
    for name in ("instance/pictures/a/1.png", "sounds/3.ogg"):
        (tmp_path / name).unlink()
    (tmp_path / "instance/pictures/2.png").write_text("changed", encoding="utf-8")
    (tmp_path / "instance/other/4.txt").write_text("changed", encoding="utf-8")
    contents = examine(saved.file)
    assert contents == saved.contents
    put_back(plan, saved.file, contents)
    for name in ("instance/pictures/a/1.png", "instance/pictures/2.png", "sounds/3.ogg"):
        assert (tmp_path / name).read_text(encoding="utf-8") == name
    assert (tmp_path / "instance/other/4.txt").read_text(encoding="utf-8") == "changed"


def test_a_file_that_is_deleted_meanwhile_is_counted_and_stops_nothing(plan: Plan, tmp_path: Path) -> None:
    def delete_the_rest(files: int) -> None:
        (tmp_path / "sounds/3.ogg").unlink(missing_ok=True)

    saved = save(plan, tmp_path / "kept.tar.gz", delete_the_rest)
    assert (saved.contents.files, saved.vanished) == (2, 0)


def test_a_folder_that_was_never_made_is_empty(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "sounds/3.ogg").unlink()
    (tmp_path / "sounds").rmdir()
    assert save(plan, tmp_path / "kept.tar.gz").contents.files == 2
