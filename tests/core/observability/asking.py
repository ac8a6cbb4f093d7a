"""A plugin whose page asks the database as often as its address says."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, request
from sqlalchemy import text

from pegboard import Plugin, hookimpl
from pegboard.db import db
from pegboard.settings import PluginSettings


class Asking(Plugin[PluginSettings]):
    """`/asking/<times>`, and on PostgreSQL `/asking/sleep`, which takes two seconds."""

    name = "asking"

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        routes = Blueprint("asking", __name__)
        routes.add_url_rule("/<int:times>", "ask", ask)
        routes.add_url_rule("/sleep", "sleep", sleep)
        yield routes


def ask(times: int) -> str:
    for _ in range(times):
        db.session.execute(text("SELECT :value"), {"value": request.args.get("secret", "")})
    return str(times)


def sleep() -> str:
    db.session.execute(text("SELECT pg_sleep(2)"))
    return "slept"
