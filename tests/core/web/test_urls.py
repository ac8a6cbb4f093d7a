"""URLs that collide, blueprints with foreign names, guards that name what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from pegboard import Plugin
from pegboard.board import Plan, assemble
from pegboard.errors import ConfigError
from pegboard.rehearsal import normalised
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources
from pegboard.web.users import permission, role, signed_in

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
Rule = tuple[str, tuple[str, ...]]


def routes(name: str, *rules: Rule, view: Callable[..., Any] = lambda **values: "") -> Callable[[Any], list[Blueprint]]:
    """A hook that gives one blueprint with these rules and methods."""

    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint(name, __name__)
        for number, (rule, methods) in enumerate(rules):
            blueprint.add_url_rule(rule, f"view{number}", view, methods=list(methods))
        return [blueprint]

    return blueprints


def planned(*plugins: Any, config: Any = None) -> Plan:
    return assemble(given_sources(config or {}), settings=BoardSettings(env="test", builtins=()), plugins=plugins)


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (("/x", ("GET",)), ("/x", ("GET",)), True),
        (("/x", ("GET",)), ("/x/", ("GET",)), True),
        (("/x/<int:id>", ("GET",)), ("/x/<int:key>", ("GET",)), True),
        (("/x/<id>", ("GET",)), ("/x/<string:key>", ("GET",)), True),
        (("/x", ("GET", "POST")), ("/x", ("POST",)), True),
        (("/x", ("GET",)), ("/x", ("POST",)), False),
        (("/x/<id>", ("GET",)), ("/x/<int:id>", ("GET",)), False),
        (("/x/<string(length=2):id>", ("GET",)), ("/x/<string(length=3):id>", ("GET",)), False),
        (("/x", ("GET",)), ("/y", ("GET",)), False),
        (("/", ("GET",)), ("/", ("GET",)), True),
    ],
)
def test_two_plugins_on_one_url_are_refused(make_plugin: MakePlugin, one: Rule, other: Rule, collide: bool) -> None:
    plan = planned(
        make_plugin("a", url_prefix="", blueprints=routes("a", one)),
        make_plugin("b", url_prefix="", blueprints=routes("b", other)),
    )
    assert [(p.plugin, "is taken by 'a'" in p.message) for p in plan.problems] == ([("b", True)] if collide else [])


def test_the_deployment_can_move_a_plugin_out_of_the_way(make_plugin: MakePlugin) -> None:
    plugins = [make_plugin(n, url_prefix="/shop", blueprints=routes(n, ("/", ("GET",)))) for n in "ab"]
    assert planned(*plugins).problems[0].remedy == "set url_prefix below [b]"
    assert not planned(*plugins, config={"b": {"url_prefix": "/other"}}).problems


@pytest.mark.parametrize("rule", ["/healthz", "/readyz", "/static/<path:anything>"])
def test_the_cores_urls_cannot_be_taken(make_plugin: MakePlugin, rule: str) -> None:
    plan = planned(make_plugin("a", url_prefix="", blueprints=routes("a", (rule, ("GET",)))))
    assert "is taken by 'the core'" in plan.problems[0].message


def test_a_view_class_and_a_function_on_one_url_are_refused(make_plugin: MakePlugin) -> None:
    class Page(MethodView):
        def get(self) -> str:
            return ""

        def post(self) -> str:
            return ""

    def classes(self: Any) -> list[Blueprint]:
        blueprint = Blueprint("b", __name__)
        blueprint.add_url_rule("/x", view_func=Page.as_view("page"))
        return [blueprint]

    plan = planned(
        make_plugin("a", url_prefix="", blueprints=routes("a", ("/x", ("POST",)))),
        make_plugin("b", url_prefix="", blueprints=classes),
    )
    assert [problem.message for problem in plan.problems] == ["the URL /x (POST) is taken by 'a'"]


def test_the_same_path_on_two_hosts_is_fine(make_plugin: MakePlugin) -> None:
    def hosted(name: str) -> Callable[[Any], list[Blueprint]]:
        def blueprints(self: Any) -> list[Blueprint]:
            blueprint = Blueprint(name, __name__)
            blueprint.add_url_rule("/x", "x", lambda: "", subdomain=name)
            return [blueprint]

        return blueprints

    plugins = [make_plugin(name, url_prefix="", blueprints=hosted(name)) for name in "ab"]
    assert not planned(*plugins).problems


@pytest.mark.parametrize(
    ("name", "accepted"), [("shop", True), ("shop_admin", True), ("shopping", False), ("other", False)]
)
def test_a_blueprint_is_called_like_its_plugin(make_plugin: MakePlugin, name: str, accepted: bool) -> None:
    plan = planned(make_plugin("shop", blueprints=routes(name, ("/", ("GET",)))))
    assert (not plan.problems) is accepted


def test_two_blueprints_of_one_name_are_refused(make_plugin: MakePlugin) -> None:
    def blueprints(self: Any) -> list[Blueprint]:
        return [Blueprint("shop", __name__), Blueprint("shop", __name__)]

    assert "cannot be registered" in planned(make_plugin("shop", blueprints=blueprints)).problems[0].message


def test_two_views_on_one_endpoint_are_refused(make_plugin: MakePlugin) -> None:
    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint("shop", __name__)
        blueprint.add_url_rule("/a", "same", lambda: "a")
        blueprint.add_url_rule("/b", "same", lambda: "b")
        return [blueprint]

    assert "the endpoint 'shop.same' is taken already" in str(
        planned(make_plugin("shop", blueprints=blueprints)).problems
    )


def test_a_rule_that_the_router_refuses_names_the_plugin(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    with pytest.raises(ConfigError, match=r"shop\.blueprints: its blueprint cannot be registered: LookupError"):
        make_board(make_plugin("shop", blueprints=routes("shop", ("/<nosuch:x>", ("GET",)))))


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        (role("bos"), "names an unknown role 'bos'"),
        (permission("shop.sel"), "names an unknown permission 'shop.sel'"),
        (role("admin"), ""),
        (signed_in, ""),
    ],
)
def test_a_guard_that_names_what_is_not_there_is_a_boot_error(make_plugin: MakePlugin, guard: Any, words: str) -> None:
    view = guard(lambda **values: "")
    plan = planned(make_plugin("shop", blueprints=routes("shop", ("/", ("GET",)), view=view)))
    assert words in str(plan.problems)
    assert bool(plan.problems) is bool(words)


def test_pages_hang_below_the_name_with_dashes(make_plugin: MakePlugin, make_board: MakeBoard) -> None:
    app = make_board(make_plugin("corner_shop", blueprints=routes("corner_shop", ("/", ("GET",)))))
    assert app.test_client().get("/corner-shop/").status_code == 200


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("/", "/"), ("/a/", "/a"), ("/a/<x>", "/a/<string()>"), ("/a/<int(min=1):x>/b", "/a/<int(min=1)>/b")],
)
def test_a_rule_is_normalised_to_what_the_router_sees(rule: str, expected: str) -> None:
    assert normalised(rule) == expected
