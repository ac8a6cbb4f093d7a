"""The order of plugins: what one requires or comes after stands before it, ties by name, the same at every start."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .errors import Problem
from .plugin import Plugin
from .settings import suggestion

Classes = Mapping[str, type[Plugin[Any]]]


def order(plugins: Classes) -> list[str]:
    """The names in boot order; those in a cycle come last, by name (`relation_problems` reports them)."""
    looped = {name for loop in cycles(plugins) for name in loop}
    sorter = TopologicalSorter({n: _before(plugins, n) - looped for n in sorted(plugins) if n not in looped})
    sorter.prepare()
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)
    return ordered + sorted(looped)


def cycles(plugins: Classes) -> list[list[str]]:
    """Every loop of `requires` and `after`, each as the names on it."""
    found: list[list[str]] = []
    graph = {name: _before(plugins, name) for name in sorted(plugins)}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            loop: list[str] = error.args[1][:-1]
            found.append(loop)
            graph = {name: before - set(loop) for name, before in graph.items() if name not in loop}
        else:
            return found


def relation_problems(plugins: Classes, installed: list[str]) -> list[Problem]:
    """Missing requirements, conflicts, cycles, and names whose table prefixes would overlap."""
    problems = []
    for name, plugin in sorted(plugins.items()):
        for other in plugin.requires:
            if other not in plugins:
                remedy = (
                    f"add {other!r} to plugins"
                    if other in installed
                    else f"install {other!r} ({suggestion(other, installed)})"
                )
                problems.append(Problem(f"requires {other!r}, which is not enabled", name, "requires", "", remedy))
        problems += [
            Problem(f"cannot be enabled together with {other!r}", name, "conflicts", "", "disable one of the two")
            for other in plugin.conflicts
            if other in plugins
        ]
        problems += [
            Problem(f"its tables could not be told from those of {other!r}", name, "name", "", "disable one of the two")
            for other, theirs in plugins.items()
            if name.startswith(f"{other}_") or (other != name and any(t.startswith(f"{name}_") for t in theirs.tables))
        ]
    for loop in cycles(plugins):
        path = " → ".join([*loop, loop[0]])
        problems += [
            Problem(f"comes before itself: {path}", name, "requires", "", "disable one of them") for name in loop
        ]
    return problems


def _before(plugins: Classes, name: str) -> set[str]:
    plugin = plugins[name]
    return {other for other in (*plugin.requires, *plugin.after) if other in plugins and other != name}
