"""Builds the wheel of a project, in the process that runs it, as an installer would: with the back end that the project names."""

from __future__ import annotations

import shutil
import sys
import tomllib
import zipfile
from contextlib import chdir
from email import message_from_bytes
from importlib import import_module
from pathlib import Path
from typing import Any

from .child import Answer, Task
from .watch import Watch

_LEFT_OUT = shutil.ignore_patterns(
    ".*", "venv", "node_modules", "__pycache__", "*.pyc", "*.egg-info", "build", "dist", "instance"
)


def probe(task: Task, answer: Answer) -> None:
    """Build from a copy, so that nothing is left in the project; the facts are the wheel's files and its README's length."""
    project = task.subject.project
    assert project is not None  # noqa: S101 - asked only where there is one
    copy, out = task.folder / "source", task.folder / "wheel"
    shutil.copytree(project, copy, ignore=_LEFT_OUT)
    out.mkdir()
    with chdir(copy), Watch(task.subject.home, [task.folder]).watching():
        try:
            backend = _backend(copy)
        except ImportError as error:
            answer.skipped["package"] = f"what builds it is not installed: {error}"
            return
        name = backend.build_wheel(str(out))
    with zipfile.ZipFile(out / name) as wheel:
        names = wheel.namelist()
        metadata = next(wheel.read(name) for name in names if name.endswith(".dist-info/METADATA"))
    answer.facts = {"names": names, "described": bool(str(message_from_bytes(metadata).get_payload()).strip())}


def _backend(project: Path) -> Any:
    """The object that `[build-system]` names; setuptools where it names none."""
    file = project / "pyproject.toml"
    system = tomllib.loads(file.read_text(encoding="utf-8")).get("build-system", {}) if file.is_file() else {}
    sys.path[:0] = [str(project / path) for path in system.get("backend-path", ())]
    module, _, attributes = system.get("build-backend", "setuptools.build_meta:__legacy__").partition(":")
    found: Any = import_module(module)
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found
