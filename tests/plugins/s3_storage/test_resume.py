"""A large file goes from a browser to a real S3 server in parts: interrupted, gone on with, retried, given up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import select

from pegboard.builtin.files.models import StoredObject
from pegboard.builtin.files.records import ANYONE
from pegboard.builtin.files.service import files
from pegboard.contracts.files import FILES, MIN_PART
from pegboard.db import db
from pegboard.errors import NotFound
from pegboard.live import board_of
from pegboard.testing.serving import serve
from pegboard_s3_storage.bucket import make_bucket
from pegboard_s3_storage.plugin import S3Storage
from pegboard_s3_storage.settings import S3Settings
from tests.core.builtin.files.boards import MakeBoard, make_board, states
from tests.core.builtin.files.in_a_browser import console, text

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

__all__ = ["console", "make_board"]
pytestmark = pytest.mark.browser
PARTS = 12


@pytest.fixture
def board(settings: S3Settings, make_board: MakeBoard) -> Flask:
    return make_board("s3", more={S3Storage: dict(settings)}, parts_above=MIN_PART, part_size=MIN_PART)


@pytest.fixture
def address(board: Flask, settings: S3Settings) -> Iterator[str]:
    with serve(board) as url:
        make_bucket(settings, [url])
        yield url


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.bin"
    path.write_bytes(Random(7).randbytes(MIN_PART * (PARTS - 1) + 1000))
    return path


def test_a_tab_that_was_closed_goes_on_with_the_parts_that_are_missing(
    page: Page, console: list[str], board: Flask, address: str, film: Path
) -> None:
    _sent_up_to(page, address, film, 5)
    page.close()
    again = page.context.new_page()
    again.goto(f"{address}/files/")
    assert "choose the same file again to go on" in text(again, "[data-file-state=pending]")
    sent = _numbers(again)
    again.set_input_files("[data-upload-input]", film)
    again.locator("[data-file-state=ready]").wait_for(timeout=60_000)
    assert sorted(sent) == [*range(6, PARTS + 1)]
    assert again.locator("[data-file-id]").count() == 1
    again.locator(".lede", has_text="1 file, only you can see it.").wait_for()
    assert again.evaluate("localStorage.length") == 0
    with board.app_context():
        (file,) = files.list(ANYONE)
        digest = sha256()
        with files.open(file.id, ANYONE) as pieces:
            for piece in pieces:
                digest.update(piece)
    assert digest.hexdigest() == sha256(film.read_bytes()).hexdigest()
    assert console == []


def test_cancel_leaves_no_part_at_the_server(page: Page, board: Flask, address: str, film: Path) -> None:
    _sent_up_to(page, address, film, 2)
    with board.app_context():
        upload = db.session.scalars(select(StoredObject)).one()
        key, upload_id = upload.key, str(upload.upload_id)
        assert [part.number for part in board_of(board).provider(FILES, "s3").parts(key, upload_id)] == [1, 2]
    page.evaluate("document.querySelector('[data-upload-cancel]').focus()")
    with page.expect_response(lambda answer: answer.url.endswith("/delete")):
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('[data-upload-retry]')")
    assert states(board) == []
    with board.app_context(), pytest.raises(NotFound):
        board_of(board).provider(FILES, "s3").parts(key, upload_id)
    assert page.evaluate("localStorage.length") == 0


def test_a_part_that_fails_is_sent_again_by_itself(page: Page, board: Flask, address: str, film: Path) -> None:
    film.write_bytes(film.read_bytes()[: 2 * MIN_PART + 10])
    sent = _numbers(page)
    failed: list[int] = []

    def fail_once(route: Route) -> None:
        if _number(route.request.url) == 2 and not failed:
            failed.append(2)
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("partNumber="), fail_once)
    page.goto(f"{address}/files/")
    page.set_input_files("[data-upload-input]", film)
    page.locator("[data-file-state=ready]").wait_for(timeout=60_000)
    assert sorted(sent) == [1, 2, 2, 3]
    assert states(board) == [("ready", None)]


def test_an_upload_that_goes_on_failing_can_be_tried_again_and_keeps_its_parts(
    page: Page, board: Flask, address: str, film: Path
) -> None:
    film.write_bytes(film.read_bytes()[: 2 * MIN_PART + 10])
    sent = _numbers(page)
    page.route(re.compile("partNumber=3"), lambda route: route.abort())
    page.goto(f"{address}/files/")
    page.set_input_files("[data-upload-input]", film)
    row = page.locator("[data-upload-item][data-state=failed]")
    row.wait_for(timeout=60_000)
    assert "The upload failed. Try again." in text(page, "[data-upload-item]")
    assert sent.count(3) == 3
    page.unroute_all()
    sent.clear()
    row.get_by_role("button", name="Try again").click()
    page.locator("[data-file-state=ready]").wait_for(timeout=60_000)
    assert sent == [3]
    assert states(board) == [("ready", None)]


def _sent_up_to(page: Page, address: str, film: Path, last: int) -> None:
    """Begin to upload; later parts never get through."""
    arrived: list[int] = []
    page.on("response", lambda answer: arrived.append(_number(answer.url)) if answer.request.method == "PUT" else None)
    page.route(re.compile("partNumber="), _only(last))
    page.goto(f"{address}/files/")
    page.set_input_files("[data-upload-input]", film)
    for _ in range(600):
        if sorted(arrived) == [*range(1, last + 1)]:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"only these parts have arrived: {arrived}")


def _only(last: int) -> Callable[[Route], None]:
    def let_through(route: Route) -> None:
        if _number(route.request.url) <= last:
            route.continue_()

    return let_through


def _numbers(page: Page) -> list[int]:
    """The numbers of the parts that this page sends, from now on."""
    sent: list[int] = []
    page.on(
        "request",
        lambda asked: sent.append(_number(asked.url)) if asked.method == "PUT" and "partNumber=" in asked.url else None,
    )
    return sent


def _number(url: str) -> int:
    found = re.search(r"partNumber=(\d+)", url)
    return int(found[1]) if found else 0
