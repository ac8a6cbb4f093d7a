"""`pegboard plugins uninstall` takes away what a plugin has stored and nothing else, and finishes what was interrupted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from pegboard import create_app
from pegboard.contracts.users import plugin_subject
from pegboard.errors import ConfigError, PegboardError, ProviderError
from pegboard.migrations.removal import Ownership
from pegboard.work.models import Base
from tests.core.cli.deployment import Deployment
from tests.postgres import new_database, postgres

__all__ = ["new_database", "postgres"]
BUILTINS = 'builtins = ["files", "local_files"]'


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def database(
    request: pytest.FixtureRequest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """The database of the deployment, on each that is supported."""
    url = f"sqlite:///{deployment.folder}/instance/development.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("new_database")()
        monkeypatch.setenv("DATABASE_URL", url)
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(deployment: Deployment) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{deployment.folder}/instance/development.db", poolclass=NullPool)
    yield engine
    engine.dispose()


def with_table(deployment: Deployment, *requires: str) -> str:
    """A plugin with a table, and a migration that makes it."""
    name = deployment.plugin(models=True, requires=requires)
    deployment.write()
    assert deployment.run("db", "migrate", "--plugin", name).exit_code == 0
    return name


def with_rows(deployment: Deployment, engine: Engine, *requires: str) -> str:
    """A plugin with two rows in its table."""
    name = with_table(deployment, *requires)
    result = deployment.run("db", "upgrade")
    assert result.exit_code == 0, result.output
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {name}_things (id, title) VALUES (1, 'a'), (2, 'b')"))
    return name


def tables(engine: Engine) -> set[str]:
    """All but the core's own, which no plugin takes away."""
    return set(inspect(engine).get_table_names()) - {*Base.tables(), "alembic_version_core"}


def configuration(deployment: Deployment) -> str:
    return (deployment.folder / "pegboard.toml").read_text(encoding="utf-8")


def test_tables_and_version_go_and_everything_else_stays(deployment: Deployment, database: Engine) -> None:
    name, other = with_rows(deployment, database), with_rows(deployment, database)
    result = deployment.run("plugins", "uninstall", name, "--yes")
    assert result.exit_code == 0, result.output
    assert f"drop     {name}_things (2 rows)" in result.output
    assert f"drop     alembic_version_{name}" in result.output
    assert tables(database) == {f"{other}_things", f"alembic_version_{other}", "pegboard_environment"}
    assert f"{name}.plugin" not in configuration(deployment)
    assert f"{other}.plugin" in configuration(deployment)
    assert deployment.run("db", "check").exit_code == 0
    again = deployment.run("plugins", "uninstall", f"{name}.plugin:{name.title()}", "--yes")
    assert again.exit_code == 0
    assert f"Nothing to do: {name} is not enabled" in again.output


