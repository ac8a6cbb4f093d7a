"""Pegboard: a minimal Flask core that integrations hook onto.

The public names below are loaded on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazily import lazily

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
    "BoardSettings": "settings",
    "Capability": "contracts.capability",
    "Env": "settings",
    "Plugin": "plugin",
    "PluginSettings": "settings",
    "Provider": "contributions",
    "create_app": "app",
    "enqueue": "work.enqueueing",
    "files": "builtin.files.service",
    "hookimpl": "hookspecs",
    "hookspec": "hookspecs",
    "record": "work.recording",
}

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
