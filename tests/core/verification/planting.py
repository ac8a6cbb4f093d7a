"""A plugin that keeps every rule, as a distribution in a folder of its own, to be broken in one way each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

_NUMBERS = itertools.count(1)
SDK = "acme_sdk"

PYPROJECT = """\
[build-system]
requires = ["setuptools>=80"]
build-backend = "setuptools.build_meta"

[project]
name = "pegboard-{name}"
version = "1.2"
description = "Greets."
readme = "README.md"
dependencies = ["pegboard", "acme-sdk"]

[project.entry-points."pegboard.plugins"]
{name} = "pegboard_{name}.plugin:Greeter"

[tool.setuptools.packages.find]
include = ["pegboard_{name}*"]

[tool.setuptools.package-data]
"*" = ["py.typed", "templates/**", "migrations/**"]
"""

README = """\
# pegboard-{name}

Greets people by name, with words from the Acme service.

## Settings

| key | what |
| --- | --- |
| `key` | The key of the service. |
| `words` | How many words. |

## Keys

Acme's console, Settings, Keys.

## Limits

None that is known.
"""

SETTINGS = """\
from pydantic import Field, SecretStr

from pegboard import PluginSettings


class GreeterSettings(PluginSettings):
    key: SecretStr = Field(description="The key.", json_schema_extra={{"where": "Acme's console"}})
    words: int = Field(default=3, ge=1, description="How many words.")
"""

MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, metadata


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "{name}"


class Greeting(Base):
    __tablename__ = "{name}_greetings"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
"""

MIGRATION = """\
import sqlalchemy as sa
from alembic import op

revision = "{name}_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "{name}_greetings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_{name}_greetings")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("{name}_greetings")
"""

PLUGIN = '''\
from collections.abc import Iterable

from flask import Blueprint, Flask

from pegboard import Plugin, hookimpl

from .settings import GreeterSettings


class Greeter(Plugin[GreeterSettings]):
    """Greets people."""

    name = "{name}"
    Settings = GreeterSettings

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        pages = Blueprint("{name}", __name__)
        pages.add_url_rule("/<who>", "greet", lambda who: f"Hello, {{who}}")
        yield pages

    @hookimpl
    def app_ready(self, app: Flask) -> None:
        pass
'''


@dataclass(frozen=True)
class Planted:
    """A plugin in `project`, installed as far as the path is concerned."""

    name: str
    project: Path

    @property
    def package(self) -> Path:
        return self.project / f"pegboard_{self.name}"

    def change(self, file: str, old: str, new: str) -> None:
        """Put `new` in place of `old` in a file of the project; a `~` in the name stands for the package."""
        path = self.project / file.replace("~", self.package.name)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        old, new = old.replace("{name}", self.name), new.replace("{name}", self.name)
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def in_app_ready(self, code: str) -> None:
        """Run code when the board is ready."""
        self.change("~/plugin.py", "        pass\n", f"        {code}\n")


def plant(folder: Path) -> Planted:
    """Write the plugin below `folder`, which has to be on the path. Its name is used by no other test."""
    name = f"greeter{next(_NUMBERS)}"
    planted = Planted(name, folder / name)
    files = {
        "pyproject.toml": PYPROJECT,
        "README.md": README,
        "~/__init__.py": "",
        "~/py.typed": "",
        "~/plugin.py": PLUGIN,
        "~/settings.py": SETTINGS,
        "~/models.py": MODELS,
        "~/migrations/versions/begin.py": MIGRATION,
        "~/templates/{name}/page.html": "<p>Hello</p>\n",
    }
    for file, text in files.items():
        path = planted.project / file.format(name=name).replace("~", planted.package.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(name=name), encoding="utf-8")
    points = f"[pegboard.plugins]\n{name} = pegboard_{name}.plugin:Greeter\n"
    url = f'{{"url": "file://{planted.project}", "dir_info": {{"editable": true}}}}'
    install(
        folder, f"pegboard-{name}", "Requires-Dist: pegboard\nRequires-Dist: acme-sdk\n", entry_points=points, url=url
    )
    (folder / f"pegboard_{name}").symlink_to(planted.package)
    return planted


def install(
    folder: Path, distribution: str, more: str = "", *, entry_points: str = "", url: str = "", top: str = ""
) -> None:
    """The metadata of an installed distribution, as an installer leaves them."""
    info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n{more}", encoding="utf-8"
    )
    for name, text in (("entry_points.txt", entry_points), ("direct_url.json", url), ("top_level.txt", top)):
        if text:
            (info / name).write_text(text, encoding="utf-8")
