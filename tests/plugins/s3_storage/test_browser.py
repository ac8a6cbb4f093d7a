"""A browser that uploads straight to a real S3 server: the same pages and the same tests as with local files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from flask import Flask

from pegboard.testing.serving import serve
from pegboard_s3_storage.bucket import make_bucket
from pegboard_s3_storage.client import ClientSource
from pegboard_s3_storage.plugin import S3Storage
from pegboard_s3_storage.settings import S3Settings
from tests.core.builtin.files.boards import PNG, MakeBoard, make_board
from tests.core.builtin.files.in_a_browser import Stored, UploadsInABrowser, choose, console

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["console", "make_board"]
pytestmark = pytest.mark.browser


class TestS3(UploadsInABrowser):
    @pytest.fixture
    def own(self, settings: S3Settings) -> S3Settings:
        """A part of the shared server's bucket that no other test sees."""
        return settings.model_copy(update={"prefix": uuid4().hex})

    @pytest.fixture
    def board(self, own: S3Settings, make_board: MakeBoard) -> Flask:
        return make_board("s3", more={S3Storage: dict(own)})

    @pytest.fixture
    def address(self, board: Flask, settings: S3Settings) -> Iterator[str]:
        with serve(board) as url:
            make_bucket(settings, [url])
            yield url

    @pytest.fixture
    def stored(self, own: S3Settings) -> Stored:
        def names() -> list[str]:
            asked = {"Bucket": own.bucket, "Prefix": own.prefix}
            answer = ClientSource(own).call("list", lambda clients: clients.quick.list_objects_v2(**asked))
            return [one["Key"] for one in answer.get("Contents", ())]

        return names

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_a_file_goes_straight_to_the_server(
        self, page: Page, console: list[str], settings: S3Settings, make_board: MakeBoard, method: str
    ) -> None:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
        board = make_board("s3", more={S3Storage: {**dict(settings), "upload_method": method.lower()}})
        with serve(board) as url:
            make_bucket(settings, [url])
            page.goto(f"{url}/files/")
            choose(page, "chart.png", PNG)
            page.locator(".row-title a", has_text="chart.png").wait_for()
        assert any(line.startswith(f"{method} {settings.bucket_url}") for line in sent), sent
        assert console == []
