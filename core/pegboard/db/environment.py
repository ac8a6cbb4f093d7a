"""Each database is stamped with the environment it belongs to, so that a test board cannot touch any other's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, inspect, text

from pegboard.errors import ConfigError, Problem

TABLE = "pegboard_environment"


def stamp(connection: Connection, env: str) -> None:
    """Write the environment into a database that has no stamp yet. A test board refuses one that has another's tables."""
    if env == "test":
        refuse_foreign_database(connection.connection.dbapi_connection)
    if not inspect(connection).has_table(TABLE):
        connection.execute(text(f"CREATE TABLE {TABLE} (name VARCHAR(20) NOT NULL)"))
        connection.execute(text(f"INSERT INTO {TABLE} (name) VALUES (:name)"), {"name": env})  # noqa: S608 - a constant


def stamped(connection: Connection) -> str | None:
    """The environment that a database belongs to, or None where it has no stamp."""
    if not inspect(connection).has_table(TABLE):
        return None
    name: str | None = connection.execute(text(f"SELECT name FROM {TABLE}")).scalar()  # noqa: S608 - a constant
    return name


def refuse_foreign_database(connection: Any) -> None:
    """Raise ConfigError unless the database of this DBAPI connection is empty or stamped `test`."""
    cursor = connection.cursor()
    try:
        names = _tables(cursor)
        if not names:
            return
        name = None
        if TABLE in names:
            cursor.execute(f"SELECT name FROM {TABLE}")  # noqa: S608 - a constant
            row = cursor.fetchone()
            name = row[0] if row else None
    finally:
        cursor.close()
    if name != "test":
        raise ConfigError(
            [
                Problem(
                    f"a test board refuses this database: it belongs to {name or 'an unknown environment'}",
                    key="database_url",
                    remedy="give the test environment a database of its own in [env.test.pegboard]",
                )
            ]
        )


def _tables(cursor: Any) -> set[str]:
    if type(cursor).__module__.startswith("sqlite3"):
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    else:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
    return {row[0] for row in cursor.fetchall()}
