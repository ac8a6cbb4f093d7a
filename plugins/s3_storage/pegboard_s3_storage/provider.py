"""Files in a bucket: the capability `files` on Amazon S3 and on stores that speak its protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from typing import Any

from pegboard.contracts.filenames import content_disposition
from pegboard.contracts.files import (
    OCTET_STREAM,
    ByteStream,
    Part,
    SignedUpload,
    Stat,
    check_arguments,
    exactly,
    is_public,
    shown_inline,
)
from pegboard.errors import NotFound, ProviderError

from .attributes import arguments, as_headers
from .bucket import cors_rules
from .client import QUICK, ClientSource, translated
from .failures import PROVIDER, complete_answer, no_bucket
from .parts import PartUploads
from .reading import opened
from .settings import S3Settings
from .writing import Writer

_COPIED_PER_SECOND = 32 * 1024 * 1024  # bytes; what a store can be trusted to copy by itself
_ONE_WRITE = 5 * 1024**3  # bytes; what a store takes by one request
_ONE_COPY = _ONE_WRITE  # above that a copy is made of parts
_COPIED_PART = 512 * 1024**2  # bytes


class S3FileStorage:
    """Implements `FileStorage`. Nothing is imported, looked up or connected before the first call."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._source = ClientSource(settings)
        self._uploads = PartUploads(self._source)
        self._prefix = f"{settings.prefix}/" if settings.prefix else ""

    def put(
        self,
        key: str,
        stream: ByteStream,
        *,
        size: int | None = None,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
    ) -> Stat:
        check_arguments(PROVIDER, "put", key=key, size=size, content_type=content_type, metadata=metadata)
        target = {**self._object(key), **arguments(self._settings, key, content_type, metadata)}
        writer = Writer(self._source, target, checksums=self._settings.checksums == "when_supported")
        return writer.write(exactly(stream, size, provider=PROVIDER), size)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        check_arguments(PROVIDER, "read", key=key, start=start, end=end)
        return self._read(key, start, end)

    def stat(self, key: str) -> Stat:
        check_arguments(PROVIDER, "stat", key=key)
        return self._head("stat", key)

    def delete(self, key: str) -> None:
        check_arguments(PROVIDER, "delete", key=key)
        self._source.call("delete", lambda clients: clients.quick.delete_object(**self._object(key)))

    def copy(self, source: str, target: str) -> Stat:
        check_arguments(PROVIDER, "copy", key=source)
        check_arguments(PROVIDER, "copy", key=target)
        stat = self._head("copy", source)
        given = arguments(self._settings, target, stat.content_type, stat.metadata)
        asked = self._object(source), self._object(target), given, stat.size
        seconds = QUICK + stat.size / _COPIED_PER_SECOND
        self._source.call("copy", lambda clients: _copy(clients.bulk, *asked), seconds=seconds)
        return self._head("copy", target)

    def url(
        self,
        key: str,
        *,
        expires: int = 300,
        filename: str | None = None,
        inline: bool = False,
        content_type: str | None = None,
    ) -> str:
        check_arguments(PROVIDER, "url", key=key, expires=expires, content_type=content_type)
        disposition = content_disposition(filename, inline=inline and shown_inline(content_type))
        asked = {**self._object(key), "ResponseContentDisposition": disposition}
        if content_type is not None:
            asked["ResponseContentType"] = content_type
        return self._sign("url", "get_object", asked, expires)

    def public_url(self, key: str) -> str:
        check_arguments(PROVIDER, "public_url", key=key)
        reason = "" if is_public(key) else f"{key} is private"
        if self._settings.public_url is None:
            reason = (
                f"{self._settings.preset} cannot make a part of a bucket public: set public_base_url (see the README)"
            )
        if reason:
            raise ProviderError(reason, provider=PROVIDER, operation="public_url", permanent=True)
        return f"{self._settings.public_url}/{self._prefix}{key}"

    def sign_upload(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        expires: int = 900,
        metadata: Mapping[str, str] | None = None,
    ) -> SignedUpload:
        check_arguments(
            PROVIDER, "sign_upload", key=key, size=size, content_type=content_type, expires=expires, metadata=metadata
        )
        _fits_one_request("sign_upload", size)
        given = arguments(self._settings, key, content_type, metadata)
        if self._settings.uploads_by_post:
            return self._sign_form(key, size, as_headers(given), expires)
        asked = {**self._object(key), **given, "ContentLength": size}
        return SignedUpload("PUT", self._sign("sign_upload", "put_object", asked, expires), headers=as_headers(given))

    def begin_parts(self, key: str, *, content_type: str, metadata: Mapping[str, str] | None = None) -> str:
        check_arguments(PROVIDER, "begin_parts", key=key, content_type=content_type, metadata=metadata)
        return self._uploads.begin({**self._object(key), **arguments(self._settings, key, content_type, metadata)})

    def sign_part(self, key: str, upload_id: str, number: int, *, size: int, expires: int = 900) -> SignedUpload:
        check_arguments(PROVIDER, "sign_part", key=key, upload_id=upload_id, part=number, size=size, expires=expires)
        _fits_one_request("sign_part", size)
        asked = {**self._object(key), "UploadId": upload_id, "PartNumber": number, "ContentLength": size}
        return SignedUpload("PUT", self._sign("sign_part", "upload_part", asked, expires))

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        check_arguments(PROVIDER, "parts", key=key, upload_id=upload_id)
        return self._uploads.sent("parts", {**self._object(key), "UploadId": upload_id})

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        check_arguments(PROVIDER, "finish_parts", key=key, upload_id=upload_id)
        self._uploads.finish({**self._object(key), "UploadId": upload_id}, parts)
        return self._head("finish_parts", key)

    def abort_parts(self, key: str, upload_id: str) -> None:
        check_arguments(PROVIDER, "abort_parts", key=key, upload_id=upload_id)
        self._uploads.abort({**self._object(key), "UploadId": upload_id})

    def abort_uploads(self, key: str) -> None:
        check_arguments(PROVIDER, "abort_uploads", key=key)
        self._uploads.abort_all(self._object(key))

    def origins(self) -> tuple[str, ...]:
        return self._settings.origins

    def browser_access(self, origins: Sequence[str]) -> Mapping[str, Any] | None:
        return cors_rules(origins)

    def check(self) -> None:
        probe = self._object("pegboard-check")
        given = arguments(self._settings, "pegboard-check", OCTET_STREAM)

        def write_and_remove(client: Any) -> None:
            client.put_object(**probe, **given, Body=b"check")
            client.delete_object(**probe)

        self._source.call("check", lambda clients: write_and_remove(clients.quick), seconds=QUICK - 0.2)

    def _object(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._settings.bucket, "Key": f"{self._prefix}{key}"}

    def _head(self, operation: str, key: str) -> Stat:
        try:
            head = self._source.call(operation, lambda clients: clients.quick.head_object(**self._object(key)))
        except NotFound:
            self._require_bucket(operation)
            raise
        with complete_answer(operation):
            return Stat(
                size=int(head["ContentLength"]),
                content_type=str(head.get("ContentType", OCTET_STREAM)),
                etag=str(head["ETag"]).strip('"'),
                modified=head["LastModified"].astimezone(UTC),
                metadata={name.lower(): value for name, value in head.get("Metadata", {}).items()},
            )

    def _require_bucket(self, operation: str) -> None:
        """The answer to this question has no body that could tell a missing bucket from a missing object."""
        try:
            self._source.call(operation, lambda clients: clients.quick.head_bucket(Bucket=self._settings.bucket))
        except NotFound:
            raise no_bucket(operation) from None

    @contextmanager
    def _read(self, key: str, start: int, end: int | None) -> Iterator[Iterator[bytes]]:
        if start == end:
            self._head("read", key)
            yield iter(())
            return
        with opened(self._source, self._object(key), start, end) as chunks:
            yield chunks

    def _sign(self, operation: str, method: str, asked: dict[str, Any], expires: int) -> str:
        with translated(operation):
            client = self._source.get().quick
            return str(client.generate_presigned_url(method, Params=asked, ExpiresIn=expires))

    def _sign_form(self, key: str, size: int, headers: dict[str, str], expires: int) -> SignedUpload:
        fields = {**headers, "success_action_status": "201"}
        conditions = [{name: value} for name, value in fields.items()]
        with translated("sign_upload"):
            form = self._source.get().quick.generate_presigned_post(
                **self._object(key),
                Fields=fields,
                Conditions=[*conditions, ["content-length-range", size, size]],
                ExpiresIn=expires,
            )
        # Servers route a browser's question before a form (OPTIONS) by the slash that ends a bucket's URL.
        return SignedUpload("POST", f"{str(form['url']).rstrip('/')}/", fields=form["fields"])


def _fits_one_request(operation: str, size: int) -> None:
    if size > _ONE_WRITE:
        reason = f"one upload takes at most {_ONE_WRITE} bytes, not {size}"
        raise ProviderError(reason, provider=PROVIDER, operation=operation, permanent=True)


def _copy(client: Any, source: dict[str, Any], target: dict[str, Any], given: dict[str, Any], size: int) -> None:
    if size <= _ONE_COPY:
        client.copy_object(**target, CopySource=source, MetadataDirective="REPLACE", **given)
        return
    from boto3.s3.transfer import TransferConfig

    config = TransferConfig(multipart_threshold=_ONE_COPY, multipart_chunksize=_COPIED_PART, use_threads=False)
    client.copy(source, target["Bucket"], target["Key"], ExtraArgs=given, Config=config)
