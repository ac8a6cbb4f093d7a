"""The provider passes the contract suite of `files`, and keeps what a board is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from pegboard import files
from pegboard.testing.files import MakeStorage, ServedFilesContract
from pegboard_webdav_files.provider import WebDAVFileStorage
from pegboard_webdav_files.settings import WebDAVFilesSettings


class TestWebDAVFileStorage(ServedFilesContract):
    @pytest.fixture
    def make(self, plugin_settings: Mapping[str, Any]) -> MakeStorage:
        return lambda links: WebDAVFileStorage(WebDAVFilesSettings(**plugin_settings), links)


def test_what_a_board_is_given_is_kept_here_and_comes_back(board: Flask) -> None:
    with board.app_context():
        stored = files.save(BytesIO(b"hello"), "hello.txt", "text/plain", "alice")
        link = urlsplit(files.url(stored.id, "alice"))
    assert stored.provider == "webdav_files"
    assert link.path.startswith("/webdav-files/")
    assert board.test_client().get(link.path).data == b"hello"


def test_the_doctor_of_files_finds_nothing_wrong_and_leaves_nothing(board: Flask, folder: Path) -> None:
    before = {path for path in folder.rglob("*") if path.is_file()}
    result = board.test_cli_runner().invoke(args=["files", "doctor", "--json"])
    assert result.exit_code == 0, result.output
    report = {one["provider"]: one["findings"] for one in json.loads(result.stdout)}
    assert {one["step"] for one in report["webdav_files"]} >= {"write", "read", "range", "copy", "delete"}
    assert {one["state"] for one in report["webdav_files"]} == {"ok"}
    assert {path for path in folder.rglob("*") if path.is_file()} == before
