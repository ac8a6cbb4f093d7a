"""The embedded provider of `files`: a folder on this machine, with signed URLs of the board's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pegboard.contracts.files import FILES
from pegboard.contributions import HealthCheck, Provider
from pegboard.hookspecs import hookimpl
from pegboard.live import current_board
from pegboard.plugin import Plugin
from pegboard.web.csrf import exempt

from .settings import LocalFilesSettings

if TYPE_CHECKING:
    from flask import Blueprint, Flask

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
        from .views import blueprint

        yield blueprint(self._current)

    @hookimpl
    def health_checks(self) -> Iterable[HealthCheck]:
        yield HealthCheck("local files", lambda: self._current().check())

    @hookimpl
    def app_ready(self, app: Flask) -> None:
        exempt(app.view_functions["local_files.upload"])  # the signature in its URL is the permission

    def _storage(self) -> LocalFileStorage:
        from .provider import LocalFileStorage

        board = current_board()
        entry = board.plan.entry(self.name)
        prefix = entry.url_prefix if entry else ""
        return LocalFileStorage(
            board.plan.instance_path / self.settings.folder,
            keys=board.signing_keys,
            base_url=lambda: board.external_url(prefix),
        )

    def _current(self) -> LocalFileStorage:
        """The one object of this board, made by the registry."""
        from .provider import LocalFileStorage

        storage = current_board().provider(FILES, "local")
        if not isinstance(storage, LocalFileStorage):
            raise TypeError("another plugin took the name 'local'")
        return storage
