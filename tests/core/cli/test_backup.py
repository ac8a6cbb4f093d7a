"""`pegboard db backup` and `restore`: everything is in the archive and comes back, and what is damaged changes nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from pegboard import create_app, files
from pegboard.backup import databases
from pegboard.cli import cli
from pegboard.db import db
from tests.core.builtin.accounts.conftest import Browser
from tests.core.cli.deployment import Deployment
from tests.postgres import new_database, postgres, programs_on_path

__all__ = ["new_database", "postgres"]
ALICE, PASSWORD = "alice@example.com", "correct horse battery"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def site(request: pytest.FixtureRequest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment with a user and two files, on each database."""
    if request.param == "postgresql":
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("new_database")())
        monkeypatch.setenv("PATH", programs_on_path())
    (deployment.folder / "pegboard.toml").write_text('[pegboard]\napp_name = "The Reading Club"\n', encoding="utf-8")
    assert deployment.run("db", "upgrade").exit_code == 0
    sign_up(ALICE)
    for name in ("one.txt", "two.txt"):
        store(name, b"content of " + name.encode())
    return deployment


def sign_up(email: str) -> None:
    made = CliRunner().invoke(cli, ["users", "create", email, "--password-stdin"], input=PASSWORD)
    assert made.exit_code == 0, made.output


def store(name: str, content: bytes) -> None:
    app = create_app()
    with app.app_context():
        files.save(io.BytesIO(content), name, "text/plain", owner="alice")
        db.session.remove()
        db.engine.dispose()


def stored() -> dict[str, bytes]:
    """Every file of the board by its name, read through the service."""
    app = create_app()
    with app.app_context():
        found = {}
        for file in files.list("alice"):
            with files.open(file.id, "alice") as opened:
                found[file.filename] = b"".join(opened)
        db.session.remove()
        db.engine.dispose()
    return found


def backed_up(site: Deployment, name: str = "kept.tar.gz") -> Path:
    result = site.run("db", "backup", name)
    assert result.exit_code == 0, result.output
    return site.folder / name


def said(result: Result) -> str:
    assert result.exit_code != 0
    return f"{result.output}{result.exception}"


