"""Pages in the middle of something: refused forms, open menus, a question, uploads under way, and what broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.pages import LARGEST, LONG, Axe, board, problems, sign_in, url, window

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["board", "sign_in", "url", "window"]
pytestmark = pytest.mark.browser
SignIn = Callable[[str], None]


def send(page: Page, address: str, **fields: str) -> int:
    """Fill in the form of a page and send it past the browser's own checks; the status of the answer."""
    page.goto(address)
    form = page.get_by_role("main").locator("form")
    form.evaluate("form => { form.noValidate = true }")
    for name, value in fields.items():
        form.locator(f"[name={name}]").evaluate("(field, value) => { field.value = value }", value)
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        form.get_by_role("button").click()
    page.wait_for_load_state()
    return answer.value.status


def test_forms_with_errors(window: Page, url: str, sign_in: SignIn, axe_violations: Axe) -> None:
    unknown = {"email": f"{LONG}@example.com", "password": "wrong"}
    assert send(window, f"{url}/account/sign-in", **unknown) == 422
    assert problems(window, axe_violations) == []
    assert send(window, f"{url}/account/sign-up", name="\u200b", email=LONG, password="short") == 422
    assert window.locator(".field-errors").count() == 3
    assert problems(window, axe_violations) == []
    sign_in("full")
    assert send(window, f"{url}/account/profile", name=LONG * 2) == 422
    assert problems(window, axe_violations) == []
    assert send(window, f"{url}/account/password", new_password="short") == 422
    assert window.locator(".field-errors").count() == 2
    assert problems(window, axe_violations) == []


def test_the_page_of_what_broke_on_our_side(window: Page, url: str, sign_in: SignIn, axe_violations: Axe) -> None:
    sign_in("full")
    answer = window.goto(f"{url}/broken/")
    assert answer
    assert answer.status == 500
    assert problems(window, axe_violations) == []
    window.get_by_role("main").get_by_role("link").click()
    assert window.url == f"{url}/", "the page has no way out"


@pytest.mark.parametrize("person", ["", "full"])
def test_open_menus(window: Page, url: str, person: str, sign_in: SignIn, axe_violations: Axe) -> None:
    if person:
        sign_in(person)
    window.goto(f"{url}/account/profile" if person else url)
    opened = [name for name in (".menu-button", ".user-button") if _opens(window, name)]
    phone = (window.viewport_size or {"width": 0})["width"] == 390
    assert opened == ([".menu-button"] if phone else [".user-button"] if person else [])
    assert problems(window, axe_violations) == []
    entry = "Sign out" if person else "Sign in"
    assert window.get_by_role("banner").get_by_text(entry, exact=True).is_visible()


def _opens(page: Page, button: str) -> bool:
    """Press a button of the head, if this window has it, and see its menu."""
    found = page.locator(button)
    if not found.is_visible():
        return False
    found.click()
    page.locator(f"#{found.get_attribute('popovertarget')}:popover-open").wait_for()
    return True


def test_the_question_before_a_session_ends(window: Page, url: str, sign_in: SignIn, axe_violations: Axe) -> None:
    sign_in("full")
    window.goto(f"{url}/account/sessions")
    window.locator("summary", has_text="End").first.click()
    assert window.get_by_text("This signs you out here, now.").is_visible()
    assert problems(window, axe_violations) == []
    window.get_by_role("button", name="End session").first.click()
    assert window.url.startswith(f"{url}/account/sign-in")


def test_uploads_that_wait_are_sent_and_have_failed(
    window: Page, url: str, sign_in: SignIn, axe_violations: Axe
) -> None:
    sign_in("empty")
    window.goto(f"{url}/files/")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 50_000}
    window.context.new_cdp_session(window).send("Network.emulateNetworkConditions", slow)
    sizes = {"failed": LARGEST + 1, "sending": LARGEST // 2, "waiting": 1}
    window.locator("[data-upload-input]").set_input_files([_file(state, size) for state, size in sizes.items()])
    for state in sizes:
        window.locator(f".upload-row[data-state={state}]", has_text=state).wait_for()
    assert problems(window, axe_violations) == []


def _file(name: str, size: int) -> Any:
    return {"name": f"{name}-{LONG}.txt", "mimeType": "text/plain", "buffer": b"A" * size}
