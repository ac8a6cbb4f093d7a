"""What is stored with an object besides its bytes: as arguments of the SDK, and as a browser has to send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pegboard.contracts.filenames import content_disposition
from pegboard.contracts.files import is_public, shown_inline

from .settings import S3Settings

_HEADERS = {
    "ContentType": "Content-Type",
    "ContentDisposition": "Content-Disposition",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
}


def arguments(
    settings: S3Settings, key: str, content_type: str, metadata: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """For the SDK. A public object has no signed link to say that it is to be saved, not shown, so it says so itself."""
    found: dict[str, Any] = {"ContentType": content_type}
    if is_public(key) and not shown_inline(content_type):
        found["ContentDisposition"] = content_disposition(None, inline=False)
    if metadata:
        found["Metadata"] = dict(metadata)
    if settings.encryption != "none":
        found["ServerSideEncryption"] = settings.encryption
    if settings.kms_key_id is not None:
        found["SSEKMSKeyId"] = settings.kms_key_id
    return found


def as_headers(given: Mapping[str, Any]) -> dict[str, str]:
    """The same arguments as headers of a request, or as fields of a form."""
    headers = {header: str(given[name]) for name, header in _HEADERS.items() if name in given}
    return headers | {f"x-amz-meta-{name}": value for name, value in given.get("Metadata", {}).items()}
