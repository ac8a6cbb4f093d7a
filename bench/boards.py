"""The boards that are measured. Imports nothing at the top that a fresh process would then have for free."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

SECRET_KEY = "kX7vQ2mZ9rT4wB8nL1pY6sD3fG5hJ0cAeUiOqWxR"
PUBLIC_URL = "https://bench.example"
S3 = {
    "bucket": "bench",
    "region": "eu-central-1",
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG",
}
BUILTINS = ("accounts", "files", "home", "local_files")


def builtins() -> tuple[str, ...]:
    """The builtins that are installed. Looks for files and imports nothing of them."""
    return tuple(name for name in BUILTINS if is_there(f"pegboard.builtin.{name}.plugin"))


def has_s3() -> bool:
    """Whether the plugin for S3 is installed."""
    return find_spec("pegboard_s3_storage") is not None


def board(folder: Path, plugins: tuple[str, ...] = ()) -> Flask:
    """A production board with everything that is installed, and more plugins by path."""
    from pegboard.app import create_app
    from pegboard.settings import BoardSettings

    config: dict[str, dict[str, Any]] = {}
    enabled = ["bench.hello:Hello", *plugins]
    if has_s3():
        enabled.append("s3_storage")
        config["s3_storage"] = dict(S3)
    settings = BoardSettings.model_validate(
        {
            "env": "production", "secret_key": SECRET_KEY, "public_url": PUBLIC_URL, "instance_path": folder,
            "database_url": f"sqlite:///{folder / 'board.db'}", "builtins": builtins(), "plugins": tuple(enabled),
        }
    )  # fmt: skip
    return create_app(settings, config=config)


def bare_board(folder: Path, plugins: tuple[str, ...] = ()) -> Flask:
    """A board with no builtins and only the plugins named, by path."""
    from pegboard.app import create_app
    from pegboard.settings import BoardSettings

    settings = BoardSettings.model_validate(
        {"env": "test", "builtins": (), "plugins": ("bench.hello:Hello", *plugins), "instance_path": folder}
    )
    return create_app(settings)


def is_there(module: str) -> bool:
    """Whether a module is installed, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
