"""Every page as people see it: 390 and 1280 pixels, light and dark, empty and full, with names of 200 characters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.pages import Axe, board, problems, sign_in, url, window

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["board", "sign_in", "url", "window"]
pytestmark = pytest.mark.browser
SIGNED_OUT = ("/", "/account/sign-in", "/account/sign-up", "/nowhere")
SIGNED_IN = ("/", "/files/", "/account/profile", "/account/password", "/account/sessions", "/files/all", "/nowhere")


def test_pages_for_everyone_fit_and_are_accessible(window: Page, url: str, axe_violations: Axe) -> None:
    for path in SIGNED_OUT:
        window.goto(f"{url}{path}")
        assert problems(window, axe_violations) == [], path


@pytest.mark.parametrize("person", ["empty", "full"])
def test_pages_of_a_person_fit_and_are_accessible(
    window: Page, url: str, person: str, sign_in: Callable[[str], None], axe_violations: Axe
) -> None:
    sign_in(person)
    for path in SIGNED_IN:
        window.goto(f"{url}{path}")
        assert problems(window, axe_violations) == [], path
    if person == "full":
        window.goto(f"{url}/files/")
        window.get_by_role("link", name="Delete").first.click()
        window.wait_for_url("**/delete")
        assert problems(window, axe_violations) == []


def test_a_page_runs_without_an_error_in_the_console(window: Page, url: str, sign_in: Callable[[str], None]) -> None:
    """A violation of the content security policy is one."""
    said: list[str] = []
    window.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    sign_in("full")
    for path in SIGNED_IN[:-1]:
        window.goto(f"{url}{path}")
    assert said == []
