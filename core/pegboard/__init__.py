"""Pegboard: a minimal Flask core that integrations hook onto.

The public names below are loaded on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .builtin.files.service import files
    from .contracts.capability import Capability
    from .contributions import Provider
    from .hookspecs import hookimpl, hookspec
    from .plugin import Plugin
    from .settings import BoardSettings, Env, PluginSettings
    from .work.enqueueing import enqueue
    from .work.recording import record

__all__ = [
    "BoardSettings",
    "Capability",
    "Env",
    "Plugin",
    "PluginSettings",
    "Provider",
    "create_app",
    "enqueue",
    "files",
    "hookimpl",
    "hookspec",
    "record",
]

_HOMES = {
    "BoardSettings": "pegboard.settings",
    "Capability": "pegboard.contracts.capability",
    "Env": "pegboard.settings",
    "Plugin": "pegboard.plugin",
    "PluginSettings": "pegboard.settings",
    "Provider": "pegboard.contributions",
    "create_app": "pegboard.app",
    "enqueue": "pegboard.work.enqueueing",
    "files": "pegboard.builtin.files.service",
    "hookimpl": "pegboard.hookspecs",
    "hookspec": "pegboard.hookspecs",
    "record": "pegboard.work.recording",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pegboard' has no attribute {name!r}")
    from .garbage import uncollected

    with uncollected():
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
