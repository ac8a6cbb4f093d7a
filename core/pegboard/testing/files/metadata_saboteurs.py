"""Providers broken in one way each when objects carry metadata. `fault` is what the suite must say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import Flask, request

from pegboard.contracts.files import ByteStream, SignedUpload, Stat
from pegboard.errors import NotFound
from pegboard.web.served_files.parts import PartUploads

from .saboteurs import Lenient, Saboteur

_HEADER = "X-Meta-"


class ForgetsMetadata(Saboteur):
    fault = "ForgetsMetadata.stat`: gives back the metadata {}, not {"

    def stat(self, key: str) -> Stat:
        return replace(super().stat(key), metadata={})


class KeepsOldMetadata(Saboteur):
    fault = "KeepsOldMetadata.put`: gives back the metadata {'made-by': 'one'}, not {}"

    def write(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        with suppress(NotFound):
            metadata = {**self.stat(key).metadata, **metadata}
        return super().write(key, pieces, content_type, metadata)


class CopiesWithoutMetadata(Saboteur):
    fault = "CopiesWithoutMetadata.copy`: gives back the metadata {}, not {"

    def copy(self, source: str, target: str) -> Stat:
        stat = super().copy(source, target)
        with self.opened(target) as (_, pieces):
            return self.write(target, pieces, stat.content_type, {})


class UploadsWithoutMetadata(Saboteur):
    fault = "UploadsWithoutMetadata.sign_upload`: gives back the metadata {}, not {"

    def add_routes(self, app: Flask) -> None:
        self.links = Lenient(self.links, lambda grant: replace(grant, metadata=None))


class JoinsPartsWithoutMetadata(Saboteur):
    fault = "JoinsPartsWithoutMetadata.finish_parts`: gives back the metadata {}, not {"

    class Uploads(PartUploads):
        def begin(self, key: str, content_type: str, metadata: Mapping[str, str]) -> str:
            return super().begin(key, content_type, {})


class _AsksTheBrowser(Saboteur):
    """Has the browser send the metadata, and believes what it sends."""

    def sign_upload(self, key: str, *, metadata: Mapping[str, str] | None = None, **options: Any) -> SignedUpload:
        upload = super().sign_upload(key, metadata=metadata, **options)
        sent = {f"{_HEADER}{name}": value for name, value in (metadata or {}).items()}
        return replace(upload, headers={**upload.headers, **sent})

    def add_routes(self, app: Flask) -> None:
        self.links = Lenient(self.links, lambda grant: replace(grant, metadata=self.believed(grant.metadata or {})))

    def believed(self, signed: Mapping[str, str]) -> dict[str, str]:
        raise NotImplementedError


class LetsBrowsersChangeMetadata(_AsksTheBrowser, Saboteur):
    fault = "LetsBrowsersChangeMetadata.sign_upload`: lets a browser change metadata"

    def believed(self, signed: Mapping[str, str]) -> dict[str, str]:
        return {name: request.headers.get(f"{_HEADER}{name}", value) for name, value in signed.items()}


class LetsBrowsersDropMetadata(_AsksTheBrowser, Saboteur):
    fault = "LetsBrowsersDropMetadata.sign_upload`: lets a browser drop metadata"

    def believed(self, signed: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in signed.items() if f"{_HEADER}{name}" in request.headers}


class LetsBrowsersAddMetadata(_AsksTheBrowser, Saboteur):
    fault = "LetsBrowsersAddMetadata.sign_upload`: lets a browser add metadata"

    def believed(self, signed: Mapping[str, str]) -> dict[str, str]:
        sent = {name.lower().removeprefix(_HEADER.lower()): value for name, value in request.headers.items()}
        return {**{name: value for name, value in sent.items() if value == "the-browser"}, **signed}


class TakesAnyMetadata(Saboteur):
    fault = "TakesAnyMetadata.put`: raised nothing when given the metadata {'': '1'}"

    def put(self, key: str, stream: ByteStream, *, metadata: Mapping[str, str] | None = None, **options: Any) -> Stat:
        tamed = {name: value for name, value in (metadata or {}).items() if name}
        return super().put(key, stream, metadata=tamed, **options)


SABOTEURS: tuple[type[Saboteur], ...] = tuple(
    kind for kind in Saboteur.__subclasses__() if kind.__module__ == __name__ and hasattr(kind, "fault")
)
