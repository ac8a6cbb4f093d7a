"""A plugin that may be skipped fails alone, with what requires it, and leaves nothing of itself behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask

from pegboard import Plugin
from pegboard.contributions import NavItem, Permission, Slot
from pegboard.errors import ConfigError
from pegboard.live import board_of

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
SKIP = {"on_failure": "skip"}


def pages(name: str, text: str = "hello") -> Callable[[Any], Iterator[Blueprint]]:
    """A hook that gives one page."""

    def blueprints(self: Any) -> Iterator[Blueprint]:
        blueprint = Blueprint(name, __name__)
        blueprint.add_url_rule("/", "index", lambda: text)
        yield blueprint

    return blueprints


def full(name: str) -> dict[str, Any]:
    """One of everything that shows."""
    return {
        "blueprints": pages(name),
        "nav_items": lambda self: [NavItem(name, f"{name}.index")],
        "slots": lambda self: [Slot("footer", lambda: f"slot of {name}")],
        "permissions": lambda self: [Permission(f"{name}.sell", "Sell")],
    }


def boom(self: Any) -> Any:
    raise RuntimeError("no")


def test_nothing_of_a_skipped_plugin_is_left(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    broken = make_plugin("broken", **{**full("broken"), "template_globals": boom})
    app = make_board(broken, make_plugin("well", **full("well")), config={"broken": SKIP})
    board = board_of(app)
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == {"static", "healthz", "readyz", "well.index"}
    assert [owned.plugin for owned in board.nav_items] == ["well"]
    assert [owned.plugin for owned in board.slots["footer"]] == ["well"]
    assert list(board.permissions) == ["well.sell"]
    assert board.plan.manager is not None
    assert not board.plan.manager.has_plugin("broken")
    entry = board.plan.entry("broken")
    assert entry is not None
    assert (entry.state, entry.tables) == ("failed", ())
    assert "RuntimeError: no" in entry.problems[0].message


def test_what_requires_a_skipped_plugin_is_skipped_with_it(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    app = make_board(
        make_plugin("broken", slots=boom),
        make_plugin("leaf", requires=("middle",), **full("leaf")),
        make_plugin("middle", requires=("broken",), **full("middle")),
        make_plugin("well", **full("well")),
        config={"broken": SKIP},
    )
    plan = board_of(app).plan
    assert {entry.name: entry.state for entry in plan.entries} == {
        "broken": "failed",
        "middle": "failed",
        "leaf": "failed",
        "well": "enabled",
    }
    leaf = plan.entry("leaf")
    assert leaf is not None
    assert "requires 'middle', which failed" in leaf.problems[0].message
    assert app.test_client().get("/leaf/").status_code == 404
    assert app.test_client().get("/well/").status_code == 200


@pytest.mark.parametrize("reason", ["unknown", "settings", "hook", "url", "relation"])
def test_a_plugin_can_be_skipped_whatever_is_wrong_with_it(
    make_board: MakeBoard, make_plugin: MakePlugin, reason: str
) -> None:
    well = make_plugin("well", **full("well"))
    members: dict[str, Any] = {
        "settings": {},
        "hook": {"misspelt": lambda self: []},
        "url": {"blueprints": pages("zeta"), "url_prefix": "/well"},
        "relation": {"conflicts": ("well",)},
    }
    broken: Any = "zeta" if reason == "unknown" else make_plugin("zeta", **members[reason])
    config = {**SKIP, "colour": "red"} if reason == "settings" else SKIP
    app = make_board(broken, well, config={"zeta": config})
    plan = board_of(app).plan
    assert [entry.name for entry in plan.active] == ["well"]
    assert plan.entry("zeta") is not None
    assert app.test_client().get("/well/").text == "hello"


def test_without_permission_to_skip_the_board_does_not_boot(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    with pytest.raises(ConfigError, match="slots raised RuntimeError: no"):
        make_board(make_plugin("broken", slots=boom))


def test_a_chosen_provider_whose_plugin_is_skipped_always_aborts(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    with pytest.raises(ConfigError, match="no enabled plugin"):
        make_board(make_plugin("broken", slots=boom), config={"broken": SKIP}, providers={"sms": "broken"})


def test_a_plugin_that_fails_in_app_ready_answers_503_on_its_pages(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    def app_ready(self: Any, app: Flask) -> None:
        raise RuntimeError("no queue")

    broken = make_plugin("broken", **full("broken"), app_ready=app_ready)
    app = make_board(broken, make_plugin("well", **full("well")), config={"broken": SKIP})
    client = app.test_client()
    assert client.get("/broken/").status_code == 503
    assert client.get("/well/").text == "hello"
    assert board_of(app).broken == {"broken": "RuntimeError: no queue"}
    assert client.get("/readyz").json == {"status": "ok", "checks": {}, "plugins": {"broken": "failed"}}
    missing = client.get("/nowhere").text
    assert "/well/" in missing
    assert "/broken/" not in missing
    assert "slot of broken" not in missing
    assert "plugin broken failed in app_ready" in caplog.text


def test_failing_in_app_ready_without_permission_to_skip_names_the_plugin(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    def app_ready(self: Any, app: Flask) -> None:
        raise RuntimeError("no queue")

    with pytest.raises(ConfigError, match=r"broken\.app_ready: app_ready raised RuntimeError: no queue"):
        make_board(make_plugin("broken", app_ready=app_ready))
