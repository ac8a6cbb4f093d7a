"""What the current board has for files: the settings, and the providers by name."""

from __future__ import annotations

from pegboard.contracts.files import FILES, FileStorage
from pegboard.live import current_board

from .plugin import Files
from .settings import FilesSettings


def settings() -> FilesSettings:
    """The settings of `files`."""
    return current_board().plugin(Files).settings


def chosen() -> str:
    """The name of the provider that new files go to. PegboardError where none is enabled."""
    return current_board().registry.default(FILES)


def storage(name: str) -> FileStorage:
    """The provider of that name. PegboardError names the choices where it is not enabled."""
    return current_board().provider(FILES, name)
