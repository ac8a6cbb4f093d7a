"""Every unsafe request carries a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string
from flask.testing import FlaskClient

from pegboard import Plugin
from pegboard.web.csrf import exempt

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]
FORM = "{% from 'components.html' import csrf %}<form>{{ csrf() }}</form>"


def pages(self: Any) -> list[Blueprint]:
    """A form, what it is sent to, and a view that a signature protects."""
    blueprint = Blueprint("shop", __name__)
    blueprint.add_url_rule("/form", "form", lambda: render_template_string(FORM))
    blueprint.add_url_rule("/save", "save", lambda: "saved", methods=["GET", *UNSAFE])
    blueprint.add_url_rule("/signed", "signed", exempt(lambda: "taken"), methods=UNSAFE)
    return [blueprint]


@pytest.fixture
def client(make_board: MakeBoard, make_plugin: MakePlugin) -> FlaskClient:
    """A browser without an account."""
    return make_board(make_plugin("shop", blueprints=pages)).test_client()


def token_of(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/shop/form").text)
    assert found
    return found[1]


@pytest.mark.parametrize("method", UNSAFE)
def test_without_a_token_an_unsafe_request_is_refused(client: FlaskClient, method: str) -> None:
    assert client.open("/shop/save", method=method).status_code == 400
    assert client.open("/shop/signed", method=method).text == "taken"


def test_the_forms_token_is_accepted(client: FlaskClient) -> None:
    assert client.post("/shop/save", data={"csrf_token": token_of(client)}).text == "saved"


@pytest.mark.parametrize("header", ["X-CSRFToken", "X-CSRF-Token"])
def test_a_script_sends_it_in_a_header(client: FlaskClient, header: str) -> None:
    assert client.delete("/shop/save", headers={header: token_of(client)}).text == "saved"


def test_someone_elses_token_is_refused(client: FlaskClient) -> None:
    foreign = token_of(client.application.test_client())
    token_of(client)
    assert client.post("/shop/save", data={"csrf_token": foreign}).status_code == 400


def test_an_altered_token_is_refused(client: FlaskClient) -> None:
    assert client.post("/shop/save", data={"csrf_token": token_of(client)[:-2] + "xx"}).status_code == 400


def test_reading_needs_no_token(client: FlaskClient) -> None:
    assert client.get("/shop/save").text == "saved"


def test_an_api_client_is_refused_in_json(client: FlaskClient) -> None:
    answer = client.post("/shop/save", json={})
    assert answer.status_code == 400
    assert answer.json is not None
    assert "CSRF" in answer.json["error"]["message"]


def test_a_form_that_was_open_when_the_key_changed_can_still_be_sent(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    plugin = make_plugin("shop", blueprints=pages)
    keys = [f"{letter}-first-key-of-this-board-0123456789abcdef" for letter in "ab"]
    before = make_board(plugin, secret_key=keys[0]).test_client()
    token = token_of(before)
    cookie = before.get_cookie("pegboard_session")
    assert cookie is not None
    for fallbacks, status in (((keys[0],), 200), ((), 400)):
        after = make_board(plugin, secret_key=keys[1], secret_key_fallbacks=fallbacks).test_client()
        after.set_cookie("pegboard_session", cookie.value)
        assert after.post("/shop/save", data={"csrf_token": token}).status_code == status
