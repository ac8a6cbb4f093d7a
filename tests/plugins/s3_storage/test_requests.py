"""What is sent to the stores that are not at hand, and signed for them, is what was looked through once.

Each file in `requests/` holds all requests of one configuration. `RECORD_REQUESTS=1` writes them anew: read the
difference before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .recorder import Recorder

RECORDED = Path(__file__).with_name("requests")
CREDENTIALS = {"bucket": "files", "access_key_id": "AKIA1", "secret_access_key": "not-to-be-seen"}
CDN = {"public_base_url": "https://files.board.example"}
CONFIGURATIONS: dict[str, dict[str, str]] = {
    "aws": {"preset": "aws", "region": "eu-central-1"},
    "aws-with-kms": {"preset": "aws", "encryption": "aws:kms", "kms_key_id": "alias/board"},
    "r2": {"preset": "r2", "endpoint_url": "https://1234.r2.cloudflarestorage.com", **CDN},
    "b2": {
        "preset": "b2",
        "region": "eu-central-003",
        "endpoint_url": "https://s3.eu-central-003.backblazeb2.com",
        "encryption": "AES256",
        **CDN,
    },
    "garage": {"preset": "garage", "region": "garage", "endpoint_url": "https://garage.example"},
    "generic": {"preset": "generic", "endpoint_url": "https://store.example", "prefix": "boards/one"},
}
OTHERS = [name for name in CONFIGURATIONS if not name.startswith("aws")]


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_requests_are_those_that_were_recorded(name: str) -> None:
    seen = Recorder(**CREDENTIALS, **CONFIGURATIONS[name]).everything()
    assert "not-to-be-seen" not in seen
    if os.environ.get("RECORD_REQUESTS"):
        (RECORDED / f"{name}.txt").write_text(seen, encoding="utf-8")
    assert seen.splitlines() == recorded(name).splitlines()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("word", ["checksum", "trailer", "transfer-encoding", "x-amz-decoded", "x-amz-acl", "tagging"])
def test_other_stores_are_spared_what_they_refuse(name: str, word: str) -> None:
    assert word in recorded("aws") or word in ("x-amz-acl", "tagging")
    assert word not in recorded(name)


@pytest.mark.parametrize("name", ["r2", "garage"])
def test_stores_that_take_no_encryption_header_get_none(name: str) -> None:
    assert "server-side-encryption" not in recorded(name)


@pytest.mark.parametrize("name", ["r2", "b2", "generic"])
def test_stores_without_forms_are_sent_none(name: str) -> None:
    assert "policy" not in recorded(name)
    assert "X-Amz-SignedHeaders=content-disposition;content-length;content-type;host;x-amz-meta-made-by" in (
        recorded(name).replace(";x-amz-server-side-encryption", "")
    )


@pytest.mark.parametrize(
    ("name", "region"), [("aws", "eu-central-1"), ("r2", "auto"), ("b2", "eu-central-003"), ("garage", "garage")]
)
def test_links_are_signed_for_the_region_of_the_store(name: str, region: str) -> None:
    assert f"X-Amz-Credential=AKIA1/<day>/{region}/s3/aws4_request" in recorded(name)
