"""What the plugin adds: the provider, the origins that browsers may talk to, a question for the doctor, a local store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pegboard.contracts.files import FILES
from pegboard.contributions import HealthCheck, Provider, SandboxPeer
from pegboard.hookspecs import hookimpl
from pegboard.live import current_board
from pegboard.plugin import Plugin

from .settings import S3Settings

if TYPE_CHECKING:
    from pegboard.contracts.files import FileStorage
    from pegboard.contributions import RunningPeer


class S3Storage(Plugin[S3Settings]):
    """Files on Amazon S3, and on stores that speak its protocol."""

    name = "s3_storage"
    requires = ("files",)
    Settings = S3Settings

    @hookimpl
    def providers(self) -> Iterable[Provider[Any]]:
        yield Provider(FILES, "s3", self._storage)

    @hookimpl
    def content_security_policy(self) -> Mapping[str, Iterable[str]]:
        origins = self.settings.origins
        return {"connect-src": origins, "img-src": origins, "media-src": origins}

    @hookimpl
    def health_checks(self) -> Iterable[HealthCheck]:
        yield HealthCheck("s3 storage", lambda: current_board().provider(FILES, "s3").check())

    @hookimpl
    def sandbox_peers(self) -> Iterable[SandboxPeer]:
        yield SandboxPeer(
            name="SeaweedFS",
            start=_start,
            unavailable="There is no SeaweedFS for this platform.",
            real=("S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        )

    def _storage(self) -> FileStorage:
        from .provider import S3FileStorage

        return S3FileStorage(self.settings)


def _start(folder: Path, board_url: str) -> RunningPeer | None:
    from .peer import start

    return start(folder, board_url)
