"""Databases as they are in production, and the numbers: those of every run, or the full ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.options import told
from tests.chaos.place import Place
from tests.postgres import Postgres, create_database, new_postgres

_ALWAYS = ("test_kills.py", "test_outages.py", "test_web.py")
"""What every run of the tests tries; the rest takes minutes."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves the rest out, without `--chaos-full`."""
    rest = collection_path.name.startswith("test_") and collection_path.name not in _ALWAYS
    return True if rest and not config.getoption("--chaos-full") else None


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the full numbers are wanted."""
    return bool(request.config.getoption("--chaos-full"))


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes the line of figures that a test ends with."""
    return lambda line: told(request, line)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server that waits for its disk."""
    made = new_postgres(durable=True)
    yield made
    made.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/board.db"
    made: Postgres = request.getfixturevalue("server")
    return create_database(made.url)


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    """A deployment that copies what a vendor has."""
    made = Place(tmp_path / "board", url)
    yield made
    made.close()
