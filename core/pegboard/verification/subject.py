"""The plugin under verification: where its files, its distribution and its project are, found without importing it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..discovery import GROUP, Installed
from ..errors import ConfigError, PegboardError, Problem
from ..settings import suggestion

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True)
class Subject:
    """`reference` is what a deployment lists: the name of an installed plugin, or module:Class.

    `home` holds its code: the folder around a module called `plugin`, else the one file. `project` is the folder it is
    built from, where there is one on this machine.
    """

    reference: str
    module: str
    home: Path
    distribution: Distribution | None = None
    project: Path | None = None

    @property
    def package(self) -> str:
        """The dotted name of what is in `home`."""
        parent, _, last = self.module.rpartition(".")
        return parent if last == "plugin" and parent else self.module

    @property
    def root(self) -> Path:
        """The folder its imports start in."""
        return self.home.parents[self.package.count(".")]

    @property
    def version(self) -> str:
        return self.distribution.version if self.distribution else ""

    @property
    def in_core(self) -> bool:
        """Whether it ships with the core, in whose distribution there is more than this plugin."""
        return self.module.startswith("pegboard.")

    def place(self, path: Path, line: int = 0) -> str:
        """`file:line` as a person would say it: from the project, or from where imports start."""
        path = path.resolve()
        for base in (self.project, self.root):
            if base and path.is_relative_to(base):
                path = path.relative_to(base)
                break
        return f"{path}:{line}" if line else str(path)


def find_subject(reference: str) -> Subject:
    """The plugin that a name or a path stands for. ConfigError where there is none, PegboardError where it has no file."""
    if ":" in reference:
        module, distribution = reference.partition(":")[0], None
    else:
        reference = reference.replace("-", "_")
        module, distribution = _installed(reference)
    home = _home(module)
    project = _installed_from(distribution) if distribution else _around(home, reference)
    return Subject(reference, module, home, distribution, project)


def _installed(name: str) -> tuple[str, Distribution]:
    installed = Installed()
    if not installed.points.get(name):
        hint = f"{suggestion(name, installed.names)}, or module:Class for a plugin that is not installed"
        raise ConfigError([Problem(f"no plugin of the name {name!r} is installed", name, remedy=hint)])
    point = installed.points[name][0]
    return point.value.partition(":")[0], point.dist


def _home(module: str) -> Path:
    """Found from the first package on: asking for a module inside a package would import the package."""
    parent, _, last = module.rpartition(".")
    top, *rest = (parent if last == "plugin" and parent else module).split(".")
    spec = find_spec(top)
    for place in spec.submodule_search_locations or () if spec else ():
        path = Path(place).joinpath(*rest)
        if path.is_dir() or (path := path.with_suffix(".py")).is_file():
            return path.resolve()
    if spec and spec.origin and not rest:
        return Path(spec.origin).resolve()
    raise PegboardError(f"there is no module {module!r} here: correct the path, or install what brings it")


def _installed_from(distribution: Distribution) -> Path | None:
    """The folder that was installed from, editable or not. An installation from an index has none."""
    try:
        origin: Any = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return None
    url = urlsplit(origin.get("url", ""))
    return _project(Path(unquote(url.path))) if url.scheme == "file" else None


def _around(home: Path, reference: str) -> Path | None:
    """A project above the files that declares this very plugin; a folder that only happens to be above does not count."""
    for folder in home.parents[:4]:
        if _project(folder) and reference in _declared(folder):
            return folder
    return None


def _project(folder: Path) -> Path | None:
    return folder.resolve() if any((folder / name).is_file() for name in _PROJECT_FILES) else None


def _declared(project: Path) -> Iterator[str]:
    try:
        document = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        yield from document["project"]["entry-points"][GROUP].values()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