def test_it_names_the_database_without_its_password_and_asks(
    deployment: Deployment, new_database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(new_database)
    url = new_database().replace("pegboard@", "pegboard:planted-password@")
    monkeypatch.setenv("DATABASE_URL", url)
    engine = create_engine(url, poolclass=NullPool)
    name = with_rows(deployment, engine)
    before = tables(engine), configuration(deployment)
    result = deployment.run("plugins", "uninstall", name)
    assert result.exit_code == 1
    assert "planted-password" not in result.output
    assert f"from {url.replace('planted-password', '***')} (environment development)" in result.output
    assert "What is deleted is lost [y/N]" in result.output
    assert (tables(engine), configuration(deployment)) == before


def test_a_plugin_that_another_requires_is_not_uninstalled(deployment: Deployment, sqlite: Engine) -> None:
    first = with_rows(deployment, sqlite)
    second = with_rows(deployment, sqlite, first)
    result = deployment.run("plugins", "uninstall", first, "--yes")
    assert result.exit_code == 1
    assert f"{first} is required by {second}" in result.output
    assert f"{first}_things" in tables(sqlite)


def test_a_plugin_without_which_the_board_would_not_boot_is_not_uninstalled(deployment: Deployment) -> None:
    deployment.write()
    (deployment.folder / "pegboard.toml").write_text(f'[pegboard]\n{BUILTINS}\nproviders = {{files = "local"}}\n')
    before = configuration(deployment)
    result = deployment.run("plugins", "uninstall", "local_files", "--yes")
    assert "without local_files the board would not boot" in str(result.exception)
    assert "'local'" in str(result.exception)
    assert configuration(deployment) == before


@pytest.mark.parametrize("file", ["pegboard.toml", ".env"])
@pytest.mark.parametrize("option", [[], ["--drop-orphans"]])
def test_nothing_is_dropped_while_the_settings_cannot_be_read(
    deployment: Deployment, sqlite: Engine, file: str, option: list[str]
) -> None:
    name = with_rows(deployment, sqlite)
    before = tables(sqlite)
    (deployment.folder / file).write_bytes(b"\xff")
    result = deployment.run("plugins", "uninstall", name, "--yes", *option)
    assert isinstance(result.exception, ConfigError)
    assert f"{deployment.folder / file}" in str(result.exception)
    assert "--drop-orphans" not in result.output
    assert tables(sqlite) == before


def test_nothing_is_dropped_where_the_secret_that_names_the_database_cannot_be_read(
    deployment: Deployment, sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = with_rows(deployment, sqlite)
    secrets = deployment.folder / "secrets"
    secrets.mkdir()
    (secrets / "DATABASE_URL").write_bytes(b"\xff")
    monkeypatch.setenv("PEGBOARD_SECRETS_DIR", str(secrets))
    result = deployment.run("plugins", "uninstall", name, "--yes")
    assert "the secret cannot be read" in str(result.exception)
    assert f"{name}_things" in tables(sqlite)


def test_a_foreign_key_of_another_plugin_is_named(deployment: Deployment, database: Engine) -> None:
    first = with_rows(deployment, database)
    second = deployment.plugin(models=True, requires=(first,))
    models = deployment.folder / second / "models.py"
    key = f'    thing: Mapped[int | None] = mapped_column(ForeignKey("{first}_things.id"))\n'
    models.write_text(models.read_text(encoding="utf-8") + key, encoding="utf-8")
    deployment.write()
    deployment.run("db", "migrate", "--plugin", second)
    deployment.run("db", "upgrade")
    deployment.write(plugins=[deployment.classes[0]])
    result = deployment.run("plugins", "uninstall", first, "--yes")
    assert result.exit_code == 1
    assert f"({second}_things to {first}_things)" in result.output
    assert f"{first}_things" in tables(database)


def test_models_that_cannot_be_imported_are_not_needed(deployment: Deployment, sqlite: Engine) -> None:
    name = with_rows(deployment, sqlite)
    (deployment.folder / name / "models.py").write_text("raise OSError('no models')\n", encoding="utf-8")
    code = "from pegboard.cli import main; main()"
    command = [sys.executable, "-c", code, "plugins", "uninstall", name, "--yes"]
    done = subprocess.run(command, cwd=deployment.folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(sqlite) == {"pegboard_environment"}
    assert f"{name}.plugin" not in configuration(deployment)


def test_what_a_gone_plugin_left_is_dropped_by_name_when_that_is_asked(
    deployment: Deployment, database: Engine
) -> None:
    name, longer = with_rows(deployment, database), with_rows(deployment, database)
    with database.begin() as connection:
        connection.execute(text(f"CREATE TABLE {name}_more_things (id INTEGER PRIMARY KEY)"))
        connection.execute(text(f"CREATE TABLE alembic_version_{name}_more (version_num VARCHAR(32))"))
        connection.execute(text(f"CREATE TABLE {name}s (id INTEGER PRIMARY KEY)"))
        connection.execute(text(f"CREATE TABLE {name}_b (id INTEGER PRIMARY KEY)"))
        connection.execute(text(f"CREATE TABLE {name}_a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES {name}_b (id))"))
        connection.execute(text(f"INSERT INTO {name}_b VALUES (1)"))
        connection.execute(text(f"INSERT INTO {name}_a VALUES (1, 1)"))
    shutil.rmtree(deployment.folder / name)
    deployment.write(plugins=[deployment.classes[1]])
    refused = deployment.run("plugins", "uninstall", name, "--yes")
    assert refused.exit_code == 1
    assert f"no migrations of {name} here" in refused.output
    assert f"{name}_a, {name}_b, {name}_things, alembic_version_{name}." in refused.output
    result = deployment.run("plugins", "uninstall", name, "--drop-orphans", "--yes")
    assert result.exit_code == 0, result.output
    assert tables(database) == {
        f"{name}_more_things", f"alembic_version_{name}_more", f"{name}s", f"{longer}_things", f"alembic_version_{longer}",
        "pegboard_environment",
    }  # fmt: skip


def test_a_table_that_another_plugin_claims_is_not_its_own_whatever_it_is_called() -> None:
    shop = Ownership("shop", tables=frozenset({"orders"}), taken=frozenset({"shop_visits", "basket"}))
    assert shop.of(["basket", "orders", "shop_items", "shop_visits", "shops"]) == ["orders", "shop_items"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    op.drop_table",
            "    raise NotImplementedError\n    op.drop_table",
            "do not go down (NotImplementedError)",
        ),
        ("    op.drop_table", "    op.execute('SELECT no_such_function()')\n    op.drop_table", "a migration failed"),
        ("    op.drop_table('{name}_things')", "    pass", "leave {name}_things, and nothing was changed"),
        ('revision = "{name}_0001"', 'revision = "{name}_0009"', "which its migrations do not know"),
    ],
)
def test_migrations_that_do_not_go_down_change_nothing_and_the_way_out_is_said(
    deployment: Deployment, database: Engine, old: str, new: str, said: str
) -> None:
    name = with_rows(deployment, database)
    (revision,) = (deployment.folder / name / "migrations" / "versions").glob("*.py")
    source = revision.read_text(encoding="utf-8").replace("'", '"')
    old = old.format(name=name).replace("'", '"')
    assert old in source
    revision.write_text(source.replace(old, new.format(name=name)), encoding="utf-8")
    result = deployment.run("plugins", "uninstall", name, "--yes")
    assert isinstance(result.exception, PegboardError)
    assert said.format(name=name) in str(result.exception)
    assert "--drop-orphans" in str(result.exception)
    assert {f"{name}_things", f"alembic_version_{name}"} <= tables(database)
    assert deployment.run("plugins", "uninstall", name, "--yes", "--drop-orphans").exit_code == 0
    assert tables(database) == {"pegboard_environment"}


@pytest.mark.db
@pytest.mark.parametrize("how", [(), ("--drop-orphans",)])
def test_a_view_that_needs_a_table_is_named(
    deployment: Deployment, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    url = new_database()
    monkeypatch.setenv("DATABASE_URL", url)
    engine = create_engine(url, poolclass=NullPool)
    name = with_rows(deployment, engine)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE VIEW report AS SELECT * FROM {name}_things"))
    result = deployment.run("plugins", "uninstall", name, "--yes", *how)
    assert f"view report depends on table {name}_things" in str(result.exception)
    assert "drop or change what depends on it first" in str(result.exception)
    assert f"{name}_things" in tables(engine)


def test_a_name_that_is_nobodys_is_refused(deployment: Deployment, sqlite: Engine) -> None:
    name = with_rows(deployment, sqlite)
    unknown = deployment.run("plugins", "uninstall", f"{name}x", "--drop-orphans", "--yes")
    assert unknown.exit_code == 1
    assert f"no table has its name; did you mean '{name}'?" in unknown.output
    for word in ("auth", "alembic", "pegboard", "a b", "%"):
        assert "is not a name that a plugin can have" in deployment.run("plugins", "uninstall", word, "--yes").output
    broken = deployment.run("plugins", "uninstall", "no.such:Plugin", "--yes")
    assert "or give its name" in str(broken.exception)


def test_a_list_that_a_variable_hides_is_said_before_anything_is_lost(
    deployment: Deployment, sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = with_rows(deployment, sqlite)
    monkeypatch.setenv("PEGBOARD_PLUGINS", f"{name}.plugin:{name.title()}")
    result = deployment.run("plugins", "uninstall", name, "--yes")
    assert "hides the file" in str(result.exception)
    assert f"{name}_things" in tables(sqlite)


def test_a_plugin_that_never_stored_anything_is_disabled(deployment: Deployment) -> None:
    name = deployment.plugin()
    deployment.write(f"[{name}]\nsize = 4\n")
    result = deployment.run("plugins", "uninstall", name, "--yes")
    assert result.exit_code == 0, result.output
    assert f"Its settings stay, for you to delete: [{name}]." in result.output
    assert f"{name}.plugin" not in configuration(deployment)


@pytest.fixture
def keeper(deployment: Deployment, database: Engine) -> str:
    """A plugin with a table and three files of its own; Alice has one, too."""
    name = with_table(deployment)
    file = deployment.folder / "pegboard.toml"
    file.write_text(configuration(deployment).replace("builtins = []", BUILTINS), encoding="utf-8")
    assert deployment.run("db", "upgrade").exit_code == 0
    for owner in (*[plugin_subject(name)] * 3, "alice"):
        save(owner)
    return name


def save(owner: str) -> None:
    from pegboard.builtin.files.service import files
    from pegboard.db import db

    with create_app().app_context():
        files.save(BytesIO(b"hello"), "greeting.txt", "text/plain", owner=owner)
        db.session.remove()
        db.engine.dispose()


def stored(deployment: Deployment, engine: Engine) -> tuple[set[str], int]:
    """The owners of files, and how many objects there are on the disk."""
    with engine.connect() as connection:
        owners = set(connection.execute(text("SELECT owner FROM files")).scalars())
    folder = deployment.folder / "instance" / "files"
    return owners, len([path for path in folder.rglob("*") if path.is_file() and path.stat().st_size >= 5])


def test_its_own_files_go_and_those_of_people_stay(deployment: Deployment, database: Engine, keeper: str) -> None:
    before = stored(deployment, database)[1]
    result = deployment.run("plugins", "uninstall", keeper, "--yes")
    assert result.exit_code == 0, result.output
    assert "delete   3 stored files of its own, 15 bytes, in local" in result.output
    owners, objects = stored(deployment, database)
    assert owners == {"alice"}
    assert objects < before
    assert f"{keeper}_things" not in tables(database)


def test_files_that_nobody_can_reach_are_said_before_anything_is_lost(
    deployment: Deployment, database: Engine, keeper: str
) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE files SET provider = 'vault' WHERE owner <> 'alice'"))
    before = configuration(deployment)
    result = deployment.run("plugins", "uninstall", keeper, "--yes")
    assert "3 stored files of its own cannot be deleted: no enabled plugin provides vault" in str(result.exception)
    assert configuration(deployment) == before
    file = deployment.folder / "pegboard.toml"
    file.write_text(before.replace(BUILTINS, "builtins = []"), encoding="utf-8")
    assert "is not enabled" in str(deployment.run("plugins", "uninstall", keeper, "--yes").exception)


def test_a_provider_of_other_peoples_files_is_not_uninstalled(deployment: Deployment, keeper: str) -> None:
    deployment.write(plugins=[])
    file = deployment.folder / "pegboard.toml"
    file.write_text(configuration(deployment).replace("builtins = []", BUILTINS), encoding="utf-8")
    result = deployment.run("plugins", "uninstall", "local_files", "--yes")
    assert "4 files of others are in its storage (local): move or delete them first." in result.output
    file.write_text(configuration(deployment).replace(BUILTINS, 'builtins = ["files"]'), encoding="utf-8")
    assert "4 files of others are known to it alone" in deployment.run("plugins", "uninstall", "files", "--yes").output


def test_a_name_that_nobody_has_is_answered_with_each_name_once(deployment: Deployment) -> None:
    deployment.write()
    file = deployment.folder / "pegboard.toml"
    file.write_text(configuration(deployment).replace("builtins = []", BUILTINS), encoding="utf-8")
    assert deployment.run("db", "upgrade").exit_code == 0
    said = deployment.run("plugins", "uninstall", "nobody_at_all", "--yes").output
    assert said.count("local_files") == 1


def test_a_storage_with_something_left_of_files_is_not_uninstalled(deployment: Deployment, keeper: str) -> None:
    from pegboard.builtin.files.service import files
    from pegboard.db import db

    with create_app().app_context():
        upload, _ = files.begin_upload("a.txt", "text/plain", 5, owner="alice")
        for owner in ("alice", plugin_subject(keeper)):
            for one in files.list(owner):
                files.delete(one.id, owner)
        db.session.remove()
        db.engine.dispose()
    file = deployment.folder / "pegboard.toml"
    for builtins, name, where in (
        (BUILTINS, "local_files", "in its storage (local)"),
        ('builtins = ["files"]', "files", "known to it alone"),
    ):
        file.write_text(f"[pegboard]\n{builtins}\n", encoding="utf-8")
        result = deployment.run("plugins", "uninstall", name, "--yes")
        assert result.exit_code == 1
        assert f"what is left of deleted or moved files is {where} (objects: 1)" in result.output
        assert name in configuration(deployment)
    assert upload.provider == "local"


def test_a_store_that_fails_stops_it_and_running_it_again_goes_on(
    deployment: Deployment, database: Engine, keeper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pegboard.builtin.local_files.provider import LocalFileStorage

    calls: list[str] = []

    def delete(storage: LocalFileStorage, key: str) -> None:
        calls.append(key)
        if len(calls) > 1:
            raise ProviderError("the disk is gone", provider="local", operation="delete")
        storage.remove(key)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFileStorage, "delete", delete)
        result = deployment.run("plugins", "uninstall", keeper, "--yes")
    assert result.exit_code == 1
    assert "the disk is gone" in str(result.exception)
    assert "run the same command again" in str(result.exception)
    assert f"{keeper}_things" in tables(database)
    assert f"{keeper}.plugin" not in configuration(deployment)
    found = {row["check"]: row for row in deployment.json("doctor")}[f"configuration.uninstalling.{keeper}"]
    assert (found["state"], found["remedy"]) == ("warning", f"pegboard plugins uninstall {keeper}")
    assert deployment.run("plugins", "uninstall", keeper, "--yes").exit_code == 0
    assert not [row for row in deployment.json("doctor") if "uninstalling" in row["check"]]
    assert stored(deployment, database)[0] == {"alice"}
    assert f"{keeper}_things" not in tables(database)


KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
SEAMS = {
    "once it is disabled": "import pegboard.cli.uninstall as u; real = u.switch; u.switch = lambda *a: (real(*a), KILL)",
    "at its second file": "from pegboard.builtin.local_files.provider import LocalFileStorage as s; real = s.remove; n = []; "
    "s.remove = lambda *a: (n.append(1), len(n) > 1 and KILL, real(*a))",
    "once the object is deleted, before its row is": "import pegboard.builtin.files.objects as o; o._forget = lambda *a: KILL",
    "in its migration": "import alembic.op, alembic.operations; alembic.op.drop_table; "
    "alembic.operations.Operations.drop_table = lambda *a, **k: KILL",
    "between the migration and the commit": "import pegboard.migrations.removal as r; r._drop = lambda *a: KILL",
    "once all is done": "import pegboard.cli.uninstall as u; u._say_what_stays = lambda *a: KILL",
}


@pytest.mark.slow
@pytest.mark.parametrize("seam", SEAMS)
def test_killed_anywhere_it_is_finished_by_running_it_again(
    deployment: Deployment, database: Engine, keeper: str, seam: str
) -> None:
    kill = "__import__('os').kill(__import__('os').getpid(), 9)"
    code = f"{SEAMS[seam].replace('KILL', kill)}\nfrom pegboard.cli import main; main()"
    command = [sys.executable, "-c", code, "plugins", "uninstall", keeper, "--yes"]
    done = subprocess.run(
        command, cwd=deployment.folder, env=os.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    again = deployment.run("plugins", "uninstall", keeper, "--yes")
    assert again.exit_code == 0 or seam == "once all is done", f"{again.output}{again.exception}"
    assert stored(deployment, database)[0] == {"alice"}
    assert not {f"{keeper}_things", f"alembic_version_{keeper}"} & tables(database)
    assert keeper not in configuration(deployment)
    assert not list((deployment.folder / "instance" / "uninstalling").iterdir())
    assert (deployment.folder / keeper).is_dir()
