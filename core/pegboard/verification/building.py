"""Builds the wheel of a project, in the process that runs it, as an installer would: with the back end that the project names."""

from __future__ import annotations

import shutil
import sys
import tomllib
import zipfile
from contextlib import chdir
from email import message_from_bytes
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
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
        system = _build_system(copy)
        if missing := [line for name in system.get("requires", ()) if (line := _unmet(name))]:
            answer.skipped["package"] = f"what builds it is not installed: {'; '.join(missing)}"
            return
        try:
            backend = _backend(copy, system)
        except ImportError as error:
            answer.skipped["package"] = f"what builds it is not installed: {error}"
            return
        try:
            name = backend.build_wheel(str(out))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a back end raises is what it says
            said = next(iter(str(error).splitlines()), "") or type(error).__name__
            remedy = f"pip wheel --no-deps {project} says all there is to say"
            answer.add("package", f"no wheel can be built: {said}", "Nobody can install it.", remedy, "pyproject.toml")
            return
    with zipfile.ZipFile(out / name) as wheel:
        names = wheel.namelist()
        metadata = next(wheel.read(name) for name in names if name.endswith(".dist-info/METADATA"))
    answer.facts = {"names": names, "described": bool(str(message_from_bytes(metadata).get_payload()).strip())}


def _build_system(project: Path) -> dict[str, Any]:
    file = project / "pyproject.toml"
    system: dict[str, Any] = (
        tomllib.loads(file.read_text(encoding="utf-8")).get("build-system", {}) if file.is_file() else {}
    )
    return system


def _unmet(line: str) -> str:
    """What is wrong with a requirement of the back end in this environment, and what to type; empty where nothing is."""
    from packaging.requirements import Requirement

    wanted = Requirement(line)
    if wanted.marker and not wanted.marker.evaluate():
        return ""
    try:
        here = version(wanted.name)
    except PackageNotFoundError:
        return f"pip install '{wanted.name}{wanted.specifier}'"
    if wanted.specifier.contains(here, prereleases=True):
        return ""
    return f"pip install '{wanted.name}{wanted.specifier}' (here is {here})"


def _backend(project: Path, system: dict[str, Any]) -> Any:
    """The object that `[build-system]` names; setuptools where it names none."""
    sys.path[:0] = [str(project / path) for path in system.get("backend-path", ())]
    module, _, attributes = system.get("build-backend", "setuptools.build_meta:__legacy__").partition(":")
    found: Any = import_module(module)
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found
