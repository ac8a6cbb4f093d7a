"""What the doctor says about the database and its tables."""

from __future__ import annotations

import sqlite3

import pytest

from pegboard.cli.doctor.database import _clock
from pegboard.db import utc_now
from pegboard.errors import PegboardError
from tests.core.cli.deployment import Deployment
from tests.core.cli.doctor.conftest import Ask


def with_tables(deployment: Deployment) -> str:
    name = deployment.plugin(models=True)
    deployment.write()
    assert deployment.run("db", "migrate", "--plugin", name).exit_code == 0
    for file in (deployment.folder / "instance").glob("*.db*"):
        file.unlink()
    return name


def test_a_database_that_is_not_there_is_told_and_not_made(deployment: Deployment, ask: Ask) -> None:
    with_tables(deployment)
    found = ask()["database.connection"]
    assert found["state"] == "failed"
    assert "does not exist" in found["message"]
    assert "for a new board: pegboard db upgrade" in found["remedy"]
    assert not (deployment.folder / "instance" / "development.db").exists()


def test_after_the_upgrade_all_is_well(deployment: Deployment, ask: Ask) -> None:
    with_tables(deployment)
    deployment.run("db", "upgrade")
    found = ask()
    assert found["database.environment"]["message"] == "it belongs to development"
    assert found["database.migrations"]["state"] == "ok"


def test_the_database_of_another_environment_is_a_failure(
    deployment: Deployment, ask: Ask, production: pytest.MonkeyPatch
) -> None:
    with_tables(deployment)
    production.delenv("PEGBOARD_ENV")
    deployment.run("db", "upgrade")
    production.setenv("PEGBOARD_ENV", "production")
    found = ask()["database.environment"]
    assert (found["state"], found["message"]) == ("failed", "it belongs to development, and this board is production")


def test_a_revision_that_only_a_newer_version_knows_is_told(deployment: Deployment, ask: Ask) -> None:
    name = with_tables(deployment)
    deployment.run("db", "upgrade")
    with sqlite3.connect(deployment.folder / "instance" / "development.db") as connection:
        connection.execute(f"UPDATE alembic_version_{name} SET version_num = '{name}_0009'")
    connection.close()
    found = ask()
    assert f"at {name}_0009, which this code does not know" in found[f"database.migrations.{name}"]["message"]
    assert "deploy it again" in found[f"database.migrations.{name}"]["remedy"]
    assert "database.migrations" not in found
    upgrade = deployment.run("db", "upgrade")
    assert isinstance(upgrade.exception, PegboardError)
    assert "a newer one has migrated it" in str(upgrade.exception)


def test_models_without_a_migration_are_told(deployment: Deployment, ask: Ask) -> None:
    with_tables(deployment)
    deployment.run("db", "upgrade")
    name = deployment.plugin(models=True)
    deployment.write()
    assert f"pegboard db migrate --plugin {name}" in ask()[f"database.migrations.{name}"]["remedy"]


def test_a_broken_migration_hides_no_other(deployment: Deployment, ask: Ask) -> None:
    one, other, third = (with_tables(deployment) for _ in range(3))
    (revision,) = (deployment.folder / one / "migrations" / "versions").glob("*.py")
    revision.write_text("def upgrade(:\n", encoding="utf-8")
    deployment.run("db", "upgrade", "--plugin", third)
    found = ask()
    assert "SyntaxError" in found[f"database.migrations.{one}"]["message"]
    assert found["database.migrations"]["message"] == f"migrations are pending for {other}"


def test_a_database_that_does_not_answer_is_told_without_its_password(
    deployment: Deployment, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@127.0.0.1:1/app")
    found = ask()["database.connection"]
    assert found["state"] == "failed"
    assert found["remedy"].startswith("start the database server")
    assert "hunter2" not in deployment.run("doctor").output


def test_a_locked_database_does_not_hold_up_the_doctor(deployment: Deployment, ask: Ask) -> None:
    with_tables(deployment)
    deployment.run("db", "upgrade")
    file = deployment.folder / "instance" / "development.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("BEGIN EXCLUSIVE")
    found = ask("--timeout", "0.3")["database.connection"]
    connection.close()
    assert found["state"] == "failed"
    assert "no answer within 0.3 s" in found["message"]


def test_clocks_that_are_apart_are_a_warning() -> None:
    from datetime import timedelta

    assert _clock(utc_now()).state == "ok"
    assert _clock(utc_now() + timedelta(minutes=5)).state == "warning"
    assert _clock(utc_now().replace(tzinfo=None)).state == "ok"
