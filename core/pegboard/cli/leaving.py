"""A plugin that is to be uninstalled: enabled, installed, or already gone from the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..board import Plan, assemble
from ..collect import Entry
from ..discovery import RESERVED, Found
from ..errors import PegboardError
from ..plugin import Plugin
from ..settings import DEFAULT_BUILTINS
from ..sources import read_sources


@dataclass(frozen=True, slots=True)
class Leaving:
    """`reference` is what a deployment lists for it; `migrations` the folder of its history, where that is on this machine.

    `listed` are the lists of `pegboard.toml` without it, where it is enabled. `distribution` is what brings its code.
    """

    name: str
    reference: str = ""
    migrations: Path | None = None
    tables: frozenset[str] = frozenset()
    listed: dict[str, list[str]] | None = None
    distribution: str = ""


def find_leaving(plan: Plan, name: str) -> Leaving:
    """The plugin of that name, or module:Class. ClickException where the name is not one that a plugin can have."""
    name, reference = _named(plan, name)
    if not reference:
        if name in RESERVED or not name.isidentifier():
            raise click.ClickException(f"{name!r} is not a name that a plugin can have")
        return Leaving(name)
    entry = plan.entry(name)
    plugin = entry.plugin if entry else _class(plan, reference)
    tables = [*(plugin.tables if plugin else ()), *(table.name for table in (entry.tables if entry else ()))]
    points = plan.installed.points.get(name, [])
    distribution = points[0].dist.name if points and not points[0].value.startswith("pegboard.") else ""
    listed = _without(plan, name, reference)
    return Leaving(name, reference, _migrations(reference), frozenset(tables), listed, distribution)


def remember(plan: Plan, leaving: Leaving) -> None:
    """Note where a plugin is that no list will name any more, so that it is found again after an interruption."""
    note = _note(plan, leaving.name)
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(leaving.reference, encoding="utf-8")
    except OSError as error:
        raise PegboardError(f"{note} cannot be written: {error.strerror}\n    → make the folder writable") from error


def forget(plan: Plan, leaving: Leaving) -> None:
    """It is gone for good."""
    _note(plan, leaving.name).unlink(missing_ok=True)


def unfinished(plan: Plan) -> list[str]:
    """The plugins that somebody began to uninstall, and that are not enabled again."""
    noted = (plan.instance_path / "uninstalling").glob("*")
    return sorted(note.name for note in noted if plan.entry(note.name) is None)


def _note(plan: Plan, name: str) -> Path:
    return plan.instance_path / "uninstalling" / name


def _named(plan: Plan, given: str) -> tuple[str, str]:
    """The name and the reference of a plugin. No reference where it is neither enabled nor installed nor on its way out."""
    if ":" in given:
        found = plan.installed.load(given)
        if not isinstance(found, Found):
            raise PegboardError(f"{found}\n    → or give its name, where it is enabled")
        return found.plugin.name, given
    name = given.replace("-", "_")
    if name in plan.installed.names:
        return name, name
    if entry := plan.entry(name):
        return name, f"{entry.plugin.__module__}:{entry.plugin.__qualname__}"
    note = _note(plan, name) if name.isidentifier() else None
    return name, note.read_text(encoding="utf-8") if note and note.is_file() else ""


def plan_with(plan: Plan, leaving: Leaving) -> Plan:
    """The plan of this deployment with the plugin in it, whether or not it is enabled."""
    if not leaving.reference or plan.entry(leaving.name):
        return plan
    section = "builtins" if leaving.reference in DEFAULT_BUILTINS else "plugins"
    return assemble(read_sources(given={"pegboard": {section: [*getattr(plan.settings, section), leaving.reference]}}))


def _class(plan: Plan, reference: str) -> type[Plugin[Any]] | None:
    """Its class, if it can be imported: nothing else knows of tables without its prefix."""
    found = plan.installed.load(reference)
    return found.plugin if isinstance(found, Found) else None


def _migrations(reference: str) -> Path | None:
    """Found from where the top package is: nothing of the plugin is imported for it."""
    from ..verification.subject import find_subject

    try:
        folder = find_subject(reference).home / "migrations"
    except PegboardError:
        return None
    return folder if list(folder.glob("versions/*.py")) else None


def _without(plan: Plan, name: str, reference: str) -> dict[str, list[str]] | None:
    lists = {key: list(getattr(plan.settings, key)) for key in ("builtins", "plugins")}
    entry: Entry | None = plan.entry(name)
    path = f"{entry.plugin.__module__}:{entry.plugin.__qualname__}" if entry else reference
    shorter = {key: [item for item in items if item not in (name, reference, path)] for key, items in lists.items()}
    return {key: items for key, items in shorter.items() if items != lists[key]} or None
