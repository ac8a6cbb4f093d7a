"""Light, dark, or as the system says: the choice at the foot of each page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

import pytest
from flask import Flask

from pegboard.testing.serving import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Theme = Literal["light", "dark"]
BLOCKED = "for (const name of ['getItem', 'setItem', 'removeItem']) Storage.prototype[name] = () => { throw Error(); }"

# The colour of the page's words, whatever notation the style sheet has it in.
INK = """() => {
  const drawn = document.createElement("canvas").getContext("2d");
  drawn.fillStyle = getComputedStyle(document.body).color;
  drawn.fillRect(0, 0, 1, 1);
  return [...drawn.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture
def address(make_board: Callable[..., Flask]) -> Iterator[str]:
    """A page of a board without plugins."""
    with serve(make_board()) as url:
        yield f"{url}/nowhere"


def has(page: Page, theme: Theme, choice: str) -> bool:
    """Whether the page comes to this theme, with that choice marked and words that are light on dark, or dark on light."""
    page.wait_for_function("theme => document.documentElement.dataset.bsTheme === theme", arg=theme)
    marked = page.get_by_role("group", name="Theme").locator("input:checked").get_attribute("value")
    red, green, blue = page.evaluate(INK)
    return marked == choice and (red + green + blue > 3 * 128) is (theme == "dark")


def choose(page: Page, label: str) -> None:
    page.get_by_role("group", name="Theme").get_by_text(label, exact=True).click()


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_choice_holds_against_the_system_and_is_kept(
    page: Page, address: str, axe_violations: Callable[[Page], list[str]], system: Theme, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=system)
    page.goto(address)
    choices: tuple[Theme, ...] = ("dark", "light")
    for choice in choices:
        choose(page, choice.title())
        assert has(page, choice, choice)
        assert axe_violations(page) == []
        page.reload()
        assert has(page, choice, choice)


def test_auto_follows_the_system_at_once(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    assert has(page, "dark", "auto")
    page.emulate_media(color_scheme="light")
    assert has(page, "light", "auto")
    choose(page, "Dark")
    choose(page, "Auto")
    assert has(page, "light", "auto")
    page.reload()
    page.emulate_media(color_scheme="dark")
    assert has(page, "dark", "auto")


def test_a_choice_in_one_tab_is_seen_in_the_others(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(address)
    other = page.context.new_page()
    other.emulate_media(color_scheme="light")
    other.goto(address)
    choose(other, "Dark")
    assert has(page, "dark", "dark")


def test_where_nothing_can_be_kept_the_choice_lasts_as_long_as_the_page(page: Page, address: str) -> None:
    page.add_init_script(BLOCKED)
    page.emulate_media(color_scheme="light")
    page.goto(address)
    choose(page, "Dark")
    assert has(page, "dark", "dark")
    page.reload()
    assert has(page, "light", "auto")
