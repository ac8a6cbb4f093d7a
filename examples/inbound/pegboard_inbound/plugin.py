"""What the plugin adds to a board."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pegboard import Plugin, hookimpl
from pegboard.contributions import NavItem, Permission, WebhookSource
from pegboard.i18n import lazy_gettext as _l

from .settings import InboundSettings

if TYPE_CHECKING:
    from flask import Blueprint


class Inbound(Plugin[InboundSettings]):
    """Receives Standard Webhooks from any sender, and shows the last ten to administrators."""

    name = "inbound"
    Settings = InboundSettings

    @hookimpl
    def webhook_sources(self) -> Iterable[WebhookSource]:
        from .webhooks import source

        yield source(self.settings.secrets)

    @hookimpl
    def permissions(self) -> Iterable[Permission]:
        yield Permission("inbound.read", "Read what other systems have posted.")

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        from .views import blueprint

        yield blueprint()

    @hookimpl
    def nav_items(self) -> Iterable[NavItem]:
        yield NavItem(_l("Inbound"), "inbound.index", audience="signed_in", permission="inbound.read")
