"""Uploading to local files as a person does it, in a real browser, and what the page says of files it refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from pegboard.contracts.files import MIN_PART
from pegboard.testing.serving import serve
from tests.core.builtin.files.boards import PNG, MakeBoard, objects
from tests.core.builtin.files.in_a_browser import Stored, UploadsInABrowser, choose, console, drop, file, text

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

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


_NOTE = """() => {
  const status = document.querySelector("[data-upload-status]");
  window.said = [];
  window.shown = [];
  new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
  new MutationObserver(() => {
    const bar = document.querySelector("progress");
    if (bar && bar.value > (shown.at(-1) ?? 0)) shown.push(bar.value);
  }).observe(document.querySelector("[data-upload-list]"), { childList: true, subtree: true, characterData: true });
}"""


@pytest.mark.parametrize("parts", [False, True], ids=["at_once", "in_parts"])
def test_progress_through_a_slow_network_is_shown_and_said_now_and_then(
    page: Page, console: list[str], make_board: MakeBoard, tmp_path: Path, parts: bool
) -> None:
    size = MIN_PART + 1_000_000
    with serve(make_board(parts_above=MIN_PART if parts else size)) as url:
        page.goto(f"{url}/files/")
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
        page.evaluate(_NOTE)
        page.set_input_files("[data-upload-input]", file(tmp_path, "large.txt", size))
        page.locator("[data-file-state=ready]").wait_for(timeout=60_000)
        shown, said = page.evaluate("[shown, said]")
    assert len(shown) >= 5
    assert shown == sorted(shown)
    spoken = [words for words in said if words.endswith("%")]
    assert len(spoken) == len(set(spoken)) >= 3
    assert set(spoken) <= {f"large.txt: {step} %" for step in (20, 40, 60, 80, 100)}
    assert said[-1] == "large.txt: Uploaded"
    assert console == []


def test_heading_quota_and_empty_state_are_right_without_loading_the_page_again(
    page: Page, make_board: MakeBoard, tmp_path: Path
) -> None:
    with serve(make_board(quota=1024 * 1024)) as url:
        page.goto(f"{url}/files/")
        assert page.locator(".empty-state").count() == 1
        page.set_input_files("[data-upload-input]", [file(tmp_path, "one.txt", 1024), file(tmp_path, "two.txt", 1024)])
        page.locator(".lede", has_text="2 files, only you can see them.").wait_for()
        assert page.locator(".empty-state").count() == 0
        assert page.locator("[data-file-list]").is_visible()
        assert text(page, "#quota-text") == "2 KiB of 1 MiB used."


def test_the_empty_state_comes_back_when_the_only_upload_is_cancelled(page: Page, board: Flask, tmp_path: Path) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.route("**/local-files/**", lambda route: None)
        page.set_input_files("[data-upload-input]", file(tmp_path, "one.txt", 1024))
        page.locator("[data-upload-item]").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.locator(".empty-state").wait_for()
        assert page.locator(".lede").count() == 0


def test_focus_in_an_upload_goes_on_to_the_file_it_has_become(page: Page, board: Flask, tmp_path: Path) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        held: list[Route] = []
        page.route("**/local-files/**", lambda route: held.append(route))
        page.set_input_files("[data-upload-input]", file(tmp_path, "one.txt", 1024))
        while not held:
            page.wait_for_timeout(50)
        page.get_by_role("button", name="Cancel").focus()
        held[0].continue_()
        page.locator("[data-file-state=ready]").wait_for()
        assert page.evaluate("document.activeElement.textContent") == "one.txt"
