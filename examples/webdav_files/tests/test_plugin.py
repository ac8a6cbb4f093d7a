"""The plugin boots alone, is found by its name, and refuses settings that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pegboard import PluginSettings
from pegboard.errors import ConfigError
from pegboard.live import board_of
from pegboard.testing import Install, MakeBoard
from pegboard_webdav_files.plugin import WebDAVFiles
from pegboard_webdav_files.settings import WebDAVFilesSettings

README = Path(__file__).parents[1] / "README.md"


def test_it_boots_with_what_it_requires_and_nothing_else(board: Flask) -> None:
    enabled = {entry.name for entry in board_of(board).plan.active}
    assert enabled == {"webdav_files", *WebDAVFiles.requires}


def test_it_is_found_by_its_name(installed: Install, make_board: MakeBoard, plugin_settings: Mapping[str, Any]) -> None:
    installed(webdav_files=WebDAVFiles)
    board = make_board("webdav_files", config={"webdav_files": plugin_settings})
    assert isinstance(board_of(board).plugin(WebDAVFiles), WebDAVFiles)


def test_an_unknown_setting_is_refused(make_board: MakeBoard) -> None:
    with pytest.raises(ConfigError, match=r"webdav_files\.no_such_setting: unknown setting"):
        make_board(WebDAVFiles, config={"webdav_files": {"no_such_setting": 1}})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "dav.example.com/board"),
        ("url", "ftp://dav.example.com"),
        ("url", "https://alice:secret@dav.example.com"),
        ("url", "https://dav.example.com/board?a=1"),
        ("user", "a:b"),
        ("seconds", 0),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(
    make_board: MakeBoard, plugin_settings: Mapping[str, Any], key: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=rf"webdav_files\.{key}: ") as refused:
        make_board(WebDAVFiles, config={"webdav_files": {**plugin_settings, key: value}})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("given", "missing"), [("user", "password"), ("password", "user")])
def test_user_and_password_come_together(
    make_board: MakeBoard, plugin_settings: Mapping[str, Any], given: str, missing: str
) -> None:
    alone = {"url": plugin_settings["url"], given: plugin_settings[given]}
    with pytest.raises(ConfigError, match=rf"{missing} \(WEBDAV_FILES_{missing.upper()}\) is missing"):
        make_board(WebDAVFiles, config={"webdav_files": alone})


def test_the_readme_has_a_row_for_every_setting() -> None:
    text = README.read_text(encoding="utf-8")
    own = [key for key in WebDAVFilesSettings.model_fields if key not in PluginSettings.model_fields]
    assert [key for key in own if f"| `{key}` |" not in text] == []
