"""The provider passes the contract suite against a real server, in each way that it can be set up."""

from __future__ import annotations

import pytest

from pegboard.contracts.files import FileStorage
from pegboard.testing.files import FileStorageContract
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings


class TestUploadsByForm(FileStorageContract):
    @pytest.fixture
    def storage(self, s3: S3FileStorage) -> FileStorage:
        return s3


class TestUploadsByPut(FileStorageContract):
    @pytest.fixture
    def storage(self, settings: S3Settings) -> FileStorage:
        return S3FileStorage(settings.model_copy(update={"upload_method": "put"}))
