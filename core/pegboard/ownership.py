"""Whose tables are whose: those of a plugin's models, and models whose tables nobody would ever make."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .errors import Problem
from .plugin import Plugin

if TYPE_CHECKING:
    from sqlalchemy import Table


def tables_of(plugin: type[Plugin[Any]], package: str | None) -> tuple[Table, ...]:
    """Import the `models.py` of a package, if it has one: the tables that its bases or the plugin's `tables` claim."""
    if not package or find_spec(f"{package}.models") is None:
        return ()
    import_module(f"{package}.models")
    from .db.models import metadata

    for table in metadata.tables.values():
        module, owner = table.info.get("module"), table.info.get("plugin")
        if module == f"{package}.models" and owner != plugin.name:
            raise TypeError(f"the base of {table.name} says plugin = {owner!r}; write plugin = {plugin.name!r}")
        if table.name in plugin.tables:
            table.info.setdefault("plugin", plugin.name)
    # Not sorted_tables: a foreign key of one plugin that leads nowhere would then fail every other.
    return tuple(table for table in metadata.tables.values() if table.info.get("plugin") == plugin.name)


def model_problems(plugin: type[Plugin[Any]], package: str | None) -> Iterator[Problem]:
    """Models of a package that no migration would reach, as those brought from an application of their own."""
    if not package or find_spec(f"{package}.models") is None:
        return
    from .db.models import metadata

    for name, table in _described(import_module(f"{package}.models"), package):
        if table.metadata is not metadata:
            message = f"{name} is on a MetaData of its own: no migration would make the table {table.name!r}"
            remedy = (
                f"take `db` from pegboard.db, or let its base say metadata = pegboard.db.metadata and plugin = {plugin.name!r}; "
                "models of another database belong into a module of another name"
            )
            yield Problem(message, plugin.name, "models", "", remedy)
        elif "plugin" not in table.info:
            remedy = f"write tables = ({table.name!r}, …) in the plugin class, or base it on pegboard.db.ModelBase"
            yield Problem(
                f"{name} has the table {table.name!r}, which no plugin owns", plugin.name, "models", "", remedy
            )


def _described(module: ModuleType, package: str) -> Iterator[tuple[str, Table]]:
    """The tables in a module, with the names they have there: of the package's own classes, or bare."""
    from sqlalchemy import Table

    for name, value in vars(module).items():
        own = isinstance(value, type) and f"{value.__module__}.".startswith(f"{package}.")
        table = vars(value).get("__table__") if own else value
        if isinstance(table, Table):
            yield name, table
