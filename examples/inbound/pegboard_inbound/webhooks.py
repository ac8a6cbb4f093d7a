"""What is done about a webhook: its message is kept, and the oldest of more than ten is forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import SecretStr
from sqlalchemy import delete, select

from pegboard.contracts.webhooks import Webhook
from pegboard.contributions import WebhookSource
from pegboard.db import db
from pegboard.webhooks import StandardWebhooks, standard_label

from .models import LONGEST, Message

KEPT = 10


def source(secrets: Iterable[SecretStr]) -> WebhookSource:
    """`/webhooks/inbound`, for whoever knows one of the secrets."""
    verifier = StandardWebhooks(secrets, setting="secrets")
    return WebhookSource(name="inbound", verifier=verifier, read=standard_label, handle=keep)


def keep(webhook: Webhook) -> None:
    """Handled twice, it is kept once: what is set to work again by hand comes a second time."""
    known = db.session.scalar(select(Message).where(Message.webhook == webhook.id))
    if known is not None:
        return
    text = json.dumps(webhook.json().get("data"), ensure_ascii=False, indent=2)
    received = webhook.received_at
    db.session.add(Message(webhook=webhook.id, type=webhook.type, text=text[:LONGEST], received_at=received))
    db.session.flush()
    newest = select(Message.id).order_by(Message.received_at.desc(), Message.id.desc()).limit(KEPT)
    db.session.execute(delete(Message).where(Message.id.not_in(db.session.scalars(newest).all())))
