"""What is particular to this provider: how links look, what the store's errors become, and what it never says."""

from __future__ import annotations

import base64
import io
import json
import traceback
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pegboard.errors import NotFound, ProviderError
from pegboard.testing.files import fetch, perform
from pegboard_s3_storage import writing
from pegboard_s3_storage.client import ClientSource
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

AMAZON = S3Settings.model_validate(
    {"bucket": "files", "region": "eu-central-1", "access_key_id": "AKIA1", "secret_access_key": "not-to-be-seen"}
)
R2 = "https://1234.r2.cloudflarestorage.com"
PICTURE = "image/png"


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def policy(fields: Any) -> list[Any]:
    conditions: list[Any] = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    return conditions


def test_links_to_amazon_are_regional_and_signed_with_version_4() -> None:
    url = S3FileStorage(AMAZON).url("a/b", expires=60, filename="ü.pdf")
    assert url.startswith("https://files.s3.eu-central-1.amazonaws.com/a/b?")
    signed = query(url)
    assert signed["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert signed["X-Amz-Expires"] == "60"
    assert signed["response-content-disposition"] == "attachment; filename=\"u.pdf\"; filename*=UTF-8''%C3%BC.pdf"


def test_a_form_binds_everything_in_its_policy() -> None:
    upload = S3FileStorage(AMAZON).sign_upload("a/b", size=10, content_type=PICTURE)
    assert upload.method == "POST"
    assert upload.url.rstrip("/") == "https://files.s3.eu-central-1.amazonaws.com"
    conditions = policy(upload.fields)
    assert ["content-length-range", 10, 10] in conditions
    for condition in ({"bucket": "files"}, {"key": "a/b"}, {"Content-Type": PICTURE}, {"success_action_status": "201"}):
        assert condition in conditions
    bound = {name for condition in conditions if isinstance(condition, dict) for name in condition}
    assert set(upload.fields) - {"policy", "x-amz-signature"} <= bound


def test_a_signed_put_binds_length_and_type() -> None:
    settings = S3Settings.model_validate(
        {"bucket": "files", "preset": "r2", "endpoint_url": R2, "access_key_id": "a", "secret_access_key": "b"}
    )
    upload = S3FileStorage(settings).sign_upload("a/b", size=10, content_type=PICTURE)
    assert upload.method == "PUT"
    assert upload.headers == {"Content-Type": PICTURE}
    signed = query(upload.url)
    assert set(signed["X-Amz-SignedHeaders"].split(";")) == {"content-length", "content-type", "host"}
    assert "/auto/s3/aws4_request" in signed["X-Amz-Credential"]
    assert not any("checksum" in name.lower() for name in signed)


@pytest.mark.parametrize("method", ["post", "put"])
def test_no_upload_is_signed_that_no_store_would_take(method: str) -> None:
    storage = S3FileStorage(AMAZON.model_copy(update={"upload_method": method}))
    assert storage.sign_upload("a", size=5 * 1024**3, content_type=PICTURE).url
    with pytest.raises(ProviderError, match="at most") as caught:
        storage.sign_upload("a", size=5 * 1024**3 + 1, content_type=PICTURE)
    assert caught.value.permanent


def test_stores_that_cannot_publish_a_prefix_say_so() -> None:
    values = {"bucket": "files", "preset": "r2", "endpoint_url": R2, "access_key_id": "a", "secret_access_key": "b"}
    with pytest.raises(ProviderError, match="public_base_url") as caught:
        S3FileStorage(S3Settings.model_validate(values)).public_url("public/a")
    assert caught.value.permanent
    settings = S3Settings.model_validate({**values, "public_base_url": "https://cdn.example.com/"})
    assert S3FileStorage(settings).public_url("public/a") == "https://cdn.example.com/public/a"


def test_the_prefix_stands_before_every_key() -> None:
    storage = S3FileStorage(AMAZON.model_copy(update={"prefix": "boards/one"}))
    assert urlsplit(storage.url("a")).path == "/boards/one/a"
    assert urlsplit(storage.public_url("public/a")).path == "/boards/one/public/a"
    assert storage.sign_upload("a", size=1, content_type=PICTURE).fields["key"] == "boards/one/a"


@pytest.mark.parametrize(
    "change",
    [
        lambda conditions: [c for c in conditions if not isinstance(c, list)],
        lambda conditions: [c if isinstance(c, dict) else ["content-length-range", 0, 10**9] for c in conditions],
        lambda conditions: [{"key": "other"} if isinstance(c, dict) and "key" in c else c for c in conditions],
        lambda conditions: [],
    ],
    ids=["without a size", "any size", "another key", "no conditions"],
)
def test_a_forged_policy_is_refused(s3: S3FileStorage, change: Any) -> None:
    upload = s3.sign_upload("forged", size=3, content_type=PICTURE)
    parsed = json.loads(base64.b64decode(upload.fields["policy"]))
    parsed["conditions"] = change(parsed["conditions"])
    forged = base64.b64encode(json.dumps(parsed).encode()).decode()
    answer = perform(replace(upload, fields={**upload.fields, "policy": forged}), b"too long")
    assert answer.status == 403
    with pytest.raises(NotFound):
        s3.stat("forged")


def test_a_later_expiry_in_a_link_is_refused(s3: S3FileStorage) -> None:
    s3.put("expiring", io.BytesIO(b"123"), size=3)
    url = s3.url("expiring", expires=60)
    assert fetch(url).ok
    assert fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")).status == 403
    s3.delete("expiring")


def test_public_objects_cannot_be_listed(s3: S3FileStorage, settings: S3Settings) -> None:
    s3.put("public/listed", io.BytesIO(b"123"), size=3)
    assert fetch(s3.public_url("public/listed")).ok
    for tail in ("", "?list-type=2", "?prefix=public/"):
        answer = fetch(f"{settings.bucket_url}/{tail}")
        assert answer.refused, tail
        assert b"listed" not in answer.body
    assert fetch(s3.public_url("public/listed"), "DELETE").refused
    assert fetch(s3.public_url("public/listed"), "PUT", body=b"456").refused
    s3.delete("public/listed")


@pytest.mark.parametrize("size", [writing.PART - 1, writing.PART, writing.PART + 1, 2 * writing.PART])
def test_streams_around_the_size_of_a_part_arrive_whole(s3: S3FileStorage, size: int) -> None:
    stat = s3.put("parts", io.BytesIO(bytes(size)), size=size, content_type=PICTURE)
    assert stat.size == size == s3.stat("parts").size
    assert stat.etag == s3.stat("parts").etag
    assert s3.stat("parts").content_type == PICTURE
    parts = -(-size // writing.PART)
    assert stat.etag.endswith(f"-{parts}") is (size >= writing.PART)
    s3.delete("parts")


def test_parts_of_a_failed_upload_are_not_left_behind(s3: S3FileStorage, settings: S3Settings) -> None:
    short = io.BytesIO(bytes(writing.PART + 10))
    with pytest.raises(ProviderError, match="the stream ended after"):
        s3.put("unfinished", short, size=writing.PART * 2)
    left = ClientSource(settings).get().quick.list_multipart_uploads(Bucket=settings.bucket)
    assert "unfinished" not in [upload["Key"] for upload in left.get("Uploads", [])]


def test_objects_beyond_the_limit_of_one_copy_are_copied_in_parts(
    s3: S3FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 12 * 1024 * 1024
    s3.put("whole", io.BytesIO(bytes(size)), size=size, content_type=PICTURE)
    monkeypatch.setattr("pegboard_s3_storage.provider._ONE_COPY", 10 * 1024 * 1024)
    monkeypatch.setattr("pegboard_s3_storage.provider._COPIED_PART", 5 * 1024 * 1024)
    stat = s3.copy("whole", "in-parts")
    assert (stat.size, stat.content_type) == (size, PICTURE)
    assert stat.etag.endswith("-3")
    s3.delete("whole")
    s3.delete("in-parts")


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"secret_access_key": "not-to-be-seen"}, "does not belong to access_key_id"),
        ({"access_key_id": "unknown"}, "does not know access_key_id"),
        ({"bucket": "no-such-bucket"}, "the bucket is not there"),
    ],
)
def test_a_wrong_configuration_is_final_and_says_what_to_do(
    server: Seaweed, change: dict[str, str], advice: str
) -> None:
    storage = S3FileStorage(S3Settings.model_validate({**server.settings, **change}))
    for call in (storage.check, lambda: storage.put("a", io.BytesIO(b"1"), size=1)):
        with pytest.raises(ProviderError, match=advice) as caught:
            call()
        assert caught.value.permanent
        shown = "".join(traceback.format_exception(caught.value))
        assert "not-to-be-seen" not in shown
        assert str(server.settings["secret_access_key"]) not in shown


def test_a_missing_bucket_is_not_a_missing_object(server: Seaweed) -> None:
    storage = S3FileStorage(S3Settings.model_validate({**server.settings, "bucket": "no-such-bucket"}))
    with pytest.raises(ProviderError, match="the bucket is not there") as caught, storage.read("a"):
        pass
    assert not isinstance(caught.value, NotFound)


def test_without_credentials_the_error_is_final(server: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    values = {name: value for name, value in server.settings.items() if "access_key" not in name}
    storage = S3FileStorage(S3Settings.model_validate(values))
    for call in (lambda: storage.stat("a"), lambda: storage.url("a")):
        with pytest.raises(ProviderError, match="NoCredentialsError") as caught:
            call()
        assert caught.value.permanent
