"""Uploading as a person does it, in a real browser: dropped and chosen files, progress, cancel, and the form without a script."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pegboard.testing.serving import serve
from tests.core.builtin.files.boards import PNG, MakeBoard, objects, states

pytestmark = pytest.mark.browser
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome", "chromium-browser"))), None)

DROP = """([zone, names]) => {
  const held = new DataTransfer();
  for (const [name, size] of names) held.items.add(new File([new Uint8Array(size).fill(65)], name));
  const input = zone.querySelector("input[type=file]");
  for (const kind of ["dragover", "drop"]) zone.dispatchEvent(new DragEvent(kind, { dataTransfer: held, bubbles: true }));
  input.files = held.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium or Chrome on this machine: install one (apt install chromium)")
        pytest.skip("no Chromium or Chrome on this machine: install one (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page on which any error of the console fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page, wrong = context.new_page(), []
    page.set_default_timeout(10_000)
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.wrong = wrong
    yield page
    context.close()


def test_a_chosen_file_is_sent_and_listed_without_loading_the_page_again(
    page: Any, board: Flask, tmp_path: Path
) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.evaluate("window.stayed = true")
        page.set_input_files("input[type=file]", {"name": "chart.png", "mimeType": "image/png", "buffer": PNG})
        page.locator(".row-title a", has_text="chart.png").wait_for()
        assert page.evaluate("window.stayed")
        assert "chart.png: Uploaded" in page.locator("[data-upload-status]").text_content()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download chart.png").click()
        assert Path(download.value.path()).read_bytes() == PNG
        assert download.value.suggested_filename == "chart.png"
    assert states(board) == [("ready", None)]
    assert len(objects(tmp_path)) == 1
    assert page.wrong == []


def test_dropped_files_are_sent_one_after_the_other(page: Any, board: Flask) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.evaluate(
            DROP, [page.query_selector("[data-upload-zone]"), [["one.txt", 10], ["two.txt", 20], ["three.txt", 0]]]
        )
        page.locator(".row-title a", has_text="three.txt").wait_for()
        assert page.locator("[data-file-state=ready]").count() == 3
        assert page.locator("[data-upload-item]").count() == 0
    assert page.wrong == []


def _slowed(page: Any) -> None:
    """Sends 200 kB a second, so that progress can be seen."""
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)


def _progress_past(page: Any, seen: float) -> float:
    """The progress, once it is more than what was seen before."""
    for _ in range(200):
        now: float = page.evaluate("document.querySelector('progress').value")
        if now > seen:
            return now
        page.wait_for_timeout(50)
    raise AssertionError(f"the progress stays at {seen}")


def test_progress_grows_and_cancel_leaves_nothing(page: Any, board: Flask, tmp_path: Path) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        _slowed(page)
        page.evaluate(DROP, [page.query_selector("[data-upload-zone]"), [["large.txt", 3_000_000]]])
        row = page.locator("[data-upload-item]")
        assert 0 < _progress_past(page, _progress_past(page, 0)) < 100
        assert row.get_attribute("data-state") == "sending"
        assert states(board) == [("pending", None)]
        with page.expect_response(lambda answer: answer.url.endswith("/delete")) as forgotten:
            row.get_by_role("button", name="Cancel").click()
        assert forgotten.value.status == 204
        assert row.get_attribute("data-state") == "cancelled"
        assert "large.txt: Cancelled" in page.locator("[data-upload-status]").text_content()
    assert states(board) == []
    assert objects(tmp_path) == []


def test_a_refused_file_says_why_and_can_be_tried_again(page: Any, make_board: MakeBoard) -> None:
    with serve(make_board(max_size=1000)) as url:
        page.goto(f"{url}/files/")
        page.evaluate(DROP, [page.query_selector("[data-upload-zone]"), [["large.txt", 2000], ["small.txt", 10]]])
        page.locator(".row-title a", has_text="small.txt").wait_for()
        row = page.locator("[data-upload-item]")
        assert row.get_attribute("data-state") == "failed"
        assert "larger than allowed" in row.text_content()
        row.get_by_role("button", name="Try again").click()
        page.locator("[data-upload-item][data-state=failed]").wait_for()
        assert page.locator("[data-upload-item]").count() == 1


def test_a_storage_that_does_not_answer_is_said_in_words(page: Any, board: Flask) -> None:
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.route("**/local-files/**", lambda route: route.abort())
        page.evaluate(DROP, [page.query_selector("[data-upload-zone]"), [["lost.txt", 10]]])
        row = page.locator("[data-upload-item][data-state=failed]")
        row.wait_for()
        assert "The upload failed. Try again." in row.text_content()
        assert states(board) == [("pending", None)]
        page.unroute("**/local-files/**")
        row.get_by_role("button", name="Try again").click()
        page.locator(".row-title a", has_text="lost.txt").wait_for()
    assert [state for state, _ in states(board)].count("ready") == 1


def test_without_javascript_the_form_uploads_and_the_button_is_there(chromium: Any, board: Flask) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.set_input_files("input[type=file]", {"name": "plain.txt", "mimeType": "text/plain", "buffer": b"plain"})
        page.get_by_role("button", name="Upload").click()
        assert "1 file uploaded." in page.text_content("main")
        page.get_by_role("link", name="Delete plain.txt").click()
        page.get_by_role("button", name="Delete file").click()
        assert "plain.txt is deleted." in page.text_content("main")
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_never_makes_the_page_wider_than_the_screen(page: Any, board: Flask, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    with serve(board) as url:
        page.goto(f"{url}/files/")
        page.set_input_files("input[type=file]", {"name": "n" * 200 + ".png", "mimeType": "image/png", "buffer": PNG})
        page.locator("[data-file-state=ready]").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/files-{width}.png", full_page=True)
