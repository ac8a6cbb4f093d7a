"""Finding plugins: what is installed, without importing it, and the classes of those that are enabled."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from .errors import Problem
from .plugin import API, Plugin
from .settings import PluginSettings, suggestion

GROUP = "pegboard.plugins"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = frozenset(
    {
        *(
            "pegboard",
            "env",
            "static",
            "core",
            "deployment",
            "main",
            "plugins",
            "config",
            "db",
            "run",
            "sandbox",
            "doctor",
            "diagnostics",
            "init",
            "work",
        ),
        *("alembic", "auth", "user"),  # as prefixes they would cover the version tables and the tables of accounts
    }
)

Reference = str | type[Plugin[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin class and where it was found: the distribution with its version, or the path that names the class."""

    plugin: type[Plugin[Any]]
    origin: str
    version: str = ""


class Bringer:
    """A distribution that brings plugins. Its metadata is read when first asked for, and once."""

    def __init__(self, find: Callable[[], Distribution]) -> None:
        self._find = find

    @cached_property
    def dist(self) -> Distribution:
        return self._find()

    @cached_property
    def about(self) -> tuple[str, str]:
        """Its name and version."""
        metadata = self.dist.metadata
        return metadata["Name"] or "a distribution without a name", metadata["Version"]


@dataclass(frozen=True, slots=True)
class Point:
    """An entry point of our group: the plugin's name, the path of its class, and what brings it."""

    name: str
    value: str
    bringer: Bringer

    @property
    def dist(self) -> Distribution:
        return self.bringer.dist


class Installed:
    """The plugins that are installed, from one read of the entry points. Nothing is imported until `load`.

    `folder` is the deployment's, where its own plugins are.
    """

    def __init__(self, folder: Path = Path()) -> None:
        self.folder = folder

    @cached_property
    def points(self) -> dict[str, list[Point]]:
        points: dict[str, list[Point]] = {}
        for point in _read():
            others = points.setdefault(point.name, [])
            if not any(_same(point, other) for other in others):
                others.append(point)
        return points

    @property
    def names(self) -> list[str]:
        return sorted(self.points)

    def load(self, reference: Reference) -> Found | Problem:
        """The class that a name, a path or a class stands for, or what is wrong with it."""
        if not isinstance(reference, str):
            return _checked(reference, f"{reference.__module__}:{reference.__qualname__}")
        if ":" in reference:
            return _imported(reference, reference, self.folder)
        points = self.points.get(reference, [])
        if not points:
            hint = suggestion(reference, self.names) + ", or install the distribution that brings it"
            return Problem(f"no plugin of the name {reference!r} is installed", reference, "plugins", "", hint)
        if len(points) > 1:
            owners = " and ".join(sorted(point.bringer.about[0] for point in points))
            return Problem(f"more than one distribution brings it: {owners}", reference, remedy="uninstall all but one")
        point = points[0]
        origin, version = point.bringer.about
        found = _imported(point.value, origin, self.folder)
        if isinstance(found, Found) and found.plugin.name != reference:
            return Problem(
                f"its entry point is called {reference!r}, its class {found.plugin.name!r}", reference, "name", point.value,
                "the author must make them the same",
            )  # fmt: skip
        return Found(found.plugin, found.origin, version) if isinstance(found, Found) else _of(found, reference)


def _read() -> Iterator[Point]:
    """Our group of every distribution, in the order of the path. Folders are read directly: asking
    `importlib.metadata` costs four times as much, and parses what belongs to others."""
    folders = [path for path in dict.fromkeys(sys.path) if os.path.isdir(path or ".")]  # noqa: PTH112 - speed
    for folder in folders:
        for path in _metadata_folders(folder or "."):
            yield from _points(_text(f"{path}/entry_points.txt"), Bringer(partial(Distribution.at, path)))
    for other in distributions(path=[path for path in sys.path if path not in folders]):  # archives
        yield from _points(other.read_text("entry_points.txt") or "", Bringer(partial(_itself, other)))


def _metadata_folders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [entry.path for entry in found if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # unreadable: nothing can be imported from there either
        return []


def _text(file: str) -> str:
    try:
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - speed
            content = opened.read()
    except OSError:  # most distributions have no entry points
        return ""
    return content.decode("utf-8", "replace") if GROUP.encode() in content else ""


def _itself(distribution: Distribution) -> Distribution:
    return distribution


def _points(text: str, bringer: Bringer) -> Iterator[Point]:
    return (Point(name, value, bringer) for name, value in _section(text)) if GROUP in text else iter(())


def _section(text: str) -> Iterator[tuple[str, str]]:
    """The entries below our heading."""
    ours = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            ours = line == f"[{GROUP}]"
        elif ours and line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def _same(one: Point, other: Point) -> bool:
    """A distribution may be found twice, as by its finder and by the folder on the path: the first counts."""
    return one.bringer.about[0] == other.bringer.about[0]


def _of(problem: Problem, name: str) -> Problem:
    return Problem(problem.message, name, problem.key, problem.source, problem.remedy)


def _imported(path: str, origin: str, folder: Path) -> Found | Problem:
    module, _, attribute = path.partition(":")
    try:
        value = getattr(import_module(module), attribute)
    except Exception as error:  # noqa: BLE001 - whatever an author's module raises, the others go on
        if isinstance(error, ModuleNotFoundError) and module.startswith(str(error.name)):
            message = f"there is no module {error.name!r}: it was looked for in {folder} and among what is installed"
            return Problem(message, path, remedy=f"put it into that folder, or correct {path!r}")
        message = f"cannot be imported: {type(error).__name__}: {error}"
        return Problem(message, path, source=path, remedy="correct the plugin, or disable it")
    return _checked(value, origin)


def _checked(value: Any, origin: str) -> Found | Problem:
    """A plugin class as the board can use it."""
    if not (isinstance(value, type) and issubclass(value, Plugin)):
        return Problem(
            "is not a subclass of pegboard.Plugin", origin, source=origin, remedy="name the plugin class itself"
        )
    name = getattr(value, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
        reserved = ", ".join(sorted(RESERVED))
        remedy = f"small letters, digits and underscores, a letter first, and none of: {reserved}"
        return Problem(f"{name!r} is not a name for a plugin", origin, "name", origin, remedy)
    if value.api != API:
        return Problem(
            f"was written for the plugin API {value.api}; this is {API}",
            name,
            "api",
            origin,
            "install matching versions",
        )
    for attribute in ("requires", "after", "conflicts", "tables"):
        if isinstance(getattr(value, attribute), str):
            return Problem(f"{attribute} must be a tuple of names", name, attribute, origin, "add a comma: ('name',)")
    model: Any = value.Settings
    if not (isinstance(model, type) and issubclass(model, PluginSettings)):
        return Problem(
            "Settings must derive from pegboard.PluginSettings", name, "Settings", origin, "correct the class"
        )
    return Found(value, origin)
