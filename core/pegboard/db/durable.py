"""A transaction after whose commit not even a loss of power takes back what it has written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine


@contextmanager
def durable_transaction(engine: Engine) -> Iterator[Connection]:
    """For what is acknowledged to somebody who will not say it again; it waits for the disk.

    SQLite's other transactions survive the end of the process, but the last ones not that of the machine.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA synchronous=FULL")
        try:
            with connection.begin():
                yield connection
        finally:
            raw.execute("PRAGMA synchronous=NORMAL")
