"""One Alembic history and one version table per plugin, so that plugins come, go and upgrade independently.

Flask-Migrate holds the configuration; each run works on one connection, in one transaction, under a lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command, util
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.pool import NullPool

from ..board import Plan
from ..collect import Entry
from ..db import UtcDateTime, db, metadata
from ..db.environment import stamp
from ..errors import ConfigError, PegboardError, Problem

SCRIPTS = Path(__file__).parent / "scripts"
_LOCK = 0x5065_6762  # "Pegb": one number for all boards that share a database


@dataclass(frozen=True, slots=True)
class History:
    """The migrations of one plugin. `tables` are the names it may touch; others beginning with its prefix are its own too."""

    name: str
    folder: Path
    tables: frozenset[str]

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.name}"

    def owns(self, table: str) -> bool:
        return table in self.tables or table.startswith(f"{self.name}_")


def histories(plan: Plan, name: str | None = None) -> list[History]:
    """The histories of the enabled plugins in boot order, or of one. ConfigError if that one has none."""
    found = [_history(entry) for entry in plan.active if entry.tables or entry.part("migrations")]
    if name is None:
        return found
    named = [history for history in found if history.name == name.replace("-", "_")]
    if not named:
        choices = ", ".join(history.name for history in found) or "none"
        raise ConfigError(
            [Problem("has no migrations here", name, remedy=f"enabled plugins with migrations: {choices}")]
        )
    return named


def _history(entry: Entry) -> History:
    folder = entry.part("migrations") or (entry.folder or Path()) / "migrations"
    return History(entry.name, folder, frozenset([*(table.name for table in entry.tables), *entry.plugin.tables]))


def pending(plan: Plan, url: str) -> list[str]:
    """The plugins whose tables are behind their migrations, in boot order."""
    with _connection(url) as connection:
        return [history.name for history in histories(plan) if _is_behind(connection, history)]


def upgrade(app: Flask, plan: Plan, url: str, name: str | None = None) -> list[str]:
    """Bring the tables of all enabled plugins, or of one, up to date; the names of those that had anything to do."""
    done = []
    with _connection(url, migrating=True) as connection:
        stamp(connection, plan.settings.env)
        for history in histories(plan, name):
            if _is_behind(connection, history):
                _run(app, history, connection, lambda config: command.upgrade(config, "heads"))
                done.append(history.name)
        _check_foreign_keys(connection)
    return done


def downgrade(app: Flask, plan: Plan, url: str, name: str, revision: str = "-1") -> None:
    """Take one plugin's tables back to `revision`: an id, `-1` for one step, `base` for nothing left."""
    with _connection(url, migrating=True) as connection:
        history = histories(plan, name)[0]
        _run(app, history, connection, lambda config: command.downgrade(config, revision))
        _check_foreign_keys(connection)


def differences(app: Flask, plan: Plan, url: str, name: str | None = None) -> dict[str, str]:
    """What the models have and the tables lack, per plugin, in Alembic's words. Empty where they agree."""
    found = {}
    with _connection(url, migrating=True) as connection:
        for history in histories(plan, name):
            try:
                _run(app, history, connection, command.check)
            except util.CommandError as error:
                found[history.name] = str(error)
    return found


def migrate(app: Flask, plan: Plan, url: str, name: str, message: str) -> Path | None:
    """Write a revision for what the models of one plugin have and the tables lack; None where they agree."""
    history = histories(plan, name)[0]
    (history.folder / "versions").mkdir(parents=True, exist_ok=True)
    written: list[Any] = []

    def number(context: Any, revision: Any, directives: list[Any]) -> None:
        if directives[0].upgrade_ops.is_empty():
            directives.clear()
        else:
            directives[0].rev_id = f"{history.name}_{len(list((history.folder / 'versions').glob('*.py'))) + 1:04}"

    def write(config: Config) -> None:
        config.attributes["process_revision_directives"] = number
        written.append(command.revision(config, message, autogenerate=True))

    with _connection(url, migrating=True) as connection:
        _run(app, history, connection, write)
    script = written[0]
    return Path(script.path) if script else None


def _run(app: Flask, history: History, connection: Connection, action: Any) -> None:
    with app.app_context():
        config = Migrate(db=db, directory=str(SCRIPTS)).get_config()
    _locate(config, history)

    def include_name(name: str | None, type_: str, parents: Any) -> bool:
        return type_ != "table" or history.owns(name or "")

    def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        return type_ != "table" or history.owns(name or "")

    config.attributes.update(
        connection=connection, metadata=metadata, version_table=history.version_table,
        include_name=include_name, include_object=include_object, render_item=_render,
    )  # fmt: skip
    action(config)


def _render(type_: str, item: Any, context: Any) -> str | bool:
    if type_ == "type" and isinstance(item, UtcDateTime):
        context.imports.add("from pegboard.db import UtcDateTime")
        return "UtcDateTime()"
    return False


def _locate(config: Config, history: History) -> None:
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("version_path_separator", "newline")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(history.folder / "versions").replace("%", "%%"))


def _script(history: History) -> ScriptDirectory:
    config = Config()
    _locate(config, history)
    return ScriptDirectory.from_config(config)


def _is_behind(connection: Connection, history: History) -> bool:
    return set(_script(history).get_heads()) != _current(connection, history)


def _current(connection: Connection, history: History) -> set[str]:
    if not inspect(connection).has_table(history.version_table):
        return set()
    rows = connection.execute(text(f"SELECT version_num FROM {history.version_table}"))  # noqa: S608 - a plugin's name
    return {row[0] for row in rows}


@contextmanager
def _connection(url: str, *, migrating: bool = False) -> Iterator[Connection]:
    """A connection of its own. Migrating takes the write lock of the whole database, so two machines cannot both upgrade."""
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and not Path(parsed.database).exists():
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed, poolclass=NullPool, connect_args={"timeout": 30} if sqlite else {"connect_timeout": 5}
    )
    if sqlite:
        _listen(engine, begin="BEGIN IMMEDIATE" if migrating else "BEGIN")
    try:
        with engine.connect() as connection, connection.begin():
            if migrating and parsed.get_backend_name() == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = '60s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
    finally:
        engine.dispose()


def _listen(engine: Any, *, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _check_foreign_keys(connection: Connection) -> None:
    """Foreign keys are off while SQLite migrates; nothing may be left dangling when they come back."""
    if connection.dialect.name != "sqlite":
        return
    broken: Sequence[Any] = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise PegboardError(
            f"the migration would leave rows without what they refer to, in: {tables}. Nothing was changed"
        )
