"""The plugin that is told things by Acme, and what Acme posts. For measuring alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable

from pydantic import SecretStr

from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.contracts.webhooks import Label, Posted, Webhook
from pegboard.contributions import WebhookSource
from pegboard.testing.webhooks import timestamped
from pegboard.webhooks import TimestampedHmac

PATH = "/webhooks/acme"
_SECRET = "a secret that Acme shows"
_NUMBERS = itertools.count()
_PADDING = "x" * 1_500


class Acme(Plugin[PluginSettings]):
    """Hears of orders, and does nothing about them."""

    name = "acme"

    @hookimpl
    def webhook_sources(self) -> Iterable[WebhookSource]:
        verifier = TimestampedHmac([SecretStr(_SECRET)], header="Acme-Signature", setting="secrets")
        yield WebhookSource(name="acme", verifier=verifier, read=_label, handle=_nothing)


def new_post() -> tuple[bytes, dict[str, str]]:
    """A body of about 1.6 kB with an id of its own, of one of 500 objects, and its headers."""
    number = next(_NUMBERS)
    event = {"id": f"evt_{number}", "type": "order.paid", "order": f"o{number % 500}", "padding": _PADDING}
    body = json.dumps(event).encode()
    return body, {"Acme-Signature": timestamped(body, _SECRET), "Content-Type": "application/json"}


def _label(posted: Posted) -> Label:
    event = posted.json()
    return Label(id=event["id"], type=event["type"], subject=event["order"])


def _nothing(webhook: Webhook) -> None:
    return None
