"""The check `migrations`: up, down to nothing, up again, and no difference to the models, in a throw-away SQLite database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import create_engine, inspect, text

from .. import migrations
from ..app import apply
from ..board import Plan
from ..collect import Entry
from ..discovery import Found
from . import lines
from .boards import found, plan_of, with_required
from .child import Answer, Task
from .watch import Watch

_UP = "Nobody can install it."
_NOT_ITS_OWN = "What others keep in the database is theirs: their next migration fails, or what it holds is lost."
_DOWN = "`pegboard db downgrade` and `pegboard plugins uninstall` cannot take it back."


def probe(task: Task, answer: Answer) -> None:
    """Migrate the plugin and what it requires."""
    one = found(task.subject.reference)
    assert isinstance(one, Found)  # noqa: S101 - it has booted
    task.begin("migrations")
    with Watch(task.subject.home, [task.folder]).watching():
        plan = plan_of(with_required(one).values(), task.folder)
        entry = plan.entry(one.plugin.name)
        assert entry is not None  # noqa: S101 - for the type checker
        if list((entry.folder or task.folder).glob("migrations/versions/*.py")):
            _migrate(task, plan, entry, answer)
            return
        tables = ", ".join(table.name for table in entry.tables)
        answer.add(
            "migrations",
            f"it has tables ({tables}) and no migration",
            "No database will ever have them.",
            f"pegboard db migrate --plugin {entry.name}",
            lines.of_class(task.subject, one.plugin),
        )


def _migrate(task: Task, plan: Plan, entry: Entry, answer: Answer) -> None:
    app, url, name = apply(plan), plan.database_url, entry.name
    history = migrations.histories(plan, name)[0]
    folder = task.subject.place(entry.part("migrations") or task.subject.home)

    def step(what: str, why: str, action: Callable[[], Any]) -> bool:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever an author's migration raises is what is to be mended
            said = f"{what} raises {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            where = lines.of_error(task.subject, error) or folder
            answer.add("migrations", said, why, "correct the revision", where)
            return False
        return True

    def others() -> bool:
        required = [one.name for one in migrations.histories(plan) if one.name != name]
        return all(step("going up", _UP, partial(migrations.upgrade, app, plan, url, one)) for one in required)

    if not others():
        return
    before = _of_others(url, history)
    if not step("going up", _UP, lambda: migrations.upgrade(app, plan, url)):
        return
    if touched := _touched(before, _of_others(url, history)):
        remedy = f"let it make and change nothing but tables that begin with {name}_"
        answer.add(
            "migrations", f"going up makes or changes what is not its own: {touched}", _NOT_ITS_OWN, remedy, folder
        )
        return
    _compare(answer, folder, migrations.differences(app, plan, url, name))
    if not step("going down", _DOWN, lambda: migrations.downgrade(app, plan, url, name, "base")):
        return
    if left := [table for table in _tables(url) if history.owns(table)]:
        remedy = "drop in downgrade() what upgrade() has created"
        answer.add("migrations", f"going down leaves {', '.join(left)}", _DOWN, remedy, folder)
        return
    if touched := _touched(before, _of_others(url, history)):
        remedy = "undo in downgrade() what upgrade() has done, and nothing else"
        answer.add("migrations", f"going down changes what is not its own: {touched}", _NOT_ITS_OWN, remedy, folder)
        return
    if step("going up again", _DOWN, lambda: migrations.upgrade(app, plan, url)):
        _compare(answer, folder, migrations.differences(app, plan, url, name))


def _of_others(url: str, history: migrations.History) -> dict[str, set[str]]:
    """What SQLite has for each table that is not the plugin's: the statements that made it, its indexes and triggers."""
    found: dict[str, set[str]] = {}
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            for table, statement in connection.execute(text("SELECT tbl_name, sql FROM sqlite_master")):
                if not (history.owns(table) or table.startswith(("alembic_version_", "sqlite_"))):
                    found.setdefault(table, set()).add(statement or "")
    finally:
        engine.dispose()
    return found


def _touched(before: dict[str, set[str]], after: dict[str, set[str]]) -> str:
    return ", ".join(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def _compare(answer: Answer, folder: str, differences: dict[str, str]) -> None:
    for name, words in differences.items():
        what = f"models and migrations differ: {words}"
        if not any(finding.what == what for finding in answer.findings):
            why = "The database of a deployment is not the one the code was written for."
            answer.add("migrations", what, why, f"pegboard db migrate --plugin {name}", folder)


def _tables(url: str) -> list[str]:
    engine = create_engine(url)
    try:
        return inspect(engine).get_table_names()
    finally:
        engine.dispose()
