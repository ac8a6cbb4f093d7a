"""The settings say what is wrong with them, decide for each kind of store, and never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pegboard.resolution import resolve
from pegboard.sources import Sources, Variables
from pegboard_s3_storage.settings import PRESETS, S3Settings

SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
PAIR = {"access_key_id": "AKIA1", "secret_access_key": SECRET}
R2 = "https://1234.r2.cloudflarestorage.com"


def made(**values: object) -> S3Settings:
    return S3Settings.model_validate({"bucket": "files", **values})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"preset": "r2"}, "needs endpoint_url"),
        ({"preset": "generic"}, "needs endpoint_url"),
        ({"endpoint_url": R2}, "is not Amazon's"),
        ({"access_key_id": "AKIA1"}, "secret_access_key .* is missing"),
        ({"secret_access_key": SECRET}, "access_key_id .* is missing"),
        ({"session_token": SECRET}, "no use without"),
        ({"bucket": "Not A Bucket"}, "bucket"),
        ({"bucket": "../up"}, "bucket"),
        ({"prefix": "../up"}, "prefix"),
        ({"prefix": "ends/"}, "prefix"),
        ({"endpoint_url": "https://user:pass@host", "preset": "generic"}, "endpoint_url"),
        ({"endpoint_url": "https://host/path", "preset": "generic"}, "endpoint_url"),
        ({"region": "eu west"}, "region"),
    ],
)
def test_what_does_not_fit_together_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        made(**values)
    assert SECRET not in str(caught.value)


def test_a_secret_is_in_no_text() -> None:
    settings = made(**PAIR, session_token=SECRET)
    for text in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in text


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "aws"])
def test_other_stores_are_addressed_by_path_and_without_the_checksums_of_the_sdk(preset: str) -> None:
    settings = made(preset=preset, endpoint_url=R2)
    assert settings.bucket_url == f"{R2}/files"
    assert settings.checksums == "when_required"


@pytest.mark.parametrize(
    ("preset", "post"), [("r2", False), ("b2", False), ("generic", False), ("garage", True), ("seaweedfs", True)]
)
def test_browsers_use_forms_only_where_the_store_takes_them(preset: str, post: bool) -> None:
    assert made(preset=preset, endpoint_url=R2).uploads_by_post is post
    assert made(preset=preset, endpoint_url=R2, upload_method="post").uploads_by_post
    assert not made(preset=preset, endpoint_url=R2, upload_method="put").uploads_by_post


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"region": "eu-central-1"}, "https://files.s3.eu-central-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://files.s3.cn-north-1.amazonaws.com.cn"),
        ({"bucket": "files.example.com"}, "https://s3.us-east-1.amazonaws.com/files.example.com"),
        ({"addressing_style": "path"}, "https://s3.us-east-1.amazonaws.com/files"),
        ({"endpoint_url": "http://localhost:9000/", "preset": "generic"}, "http://localhost:9000/files"),
        (
            {"endpoint_url": "http://localhost:9000", "preset": "generic", "addressing_style": "virtual"},
            "http://files.localhost:9000",
        ),
    ],
)
def test_the_bucket_has_one_regional_address(values: dict[str, object], url: str) -> None:
    assert made(**values).bucket_url == url


def test_the_origins_are_those_of_the_bucket_and_of_public_files() -> None:
    settings = made(region="eu-central-1", public_base_url="https://cdn.example.com/files")
    assert settings.origins == ("https://files.s3.eu-central-1.amazonaws.com", "https://cdn.example.com")
    assert made().origins == ("https://files.s3.us-east-1.amazonaws.com",)


def test_cloudflare_has_one_region() -> None:
    assert made(preset="r2", endpoint_url=R2, region="eu-central-1").signing_region == "auto"


@pytest.mark.parametrize(
    ("variables", "key", "value"),
    [
        ({"S3_BUCKET_NAME": "one", "S3_BUCKET": "two"}, "bucket", "one"),
        ({"S3_BUCKET": "two"}, "bucket", "two"),
        ({"AWS_REGION": "eu-west-1"}, "region", "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "S3_REGION": "eu-north-1"}, "region", "eu-north-1"),
        ({"AWS_ACCESS_KEY_ID": "AKIA2"}, "access_key_id", "AKIA2"),
        ({"AWS_ACCESS_KEY_ID": "AKIA2", "S3_ACCESS_KEY_ID": "AKIA3"}, "access_key_id", "AKIA3"),
        ({"S3_PUBLIC_BASE_URL": "https://cdn.example.com"}, "public_base_url", "https://cdn.example.com"),
        ({"S3_PREFIX": "one/two"}, "prefix", "one/two"),
        ({"S3_UPLOAD_METHOD": "put"}, "upload_method", "put"),
    ],
)
def test_the_usual_variables_work_under_their_own_names(
    variables: dict[str, str], key: str, value: str, tmp_path: Path
) -> None:
    given = {"S3_BUCKET": "files", "AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": SECRET, **variables}
    sources = Sources(tmp_path, variables=(Variables("environment", given),))
    found = resolve(S3Settings, sources, plugin="s3_storage", table="s3_storage", prefix="S3_")
    assert found.problems == []
    assert getattr(found.value, key) == value


def test_every_setting_is_described_and_every_secret_says_where_to_get_it() -> None:
    for name, field in S3Settings.model_fields.items():
        assert field.description, name
    for name in ("access_key_id", "secret_access_key", "bucket"):
        assert S3Settings.model_fields[name].json_schema_extra
