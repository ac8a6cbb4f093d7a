"""Whatever way an object comes in, the store is asked to encrypt it, and a browser cannot have it otherwise."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from pegboard.contracts.files import MIN_PART
from pegboard.errors import NotFound
from pegboard.testing.files import perform
from pegboard_s3_storage import writing
from pegboard_s3_storage.client import ClientSource
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

PICTURE = "image/png"
HEADER = "x-amz-server-side-encryption"


@pytest.fixture
def encrypted(settings: S3Settings) -> S3Settings:
    return settings.model_copy(update={"encryption": "AES256"})


def algorithm(settings: S3Settings, key: str) -> str | None:
    """What the store says it encrypted an object with."""
    head: dict[str, Any] = ClientSource(settings).get().quick.head_object(Bucket=settings.bucket, Key=key)
    return head.get("ServerSideEncryption")


def put(storage: S3FileStorage, key: str) -> None:
    storage.put(key, io.BytesIO(b"123"), size=3)


def put_in_parts(storage: S3FileStorage, key: str) -> None:
    size = writing.PART + 1
    storage.put(key, io.BytesIO(bytes(size)), size=size)


def copy(storage: S3FileStorage, key: str) -> None:
    put(storage, "source")
    storage.copy("source", key)


def upload(storage: S3FileStorage, key: str) -> None:
    assert perform(storage.sign_upload(key, size=3, content_type=PICTURE), b"123").ok


def upload_in_parts(storage: S3FileStorage, key: str) -> None:
    upload_id = storage.begin_parts(key, content_type=PICTURE)
    for number, size in ((1, MIN_PART), (2, 10)):
        assert perform(storage.sign_part(key, upload_id, number, size=size), bytes(size)).ok
    storage.finish_parts(key, upload_id, storage.parts(key, upload_id))


WAYS: tuple[Callable[[S3FileStorage, str], None], ...] = (put, put_in_parts, copy, upload, upload_in_parts)


@pytest.mark.parametrize("method", ["post", "put"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_object_is_encrypted_whatever_way_it_comes(
    encrypted: S3Settings, way: Callable[[S3FileStorage, str], None], method: str
) -> None:
    storage = S3FileStorage(encrypted.model_copy(update={"upload_method": method}))
    way(storage, "encrypted")
    assert algorithm(encrypted, "encrypted") == "AES256"
    storage.delete("encrypted")


def test_it_is_left_to_the_bucket_unless_asked_for(s3: S3FileStorage, settings: S3Settings) -> None:
    put(s3, "plain")
    assert algorithm(settings, "plain") is None
    s3.delete("plain")


def test_a_copy_of_a_plain_object_is_encrypted(s3: S3FileStorage, encrypted: S3Settings) -> None:
    put(s3, "plain")
    S3FileStorage(encrypted).copy("plain", "copied")
    assert algorithm(encrypted, "copied") == "AES256"


def test_a_copy_made_of_parts_is_encrypted(
    s3: S3FileStorage, encrypted: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 12 * 1024 * 1024
    s3.put("whole", io.BytesIO(bytes(size)), size=size, metadata={"made-by": "hand"})
    monkeypatch.setattr("pegboard_s3_storage.provider._ONE_COPY", 10 * 1024 * 1024)
    monkeypatch.setattr("pegboard_s3_storage.provider._COPIED_PART", 5 * 1024 * 1024)
    copied = S3FileStorage(encrypted).copy("whole", "in-parts")
    assert copied.etag.endswith("-3")
    assert copied.metadata == {"made-by": "hand"}
    assert algorithm(encrypted, "in-parts") == "AES256"


def without(sent: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in sent.items() if name != HEADER}


def otherwise(sent: Mapping[str, str]) -> dict[str, str]:
    return {name: "aws:kms" if name == HEADER else value for name, value in sent.items()}


@pytest.mark.parametrize("method", ["post", "put"])
@pytest.mark.parametrize("change", [without, otherwise])
def test_a_browser_can_neither_leave_it_out_nor_change_it(
    encrypted: S3Settings, method: str, change: Callable[[Mapping[str, str]], dict[str, str]]
) -> None:
    storage = S3FileStorage(encrypted.model_copy(update={"upload_method": method}))
    signed = storage.sign_upload("bare", size=3, content_type=PICTURE)
    assert HEADER in {**signed.headers, **signed.fields}
    assert perform(replace(signed, headers=change(signed.headers), fields=change(signed.fields)), b"123").status == 403
    with pytest.raises(NotFound):
        storage.stat("bare")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"encryption": "aws:kms", "preset": "b2"}, "b2 cannot be asked for aws:kms; choose none or AES256"),
        ({"encryption": "AES256", "preset": "r2"}, "r2 cannot be asked for AES256; choose none"),
        ({"encryption": "AES256", "preset": "garage"}, "garage cannot be asked for AES256; choose none"),
        ({"encryption": "aws:kms", "preset": "seaweedfs"}, "seaweedfs cannot be asked for aws:kms"),
        ({"encryption": "AES128"}, "'none', 'AES256' or 'aws:kms'"),
        ({"kms_key_id": "alias/board"}, "no use unless encryption"),
        ({"kms_key_id": "alias/board", "encryption": "AES256"}, "no use unless encryption"),
        ({"kms_key_id": "a b", "encryption": "aws:kms"}, "kms_key_id"),
    ],
)
def test_what_a_store_cannot_do_is_refused_by_the_settings(values: dict[str, str], message: str) -> None:
    endpoint = {"endpoint_url": "https://store.example"} if values.get("preset") else {}
    with pytest.raises(ValidationError, match=message):
        S3Settings.model_validate({"bucket": "files", **endpoint, **values})
