"""A plugin of a few lines serves its store in a board: links from `PUBLIC_URL`, uploads without a form's token."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Blueprint, Flask

from pegboard import BoardSettings, Plugin, Provider, create_app, hookimpl
from pegboard.contracts.files import FILES, FileStorage
from pegboard.live import board_of, current_board
from pegboard.settings import PluginSettings
from pegboard.web.served_files import Links, served_files


class Attic(Plugin[PluginSettings]):
    """Files in the attic."""

    name = "attic_files"
    requires = ("files",)

    @hookimpl
    def providers(self) -> Iterable[Provider[Any]]:
        yield Provider(FILES, "attic", self._storage)

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        yield served_files(self.name, lambda: current_board().provider(FILES, "attic"))

    def _storage(self) -> FileStorage:
        from .memory import MemoryStorage

        return MemoryStorage(Links.of_board(self.name))


@pytest.fixture
def board(tmp_path: Path) -> Flask:
    settings = BoardSettings(
        env="test", builtins=("files",), instance_path=tmp_path, public_url="https://board.example"
    )
    return create_app(settings, plugins=[Attic], config={"attic_files": {"url_prefix": "/attic"}})


@pytest.fixture
def storage(board: Flask) -> FileStorage:
    with board.app_context():
        return board_of(board).provider(FILES)


def test_links_begin_with_the_public_url_and_the_prefix_of_the_plugin(storage: FileStorage) -> None:
    assert storage.public_url("public/a") == "https://board.example/attic/public/a"
    assert storage.url("a").startswith("https://board.example/attic/signed/")


def test_a_browser_uploads_and_downloads_without_a_session(board: Flask, storage: FileStorage) -> None:
    client = board.test_client(use_cookies=False)
    upload = storage.sign_upload("a", size=4, content_type="image/png")
    assert client.put(urlsplit(upload.url).path, data=b"1234", headers=dict(upload.headers)).status_code == 200
    assert client.get(urlsplit(storage.url("a")).path).data == b"1234"


def test_the_headers_of_a_file_are_not_those_of_a_page(board: Flask, storage: FileStorage) -> None:
    answer = board.test_client().get(urlsplit(storage.url("a")).path)
    assert answer.status_code == 404
    storage.put("a", BytesIO(b"1"), size=1)
    answer = board.test_client().get(urlsplit(storage.url("a")).path)
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"].startswith("private")


def test_links_are_signed_with_the_keys_of_the_board(board: Flask, storage: FileStorage, tmp_path: Path) -> None:
    other = create_app(BoardSettings(env="test", builtins=("files",), instance_path=tmp_path), plugins=[Attic])
    path = urlsplit(storage.url("a")).path.replace("/attic/", "/attic-files/")
    assert other.test_client().get(path).status_code == 403
