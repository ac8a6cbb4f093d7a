"""Where templates come from, and what a plugin's share of a page can break: nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from flask import Blueprint, Flask, render_template_string
from markupsafe import Markup

from pegboard import Plugin, create_app
from pegboard.contributions import NavItem, Slot
from pegboard.sources import read_sources

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
PAGE = "{% extends 'layout.html' %}{% block content %}the page: {{ price() }}{% endblock %}"


def _boom(*args: Any) -> Any:
    raise RuntimeError("planted failure")


def page(self: Any) -> list[Blueprint]:
    """One page that calls a template global."""
    blueprint = Blueprint("shop", __name__)
    blueprint.add_url_rule("/", "index", lambda: render_template_string(PAGE))
    return [blueprint]


@pytest.mark.parametrize(
    ("hook", "contribution", "logged"),
    [
        ("nav_items", [NavItem(_boom, "shop.index")], "menu entry shop.index of plugin bad"),
        ("slots", [Slot("footer", _boom)], "slot footer of plugin bad"),
        ("slots", [Slot("footer", lambda: cast(Any, 3))], ""),
    ],
)
def test_what_raises_while_serving_is_left_out_and_logged_with_its_plugin(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: Any, hook: str, contribution: Any, logged: str
) -> None:
    def pages(self: Any) -> list[Blueprint]:
        blueprint = page(self)[0]
        blueprint.add_url_rule("/<int:number>", "one", lambda number: "")
        return [blueprint]

    shop = make_plugin("shop", blueprints=pages, template_globals=lambda self: {"price": lambda: "7"})
    bad = make_plugin("bad", **{hook: lambda self: contribution})
    good = make_plugin(
        "good",
        nav_items=lambda self: [NavItem("Good", "shop.index")],
        slots=lambda self: [Slot("footer", lambda: "good slot")],
    )
    answer = make_board(shop, bad, good).test_client().get("/shop/")
    assert answer.status_code == 200
    assert "the page: 7" in answer.text
    assert "Good" in answer.text
    assert "good slot" in answer.text
    assert "planted failure" not in answer.text
    assert logged in caplog.text


def test_a_template_global_that_raises_yields_nothing_and_is_logged_with_its_plugin(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: Any
) -> None:
    app = make_board(make_plugin("shop", blueprints=page, template_globals=lambda self: {"price": _boom}))
    answer = app.test_client().get("/shop/")
    assert answer.status_code == 200
    assert "the page: " in answer.text
    assert "template global price of plugin shop left out" in caplog.text
    assert "planted failure" in caplog.text


def test_plain_text_in_a_slot_is_escaped_and_markup_is_not(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    slots = [Slot("footer", lambda: "<i>plain</i>"), Slot("footer", lambda: Markup("<b>markup</b>"))]
    text = make_board(make_plugin("shop", slots=lambda self: slots)).test_client().get("/nowhere").text
    assert "&lt;i&gt;plain&lt;/i&gt;" in text
    assert "<b>markup</b>" in text


def test_lighter_entries_come_first(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    items = [NavItem("Second", "shop.index", weight=20), NavItem("First", "shop.index", weight=10)]
    shop = make_plugin(
        "shop", blueprints=page, nav_items=lambda self: items, template_globals=lambda self: {"price": lambda: ""}
    )
    text = make_board(shop).test_client().get("/shop/").text
    assert text.index("First") < text.index("Second")
    assert 'aria-current="page"' in text


@pytest.fixture
def deployment(board_folder: Any) -> Callable[[], str]:
    """Boots the folder with two plugins that share a template; the page it renders."""
    for name in ("aa", "bb"):
        board_folder.write(
            f"kt_tpl_{name}/plugin.py", f"from pegboard import Plugin\nclass P(Plugin):\n    name = '{name}'\n"
        )
        board_folder.write(f"kt_tpl_{name}/templates/shared.html", f"from {name}")
    plugins = "['kt_tpl_aa.plugin:P', 'kt_tpl_bb.plugin:P']"
    file = board_folder.toml(f"[pegboard]\nenv = 'test'\nbuiltins = []\nplugins = {plugins}\n")

    def render(name: str = "shared.html") -> str:
        app = create_app(sources=read_sources(file, environ={}))
        with app.test_request_context():
            return str(app.jinja_env.get_template(name).render())

    return render


def test_a_later_plugins_template_replaces_an_earlier_ones(deployment: Callable[[str], str]) -> None:
    assert deployment("shared.html") == "from bb"
    assert deployment("aa:shared.html") == "from aa"


def test_the_deployment_overrides_all_and_may_extend_what_it_overrides(
    deployment: Callable[[str], str], board_folder: Any
) -> None:
    board_folder.write("templates/shared.html", "deployment, {% include 'bb:shared.html' %}")
    assert deployment("shared.html") == "deployment, from bb"


def test_the_accent_is_set_under_the_nonce(make_board: MakeBoard) -> None:
    answer = make_board(accent="#a1b2c3").test_client().get("/nowhere")
    assert "--accent: #a1b2c3" in answer.text
    nonce = answer.text.partition('<style nonce="')[2].partition('"')[0]
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_a_time_is_written_for_people_and_for_programs(make_board: MakeBoard) -> None:
    template = "{% from 'components.html' import timestamp %}{{ timestamp(when) }}"
    when = datetime(2026, 5, 4, 13, 2, tzinfo=UTC).astimezone(timezone(timedelta(hours=2)))
    with make_board().test_request_context():
        text = render_template_string(template, when=when)
    assert text.strip() == '<time datetime="2026-05-04T15:02:00+02:00">4 May 2026, 13:02 UTC</time>'
