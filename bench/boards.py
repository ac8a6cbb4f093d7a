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
BUILTINS = ("accounts", "console", "files", "home", "local_files")


def builtins() -> tuple[str, ...]:
    """The builtins that are installed. Looks for files and imports nothing of them."""
    return tuple(name for name in BUILTINS if is_there(f"pegboard.builtin.{name}.plugin"))


def has_s3() -> bool:
    """Whether the plugin for S3 is installed."""
    return find_spec("pegboard_s3_storage") is not None


def board(folder: Path, plugins: tuple[str, ...] = ()) -> Flask:
    """A production board with everything that is installed, and more plugins by path."""
    config: dict[str, dict[str, Any]] = {"s3_storage": dict(S3)} if has_s3() else {}
    config["pegboard"] = {
        "env": "production",
        "secret_key": SECRET_KEY,
        "public_url": PUBLIC_URL,
        "instance_path": folder,
        "database_url": f"sqlite:///{folder / 'board.db'}",
        "builtins": builtins(),
        "plugins": ("bench.hello:Hello", *plugins, *(["s3_storage"] if has_s3() else [])),
    }
    return _created(folder, config)


def bare_board(folder: Path, plugins: tuple[str, ...] = ()) -> Flask:
    """A board with no builtins and only the plugins named, by path."""
    enabled = ("bench.hello:Hello", *plugins)
    return _created(folder, {"pegboard": {"env": "test", "builtins": (), "plugins": enabled, "instance_path": folder}})


def _created(folder: Path, config: dict[str, dict[str, Any]]) -> Flask:
    """As a deployment's settings are resolved; neither the environment nor a file is read."""
    from pegboard import create_app
    from pegboard.sources import given_sources

    return create_app(sources=given_sources(config, folder))


def is_there(module: str) -> bool:
    """Whether a module is installed, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
