"""Providers broken in one way each: the local one, with one method wrong. `fault` is what the suite must say of it."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.contracts.files import OCTET_STREAM, ByteStream, SignedUpload, Stat
from pegboard.errors import NotFound, ProviderError
from pegboard.web.served_files.links import Grant, Links, Method
from pegboard.web.served_files.parts import PartUploads


class Saboteur(LocalFileStorage):
    """`fault` is a part of the message with which at least one test of the suite must fail."""

    fault: ClassVar[str]
    Uploads: ClassVar[type[PartUploads]] = PartUploads

    def __init__(self, root: Path, links: Links) -> None:
        super().__init__(root, links)
        self._uploads = self.Uploads(self)

    def add_routes(self, app: Flask) -> None:
        """What else the application that serves it answers to."""


class HoldsWholeUpload(Saboteur):
    fault = "HoldsWholeUpload.put`: held"

    def put(self, key: str, stream: ByteStream, **options: Any) -> Stat:
        return super().put(key, io.BytesIO(stream.read(-1)), **options)


class HoldsWholeDownload(Saboteur):
    fault = "HoldsWholeDownload.read`: held"

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        @contextmanager
        def whole() -> Iterator[Iterator[bytes]]:
            with super(HoldsWholeDownload, self).read(key, start=start, end=end) as chunks:
                yield iter(list(chunks))

        return whole()


class IgnoresRangeEnd(Saboteur):
    fault = "IgnoresRangeEnd.read`: gave b'0123456789' for the range 0:4"

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        super().read(key, start=start, end=end)
        return super().read(key, start=start)


class CountsRangeEndIn(Saboteur):
    fault = "CountsRangeEndIn.read`: gave b'01234' for the range 0:4"

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        super().read(key, start=start, end=end)
        return super().read(key, start=start, end=None if end is None else end + 1)


class SwallowsTruncation(Saboteur):
    fault = "SwallowsTruncation.put`: raised nothing when a stream of 10 bytes is truncated"

    def put(self, key: str, stream: ByteStream, *, size: int | None = None, **options: Any) -> Stat:
        return super().put(key, stream, size=size if size is not None and size < 0 else None, **options)


class KeepsHalfOfFailedPut(Saboteur):
    fault = "KeepsHalfOfFailedPut.put`: left 5 bytes behind"

    def put(self, key: str, stream: ByteStream, **options: Any) -> Stat:
        held = _Remembering(stream)
        try:
            return super().put(key, held, **options)
        except Exception:
            with suppress(ProviderError):
                super().put(key, io.BytesIO(held.first))
            raise


class StatsWrongSize(Saboteur):
    fault = "StatsWrongSize.stat`: says size 11 of 10 bytes"

    def stat(self, key: str) -> Stat:
        stat = super().stat(key)
        return replace(stat, size=stat.size + 1)


class KeepsEtag(Saboteur):
    fault = "KeepsEtag.stat`: keeps the etag when the content changes"

    def put(self, key: str, stream: ByteStream, **options: Any) -> Stat:
        return replace(super().put(key, stream, **options), etag="same")

    def stat(self, key: str) -> Stat:
        return replace(super().stat(key), etag="same")


class ForgetsType(Saboteur):
    fault = f"ForgetsType.put`: says type '{OCTET_STREAM}', not the one put"

    def put(self, key: str, stream: ByteStream, *, content_type: str = OCTET_STREAM, **options: Any) -> Stat:
        super().begin_parts(key, content_type=content_type)
        return super().put(key, stream, **options)


class RaisesOnMissingDelete(Saboteur):
    fault = "RaisesOnMissingDelete.delete`: raised NotFound when there is nothing to delete"

    def delete(self, key: str) -> None:
        self.stat(key)
        super().delete(key)


class DeletesNothing(Saboteur):
    fault = "DeletesNothing.delete`: left 10 bytes behind"

    def delete(self, key: str) -> None:
        with suppress(NotFound):
            self.stat(key)


class CopyMoves(Saboteur):
    fault = "CopyMoves.copy`: raised NotFound when the source must still be there (it was moved)"

    def copy(self, source: str, target: str) -> Stat:
        copied = super().copy(source, target)
        super().delete(source)
        return copied


class RaisesItsOwnErrors(Saboteur):
    fault = "RaisesItsOwnErrors.stat`: raised FileNotFoundError, not NotFound"

    def stat(self, key: str) -> Stat:
        try:
            return super().stat(key)
        except NotFound as error:
            raise FileNotFoundError(key) from error


class TakesAnyKey(Saboteur):
    fault = "TakesAnyKey.put`: raised nothing when given the bad key"

    def put(self, key: str, stream: ByteStream, **options: Any) -> Stat:
        tamed = re.sub(r"[^a-z0-9/]+", "", key).strip("/") or "x"
        return super().put(tamed if key.startswith(".") else key, stream, **options)


class PublicByDefault(Saboteur):
    fault = "PublicByDefault.put`: stores files that everyone can read: 200"

    def add_routes(self, app: Flask) -> None:
        def everything(base: str, key: str) -> bytes:
            with self.read(key) as chunks:
                return b"".join(chunks)

        app.add_url_rule("/<base>/<path:key>", view_func=everything)


class NamesUrlsOfPrivateKeys(Saboteur):
    fault = "NamesUrlsOfPrivateKeys.public_url`: raised nothing when the key is private"

    def public_url(self, key: str) -> str:
        super().url(key)
        return self.links.public(key)


class PublicUrlChanges(Saboteur):
    fault = "PublicUrlChanges.public_url`: gives a URL that is not stable"

    def public_url(self, key: str) -> str:
        return f"{super().public_url(key)}?{secrets.token_hex(4)}"


class UrlWithoutExpiry(Saboteur):
    fault = "UrlWithoutExpiry.url`: answers 200 after it expired"

    def url(self, key: str, *, expires: int = 300, **options: Any) -> str:
        super().url(key, expires=expires, **options)
        return super().url(key, expires=604_800, **options)


class UrlWithoutSignature(Saboteur):
    fault = "UrlWithoutSignature.url`: answers 200 to a signed URL that was altered"

    def add_routes(self, app: Flask) -> None:
        self.links = _Gullible(self.links)


class RawDisposition(Saboteur):
    fault = "RawDisposition.url`: gives the disposition name"

    def url(self, key: str, *, expires: int = 300, filename: str | None = None, **options: Any) -> str:
        checked = super().url(key, expires=expires, filename=filename, **options)
        if filename is None:
            return checked
        raw = "".join(c for c in filename.encode("ascii", "replace").decode() if c >= " ")
        grant = Grant(key, self.links.expiry(expires), disposition=f'attachment; filename="{raw}"')
        return self.links.signed("GET", grant)


class ShowsPages(Saboteur):
    fault = "ShowsPages.url`: shows inline what is text/html"

    def url(self, key: str, *, inline: bool = False, content_type: str | None = None, **options: Any) -> str:
        attached = super().url(key, inline=inline, content_type=content_type, **options)
        if not inline:
            return attached
        grant = Grant(key, self.links.expiry(300), content_type, 'inline; filename="ü.png"')
        return self.links.signed("GET", grant)


class UploadOfAnySize(Saboteur):
    fault = "UploadOfAnySize.sign_upload`: answers 200 to an upload of 9 bytes where 10 were signed: wrong size"

    def add_routes(self, app: Flask) -> None:
        self.links = Lenient(self.links, lambda grant: replace(grant, size=request.content_length))


class UploadOfAnyType(Saboteur):
    fault = "UploadOfAnyType.sign_upload`: answers 200 to an upload of the wrong type"

    def add_routes(self, app: Flask) -> None:
        self.links = Lenient(self.links, lambda grant: replace(grant, content_type=request.content_type))


class UploadWithoutExpiry(Saboteur):
    fault = "UploadWithoutExpiry.sign_upload`: answers 200 to an upload after it expired"

    def sign_upload(self, key: str, *, expires: int = 900, **options: Any) -> SignedUpload:
        super().sign_upload(key, expires=expires, **options)
        return super().sign_upload(key, expires=604_800, **options)


class HalfUploadStays(Saboteur):
    fault = "HalfUploadStays.sign_upload`: stored an upload that broke off half way: truncated"

    def put(self, key: str, stream: ByteStream, **options: Any) -> Stat:
        held = _Remembering(stream)
        try:
            return super().put(key, held, **options)
        except HTTPException:
            super().put(key, io.BytesIO(held.first))
            raise


class HidesItsOrigin(Saboteur):
    fault = "HidesItsOrigin.origins`: does not name http://localhost"

    def url(self, key: str, **options: Any) -> str:
        return super().url(key, **options).replace("127.0.0.1", "localhost")


class HidesWhatToConfigure(Saboteur):
    fault = "HidesWhatToConfigure.browser_access`: has nothing to configure, though uploads go to localhost"

    def sign_upload(self, key: str, **options: Any) -> SignedUpload:
        upload = super().sign_upload(key, **options)
        return replace(upload, url=upload.url.replace("127.0.0.1", "localhost"))


class ForgetsAnOrigin(Saboteur):
    fault = "ForgetsAnOrigin.browser_access`: does not say http://127.0.0.1:5000"

    def browser_access(self, origins: Sequence[str]) -> Mapping[str, Any] | None:
        return {"allowed": origins[:1], "exposed": ["ETag"]}


class HidesTheEtag(Saboteur):
    fault = "HidesTheEtag.browser_access`: does not say ETag"

    def browser_access(self, origins: Sequence[str]) -> Mapping[str, Any] | None:
        return {"allowed": [*origins]}


class ConfiguresWithObjects(Saboteur):
    fault = "ConfiguresWithObjects.browser_access`: raised TypeError when the answer is made JSON"

    def browser_access(self, origins: Sequence[str]) -> Mapping[str, Any] | None:
        return {"allowed": {*origins}, "exposed": "ETag"}


class _Remembering:
    """Passes a stream on and keeps its first piece."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream, self.first = stream, b""

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self.first = self.first or piece
        return piece


class Lenient(Links):
    """Accepts what `links` signed, and changes what it says."""

    def __init__(self, links: Links, change: Callable[[Grant], Grant]) -> None:
        self.__dict__.update(links.__dict__)
        self._change = change

    def verify(self, method: Method, token: str) -> Grant:
        return self._change(super().verify(method, token))


class _Gullible(Lenient):
    """Accepts whatever it can read, signed or not."""

    def __init__(self, links: Links) -> None:
        super().__init__(links, lambda grant: grant)

    def verify(self, method: Method, token: str) -> Grant:
        return Grant(**self._serializers[method].loads_unsafe(token)[1])


SABOTEURS: tuple[type[Saboteur], ...] = tuple(kind for kind in Saboteur.__subclasses__() if kind.__module__ == __name__)
