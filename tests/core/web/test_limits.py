"""Limits on the routes that need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from pegboard import Plugin
from pegboard.web.csrf import exempt
from pegboard.web.limits import limited

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]


def pages(self: Any) -> list[Blueprint]:
    """A view that may be posted to twice an hour."""
    blueprint = Blueprint("shop", __name__)
    view = exempt(limited("2/hour", "shop.try")(lambda: "ok"))
    blueprint.add_url_rule("/try", "try", view, methods=["GET", "POST"])
    return [blueprint]


@pytest.fixture
def client(make_board: MakeBoard, make_plugin: MakePlugin) -> FlaskClient:
    """A browser behind one proxy."""
    return make_board(make_plugin("shop", blueprints=pages), trusted_proxies=1).test_client()


def test_one_too_many_is_429_with_the_seconds_to_wait(client: FlaskClient) -> None:
    assert [client.post("/shop/try").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.post("/shop/try", headers={"Accept": "application/json"})
    assert 0 < int(answer.headers["Retry-After"]) <= 3601
    assert client.get("/shop/try").status_code == 200, "reading is not limited"


def test_each_address_has_its_own_count(client: FlaskClient) -> None:
    def tried(address: str) -> int:
        return client.post("/shop/try", headers={"X-Forwarded-For": address}).status_code

    assert [tried("203.0.113.1") for _ in range(3)] == [200, 200, 429]
    assert tried("203.0.113.2") == 200


def test_a_forged_address_in_front_of_the_proxys_changes_nothing(client: FlaskClient) -> None:
    codes = [
        client.post("/shop/try", headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.1"}).status_code
        for n in range(3)
    ]
    assert codes == [200, 200, 429]


def test_two_boards_count_for_themselves(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    plugin = make_plugin("shop", blueprints=pages)
    first, second = make_board(plugin).test_client(), make_board(plugin).test_client()
    assert [first.post("/shop/try").status_code for _ in range(3)] == [200, 200, 429]
    assert second.post("/shop/try").status_code == 200
