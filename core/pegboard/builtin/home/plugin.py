"""The page at `/`, which other plugins fill through the slot `home`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pegboard.hookspecs import hookimpl
from pegboard.plugin import Plugin
from pegboard.settings import PluginSettings

if TYPE_CHECKING:
    from flask import Blueprint


class Home(Plugin[PluginSettings]):
    """The first page: what the enabled plugins have to show, and where to begin."""

    name = "home"
    url_prefix = ""

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        from .views import blueprint

        yield blueprint()
