"""What is left of plugins that are no longer enabled, and settings that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ...board import Plan
from ...settings import env_names
from ...sources import Variables
from ..config import models
from ..leaving import unfinished
from .findings import Finding

_OTHERS = ("PEGBOARD_CONFIG", "PEGBOARD_SECRETS_DIR", "FLASK_DEBUG", "WEB_CONCURRENCY")
_NEAR = 0.85


def leftovers(plan: Plan) -> Iterator[Finding]:
    """Plugins that are half uninstalled, tables of plugins that are installed and not enabled, and variables that look like ours and are not."""
    for name in unfinished(plan) if plan.board.value else ():
        message, remedy = (
            f"{name} was being uninstalled, and that was not finished",
            f"pegboard plugins uninstall {name}",
        )
        yield Finding(f"configuration.uninstalling.{name}", "warning", message, remedy)
    enabled = {entry.name for entry in plan.entries}
    file = plan.sources.file.name if plan.sources.file else ""
    written = [(label, tables) for label, tables in plan.sources.tables if file in label]  # not what the sandbox left
    for label, tables in written:
        for name in sorted(tables.keys() & set(plan.installed.names) - enabled):
            remedy = f"pegboard plugins enable {name.replace('_', '-')}, or remove the table"
            message = f"nobody reads [{name}] in {label}: the plugin is installed, and not enabled"
            yield Finding(f"configuration.leftovers.{name}", "warning", message, remedy)
    if any(entry.settings is None for entry in plan.entries):
        return  # what their settings are called is not known
    read = _read(plan)
    for layer in plan.sources.variables:
        for name in sorted(set(layer.names()) - read):
            if near := _meant(layer, name, read):
                yield Finding(
                    f"configuration.leftovers.{name}", "warning", f"nobody reads {name} in {layer.label}", near
                )


def _read(plan: Plan) -> set[str]:
    names = {
        name
        for _, prefix, model in models(plan)
        for key in model.model_fields
        for name in env_names(model, prefix, key)
    }
    return names.union(_OTHERS)


def _meant(layer: Variables, name: str, read: set[str]) -> str:
    """What to do about a variable that nobody reads; nothing where it may well be somebody else's."""
    near = get_close_matches(name.upper(), sorted(read), n=1, cutoff=_NEAR)
    if near and near[0] != name:
        return f"did you mean {near[0]}?"
    if name.startswith("PEGBOARD_"):
        return "remove it; pegboard config template --env-file lists what can be set"
    return "remove it, unless something else reads the file" if layer.label == ".env" else ""
