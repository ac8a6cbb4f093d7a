"""What the plugin adds to a board."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pegboard import Plugin, Provider, hookimpl
from pegboard.contracts.files import FILES, FileStorage
from pegboard.contributions import HealthCheck
from pegboard.live import current_board
from pegboard.web.served_files import Links, served_files

from .settings import WebDAVFilesSettings

if TYPE_CHECKING:
    from flask import Blueprint

    from .provider import WebDAVFileStorage


class WebDAVFiles(Plugin[WebDAVFilesSettings]):
    """Files in a folder of a WebDAV server, with signed URLs of the board's own."""

    name = "webdav_files"
    requires = ("files",)
    Settings = WebDAVFilesSettings

    @hookimpl
    def providers(self) -> Iterable[Provider[Any]]:
        yield Provider(FILES, self.name, self._provider)

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        yield served_files("webdav_files_files", _storage)

    @hookimpl
    def health_checks(self) -> Iterable[HealthCheck]:
        yield HealthCheck("webdav files", lambda: _storage().check())

    def _provider(self) -> WebDAVFileStorage:
        """Made once per board, on first use: what `provider.py` imports costs nothing before."""
        from .provider import WebDAVFileStorage

        return WebDAVFileStorage(self.settings, Links.of_board(self.name))


def _storage() -> FileStorage:
    """The one that this board has."""
    return current_board().provider(FILES, "webdav_files")
