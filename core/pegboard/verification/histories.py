"""The check `migrations`: up, down to nothing, up again, and no difference to the models, in a throw-away SQLite database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import create_engine, inspect

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

    if not step("going up", _UP, lambda: migrations.upgrade(app, plan, url)):
        return
    _compare(answer, folder, migrations.differences(app, plan, url, name))
    if not step("going down", _DOWN, lambda: migrations.downgrade(app, plan, url, name, "base")):
        return
    if left := [table for table in _tables(url) if migrations.histories(plan, name)[0].owns(table)]:
        remedy = "drop in downgrade() what upgrade() has created"
        answer.add("migrations", f"going down leaves {', '.join(left)}", _DOWN, remedy, folder)
        return
    if step("going up again", _DOWN, lambda: migrations.upgrade(app, plan, url)):
        _compare(answer, folder, migrations.differences(app, plan, url, name))


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
