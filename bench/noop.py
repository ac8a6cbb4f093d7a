"""The plugin whose work costs nothing, and whose pages write a row, with an event and without one."""

from __future__ import annotations

import os
from collections.abc import Iterable

from flask import Blueprint
from sqlalchemy import text

from pegboard import record
from pegboard.db import db
from pegboard.events import UserRegistered
from pegboard.hookspecs import hookimpl
from pegboard.plugin import Plugin
from pegboard.settings import PluginSettings

TABLE = "CREATE TABLE noop_rows (id INTEGER NOT NULL, note VARCHAR(20))"


class Noop(Plugin[PluginSettings]):
    """Has nothing to do, and hears of it."""

    name = "noop"

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        pages = Blueprint("noop", __name__)
        pages.add_url_rule("/plain", "plain", _plain)
        pages.add_url_rule("/recorded", "recorded", _recorded)
        yield pages

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None:
        """Heard, and nothing done about it."""


def nothing() -> None:
    """The job."""


def _plain() -> str:
    _write()
    db.session.commit()
    return "ok"


def _recorded() -> str:
    _write()
    record(UserRegistered(os.urandom(8).hex(), "ada@bench.example", "Ada"))
    db.session.commit()
    return "ok"


def _write() -> None:
    db.session.execute(text("INSERT INTO noop_rows (id, note) VALUES (:id, :note)"), {"id": 1, "note": "written"})
