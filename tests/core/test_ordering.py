"""The order of plugins, and what their relations forbid."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from pegboard import Plugin
from pegboard.board import Plan, assemble
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources

MakePlugin = Callable[..., type[Plugin[Any]]]


def planned(*plugins: type[Plugin[Any]]) -> Plan:
    return assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=plugins)


def test_the_order_is_the_same_however_plugins_are_listed(make_plugin: MakePlugin) -> None:
    plugins = [
        make_plugin("d", requires=("b",)),
        make_plugin("c", after=("d", "absent")),
        make_plugin("b"),
        make_plugin("a", requires=("c",)),
    ]
    orders = {tuple(entry.name for entry in planned(*listed).entries) for listed in permutations(plugins)}
    assert orders == {("b", "d", "c", "a")}


def test_plugins_that_know_nothing_of_each_other_are_ordered_by_name(make_plugin: MakePlugin) -> None:
    assert [e.name for e in planned(make_plugin("z"), make_plugin("m"), make_plugin("a")).entries] == ["a", "m", "z"]


def test_hooks_are_called_in_boot_order(make_plugin: MakePlugin) -> None:
    plan = planned(make_plugin("z"), make_plugin("a", requires=("z",)))
    assert plan.manager is not None
    registered = [name for name, _ in plan.manager.list_name_plugin()]
    assert registered == ["a", "z"], "the manager calls the last registered first"


@pytest.mark.parametrize("relation", ["requires", "after"])
def test_a_cycle_is_reported_with_its_path(make_plugin: MakePlugin, relation: str) -> None:
    plan = planned(
        make_plugin("a", **{relation: ("b",)}),
        make_plugin("b", **{relation: ("c",)}),
        make_plugin("c", **{relation: ("a",)}),
    )
    assert {problem.plugin for problem in plan.problems} == {"a", "b", "c"}
    assert all("→" in problem.message and "comes before itself" in problem.message for problem in plan.problems)


def test_two_cycles_are_reported_at_once(make_plugin: MakePlugin) -> None:
    plan = planned(
        make_plugin("a", requires=("b",)),
        make_plugin("b", requires=("a",)),
        make_plugin("x", requires=("y",)),
        make_plugin("y", requires=("x",)),
    )
    assert {problem.plugin for problem in plan.problems} == {"a", "b", "x", "y"}


def test_a_requirement_that_is_not_enabled_is_never_enabled_on_the_quiet(make_plugin: MakePlugin) -> None:
    problem = planned(make_plugin("shop", requires=("accounts",))).problems[0]
    assert problem.plugin == "shop"
    assert "requires 'accounts', which is not enabled" in problem.message
    assert problem.remedy == "add 'accounts' to plugins"


def test_a_requirement_that_is_not_installed_says_so(make_plugin: MakePlugin) -> None:
    assert "install 'acounts'" in planned(make_plugin("shop", requires=("acounts",))).problems[0].remedy


def test_conflicting_plugins_are_refused_together(make_plugin: MakePlugin) -> None:
    plan = planned(make_plugin("a", conflicts=("b",)), make_plugin("b"))
    assert [str(problem.plugin) for problem in plan.problems] == ["a"]
    assert "cannot be enabled together with 'b'" in plan.problems[0].message


def test_names_whose_table_prefixes_overlap_are_refused_together(make_plugin: MakePlugin) -> None:
    plan = planned(make_plugin("letters"), make_plugin("letters_express"))
    assert "could not be told from those of 'letters'" in plan.problems[0].message


def test_a_name_that_covers_the_declared_tables_of_another_is_refused(make_plugin: MakePlugin) -> None:
    plan = planned(make_plugin("box"), make_plugin("letters", tables=("box_of_letters",)))
    assert [(p.plugin, p.message) for p in plan.problems] == [
        ("box", "its tables could not be told from those of 'letters'")
    ]


@pytest.mark.parametrize("name", ["alembic", "auth", "user"])
def test_names_that_would_cover_tables_of_the_core_are_reserved(make_plugin: MakePlugin, name: str) -> None:
    assert "is not a name for a plugin" in planned(make_plugin(name)).problems[0].message
