"""What the console adds to a board: its pages, a menu entry, and who may see and do what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pegboard.contributions import NavItem, Permission
from pegboard.hookspecs import hookimpl
from pegboard.i18n import lazy_gettext
from pegboard.plugin import Plugin
from pegboard.settings import PluginSettings

if TYPE_CHECKING:
    from flask import Blueprint

VIEW = "console.view"
REPLAY = "console.replay"


class Console(Plugin[PluginSettings]):
    """Pages for administrators: dead letters, work and webhooks, with errors and replays."""

    name = "console"

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        from .views import blueprint

        yield blueprint()

    @hookimpl
    def permissions(self) -> Iterable[Permission]:
        yield Permission(VIEW, "See the console: work, webhooks and dead letters, with what they carry.")
        yield Permission(REPLAY, "Set work to work again.")

    @hookimpl
    def nav_items(self) -> Iterable[NavItem]:
        yield NavItem(lazy_gettext("Console"), "console.dead", menu="user", weight=70, permission=VIEW)
