"""A plugin that may be skipped fails alone, with what requires it, and leaves nothing of itself behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from sqlalchemy import MetaData

from pegboard import Capability, Plugin, Provider
from pegboard.board import assemble
from pegboard.contributions import NavItem, Permission, Slot
from pegboard.errors import ConfigError, ProviderError
from pegboard.live import board_of
from pegboard.sources import read_sources

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
    assert plan.manager is not None
    assert not plan.manager.has_plugin("zeta")
    assert app.test_client().get("/well/").text == "hello"


def test_what_remains_after_a_skip_is_checked_again(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    broken = make_plugin(
        "alpha", capabilities=lambda self: [PAINT], nav_items=lambda self: [NavItem("x", "alpha.none")]
    )
    leaning = make_plugin("beta", providers=lambda self: [Provider(PAINT, "oil", object)])
    with pytest.raises(ConfigError, match="provides 'paint', a capability that no enabled plugin brings") as caught:
        make_board(broken, leaning, config={"alpha": SKIP})
    assert [problem.plugin for problem in caught.value.problems] == ["beta"]


def test_what_requires_a_plugin_that_cannot_be_loaded_has_one_reason_not_two(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    leaf = make_plugin("leaf", requires=("zeta",), **full("leaf"))
    app = make_board("zeta", leaf, make_plugin("well", **full("well")), config={"zeta": SKIP})
    entry = board_of(app).plan.entry("leaf")
    assert entry is not None
    assert [problem.message for problem in entry.problems] == ["requires 'zeta', which failed"]


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
    assert board_of(app).broken == {"broken": "app_ready raised RuntimeError: no queue"}
    assert client.get("/readyz").json == {"status": "ok", "checks": {}, "plugins": {"broken": "failed"}}
    missing = client.get("/nowhere").text
    assert "/well/" in missing
    assert "/broken/" not in missing
    assert "slot of broken" not in missing
    assert "left out: broken: app_ready raised RuntimeError: no queue" in caplog.text


def test_failing_in_app_ready_without_permission_to_skip_names_the_plugin(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    def app_ready(self: Any, app: Flask) -> None:
        raise RuntimeError("no queue")

    with pytest.raises(ConfigError, match=r"broken\.app_ready: app_ready raised RuntimeError: no queue"):
        make_board(make_plugin("broken", app_ready=app_ready))


def test_a_skipped_plugin_leaves_no_table_and_no_database(
    make_board: MakeBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = MetaData()
    monkeypatch.setattr("pegboard.db.models.metadata", fresh)
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "kt_skipped"
    package.mkdir()
    (package / "models.py").write_text(
        "from sqlalchemy import Column, Integer, Table\nfrom pegboard.db.models import metadata\n"
        "Table('skipped_x', metadata, Column('id', Integer, primary_key=True), info={'owner': 'skipped'})\n",
        encoding="utf-8",
    )
    (package / "plugin.py").write_text(
        "from pegboard import Plugin, hookimpl\nclass P(Plugin):\n    name = 'skipped'\n"
        "    @hookimpl\n    def slots(self):\n        raise RuntimeError('no')\n",
        encoding="utf-8",
    )
    app = make_board("kt_skipped.plugin:P", config={"skipped": SKIP})
    entry = board_of(app).plan.entry("skipped")
    assert entry is not None
    assert "skipped_x" in fresh.tables, "its models were imported before it failed"
    assert entry.tables == ()
    assert "sqlalchemy" not in app.extensions


PAINT: Capability[Any] = Capability("paint")


def painters(make_plugin: MakePlugin) -> list[type[Plugin[Any]]]:
    """A capability with an embedded provider, and a plugin with another that fails."""
    return [
        make_plugin("shop", capabilities=lambda self: [PAINT]),
        make_plugin("water", providers=lambda self: [Provider(PAINT, "water", lambda: "water", embedded=True)]),
        make_plugin("oil", providers=lambda self: [Provider(PAINT, "oil", lambda: "oil")], slots=boom),
    ]


def test_nobody_takes_over_unseen_what_a_skipped_plugin_would_have_provided(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    registry = board_of(make_board(*painters(make_plugin), config={"oil": SKIP})).registry
    with pytest.raises(ProviderError, match="no provider 'oil' of paint is enabled; enabled: water"):
        registry.get(PAINT)
    assert registry.get(PAINT, "water") == "water"


def test_the_deployment_may_choose_who_takes_it_over(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    app = make_board(*painters(make_plugin), config={"oil": SKIP}, providers={"paint": "water"})
    assert board_of(app).registry.get(PAINT) == "water"


def test_what_requires_a_plugin_that_failed_in_app_ready_answers_503_too(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    ready: list[str] = []
    plugins = [
        make_plugin("broken", **{**full("broken"), "app_ready": lambda self, app: boom(self)}),
        make_plugin(
            "dependent",
            requires=("broken",),
            blueprints=pages("dependent"),
            app_ready=lambda self, app: ready.append("no"),
        ),
        make_plugin("well", **full("well")),
    ]
    app = make_board(*plugins, config={"broken": SKIP})
    client = app.test_client()
    assert [client.get(f"/{name}/").status_code for name in ("broken", "dependent", "well")] == [503, 503, 200]
    assert set(board_of(app).broken) == {"broken", "dependent"}
    assert not ready
    assert "left out: dependent: requires 'broken', which failed in app_ready" in caplog.text


def test_the_log_says_at_boot_what_was_left_out_and_why(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    make_board(make_plugin("broken", slots=boom), config={"broken": SKIP})
    assert "left out: broken.slots: slots raised RuntimeError: no" in caplog.text


@pytest.mark.parametrize("failing", ["settings", "import"])
def test_a_variable_may_say_that_a_plugin_can_be_skipped(board_folder: Any, failing: str) -> None:
    text = "import nothing_of_that_name" if failing == "import" else GREETER
    board_folder.write("hallo/__init__.py", "")
    board_folder.write("hallo/plugin.py", text)
    board_folder.write("hallo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: hallo\nVersion: 1.0\n")
    board_folder.write("hallo-1.0.dist-info/entry_points.txt", "[pegboard.plugins]\nhallo = hallo.plugin:Hallo\n")
    environ = {"HALLO_ON_FAILURE": "skip", "HALLO_TIMES": "many", "PEGBOARD_BUILTINS": "[]"}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(board_folder.path))
        toml = board_folder.toml("[pegboard]\nplugins = ['hallo']\n")
        plan = assemble(read_sources(toml, environ=environ))
        for name in ("hallo", "hallo.plugin"):
            sys.modules.pop(name, None)
    assert plan.problems == []
    assert [(entry.name, entry.state) for entry in plan.entries] == [("hallo", "failed")]


GREETER = """
from pegboard import Plugin, PluginSettings


class HalloSettings(PluginSettings):
    times: int = 1


class Hallo(Plugin[HalloSettings]):
    name = "hallo"
    Settings = HalloSettings
"""
