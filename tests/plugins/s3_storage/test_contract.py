"""The provider passes the contract suite against a real server, in each way that it can be set up."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from pegboard.contracts.files import FileStorage
from pegboard.testing.files import FileStorageContract
from pegboard_s3_storage.bucket import make_bucket
from pegboard_s3_storage.client import ClientSource
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

ENOUGH = 24 * 1024 * 1024  # bytes, where the full size has been tried once


class S3Contract(FileStorageContract):
    settings: S3Settings

    def leftovers(self, storage: FileStorage) -> Collection[str]:
        client = ClientSource(self.settings).get().quick
        listed = client.list_multipart_uploads(Bucket=self.settings.bucket).get("Uploads", ())
        return [upload["UploadId"] for upload in listed]


class TestUploadsByForm(S3Contract):
    @pytest.fixture
    def storage(self, s3: S3FileStorage, settings: S3Settings) -> FileStorage:
        self.settings = settings
        return s3


class TestUploadsByPutBelowAPrefix(S3Contract):
    large = ENOUGH

    @pytest.fixture
    def storage(self, settings: S3Settings) -> FileStorage:
        another = {"bucket": "pegboard-shared", "prefix": "boards/one", "upload_method": "put"}
        self.settings = settings.model_copy(update=another)
        make_bucket(self.settings, origins=[])
        return S3FileStorage(self.settings)


class TestChecksumsOfTheSdk(S3Contract):
    """As on Amazon, where the SDK sends a checksum with every write."""

    large = ENOUGH

    @pytest.fixture
    def storage(self, settings: S3Settings) -> FileStorage:
        self.settings = settings.model_copy(update={"preset": "aws", "addressing_style": "path"})
        return S3FileStorage(self.settings)


class TestEncryption(S3Contract):
    """As it is asked for with each object, in each way in which one can be stored."""

    large = ENOUGH

    @pytest.fixture
    def storage(self, settings: S3Settings) -> FileStorage:
        self.settings = settings.model_copy(update={"encryption": "AES256"})
        return S3FileStorage(self.settings)
