"""The settings of `local_files`: the folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pegboard.settings import PluginSettings


class LocalFilesSettings(PluginSettings):
    """`[local_files]` in `pegboard.toml`, `LOCAL_FILES_…` in the environment."""

    folder: Path = Field(
        default=Path("files"), description="Where objects are kept; a relative path is below the instance folder."
    )
