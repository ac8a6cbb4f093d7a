"""What one plugin contributes, and what a plugin that misbehaves is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pegboard import Plugin, Provider, hookimpl, hookspec
from pegboard.board import Plan, assemble
from pegboard.contracts.capability import Capability
from pegboard.contributions import HealthCheck, NavItem
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources

MakePlugin = Callable[..., type[Plugin[Any]]]
SMS: Capability[object] = Capability("sms")


def planned(*plugins: Any) -> Plan:
    return assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=plugins)


def test_a_misspelt_hook_names_the_plugin_and_the_nearest_hook(make_plugin: MakePlugin) -> None:
    problem = planned(make_plugin("shop", blueprint=lambda self: [])).problems[0]
    assert (problem.plugin, problem.key) == ("shop", "blueprint")
    assert problem.remedy == "did you mean 'blueprints'?"


def test_a_hook_without_its_mark_is_an_error_and_not_silence() -> None:
    class Shop(Plugin[Any]):
        name = "shop"

        def nav_items(self) -> Iterator[NavItem]:
            yield NavItem("Shop", "shop.index")

    problem = planned(Shop).problems[0]
    assert (problem.plugin, problem.message) == ("shop", "nav_items lacks @hookimpl")


def test_an_option_that_would_be_ignored_is_refused() -> None:
    class Shop(Plugin[Any]):
        name = "shop"

        @hookimpl(tryfirst=True)
        def nav_items(self) -> Iterator[NavItem]:
            yield from ()

    assert "an option that means nothing here" in planned(Shop).problems[0].message


def test_a_hook_under_another_name_is_refused() -> None:
    class Shop(Plugin[Any]):
        name = "shop"

        @hookimpl(specname="nav_items")
        def menu(self) -> Iterator[NavItem]:
            yield from ()

    assert "the hook menu is marked with an option that means nothing here" in str(planned(Shop).problems)


def test_two_health_checks_of_one_name_are_refused(make_plugin: MakePlugin) -> None:
    checks = [HealthCheck("queue", lambda: None), HealthCheck("queue", lambda: None)]
    plan = planned(make_plugin("shop", health_checks=lambda self: checks))
    assert [problem.message for problem in plan.problems] == ["two health checks are called 'queue'"]


MISSPELT = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from pegboard.db import ModelBase, metadata


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "shpo"


class Thing(Base):
    __tablename__ = "misspelt_things"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


def test_models_that_name_another_plugin_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "misspelt"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "models.py").write_text(MISSPELT)
    (folder / "plugin.py").write_text("from pegboard import Plugin\n\n\nclass P(Plugin):\n    name = 'misspelt'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = BoardSettings(env="test", builtins=(), plugins=("misspelt.plugin:P",))
    found = [problem.message for problem in assemble(given_sources({}), settings=settings).problems]
    assert "the base of misspelt_things says plugin = 'shpo'; write plugin = 'misspelt'" in found[0]


def test_a_generator_that_raises_after_its_first_item_is_charged_to_its_plugin(make_plugin: MakePlugin) -> None:
    def providers(self: Any) -> Iterator[Provider[Any]]:
        yield Provider(SMS, "one", object)
        raise RuntimeError("the second is missing")

    plan = planned(make_plugin("shop", providers=providers), make_plugin("well"))
    assert [problem.plugin for problem in plan.problems] == ["shop"]
    assert "providers raised RuntimeError: the second is missing" in plan.problems[0].message
    entry = plan.entry("shop")
    assert entry is not None
    assert entry.contributions == {}


def test_a_constructor_that_raises_is_charged_to_its_plugin(make_plugin: MakePlugin) -> None:
    class Shop(Plugin[Any]):
        name = "shop"

        def __init__(self, settings: Any) -> None:
            raise ValueError("no till")

    assert "its constructor raised ValueError: no till" in planned(Shop, make_plugin("well")).problems[0].message


@pytest.mark.parametrize(
    ("hook", "result", "words"),
    [
        ("nav_items", ["files.index"], "gave str, not NavItem"),
        ("providers", [object()], "gave object, not Provider"),
        ("blueprints", ["shop"], "gave str, not Blueprint"),
        ("commands", [print], "not Command"),
        ("slots", [("footer", "x")], "gave tuple, not Slot"),
        ("permissions", ["shop.sell"], "gave str, not Permission"),
        ("health_checks", [print], "not HealthCheck"),
        ("capabilities", ["sms"], "gave str, not Capability"),
        ("sandbox_peers", ["peer"], "gave str, not SandboxPeer"),
        ("user_source", "me", "gave str, not UserSource"),
        ("nav_items", None, "not iterable"),
        ("content_security_policy", {"script-src": "https://cdn.example.com"}, "write a list"),
        ("content_security_policy", ["script-src"], "not a mapping"),
        ("template_globals", {"price": 3}, "is not a function"),
    ],
)
def test_a_contribution_of_the_wrong_kind_is_charged_to_its_plugin(
    make_plugin: MakePlugin, hook: str, result: Any, words: str
) -> None:
    plan = planned(make_plugin("shop", **{hook: lambda self: result}), make_plugin("well"))
    assert [(problem.plugin, problem.key) for problem in plan.problems] == [("shop", hook)]
    assert words in plan.problems[0].message


def test_a_plugin_may_bring_hooks_that_others_implement(make_plugin: MakePlugin) -> None:
    class ShopHooks:
        @hookspec
        def shop_sold(self, article: str) -> None:
            """An article was sold."""

    heard: list[str] = []
    listener = make_plugin("counter", requires=("shop",), shop_sold=lambda self, article: heard.append(article))
    plan = planned(make_plugin("shop", hookspecs=ShopHooks), listener)
    assert not plan.problems
    assert plan.manager is not None
    plan.manager.hook.shop_sold(article="tea")
    assert heard == ["tea"]


def test_a_class_of_hooks_without_any_is_charged_to_its_plugin(make_plugin: MakePlugin) -> None:
    problem = planned(make_plugin("shop", hookspecs=dict), make_plugin("well")).problems[0]
    assert (problem.plugin, problem.key) == ("shop", "hookspecs")


def test_one_hook_brought_by_two_plugins_is_charged_to_the_second(make_plugin: MakePlugin) -> None:
    class One:
        @hookspec
        def shop_sold(self) -> None:
            """Sold."""

    class Two:
        @hookspec
        def shop_sold(self) -> None:
            """Sold."""

    plan = planned(make_plugin("a", hookspecs=One), make_plugin("b", hookspecs=Two))
    assert [problem.plugin for problem in plan.problems] == ["b"]


def test_a_package_without_an_init_file_still_has_its_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "kt_bare"
    (package / "templates").mkdir(parents=True)
    (package / "plugin.py").write_text(
        "from pegboard import Plugin\nclass P(Plugin):\n    name = 'bare'\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    plan = planned("kt_bare.plugin:P")
    assert plan.active[0].part("templates") == package / "templates"
    assert plan.active[0].part("static") is None


def test_plugins_called_with_the_same_classes_twice_make_two_boards(make_plugin: MakePlugin) -> None:
    shop = make_plugin("shop")
    first, second = planned(shop), planned(shop)
    assert first.active[0].instance is not second.active[0].instance
