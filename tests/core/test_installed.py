"""Reading entry points: our group alone, as the packaging tools write it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pegboard.discovery import Installed

ENTRY_POINTS = """\
[console_scripts]
acme-tool = acme_tool:main

[pegboard.plugins]
# a comment
acme_one = acme.one.plugin:One
acme_two=acme.two.plugin:Two [extra]

[pegboard.plugins.more]
acme_other = acme.other:Other
"""


def install(site: Path, entry_points: str) -> None:
    info = site / "acme-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")


def test_only_our_group_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {name: points[0].value for name, points in Installed().points.items() if name.startswith("acme")}
    assert found == {"acme_one": "acme.one.plugin:One", "acme_two": "acme.two.plugin:Two"}


def test_of_a_distribution_found_twice_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "old", ENTRY_POINTS.replace("acme.one", "acme.old"))
    install(tmp_path / "new", ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path / "old"))
    monkeypatch.syspath_prepend(str(tmp_path / "new"))
    points = Installed().points["acme_one"]
    assert [(point.value, point.dist.version) for point in points] == [("acme.one.plugin:One", "1.2")]


def test_resolving_settings_imports_no_plugin_of_the_validation_library(tmp_path: Path) -> None:
    info = tmp_path / "nosy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nosy\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[pydantic]\nnosy = nosy:plugin\n", encoding="utf-8")
    (tmp_path / "nosy.py").write_text("plugin = None\n", encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pegboard.app import create_app\n"
        "from pegboard.sources import given_sources\n"
        "create_app(sources=given_sources({'pegboard': {'env': 'test', 'builtins': ()}}))\n"
        "sys.exit('nosy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
