"""Errors as people and API clients see them: in words, with a way out, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, abort
from flask.testing import FlaskClient

from pegboard import Plugin
from pegboard.contributions import UserSource
from pegboard.errors import NotFound, ProviderError, Refused

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
JSON = {"Accept": "application/json"}
INSIDE = "inside-information"


def _raise(error: Exception) -> Any:
    raise error


def pages(self: Any) -> list[Blueprint]:
    """One page for each way to fail."""
    blueprint = Blueprint("shop", __name__)
    views: dict[str, Callable[[], Any]] = {
        "broken": lambda: _raise(RuntimeError(INSIDE)),
        "provider": lambda: _raise(ProviderError(INSIDE, provider="x")),
        "missing": lambda: _raise(NotFound(INSIDE)),
        "refused": lambda: _raise(Refused("Members only, <b>sorry</b>")),
        "teapot": lambda: abort(418),
        "conflict": lambda: abort(409, "Someone was faster"),
        "home": lambda: "home",
    }
    for name, view in views.items():
        blueprint.add_url_rule(f"/{name}", name, view)
    return [blueprint]


@pytest.fixture
def client(make_board: MakeBoard, make_plugin: MakePlugin) -> FlaskClient:
    """A browser without an account."""
    return make_board(make_plugin("shop", blueprints=pages)).test_client()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("broken", 500),
        ("provider", 503),
        ("missing", 503),
        ("refused", 403),
        ("teapot", 418),
        ("conflict", 409),
        ("nowhere", 404),
    ],
)
def test_an_error_is_a_page_for_people_and_json_for_api_clients(client: FlaskClient, path: str, code: int) -> None:
    page, answer = client.get(f"/shop/{path}"), client.get(f"/shop/{path}", headers=JSON)
    assert page.status_code == answer.status_code == code
    assert page.mimetype == "text/html"
    assert 'href="/"' in page.text
    assert page.headers["X-Request-ID"] in page.text
    assert answer.json is not None
    assert answer.json["error"]["status"] == code
    assert answer.json["error"]["message"]
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"]
    for text in (page.text, answer.text):
        assert INSIDE not in text
        assert "Traceback" not in text


def test_a_refusal_says_its_reason_escaped(client: FlaskClient) -> None:
    assert "Members only, &lt;b&gt;sorry&lt;/b&gt;" in client.get("/shop/refused").text
    assert "Someone was faster" in client.get("/shop/conflict", headers=JSON).text


def test_a_wrong_method_says_which_are_allowed(client: FlaskClient) -> None:
    answer = client.put("/healthz", headers=JSON)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_the_log_has_what_the_page_does_not(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/shop/broken")
    assert INSIDE in caplog.text
    assert answer.headers["X-Request-ID"] in caplog.text


def test_the_page_for_500_stands_when_nobody_can_tell_who_is_signed_in(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> None:
        raise RuntimeError("the database is gone")

    app = make_board(
        make_plugin("shop", blueprints=pages, user_source=lambda self: UserSource(load, "shop.home")),
    )
    answer = app.test_client().get("/shop/broken")
    assert answer.status_code == 500
    assert '<p class="error-code">500</p>' in answer.text, "the whole page, with its layout"
    assert "database" not in answer.text
    assert "cannot be drawn" not in caplog.text


def test_any_other_error_page_leaves_plain_words_when_nobody_can_tell_who_is_signed_in(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> None:
        raise RuntimeError("the database is gone")

    shop = make_plugin("shop", blueprints=pages, user_source=lambda self: UserSource(load, "shop.home"))
    answer = make_board(shop).test_client().get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>There is no page here</h1>" in answer.text
    assert "the database is gone" in caplog.text


def test_a_broken_error_template_of_the_deployment_leaves_plain_words(board_folder: Any, caplog: Any) -> None:
    from pegboard import create_app
    from pegboard.sources import read_sources

    board_folder.write("templates/layout.html", "{% block")
    environ = {"PEGBOARD_BUILTINS": "[]", "PEGBOARD_ENV": "test"}
    answer = create_app(sources=read_sources(board_folder.toml(""), environ=environ)).test_client().get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>There is no page here</h1>" in answer.text
    assert "the error page cannot be drawn" in caplog.text


def test_a_body_that_is_too_large_is_413(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    from flask import request

    from pegboard.web.csrf import exempt

    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint("shop", __name__)
        blueprint.add_url_rule("/", "index", exempt(lambda: request.get_data()), methods=["POST"])
        return [blueprint]

    client = make_board(make_plugin("shop", blueprints=blueprints), max_form_bytes=1_000).test_client()
    assert client.post("/shop/", data=b"x" * 1_000).status_code == 200
    assert client.post("/shop/", data=b"x" * 1_001).status_code == 413
