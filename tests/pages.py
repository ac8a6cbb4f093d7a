"""A board with every builtin and two people on it, and windows to look at its pages: phone and desktop, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from flask import Blueprint, Flask

from pegboard import BoardSettings, Plugin, create_app, hookimpl
from pegboard.settings import PluginSettings
from pegboard.testing.serving import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = "N" * 200
PASSWORD = "correct horse battery"
LARGEST = 2_000_000
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
Axe = Callable[["Page"], list[str]]


class Broken(Plugin[PluginSettings]):
    """A page that raises."""

    name = "broken"

    @hookimpl
    def blueprints(self) -> Iterator[Blueprint]:
        pages = Blueprint("broken", __name__)
        pages.add_url_rule("/", "index", _raise)
        yield pages


def _raise() -> str:
    raise RuntimeError("shown to nobody")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A board with every builtin and two people: one with nothing, one with long names and many files."""
    from pegboard.db import db
    from pegboard.live import board_of

    settings = BoardSettings(env="test", instance_path=tmp_path_factory.mktemp("pages"))
    app = create_app(settings, plugins=[Broken], config={"files": {"max_size": LARGEST, "quota": 50 * LARGEST}})
    with app.app_context():
        for entry in board_of(app).plan.active:
            db.metadata.create_all(db.engine, tables=list(entry.tables))
    with app.app_context():
        from pegboard.builtin.accounts.service import LONGEST_NAME, create_user
        from pegboard.builtin.files.service import files

        create_user("empty@example.com", "Ada", PASSWORD)
        full = create_user("full@example.com", LONG[:LONGEST_NAME], PASSWORD, roles=["admin"])
        subject = str(full.id)
        for number in range(12):
            files.save(BytesIO(b"text"), f"{LONG}{number}.txt", "text/plain", owner=subject)
    return app


@pytest.fixture(scope="module")
def url(board: Flask) -> Iterator[str]:
    with serve(board) as address:
        yield address


@pytest.fixture(params=[(size, theme) for size in SIZES for theme in ("light", "dark")], ids=lambda p: "-".join(p))
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    size, theme = request.param
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def sign_in(window: Page, board: Flask, url: str) -> Callable[[str], None]:
    """Gives the window the cookie of somebody who has signed in: `empty` or `full`."""

    def give(person: str) -> None:
        client = board.test_client()
        form = client.get("/account/sign-in").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token
        data = {"csrf_token": token[1], "email": f"{person}@example.com", "password": PASSWORD}
        assert client.post("/account/sign-in", data=data).status_code == 302
        cookie = client.get_cookie("pegboard_session")
        assert cookie
        window.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])

    return give


def problems(page: Page, axe_violations: Axe) -> list[str]:
    """What axe finds, and whether the page is wider than its window."""
    found = axe_violations(page)
    width = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
    return [*found, *([f"wider than its window: {width}"] if width[0] > width[1] else [])]
