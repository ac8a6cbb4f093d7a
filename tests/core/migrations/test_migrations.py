"""One history per plugin: each is written, upgraded and taken back on its own, and disabled plugins' tables stay."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pegboard.errors import PegboardError
from tests.core.cli.deployment import Deployment


def tables(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "instance" / "development.db") as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def with_history(deployment: Deployment) -> str:
    name = deployment.plugin(models=True)
    deployment.write()
    result = deployment.run("db", "migrate", "--plugin", name, "-m", "begin")
    assert result.exit_code == 0, result.output
    assert (deployment.folder / name / "migrations" / "versions" / f"{name}_0001_begin.py").exists(), result.output
    return name


def test_a_written_migration_creates_the_tables_and_leaves_no_difference(deployment: Deployment) -> None:
    name = with_history(deployment)
    assert deployment.run("db", "check").exit_code == 1
    assert name in deployment.run("db", "upgrade").output
    assert {f"{name}_things", f"alembic_version_{name}", "pegboard_environment"} <= tables(deployment.folder)
    assert deployment.run("db", "check").exit_code == 0
    assert "Nothing to do" in deployment.run("db", "upgrade").output
    assert "Nothing to do" in deployment.run("db", "migrate", "--plugin", name).output


def test_each_plugin_has_a_version_table_and_is_upgraded_alone(deployment: Deployment) -> None:
    one, other = with_history(deployment), with_history(deployment)
    deployment.run("db", "upgrade", "--plugin", one)
    assert f"{one}_things" in tables(deployment.folder)
    assert f"{other}_things" not in tables(deployment.folder)
    check = deployment.run("db", "check")
    assert check.exit_code == 1
    assert f"{other}: migrations are pending" in check.output
    assert f"{one}: migrations" not in check.output


def test_a_disabled_plugin_keeps_its_tables_and_no_one_proposes_to_drop_them(deployment: Deployment) -> None:
    one, other = with_history(deployment), with_history(deployment)
    deployment.run("db", "upgrade")
    deployment.write(plugins=[deployment.classes[0]])
    assert deployment.run("db", "check").exit_code == 0
    assert "Nothing to do" in deployment.run("db", "migrate", "--plugin", one).output
    deployment.run("db", "downgrade", "--plugin", one, "base", "--yes")
    assert f"{other}_things" in tables(deployment.folder)
    assert f"{one}_things" not in tables(deployment.folder)


def test_downgrade_asks_first(deployment: Deployment) -> None:
    name = with_history(deployment)
    deployment.run("db", "upgrade")
    refused = deployment.run("db", "downgrade", "--plugin", name)
    assert refused.exit_code == 1
    assert f"{name}_things" in tables(deployment.folder)


def test_without_a_plugin_all_are_taken_back_the_last_first(deployment: Deployment) -> None:
    one = with_history(deployment)
    other = with_history(deployment)
    deployment.run("db", "upgrade")
    result = deployment.run("db", "downgrade", "--yes")
    last_first = [*sorted((one, other), reverse=True), "core"]
    assert result.output.splitlines() == [f"The tables of {name} are at -1." for name in last_first]
    assert not {f"{one}_things", f"{other}_things"} & tables(deployment.folder)
    assert "Nothing to do" in deployment.run("db", "downgrade", "--yes").output


def test_without_a_plugin_migrations_are_written_for_those_of_the_deployment(deployment: Deployment) -> None:
    one, other = deployment.plugin(models=True), deployment.plugin(models=True)
    deployment.write()
    written = deployment.run("db", "migrate").output
    for name in (one, other):
        assert f"{name}/migrations/versions/{name}_0001" in written
    upgraded = deployment.run("db", "upgrade").output
    assert one in upgraded
    assert other in upgraded
    assert "Nothing to do" in deployment.run("db", "migrate").output


def test_a_written_migration_says_nothing_of_our_own_bookkeeping(deployment: Deployment) -> None:
    name = with_history(deployment)
    script = next((deployment.folder / name / "migrations" / "versions").glob("*.py"))
    assert "info=" not in script.read_text(encoding="utf-8")


def test_an_unknown_plugin_is_named_with_the_choices(deployment: Deployment) -> None:
    name = with_history(deployment)
    result = deployment.run("db", "upgrade", "--plugin", "nobody")
    assert isinstance(result.exception, PegboardError)
    assert name in str(result.exception)


def test_a_migration_that_fails_half_way_changes_nothing(deployment: Deployment) -> None:
    name = with_history(deployment)
    (revision,) = (deployment.folder / name / "migrations" / "versions").glob("*.py")
    source = revision.read_text(encoding="utf-8")
    revision.write_text(
        source.replace("def downgrade", "    raise RuntimeError('half way')\n\n\ndef downgrade"), encoding="utf-8"
    )
    result = deployment.run("db", "upgrade")
    assert "half way" in str(result.exception)
    assert f"{name}_things" not in tables(deployment.folder)


BATCH = """
revision = "{name}_0002"
down_revision = "{name}_0001"

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    with op.batch_alter_table("{name}_things") as table:
        table.alter_column("title", existing_type=sa.String(), nullable=True)


