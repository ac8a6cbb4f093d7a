"""What is compared where models and tables differ: the tables of one plugin, and unique constraints by their columns.

Tables that are older than the plugin may have constraints of other names, on SQLite of none: they hold all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, MetaData, UniqueConstraint, inspect

Includes = Callable[[Any, str | None, str, bool, Any], bool]


def compared(connection: Connection, metadata: MetaData, owns: Callable[[str], bool]) -> Includes:
    """Alembic's `include_object` for a plugin that owns these tables."""

    def include(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        if type_ == "table":
            return owns(name or "")
        if type_ == "unique_constraint" and compare_to is None:
            others = _declared(metadata, item.table.name) if reflected else _present(connection, item.table.name)
            return {column.name for column in item.columns} not in others
        return True

    return include


def _declared(metadata: MetaData, table: str) -> list[set[str]]:
    found = metadata.tables[table].constraints
    return [{column.name for column in one.columns} for one in found if isinstance(one, UniqueConstraint)]


def _present(connection: Connection, table: str) -> list[set[str]]:
    return [{name for name in one["column_names"] if name} for one in inspect(connection).get_unique_constraints(table)]
