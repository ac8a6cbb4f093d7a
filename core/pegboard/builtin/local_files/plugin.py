"""The embedded provider of `files`: a folder on this machine, with signed URLs of the board's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pegboard.contracts.files import FILES, FileStorage
from pegboard.contributions import HealthCheck, Provider
from pegboard.hookspecs import hookimpl
from pegboard.live import current_board
from pegboard.plugin import Plugin
from pegboard.web.served_files import Links, served_files

from .settings import LocalFilesSettings

if TYPE_CHECKING:
    from flask import Blueprint

    from .provider import LocalFileStorage


class LocalFiles(Plugin[LocalFilesSettings]):
    """Files in a folder of this machine. Needs no account."""

    name = "local_files"
    requires = ("files",)
    Settings = LocalFilesSettings

    @hookimpl
    def providers(self) -> Iterable[Provider[Any]]:
        yield Provider(FILES, "local", self._storage, embedded=True)

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        yield served_files(self.name, _current)

    @hookimpl
    def health_checks(self) -> Iterable[HealthCheck]:
        yield HealthCheck("local files", lambda: _current().check())

    @hookimpl
    def stored_folders(self) -> Iterable[Path]:
        yield self.settings.folder

    def _storage(self) -> LocalFileStorage:
        from .provider import LocalFileStorage

        folder = current_board().plan.instance_path / self.settings.folder
        return LocalFileStorage(folder, Links.of_board(self.name))


def _current() -> FileStorage:
    """The one object of this board, made by the registry."""
    return current_board().provider(FILES, "local")
