"""What the plugin sends and signs, written down without a network: one short block for each request."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.awsrequest import AWSResponse

from pegboard.contracts.files import MIN_PART, FileStorage, Part, SignedUpload
from pegboard.errors import ProviderError
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings
from pegboard_s3_storage.writing import PART

METADATA = {"made-by": "hand"}
_ETAG = '"5d41402abc4b2a76b9719d911017c592"'
_HEAD = {
    "etag": _ETAG,
    "last-modified": "Thu, 01 Jan 2026 12:00:00 GMT",
    "content-type": "text/html",
    "x-amz-meta-made-by": "hand",
}
_XML = {
    "CreateMultipartUpload": "<InitiateMultipartUploadResult><UploadId>an-id</UploadId></InitiateMultipartUploadResult>",
    "CompleteMultipartUpload": f"<CompleteMultipartUploadResult><ETag>{_ETAG}</ETag></CompleteMultipartUploadResult>",
    "CopyObject": f"<CopyObjectResult><ETag>{_ETAG}</ETag></CopyObjectResult>",
    "ListMultipartUploads": "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>a/b</Key>"
    "<UploadId>an-id</UploadId></Upload><Upload><Key>boards/one/a/b</Key><UploadId>an-id</UploadId></Upload>"
    "</ListMultipartUploadsResult>",
    "ListParts": "<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>10</Size>"
    f"<ETag>{_ETAG}</ETag><LastModified>2026-01-01T12:00:00Z</LastModified></Part></ListPartsResult>",
}
# Of the SDK's own, or the same in every request.
_UNSPOKEN = ("user-agent", "amz-sdk-", "authorization", "x-amz-date", "x-amz-content-sha256", "host", "expect")
_WITH_VALUES = ("content-type", "content-disposition", "range", "x-amz-meta-", "x-amz-server-side", "x-amz-copy")


class Recorder:
    """A storage whose requests are noted and answered by nobody."""

    def __init__(self, **settings: Any) -> None:
        self.storage = S3FileStorage(S3Settings.model_validate(settings))
        self._lines: list[str] = []
        clients = self.storage._source.get()
        for client in (clients.quick, clients.bulk):
            client.meta.events.register("before-send.s3", self._answer)

    def everything(self) -> str:
        """All that `FileStorage` can do, in blocks of lines."""
        for title, call in _calls(self.storage):
            self._lines += ["", title]
            try:
                result = call()
            except ProviderError as error:
                self._lines.append(f"  refused: {error}")
                continue
            self._lines += _shown(result)
        return "\n".join(self._lines[1:]) + "\n"

    def _answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        self._lines += [f"  {operation}: {request.method} {_address(request.url)}"]
        self._lines += [f"    {line}" for line in _named(headers, signed)]
        body = _XML.get(operation, "").encode() or (b"0123456789" if operation == "GetObject" else b"")
        size = "10" if operation in ("HeadObject", "GetObject") else str(len(body))
        return AWSResponse(request.url, 200, {**_HEAD, "content-length": size}, _Raw(body))


class _Raw(io.BytesIO):
    """A body, as the SDK reads it."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def _calls(storage: FileStorage) -> Iterator[tuple[str, Callable[[], Any]]]:
    ten = b"0123456789"
    page: dict[str, Any] = {"content_type": "text/html", "metadata": METADATA}
    yield "put", lambda: storage.put("a/b", io.BytesIO(ten), size=10, **page)
    yield "put, public", lambda: storage.put("public/b", io.BytesIO(ten), size=10, **page)
    yield "put, long", lambda: storage.put("a/b", io.BytesIO(bytes(PART + 1)), size=PART + 1, **page)
    yield "read", lambda: _read(storage)
    yield "read, a range", lambda: _read(storage, start=2, end=5)
    yield "stat", lambda: storage.stat("a/b")
    yield "copy", lambda: storage.copy("a/b", "public/b")
    yield "delete", lambda: storage.delete("a/b")
    yield "check", storage.check
    yield "url", lambda: storage.url("a/b", filename="ü.html", content_type="text/html")
    yield "public_url", lambda: storage.public_url("public/b")
    yield "sign_upload", lambda: storage.sign_upload("public/b", size=10, **page)
    yield "begin_parts", lambda: storage.begin_parts("public/b", **page)
    yield "sign_part", lambda: storage.sign_part("a/b", "an-id", 7, size=MIN_PART)
    yield "parts", lambda: storage.parts("a/b", "an-id")
    yield "finish_parts", lambda: storage.finish_parts("a/b", "an-id", [Part(1, 10, _ETAG.strip('"'))])
    yield "abort_parts", lambda: storage.abort_parts("a/b", "an-id")
    yield "abort_uploads", lambda: storage.abort_uploads("a/b")


def _read(storage: FileStorage, **bounds: int) -> None:
    with storage.read("a/b", **bounds) as chunks:
        b"".join(chunks)


def _shown(result: Any) -> Iterator[str]:
    """What a browser is given."""
    if isinstance(result, str) and result.startswith("http"):
        yield f"  GET {_address(result)}"
    if not isinstance(result, SignedUpload):
        return
    yield f"  {result.method} {_address(result.url)}"
    yield from (f"  header {name}: {value}" for name, value in result.headers.items())
    fields = dict(result.fields)
    if "policy" in fields:
        yield f"  fields {' '.join(sorted(fields))}"
        for condition in json.loads(base64.b64decode(fields["policy"]))["conditions"]:
            if not (isinstance(condition, dict) and {"x-amz-date", "x-amz-credential"} & set(condition)):
                yield f"  policy {json.dumps(condition)}"


def _address(url: str) -> str:
    """The URL with the names in its query, and those values that are the same each time."""
    parts = urlsplit(url)
    asked = [_argument(name, value) for name, value in parse_qsl(parts.query, True)]
    query = f" ?{' &'.join(asked)}" if asked else ""
    return f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}{query}"


def _argument(name: str, value: str) -> str:
    if name in ("X-Amz-Signature", "X-Amz-Date", "X-Amz-Algorithm"):
        return name
    return f"{name}={re.sub(r'/[0-9]{8}/', '/<day>/', value) if name == 'X-Amz-Credential' else value}"


def _named(headers: Mapping[str, str], signed: list[str]) -> Iterator[str]:
    told = {name: value for name, value in headers.items() if not name.startswith(_UNSPOKEN)}
    for name, value in sorted(told.items()):
        shown = f"{name}: {value}" if name.startswith(_WITH_VALUES) else name
        yield shown if name in signed else f"{shown} (not signed)"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
