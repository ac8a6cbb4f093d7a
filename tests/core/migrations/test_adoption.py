"""Tables from before the plugin are taken over where they are as its models describe them, and only there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pegboard.errors import PegboardError
from tests.core.cli.deployment import Deployment

THINGS = "CREATE TABLE {name}_things (id INTEGER NOT NULL, title VARCHAR NOT NULL, PRIMARY KEY (id))"


def with_migration(deployment: Deployment) -> str:
    """A plugin with its first migration, and no database."""
    name = deployment.plugin(models=True)
    deployment.write()
    assert deployment.run("db", "migrate", "--plugin", name).exit_code == 0
    for file in (deployment.folder / "instance").glob("*.db*"):
        file.unlink()
    return name


def database(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "instance" / "development.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_tables_that_are_there_are_taken_over_with_what_is_in_them(deployment: Deployment) -> None:
    name = with_migration(deployment)
    database(deployment.folder, THINGS.format(name=name), f"INSERT INTO {name}_things VALUES (1, 'old')")
    refused = deployment.run("db", "upgrade").exception
    assert isinstance(refused, PegboardError)
    assert "pegboard db adopt" in str(refused)
    result = deployment.run("db", "adopt", "--plugin", name)
    assert result.exit_code == 0, result.exception
    assert deployment.run("db", "upgrade").output == "Upgraded: core.\n"
    assert deployment.run("db", "check").exit_code == 0
    connection = sqlite3.connect(deployment.folder / "instance" / "development.db")
    assert connection.execute(f"SELECT title FROM {name}_things").fetchall() == [("old",)]
    connection.close()


@pytest.mark.parametrize(
    "there", ["CREATE TABLE {name}_things (id INTEGER PRIMARY KEY)", "CREATE TABLE other (id INTEGER)"]
)
def test_tables_that_differ_or_are_missing_are_refused_and_nothing_is_written(
    deployment: Deployment, there: str
) -> None:
    name = with_migration(deployment)
    database(deployment.folder, there.format(name=name))
    refused = deployment.run("db", "adopt", "--plugin", name).exception
    assert isinstance(refused, PegboardError)
    assert "nothing was written" in str(refused)
    connection = sqlite3.connect(deployment.folder / "instance" / "development.db")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert f"alembic_version_{name}" not in tables


def test_tables_that_are_known_are_not_taken_over_again(deployment: Deployment) -> None:
    name = with_migration(deployment)
    deployment.run("db", "upgrade")
    assert "are known already" in str(deployment.run("db", "adopt", "--plugin", name).exception)


@pytest.mark.parametrize("constraint", ["UNIQUE (title)", "CONSTRAINT of_another_name UNIQUE (title)"])
def test_a_unique_constraint_counts_whatever_it_is_called(deployment: Deployment, constraint: str) -> None:
    name = deployment.plugin(models=True)
    models = deployment.folder / name / "models.py"
    source = models.read_text(encoding="utf-8")
    models.write_text(source.replace("title: Mapped[str]", "title: Mapped[str] = mapped_column(unique=True)"))
    deployment.write()
    deployment.run("db", "migrate", "--plugin", name)
    for file in (deployment.folder / "instance").glob("*.db*"):
        file.unlink()
    without = THINGS.format(name=name)
    database(deployment.folder, without)
    assert "add_constraint" in str(deployment.run("db", "adopt", "--plugin", name).exception)
    database(deployment.folder, f"DROP TABLE {name}_things", without.replace("PRIMARY", f"{constraint}, PRIMARY"))
    result = deployment.run("db", "adopt", "--plugin", name)
    assert result.exit_code == 0, result.exception
    deployment.run("db", "upgrade")
    assert deployment.run("db", "check").exit_code == 0
    assert "Nothing to do" in deployment.run("db", "migrate", "--plugin", name).output
