"""A verified webhook as a work item: one insert, which a second webhook of the same id does not repeat, and its commit."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import current_app

from pegboard.contracts.webhooks import Label, Posted
from pegboard.contributions import WebhookSource
from pegboard.db import db
from pegboard.db.durable import durable_transaction
from pegboard.live import Owned
from pegboard.observability.ids import request_id
from pegboard.work.deliveries import handler_of
from pegboard.work.insertion import NewItem, insert
from pegboard.work.models import WEBHOOK
from pegboard.work.nudging import driver_of
from pegboard.work.recording import lane_of

from .counting import DUPLICATE, IGNORED, STORED

QUEUE = "webhooks"
_KEPT = ("Content-Type", "User-Agent")
_LONGEST = {"id": 500, "type": 128, "subject": 500}
_LONGEST_KEY = 255


def dedupe_key(source: str, id_: str) -> str:
    """What the row of a webhook is found by."""
    key = f"webhook:{source}:{id_}"
    return key if len(key) <= _LONGEST_KEY else f"webhook:{source}:sha256:{hashlib.sha256(id_.encode()).hexdigest()}"


def stored_label(source: WebhookSource, posted: Posted) -> Label:
    """What the source reads in it. Raises whatever that raises, and ValueError where a database could not keep it."""
    label = source.read(posted)
    for name, longest in _LONGEST.items():
        value = getattr(label, name)
        if not isinstance(value, str) or not (value or name == "subject"):
            raise ValueError(f"its {name} is no text")
        if len(value) > longest or not value.isprintable():
            raise ValueError(f"its {name} is longer than {longest} characters, or holds some that cannot be shown")
    return label


def store(owned: Owned, posted: Posted, label: Label, secret: int) -> str:
    """Write it down and commit, then wake a worker: `stored`, `duplicate` or `ignored`."""
    source: WebhookSource = owned.item
    ignored = source.types is not None and label.type not in source.types
    item = NewItem(
        kind=WEBHOOK,
        queue=QUEUE,
        handler=handler_of(owned.plugin, source.name),
        lane=lane_of(source.name, label.subject),
        source=source.name,
        dedupe_key=dedupe_key(source.name, label.id),
        event_type=label.type,
        data=json.dumps({"id": label.id, "subject": label.subject, "secret": secret}),
        payload=posted.body,
        headers=json.dumps({name: posted.headers[name] for name in (*_KEPT, *source.keep) if name in posted.headers}),
        request_id=request_id(),
    )
    with durable_transaction(db.engine) as connection:
        new = insert(connection, item, ignored=ignored)
    if new is None:
        return DUPLICATE
    if ignored:
        return IGNORED
    _wake(item.lane)
    return STORED


def _wake(lane: str | None) -> None:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    if (driver := driver_of(app)) is not None:
        driver.nudge({(QUEUE, lane)})
