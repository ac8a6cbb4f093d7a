"""The plugin whose page is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint

from pegboard.hookspecs import hookimpl
from pegboard.plugin import Plugin
from pegboard.settings import PluginSettings

from .hello_by_hand import hello


class Hello(Plugin[PluginSettings]):
    """Says hello in JSON."""

    name = "hello"

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        yield hello()
