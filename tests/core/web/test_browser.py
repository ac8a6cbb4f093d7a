"""The core's own page in a real browser: nothing overflows, nothing is inaccessible, no policy is violated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

MakeBoard = Callable[..., Flask]


@pytest.fixture
def address(make_board: MakeBoard) -> Iterator[str]:
    """A board with a long name, served on a free port."""
    server = make_server("127.0.0.1", 0, make_board(app_name="Pegboard " + "x" * 71, accent="#7a1f5c"), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_error_page_fits_and_is_accessible(
    address: str, page: Page, axe_violations: Callable[[Page], list[str]], width: int, theme: Any
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    answer = page.goto(f"{address}/nowhere")
    assert answer is not None
    assert answer.status == 404
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert axe_violations(page) == []
    assert [line for line in complaints if "Content Security Policy" in line] == []
