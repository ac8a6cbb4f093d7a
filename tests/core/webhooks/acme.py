"""Acme, which posts what happens to its orders, and a board's plugin that hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Flask
from pydantic import Field, SecretStr
from sqlalchemy import select
from werkzeug.test import TestResponse

from pegboard import Plugin, hookimpl
from pegboard.contracts.webhooks import Label, Posted, Verifier, Webhook
from pegboard.contributions import WebhookSource
from pegboard.db import db
from pegboard.settings import PluginSettings
from pegboard.testing.webhooks import timestamped
from pegboard.webhooks import TimestampedHmac
from pegboard.work.models import Work

SECRET, OLDER = "a secret that Acme shows", "the one that Acme showed before"
HEADER = "Acme-Signature"


class AcmeSettings(PluginSettings):
    webhook_secrets: list[SecretStr] = Field(default=[SecretStr(SECRET), SecretStr(OLDER)])


class Acme(Plugin[AcmeSettings]):
    """Hears what happens to orders at Acme."""

    name = "acme"
    Settings = AcmeSettings
    source = "acme"

    @property
    def types(self) -> tuple[str, ...]:
        return ("order.paid", "order.sent")

    @hookimpl
    def webhook_sources(self) -> Iterable[WebhookSource]:
        yield WebhookSource(
            name=self.source,
            verifier=self.verifier(),
            read=_label,
            handle=self.handle,
            types=self.types,
            keep=("Acme-Version",),
        )

    def verifier(self) -> Verifier:
        return TimestampedHmac(self.settings.webhook_secrets, header=HEADER, setting="webhook_secrets")

    def handle(self, webhook: Webhook) -> Iterator[None] | None:
        return None


def _label(posted: Posted) -> Label:
    event = posted.json()
    return Label(id=event["id"], type=event["type"], subject=event["order"])


def order(id_: str, kind: str = "order.paid", *, of: str = "o1", **more: Any) -> bytes:
    """What Acme posts."""
    return json.dumps({"id": id_, "type": kind, "order": of, **more}).encode()


def post(app: Flask, body: bytes, *secrets: str, source: str = "acme", at: float | None = None) -> TestResponse:
    """Acme posts it, signed with its secret or those that are given."""
    headers = {HEADER: timestamped(body, *(secrets or (SECRET,)), at=at), "Content-Type": "application/json"}
    return app.test_client().post(f"/webhooks/{source}", data=body, headers=headers)


def rows(app: Flask) -> Sequence[Work]:
    """What is stored, the oldest first."""
    with app.app_context():
        return db.session.scalars(select(Work).order_by(Work.id)).all()
