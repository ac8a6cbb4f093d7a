"""Boards to verify a plugin on: with it and what it requires, on settings made from their schemas, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..board import Plan, assemble
from ..checks import chosen_providers
from ..discovery import Found, Installed, Reference
from ..errors import Problem
from ..settings import BoardSettings
from ..sources import given_sources
from .placeholders import placeholders

Values = Mapping[str, Mapping[str, Any]]


def found(reference: Reference) -> Found | Problem:
    """The plugin class of a reference, imported."""
    return Installed().load(reference)


def with_required(one: Found) -> dict[str, Found]:
    """A plugin after all that it requires, by name; what is not installed is missing here, and the plan says so."""
    installed, together = Installed(), {one.plugin.name: one}
    waiting = list(one.plugin.requires)
    while waiting:
        name = waiting.pop()
        other = installed.load(name) if name not in together else None
        if isinstance(other, Found):
            together = {name: other, **together}
            waiting += other.plugin.requires
    return together


def plan_of(plugins: Iterable[Found], folder: Path, values: Values | None = None) -> Plan:
    """The plan of a test board of these plugins; `values` are settings by plugin, in place of those made up."""
    listed = list(plugins)
    given = {one.plugin.name: placeholders(one.plugin.Settings).values for one in listed} | dict(values or {})
    plan = _assembled(listed, folder, given, {})
    if any(problem.key.startswith("providers.") for problem in plan.problems):
        choice = {word: names[0] for word, names in chosen_providers(plan.active, plan.settings).items()}
        plan = _assembled(listed, folder, given, choice)  # a deployment has chosen; which, does not matter here
    return plan


def _assembled(plugins: list[Found], folder: Path, given: Values, providers: Mapping[str, str]) -> Plan:
    settings = BoardSettings(env="test", builtins=(), instance_path=folder / "instance", providers=dict(providers))
    return assemble(given_sources(given, folder), settings=settings, plugins=[one.plugin for one in plugins])
