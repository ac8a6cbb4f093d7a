"""One Alembic history and one version table per plugin, and one for the core, so that plugins come, go and upgrade independently.

Flask-Migrate holds the configuration; each run works on one connection, in one transaction, under a lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from alembic import command, util
from alembic.config import Config
from alembic.operations.ops import CreateTableOp
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ..board import Plan
from ..collect import Entry
from ..db import UtcDateTime, db, metadata
from ..db.engine import existing_only, make_private, sqlite_file
from ..db.environment import refuse_foreign_database, stamp
from ..db.words import failures_in_words, in_words
from ..errors import PegboardError
from .comparison import compared

SCRIPTS = Path(__file__).parent / "scripts"
_LOCK = 0x5065_6762  # "Pegb": one number for all boards that share a database


@dataclass(frozen=True, slots=True)
class History:
    """The migrations of one plugin, or of the core. `tables` are the names it may touch; others beginning with its prefix are its own too."""

    name: str
    folder: Path
    tables: frozenset[str]

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.name}"

    def owns(self, table: str) -> bool:
        return table in self.tables or table.startswith(f"{self.name}_")


def histories(plan: Plan, name: str | None = None) -> list[History]:
    """The history of the core and those of the enabled plugins in boot order, or one. PegboardError if that one has none."""
    found = [_history(entry) for entry in plan.active if entry.tables or entry.part("migrations")]
    if found or plan.uses_database:
        found.insert(0, _core())
    if name is None:
        return found
    named = [history for history in found if history.name == name.replace("-", "_")]
    if not named:
        choices = ", ".join(history.name for history in found) or "none"
        raise PegboardError(f"{name} has no migrations here; there are those of: {choices}")
    return named


def _core() -> History:
    from ..work.models import Base

    return History("core", Path(__file__).parent / "core", frozenset(Base.tables()))


def _history(entry: Entry) -> History:
    folder = entry.part("migrations") or (entry.folder or Path()) / "migrations"
    return History(entry.name, folder, frozenset([*(table.name for table in entry.tables), *entry.plugin.tables]))


def pending(plan: Plan, url: str) -> list[str]:
    """The plugins whose tables are behind their migrations, in boot order. PegboardError where there is no database."""
    with _connection(plan, url) as connection:
        return [history.name for history in histories(plan) if _is_behind(connection, history)]


def applied(plan: Plan, url: str, name: str | None = None) -> list[str]:
    """The plugins that have any tables to take back, the last in boot order first."""
    with _connection(plan, url) as connection:
        return [history.name for history in reversed(histories(plan, name)) if _current(connection, history)]


def ahead(plan: Plan, url: str) -> dict[str, str]:
    """The plugins that a newer version has migrated, with the revision that this one does not know."""
    with _connection(plan, url) as connection:
        return {history.name: found for history in histories(plan) if (found := _unknown(connection, history))}


def upgrade(app: Flask, plan: Plan, url: str, name: str | None = None) -> list[str]:
    """Bring the tables of all enabled plugins, or of one, up to date, and always those of the core before them.

    The names of those that had anything to do.
    """
    done = []
    with _connection(plan, url, migrating=True, create=True) as connection:
        stamp(connection, plan.settings.env)
        for history in dict.fromkeys([*histories(plan)[:1], *histories(plan, name)]):
            if unknown := _unknown(connection, history):
                raise _migrated_by_newer(history, unknown)
            if _is_behind(connection, history):
                _run(app, history, connection, lambda config: command.upgrade(config, "heads"))
                done.append(history.name)
        _check_foreign_keys(connection)
    return done


def downgrade(app: Flask, plan: Plan, url: str, name: str, revision: str = "-1") -> None:
    """Take one plugin's tables back to `revision`: an id, `-1` for one step, `base` for nothing left."""
    with _connection(plan, url, migrating=True) as connection:
        history = histories(plan, name)[0]
        if unknown := _unknown(connection, history):
            raise _migrated_by_newer(history, unknown)
        _run(app, history, connection, lambda config: command.downgrade(config, revision))
        _check_foreign_keys(connection)


