"""What a person does with files in a real browser, the same on every storage: a class of tests to give a board to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from pegboard.testing.serving import serve
from tests.core.builtin.files.boards import PNG, states

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Stored = Callable[[], Sequence[str]]
_SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}  # bytes per second


@pytest.fixture
def console(page: Page) -> list[str]:
    """The errors in the page's console so far. A violation of the content security policy is one."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    return said


class UploadsInABrowser:
    """Give it the fixtures `board` and `stored`, the names of all objects that the board's storage holds."""

    @pytest.fixture
    def board(self) -> Flask:
        raise NotImplementedError("override the fixture `board` with one whose files lie on your storage")

    @pytest.fixture
    def stored(self) -> Stored:
        raise NotImplementedError("override the fixture `stored`")

    @pytest.fixture
    def address(self, board: Flask) -> Iterator[str]:
        """Where the board is served. Override it where the storage has to know."""
        with serve(board) as url:
            yield url

    def test_a_chosen_file_is_sent_listed_downloaded_and_deleted(
        self, page: Page, console: list[str], address: str, board: Flask, stored: Stored
    ) -> None:
        page.goto(f"{address}/files/")
        page.evaluate("window.stayed = true")
        choose(page, "chart.png", PNG)
        page.locator(".row-title a", has_text="chart.png").wait_for()
        assert page.evaluate("window.stayed"), "the page was loaded again"
        assert "chart.png: Uploaded" in text(page, "[data-upload-status]")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download chart.png").click()
        assert Path(download.value.path()).read_bytes() == PNG
        assert download.value.suggested_filename == "chart.png"
        assert (states(board), len(stored())) == ([("ready", None)], 1)
        delete(page, "chart.png")
        assert (states(board), stored()) == ([], [])
        assert console == []

    @pytest.mark.parametrize("corner", [False, True], ids=["middle", "corner"])
    def test_dropped_files_are_sent_one_after_the_other(
        self, page: Page, console: list[str], address: str, tmp_path: Path, corner: bool
    ) -> None:
        page.goto(f"{address}/files/")
        drop(page, *(file(tmp_path, name, size) for name, size in DROPPED.items()), corner=corner)
        page.locator(".row-title a", has_text=list(DROPPED)[-1]).wait_for()
        assert page.locator("[data-file-state=ready]").count() == len(DROPPED)
        assert page.locator("[data-upload-item]").count() == 0
        assert console == []

    def test_progress_grows_and_cancel_leaves_nothing(
        self, page: Page, console: list[str], address: str, board: Flask, stored: Stored, tmp_path: Path
    ) -> None:
        page.goto(f"{address}/files/")
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", _SLOW)
        drop(page, file(tmp_path, "large.txt", 3_000_000))
        row = page.locator("[data-upload-item]")
        assert 0 < progress_past(page, progress_past(page, 0)) < 100
        assert row.get_attribute("data-state") == "sending"
        assert states(board) == [("pending", None)]
        with page.expect_response(lambda answer: answer.url.endswith("/delete")) as forgotten:
            row.get_by_role("button", name="Cancel").click()
        assert forgotten.value.status == 204
        assert row.get_attribute("data-state") == "cancelled"
        assert "large.txt: Cancelled" in text(page, "[data-upload-status]")
        assert (states(board), stored()) == ([], [])
        assert console == []

    def test_a_storage_that_does_not_answer_is_said_in_words(
        self, page: Page, address: str, board: Flask, tmp_path: Path
    ) -> None:
        def goes_to_the_storage(url: str) -> bool:
            return not url.startswith((f"{address}/files/", f"{address}/static/"))

        page.goto(f"{address}/files/")
        page.route(goes_to_the_storage, lambda route: route.abort())
        drop(page, file(tmp_path, "lost.txt", 10))
        row = page.locator("[data-upload-item][data-state=failed]")
        row.wait_for()
        assert "The upload failed. Try again." in (row.text_content() or "")
        assert states(board) == [("pending", None)]
        page.unroute(goes_to_the_storage)
        row.get_by_role("button", name="Try again").click()
        page.locator(".row-title a", has_text="lost.txt").wait_for()
        assert [state for state, _ in states(board)].count("ready") == 1

    def test_without_javascript_the_form_uploads_and_deletes(
        self, browser: Browser, address: str, stored: Stored
    ) -> None:
        context = browser.new_context(java_script_enabled=False)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(f"{address}/files/")
        choose(page, "plain.txt", b"plain")
        page.get_by_role("button", name="Upload").click()
        assert "1 file uploaded." in text(page, "main")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download plain.txt").click()
        assert Path(download.value.path()).read_bytes() == b"plain"
        delete(page, "plain.txt")
        assert stored() == []
        context.close()


DROPPED = {"one.txt": 10, "two.txt": 20, "three.txt": 0}


def file(folder: Path, name: str, size: int) -> Path:
    """A text of so many bytes."""
    path = folder / name
    path.write_bytes(b"A" * size)
    return path


def choose(page: Page, name: str, content: bytes) -> None:
    """Choose a file in the browser's dialogue."""
    kind = "image/png" if name.endswith(".png") else "text/plain"
    page.set_input_files("[data-upload-input]", {"name": name, "mimeType": kind, "buffer": content})


def drop(page: Page, *files: Path, corner: bool = False) -> None:
    """Drag files from the desktop onto the zone, its middle or its corner, and let go."""
    box = page.locator("[data-upload-zone]").bounding_box()
    assert box
    inset = 6 if corner else None
    point = {"x": box["x"] + (inset or box["width"] / 2), "y": box["y"] + (inset or box["height"] / 2)}
    data = {"items": [], "files": [str(path) for path in files], "dragOperationsMask": 1}
    mouse = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver"):
        mouse.send("Input.dispatchDragEvent", {"type": kind, **point, "data": data})
    page.locator("[data-upload-zone][data-over]").wait_for()
    mouse.send("Input.dispatchDragEvent", {"type": "drop", **point, "data": data})
    page.locator("[data-upload-zone]:not([data-over])").wait_for()


def delete(page: Page, name: str) -> None:
    """Delete a file that is listed, as the page asks for it."""
    page.get_by_role("link", name=f"Delete {name}").click()
    page.get_by_role("button", name="Delete file").click()
    assert f"{name} is deleted." in text(page, "main")


def progress_past(page: Page, seen: float) -> float:
    """The progress, once it is more than what was seen before."""
    moved = page.wait_for_function(
        "seen => { const now = document.querySelector('progress').value; return now > seen && now }", arg=seen
    )
    now: float = moved.json_value()
    return now


def text(page: Page, selector: str) -> str:
    """What stands there."""
    return page.locator(selector).text_content() or ""
