"""A plugin that hears from a vendor that something has changed, asks it how that is now, and writes it down.

Copied into the folder of a board. The vendor is the file `vendor`: four bytes for each thing, the version that it has now.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from pegboard import Plugin, hookimpl
from pegboard.contracts.webhooks import Label, Posted, Webhook
from pegboard.contributions import WebhookSource
from pegboard.db import db
from pegboard.events import Event
from pegboard.hookspecs import Steps, hookspec
from pegboard.settings import PluginSettings
from pegboard.webhooks import TimestampedHmac

RELEASE = 1
SECRET, HEADER = "what the vendor signs with", "Shop-Signature"
FAILURES = 0.05
LATENCY = 0.002
"""Seconds that the vendor takes to answer, on average."""


@dataclass(frozen=True, slots=True)
class ShopChanged(Event):
    """A thing of the vendor has changed."""

    event: int
    thing: int

    @property
    def subject(self) -> str:
        return str(self.thing)


class ShopHooks:
    @hookspec
    def shop_changed(self, event: ShopChanged) -> Steps:
        """A thing of the vendor has changed."""


class Shop(Plugin[PluginSettings]):
    """Keeps a copy of what a vendor has."""

    name = "shop"
    hookspecs = ShopHooks

    @hookimpl
    def shop_changed(self, event: ShopChanged) -> Iterator[None]:
        yield from changed(event.event, event.thing)

    @hookimpl
    def webhook_sources(self) -> Iterable[WebhookSource]:
        verifier = TimestampedHmac([SecretStr(SECRET)], header=HEADER, setting="secrets")
        yield WebhookSource(name="shop", verifier=verifier, read=_label, handle=self.handle)

    def handle(self, webhook: Webhook) -> Iterator[None]:
        told = webhook.json()
        yield from changed(told["event"], told["thing"])


def _label(posted: Posted) -> Label:
    told = posted.json()
    return Label(id=str(told["event"]), type="changed", subject=str(told["thing"]))


def changed(event: int, thing: int) -> Iterator[None]:
    if Path("wild-clock").exists() and random.random() < 0.1:
        set_clock(timedelta(seconds=random.randint(-100_000, 100_000)))
    version = at_vendor(thing)
    yield
    write(
        "INSERT INTO effects (event, thing, release) VALUES (:event, :thing, :release)", event, thing, release=RELEASE
    )
    write(
        "INSERT INTO copies (thing, version) VALUES (:thing, :version) "
        "ON CONFLICT (thing) DO UPDATE SET version = excluded.version",
        event, thing, version=version,
    )  # fmt: skip
    if random.random() < FAILURES:
        raise OSError("a bad moment")


def hang(event: int, thing: int) -> None:
    Path(f"begun-{event}").touch()
    while True:
        time.sleep(1)


def at_vendor(thing: int) -> int:
    with Path("vendor").open("rb") as file:
        file.seek(4 * thing)
        version = int.from_bytes(file.read(4), "little")
    time.sleep(random.expovariate(1 / LATENCY))
    return version


def write(statement: str, event: int, thing: int, **more: int) -> None:
    db.session.execute(text(statement), {"event": event, "thing": thing, **more})


_clock: list[Any] = []


def set_clock(ahead: timedelta) -> None:
    """What `time.time` and `datetime.now` say in this process from now on."""
    import time_machine

    for one in _clock:
        one.stop()
    _clock[:] = [time_machine.travel(datetime.now(UTC) + ahead, tick=True)]
    _clock[0].start()
