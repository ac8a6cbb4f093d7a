"""Checks of the machine: Python and the packages, the instance folder, free space and the clock."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path
from tempfile import TemporaryFile

import pegboard

from ...board import Plan
from .findings import Finding

_LITTLE, _TOO_LITTLE = 1024**3, 100 * 1024**2  # bytes
_DAY = 86_400


def machine(plan: Plan) -> Iterator[Finding]:
    """Everything that can be said without the board."""
    yield python()
    yield packages(plan)
    yield clock()
    if plan.board.usable is None or plan.sources.unread:
        yield Finding("machine.folder", "skipped", "the board's settings do not say where it is")
        return
    instance = (plan.folder / plan.board.usable.instance_path).resolve()
    yield folder(instance)
    yield space(instance)


def python() -> Finding:
    """Whether this Python is one that the core supports."""
    from packaging.specifiers import SpecifierSet

    running = platform.python_version()
    wanted = _distribution("pegboard")
    supported = wanted.metadata["Requires-Python"] or "" if wanted else ""
    if SpecifierSet(supported).contains(running, prereleases=True):
        return Finding("machine.python", "ok", f"Python {running}")
    remedy = "make the environment anew with a supported Python, and install requirements.txt into it"
    return Finding("machine.python", "failed", f"Python {running}, and pegboard supports {supported}", remedy)


def packages(plan: Plan) -> Finding:
    """Whether what the core and the enabled plugins require is installed, in a version they support."""
    names = dict.fromkeys(["pegboard", *(entry.origin for entry in plan.entries if entry.version)])
    found = [one for name in names if (one := _distribution(name))]
    wrong = list(dict.fromkeys(line for one in found for line in _unmet(one)))
    if not found:
        return Finding(
            "machine.packages", "skipped", "pegboard runs from its sources: there is no list of what it needs"
        )
    if wrong:
        return Finding("machine.packages", "failed", "; ".join(wrong), "pip install -r requirements.txt")
    said = ", ".join(f"{one.name} {one.version}" for one in found)
    return Finding("machine.packages", "ok", f"what they need is installed: {said}")


def clock() -> Finding:
    """Whether the time is plausible: files of ours cannot have been written tomorrow."""
    written = Path(pegboard.__file__).stat().st_mtime
    if written - time.time() < _DAY:
        return Finding("machine.clock", "ok", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
    message = f"it is {time.strftime('%Y-%m-%d', time.gmtime())} here, before pegboard was installed"
    return Finding("machine.clock", "failed", message, "set the clock: sessions and signed links go by it")


def folder(instance: Path) -> Finding:
    """Whether the board can write where it has to. Leaves nothing there."""
    check, remedy = "machine.folder", "make it writable for the user that runs the board, or set PEGBOARD_INSTANCE_PATH"
    there = _nearest(instance)
    try:
        if there == instance:
            with TemporaryFile(dir=instance):
                return Finding(check, "ok", f"{instance} is writable")
    except OSError as error:
        return Finding(check, "failed", f"{instance} cannot be written to: {error.strerror}", remedy)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(check, "ok", f"{instance} is not there yet, and can be made")
    return Finding(check, "failed", f"{instance} is not there and cannot be made in {there}", remedy)


def space(instance: Path) -> Finding:
    """Whether there is room where the board writes."""
    free = shutil.disk_usage(_nearest(instance)).free
    message = f"{free / 1024**3:.1f} GiB are free below {instance}"
    if free >= _LITTLE:
        return Finding("machine.space", "ok", message)
    remedy = "make room, or set PEGBOARD_INSTANCE_PATH to a larger disk"
    return Finding("machine.space", "failed" if free < _TOO_LITTLE else "warning", f"only {message}", remedy)


def _nearest(path: Path) -> Path:
    """The path, or the nearest of the folders around it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _unmet(one: Distribution) -> Iterator[str]:
    from packaging.requirements import Requirement

    for line in one.requires or ():
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        needed = f"{one.name} needs {requirement.name}{requirement.specifier}"
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield f"{needed}, which is not installed"
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield f"{needed}, and {installed} is installed"
