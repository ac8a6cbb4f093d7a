"""The local provider and its saboteurs, served over HTTP with a clock that tests move."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.builtin.local_files.views import blueprint
from pegboard.testing.serving import serve

from .contract import FileStorageContract, failures
from .saboteurs import Saboteur

PATH = "/local-files"


class Clock:
    """The time, as seconds since 1970, plus what was added to it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class LocalFilesContract(FileStorageContract):
    """The suite, with the clock of the provider moved instead of waited for."""

    clock: Clock

    def let_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)


@contextmanager
def serve_files(
    root: Path, clock: Clock, kind: type[LocalFileStorage] = LocalFileStorage
) -> Iterator[tuple[LocalFileStorage, str]]:
    """A storage in `root` and the origin that it is served from."""
    app = Flask(__name__)
    origins: list[str] = []
    storage = kind(root, keys=["a key for tests alone"], base_url=lambda: origins[0] + PATH, clock=clock)
    app.register_blueprint(blueprint(lambda: storage), url_prefix=PATH)
    if isinstance(storage, Saboteur):
        storage.add_routes(app)
    with serve(app) as origin:
        origins.append(origin)
        yield storage, origin


def failures_of(kind: type[LocalFileStorage], root: Path) -> dict[str, str]:
    """What the suite says of a local provider, or of a saboteur: test name and message."""
    contract = LocalFilesContract()
    contract.clock = Clock()
    with serve_files(root, contract.clock, kind) as (storage, contract.own_origin):
        return failures(contract, storage)
