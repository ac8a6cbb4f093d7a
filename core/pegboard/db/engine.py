"""How connections are opened: SQLite with the modes that make rollback mean rollback, and safety across forks."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import URL, Connection, Engine, event, exc, make_url

from pegboard.errors import PegboardError
from pegboard.settings import BoardSettings

from .session import db, note_writes

_BUSY_MS = 5_000
_CONNECT = 5  # seconds for a server to answer
# A machine that has vanished is noticed within a minute, on either side: what it had locked is free then.
_WHERE_WE_NOTICE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
_WHERE_THE_SERVER_NOTICES = {f"tcp_{name}": value for name, value in _WHERE_WE_NOTICE.items()}
_WAIT = 10  # seconds for one of our connections to be free
_RECYCLE = 1_800  # seconds: firewalls forget what is idle for longer


def init_database(app: Flask, url: str, settings: BoardSettings) -> None:
    """Bind the extension to `app`. Opens no connection, and makes no database: `pegboard db upgrade` does."""
    parsed, env = make_url(url), settings.env
    file = sqlite_file(parsed)
    options: dict[str, Any] = {"pool_pre_ping": True, "hide_parameters": True}  # people's data stays out of the log
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"isolation_level": "IMMEDIATE", "timeout": _BUSY_MS / 1000}
    else:
        options["connect_args"] = _server_arguments(parsed, settings)
    if file or parsed.get_backend_name() != "sqlite":
        pool = settings.database_connections
        options |= {"pool_size": pool, "max_overflow": pool, "pool_timeout": _WAIT, "pool_recycle": _RECYCLE}
    if file and env == "test":
        file.parent.mkdir(parents=True, exist_ok=True)
    elif file:
        parsed = existing_only(parsed)
    app.config.update(SQLALCHEMY_DATABASE_URI=parsed, SQLALCHEMY_ENGINE_OPTIONS=options)
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    if env == "test":
        event.listen(engine, "connect", _refuse_foreign)  # first, before the journal mode is written into the file
    if parsed.get_backend_name() == "sqlite":
        listen_sqlite(engine)
    if file:
        _leave_lost_file(engine, file)
    note_writes(engine)
    _dispose_after_fork(engine)


def _server_arguments(url: URL, settings: BoardSettings) -> dict[str, Any]:
    """How a board introduces itself to a server, and what it asks of it. What the URL says itself wins."""
    asked = {"connect_timeout": str(_CONNECT), "application_name": _application_name(settings.app_name)}
    if url.get_backend_name() == "postgresql":
        asked |= _WHERE_WE_NOTICE
    if settings.database_timeout and url.get_backend_name() == "postgresql":
        limits = {"statement_timeout": str(round(settings.database_timeout * 1000)), **_WHERE_THE_SERVER_NOTICES}
        asked["options"] = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return {name: value for name, value in asked.items() if name not in url.query}


def _application_name(app_name: str) -> str:
    """What `pg_stat_activity` shows: at most 63 printable characters of ASCII."""
    name = "".join(letter if " " <= letter < "\x7f" else "-" for letter in app_name)
    return f"pegboard {name}"[:63]


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory, and for other databases."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(url.database or "")


def existing_only(url: URL) -> URL:
    """The same SQLite database, which is not made where it is missing: an empty one would hide that all is gone."""
    return url.set(database=f"file:{quote(url.database or '')}", query={**url.query, "mode": "rw", "uri": "true"})


def make_private(file: Path) -> None:
    """The file of a new database, for nobody else to read: it will hold password hashes."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise PegboardError(
            f"the database {file} cannot be made: {error.strerror}\n    → make its folder writable, or set DATABASE_URL"
        ) from error


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


def _leave_lost_file(engine: Engine, file: Path) -> None:
    """Close connections to a file that was moved, deleted or replaced: what they would write is lost with it."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        record.info["pegboard.file"] = _identity(file)

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, record: Any, proxy: Any) -> None:
        if record.info.get("pegboard.file") != _identity(file):
            raise exc.DisconnectionError(f"{file} is not the file that was opened")


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116 - at every request
    except OSError:
        return None
    return status.st_dev, status.st_ino


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
