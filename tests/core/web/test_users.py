"""Guards of views and templates, with a cast: nobody, Bob with a permission, Alice the administrator."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, request
from flask.testing import FlaskClient

from pegboard import Plugin
from pegboard.contributions import NavItem, Permission, UserSource
from pegboard.web.users import can, current_user, names_of, permission, role, signed_in

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
LAYOUT = "{% extends 'layout.html' %}{% block content %}{{ 'may sell' if can('shop.sell') }}{% endblock %}"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    subject: str
    name: str
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


CAST = {
    "bob": Person("1", "Bob", frozenset({"user"}), frozenset({"shop.sell"})),
    "charlie": Person("2", "Charlie", frozenset({"user"})),
    "alice": Person("3", "Alice", frozenset({"admin"}), frozenset({"shop.sell"})),
}
asked: list[str] = []


def _load() -> Person | None:
    asked.append(request.path)
    return CAST.get(request.headers.get("X-Test-User", ""))


def _names(subjects: Collection[str]) -> dict[str, str]:
    return {one.subject: one.name for one in CAST.values() if one.subject in subjects}


def pages(self: Any) -> list[Blueprint]:
    """One page behind each guard."""
    blueprint = Blueprint("shop", __name__)
    blueprint.add_url_rule("/", "index", lambda: render_template_string(LAYOUT))
    blueprint.add_url_rule("/in", "sign_in", lambda: "please")
    blueprint.add_url_rule("/mine", "mine", signed_in(lambda: "mine"), methods=["GET"])
    blueprint.add_url_rule("/sell", "sell", permission("shop.sell")(lambda: "sold"))
    blueprint.add_url_rule("/admin", "admin", role("admin")(lambda: "admin"))
    blueprint.add_url_rule("/softly", "softly", role("admin", fallback="shop.index")(lambda: "admin"))
    blueprint.add_url_rule("/thrice", "thrice", lambda: f"{current_user() is current_user() is current_user()}")
    return [blueprint]


@pytest.fixture
def client(make_board: MakeBoard, make_plugin: MakePlugin) -> FlaskClient:
    """A board where a header says who is asking."""
    items = [
        NavItem("For all", "shop.index"),
        NavItem("For guests", "shop.sign_in", audience="signed_out"),
        NavItem("For members", "shop.mine", audience="signed_in"),
        NavItem("For sellers", "shop.sell", permission="shop.sell"),
    ]
    shop = make_plugin(
        "shop",
        blueprints=pages,
        permissions=lambda self: [Permission("shop.sell", "Sell things")],
        user_source=lambda self: UserSource(_load, "shop.sign_in", names=_names),
        nav_items=lambda self: items,
    )
    return make_board(shop).test_client()


def ask(client: FlaskClient, path: str, who: str, **headers: str) -> Any:
    return client.get(f"/shop/{path}", headers={"X-Test-User": who, **headers})


@pytest.mark.parametrize(
    ("path", "nobody", "charlie", "bob", "alice"),
    [("mine", 302, 200, 200, 200), ("sell", 302, 403, 200, 200), ("admin", 302, 403, 403, 200)],
)
def test_a_guard_lets_only_those_through_whom_it_names(
    client: FlaskClient, path: str, nobody: int, charlie: int, bob: int, alice: int
) -> None:
    found = [ask(client, path, who).status_code for who in ("", "charlie", "bob", "alice")]
    assert found == [nobody, charlie, bob, alice]


def test_people_are_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    assert ask(client, "mine?page=2", "").location == "/shop/in?next=/shop/mine?page%3D2"


@pytest.mark.parametrize(("who", "code"), [("", 401), ("charlie", 403)])
def test_api_clients_get_a_status_and_json(client: FlaskClient, who: str, code: int) -> None:
    answer = ask(client, "sell", who, Accept="application/json")
    assert (answer.status_code, answer.json["error"]["status"]) == (code, code)


def test_a_guard_may_send_people_elsewhere_with_a_message(client: FlaskClient) -> None:
    answer = ask(client, "softly", "charlie")
    assert answer.location == "/shop/"
    assert "You do not have access" in ask(client, "", "charlie").text


def test_menus_show_what_is_for_the_person_asking(client: FlaskClient) -> None:
    def shown(who: str) -> set[str]:
        text = ask(client, "", who).text
        return {word for word in ("all", "guests", "members", "sellers") if f"For {word}" in text}

    assert shown("") == {"all", "guests"}
    assert shown("charlie") == {"all", "members"}
    assert shown("bob") == {"all", "members", "sellers"}


def test_templates_ask_by_permission(client: FlaskClient) -> None:
    assert "may sell" in ask(client, "", "bob").text
    assert "may sell" not in ask(client, "", "charlie").text


def test_a_permission_that_nobody_declared_is_an_error_and_not_a_no(client: FlaskClient) -> None:
    with client.application.test_request_context(), pytest.raises(LookupError, match=r"'shop\.sel'"):
        can("shop.sel")


def test_the_accounts_are_asked_once_a_request(client: FlaskClient) -> None:
    asked.clear()
    assert ask(client, "thrice", "bob").text == "True"
    assert asked == ["/shop/thrice"]


def test_names_are_those_of_the_people_whom_the_accounts_know(client: FlaskClient) -> None:
    with client.application.app_context():
        assert names_of({"1", "3", "gone"}) == {"1": "Bob", "3": "Alice"}


def test_a_board_without_accounts_knows_no_name(make_board: MakeBoard) -> None:
    with make_board().app_context():
        assert names_of({"1"}) == {}


def test_a_board_without_accounts_answers_401(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint("shop", __name__)
        blueprint.add_url_rule("/mine", "mine", signed_in(lambda: "mine"))
        return [blueprint]

    client = make_board(make_plugin("shop", blueprints=blueprints)).test_client()
    assert client.get("/shop/mine").status_code == 401
