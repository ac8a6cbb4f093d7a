"""A stored webhook, as the handler of its source gets it: the bytes that came, and what the source read in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from pegboard.contracts.webhooks import Webhook
from pegboard.contributions import WebhookSource
from pegboard.live import Board, Owned

from .claiming import Item


def handler_of(plugin: str, source: str) -> str:
    """The name of what handles the webhooks of a source."""
    return f"{plugin}.webhooks.{source}"


def handlers(board: Board) -> Mapping[str, Owned]:
    """The sources whose webhooks can be handled, by the names of their handlers."""
    found = board.webhook_sources.items()
    return {handler_of(one.plugin, name): one for name, one in found if one.plugin not in board.off}


def task_for(board: Board, item: Item) -> Callable[[], Any] | None:
    """What handles it; None where nothing that is enabled does."""
    owned = handlers(board).get(item.handler)
    if owned is None:
        return None
    source: WebhookSource = owned.item
    webhook = _webhook(item)
    return lambda: source.handle(webhook)


def _webhook(item: Item) -> Webhook:
    from werkzeug.datastructures import Headers

    read = json.loads(item.data or "{}")
    return Webhook(
        source=item.source or "",
        id=read["id"],
        type=item.event_type or "",
        subject=read["subject"],
        headers=cast(Any, Headers(json.loads(item.headers or "{}"))),
        body=item.payload or b"",
        received_at=datetime.fromtimestamp(item.created_at / 1000, UTC),
    )
