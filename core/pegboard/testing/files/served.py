"""The suite for a `ServedFileStorage`: served over HTTP as a board does it, with a clock that is moved, not waited for.

class TestAtticStorage(ServedFilesContract):
    @pytest.fixture
    def make(self) -> MakeStorage:
        return lambda links: AtticStorage(links)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask import Flask

from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.contracts.files import FileStorage, Stat
from pegboard.testing.serving import serve
from pegboard.web.served_files import Links, ServedFileStorage, served_files

from .contract import FileStorageContract, failures
from .saboteurs import Saboteur

S = TypeVar("S", bound=ServedFileStorage)
MakeStorage = Callable[[Links], ServedFileStorage]
_PATH = "/served-files"
_ENOUGH = 24 * 1024 * 1024  # bytes, where an intact provider has passed with more


class Clock:
    """The time, as seconds since 1970, plus what was added to it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class ServedFilesContract(FileStorageContract):
    """The whole suite. Give it the fixture `make`: what makes your provider with the links it is given."""

    part = 100_000  # what is made of three methods takes parts of any size
    clock: Clock
    held: set[str]

    @pytest.fixture
    def make(self) -> MakeStorage:
        raise NotImplementedError("override the fixture `make` with what makes your provider")

    @pytest.fixture
    def storage(self, make: MakeStorage) -> Iterator[FileStorage]:
        self.clock = Clock()
        with serve_storage(make, self.clock) as (storage, self.own_origin):
            self.held = keys_held(storage)
            yield storage

    def let_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def leftovers(self, storage: FileStorage) -> Collection[str]:
        return self.held


@contextmanager
def serve_storage(make: Callable[[Links], S], clock: Clock) -> Iterator[tuple[S, str]]:
    """The storage that `make` returns, and the origin that it is served from."""
    app = Flask(__name__)
    origins: list[str] = []
    keys = ["a key for tests alone"]
    storage = make(Links("served", keys=keys, base_url=lambda: origins[0] + _PATH, clock=clock))
    app.register_blueprint(served_files("served", lambda: storage), url_prefix=_PATH)
    if isinstance(storage, Saboteur):
        storage.add_routes(app)
    with serve(app) as origin:
        origins.append(origin)
        yield storage, origin


def keys_held(storage: ServedFileStorage) -> set[str]:
    """From now on, the keys that were written and not removed."""
    held: set[str] = set()
    write, remove = storage.write, storage.remove

    def noted_write(key: str, *rest: Any) -> Stat:
        stat = write(key, *rest)
        held.add(key)
        return stat

    def noted_remove(key: str) -> None:
        remove(key)
        held.discard(key)

    vars(storage).update(write=noted_write, remove=noted_remove)
    return held


def failures_of(kind: type[LocalFileStorage], root: Path) -> dict[str, str]:
    """What the suite says of a local provider, or of a saboteur: test name and message."""
    contract = ServedFilesContract()
    contract.clock, contract.large = Clock(), _ENOUGH
    with serve_storage(lambda links: kind(root, links), contract.clock) as (storage, contract.own_origin):
        contract.held = keys_held(storage)
        return failures(contract, storage)
