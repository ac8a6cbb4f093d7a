"""What the distributions of this repository say they need, read from their own metadata files.

The locks, and the tests that hold them, have this as their one source: nothing is listed twice.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"


def normalised(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """`celery[redis]>=5.5` is of `celery`."""
    return normalised(re.split(r"[\s\[<>=!~;@(]", requirement.strip(), maxsplit=1)[0])


def plugin_folders() -> list[Path]:
    """Every folder below plugins/ that is a distribution, by name."""
    return sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


def example_folders() -> list[Path]:
    """Every folder below examples/ that is a distribution, by name: for development alone."""
    return sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))


def core_requirements(extras: Iterable[str] | None) -> Iterator[str]:
    """What the core needs, with the named extras; None means with all of them."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    yield from _lines(config["options"]["install_requires"])
    offered = config["options.extras_require"]
    for extra in offered if extras is None else extras:
        yield from _lines(offered[extra])


def plugin_requirements(folder: Path, extras: Iterable[str] | None) -> Iterator[str]:
    """What one plugin needs from the index, with those of the named extras it has; None means with all of them."""
    project = _toml(folder / "pyproject.toml")["project"]
    offered: dict[str, list[str]] = project.get("optional-dependencies", {})
    chosen = offered if extras is None else [extra for extra in extras if extra in offered]
    own = {"pegboard", *(name_of(_toml(path / "pyproject.toml")["project"]["name"]) for path in _distributions())}
    declared = [*project.get("dependencies", []), *(line for extra in chosen for line in offered[extra])]
    yield from (line for line in declared if name_of(line) not in own)


def build_requirements(folders: Iterable[Path]) -> Iterator[str]:
    """What the build back ends of the core and of `folders` need: an editable install is a build too."""
    for path in (ROOT, *folders):
        yield from _toml(path / "pyproject.toml")["build-system"]["requires"]


def run_requirements() -> list[str]:
    """What `make run` installs: the core, every plugin, and what builds them."""
    plugins = [line for folder in plugin_folders() for line in plugin_requirements(folder, [])]
    return _unique([*core_requirements([]), *plugins, *build_requirements(plugin_folders())])


def peer_requirements() -> list[str]:
    """The local stand-ins of the sandbox. In a lock of their own: not every platform has a wheel of each."""
    plugins = [line for folder in plugin_folders() for line in plugin_requirements(folder, ["sandbox"])]
    apart = {*core_requirements([]), *(line for folder in plugin_folders() for line in plugin_requirements(folder, []))}
    return [line for line in _unique([*core_requirements(["sandbox"]), *plugins]) if line not in apart]


def dev_requirements() -> list[str]:
    """What `make test` and `make check` install beside the peers: every extra, the examples, the tools of development."""
    peers = set(peer_requirements())
    plugins = [line for folder in _distributions() for line in plugin_requirements(folder, None)]
    tools = _lines((LOCKS / "dev.in").read_text(encoding="utf-8"))
    declared = _unique([*core_requirements(None), *plugins, *build_requirements(_distributions()), *tools])
    return [line for line in declared if line not in peers]


def _distributions() -> list[Path]:
    return [*plugin_folders(), *example_folders()]


def _lines(text: str) -> list[str]:
    stripped = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def _unique(requirements: Iterable[str]) -> list[str]:
    return sorted(set(requirements))


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
