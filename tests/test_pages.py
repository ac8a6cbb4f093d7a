"""Every page as people see it: 390 and 1280 pixels, light and dark, empty and full, with names of 200 characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from pegboard import BoardSettings, create_app
from pegboard.testing.serving import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
LONG = "N" * 200
PASSWORD = "correct horse battery"
SIGNED_OUT = ("/", "/account/sign-in", "/account/sign-up", "/nowhere")
SIGNED_IN = ("/", "/files/", "/account/profile", "/account/password", "/account/sessions", "/files/all", "/nowhere")
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A board with every builtin and two people: one with nothing, one with long names and many files."""
    from pegboard.db import db
    from pegboard.live import board_of

    folder = tmp_path_factory.mktemp("pages")
    app = create_app(BoardSettings(env="test", instance_path=folder), config={"files": {"quota": 1000}})
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


def problems(page: Page, axe_violations: Callable[[Page], list[str]]) -> list[str]:
    found = axe_violations(page)
    width = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
    return [*found, *([f"wider than its window: {width}"] if width[0] > width[1] else [])]


def sign_in(page: Page, url: str, address: str) -> None:
    page.goto(f"{url}/account/sign-in")
    page.locator("input[name=email]").fill(address)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    assert "sign-in" not in page.url


def test_pages_for_everyone_fit_and_are_accessible(
    window: Page, url: str, axe_violations: Callable[[Page], list[str]]
) -> None:
    for path in SIGNED_OUT:
        window.goto(f"{url}{path}")
        assert problems(window, axe_violations) == [], path


@pytest.mark.parametrize("person", ["empty", "full"])
def test_pages_of_a_person_fit_and_are_accessible(
    window: Page, url: str, person: str, axe_violations: Callable[[Page], list[str]]
) -> None:
    sign_in(window, url, f"{person}@example.com")
    for path in SIGNED_IN:
        window.goto(f"{url}{path}")
        assert problems(window, axe_violations) == [], path
    if person == "full":
        window.goto(f"{url}/files/")
        window.get_by_role("link", name="Delete").first.click()
        assert problems(window, axe_violations) == []


def test_a_page_runs_without_an_error_in_the_console(window: Page, url: str) -> None:
    """A violation of the content security policy is one."""
    said: list[str] = []
    window.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    sign_in(window, url, "full@example.com")
    for path in SIGNED_IN[:-1]:
        window.goto(f"{url}{path}")
    assert said == []
