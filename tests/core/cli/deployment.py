"""A deployment in a temporary folder, with plugins of its own, on which commands are run as a person would."""

from __future__ import annotations

import itertools
import json
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pegboard.cli import cli

_NUMBERS = itertools.count(1)

MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from pegboard.db import ModelBase, metadata


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "{name}"


class Thing(Base):
    __tablename__ = "{name}_things"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
"""

PLUGIN = '''
from collections.abc import Iterable
from flask import Blueprint
from pydantic import Field, SecretStr
from pegboard import Plugin, PluginSettings, hookimpl


class {cls}Settings(PluginSettings):
    size: int = Field(default=3, description="How many.")
    token: SecretStr | None = Field(default=None, description="Opens it.", json_schema_extra={{"where": "https://example.com/keys"}})


class {cls}(Plugin[{cls}Settings]):
    """Sells {name}."""

    name = "{name}"
    requires = {requires!r}
    Settings = {cls}Settings

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        blueprint = Blueprint("{name}", __name__)
        blueprint.add_url_rule("/hello", endpoint="hello", view_func=lambda: "hello")
        return [blueprint]
'''


@dataclass(slots=True)
class Deployment:
    """A folder with a `pegboard.toml` and local plugins, whose names no other test uses."""

    folder: Path
    classes: list[str] = field(default_factory=list)

    def plugin(self, *, models: bool = False, requires: tuple[str, ...] = ()) -> str:
        """Write a plugin and return its name; it is `<name>.plugin:<Name>` in the configuration."""
        name = f"shop{next(_NUMBERS)}"
        package = self.folder / name
        package.mkdir()
        (package / "__init__.py").touch()
        values = {"name": name, "cls": name.title(), "requires": requires}
        (package / "plugin.py").write_text(PLUGIN.format(**values), encoding="utf-8")
        if models:
            (package / "models.py").write_text(MODELS.format(**values), encoding="utf-8")
        self.classes.append(f"{name}.plugin:{name.title()}")
        return name

    def write(self, extra: str = "", *, plugins: list[str] | None = None) -> None:
        """Write `pegboard.toml`: no builtins, the plugins written so far, and `extra` tables."""
        listed = json.dumps(self.classes if plugins is None else plugins)
        text = f"# kept\n[pegboard]\nbuiltins = []\nplugins = {listed} # and this\n{textwrap.dedent(extra)}"
        (self.folder / "pegboard.toml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        """Run `pegboard …` here."""
        return CliRunner().invoke(cli, list(arguments))

    def json(self, *arguments: str) -> Any:
        """Run `pegboard … --json` and read what it prints."""
        return json.loads(self.run(*arguments, "--json").stdout)
