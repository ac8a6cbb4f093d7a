"""Injected entry points: a plugin class is found by its name, with nothing installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from pegboard.discovery import GROUP, Installed

if TYPE_CHECKING:
    import pytest

    from pegboard import Plugin


class Install(Protocol):
    """What the fixture `installed` is."""

    def __call__(self, **classes: type[Plugin[Any]]) -> None: ...


def installer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts distributions into `folder`, as an installer leaves them, for as long as the test runs.

    One that is really installed under the name is hidden meanwhile.
    """

    def install(**classes: type[Plugin[Any]]) -> None:
        folder.mkdir(exist_ok=True)
        points = Installed().points
        for name, kind in classes.items():
            module = ModuleType(f"pegboard_installed_{name}")
            setattr(module, kind.__name__, kind)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            hidden = points[name][0].dist.name if name in points else f"pegboard-{name.replace('_', '-')}"
            _write(folder, hidden, f"{name} = {module.__name__}:{kind.__name__}")
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(folder)

    return install


def _write(folder: Path, distribution: str, line: str) -> None:
    info = folder / f"{distribution.replace('-', '_')}-0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 0\n", encoding="utf-8")
    file = info / "entry_points.txt"
    lines = file.read_text(encoding="utf-8") if file.exists() else f"[{GROUP}]\n"
    file.write_text(f"{lines}{line}\n", encoding="utf-8")
