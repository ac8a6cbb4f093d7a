"""Uploading to local files as a person does it, in a real browser, and what the page says of files it refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from pegboard.testing.serving import serve
from tests.core.builtin.files.boards import PNG, MakeBoard, objects
from tests.core.builtin.files.in_a_browser import Stored, UploadsInABrowser, choose, console, drop, file, text

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["console"]
pytestmark = pytest.mark.browser


class TestLocalFiles(UploadsInABrowser):
    @pytest.fixture
    def board(self, make_board: MakeBoard) -> Flask:
        return make_board()

    @pytest.fixture
    def stored(self, tmp_path: Path) -> Stored:
        return lambda: objects(tmp_path)


def test_a_refused_file_says_why_and_can_be_tried_again(page: Page, make_board: MakeBoard, tmp_path: Path) -> None:
    with serve(make_board(max_size=1000)) as url:
        page.goto(f"{url}/files/")
        drop(page, file(tmp_path, "large.txt", 2000), file(tmp_path, "small.txt", 10))
        page.locator(".row-title a", has_text="small.txt").wait_for()
        row = page.locator("[data-upload-item]")
        assert row.get_attribute("data-state") == "failed"
        assert "larger than allowed" in (row.text_content() or "")
        row.get_by_role("button", name="Try again").click()
        page.locator("[data-upload-item][data-state=failed]").wait_for()
        assert page.locator("[data-upload-item]").count() == 1


def test_a_board_that_does_not_answer_is_said_in_words(page: Page, board: Flask, tmp_path: Path) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.route("**/files/uploads", lambda route: route.abort())
        drop(page, file(tmp_path, "lost.txt", 10))
        page.locator("[data-upload-item][data-state=failed]").wait_for()
        assert text(page, "[data-upload-note]") == "The upload failed. Try again."


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_never_makes_the_page_wider_than_the_screen(page: Page, board: Flask, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    with serve(board) as url:
        page.goto(f"{url}/files/")
        choose(page, "n" * 200 + ".png", PNG)
        page.locator("[data-file-state=ready]").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/files-{width}.png", full_page=True)
