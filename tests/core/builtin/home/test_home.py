"""The first page, on a board that has nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from pegboard.app import create_app
from pegboard.builtin.home.plugin import Home
from pegboard.contributions import Slot
from pegboard.hookspecs import hookimpl
from pegboard.plugin import Plugin
from pegboard.settings import BoardSettings, PluginSettings


class Noticeboard(Plugin[PluginSettings]):
    """Puts something on the first page, and something that breaks."""

    name = "noticeboard"

    @hookimpl
    def slots(self) -> Iterable[Slot]:
        yield Slot("home", lambda: "Second & last", weight=20)
        yield Slot("home", lambda: f"{1 // 0}", weight=15)
        yield Slot("home", lambda: "First", weight=10)


def test_a_board_without_accounts_has_a_first_page() -> None:
    page = create_app(BoardSettings(env="test", app_name="Shed", builtins=()), plugins=[Home]).test_client().get("/")
    assert page.status_code == 200
    assert "<h1>Shed</h1>" in page.text
    assert "Sign in" not in page.text


def test_plugins_fill_the_first_page_by_weight_and_one_that_breaks_is_left_out() -> None:
    app = create_app(BoardSettings(env="test", builtins=()), plugins=[Home, Noticeboard])
    page = app.test_client().get("/")
    assert page.status_code == 200
    assert 0 < page.text.index("First") < page.text.index("Second &amp; last")
    assert page.text.count('class="panel"') == 2
