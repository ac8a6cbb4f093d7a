"""What a database has of one plugin, and taking it away: by the plugin's own migrations, or by the names of its tables.

Either is one transaction: an interruption leaves all of it or nothing. No models are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from alembic import command
from flask import Flask
from sqlalchemy import Connection, func, inspect, select, table, text

from ..board import Plan
from ..errors import PegboardError
from . import History, _check_foreign_keys, _connection, _current, _run, _unknown

_VERSIONS = "alembic_version_"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose tables are whose. `tables` are a plugin's own beside those with its prefix; `others` are names of plugins whose
    prefix may begin with its prefix; `taken` are tables that belong to somebody else whatever they are called."""

    name: str
    tables: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    @property
    def version_table(self) -> str:
        return f"{_VERSIONS}{self.name}"

    def of(self, tables: Iterable[str]) -> list[str]:
        """Those that are the plugin's."""
        present = sorted(tables)
        migrated = {name.removeprefix(_VERSIONS) for name in present if name.startswith(_VERSIONS)}
        longer = [f"{name}_" for name in self.others | migrated if name.startswith(f"{self.name}_")]
        prefixed = [name for name in present if name.startswith(f"{self.name}_") and not name.startswith(tuple(longer))]
        return [name for name in present if name in self.tables or (name in prefixed and name not in self.taken)]


@dataclass(frozen=True, slots=True)
class Remains:
    """What a database has of a plugin: `tables` with their number of rows, and its version table if that is there.

    `referring` are tables of others, each with the table of the plugin that a foreign key of it leads to.
    """

    tables: dict[str, int] = field(default_factory=dict)
    version_table: str = ""
    referring: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tables or self.version_table)


@contextmanager
def reading(plan: Plan, url: str) -> Iterator[Connection]:
    """A connection to look at a database with. PegboardError where no database answers."""
    with _connection(plan, url) as connection:
        yield connection


def remains(connection: Connection, ownership: Ownership) -> Remains:
    """Look at what is there."""
    present = inspect(connection).get_table_names()
    own = ownership.of(present)
    counts = {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in own}
    versions = ownership.version_table if ownership.version_table in present else ""
    return Remains(counts, versions, tuple(_referring(connection, own)))


def take_back(plan: Plan, url: str, history: History, ownership: Ownership) -> None:
    """Take the tables back to nothing by the plugin's migrations, then drop its version table.

    PegboardError, with nothing changed, where they do not go down or leave tables behind.
    """
    by_name = f"let the version that made them take them back, or drop what is called {history.name}_…: --drop-orphans"
    with _connection(plan, url, migrating=True) as connection:
        if unknown := _unknown(connection, history):
            raise PegboardError(f"{history.name} is at {unknown}, which its migrations do not know\n    → {by_name}")
        if _current(connection, history):
            try:
                _run(Flask("pegboard"), history, connection, lambda config: command.downgrade(config, "base"))
            except PegboardError as error:
                raise PegboardError(f"{error}\n    → {by_name}") from error
            except Exception as error:
                said = f"{type(error).__name__}: {error}".removesuffix(": ")
                raise PegboardError(
                    f"the migrations of {history.name} do not go down ({said}), and nothing was changed\n    → {by_name}"
                ) from error
        if left := ownership.of(inspect(connection).get_table_names()):
            raise PegboardError(
                f"the migrations of {history.name} leave {', '.join(left)}, and nothing was changed\n    → {by_name}"
            )
        _drop(connection, [history.version_table])
        _check_foreign_keys(connection)


def drop(plan: Plan, url: str, ownership: Ownership) -> None:
    """Drop the plugin's tables and its version table by their names."""
    with _connection(plan, url, migrating=True) as connection:
        _drop(connection, [*ownership.of(inspect(connection).get_table_names()), ownership.version_table])
        _check_foreign_keys(connection)


def _drop(connection: Connection, names: list[str]) -> None:
    """All in one go, so that their order makes no difference; never what refers to them."""
    present = inspect(connection).get_table_names()
    quoted = [_quoted(connection, name) for name in names if name in present]
    if connection.dialect.name == "sqlite":  # one at a time; foreign keys are off while this connection is open
        for name in quoted:
            connection.execute(text(f"DROP TABLE {name}"))
    elif quoted:
        connection.execute(text(f"DROP TABLE {', '.join(quoted)}"))


def _referring(connection: Connection, own: list[str]) -> Iterator[tuple[str, str]]:
    for (_, name), keys in sorted(inspect(connection).get_multi_foreign_keys().items()):
        for referred in sorted({key["referred_table"] for key in keys}):
            if name not in own and referred in own:
                yield name, referred


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