def names_in(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return tar.getnames()


BOTH = {"one.txt": b"content of one.txt", "two.txt": b"content of two.txt"}


def test_with_the_instance_folder_gone_a_restore_brings_back_people_and_files(site: Deployment) -> None:
    archive = backed_up(site)
    shutil.rmtree(site.folder / "instance")
    if url := os.environ.get("DATABASE_URL"):
        emptied(url)
    result = site.run("db", "restore", str(archive), "--yes")
    assert result.exit_code == 0, result.output
    assert site.run("db", "check").exit_code == 0
    assert stored() == BOTH
    browser = Browser(create_app())
    assert browser.sign_in(ALICE, PASSWORD).status_code == 302


def emptied(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def test_what_came_after_the_backup_is_gone_and_what_was_deleted_is_back(site: Deployment) -> None:
    archive = backed_up(site)
    app = create_app()
    with app.app_context():
        files.delete(files.list("alice")[0].id, "alice")
        db.engine.dispose()
    store("three.txt", b"3")
    sign_up("bob@example.com")
    assert site.run("db", "restore", str(archive), "--yes").exit_code == 0
    assert stored() == BOTH
    assert "bob@example.com" not in site.run("users", "list").output


def test_a_board_that_runs_sees_the_restored_rows_without_a_restart(site: Deployment) -> None:
    archive, app = backed_up(site), create_app()
    with app.app_context():
        assert len(files.list("alice")) == 2
        db.session.remove()
    store("three.txt", b"3")
    assert site.run("db", "restore", str(archive), "--yes").exit_code == 0
    with app.app_context():
        assert {file.filename for file in files.list("alice")} == set(BOTH)
        db.session.remove()
        db.engine.dispose()


def test_an_archive_has_no_key_and_is_for_its_owner_alone(site: Deployment) -> None:
    archive = backed_up(site)
    assert archive.stat().st_mode & 0o777 == 0o600
    key = (site.folder / "instance/secret_key").read_bytes()
    assert key not in gzip.decompress(archive.read_bytes())
    assert not [name for name in names_in(archive) if "secret_key" in name]
    assert {path.name for path in site.folder.iterdir()} >= {"instance", "kept.tar.gz", "pegboard.toml"}
    assert not [path for path in site.folder.iterdir() if path.name.startswith(".")]


def test_without_a_name_it_is_called_after_the_board_and_the_time(site: Deployment) -> None:
    assert site.run("db", "backup").exit_code == 0
    (made,) = site.folder.glob("the-reading-club-development-*.tar.gz")
    assert f"{made.name}: The Reading Club (development) of " in site.run("db", "restore", made.name, "--yes").output


def test_it_does_not_write_over_an_archive(site: Deployment) -> None:
    archive = backed_up(site)
    before = archive.read_bytes()
    assert "exists already" in said(site.run("db", "backup", "kept.tar.gz"))
    assert archive.read_bytes() == before


def test_a_restore_names_its_target_and_asks_before_it_replaces_anything(site: Deployment) -> None:
    archive = backed_up(site)
    store("three.txt", b"3")
    result = site.run("db", "restore", str(archive))
    assert result.exit_code == 1
    assert "ALL IN IT IS REPLACED" in result.output
    assert "Target: The Reading Club, environment development." in result.output
    assert set(stored()) == {*BOTH, "three.txt"}


def shortened(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-300])


def flipped(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(bytes(content))


def of_another_checksum(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[-6] ^= 0xFF
    archive.write_bytes(bytes(content))


def of_something_else(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("holiday.jpg"))


def no_archive(archive: Path) -> None:
    archive.write_bytes(b"not an archive at all" * 100)


def of_the_future(archive: Path) -> None:
    with_manifest(archive, format=99)


def without_its_database(archive: Path) -> None:
    with_manifest(archive, without=("database",))


def with_two_databases(archive: Path) -> None:
    with_manifest(archive, ("database",))


def with_files_of_nobody(archive: Path) -> None:
    with_manifest(archive, ("files/nobody/0/a.txt",))


def with_a_folder_too_many(archive: Path) -> None:
    with_manifest(archive, ("files/local_files/7/a.txt",))


def with_folders_in_no_list(archive: Path) -> None:
    with_manifest(archive, folders={"local_files": 3})


def with_manifest(archive: Path, extra: tuple[str, ...] = (), without: tuple[str, ...] = (), **changes: Any) -> None:
    """The same archive with another manifest, and files of any name before it."""
    with tarfile.open(archive) as tar:
        found = [(member, opened.read()) for member in tar if (opened := tar.extractfile(member))]
    members = [(member, content) for member, content in found if member.name not in without]
    with tarfile.open(archive, "w:gz") as tar:
        for name in extra:
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        for member, content in members:
            if member.name == "manifest.json":
                content = json.dumps({**json.loads(content), **changes}).encode()  # noqa: PLW2901
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (shortened, "is damaged or not a backup"),
        (flipped, "take another backup"),
        (of_another_checksum, "is damaged or not a backup"),
        (no_archive, "is damaged or not a backup"),
        (of_something_else, "is not whole: its manifest is missing"),
        (without_its_database, "does not hold what its manifest says"),
        (with_two_databases, "does not hold what its manifest says"),
        (with_files_of_nobody, "does not hold what its manifest says"),
        (with_a_folder_too_many, "does not hold what its manifest says"),
        (with_folders_in_no_list, "folders that are no lists"),
        (of_the_future, "restore it with that version"),
        (Path.unlink, "there is no file"),
    ],
)
def test_an_archive_that_cannot_be_trusted_changes_nothing(site: Deployment, spoil: Any, words: str) -> None:
    archive = backed_up(site)
    store("three.txt", b"3")
    spoil(archive)
    assert words in said(site.run("db", "restore", str(archive), "--yes"))
    assert set(stored()) == {*BOTH, "three.txt"}


def test_no_name_in_an_archive_leads_out_of_the_folder_of_its_plugin(site: Deployment) -> None:
    archive = backed_up(site)
    names = (
        "files/local_files/0/../../escaped",
        "/tmp/pegboard-escaped",
        "files/local_files/0/a/../../../../escaped",
        "escaped",
    )
    with_manifest(archive, names)
    result = site.run("db", "restore", str(archive), "--yes")
    assert result.exit_code == 0, result.output
    assert not list(site.folder.rglob("*escaped*"))
    assert not Path("/tmp/pegboard-escaped").exists()
    assert stored() == BOTH


def test_files_of_a_plugin_that_is_not_enabled_stop_it_before_anything_is_changed(site: Deployment) -> None:
    archive = backed_up(site)
    store("three.txt", b"3")
    config = site.folder / "pegboard.toml"
    whole = config.read_text(encoding="utf-8")
    config.write_text(f'{whole}builtins = ["accounts", "home"]\n', encoding="utf-8")
    assert "files of local_files in it, which is not enabled here" in said(
        site.run("db", "restore", str(archive), "--yes")
    )
    config.write_text(whole, encoding="utf-8")
    assert set(stored()) == {*BOTH, "three.txt"}


def test_a_full_disk_leaves_no_half_archive(site: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in said(site.run("db", "backup", "kept.tar.gz"))
    assert [path.name for path in site.folder.iterdir() if "kept" in path.name or path.name.startswith(".")] == []


def test_a_database_of_another_kind_is_said(site: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = backed_up(site)
    with_manifest(archive, database="oracle")
    assert "restore it into oracle" in said(site.run("db", "restore", str(archive), "--yes"))


def test_what_was_restored_can_be_backed_up_and_restored_again(site: Deployment) -> None:
    for name in ("first.tar.gz", "second.tar.gz"):
        archive = backed_up(site, name)
        assert site.run("db", "restore", str(archive), "--yes").exit_code == 0
    assert stored() == BOTH


@pytest.mark.db
@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_a_statement_that_fails_leaves_the_database_as_it_was(
    site: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = backed_up(site)
    store("three.txt", b"3")
    whole = databases._without_schema

    def broken(script: Path) -> Path:
        found = whole(script)
        with found.open("a", encoding="utf-8") as opened:
            opened.write("SELECT no_such_function();\n")
        return found

    monkeypatch.setattr(databases, "_without_schema", broken)
    words = said(site.run("db", "restore", str(archive), "--yes"))
    assert "psql failed, and the database is as it was" in words
    assert "no_such_function" in words
    assert set(stored()) == {*BOTH, "three.txt"}


@pytest.mark.db
def test_programs_that_are_not_there_are_named(
    deployment: Deployment, new_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", new_database().replace("pegboard@", "pegboard:planted-password@"))
    monkeypatch.setenv("PATH", "/nowhere")
    (deployment.folder / "pegboard.toml").write_text("[pegboard]\n", encoding="utf-8")
    words = said(deployment.run("db", "backup"))
    assert "pg_dump is not on the PATH" in words
    assert "install PostgreSQL's client programs" in words
    assert "planted-password" not in words
