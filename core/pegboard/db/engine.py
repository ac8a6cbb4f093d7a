"""How connections are opened: SQLite with the modes that make rollback mean rollback, and safety across forks."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event, make_url

from .session import db

_BUSY_MS = 5_000


def init_database(app: Flask, url: str, *, env: str) -> None:
    """Bind the extension to `app`. Opens no connection."""
    parsed = make_url(url)
    app.config["SQLALCHEMY_DATABASE_URI"] = parsed
    options: dict[str, Any] = {"pool_pre_ping": True}
    if parsed.get_backend_name() == "sqlite":
        options = {"connect_args": {"isolation_level": "IMMEDIATE", "timeout": _BUSY_MS / 1000}}
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    else:
        options["connect_args"] = {"connect_timeout": 5, "application_name": "pegboard"}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    if env == "test":
        event.listen(engine, "connect", _refuse_foreign)  # first, before the journal mode is written into the file
    if parsed.get_backend_name() == "sqlite":
        listen_sqlite(engine)
    _dispose_after_fork(engine)


def listen_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, and a write transaction before the first savepoint."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", f"busy_timeout={_BUSY_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "savepoint")
    def _savepoint(connection: Connection, name: str) -> None:
        raw: Any = connection.connection.dbapi_connection
        if raw is not None and not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_foreign(connection: Any, record: object) -> None:
    from .environment import refuse_foreign_database

    refuse_foreign_database(connection)
    connection.rollback()  # some drivers began a transaction for the question


def _dispose_after_fork(engine: Engine) -> None:
    """A child must not share its parent's connections; the parent keeps them."""
    reference = weakref.ref(engine)

    def dispose() -> None:
        inherited = reference()
        if inherited is not None:
            inherited.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=dispose)