def downgrade() -> None:
    pass
"""


def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(deployment: Deployment) -> None:
    """SQLite rebuilds a table by dropping it: with foreign keys on, every cascade below it would fire."""
    parent = with_history(deployment)
    child = deployment.plugin(models=True, requires=(parent,))
    models = deployment.folder / child / "models.py"
    cascade = f'    thing: Mapped[int] = mapped_column(ForeignKey("{parent}_things.id", ondelete="CASCADE"))\n'
    models.write_text(models.read_text(encoding="utf-8") + cascade, encoding="utf-8")
    deployment.write()
    assert deployment.run("db", "upgrade", "--plugin", parent).exit_code == 0
    assert deployment.run("db", "migrate", "--plugin", child).exit_code == 0
    assert deployment.run("db", "upgrade").exit_code == 0
    database = deployment.folder / "instance" / "development.db"
    with sqlite3.connect(database) as connection:
        connection.execute(f"INSERT INTO {parent}_things (id, title) VALUES (1, 'a')")
        connection.execute(f"INSERT INTO {child}_things (id, title, thing) VALUES (1, 'b', 1)")
    second = deployment.folder / parent / "migrations" / "versions" / f"{parent}_0002.py"
    second.write_text(BATCH.format(name=parent), encoding="utf-8")
    result = deployment.run("db", "upgrade")
    assert result.exit_code == 0, result.output
    with sqlite3.connect(database) as connection:
        assert connection.execute(f"SELECT count(*) FROM {child}_things").fetchone() == (1,)


DANGLING = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "{name}_0002", "{name}_0001", None, None


def upgrade() -> None:
    pass


def downgrade() -> None:
    op.execute("DELETE FROM {name}_things")
"""


def test_taking_tables_back_leaves_no_row_without_what_it_refers_to(deployment: Deployment) -> None:
    parent = with_history(deployment)
    child = deployment.plugin(models=True, requires=(parent,))
    models = deployment.folder / child / "models.py"
    key = f'    thing: Mapped[int] = mapped_column(ForeignKey("{parent}_things.id"))\n'
    models.write_text(models.read_text(encoding="utf-8") + key, encoding="utf-8")
    deployment.write()
    second = deployment.folder / parent / "migrations" / "versions" / f"{parent}_0002.py"
    second.write_text(DANGLING.format(name=parent), encoding="utf-8")
    deployment.run("db", "upgrade", "--plugin", parent)
    deployment.run("db", "migrate", "--plugin", child)
    deployment.run("db", "upgrade")
    with sqlite3.connect(deployment.folder / "instance" / "development.db") as connection:
        connection.execute(f"INSERT INTO {parent}_things (id, title) VALUES (1, 'a')")
        connection.execute(f"INSERT INTO {child}_things (id, title, thing) VALUES (1, 'b', 1)")
    result = deployment.run("db", "downgrade", "--plugin", parent, "--yes")
    assert f"rows without what they refer to, in: {child}_things. Nothing was changed" in str(result.exception)
    with sqlite3.connect(deployment.folder / "instance" / "development.db") as connection:
        assert connection.execute(f"SELECT count(*) FROM {parent}_things").fetchone() == (1,)


def test_migrations_hold_the_write_lock_from_the_start(deployment: Deployment) -> None:
    """So that of two machines that upgrade at once, the second finds the work done."""
    from pegboard import migrations
    from pegboard.cli.plan import current_plan

    name = with_history(deployment)
    deployment.run("db", "upgrade")
    plan = current_plan()
    with migrations._connection(plan, plan.database_url, migrating=True):
        other = sqlite3.connect(deployment.folder / "instance" / "development.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute(f"INSERT INTO {name}_things (title) VALUES ('a')")
        other.close()


def test_readyz_and_doctor_and_run_say_that_migrations_are_pending(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pegboard import create_app

    monkeypatch.setattr("pegboard.web.health._LASTS", 0)
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *_, **__: None)
    name = with_history(deployment)
    app = create_app()
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"] == {"database": "ok", "migrations": "failed"}
    assert f"migrations are pending for core, {name}" in deployment.run("doctor").output
    assert f"Migrations are pending for core, {name}: pegboard db upgrade" in deployment.run("run").stderr
    deployment.run("db", "upgrade")
    assert app.test_client().get("/readyz").status_code == 200
    assert deployment.run("doctor").exit_code == 0


def test_a_test_board_refuses_the_database_of_another_environment(deployment: Deployment) -> None:
    with_history(deployment)
    deployment.run("db", "upgrade")
    deployment.write("env = 'test'\ndatabase_url = 'sqlite:///instance/development.db'\n")
    from sqlalchemy import text

    from pegboard import create_app
    from pegboard.db import db
    from pegboard.errors import ConfigError

    with create_app().app_context(), pytest.raises(ConfigError, match="belongs to development"):
        db.session.execute(text("SELECT 1"))
    assert isinstance(deployment.run("db", "upgrade").exception, ConfigError)
