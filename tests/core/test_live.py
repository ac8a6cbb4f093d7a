"""A board that has booted: frozen, and the answers it gives to plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask

from pegboard import Plugin
from pegboard.errors import BoardFrozen
from pegboard.live import board_of, current_board

MakeBoard = Callable[..., Flask]
MakePlugin = Callable[..., type[Plugin[Any]]]


def test_a_board_cannot_be_changed_after_it_has_booted(make_board: MakeBoard) -> None:
    board = board_of(make_board())
    with pytest.raises(BoardFrozen, match="'nav_items' cannot be changed; contribute through a hook"):
        board.nav_items = ()
    with pytest.raises(TypeError):
        board.permissions["x.y"] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        board.slots["footer"] = ()  # type: ignore[index]


def test_a_late_blueprint_is_refused_with_the_hook_to_use(make_board: MakeBoard) -> None:
    app = make_board()
    blueprint = Blueprint("late", __name__)
    blueprint.add_url_rule("/late", "index", lambda: "")
    with pytest.raises(BoardFrozen, match=r"the blueprint 'late' came after the board had booted.*hook `blueprints`"):
        app.register_blueprint(blueprint)
    assert app.test_client().get("/late").status_code == 404


def test_a_late_url_is_refused(make_board: MakeBoard) -> None:
    with pytest.raises(BoardFrozen, match="the URL /late"):
        make_board().add_url_rule("/late", "late", lambda: "")


@pytest.mark.parametrize(
    "method",
    [
        "before_request",
        "after_request",
        "teardown_request",
        "context_processor",
        "url_value_preprocessor",
        "template_filter",
    ],
)
def test_a_late_call_of_a_setup_method_is_refused(make_board: MakeBoard, method: str) -> None:
    with pytest.raises(BoardFrozen, match=r"\(\) came after the board had booted; call it in the hook `app_ready`"):
        getattr(make_board(), method)(lambda *_: None)


def test_a_late_error_handler_is_refused(make_board: MakeBoard) -> None:
    with pytest.raises(BoardFrozen):
        make_board().register_error_handler(404, lambda error: "")


def test_a_view_cannot_be_replaced(make_board: MakeBoard) -> None:
    with pytest.raises(TypeError):
        make_board().view_functions["healthz"] = lambda: "fine"


def test_a_late_plugin_is_refused(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    manager = board_of(make_board()).plan.manager
    assert manager is not None
    with pytest.raises(BoardFrozen, match="list the plugin in `plugins`"):
        manager.register(make_plugin("late")(None), "late")


def test_extensions_may_add_urls_in_app_ready(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    def app_ready(self: Any, app: Flask) -> None:
        app.add_url_rule("/from-extension", "extension", lambda: "here")

    app = make_board(make_plugin("shop", app_ready=app_ready))
    assert app.test_client().get("/from-extension").text == "here"


def test_a_plugin_finds_itself_and_others_by_class(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    shop, absent = make_plugin("shop"), make_plugin("absent")
    app = make_board(shop)
    with app.app_context():
        assert current_board().plugin(shop) is board_of(app).plan.active[0].instance
        with pytest.raises(LookupError, match="'absent' is not enabled"):
            current_board().plugin(absent)


def test_absolute_links_come_from_the_public_url_and_never_from_the_host_header(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint("shop", __name__)
        blueprint.add_url_rule("/", "index", lambda: current_board().external_url("/shop/"))
        return [blueprint]

    app = make_board(make_plugin("shop", blueprints=blueprints), public_url="https://example.com/board/")
    client = app.test_client()
    assert client.get("/shop/", headers={"Host": "evil.example"}).text == "https://example.com/board/shop/"


def test_two_boards_in_one_process_do_not_share_anything(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    first = make_board(make_plugin("shop", slots=lambda self: []), app_name="One")
    second = make_board(app_name="Two")
    assert board_of(first).settings.app_name == "One"
    assert board_of(second).plan.active == []
    assert first.secret_key != second.secret_key
