"""Plugins that contribute nothing, written as modules of their own, as an author would; and installed ones."""

from __future__ import annotations

import compileall
import sys
from pathlib import Path

COUNT = 100
INSTALLED = 1_000
_MODULE = '''\
"""Contributes nothing."""

from pegboard.plugin import Plugin
from pegboard.settings import PluginSettings


class Empty(Plugin[PluginSettings]):
    """Contributes nothing."""

    name = "empty{number:03}x"
'''


def written(folder: Path) -> tuple[str, ...]:
    """The paths of a hundred plugin classes, written below `folder`, compiled, and importable."""
    place = folder / "empty"
    place.mkdir(exist_ok=True)
    for number in range(COUNT):
        (place / f"bench_empty_{number:03}.py").write_text(_MODULE.format(number=number), encoding="utf-8")
    compileall.compile_dir(place, quiet=2)
    if str(place) not in sys.path:
        sys.path.append(str(place))
    return tuple(f"bench_empty_{number:03}:Empty" for number in range(COUNT))


def installed(folder: Path) -> Path:
    """A folder with the metadata of a thousand distributions, each with a plugin that nobody enables."""
    place = folder / "installed"
    for number in range(INSTALLED):
        info = place / f"bench_unused_{number:04}-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: bench-unused-{number:04}\nVersion: 1.0\n", encoding="utf-8"
        )
        entry = f"[pegboard.plugins]\nbench_unused_{number:04} = bench_unused_{number:04}.plugin:Unused\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    return place
