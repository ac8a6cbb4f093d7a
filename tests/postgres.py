"""A PostgreSQL server for the tests that need one, with an empty database for each."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pegboard.testing.peers import free_ports, start_server

_NUMBERS = itertools.count(1)
NewDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server without its database's name. It keeps nothing, and ends with the tests."""
    programs = [shutil.which(name) for name in ("initdb", "postgres")]
    if None in programs:
        advice = "initdb and postgres are not on the PATH: install PostgreSQL (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(advice)
        pytest.skip(advice)
    initdb, server = map(str, programs)
    folder = Path(
        tempfile.mkdtemp(prefix="pegboard-postgres-")
    )  # not below pytest's own, which only its user may enter
    drop = _unprivileged(folder)
    data = folder / "data"
    made = [*drop, initdb, "-D", str(data), "-U", "pegboard", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True, cwd="/")
    (port,) = free_ports(1)
    fast = ("fsync", "synchronous_commit", "full_page_writes")
    command = [
        *(*drop, server, "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"),
        *(part for name in fast for part in ("-c", f"{name}=off")),
    ]
    url = f"postgresql+psycopg://pegboard@127.0.0.1:{port}"
    running = start_server(
        "PostgreSQL", command, ready=lambda: _answers(url), log=folder / "server.log", remove=[str(folder)]
    )
    yield url
    running.stop()


@pytest.fixture
def new_database(postgres: str) -> NewDatabase:
    """Makes an empty database; its URL."""

    def make() -> str:
        import psycopg

        name = f"test_{next(_NUMBERS)}"
        with psycopg.connect(_plain(postgres), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{postgres}/{name}"

    return make


def _unprivileged(folder: Path) -> list[str]:
    """What runs a command as somebody who is not root, as PostgreSQL demands."""
    if os.getuid() != 0:
        return []
    shutil.chown(folder, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(_plain(url), connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


def _plain(url: str) -> str:
    return f"{url.replace('+psycopg', '')}/postgres"
