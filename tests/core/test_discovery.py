"""Finding plugins: by entry point, by path, by class; nothing that is not enabled is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pegboard import Plugin
from pegboard.board import assemble
from pegboard.discovery import Installed
from pegboard.errors import Problem
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources

Install = Callable[..., None]
GOOD = "from pegboard import Plugin\nclass P(Plugin):\n    name = {name!r}\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a distribution as pip leaves it: a dist-info folder on the path, and a module."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(distribution: str, name: str, module: str, code: str, attribute: str = "P") -> None:
        info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[pegboard.plugins]\n{name} = {module}:{attribute}\n", encoding="utf-8")
        (site / f"{module}.py").write_text(code, encoding="utf-8")

    return put


def problem_of(reference: Any) -> Problem:
    """What is wrong with the only plugin of a board."""
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=[reference])
    assert len(plan.problems) == 1, plan.problems
    return plan.problems[0]


def test_a_plugin_is_found_by_its_entry_point_with_its_distribution_and_version(install: Install) -> None:
    install("acme-shop", "shop_e", "kt_shop_e", GOOD.format(name="shop_e"))
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=["shop_e"])
    assert not plan.problems
    assert (plan.active[0].name, plan.active[0].origin, plan.active[0].version) == ("shop_e", "acme-shop", "1.2")


def test_a_disabled_plugin_is_never_imported(install: Install) -> None:
    install("acme-idle", "idle", "kt_idle", "raise SystemExit('imported')")
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()))
    assert "idle" in plan.installed.names
    assert "kt_idle" not in sys.modules


def test_an_unknown_name_suggests_the_nearest(install: Install) -> None:
    install("acme-shop", "shop_n", "kt_shop_n", GOOD.format(name="shop_n"))
    problem = problem_of("shop_m")
    assert problem.plugin == "shop_m"
    assert "did you mean 'shop_n'?" in problem.remedy


def test_an_entry_point_that_raises_on_import_is_reported_with_what_it_raised(install: Install) -> None:
    install("acme-broken", "broken", "kt_broken", "raise RuntimeError('no licence file')")
    problem = problem_of("broken")
    assert (problem.plugin, problem.source) == ("broken", "kt_broken:P")
    assert "RuntimeError: no licence file" in problem.message


def test_two_distributions_with_one_plugin_name_are_refused_naming_both(install: Install) -> None:
    install("acme-one", "twin", "kt_twin_one", GOOD.format(name="twin"))
    install("acme-two", "twin", "kt_twin_two", GOOD.format(name="twin"))
    problem = problem_of("twin")
    assert "acme-one and acme-two" in problem.message
    assert "uninstall" in problem.remedy


def test_an_entry_point_must_be_called_like_its_class(install: Install) -> None:
    install("acme-alias", "alias", "kt_alias", GOOD.format(name="other"))
    assert "'alias'" in problem_of("alias").message


def test_entry_points_of_the_builtins_are_listed_once() -> None:
    assert all(len(points) == 1 for points in Installed().points.values())


def test_a_path_names_a_class_of_the_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kt_own.py").write_text(GOOD.format(name="own"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=["kt_own:P"])
    assert [entry.name for entry in plan.active] == ["own"]


def test_two_classes_of_one_name_are_refused_naming_both_origins() -> None:
    first = type("First", (Plugin,), {"name": "same"})
    second = type("Second", (Plugin,), {"name": "same"})
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=[first, second])
    assert "First" in plan.problems[0].message
    assert "Second" in plan.problems[0].message


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"name": "Shop"}, "is not a name for a plugin"),
        ({"name": "pegboard"}, "is not a name for a plugin"),
        ({"name": "deployment"}, "is not a name for a plugin"),
        ({}, "is not a name for a plugin"),
        ({"name": "shop", "api": "2"}, "was written for the plugin API 2; this is 1"),
        ({"name": "shop", "requires": "accounts"}, "requires must be a tuple"),
        ({"name": "shop", "tables": "users"}, "tables must be a tuple"),
        ({"name": "shop", "Settings": dict}, "must derive from pegboard.PluginSettings"),
        ({"name": "shop", "Settings": None}, "must derive from pegboard.PluginSettings"),
    ],
)
def test_a_class_that_the_board_cannot_use_is_refused(members: dict[str, Any], words: str) -> None:
    assert words in problem_of(type("Bad", (Plugin,), members)).message


def test_what_is_no_plugin_class_is_refused() -> None:
    assert "not a subclass" in problem_of("pathlib:Path").message
    assert "cannot be imported" in problem_of("pathlib:Nothing").message
    assert "cannot be imported" in problem_of("pathlib:NoSuchClass").message
