"""Copying a database while it is in use, and replacing one in a single transaction: SQLite by its backup API, PostgreSQL by
its own programs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from pegboard.db.engine import make_private, sqlite_file
from pegboard.errors import PegboardError

_BUSY = 30.0  # seconds to wait for others who write
_EMPTIED = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;"


def kind_of(url: URL) -> str:
    """`sqlite` or `postgresql`. PegboardError for what no backup is known for."""
    kind = url.get_backend_name()
    if kind == "postgresql" or sqlite_file(url) is not None:
        return kind
    raise PegboardError(f"a database of {kind} is not backed up\n    → use the programs that come with it")


def copy(url: URL, target: Path) -> None:
    """Write the database as it is now, all of one moment, to a new file."""
    file = sqlite_file(url)
    if file is None:
        command = ["--format=custom", "--no-owner", "--no-privileges", "--file", str(target)]
        _run("pg_dump", url, *command)
        return
    if not file.exists():
        raise PegboardError(f"the database {file} does not exist\n    → see DATABASE_URL, or pegboard db upgrade")
    try:
        with closing(_opened(file)) as source, closing(sqlite3.connect(target)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")
            _check(made, file)
    except sqlite3.Error as error:
        raise PegboardError(f"the database {file} cannot be copied: {error}") from error


def replace(url: URL, copied: Path) -> None:
    """Replace all that is in the database by a copy. What fails changes nothing."""
    file = sqlite_file(url)
    if file is None:
        script = copied.with_suffix(".sql")
        _run("pg_restore", None, "--no-owner", "--no-privileges", "--file", str(script), str(copied))
        options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1")
        _run(
            "psql", url, *options, "--command", _EMPTIED, "--file", str(_without_schema(script)), "--output", os.devnull
        )
        return
    make_private(file)
    try:
        with closing(sqlite3.connect(copied)) as source, closing(_opened(file)) as target:
            _check(source, copied)
            source.backup(target)
    except sqlite3.Error as error:
        raise PegboardError(
            f"the database {file} cannot be replaced, and is as it was: {error}\n    → stop what uses it, then try again"
        ) from error


def is_empty(url: URL) -> bool:
    """Whether there is nothing in the database that a restore would replace."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return True
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.pool import NullPool

    from pegboard.db.words import failures_in_words

    with failures_in_words(url), create_engine(url, poolclass=NullPool, hide_parameters=True).connect() as connection:
        return not inspect(connection).get_table_names()


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY)
    connection.execute("PRAGMA busy_timeout=30000")
    return connection


def _check(connection: sqlite3.Connection, file: Path) -> None:
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise PegboardError(f"the database {file} is damaged: {said}\n    → restore an older backup")


def _without_schema(script: Path) -> Path:
    """The script of a dump makes the schema `public` where that was not the stock one; we have made it already."""
    lines = script.with_suffix(".lines.sql")
    with script.open("rb") as source, lines.open("wb") as target:
        target.writelines(line for line in source if not line.startswith(b"CREATE SCHEMA public;"))
    return lines


def _run(program: str, url: URL | None, *arguments: str) -> None:
    """Run a program of PostgreSQL. The password is in its environment, where other users cannot see it."""
    found = shutil.which(program)
    if found is None:
        raise PegboardError(
            f"{program} is not on the PATH\n    → install PostgreSQL's client programs, at least of the server's version"
        )
    environment = dict(os.environ)
    if url is not None:
        plain = url.set(
            drivername="postgresql", password=None, query={k: v for k, v in url.query.items() if k.startswith("ssl")}
        )
        arguments = ("--dbname", plain.render_as_string(hide_password=False), *arguments)
        environment |= {"PGPASSWORD": str(url.password)} if url.password is not None else {}
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL with arguments of ours
        [found, *arguments], env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise PegboardError(f"{program} failed, and the database is as it was:\n{said}")
