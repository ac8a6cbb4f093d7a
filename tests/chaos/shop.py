"""A plugin that hears from a vendor that something has changed, asks it how that is now, and writes it down.

Copied into the folder of a board. The vendor is the file `vendor`: four bytes for each thing, the version that it has now.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from pegboard import Plugin
from pegboard.db import db

FAILURES = 0.05
LATENCY = 0.002
"""Seconds that the vendor takes to answer, on average."""


class Shop(Plugin):
    """Keeps a copy of what a vendor has."""

    name = "shop"


def changed(event: int, thing: int) -> Iterator[None]:
    version = at_vendor(thing)
    yield
    write(
        "INSERT INTO effects (event, thing, worker) VALUES (:event, :thing, :worker)", event, thing, worker=os.getpid()
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
