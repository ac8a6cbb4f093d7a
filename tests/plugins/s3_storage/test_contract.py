"""The provider passes the contract suite against a real server, in each way that it can be set up."""

from __future__ import annotations

import pytest

from pegboard.contracts.files import FileStorage
from pegboard.testing.files import FileStorageContract
from pegboard_s3_storage.bucket import make_bucket
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

ENOUGH = 24 * 1024 * 1024  # bytes, where the full size has been tried once


class TestUploadsByForm(FileStorageContract):
    @pytest.fixture
    def storage(self, s3: S3FileStorage) -> FileStorage:
        return s3


class TestUploadsByPutBelowAPrefix(FileStorageContract):
    large = ENOUGH

    @pytest.fixture
    def storage(self, settings: S3Settings) -> FileStorage:
        another = {"bucket": "pegboard-shared", "prefix": "boards/one", "upload_method": "put"}
        settings = settings.model_copy(update=another)
        make_bucket(settings, origins=[])
        return S3FileStorage(settings)


class TestChecksumsOfTheSdk(FileStorageContract):
    """As on Amazon, where the SDK sends a checksum with every write."""

    large = ENOUGH

    @pytest.fixture
    def storage(self, settings: S3Settings) -> FileStorage:
        return S3FileStorage(settings.model_copy(update={"preset": "aws", "addressing_style": "path"}))
