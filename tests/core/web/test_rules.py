"""URL rules that wait with their builders."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Blueprint, url_for
from werkzeug.routing import Rule

from pegboard import Plugin, hookimpl
from pegboard.errors import ConfigError
from pegboard.settings import PluginSettings


class Shelf(Plugin[PluginSettings]):
    """Two pages."""

    name = "shelf"

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        routes = Blueprint("shelf", __name__)
        routes.add_url_rule("/<int:number>/", "book", lambda number: str(number))
        routes.add_url_rule("/", "index", lambda: "books")
        yield routes


def test_an_address_is_built_alike_the_first_time_and_the_next(make_board: Any) -> None:
    app = make_board(Shelf)
    with app.test_request_context():
        for _ in range(2):
            assert url_for("shelf.book", number=7) == "/shelf/7/"
            assert url_for("shelf.book", number=7, page=2) == "/shelf/7/?page=2"
            assert url_for("shelf.index", _external=True).endswith("/shelf/")


def test_no_builder_is_compiled_before_an_address_is_asked_for(
    make_board: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    original: Any = Rule._compile_builder

    def noted(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(rule.rule)
        return original(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", noted)
    app = make_board(Shelf)
    assert app.test_client().get("/shelf/7/").text == "7"
    assert compiled == []
    with app.test_request_context():
        url_for("shelf.index"), url_for("shelf.index")
    assert compiled == ["/shelf/"]


def test_a_boot_leaves_garbage_collection_as_it_was(make_board: Any) -> None:
    assert gc.isenabled()
    make_board(Shelf)
    assert gc.isenabled()
    with pytest.raises(ConfigError):
        make_board("no_such_plugin")
    assert gc.isenabled()
    gc.disable()
    try:
        make_board(Shelf)
        assert not gc.isenabled()
    finally:
        gc.enable()
