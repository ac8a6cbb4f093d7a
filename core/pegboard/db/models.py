"""What plugin models build on: shared metadata with named constraints, and tables stamped with their plugin.

    class Base(ModelBase, DeclarativeBase):
        metadata = metadata
        plugin = "shop"

Each plugin has a base, and so a mapper registry, of its own: a broken mapping cannot poison another plugin's queries.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Dialect, Integer, MetaData, Table, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC on every database. A naive one is refused with a TypeError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a datetime needs a time zone; use pegboard.db.utc_now()")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        aware: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware


class ModelBase:
    """Mixed into a plugin's declarative base: stamps each table with `plugin`, its name, and never lets SQLite reuse a key."""

    plugin: ClassVar[str]
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}

    @classmethod
    def __table_cls__(cls, name: str, *args: Any, **kwargs: Any) -> Table:
        keys = [column for column in args if getattr(column, "primary_key", False)]
        if len(keys) == 1 and isinstance(keys[0].type, Integer):
            kwargs.setdefault("sqlite_autoincrement", True)
        # The base says whose tables these are; a model may well have a column of that name.
        plugin = next((value for kind in cls.__mro__ if isinstance(value := vars(kind).get("plugin"), str)), None)
        if plugin is None:
            raise TypeError(f'the base of {name} does not say whose tables these are: write plugin = "<name>" in it')
        kwargs["info"] = {**kwargs.get("info", {}), "plugin": plugin, "module": cls.__module__}
        return Table(name, *args, **kwargs)