def differences(app: Flask, plan: Plan, url: str, name: str | None = None) -> dict[str, str]:
    """What the models have and the tables lack, per plugin, in Alembic's words. Empty where they agree."""
    found = {}
    with _connection(plan, url) as connection:
        for history in histories(plan, name):
            try:
                _run(app, history, connection, command.check)
            except PegboardError as error:
                if not isinstance(error.__cause__, util.AutogenerateDiffsDetected):
                    raise
                found[history.name] = str(error.__cause__)
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
            for operation in directives[0].upgrade_ops.ops:
                if isinstance(operation, CreateTableOp):
                    operation.info = {}  # whose table it is says the history it is in
            directives[0].rev_id = f"{history.name}_{len(list((history.folder / 'versions').glob('*.py'))) + 1:04}"

    def write(config: Config) -> None:
        config.attributes["process_revision_directives"] = number
        written.append(command.revision(config, message, autogenerate=True))

    with _connection(plan, url, migrating=True, create=True) as connection:
        stamp(connection, plan.settings.env)
        _run(app, history, connection, write)
    script = written[0]
    return Path(script.path) if script else None


def _run(app: Flask, history: History, connection: Connection, action: Any) -> None:
    with app.app_context():
        config = Migrate(db=db, directory=str(SCRIPTS)).get_config()
    _locate(config, history)
    config.stdout = StringIO()  # what we say of it is enough

    def include_name(name: str | None, type_: str, parents: Any) -> bool:
        return type_ != "table" or history.owns(name or "")

    config.attributes.update(
        connection=connection, metadata=metadata, version_table=history.version_table,
        include_name=include_name, include_object=compared(connection, metadata, history.owns), render_item=_render,
    )  # fmt: skip
    try:
        action(config)
    except DBAPIError as error:
        raise PegboardError(
            f"{history.name}: a migration failed, and nothing was changed. {in_words(error)}"
        ) from error
    except util.CommandError as error:
        raise PegboardError(f"{history.name}: {error}") from error


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
    current = _current(connection, history)
    return set(_script(history).get_heads()) != current and not _unknown(connection, history)


def _unknown(connection: Connection, history: History) -> str:
    """A revision the database is at and our scripts do not have: a newer version has been here."""
    known = {script.revision for script in _script(history).walk_revisions()}
    return ", ".join(sorted(_current(connection, history) - known))


def _migrated_by_newer(history: History, unknown: str) -> PegboardError:
    ours = ", ".join(_script(history).get_heads()) or "base"
    return PegboardError(
        f"{history.name} is at {unknown}, which this version does not know: a newer one has migrated it\n    → deploy the "
        f"newer version; or let it take the tables back: pegboard db downgrade --plugin {history.name} {ours}"
    )


def _current(connection: Connection, history: History) -> set[str]:
    if not inspect(connection).has_table(history.version_table):
        return set()
    rows = connection.execute(text(f"SELECT version_num FROM {history.version_table}"))  # noqa: S608 - a plugin's name
    return {row[0] for row in rows}


@contextmanager
def _connection(plan: Plan, url: str, *, migrating: bool = False, create: bool = False) -> Iterator[Connection]:
    """A connection of its own. Migrating takes the write lock of the whole database, so two machines cannot both upgrade."""
    parsed = make_url(url)
    file = sqlite_file(parsed)
    if file and create:
        make_private(file)
    elif file and not file.exists():
        raise PegboardError(
            f"the database {file} does not exist\n    → for a new board: pegboard db upgrade. Otherwise mount its disk, or "
            "restore it"
        )
    sqlite = parsed.get_backend_name() == "sqlite"
    engine = create_engine(
        existing_only(parsed) if file else parsed,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": 30} if sqlite else {"connect_timeout": 5},
    )
    if sqlite:
        _listen(engine, begin="BEGIN IMMEDIATE" if migrating else "BEGIN")
    try:
        with failures_in_words(parsed), engine.connect() as connection, connection.begin():
            if plan.settings.env == "test":
                refuse_foreign_database(connection.connection.dbapi_connection)
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
